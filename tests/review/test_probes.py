"""Test reports: sealed like any other, awaited, and missed when the drop swallows them."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intake.drop.acceptance import Accepted, judge
from intake.errors import Exit, Fault
from intake.report.package import Report, read_package
from intake.review import alarms, probes, sync
from intake.review.handling import handling_of
from intake.review.importing import Import
from intake.review.vault import Vault
from intake.review.verification import verify
from intake.sealing import open_bytes
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.desk import review
from tests.harness.keys import World, make_world
from tests.harness.vaults import PASSPHRASE, QUICK, make_vault

LATER = timedelta(days=probes.WAIT + 1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


def read(world: World, path: Path) -> Report:
    return read_package(io.BytesIO(open_bytes(path.read_bytes(), world.reviewers[1:2]))).report


def take(world: World, vault: Vault, path: Path, sealed: dict[str, bytes], serial: int = 1) -> None:
    path.write_bytes(make_bundle(world, sealed, serial=serial))
    with Import(vault, world.reviewers[:1], workers=1) as work:
        assert all(each.error is None for each in work.take(path))


def look(vault: Vault, world: World, after: timedelta = timedelta(0)) -> tuple[str, ...]:
    with vault.journal() as journal:
        return probes.look(journal, vault.label, world.today + after)


def test_the_server_can_not_tell_it_from_a_witness_s(world: World, tmp_path: Path) -> None:
    with make_vault(world, tmp_path / "vault") as vault:
        path = probes.make(vault, tmp_path)
        other = probes.make(vault, tmp_path)
    sealed = path.read_bytes()
    assert isinstance(judge(sealed, None, world.chain(), world.today), Accepted)
    assert len(sealed) == len(seal_report(make_report(world), world.reviewers))
    assert (path.suffix, len(path.stem)) == (".age", 8)
    assert path.name != other.name
    report = read(world, path)
    assert report.id.encode() not in sealed
    assert report.answers == {"account": "TEST REPORT of r1. No witness wrote this."}
    assert report.reply_to is None
    assert "consent" not in report.answers


def test_one_that_comes_out_leaves_the_inbox_and_one_that_does_not_is_an_alarm(world: World, tmp_path: Path) -> None:
    with make_vault(world, tmp_path / "vault") as vault:
        path, lost = probes.make(vault, tmp_path), probes.make(vault, tmp_path)
        came, never = read(world, path), read(world, lost)
        assert look(vault, world) == ()
        take(world, vault, tmp_path / "a.bundle", {"f" * 32: path.read_bytes()})
        assert look(vault, world) == ()
        with vault.reading() as connection:
            assert handling_of(connection, came.id).done == "a test report"
            assert [each.id for each in probes.waiting(connection, "r1")] == [never.id]
        (words,) = look(vault, world, LATER)
        assert words.startswith(f"test report {never.id[:8]} of r1, made on {world.today}, has not come out")
        assert look(vault, world, LATER) == (words,)
        with vault.reading() as connection:
            assert [each.words for each in alarms.standing(connection)] == [words], "twice the same is one"
        take(world, vault, tmp_path / "b.bundle", {"e" * 32: lost.read_bytes()}, serial=2)
        assert look(vault, world, LATER) == ()
        with vault.reading() as connection:
            assert [each for each in alarms.standing(connection) if each.kind == probes.KIND] == []
        assert verify(vault).faults == ()


def test_the_last_day_is_not_yet_late(world: World, tmp_path: Path) -> None:
    with make_vault(world, tmp_path / "vault") as vault:
        probes.make(vault, tmp_path, 3)
        assert look(vault, world, timedelta(days=3)) == ()
        assert len(look(vault, world, timedelta(days=4))) == 1


def test_another_desk_misses_what_only_its_maker_was_given(world: World, tmp_path: Path) -> None:
    with make_vault(world, tmp_path / "a", 1) as one, make_vault(world, tmp_path / "b", 2) as two:
        path = probes.make(one, tmp_path)
        take(world, one, tmp_path / "a.bundle", {"f" * 32: path.read_bytes()})
        look(one, world)
        assert sync.read(two, sync.write(one, tmp_path)[0], world.reviewers).gaps == []
        assert look(one, world, LATER) == ()
        assert len(look(two, world, LATER)) == 1


def test_a_folder_that_is_none_is_named(world: World, tmp_path: Path) -> None:
    with make_vault(world, tmp_path / "vault") as vault, pytest.raises(Fault, match="is not a folder"):
        probes.make(vault, tmp_path / "none")


def test_as_a_reviewer_types_it(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "vault"
    Vault.create(
        folder, PASSPHRASE, signing=world.reviewer_keys[0], roots=world.typed, notes=world.notes, cost=QUICK
    ).close()
    made = review(folder, "test-report", "--to", tmp_path)
    assert made.returncode == Exit.OK, made.stderr
    path = Path(made.stdout.strip())
    assert "Send it from outside." in made.stderr
    report = read(world, path)
    assert review(folder, "test-report").stdout == f"{report.id[:8]}  made on {world.today} by r1\n"
    (tmp_path / "a.bundle").write_bytes(make_bundle(world, {"f" * 32: path.read_bytes()}))
    done = review(folder, "import", tmp_path / "a.bundle", "-i", world.folder / "reviewer-r1.age", keys=1)
    assert done.returncode == Exit.OK, done.stderr
    assert "ALARM" not in done.stderr
    assert review(folder, "test-report").stdout == ""
    assert "1 done" in review(folder, "inbox").stderr
