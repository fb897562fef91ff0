"""Answers to witnesses: what is shown is what a reviewer of today's keyring signed for this very mailbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Damaged, IntakeError, NoKeyFits, NotSealed, Usage
from intake.keyring.note import SignedNote, SigningKey
from intake.report.code import Code, Holder
from intake.report.reply import (
    AHEAD_DAYS,
    KEPT_DAYS,
    PLAIN_SIZE,
    SEALED_SIZE,
    TEXT_LIMIT,
    Misplaced,
    NotGenuine,
    OutOfDate,
    Reply,
    verify,
)
from intake.sealing import seal_bytes
from tests.harness.keys import World, make_world, new_key

HOLDER = Code.draw(lambda size: b"\x05" * size).open("drop.example")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("keys"))


def make(world: World, **changes: object) -> Reply:
    reply = Reply(world.origin, HOLDER.mailbox, 26112401, world.today, "Мо гирифтем.\n\nWe received it.")
    return replace(reply, **changes)  # type: ignore[arg-type]  # fields are named by the test


def sealed(world: World, reply: Reply | None = None, key: SigningKey | None = None) -> bytes:
    return (reply or make(world)).seal(key or world.reviewer_keys[0], HOLDER.identity.recipient)


def read(world: World, content: bytes, holder: Holder = HOLDER, today: date | None = None) -> Reply:
    return verify(content, holder.identity, world.keyring, holder.mailbox, today or world.today)


def seal_note(note: bytes) -> bytes:
    return seal_bytes(note.ljust(PLAIN_SIZE, b"\0"), [HOLDER.identity.recipient])


def test_an_answer_comes_back_as_it_was_written(world: World) -> None:
    assert read(world, sealed(world)) == make(world)


@given(st.text(st.characters(codec="utf-8"), max_size=2000))
def test_any_text_is_written_back_or_refused(text: str) -> None:
    try:
        reply = Reply("drop.example", "0" * 32, 1, date(2026, 11, 24), text)
    except Usage:
        return
    assert Reply.parse(bytes(reply)) == reply


@given(st.text(st.sampled_from("aй漢🙂\n"), min_size=1, max_size=TEXT_LIMIT).filter(lambda text: text.strip() == text))
def test_every_answer_has_the_one_length(text: str) -> None:
    if len(text.encode()) <= TEXT_LIMIT:
        reply = Reply("d" * 64, "0" * 32, 999_999_999, date(2026, 11, 24), text)
        assert len(reply.seal(new_key("l" * 32, "d" * 64), HOLDER.identity.recipient)) == SEALED_SIZE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("x" * (TEXT_LIMIT + 1), "7000 fit"),
        ("a\x1b[2Jb", "can't be shown"),
        ("a\u202eb", "can't be shown"),
        ("a\tb", "can't be shown"),
        ("e\u0301", "can't be shown"),
        (" a", "can't be shown"),
    ],
)
def test_texts_that_are_no_answer(world: World, text: str, reason: str) -> None:
    with pytest.raises(Usage, match=reason):
        make(world, text=text)


def test_a_forged_answer_is_refused(world: World) -> None:
    with pytest.raises(NotGenuine, match="no reviewer of the current keyring"):
        read(world, sealed(world, key=new_key("r9")))
    with pytest.raises(NotGenuine, match="not genuine"):
        read(world, forged(world))


def forged(world: World) -> bytes:
    """Another text under a genuine signature."""
    note = SignedNote.sign(bytes(make(world)), world.reviewer_keys[0])
    return seal_note(bytes(replace(note, text=bytes(make(world, text="Meet us at the station.")))))


def test_an_answer_by_a_root_or_the_drop_is_refused(world: World) -> None:
    for key in (*world.roots, world.drop_key):
        with pytest.raises(NotGenuine):
            read(world, sealed(world, key=key))


def test_an_answer_of_a_reviewer_who_left_is_refused(world: World) -> None:
    before = sealed(world, key=world.reviewer_keys[2])
    assert read(world, before)
    with pytest.raises(NotGenuine):
        read(world.next(reviewers=2), before)


def test_an_answer_for_another_mailbox_or_drop_is_refused(world: World) -> None:
    with pytest.raises(Misplaced, match="somebody else"):
        read(world, sealed(world, make(world, mailbox="0" * 32)))
    with pytest.raises(Misplaced, match="somebody else"):
        read(world, sealed(world, make(world, origin="other.example")))


def test_an_old_answer_and_one_from_the_future_are_refused(world: World) -> None:
    content = sealed(world)
    for days in (-AHEAD_DAYS, 0, KEPT_DAYS):
        assert read(world, content, today=world.today + timedelta(days=days))
    for days in (-AHEAD_DAYS - 1, KEPT_DAYS + 1):
        with pytest.raises(OutOfDate):
            read(world, content, today=world.today + timedelta(days=days))


def test_an_answer_sealed_to_another_code_does_not_open(world: World) -> None:
    other = Code.draw(lambda size: b"\x06" * size).open(world.origin)
    with pytest.raises(NoKeyFits):
        read(world, sealed(world), other)


@pytest.mark.parametrize("spoil", ["cut", "flip", "text", "long"])
def test_what_is_no_answer_is_damaged(world: World, spoil: str) -> None:
    whole = sealed(world)
    content = {
        "cut": whole[:-1],
        "flip": whole[:-1] + bytes([whole[-1] ^ 1]),
        "text": b"hello".ljust(SEALED_SIZE),
        "long": whole + b"\0",
    }[spoil]
    with pytest.raises((Damaged, NotSealed)):
        read(world, content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"amonat/reply/1", b"amonat/reply/2"),
        (b"number 26112401", b"number 0"),
        (b"number 26112401", b"number 026112401"),
        (b"day 2026-11-23", b"day 2026-11-31"),
        (b"\nday", b"\nextra x\nday"),
        (b"received it.\n", b"received it. \n"),
        (b"mailbox ", b"mailbox  "),
    ],
)
def test_another_spelling_is_damaged_though_it_is_signed(world: World, old: bytes, new: bytes) -> None:
    text = bytes(make(world))
    assert old in text
    note = SignedNote.sign(text.replace(old, new), world.reviewer_keys[0])
    with pytest.raises(Damaged) as caught:
        read(world, seal_note(bytes(note)))
    assert not isinstance(caught.value, NotSealed)


def test_each_refusal_says_what_to_do(world: World) -> None:
    kinds: tuple[type[IntakeError], ...] = (NotGenuine, Misplaced, OutOfDate)
    assert all("Don't act on it" in kind.advice for kind in kinds)
