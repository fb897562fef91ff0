"""Purging: only what every reviewer acknowledged, seven days on, and then not a byte of it is left."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.drop.app import utc_today
from intake.drop.belief import Belief
from intake.drop.delivery import deliver
from intake.drop.export import export
from intake.drop.folder import DataFolder
from intake.drop.mailboxes import Mailboxes
from intake.drop.parts import PART
from intake.drop.purging import WAIT, Bundle, plan, purge
from intake.drop.store import Entry, Store
from intake.durable import renewing
from intake.errors import Exit, Fault, Usage
from intake.report.outbox import Acknowledged
from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import World, make_world
from tests.harness.mortal import Mortal
from tests.harness.outboxes import answer, hash_of, holder, make_outbox
from tests.harness.server import command

DAY = timedelta(days=1)
Lay = Callable[[DataFolder], DataFolder]
PIECE = 32  # bytes: whatever run of 63 is left somewhere holds a whole one


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("keys"), today=utc_today())


class Drop:
    """A drop through its days: reports come, bundles leave, reviewers acknowledge."""

    def __init__(self, world: World, path: Path, lay: Lay = lambda folder: folder) -> None:
        self.world, self.stick = world, path / "stick"
        self.stick.mkdir(parents=True)
        self.folder = lay(DataFolder.open(path / "data", create=True))
        Belief(self.folder, world.folder / "keyring.note", world.typed, lambda: world.today)
        self.folder.drop_key.write_bytes((world.folder / "drop.key").read_bytes())
        self.previous: dict[int, bytes] = {}
        self.bodies: dict[bytes, bytes] = {}

    def put(self, store: Store, numbers: range, day: date) -> list[bytes]:
        """Reports that fit into rows."""
        ids = []
        for number in numbers:
            report = make_report(self.world, number)
            body = seal_report(report, self.world.reviewers)
            ids.append(bytes.fromhex(report.id))
            self.bodies[ids[-1]] = body
            store.put(ids[-1], body, claimed=1, day=day)
        return ids

    def put_parts(self, store: Store, count: int, day: date) -> list[bytes]:
        """Reports in two parts each; to the store they are noise anyway."""
        ids = []
        for _ in range(count):
            body = os.urandom(PART + 70_000)
            ids.append(hashlib.sha256(body).digest()[:16])
            self.bodies[ids[-1]] = body
            for number in range(2):
                store.parts.put(ids[-1], number, body[number * PART : (number + 1) * PART])
            store.put_parts(ids[-1], len(body), hashlib.sha256(body).digest(), claimed=1, day=day)
        return ids

    def bundle(self, store: Store, day: date, *, everything: bool = False) -> Acknowledged:
        export(self.folder, store, self.stick, day, everything=everything)
        last = store.last_bundle()
        assert last is not None
        return Acknowledged(last.serial, last.hash)

    def acknowledge(self, store: Store, reviewer: int, acks: list[Acknowledged], day: date, serial: int = 1) -> None:
        outbox = make_outbox(
            self.world, acknowledged=acks, reviewer=reviewer, serial=serial, previous=self.previous.get(reviewer)
        )
        self.previous[reviewer] = hash_of(outbox)
        deliver(store, self.world.chain(), io.BytesIO(outbox), day)

    def left(self, ids: Iterable[bytes], folder: Path | None = None) -> list[Path]:
        """The files that hold a piece of these reports, wherever in the file it lies."""
        pieces = {
            body[at : at + PIECE] for each in ids for body in (self.bodies[each],) for at in range(96, len(body), PIECE)
        }
        return [
            path
            for path in (folder or self.folder.path).rglob("*")
            if path.is_file() and _holds(path.read_bytes(), pieces)
        ]

    def whole(self, store: Store, ids: Iterable[bytes]) -> bool:
        """Whether each of these is held as it came."""
        return all(store.body(each) == self.bodies[each] for each in ids)


def _holds(content: bytes, pieces: set[bytes]) -> bool:
    return any(content[at : at + PIECE] in pieces for at in range(len(content) - PIECE + 1))


def test_only_what_all_acknowledged_seven_days_ago_goes(world: World, tmp_path: Path, lay: Lay) -> None:
    drop, today = Drop(world, tmp_path, lay), world.today
    with Store(drop.folder) as store:
        old = drop.put(store, range(1, 6), today - 12 * DAY)
        acks = [drop.bundle(store, today - 12 * DAY), drop.bundle(store, today - 10 * DAY)]
        new = drop.put(store, range(6, 9), today - DAY)
        drop.bundle(store, today)
        for reviewer in (0, 1):
            drop.acknowledge(store, reviewer, acks, today - 8 * DAY)
        assert purge(store, world.keyring, today, dry=True).ids == ()
        assert purge(store, world.keyring, today, dry=True).missing == {"r3": (1, 2)}
        drop.acknowledge(store, 2, acks, today - 6 * DAY)
        assert purge(store, world.keyring, today, dry=False).ids == ()
        soon = purge(store, world.keyring, today + DAY, dry=True)
        assert (set(soon.ids), soon.kept, soon.missing) == (set(old), 3, {})
        assert purge(store, world.keyring, today + DAY, dry=True, wait=9 * DAY).ids == ()
        assert len(store.entries()) == 8
        purge(store, world.keyring, today + DAY, dry=False)
        assert {entry.id for entry in store.entries()} == set(new)


def test_who_joined_later_has_it_by_a_bundle_of_everything(world: World, tmp_path: Path, lay: Lay) -> None:
    drop, today = Drop(world, tmp_path, lay), world.today
    with Store(drop.folder) as store:
        old = drop.put(store, range(1, 4), today - 20 * DAY)
        acks = [drop.bundle(store, today - 20 * DAY), drop.bundle(store, today - 18 * DAY)]
        for reviewer in (0, 1):
            drop.acknowledge(store, reviewer, acks, today - 15 * DAY)
        again = drop.bundle(store, today - 14 * DAY)
        drop.acknowledge(store, 2, [again], today - 13 * DAY)
        assert purge(store, world.keyring, today, dry=True).missing == {"r3": (1, 2)}
        whole = drop.bundle(store, today - 12 * DAY, everything=True)
        drop.acknowledge(store, 2, [whole], today - 10 * DAY, serial=2)
        assert set(purge(store, world.keyring, today, dry=False).ids) == set(old)


def test_no_byte_is_left_of_what_was_purged(world: World, tmp_path: Path) -> None:
    drop, today = Drop(world, tmp_path), world.today
    with Store(drop.folder) as store:
        old = [*drop.put(store, range(1, 21), today - 12 * DAY), *drop.put_parts(store, 2, today - 12 * DAY)]
        acks = [drop.bundle(store, today - 12 * DAY), drop.bundle(store, today - 10 * DAY)]
        stays = [*drop.put(store, range(21, 24), today), *drop.put_parts(store, 1, today)]
        for reviewer in range(3):
            drop.acknowledge(store, reviewer, acks, today - 8 * DAY)
        for each in (old[0], old[-1], stays[0], stays[-1]):
            assert drop.left([each]), "the scan finds what is there"
        # A fold that was killed while it wrote a report's parts anew leaves copies beside them.
        shutil.copytree(drop.folder.parts / old[-1].hex(), renewing(drop.folder.parts / old[-1].hex()))
        purge(store, world.keyring, today, dry=False)
        assert drop.left(old) == []
        assert drop.whole(store, stays)
        assert {path.name for path in drop.folder.parts.iterdir()} == {stays[-1].hex()}
    assert drop.left(old) == []


def test_nothing_goes_while_an_export_is_cut_off(world: World, tmp_path: Path) -> None:
    drop, today = Drop(world, tmp_path), world.today
    with Store(drop.folder) as store:
        store.begin_bundle(1, b"h" * 32, b"note", day=today)
        with pytest.raises(Usage, match="bundle 1 is not finished"):
            purge(store, world.keyring, today, dry=True)


@given(st.data())
def test_nothing_goes_that_any_reviewer_may_lack(world: World, data: st.DataObject) -> None:
    """Whatever the order, and also when a day ends while a report or a bundle is being written."""
    start = world.today - timedelta(days=20)
    labels = [each.label for each in world.keyring.reviewers]
    hours = sorted(data.draw(st.lists(st.integers(0, 20 * 24), min_size=1, max_size=8)))
    slack = st.integers(0, 20)  # hours between reading the date and being written
    bundles: list[Bundle] = []
    for serial, hour in enumerate(hours, 1):
        day = start + max(0, hour - data.draw(slack)) // 24 * DAY
        told = {label: day + data.draw(st.integers(0, 20)) * DAY for label in labels if data.draw(st.booleans())}
        bundles.append(Bundle(serial, max([day, *(each.day for each in bundles)]), told))
    came = data.draw(st.integers(0, 20 * 24))
    carrier = next((each for each, hour in zip(bundles, hours, strict=True) if hour >= came), None)
    entry = Entry(bytes(16), start + max(0, came - data.draw(slack)) // 24 * DAY, 10, bytes(32), 1, carrier is not None)
    if plan([entry], bundles, world.keyring, world.today).ids:
        assert carrier is not None
        assert all(carrier.acknowledged.get(label, date.max) <= world.today - WAIT for label in labels)


def test_one_reviewer_alone_never_lets_anything_go(world: World) -> None:
    alone = replace(world.keyring, reviewers=world.keyring.reviewers[:1])
    with pytest.raises(Usage, match="on the word of one"):
        plan([], [], alone, world.today)


def test_the_command_is_a_dry_run_first(world: World, tmp_path: Path) -> None:
    drop, today = Drop(world, tmp_path), world.today
    _ready(drop, today, 4)
    told = command("purge", "--data", drop.folder.path, "--json")
    assert told.returncode == Exit.OK, told.stderr
    assert json.loads(told.stdout)["would_go"] == 5
    assert "Nothing was deleted." in told.stderr
    assert command("purge", "--data", drop.folder.path, "--days", "6").returncode == Exit.USAGE
    done = command("purge", "--data", drop.folder.path, "--yes")
    assert "5 reports are gone" in done.stderr
    assert json.loads(command("purge", "--data", drop.folder.path, "--json").stdout)["would_go"] == 0


def _ready(drop: Drop, today: date, count: int) -> tuple[list[bytes], list[bytes]]:
    """Reports that may go, the last of them in parts, and six that may not, one of these in parts."""
    with Store(drop.folder) as store:
        Mailboxes(store)
        old = [*drop.put(store, range(1, count + 1), today - 12 * DAY), *drop.put_parts(store, 1, today - 12 * DAY)]
        acks = [drop.bundle(store, today - 12 * DAY), drop.bundle(store, today - 10 * DAY)]
        stays = [*drop.put(store, range(1000, 1005), today - DAY), *drop.put_parts(store, 1, today - DAY)]
        drop.bundle(store, today)
        for reviewer in range(3):
            drop.acknowledge(store, reviewer, acks, today - 8 * DAY)
    return old, stays


@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.long)])
def test_killed_at_any_moment_nothing_else_goes_and_no_answer_is_lost(world: World, tmp_path: Path, kills: int) -> None:
    drop, today, chance = Drop(world, tmp_path), world.today, random.Random(kills)
    old, stays = _ready(drop, today, 20)
    witness = holder(world, 1)
    with Store(drop.folder) as store:
        outbox = make_outbox(
            world, {witness.mailbox: answer(world, witness)}, serial=2, previous=drop.previous[0], number=26112409
        )
        deliver(store, world.chain(), io.BytesIO(outbox), today)
        said = Mailboxes(store).ask(bytes.fromhex(witness.mailbox))
    with Mortal() as mortal:
        mortal.run("purge", "--yes", "--data", shutil.copytree(drop.folder.path, tmp_path / "usual"))
        for turn in mortal.turns(kills, chance):
            again = shutil.copytree(drop.folder.path, tmp_path / f"{turn}")
            mortal.kill("purge", "--yes", "--data", again)
            with Store(DataFolder.open(again)) as store:
                held = {entry.id for entry in store.entries()}
                assert held in (set(stays), set(stays) | set(old))
                assert drop.whole(store, held)
                assert Mailboxes(store).ask(bytes.fromhex(witness.mailbox)) == said
            mortal.run("purge", "--yes", "--data", again)
            with Store(DataFolder.open(again)) as store:
                assert {entry.id for entry in store.entries()} == set(stays)
                assert drop.whole(store, stays)
                for each in old:
                    with pytest.raises(Fault, match="is not in the store"):
                        store.body(each)
            assert drop.left([*old[:2], old[-1]], again) == []
            shutil.rmtree(again)
