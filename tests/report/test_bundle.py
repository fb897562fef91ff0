"""Bundles: what the drop lists and carries, read back strictly, one bad report apart from the rest."""

import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.errors import Damaged, Fault
from intake.keyring.note import SignedNote, SigningKey
from intake.report import ustar
from intake.report.bundle import BundleReader, Index, IndexEntry, read_bundle, write_bundle

KEY = SigningKey.generate("demo/d1")
CHAIN = {1: b"keyring one\n", 2: b"keyring two\n"}
SEALED = {f"{number:032x}": bytes([number]) * (600 * number) for number in (1, 2, 3)}


def entry(name: str, state: str = "new", **changes: object) -> IndexEntry:
    content = SEALED[name]
    made = IndexEntry(name, date(2026, 11, 22), len(content), hashlib.sha256(content).hexdigest(), 2, "new")
    return replace(made, **{"state": state, **changes})  # type: ignore[arg-type]  # fields are named by the test


IDS = list(SEALED)
INDEX = Index("demo", 1, 12, bytes(range(32)), 2, (1,), tuple(map(entry, IDS)))


def note(index: Index | bytes) -> bytes:
    return bytes(SignedNote.sign(bytes(index), KEY))


def bundle(index: Index = INDEX, carried: list[str] = IDS, chain: Mapping[int, bytes] = CHAIN) -> bytes:
    sink = io.BytesIO()
    write_bundle(sink, note(index), chain, [(name, len(SEALED[name]), io.BytesIO(SEALED[name])) for name in carried])
    return sink.getvalue()


def by_hand(*members: tuple[str, bytes]) -> bytes:
    sink = io.BytesIO()
    writer = ustar.Writer(sink)
    for name, content in members:
        writer.add_bytes(name, content)
    writer.close()
    return sink.getvalue()


def read(raw: bytes) -> tuple[BundleReader, list[tuple[str, bytes]]]:
    reader = read_bundle(io.BytesIO(raw))
    return reader, [(found.id, stream.read()) for found, stream in reader]


def member(name: str) -> tuple[str, bytes]:
    return f"reports/{name}.age", SEALED[name]


KEYRINGS = [(f"keyring/{serial}.note", content) for serial, content in CHAIN.items()]
FIRST = ("index.note", note(INDEX))


def test_a_bundle_comes_back() -> None:
    reader, reports = read(bundle())
    assert reader.index == INDEX
    assert reader.index_note.signers([KEY.verify_key]) == (KEY.verify_key,)
    assert reader.index_note.text == bytes(INDEX)
    assert reader.keyrings == CHAIN
    assert dict(reports) == SEALED


def test_an_empty_one_does_too() -> None:
    index = replace(INDEX, reports=(), closed=(), previous=None)
    reader, reports = read(bundle(index, []))
    assert (reader.index, reports) == (index, [])
    assert bytes(index).endswith(b"previous -\nkeyring 2\nclosed -\ncount 0\n")


def test_the_index_is_lines_of_text() -> None:
    assert bytes(INDEX).decode().split("\n")[:9] == [
        "amonat/bundle/1",
        "origin demo",
        "epoch 1",
        "serial 12",
        "previous AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "keyring 2",
        "closed 1",
        "count 3",
        f"report {IDS[0]} 2026-11-22 600 {hashlib.sha256(SEALED[IDS[0]]).hexdigest()} 2 new",
    ]
    assert INDEX.hash == hashlib.sha256(bytes(INDEX)).digest()


def test_what_was_held_before_need_not_travel_again_but_may() -> None:
    index = replace(INDEX, reports=(entry(IDS[0], "held"), entry(IDS[1]), entry(IDS[2], "held", claimed=None)))
    assert [name for name, _ in read(bundle(index, [IDS[1]]))[1]] == [IDS[1]]
    assert [name for name, _ in read(bundle(index, IDS))[1]] == IDS


def test_an_index_may_be_longer_than_a_note_that_people_sign() -> None:
    many = tuple(replace(entry(IDS[0], "held"), id=f"{number:032x}") for number in range(5_000))
    index = replace(INDEX, reports=many)
    assert len(bytes(index)) > 600_000
    assert read(bundle(index, []))[0].index == index


def test_python_lists_its_members() -> None:
    with tarfile.open(fileobj=io.BytesIO(bundle()), mode="r:") as tar:
        assert tar.getnames() == [
            "index.note", "keyring/1.note", "keyring/2.note", *(f"reports/{name}.age" for name in IDS),
        ]  # fmt: skip
        assert {info.mtime for info in tar} == {0}


@pytest.mark.parametrize("spoilt", [0, 1, 2])
def test_one_spoilt_report_doesn_t_stop_the_others(spoilt: int) -> None:
    contents = [SEALED[name] for name in IDS]
    contents[spoilt] = contents[spoilt][:-1] + b"!"
    raw = by_hand(FIRST, *KEYRINGS, *((f"reports/{n}.age", c) for n, c in zip(IDS, contents, strict=True)))
    good, bad = [], []
    for found, stream in read_bundle(io.BytesIO(raw)):
        try:
            assert stream.read() == SEALED[found.id]
            good.append(found.id)
        except Damaged as error:
            bad.append((found.id, str(error)))
    reason = f"reports/{IDS[spoilt]}.age is not the file that was listed: its SHA-256 differs"
    assert bad == [(IDS[spoilt], reason)]
    assert good == [name for name in IDS if name != IDS[spoilt]]


def test_the_last_bytes_of_a_spoilt_report_are_never_handed_out() -> None:
    raw = by_hand(FIRST, *KEYRINGS, (f"reports/{IDS[0]}.age", bytes(600)), member(IDS[1]), member(IDS[2]))
    _, stream = next(iter(read_bundle(io.BytesIO(raw))))
    with pytest.raises(Damaged):
        stream.read(600)


def test_a_report_of_another_size_is_refused_at_its_first_byte() -> None:
    raw = by_hand(FIRST, *KEYRINGS, (f"reports/{IDS[0]}.age", SEALED[IDS[0]] + b"x"), member(IDS[1]), member(IDS[2]))
    outcomes = []
    for _, stream in read_bundle(io.BytesIO(raw)):
        try:
            stream.read(1)
            outcomes.append("read")
        except Damaged as error:
            outcomes.append(str(error))
    assert outcomes == [f"reports/{IDS[0]}.age has 601 bytes where 600 were announced", "read", "read"]


HELD = replace(INDEX, reports=(entry(IDS[0], "held"), entry(IDS[1]), entry(IDS[2], "held")))
WRONG_BUNDLES = {
    "nothing": ("cut off", b""),
    "no member": ("does not begin with its index", by_hand()),
    "index second": ("does not begin with its index", by_hand(*KEYRINGS, FIRST)),
    "unsigned": ("not a signed note", by_hand(("index.note", bytes(INDEX) + b"\n"), *KEYRINGS)),
    "no empty line": ("not a signed note", by_hand(("index.note", bytes(INDEX)), *KEYRINGS)),
    "another note": ("not of the format", by_hand(("index.note", note(b"amonat/keyring/1\n")), *KEYRINGS)),
    "no keyring": ("keyrings don't end", by_hand(FIRST, *map(member, IDS))),
    "keyring missing": ("keyrings don't end", by_hand(FIRST, KEYRINGS[0], *map(member, IDS))),
    "keyring too new": ("keyrings don't end", by_hand(FIRST, *KEYRINGS, ("keyring/3.note", b"x"))),
    "keyrings out of order": ("not in order", by_hand(FIRST, *reversed(KEYRINGS))),
    "keyring twice": ("not in order", by_hand(FIRST, *KEYRINGS, KEYRINGS[1])),
    "gap in keyrings": ("not in order", by_hand(FIRST, KEYRINGS[0], ("keyring/3.note", b"x"))),
    "a huge keyring": ("larger or more", by_hand(FIRST, ("keyring/1.note", bytes(2**18 + 1)))),
    "unlisted": ("does not list", by_hand(FIRST, *KEYRINGS, *map(member, IDS), (f"reports/{'f' * 32}.age", b"x"))),
    "unlisted first": ("does not list|calls new", by_hand(FIRST, *KEYRINGS, (f"reports/{'0' * 32}.age", b"x"))),
    "twice": ("does not list", by_hand(FIRST, *KEYRINGS, *map(member, IDS), member(IDS[2]))),
    "out of order": ("calls new", by_hand(FIRST, *KEYRINGS, member(IDS[1]), member(IDS[0]), member(IDS[2]))),
    "held out of order": (
        "calls new|out of order",
        by_hand(("index.note", note(HELD)), *KEYRINGS, member(IDS[2]), member(IDS[1])),
    ),
    "new one missing": ("calls new", by_hand(FIRST, *KEYRINGS, member(IDS[0]), member(IDS[2]))),
    "last one missing": ("calls new", by_hand(FIRST, *KEYRINGS, member(IDS[0]), member(IDS[1]))),
    "another member": ("no report", by_hand(FIRST, *KEYRINGS, ("readme", b"x"))),
    "keyring after reports": ("no report", by_hand(FIRST, *KEYRINGS, *map(member, IDS), ("keyring/3.note", b"x"))),
    "another ending": ("no report", by_hand(FIRST, *KEYRINGS, (f"reports/{IDS[0]}.exe", b"x"))),
    "junk after": ("follows the end", bundle() + b"x"),
    "cut": ("cut off", bundle()[:-1_100]),
}


@pytest.mark.parametrize("name", WRONG_BUNDLES)
def test_a_bundle_that_is_not_what_its_index_says_is_refused(name: str) -> None:
    reason, raw = WRONG_BUNDLES[name]
    with pytest.raises(Damaged, match=reason):
        read(raw)


TEXT = bytes(INDEX).decode()
LINE = str(INDEX.reports[0])
WRONG_INDEXES = [
    ("not lines", TEXT[:-1]),
    ("not lines", TEXT.replace("demo", "dеmo")),
    ("not of the format", TEXT.replace("bundle/1", "bundle/2")),
    ("not of the format", "\n" + TEXT),
    ("origin", TEXT.replace("origin demo", "origin Demo")),
    ("origin", TEXT.replace("origin demo\n", "")),
    ("epoch", TEXT.replace("epoch 1", "epoch 01")),
    ("epoch", TEXT.replace("epoch 1\nserial 12", "serial 12\nepoch 1")),
    ("serial", TEXT.replace("serial 12", "serial 0")),
    ("serial", TEXT.replace("serial 12", "serial  12")),
    ("previous", TEXT.replace("Hh8=", "Hh9=")),
    ("previous", TEXT.replace("Hh8=", "Hh8")),
    ("keyring", TEXT.replace("keyring 2", "keyring two")),
    ("closed", TEXT.replace("closed 1", "closed ")),
    ("closed", TEXT.replace("closed 1", "closed 1 ")),
    ("closed serials don't rise", TEXT.replace("closed 1", "closed 2 1")),
    ("closed serials don't rise", TEXT.replace("closed 1", "closed 1 1")),
    ("count", TEXT.replace("count 3", "count -3")),
    ("lists 3 reports where it announces 2", TEXT.replace("count 3", "count 2")),
    ("lists 4 reports", TEXT + LINE.replace("0" * 31 + "1", "f" * 32) + "\n"),
    ("not in order", TEXT.replace("count 3", "count 4") + LINE + "\n"),
    ("a line is not that", TEXT + "\n"),
    ("a line is not that", TEXT.replace(" new", " old")),
    ("a line is not that", TEXT.replace(" 600 ", " 0 ")),
    ("a line is not that", TEXT.replace(" 600 ", " 0600 ")),
    ("a line is not that", TEXT.replace(LINE, LINE.upper())),
    ("a line is not that", TEXT.replace(LINE, LINE + "\r")),
    ("a day is not a day", TEXT.replace("2026-11-22", "2026-11-31")),
]


@pytest.mark.parametrize(("reason", "text"), WRONG_INDEXES)
def test_a_wrong_index_is_refused(reason: str, text: str) -> None:
    with pytest.raises(Damaged, match=reason):
        Index.parse(text.encode())


entries = st.builds(
    IndexEntry,
    st.from_regex("[0-9a-f]{32}", fullmatch=True),
    st.dates(),
    st.integers(1, 9_999_999_999),
    st.from_regex("[0-9a-f]{64}", fullmatch=True),
    st.none() | st.integers(1, 999_999_999),
    st.sampled_from(["new", "held"]),
)
indexes = st.builds(
    Index,
    st.from_regex("[a-z0-9.-]{1,64}", fullmatch=True),
    st.integers(1, 999_999_999),
    st.integers(1, 999_999_999),
    st.none() | st.binary(min_size=32, max_size=32),
    st.integers(1, 999_999_999),
    st.sets(st.integers(1, 999_999_999), max_size=5).map(sorted).map(tuple),
    st.lists(entries, max_size=5, unique_by=lambda e: e.id).map(lambda es: tuple(sorted(es, key=lambda e: e.id))),
)


@given(indexes)
def test_every_index_comes_back(index: Index) -> None:
    assert Index.parse(bytes(index)) == index


@given(st.data())
@settings(max_examples=400)
def test_any_mutation_of_an_index_is_damaged_or_has_one_spelling(data: st.DataObject) -> None:
    text = bytearray(bytes(INDEX))
    at = data.draw(st.integers(0, len(text) - 1))
    text[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        index = Index.parse(bytes(text))
    except Damaged:
        return
    assert bytes(index) == bytes(text)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_any_mutation_of_a_bundle_is_damaged_or_changes_no_report(data: st.DataObject) -> None:
    raw = bytearray(bundle())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=20))
    try:
        _, reports = read(bytes(raw))
    except Damaged:
        return
    assert dict(reports) == SEALED


@pytest.mark.parametrize(
    ("reason", "chain", "carried"),
    [
        ("does not lead", {}, IDS),
        ("does not lead", {1: b"x"}, IDS),
        ("does not lead", {1: b"x", 2: b"x", 3: b"x"}, IDS),
        ("not listed so, or out of order", CHAIN, [IDS[1], IDS[0], IDS[2]]),
        ("not listed so, or out of order", CHAIN, [*IDS, IDS[2]]),
        ("1 new reports are listed but not carried", CHAIN, IDS[:2]),
    ],
)
def test_a_bundle_that_a_desk_would_refuse_is_never_finished(
    reason: str, chain: Mapping[int, bytes], carried: list[str]
) -> None:
    with pytest.raises(Fault, match=reason):
        bundle(INDEX, carried, chain)


def test_a_report_of_another_size_is_not_written() -> None:
    with pytest.raises(Fault, match="not listed so"):
        bundle(replace(INDEX, reports=(entry(IDS[0], size=601),)), IDS[:1])
