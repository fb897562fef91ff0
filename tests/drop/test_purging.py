"""Purging: only what every reviewer acknowledged, seven days on, and then not a byte of it is left."""

from __future__ import annotations

import io
import json
import random
import signal
import subprocess
import sys
import time
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
from intake.drop.purging import WAIT, Bundle, plan, purge
from intake.drop.store import Entry, Store
from intake.errors import Exit, Usage
from intake.report.outbox import Acknowledged
from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import World, make_world
from tests.harness.outboxes import answer, hash_of, holder, make_outbox
from tests.harness.server import command

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("keys"), today=utc_today())


class Drop:
    """A drop through its days: reports come, bundles leave, reviewers acknowledge."""

    def __init__(self, world: World, path: Path) -> None:
        self.world, self.stick = world, path / "stick"
        self.stick.mkdir(parents=True)
        self.folder = DataFolder.open(path / "data", create=True)
        Belief(self.folder, world.folder / "keyring.note", world.typed, lambda: world.today)
        self.folder.drop_key.write_bytes((world.folder / "drop.key").read_bytes())
        self.previous: dict[int, bytes] = {}
        self.bodies: dict[bytes, bytes] = {}

    def put(self, store: Store, numbers: range, day: date) -> list[bytes]:
        ids = []
        for number in numbers:
            report = make_report(self.world, number)
            body = seal_report(report, self.world.reviewers)
            ids.append(bytes.fromhex(report.id))
            self.bodies[ids[-1]] = body
            store.put(ids[-1], body, claimed=1, day=day)
        return ids

    def bundle(self, store: Store, day: date) -> Acknowledged:
        export(self.folder, store, self.stick, day)
        last = store.last_bundle()
        assert last is not None
        return Acknowledged(last.serial, last.hash)

    def acknowledge(self, store: Store, reviewer: int, acks: list[Acknowledged], day: date, serial: int = 1) -> None:
        outbox = make_outbox(
            self.world, acknowledged=acks, reviewer=reviewer, serial=serial, previous=self.previous.get(reviewer)
        )
        self.previous[reviewer] = hash_of(outbox)
        deliver(store, self.world.chain(), io.BytesIO(outbox), day)


def test_only_what_all_acknowledged_seven_days_ago_goes(world: World, tmp_path: Path) -> None:
    drop, today = Drop(world, tmp_path), world.today
    with Store(drop.folder) as store:
        old = drop.put(store, range(1, 6), today - 12 * DAY)
        acks = [drop.bundle(store, today - 12 * DAY), drop.bundle(store, today - 11 * DAY)]
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
        assert len(store.entries()) == 8
        purge(store, world.keyring, today + DAY, dry=False)
        assert {entry.id for entry in store.entries()} == set(new)


def test_no_byte_is_left_of_what_was_purged(world: World, tmp_path: Path) -> None:
    drop, today = Drop(world, tmp_path), world.today
    with Store(drop.folder) as store:
        old = drop.put(store, range(1, 21), today - 12 * DAY)
        acks = [drop.bundle(store, today - 12 * DAY), drop.bundle(store, today - 11 * DAY)]
        stays = drop.put(store, range(21, 26), today)
        for reviewer in range(3):
            drop.acknowledge(store, reviewer, acks, today - 8 * DAY)
        assert all(_found(drop, each) for each in (*old, *stays))
        purge(store, world.keyring, today, dry=False)
        assert not any(_found(drop, each) for each in old)
        assert all(_found(drop, each) for each in stays)
    assert not any(_found(drop, each) for each in old)


def _found(drop: Drop, identifier: bytes) -> bool:
    """Whether pieces of 64 bytes from all over a sealed report lie in any file of the drop."""
    held = b"".join(path.read_bytes() for path in drop.folder.path.rglob("*") if path.is_file())
    body = drop.bodies[identifier]
    return any(body[at : at + 64] in held for at in range(200, len(body) - 64, 1021))


@given(st.data())
def test_nothing_goes_that_any_reviewer_may_lack(world: World, data: st.DataObject) -> None:
    today = world.today
    start = today - timedelta(days=20)
    days = sorted(data.draw(st.lists(st.integers(0, 20), min_size=1, max_size=6)))
    labels = [each.label for each in world.keyring.reviewers]
    bundles = [
        Bundle(
            serial,
            start + day * DAY,
            {label: start + data.draw(st.integers(day, 20)) * DAY for label in labels if data.draw(st.booleans())},
        )
        for serial, day in enumerate(days, 1)
    ]
    # A report comes on a day, before or after that day's bundles, and the next bundle carries it.
    came = data.draw(st.integers(0, 20))
    after = data.draw(st.integers(0, len(days)))
    carrier = next((each for each in bundles[after:] if each.day >= start + came * DAY), None)
    before = bundles[after - 1].day if after else start
    came_day = max(start + came * DAY, before)
    carrier = next((each for each in bundles[after:] if each.day >= came_day), None)
    entry = Entry(bytes(16), came_day, 10, bytes(32), 1, carrier is not None)
    found = plan([entry], bundles, world.keyring, today)
    if found.ids:
        assert carrier is not None
        assert all(carrier.acknowledged.get(label, date.max) <= today - WAIT for label in labels)


def test_one_reviewer_alone_never_lets_anything_go(world: World) -> None:
    alone = replace(world.keyring, reviewers=world.keyring.reviewers[:1])
    with pytest.raises(Usage, match="on the word of one"):
        plan([], [], alone, world.today)


def test_the_command_is_a_dry_run_first(world: World, tmp_path: Path) -> None:
    drop, today = Drop(world, tmp_path), world.today
    _ready(drop, today, 4)
    told = command("purge", "--data", drop.folder.path, "--json")
    assert told.returncode == Exit.OK, told.stderr
    assert json.loads(told.stdout)["would_go"] == 4
    assert "Nothing was deleted." in told.stderr
    done = command("purge", "--data", drop.folder.path, "--yes")
    assert "4 reports are gone" in done.stderr
    assert json.loads(command("purge", "--data", drop.folder.path, "--json").stdout)["would_go"] == 0


def _ready(drop: Drop, today: date, count: int) -> tuple[list[bytes], list[bytes]]:
    """Reports that may go, and ten that may not."""
    with Store(drop.folder) as store:
        Mailboxes(store)
        old = drop.put(store, range(1, count + 1), today - 12 * DAY)
        acks = [drop.bundle(store, today - 12 * DAY), drop.bundle(store, today - 11 * DAY)]
        stays = drop.put(store, range(1000, 1010), today - DAY)
        drop.bundle(store, today)
        for reviewer in range(3):
            drop.acknowledge(store, reviewer, acks, today - 8 * DAY)
    return old, stays


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.long)])
def test_killed_at_any_moment_nothing_else_goes_and_no_answer_is_lost(world: World, tmp_path: Path, kills: int) -> None:
    drop, today = Drop(world, tmp_path), world.today
    chance = random.Random(kills)
    old, stays = _ready(drop, today, 40)
    witness = holder(world, 1)
    with Store(drop.folder) as store:
        outbox = make_outbox(
            world, {witness.mailbox: answer(world, witness)}, serial=2, previous=drop.previous[0], number=26112409
        )
        deliver(store, world.chain(), io.BytesIO(outbox), today)
        said = Mailboxes(store).ask(bytes.fromhex(witness.mailbox))
    purging = [sys.executable, "-m", "intake", "drop", "purge", "--yes", "--data", str(drop.folder.path)]
    began = time.monotonic()
    subprocess.run([*purging[:-3], *purging[-2:]], check=True, capture_output=True)
    usual = time.monotonic() - began
    for _ in range(kills):
        process = subprocess.Popen(purging, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.3, 1.2) * usual)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        with Store(drop.folder) as store:
            held = {entry.id for entry in store.entries()}
            assert held in (set(stays), set(stays) | set(old))
            assert Mailboxes(store).ask(bytes.fromhex(witness.mailbox)) == said
    subprocess.run(purging, check=True, capture_output=True)
    with Store(drop.folder) as store:
        assert {entry.id for entry in store.entries()} == set(stays)
    assert not any(_found(drop, each) for each in old)
