"""The log's format: read strictly, written back byte for byte, signed by one reviewer and by nobody else."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from intake.errors import ChainBroken, Damaged
from intake.keyring.note import SignedNote, SigningKey
from intake.review.log import Clock, Content, Entity, Entry, Event, Head, Pen, check_following, commitment, signer

NOON = datetime(2026, 11, 25, 12, 0, 0, 999, UTC)
KEY = SigningKey.generate("drop.example/r1")
CASE = Entity("case", "5f0c")
KEYS = {"r1": [KEY.verify_key]}


def written(count: int = 3) -> list[Entry]:
    pen = Pen(KEY, None)
    return [pen.write(CASE, Content("title", None, f"№ {number}"), NOON) for number in range(count)]


def test_an_event_reads_as_it_was_written() -> None:
    pen = Pen(KEY, Head("r1", 16, hashlib.sha256(b"16").digest()))
    seen = [Head("r3", 5, bytes(32)), Head("r2", 40, hashlib.sha256(b"40").digest())]
    entry = pen.write(CASE, Content("tag/важно", None, True), NOON, seen)
    text = bytes(entry.event)
    assert Event.parse(text) == entry.event
    assert text.decode().splitlines()[:7] == [
        "amonat/event/1",
        "origin drop.example",
        "reviewer r1",
        "number 17",
        f"previous {base64.b64encode(hashlib.sha256(b'16').digest()).decode()}",
        "utc 2026-11-25T12:00:00Z",
        "entity case 5f0c",
    ]
    assert [head.reviewer for head in entry.event.seen] == ["r2", "r3"]
    assert entry.read() == Content("tag/важно", None, True)
    assert entry.event.head == Head("r1", 17, hashlib.sha256(text).digest())


def test_any_tool_for_signed_notes_can_check_an_event() -> None:
    (entry,) = written(1)
    note = SignedNote.parse(bytes(entry.note))
    assert note.signers([KEY.verify_key]) == (KEY.verify_key,)


def test_a_log_is_a_chain() -> None:
    entries = written()
    for before, after in zip([None, *entries], entries, strict=False):
        check_following(after.event, before.event if before else None)
        assert signer(after, KEYS) == 0
    first, second, third = (entry.event for entry in entries)
    with pytest.raises(ChainBroken, match="those before are missing"):
        check_following(second, None)
    with pytest.raises(ChainBroken, match="after event 1 of r1 comes event 3"):
        check_following(third, first)
    with pytest.raises(ChainBroken, match="follows another event 1"):
        check_following(second, replace(first, utc=first.utc + timedelta(seconds=1)))
    with pytest.raises(ChainBroken, match="stands in the log of"):
        check_following(second, replace(first, reviewer="r2"))


def test_nobody_writes_as_another() -> None:
    (entry,) = written(1)
    other = SigningKey.generate("drop.example/r1")
    for keys in ({}, {"r2": [KEY.verify_key]}, {"r1": [other.verify_key]}):
        with pytest.raises(ChainBroken, match="not signed by that reviewer"):
            signer(entry, keys)
    forged = replace(entry, event=replace(entry.event, entity=Entity("case", "5f0d")))
    with pytest.raises(ChainBroken, match="not signed"):
        signer(forged, KEYS)
    assert signer(entry, {"r1": [other.verify_key, KEY.verify_key]}) == 1


def test_a_content_is_bound_and_can_be_taken_away() -> None:
    (entry,) = written(1)
    assert entry.salt is not None
    with pytest.raises(Damaged, match="not what was signed"):
        replace(entry, content=bytes(Content("title", None, "another"))).read()
    with pytest.raises(Damaged, match="not what was signed"):
        replace(entry, salt=bytes(16)).read()
    erased = replace(entry, salt=None, content=None)
    assert erased.read() is None
    assert signer(erased, KEYS) == 0
    with pytest.raises(ValueError, match="goes with its salt"):
        replace(entry, salt=None)


def test_one_word_twice_gives_two_commitments() -> None:
    assert len({entry.event.content for entry in written(1) + written(1)}) == 2
    assert commitment(bytes(16), b"x") != commitment(b"\1" * 16, b"x")


GOOD = bytes(written(1)[0].event).decode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("event/1", "event/2"),
        ("number 1", "number 01"),
        ("number 1", "number 0"),
        ("number 1", "number 2"),
        ("previous -", f"previous {'A' * 43}="),
        ("12:00:00Z", "12:00:00"),
        ("12:00:00Z", "12:00:61Z"),
        ("2026-11-25", "2026-11-5"),
        ("entity case 5f0c", "entity Case 5f0c"),
        ("entity case 5f0c", "entity case ../5f0c"),
        ("entity case 5f0c", "entity case"),
        ("reviewer r1", "reviewer R1"),
        ("reviewer r1", "reviewer  r1"),
        ("reviewer r1", "reviewer r1 r2"),
        ("content ", "content x"),
        ("\nutc", "\n\nutc"),
    ],
)
def test_what_is_not_written_exactly_so_is_refused(old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises(Damaged):
        Event.parse(GOOD.replace(old, new, 1).encode())


@pytest.mark.parametrize("seen", ["seen r2 1", f"seen r2 0 {'A' * 43}=", f"seen r2 1 {'A' * 42}=="])
def test_heads_that_are_none_are_refused(seen: str) -> None:
    with pytest.raises(Damaged):
        Event.parse((GOOD + f"{seen}\n").encode())


def test_heads_out_of_order_are_refused() -> None:
    first, second = f"seen r2 1 {'A' * 43}=\n", f"seen r3 1 {'A' * 43}=\n"
    assert len(Event.parse((GOOD + first + second).encode()).seen) == 2
    for heads in (second + first, first + first):
        with pytest.raises(Damaged, match="not in order"):
            Event.parse((GOOD + heads).encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"field":"title","old":null}',
        b'{"field":"title","old":null,"new":1,"more":1}',
        b'{"field":1,"old":null,"new":1}',
        b'{"field":"Title","old":null,"new":1}',
        b'{"field":"title/a\\nb","old":null,"new":1}',
        b'{"field":"title","old":null,"new":1,"undoes":"x"}',
        b'{"field":"title","old":null,"new":1,"undoes":5}',
        b'{"field":"title","old":null,"new":' + b"[" * 100 + b"]" * 100 + b"}",
        b" " * (1 << 20) + b"{}",
    ],
)
def test_a_content_of_another_shape_is_refused(content: bytes) -> None:
    with pytest.raises(Damaged):
        Content.parse(content)


@pytest.mark.parametrize(
    ("kind", "identifier"), [("", "a"), ("case", ""), ("case", "A"), ("case", "a b"), ("c" * 33, "a")]
)
def test_an_entity_tells_nothing_and_moves_no_path(kind: str, identifier: str) -> None:
    with pytest.raises(ValueError):
        Entity(kind, identifier)


def test_a_clock_knows_what_went_before() -> None:
    clock = Clock({1: 5}).joined(Clock({1: 3, 2: 7})).at(3, 1)
    assert clock == Clock.parse(str(clock)) == Clock({1: 5, 2: 7, 3: 1})
    assert clock.covers(1, 5)
    assert not clock.covers(1, 6)
    assert not clock.covers(4, 1)
