"""Desks that exchange logs by stick end up the same, whatever way the sticks went; nobody writes as another."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from intake.errors import Damaged, Exit, NoKeyFits, Usage
from intake.review.alarms import raise_forks, standing
from intake.review.audit import audit, reviewer_keys
from intake.review.commands import door
from intake.review.log import Entity
from intake.review.projections import conflicts, state_of
from intake.review.sync import private, read, write
from intake.review.tables import event
from intake.review.vault import Vault
from intake.review.verification import digest, verify
from intake.review.witnessed import bundle, field_of, forks
from tests.harness.keys import PASSPHRASE as KEY_PASSPHRASE
from tests.harness.keys import World, make_world
from tests.harness.vaults import PASSPHRASE, make_vault, open_vault

CASE = Entity("case", "5f0c")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    folder = tmp_path / "stick"
    folder.mkdir()
    return folder


def say(vault: Vault, field: str, value: str | bool | None, entity: Entity = CASE) -> None:
    with vault.journal() as journal:
        journal.record(entity, field, value)


def carry(world: World, sender: Vault, stick: Path, *receivers: Vault, everything: bool = False) -> None:
    path, _ = write(sender, stick, everything=everything)
    for receiver in receivers:
        merged = read(receiver, path, world.reviewers)
        assert (merged.gaps, merged.refused) == ([], [])


def shown(vault: Vault, field: str = "title", entity: Entity = CASE) -> list[object]:
    with vault.reading() as connection:
        state = state_of(connection, entity)
    return [edit.value for edit in state[field].edits] if field in state else []


def tables(vault: Vault) -> bytes:
    with vault.reading() as connection:
        return digest(connection)


def test_two_edits_without_an_order_are_shown_until_one_settles_them(world: World, stick: Path, tmp_path: Path) -> None:
    with make_vault(world, tmp_path / "a", 1) as one, make_vault(world, tmp_path / "b", 2) as two:
        say(one, "title", "first")
        carry(world, one, stick, two)
        say(two, "title", "later, knowing the first")
        say(one, "tag/urgent", True)
        carry(world, two, stick, one)
        assert shown(one) == shown(two) == ["later, knowing the first"]
        say(one, "title", "by one")
        say(two, "title", "by two")
        carry(world, one, stick, two)
        carry(world, two, stick, one)
        assert sorted(map(str, shown(one))) == sorted(map(str, shown(two))) == ["by one", "by two"]
        with one.reading() as connection:
            assert conflicts(connection) == [(CASE, "title")]
        say(two, "title", "by one")
        carry(world, two, stick, one)
        assert shown(one) == shown(two) == ["by one"]
        with one.reading() as connection:
            assert conflicts(connection) == []
        assert shown(two, "tag/urgent") == [True]
        assert tables(one) == tables(two)


@pytest.mark.parametrize("edits", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_edits_synced_both_ways_in_any_order_with_lost_sticks(
    world: World, stick: Path, tmp_path: Path, edits: int
) -> None:
    chance = random.Random(5)
    with make_vault(world, tmp_path / "a", 1) as one, make_vault(world, tmp_path / "b", 2) as two:
        desks, sticks = (one, two), {one.label: [], two.label: []}  # type: ignore[var-annotated]  # lists of paths
        for turn in range(edits // 50):
            for desk in desks:
                for _ in range(2):
                    with desk.journal() as journal:
                        for _ in range(25):
                            entity = Entity("case", f"{chance.randrange(60)}")
                            field = chance.choice(("title", "note", f"tag/{chance.randrange(9)}"))
                            journal.record(entity, field, f"{desk.label} {turn} {chance.random()}")
            for sender, receiver in ((one, two), (two, one)):
                sticks[receiver.label].append(write(sender, stick)[0])
            if turn % 5 == 1:
                for desk in desks:
                    waiting = sticks[desk.label]
                    waiting.pop(chance.randrange(len(waiting)))  # lost
                    chance.shuffle(waiting)
                    for path in (*waiting, waiting[0]):
                        assert read(desk, path, world.reviewers).refused == []
                    waiting.clear()
        carry(world, one, stick, two)
        carry(world, two, stick, one)
        with one.reading() as first, two.reading() as second:
            events = [{*c.execute(select(event.c.hash)).scalars()} for c in (first, second)]
            assert events[0] == events[1]
            assert len(events[0]) == 2 * edits
            assert conflicts(first) == conflicts(second) != []
        assert tables(one) == tables(two)
        for desk in desks:
            assert verify(desk).faults == ()


def test_what_tells_who_a_witness_is_stays_unless_asked_for(world: World, stick: Path, tmp_path: Path) -> None:
    with make_vault(world, tmp_path / "a", 1) as one, make_vault(world, tmp_path / "b", 2) as two:
        for name in ("title", "contact_phone", "answer/relation", "known"):
            say(one, name, "secret")
        carry(world, one, stick, two)
        assert shown(two) == ["secret"]
        assert not shown(two, "contact_phone")
        with two.reading() as connection:
            found = audit(connection, two.origin, reviewer_keys(two.chain, two.signing.verify_key))
            assert (found.events, found.bare, found.faults) == (4, 3, ())
            content = connection.execute(select(event.c.content)).scalars().all()
        assert sum("secret" in each for each in content if each) == 1
        path, _ = write(one, stick, everything=True, contacts=True)
        assert read(two, path, world.reviewers).contents == 3
        assert tables(one) == tables(two)
    assert not private("title")
    assert not private("acknowledged")


def test_a_restored_backup_takes_its_own_log_back_and_a_fork_is_named(
    world: World, stick: Path, tmp_path: Path
) -> None:
    with make_vault(world, tmp_path / "a", 1) as one:
        say(one, "title", "old")
    for name in ("restored", "forked"):
        shutil.copytree(tmp_path / "a", tmp_path / name)
    with make_vault(world, tmp_path / "b", 2) as two:
        with open_vault(world, tmp_path / "a") as one:
            say(one, "title", "lost with the laptop")
            carry(world, one, stick, two)
        with open_vault(world, tmp_path / "restored") as one:
            carry(world, two, stick, one, everything=True)
            assert shown(one) == ["lost with the laptop"]
            say(one, "title", "goes on")
            assert verify(one).audit.forks == ()
        with open_vault(world, tmp_path / "forked") as one:
            say(one, "title", "beside")
            path, _ = write(two, stick, everything=True)
            assert read(one, path, world.reviewers).forks == ["the log of r1 forks behind event 1"]
            assert sorted(map(str, shown(one))) == ["beside", "lost with the laptop"]
            found = verify(one)
            assert (found.faults, found.audit.forks) == ((), ("the log of r1 forks behind event 1",))
            carry(world, one, stick, two)
            assert tables(one) == tables(two)


def test_a_gap_is_named_and_filled_by_the_next_stick(world: World, stick: Path, tmp_path: Path) -> None:
    with (
        make_vault(world, tmp_path / "a", 1) as one,
        make_vault(world, tmp_path / "b", 2) as two,
        make_vault(world, tmp_path / "c", 3) as three,
    ):
        say(one, "title", "first")
        carry(world, one, stick, two, three)
        for desk in (two, three):
            say(desk, "seen", desk.label)
        carry(world, two, stick, one)
        carry(world, three, stick, one)
        say(one, "title", "second")
        fresh = make_vault(world, tmp_path / "d", 2)
        with fresh:
            path, _ = write(one, stick)
            merged = read(fresh, path, world.reviewers)
            assert merged.gaps
            assert "is missing" in merged.gaps[0]
            carry(world, one, stick, fresh, everything=True)
            assert tables(fresh) == tables(one)


def test_nobody_writes_as_another(world: World, stick: Path, tmp_path: Path) -> None:
    forger = make_world(tmp_path / "forger")
    with make_vault(world, tmp_path / "a", 1) as one, make_vault(forger, tmp_path / "f", 2) as false:
        say(false, "title", "not by r2")
        false._chain = one.chain  # seals to the real reviewers
        path, _ = write(false, stick)
        merged = read(one, path, world.reviewers)
        assert merged.events == 0
        assert "not signed by that reviewer" in merged.refused[0]
        assert shown(one) == []


def cut(content: bytes) -> bytes:
    return content[:-20]


def flip(content: bytes) -> bytes:
    return content[:-20] + bytes([content[-20] ^ 1]) + content[-19:]


@pytest.mark.parametrize("spoil", [cut, flip])
def test_a_damaged_file_changes_nothing(
    world: World, stick: Path, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    with make_vault(world, tmp_path / "a", 1) as one, make_vault(world, tmp_path / "b", 2) as two:
        say(one, "title", "first")
        path, _ = write(one, stick)
        assert world.origin not in path.name
        with pytest.raises(NoKeyFits):
            read(two, path, make_world(tmp_path / "others").reviewers)
        path.write_bytes(spoil(path.read_bytes()))
        with pytest.raises(Damaged):
            read(two, path, world.reviewers)
        assert shown(two) == []


def test_a_reviewer_alone_has_nobody_to_send_to(stick: Path, tmp_path: Path) -> None:
    with make_vault(make_world(tmp_path / "world", reviewers=1), tmp_path / "a") as one, pytest.raises(Usage):
        write(one, stick)


def test_a_server_that_shows_two_chains_is_noticed(world: World, stick: Path, tmp_path: Path) -> None:
    with make_vault(world, tmp_path / "a", 1) as one, make_vault(world, tmp_path / "b", 2) as two:
        say(one, field_of("r1"), "aa" * 32, bundle(1, 7))
        say(two, field_of("r2"), "bb" * 32, bundle(1, 7))
        with two.reading() as connection:
            assert forks(connection) == ()
        carry(world, one, stick, two)
        with two.reading() as connection:
            (found,) = forks(connection)
        assert (found.epoch, found.serial, set(found.indexes)) == (1, 7, {"r1", "r2"})
        with two.journal() as journal:
            (words,) = raise_forks(journal)
        with two.reading() as connection:
            assert [(each.kind, each.words) for each in standing(connection)] == [("forked", words)]


def test_the_command_takes_in_and_gives_out(world: World, stick: Path, tmp_path: Path) -> None:
    with make_vault(world, tmp_path / "a", 1) as one, make_vault(world, tmp_path / "b", 2) as two:
        say(one, "title", "by one")
        say(two, "title", "by two")
        path, _ = write(one, stick)
    secrets = tmp_path / "secrets"
    secrets.write_text(f"{PASSPHRASE}\n{KEY_PASSPHRASE}\n")
    descriptor = os.open(secrets, os.O_RDONLY)
    try:
        done = CliRunner().invoke(
            door,
            [
                *("sync", str(path), "--vault", str(tmp_path / "b"), "-i", str(world.folder / "reviewer-r2.age")),
                *("--to", str(stick)),
            ],
            env={"INTAKE_PASSPHRASE_FD": str(descriptor)},
            standalone_mode=False,
        )
    finally:
        os.close(descriptor)
    assert done.exception is None, done.exception
    assert done.return_value == Exit.OK
    assert "1 events new" in done.output
    assert "In conflict: title of case 5f0c" in done.output
    assert len([*stick.iterdir()]) == 2
