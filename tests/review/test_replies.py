"""Answers: written at the desk, sent once in signed outboxes, read by the witness, and joined when they write again."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.drop.belief import Belief
from intake.drop.delivery import Delivered, deliver
from intake.drop.export import export
from intake.drop.folder import DataFolder
from intake.drop.mailboxes import Mailboxes
from intake.drop.store import Store
from intake.errors import ChainBroken, Exit, KeyringRefused, Usage
from intake.report.code import Code, Holder
from intake.report.outbox import LEAST, OutboxReader
from intake.report.package import Report
from intake.report.reply import Reply, verify
from intake.review import bundles, replies, sync
from intake.review.importing import Import
from intake.review.phrases import PHRASES
from intake.review.submissions import find, strays, thread
from intake.review.vault import Vault
from tests.harness.bundles import make_report, seal_report
from tests.harness.desk import review
from tests.harness.keys import World, make_world
from tests.harness.vaults import PASSPHRASE, QUICK, make_vault


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


def code(world: World, number: int) -> Holder:
    return Code.draw(lambda size: number.to_bytes(size, "big")).open(world.origin)


def report(world: World, number: int, holder: Holder, *, back: bool = False) -> Report:
    first = make_report(world, number, answers={"account": "Гулноза дар Хоруғ"})
    return replace(first, reply_to=holder.reply_to, in_reply_to=holder.mailbox if back else None)


class Drop:
    """A real store, exported to and delivered from `stick`."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.stick = world, folder / "stick"
        self.stick.mkdir()
        self.folder = DataFolder.open(folder / "data", create=True)
        Belief(self.folder, world.folder / "keyring.note", world.typed, lambda: world.today)
        self.folder.drop_key.write_bytes((world.folder / "drop.key").read_bytes())
        self.store = Store(self.folder)
        self.mailboxes = Mailboxes(self.store)

    def put(self, *reports: Report) -> Path:
        for each in reports:
            sealed = seal_report(each, self.world.reviewers)
            self.store.put(bytes.fromhex(each.id), sealed, claimed=1, day=self.world.today)
        return export(self.folder, self.store, self.stick, self.world.today)[-1]

    def take(self, outbox: Path) -> Delivered:
        return deliver(self.store, self.world.chain(), io.BytesIO(outbox.read_bytes()), self.world.today)

    def read(self, holder: Holder) -> Reply | None:
        said = self.mailboxes.ask(bytes.fromhex(holder.mailbox))
        if not said[0]:
            return None
        return verify(said[1:], holder.identity, self.world.keyring, holder.mailbox, self.world.today)


@pytest.fixture
def drop(world: World, tmp_path: Path) -> Iterator[Drop]:
    drop = Drop(world, tmp_path)
    yield drop
    drop.store.close()


@pytest.fixture
def vault(world: World, tmp_path: Path) -> Iterator[Vault]:
    with make_vault(world, tmp_path / "vault") as vault:
        yield vault


def take(vault: Vault, world: World, bundle: Path) -> None:
    with Import(vault, world.reviewers[:1], workers=1) as work:
        assert all(each.error is None for each in work.take(bundle))


def answer(vault: Vault, to: Report, text: str) -> None:
    with vault.reading() as connection:
        found = find(connection, to.id)
    replies.write(vault, found, text)


def test_round_trip_over_vault_and_drop(world: World, drop: Drop, vault: Vault) -> None:
    asked, other = code(world, 1), code(world, 2)
    first, second = report(world, 1, asked), report(world, 2, other)
    take(vault, world, drop.put(first, second))
    answer(vault, first, "One.")
    answer(vault, first, "Two.")
    done = replies.write_next(vault, drop.stick)
    assert (done.serial, done.answers, done.bundles, done.found) == (1, 1, 1, False)
    told = drop.take(done.path)
    assert (told.left, told.bundles, told.strange) == (LEAST, 1, 0)
    said = drop.read(asked)
    assert said is not None
    assert said.text == "Two."
    assert drop.read(other) is None
    back = report(world, 3, asked, back=True)
    take(vault, world, drop.put(back))
    with vault.reading() as connection:
        assert thread(connection, first.id) == thread(connection, back.id) == (first.id, back.id)
        assert thread(connection, second.id) == (second.id,)
    answer(vault, back, "Three.")
    again = replies.write_next(vault, drop.stick)
    assert (again.serial, again.answers, again.bundles) == (2, 1, 1)
    assert drop.take(again.path).missing == 0
    newer = drop.read(asked)
    assert newer is not None
    assert newer.text == "Three."
    assert newer.number > said.number
    empty = replies.write_next(vault, drop.stick)
    assert (empty.serial, empty.answers, empty.bundles) == (3, 0, 0)


def test_a_try_killed_before_the_log_spoke_is_found_again(
    world: World, drop: Drop, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = code(world, 1)
    first = report(world, 1, asked)
    take(vault, world, drop.put(first))
    answer(vault, first, "One.")
    with monkeypatch.context() as patched:
        patched.setattr(replies, "_record", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            replies.write_next(vault, drop.stick)
    (path,) = drop.stick.glob("*.outbox")
    before = path.read_bytes()
    answer(vault, first, "Written after the kill.")
    done = replies.write_next(vault, drop.stick)
    assert (done.serial, done.found, path.read_bytes()) == (1, True, before)
    drop.take(done.path)
    assert drop.read(asked) is not None
    assert replies.write_next(vault, drop.stick).serial == 2


def test_another_file_of_its_name_is_no_outbox_of_ours(world: World, drop: Drop, vault: Vault, tmp_path: Path) -> None:
    take(vault, world, drop.put())
    with make_vault(world, tmp_path / "second", 2) as other:
        take(other, world, next(drop.stick.glob("*.bundle")))
        theirs = replies.write_next(other, drop.stick)
    theirs.path.rename(drop.stick / f"{world.origin}-r1-000001.outbox")
    with pytest.raises(ChainBroken, match="is not your next outbox"):
        replies.write_next(vault, drop.stick)


def test_who_names_a_mailbox_without_its_code_joins_nothing(world: World, drop: Drop, vault: Vault) -> None:
    asked, thief = code(world, 1), code(world, 9)
    first = report(world, 1, asked)
    posed = replace(report(world, 2, thief), in_reply_to=asked.mailbox)
    half = replace(posed, id="0" * 31 + "7", reply_to=replace(thief.reply_to, mailbox=asked.mailbox))
    take(vault, world, drop.put(first, posed, half))
    with vault.reading() as connection:
        assert thread(connection, first.id) == (first.id,)
        assert [strays(connection, each) for each in (first, posed, half)] == [False, True, True]


def test_a_report_without_a_code_and_a_text_that_can_not_be_shown_are_refused(
    world: World, drop: Drop, vault: Vault
) -> None:
    mute, heard = make_report(world, 1), report(world, 2, code(world, 2))
    take(vault, world, drop.put(mute, heard))
    with pytest.raises(Usage, match="left no way back"):
        answer(vault, mute, "One.")
    with pytest.raises(Usage, match="can't be shown"):
        answer(vault, heard, "One.\x1b")


def test_a_reviewer_who_left_writes_no_outbox(world: World, drop: Drop, tmp_path: Path) -> None:
    later = replace(world, folder=tmp_path / "later").next(reviewers=2)
    with make_vault(world, tmp_path / "third", 3) as vault:
        vault.believe(later.notes)
        with pytest.raises(KeyringRefused, match="r3 is no reviewer"):
            replies.write_next(vault, drop.stick)


def test_prepared_answers_can_be_sealed_and_tell_nothing(world: World) -> None:
    for spoken in PHRASES.values():
        assert set(spoken) == {"en", "ru", "tg"}
        for text in spoken.values():
            Reply(world.origin, "0" * 32, 1, world.today, text)
            assert not any(letter.isdigit() for letter in text)


def test_as_a_reviewer_types_it(world: World, drop: Drop, tmp_path: Path) -> None:
    folder = tmp_path / "vault"
    first = report(world, 1, code(world, 1))
    with Vault.create(
        folder, PASSPHRASE, signing=world.reviewer_keys[0], roots=world.typed, notes=world.notes, cost=QUICK
    ) as vault:
        take(vault, world, drop.put(first))
    refused = review(folder, "reply", first.id[-8:], "--phrase", "received")
    assert refused.returncode == Exit.USAGE
    done = review(folder, "reply", first.id, "--phrase", "received", "--language", "tg")
    assert done.returncode == Exit.OK, done.stderr
    assert PHRASES["received"]["tg"] in done.stdout
    assert "no native reader" in done.stderr
    told = review(folder, "outbox", "--to", drop.stick)
    assert told.returncode == Exit.OK, told.stderr
    assert "Outbox 1: 1 answers, 1 bundles acknowledged." in told.stderr
    with Path(told.stdout.strip()).open("rb") as file:
        assert len(OutboxReader(file).outbox.acknowledged) == 1
    drop.take(Path(told.stdout.strip()))
    said = drop.read(code(world, 1))
    assert said is not None
    assert said.text == PHRASES["received"]["tg"]


def test_each_bundle_is_acknowledged_once(world: World, drop: Drop, vault: Vault) -> None:
    for number in range(1, 4):
        take(vault, world, drop.put(report(world, number, code(world, number))))
    assert replies.write_next(vault, drop.stick).bundles == 3
    assert replies.write_next(vault, drop.stick).bundles == 0
    with vault.reading() as connection:
        found = connection.execute(bundles.acknowledged.select()).all()
    assert {(row.bundle, row.reviewer) for row in found} == {(f"1.{number}", "r1") for number in range(1, 4)}


def test_two_who_answer_one_witness_unknowingly_draw_two_numbers_and_are_told(
    world: World, drop: Drop, vault: Vault, tmp_path: Path
) -> None:
    asked = code(world, 1)
    first = report(world, 1, asked)
    bundle = drop.put(first)
    take(vault, world, bundle)
    with make_vault(world, tmp_path / "second", 2) as other:
        with Import(other, world.reviewers[1:2], workers=1) as work:
            assert all(each.error is None for each in work.take(bundle))
        answer(vault, first, "By one.")
        answer(other, first, "By two.")
        boxes = [replies.write_next(each, drop.stick) for each in (vault, other)]
        numbers = [OutboxReader(io.BytesIO(box.path.read_bytes())).outbox.replies[0].number for box in boxes]
        assert numbers[0] != numbers[1]
        for box in reversed(boxes):
            drop.take(box.path)
        said = drop.read(asked)
        assert said is not None
        assert said.number == max(numbers)
        shown = "r1" if numbers[0] > numbers[1] else "r2"
        _exchange(world, vault, other, tmp_path)
        for desk in (vault, other):
            with desk.reading() as connection:
                (found,) = replies.crossed(connection)
                assert replies.crossed(connection, [first.id]) == (found,)
                assert replies.crossed(connection, ["0" * 32]) == ()
            assert (found.shown, {found.shown, found.hidden}) == (shown, {"r1", "r2"})
            assert "write again if the other matters" in str(found)
        answer(other, first, "By two, who knows of both.")
        drop.take(replies.write_next(other, drop.stick).path)
        _exchange(world, vault, other, tmp_path)
        for desk in (vault, other):
            with desk.reading() as connection:
                assert replies.crossed(connection) == ()
        newest = drop.read(asked)
        assert newest is not None
        assert newest.text == "By two, who knows of both."


def _exchange(world: World, one: Vault, two: Vault, folder: Path) -> None:
    for sender, receiver in ((one, two), (two, one)):
        assert sync.read(receiver, sync.write(sender, folder)[0], world.reviewers).gaps == []
