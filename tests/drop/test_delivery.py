"""Outboxes are taken in whole or not at all, once, in their order, and only from a reviewer of today's keyring."""

from __future__ import annotations

import io
import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from intake.drop.belief import Belief
from intake.drop.delivery import Delivered, Forked, Replayed, deliver
from intake.drop.export import export
from intake.drop.folder import DataFolder
from intake.drop.mailboxes import NOBODY, Mailboxes
from intake.drop.store import Store
from intake.drop.tables import acknowledged, metadata, outbox, reply
from intake.errors import ChainBroken, Damaged, Exit, IntakeError, KeyringRefused
from intake.report.code import Holder
from intake.report.outbox import LEAST, Acknowledged, OutboxReader
from intake.report.reply import SEALED_SIZE, verify
from tests.harness.keys import TODAY, World, make_world, new_key
from tests.harness.mortal import Mortal
from tests.harness.outboxes import NUMBER, answer, hash_of, holder, make_outbox
from tests.harness.server import command


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "keys")


def prepared(folder: DataFolder, world: World) -> DataFolder:
    Belief(folder, world.folder / "keyring.note", world.typed, lambda: TODAY)
    folder.drop_key.write_bytes((world.folder / "drop.key").read_bytes())
    return folder


@pytest.fixture
def folder(tmp_path: Path, world: World, lay: Callable[[DataFolder], DataFolder]) -> DataFolder:
    return prepared(lay(DataFolder.open(tmp_path / "data", create=True)), world)


@pytest.fixture
def store(folder: DataFolder) -> Iterator[Store]:
    with Store(folder) as store:
        yield store


def take(store: Store, world: World, outbox: bytes) -> Delivered:
    return deliver(store, world.chain(), io.BytesIO(outbox), TODAY)


def read(store: Store, world: World, to: Holder) -> str | None:
    """What the witness reads, believed."""
    said = Mailboxes(store).ask(bytes.fromhex(to.mailbox))
    if not said[0]:
        return None
    return verify(said[1:], to.identity, world.keyring, to.mailbox, TODAY).text


def acknowledge(store: Store, folder: DataFolder, tmp_path: Path) -> Acknowledged:
    (tmp_path / "usb").mkdir(exist_ok=True)
    export(folder, store, tmp_path / "usb", TODAY)
    last = store.last_bundle()
    assert last is not None
    return Acknowledged(last.serial, last.hash)


def test_an_answer_reaches_its_witness(store: Store, world: World) -> None:
    witness = holder(world, 1)
    found = take(store, world, make_outbox(world, {witness.mailbox: answer(world, witness, "Мо гирифтем.")}))
    assert found == Delivered("r1", 1, left=LEAST)
    assert read(store, world, witness) == "Мо гирифтем."
    assert read(store, world, holder(world, 2)) is None


def test_the_same_outbox_again_changes_nothing(store: Store, world: World) -> None:
    witness = holder(world, 1)
    outbox = make_outbox(world, {witness.mailbox: answer(world, witness)})
    take(store, world, outbox)
    assert take(store, world, outbox) == Delivered("r1", 1, before=True)
    assert read(store, world, witness) == "Received."


def test_only_the_newest_answer_is_kept_whoever_wrote_it(store: Store, world: World) -> None:
    witness = holder(world, 1)
    first = make_outbox(world, {witness.mailbox: answer(world, witness, "first")})
    take(store, world, first)
    newer = answer(world, witness, "newer", number=NUMBER + 5, reviewer=1)
    take(store, world, make_outbox(world, {witness.mailbox: newer}, reviewer=1, number=NUMBER + 5))
    late = answer(world, witness, "late", number=NUMBER + 4)
    found = take(
        store,
        world,
        make_outbox(world, {witness.mailbox: late}, serial=2, previous=hash_of(first), number=NUMBER + 4),
    )
    assert (found.left, found.superseded) == (LEAST - 1, 1)
    assert read(store, world, witness) == "newer"


def test_bundles_are_acknowledged_once(store: Store, folder: DataFolder, world: World, tmp_path: Path) -> None:
    acks = [acknowledge(store, folder, tmp_path) for _ in range(2)]
    first = make_outbox(world, acknowledged=acks[:1])
    assert take(store, world, first).bundles == 1
    both = [*acks, Acknowledged(99, bytes(32))]
    found = take(store, world, make_outbox(world, acknowledged=both, serial=2, previous=hash_of(first)))
    assert (found.bundles, found.strange) == (1, 1)


class Fickle(io.BytesIO):
    """A stick that gives other bytes when it is read again."""

    def __init__(self, first: bytes, then: bytes) -> None:
        super().__init__(first)
        self._then = then

    def seek(self, offset: int, whence: int = 0) -> int:
        if offset == 0 and self.tell():
            super().__init__(self._then)
        return super().seek(offset, whence)


def test_what_is_signed_is_what_is_delivered(store: Store, world: World) -> None:
    """A stick can read its file out twice in two ways: first signed, then not."""
    to = holder(world, 1)
    sound = make_outbox(world, {to.mailbox: answer(world, to)})
    other = make_outbox(world, {to.mailbox: answer(world, to, "Meet us.")}, key=new_key("r1"))
    with pytest.raises(Damaged, match="changed while it was read"):
        deliver(store, world.chain(), Fickle(sound, other), TODAY)
    assert read(store, world, to) is None
    deliver(store, world.chain(), io.BytesIO(sound), TODAY)
    assert read(store, world, to) == "Received."


def test_an_outbox_that_never_came_is_missed(store: Store, world: World) -> None:
    take(store, world, make_outbox(world))
    assert take(store, world, make_outbox(world, serial=4, previous=b"x" * 32)).missing == 2


def written(store: Store) -> list[object]:
    """All rows; and SQLite's log, in which anything that is written shows."""
    log = store.folder.database.with_name("drop.db-wal")
    with store.reading() as connection:
        rows = [tuple(row) for table in metadata.sorted_tables for row in connection.execute(select(table))]
    return [*rows, log.read_bytes() if log.exists() else b""]


def refused(store: Store, world: World, outbox: bytes) -> IntakeError:
    before = written(store)
    with pytest.raises(IntakeError) as caught:
        take(store, world, outbox)
    assert written(store) == before
    assert caught.value.advice
    return caught.value


def test_each_bad_outbox_is_refused_for_its_own_reason_and_leaves_no_trace(
    store: Store, folder: DataFolder, world: World, tmp_path: Path
) -> None:
    Mailboxes(store)
    ack = acknowledge(store, folder, tmp_path)
    witness = holder(world, 1)
    mine = {witness.mailbox: answer(world, witness)}
    first = make_outbox(world, mine)
    second = make_outbox(world, serial=2, previous=hash_of(first))
    take(store, world, first)
    take(store, world, second)
    after: dict[str, Any] = {"serial": 3, "previous": hash_of(second)}
    stranger = make_world(tmp_path / "stranger")
    cases: dict[str, tuple[bytes, type[IntakeError], str]] = {
        "forged": (make_outbox(world, mine, key=new_key("r1"), **after), KeyringRefused, "not signed by r1"),
        "by nobody we know": (
            make_outbox(world, label="r9", key=new_key("r9"), **after),
            KeyringRefused,
            "r9 is no reviewer",
        ),
        "of other reviewers": (make_outbox(stranger, **after), KeyringRefused, "not signed by r1"),
        "replayed": (first, Replayed, "2 was delivered already"),
        "another under the same number": (
            make_outbox(world, mine, serial=2, previous=hash_of(first)),
            Forked,
            "another outbox 2",
        ),
        "on another past": (make_outbox(world, serial=3, previous=b"x" * 32), Forked, "does not follow"),
        "of another drop": (make_outbox(world, origin="other.example", **after), ChainBroken, "not for drop.example"),
        "of a keyring to come": (make_outbox(world, keyring=2, **after), ChainBroken, "keyring 2"),
        "with another bundle": (
            make_outbox(world, acknowledged=[replace(ack, hash=b"x" * 32)], **after),
            Forked,
            "another bundle 1",
        ),
        "with a readable answer": (
            make_outbox(world, {witness.mailbox: b"hello".ljust(SEALED_SIZE)}, **after),
            Damaged,
            "not sealed",
        ),
        "cut off": (make_outbox(world, mine, **after)[:-9000], Damaged, "cut off"),
        "altered": (_altered(make_outbox(world, mine, **after)), Damaged, "SHA-256"),
        "no outbox": (b"hello", Damaged, "cut off"),
    }
    for name, (bad, kind, reason) in cases.items():
        error = refused(store, world, bad)
        assert type(error) is kind, name
        assert reason in str(error), (name, str(error))
    assert read(store, world, witness) == "Received."
    assert take(store, world, make_outbox(world, **after)).missing == 0


def _altered(outbox: bytes) -> bytes:
    at = len(outbox) - 5_000
    return outbox[:at] + bytes([outbox[at] ^ 1]) + outbox[at + 1 :]


def test_a_reviewer_who_left_can_leave_no_answers(store: Store, world: World) -> None:
    witness = holder(world, 1)
    outbox = make_outbox(world, {witness.mailbox: answer(world, witness, reviewer=2)}, reviewer=2)
    later = world.next(reviewers=2)
    with pytest.raises(KeyringRefused, match="r3 is no reviewer of keyring 2"):
        take(store, later, outbox)


def test_the_command_tells_what_it_did(folder: DataFolder, world: World, tmp_path: Path) -> None:
    Store(folder).close()
    first, bad = tmp_path / "drop.example-r1-000001.outbox", tmp_path / "bad.outbox"
    first.write_bytes(make_outbox(world))
    bad.write_bytes(b"hello")
    done = command("deliver", first, "--data", folder.path)
    assert done.returncode == Exit.OK
    assert "outbox 1 of r1: 32 answers and decoys left, 0 bundles acknowledged" in done.stderr
    again = command("deliver", first, bad, tmp_path / "none", "--json", "--data", folder.path)
    assert again.returncode == Exit.SOME_FAILED
    assert "delivered before; nothing changed" in again.stderr
    told = json.loads(again.stdout)
    assert told[0]["before"] is True
    assert [each.get("exit") for each in told] == [None, Exit.DAMAGED, Exit.FAULT]
    alone = command("deliver", bad, "--data", folder.path)
    assert alone.returncode == Exit.DAMAGED


@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.long)])
def test_killed_at_any_moment_no_answer_is_lost_or_doubled(world: World, tmp_path: Path, kills: int) -> None:
    folder = prepared(DataFolder.open(tmp_path / "data", create=True), world)
    chance = random.Random(kills)
    witnesses = [holder(world, number) for number in range(1, 41)]
    previous: bytes | None = None
    paths = []
    with Store(folder) as store:
        acks = [acknowledge(store, folder, tmp_path) for _ in range(2)]
    for serial in range(1, 4):
        number = NUMBER + serial
        replies = {each.mailbox: answer(world, each, f"answer {serial}", number=number) for each in witnesses}
        known = acks if serial == 3 else ()
        content = make_outbox(world, replies, known, serial=serial, previous=previous, number=number)
        previous = hash_of(content)
        paths.append(tmp_path / f"{serial}.outbox")
        paths[-1].write_bytes(content)
    with Store(folder) as store:
        take(store, world, paths[0].read_bytes())
    named = {left.mailbox for path in paths for left in OutboxReader(io.BytesIO(path.read_bytes())).outbox.replies}
    with Mortal() as mortal:
        mortal.run("deliver", *paths[1:], "--data", shutil.copytree(folder.path, tmp_path / "usual"))
        for turn in mortal.turns(kills, chance):
            again = shutil.copytree(folder.path, tmp_path / f"{turn}")
            mortal.kill("deliver", *paths[1:], "--data", again)
            with Store(DataFolder.open(again)) as store:
                said = {read(store, world, each) for each in witnesses}
                assert len(said) == 1, said  # all of one outbox, or all of the next
                assert said < {"answer 1", "answer 2", "answer 3"}
                assert _counts(store) in ((1, 0), (2, 0), (3, 2))
            # What was delivered whole before the last of them is refused as an older one, and changes nothing.
            mortal.run("deliver", *paths[1:], "--data", again, ends=(Exit.OK, Exit.SOME_FAILED))
            with Store(DataFolder.open(again)) as store:
                assert {read(store, world, each) for each in witnesses} == {"answer 3"}
                assert _counts(store) == (3, 2)
                assert _mailboxes(store) == named
            shutil.rmtree(again)


def _counts(store: Store) -> tuple[int, int]:
    """(the newest outbox of r1, how many bundles r1 acknowledged): what is delivered stands for all of it."""
    with store.reading() as connection:
        serial = connection.execute(select(outbox.c.serial).where(outbox.c.label == "r1")).scalar_one()
        return serial, len(connection.execute(select(acknowledged)).all())


def _mailboxes(store: Store) -> set[str]:
    """Every mailbox that holds something, the filler's apart."""
    with store.reading() as connection:
        return {each.hex() for each in connection.execute(select(reply.c.mailbox)).scalars()} - {NOBODY.hex()}
