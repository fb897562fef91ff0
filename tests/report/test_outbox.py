"""The outbox: acknowledgements and answers on their way to the drop, always filled up, strictly read."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from intake.errors import ChainBroken, Damaged, Fault, KeyringRefused, NoKeyFits
from intake.keyring.note import SignedNote
from intake.report import ustar
from intake.report.code import Code
from intake.report.outbox import LEAST, Acknowledged, Outbox, OutboxReader, write_outbox
from intake.report.reply import SEALED_SIZE, Reply
from intake.sealing import open_bytes
from tests.harness.keys import World, make_world

HASH = bytes(range(32))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("keys"))


def head(world: World, **changes: object) -> Outbox:
    outbox = Outbox(world.origin, "r1", 1, None, 1, (Acknowledged(3, HASH), Acknowledged(5, HASH)), ())
    return replace(outbox, **changes)  # type: ignore[arg-type]  # fields are named by the test


def drawn(number: int) -> Code:
    return Code.draw(lambda size: number.to_bytes(size, "big"))


def answers(world: World, count: int) -> dict[str, bytes]:
    found = {}
    for number in range(count):
        holder = drawn(number).open(world.origin)
        reply = Reply(world.origin, holder.mailbox, 26112401, world.today, "Received.")
        found[holder.mailbox] = reply.seal(world.reviewer_keys[0], holder.identity.recipient)
    return found


def write(world: World, count: int = 0, **changes: object) -> bytes:
    sink = io.BytesIO()
    write_outbox(sink, head(world, **changes), world.reviewer_keys[0], 26112401, answers(world, count))
    return sink.getvalue()


@pytest.mark.parametrize(("count", "filled"), [(0, 32), (1, 32), (32, 32), (33, 64)])
def test_it_is_filled_up_so_that_the_number_of_answers_does_not_show(world: World, count: int, filled: int) -> None:
    content = write(world, count)
    reader = OutboxReader(io.BytesIO(content))
    read = list(reader)
    assert len(read) == filled
    assert {len(sealed) for _, sealed in read} == {SEALED_SIZE}
    assert [left.mailbox for left, _ in read] == sorted(left.mailbox for left, _ in read)
    assert {left.mailbox for left, _ in read} >= set(answers(world, count))
    assert reader.outbox.acknowledged == (Acknowledged(3, HASH), Acknowledged(5, HASH))
    assert len(content) == len(write(world, 0 if filled == LEAST else filled))


def test_an_answer_comes_out_as_it_went_in_and_a_decoy_opens_for_nobody(world: World) -> None:
    holder = Code.draw(lambda size: bytes(size)).open(world.origin)
    opened: Counter[bool] = Counter()
    for left, sealed in OutboxReader(io.BytesIO(write(world, 1))):
        try:
            open_bytes(sealed, [holder.identity])
            opened[left.mailbox == holder.mailbox] += 1
        except NoKeyFits:
            assert left.mailbox != holder.mailbox
    assert opened == {True: 1}


def test_its_reviewer_signed_it(world: World) -> None:
    reader = OutboxReader(io.BytesIO(write(world)))
    assert reader.outbox.check_signature(reader.note, world.keyring) == world.reviewer_keys[0].verify_key
    assert reader.outbox.hash == Outbox.parse(bytes(reader.outbox)).hash


def test_outboxes_that_are_not_believed(world: World) -> None:
    reader = OutboxReader(io.BytesIO(write(world)))
    outbox = reader.outbox
    with pytest.raises(ChainBroken, match="not for other"):
        outbox.check_signature(reader.note, replace(world.keyring, origin="other.example"))
    with pytest.raises(KeyringRefused, match="r9 is no reviewer"):
        replace(outbox, label="r9").check_signature(reader.note, world.keyring)
    with pytest.raises(KeyringRefused, match="not signed by r2"):
        replace(outbox, label="r2").check_signature(reader.note, world.keyring)
    with pytest.raises(KeyringRefused, match="not genuine"):
        outbox.check_signature(
            replace(reader.note, text=reader.note.text.replace(b"serial 1", b"serial 9")), world.keyring
        )


def test_an_answer_of_another_length_is_never_packed(world: World) -> None:
    with pytest.raises(Fault, match="length"):
        write_outbox(io.BytesIO(), head(world), world.reviewer_keys[0], 1, {"0" * 32: b"short"})


SPOILT: dict[str, tuple[Callable[[str], str], str]] = {
    "another format": (lambda text: text.replace("outbox/1", "outbox/2", 1), "newer format"),
    "a first one with one before": (lambda text: text.replace("previous -", f"previous {'A' * 43}="), "first outbox"),
    "a serial of nothing": (lambda text: text.replace("serial 1\n", "serial 0\n"), "serial"),
    "acknowledgements that fall": (lambda text: text.replace("ack 5 ", "ack 2 "), "don't rise"),
    "an acknowledgement twice": (lambda text: text.replace("ack 5 ", "ack 3 "), "don't rise"),
    "an answer out of order": (lambda text: _swapped(text), "order of mailbox"),
    "an answer too few": (lambda text: "".join(text.splitlines(True)[:-1]), "missing|too early|reply"),
    "an answer of another size": (lambda text: text.replace(f" {SEALED_SIZE} ", f" {SEALED_SIZE + 1} "), "listed"),
    "two numbers": (lambda text: _last(text, " 26112401 ", " 26112402 "), "different numbers"),
    "a stray line": (lambda text: text + "ack 9 x\n", "wrong place"),
    "two that it is from": (lambda text: text.replace("from r1", "from r1 r2"), "takes 1 value"),
    "a letter from elsewhere": (lambda text: text.replace("from r1", "from r١"), "U\\+0661"),
}


def _swapped(text: str) -> str:
    lines = text.splitlines(True)
    lines[-1], lines[-2] = lines[-2], lines[-1]
    return "".join(lines)


def _last(text: str, old: str, new: str) -> str:
    before, _, after = text.rpartition(old)
    return before + new + after


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_note_that_is_not_exactly_so_is_damaged(world: World, spoilt: str) -> None:
    change, reason = SPOILT[spoilt]
    text = OutboxReader(io.BytesIO(write(world))).note.text.decode()
    assert change(text) != text
    with pytest.raises(Damaged, match=reason):
        Outbox.parse(change(text).encode())


def _packed(world: World, members: list[tuple[str, bytes]]) -> bytes:
    sink = io.BytesIO()
    writer = ustar.Writer(sink)
    for name, content in members:
        writer.add_bytes(name, content)
    writer.close()
    return sink.getvalue()


def _members(content: bytes) -> list[tuple[str, bytes]]:
    reader = ustar.Reader(io.BytesIO(content))
    found = []
    while (member := reader.next()) is not None:
        found.append((member.name, member.read()))
    return found


@pytest.mark.parametrize("spoil", ["lacking", "swapped", "other bytes", "one too many", "cut off", "no note"])
def test_an_outbox_is_whole_or_damaged(world: World, spoil: str) -> None:
    members = _members(write(world))
    match spoil:
        case "lacking":
            del members[5]
        case "swapped":
            members[5], members[6] = members[6], members[5]
        case "other bytes":
            members[5] = (members[5][0], members[6][1])
        case "one too many":
            members.append(("replies/x.age", b""))
        case "no note":
            del members[0]
    content = _packed(world, members)
    if spoil == "cut off":
        content = content[: len(content) // 2]
    with pytest.raises(Damaged):
        list(OutboxReader(io.BytesIO(content)))


def test_a_note_larger_than_any_is_refused(world: World) -> None:
    note = bytes(SignedNote.sign(b"amonat/outbox/1\n", world.reviewer_keys[0]))
    with pytest.raises(Damaged, match="not a signed note"):
        list(OutboxReader(io.BytesIO(_packed(world, [("outbox.note", note.replace(b"\n\n", b"\n"))]))))
