"""The package: whole reports come back as they were, and nothing else comes at all."""

import copy
import io
import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.errors import Damaged, Fault, Usage
from intake.report import document, sizes, ustar
from intake.report.document import Json
from intake.report.package import (
    FILES_LIMIT,
    REPORT_LIMIT,
    SEALED_BY,
    FileEntry,
    PackageReader,
    QuestionnaireRef,
    ReplyTo,
    Report,
    member_name,
    read_package,
    write_package,
)

FILES = (b"\xff\xd8 a photo", b"", bytes(70_000))
REPORT = Report(
    id="0123456789abcdef" * 2,
    origin="demo.example",
    keyring=7,
    questionnaire=QuestionnaireRef("first", "1", "ab" * 32),
    language="tg",
    sealed_by="browser",
    day=date(2026, 11, 23),
    answers={"account": "Ӯро дар Хоруғ бурданд.", "urgent": ["removal"], "later": {"odd": [None, True, 1.5]}},
    files=(
        FileEntry("../../etc/passwd", "image/jpeg", len(FILES[0]), True),
        FileEntry("", "", 0, False),
        FileEntry("Садо 1\n.ogg", "audio/ogg", len(FILES[2]), False),
    ),
    in_reply_to="f" * 32,
    reply_to=ReplyTo("e" * 32, "age1pq1" + "q" * 1_900),
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
reports = st.builds(
    Report,
    id=st.from_regex("[0-9a-f]{32}", fullmatch=True),
    origin=st.from_regex("[a-z0-9.-]{1,64}", fullmatch=True),
    keyring=st.integers(1, 10**9),
    questionnaire=st.just(QuestionnaireRef("first", "1.0", "0" * 64)),
    language=st.sampled_from(["tg", "ru", "en", "zh-Hant", "tg-Cyrl-TJ"]),
    sealed_by=st.sampled_from(SEALED_BY),
    day=st.dates(),
    answers=st.dictionaries(st.from_regex("[a-z][a-z0-9_]{0,63}", fullmatch=True), values, max_size=6),
    in_reply_to=st.none() | st.just("0" * 32),
    reply_to=st.none() | st.just(ReplyTo("0" * 32, "age1pq1qqqqqq")),
)


def packed(report: Report = REPORT, files: tuple[bytes, ...] = FILES) -> bytes:
    sink = io.BytesIO()
    write_package(report, [io.BytesIO(file) for file in files], sink)
    return sink.getvalue()


def unpacked(raw: bytes) -> tuple[Report, list[tuple[FileEntry, bytes]]]:
    reader = read_package(io.BytesIO(raw))
    return reader.report, [(entry, stream.read()) for entry, stream in reader]


def test_a_report_with_files_comes_back() -> None:
    raw = packed()
    assert len(raw) == 262_144
    assert unpacked(raw) == (REPORT, list(zip(REPORT.files, FILES, strict=True)))


@given(reports)
@settings(deadline=None)
def test_every_report_comes_back(report: Report) -> None:
    assert Report.parse(report.to_json()) == report
    assert unpacked(packed(report, ())) == (report, [])


def test_report_json_has_the_keys_of_the_design() -> None:
    value = json.loads(REPORT.to_json())
    assert list(value) == [
        "format", "id", "origin", "keyring", "questionnaire", "language", "sealed_by", "day", "answers", "files",
        "in_reply_to", "reply_to",
    ]  # fmt: skip
    assert value["format"] == "amonat/report/1"
    assert value["files"][0] == {"name": "../../etc/passwd", "type": "image/jpeg", "size": 10, "cleaned": True}
    assert value["questionnaire"] == {"name": "first", "version": "1", "sha256": "ab" * 32}
    assert "Хоруғ".encode() in REPORT.to_json()


def test_gnu_tar_unpacks_it_the_day_our_software_fails(tmp_path: Path) -> None:
    tar = shutil.which("tar")
    assert tar
    subprocess.run([tar, "-x", "-C", tmp_path], input=packed(), check=True)
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "files/01", "files/02", "files/03", "report.json",
    ]  # fmt: skip
    assert (tmp_path / "files" / "03").read_bytes() == FILES[2]


def test_memory_stays_flat_while_a_large_file_passes() -> None:
    class Zeros(io.RawIOBase):
        left = 300 * 2**20

        def read(self, size: int = -1) -> bytes:
            assert 0 <= size <= 65_536, "read in pieces"
            size = min(size, self.left)
            self.left -= size
            return bytes(size)

    class Counter(io.RawIOBase):
        size = 0

        def write(self, piece: Any) -> int:
            assert len(piece) <= REPORT_LIMIT
            self.size += len(piece)
            return len(piece)

    sink = Counter()
    report = replace(REPORT, files=(FileEntry("v", "video/mp4", Zeros.left, False),))
    total = write_package(report, [Zeros()], sink)  # type: ignore[arg-type, list-item]  # they read and write as BinaryIO
    assert sizes.is_plaintext_size(total)
    assert sink.size == total


def test_too_much_is_said_before_anything_is_written() -> None:
    sink = io.BytesIO()
    with pytest.raises(Usage, match="larger than 1 MiB"):
        write_package(replace(REPORT, answers={"account": "я" * 600_000}), [io.BytesIO(f) for f in FILES], sink)
    with pytest.raises(Usage, match="too large for one report"):
        write_package(replace(REPORT, files=(FileEntry("", "", 2**33, False),)), [io.BytesIO()], sink)
    with pytest.raises(Usage, match=f"at most {FILES_LIMIT}"):
        write_package(REPORT, [], sink)
    assert sink.getvalue() == b""


@pytest.mark.parametrize("content", [b"\xff\xd8 a phot", b"\xff\xd8 a photos"])
def test_a_file_of_another_size_stops_the_writing(content: bytes) -> None:
    report = replace(REPORT, files=REPORT.files[:1])
    with pytest.raises(Fault, match="files/01 changed its length"):
        write_package(report, [io.BytesIO(content)], io.BytesIO())


def test_lone_surrogates_don_t_lose_a_report() -> None:
    report = replace(REPORT, answers={"account": "a\ud800b"})
    assert Report.parse(report.to_json()).answers == {"account": "a\ufffdb"}
    escaped = REPORT.to_json().replace(b"photo", b"").replace("Ӯро".encode(), b"\\udc00\\ud83d")
    assert Report.parse(escaped).answers["account"] == "\ufffd\ufffd дар Хоруғ бурданд."


# One damage to report.json each: (what is said, change of the object).
Change = Callable[[dict[str, Any]], object]
WRONG_KEYS: list[tuple[str, Change]] = [
    ("not of the format", lambda v: v.update(format="amonat/report/2")),
    ("not of the format", lambda v: v.pop("format")),
    ("id is missing", lambda v: v.pop("id")),
    ("id is not what", lambda v: v.update(id="0" * 31)),
    ("id is not what", lambda v: v.update(id="A" * 32)),
    ("id is not what", lambda v: v.update(id="0" * 32 + "\n")),
    ("origin is not what", lambda v: v.update(origin="Ünicode")),
    ("origin is not what", lambda v: v.update(origin="a" * 65)),
    ("keyring is not what", lambda v: v.update(keyring=0)),
    ("keyring is not what", lambda v: v.update(keyring=True)),
    ("keyring is not what", lambda v: v.update(keyring="7")),
    ("keyring is not what", lambda v: v.update(keyring=7.0)),
    ("questionnaire is not what", lambda v: v.update(questionnaire="first")),
    ("questionnaire: sha256 is missing", lambda v: v["questionnaire"].pop("sha256")),
    ("questionnaire: version is not what", lambda v: v["questionnaire"].update(version=1)),
    ("questionnaire holds keys", lambda v: v["questionnaire"].update(more=1)),
    ("language is not what", lambda v: v.update(language="../x")),
    ("sealed_by is not what", lambda v: v.update(sealed_by="somebody")),
    ("day is not what", lambda v: v.update(day="2026-11-23T10:00")),
    ("day is not a day", lambda v: v.update(day="2026-02-30")),
    ("answers is not a table", lambda v: v.update(answers=[])),
    ("answers is not a table", lambda v: v["answers"].update({"No Field": 1})),
    ("files is not a list", lambda v: v.update(files={})),
    ("files is not a list", lambda v: v.update(files=v["files"] * 34)),
    ("file 1 is not described", lambda v: v.update(files=["a"])),
    ("file 2: size is not what", lambda v: v["files"][1].update(size=-1)),
    ("file 2: size is not what", lambda v: v["files"][1].update(size=8**11)),
    ("file 1: name is not what", lambda v: v["files"][0].update(name="a" * 1_025)),
    ("file 1: cleaned is not what", lambda v: v["files"][0].update(cleaned=1)),
    ("file 1 holds keys", lambda v: v["files"][0].update(path="/x")),
    ("in_reply_to is missing", lambda v: v.pop("in_reply_to")),
    ("in_reply_to is not what", lambda v: v.update(in_reply_to="x")),
    ("reply_to is not what", lambda v: v.update(reply_to=[])),
    ("reply_to: mailbox is not what", lambda v: v["reply_to"].update(mailbox="x")),
    ("reply_to: recipient is not what", lambda v: v["reply_to"].update(recipient="age1qqqqqqq")),
    ("reply_to holds keys", lambda v: v["reply_to"].update(more=1)),
    ("report.json holds keys", lambda v: v.update(extra=1)),
]


@pytest.mark.parametrize(("reason", "change"), WRONG_KEYS)
def test_a_report_json_of_other_keys_or_kinds_is_refused(reason: str, change: Change) -> None:
    value = copy.deepcopy(json.loads(REPORT.to_json()))
    change(value)
    with pytest.raises(Damaged, match=reason):
        Report.parse(document.dump(value))


def member(name: bytes, content: bytes = b"", *, kind: bytes = b"0", size: bytes = b"", **fields: bytes) -> bytes:
    """A member with a correct checksum and any header at all."""
    block = bytearray(ustar.header("x", len(content)))
    places = {"mode": 100, "uid": 108, "mtime": 136, "link": 157, "magic": 257, "uname": 265, "prefix": 345}
    block[:100] = name.ljust(100, b"\0")
    block[156:157] = kind
    if size:
        block[124:136] = size
    for field, value in fields.items():
        block[places[field] : places[field] + len(value)] = value
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + sum(block[156:]) + 8 * 0x20)
    return bytes(block) + content + bytes(-len(content) % 512)


def json_member(**changes: object) -> bytes:
    """report.json as it should be, listing one file of three bytes, with changes."""
    value = {**json.loads(replace(REPORT, files=(FileEntry("a", "", 3, False),)).to_json()), **changes}
    return member(b"report.json", document.dump(value))


def raw_json(content: bytes) -> bytes:
    return member(b"report.json", content)


GOOD, ONE, END = json_member(), member(b"files/01", b"abc"), bytes(2_048)
HEAD = b'{"format":"amonat/report/1","answers":'
pax = member(b"PaxHeaders/x", b"19 path=files/../x\n", kind=b"x")
long_name = member(b"././@LongLink", b"files/01\0", kind=b"L")

POISONED: dict[str, tuple[str, bytes]] = {
    "nothing": ("cut off", b""),
    "only zeros": ("package is empty", END),
    "another file": ("not plain ustar", b"BEGIN PGP MESSAGE".ljust(1_024)),
    "old tar": ("not plain ustar", member(b"report.json", b"{}", magic=bytes(8)) + END),
    "GNU tar": ("not plain ustar", member(b"report.json", b"{}", magic=b"ustar  \0") + END),
    "no report": ("report.json is not the first", ONE + END),
    "report second": ("report.json is not the first", ONE + GOOD + END),
    "symbolic link": ("a symbolic link", GOOD + member(b"files/01", kind=b"2", link=b"/etc/passwd") + END),
    "hard link": ("a hard link", GOOD + member(b"files/01", kind=b"1", link=b"report.json") + END),
    "folder": ("a folder", GOOD + member(b"files/", kind=b"5") + END),
    "character device": ("a character device", GOOD + member(b"files/01", kind=b"3") + END),
    "block device": ("a block device", GOOD + member(b"files/01", kind=b"4") + END),
    "pipe": ("a pipe", GOOD + member(b"files/01", kind=b"6") + END),
    "contiguous": ("a contiguous file", GOOD + member(b"files/01", b"abc", kind=b"7") + END),
    "old regular": ("of the old type", GOOD + member(b"files/01", b"abc", kind=b"\0") + END),
    "sparse": ("a sparse file", GOOD + member(b"files/01", b"abc", kind=b"S") + END),
    "unknown type": ("of an unknown type", GOOD + member(b"files/01", b"abc", kind=b"Z") + END),
    "PAX header": ("a PAX header", GOOD + pax + ONE + END),
    "PAX before the report": ("a PAX header", pax + GOOD + ONE + END),
    "global PAX header": ("a global PAX header", member(b"x", b"", kind=b"g") + GOOD + ONE + END),
    "GNU long name": ("a GNU long name", GOOD + long_name + ONE + END),
    "GNU long link": ("a GNU long link", GOOD + member(b"././@LongLink", b"x", kind=b"K") + ONE + END),
    "link on a regular file": ("owner, mode or time", GOOD + member(b"files/01", b"abc", link=b"x") + END),
    "mode of the same sum": ("more than a name and a size", GOOD + member(b"files/01", b"abc", mode=b"0006000") + END),
    "absolute": ("an absolute name", GOOD + member(b"/etc/cron.d/x", b"abc") + END),
    "parent": ("climbs out", GOOD + member(b"files/../../x", b"abc") + END),
    "prefix": ("uses a prefix", GOOD + member(b"01", b"abc", prefix=b"files") + END),
    "prefix that climbs": ("uses a prefix", GOOD + member(b"01", b"abc", prefix=b"..") + END),
    "hidden name": ("not one that we write", GOOD + member(b"files/01\0x", b"abc") + END),
    "no name": ("not one that we write", GOOD + member(b"", b"abc") + END),
    "Windows name": ("not one that we write", GOOD + member(b"files\\01", b"abc") + END),
    "letters in a name": ("not one that we write", GOOD + member("files/ғ".encode(), b"abc") + END),
    "control in a name": ("not one that we write", GOOD + member(b"files/\x1b[2J", b"abc") + END),
    "dot": ("not one that we write", GOOD + member(b"./files/01", b"abc") + END),
    "base-256 size": (
        "eleven octal digits",
        GOOD + member(b"files/01", b"abc", size=b"\x80" + bytes(10) + b"\3") + END,
    ),
    "negative size": ("eleven octal digits", GOOD + member(b"files/01", b"abc", size=b"\xff" * 12) + END),
    "spaces in the size": ("eleven octal digits", GOOD + member(b"files/01", b"abc", size=b"         3 \0") + END),
    "digits no octal": ("eleven octal digits", GOOD + member(b"files/01", b"abc", size=b"00000000009\0") + END),
    "size beyond the end": ("has 8589934591 bytes", GOOD + member(b"files/01", b"abc", size=b"77777777777\0") + END),
    "report beyond 1 MiB": ("larger than 1 MiB", member(b"report.json", b"{}", size=b"00004000001\0") + END),
    "owner": ("owner, mode or time", GOOD + member(b"files/01", b"abc", uid=b"0001750") + END),
    "mode": ("owner, mode or time", GOOD + member(b"files/01", b"abc", mode=b"0004755") + END),
    "time": ("owner, mode or time", GOOD + member(b"files/01", b"abc", mtime=b"15000000000") + END),
    "user": ("owner, mode or time", GOOD + member(b"files/01", b"abc", uname=b"root") + END),
    "checksum": ("checksum is wrong", GOOD + ONE[:148] + b"000000\0 " + ONE[156:] + END),
    "missing file": ("files/01 is missing", GOOD + END),
    "duplicate": ("does not list", GOOD + ONE + ONE + END),
    "second report": ("another member stands where files/01", GOOD + GOOD + ONE + END),
    "unlisted": ("does not list", GOOD + ONE + member(b"files/02", b"x") + END),
    "wrong order": ("another member stands", GOOD + member(b"files/02", b"abc") + ONE + END),
    "another name": ("another member stands", GOOD + member(b"files/1", b"abc") + END),
    "longer": ("has 4 bytes where the report says 3", GOOD + member(b"files/01", b"abcd") + END),
    "shorter": ("has 2 bytes where the report says 3", GOOD + member(b"files/01", b"ab") + END),
    "filling": ("filling after files/01", GOOD + ONE[:-1] + b"x" + END),
    "no end": ("cut off", GOOD + ONE),
    "half an end": ("cut off", GOOD + ONE + bytes(512)),
    "end cut": ("cut off", GOOD + ONE + bytes(1_023)),
    "cut in a file": ("cut off", GOOD + ONE[:514]),
    "cut in a header": ("cut off", GOOD + ONE[:100]),
    "cut in the report": ("cut off", GOOD[:600]),
    "junk in the second block": ("follows the end", GOOD + ONE + bytes(512) + b"x" + bytes(511)),
    "junk after": ("follows the end", GOOD + ONE + END + b"x"),
    "another archive after": ("follows the end", GOOD + ONE + END + GOOD + ONE + END),
    "deep list": ("nested more than 32", raw_json(HEAD + b"[" * 33 + b"]" * 33 + b"}")),
    "very deep": ("nested more than 32", raw_json(b'{"a":' * 150_000)),
    "many values": ("more than 20000 values", raw_json(HEAD + b"[" + b"[]," * 20_001 + b"[]]}")),
    "many numbers": ("more than 20000 values", raw_json(HEAD + b"[" + b"0," * 20_001 + b"0]}")),
    "long text": ("more than 100000 characters", raw_json(HEAD + b'{"account":"' + b"a" * 100_001 + b'"}}')),
    "long key": ("more than 128 characters", raw_json(HEAD + b'{"' + b"a" * 129 + b'":1}}')),
    "key twice": ("same key twice", raw_json(HEAD + b'{"a":1,"a":2}}')),
    "key twice, spelled apart": ("same key twice", raw_json(HEAD + b'{"a":1,"\\u0061":2}}')),
    "keys twice by surrogates": ("same key twice", raw_json(HEAD + b'{"\\ud800":1,"\\udc00":2}}')),
    "NaN": ("a number that is none", raw_json(HEAD + b"NaN}")),
    "infinity": ("a number that is none", raw_json(HEAD + b"-Infinity}")),
    "overflow": ("too big", raw_json(HEAD + b"1e999}")),
    "huge integer": ("too big", raw_json(HEAD + b"9" * 100_000 + b"}")),
    "inexact integer": ("too big", raw_json(HEAD + b"9007199254740993}")),
    "not JSON": ("is not JSON: broken at character 0", raw_json(b"hello")),
    "a byte order mark": ("is not JSON", raw_json(b"\xef\xbb\xbf" + HEAD + b"{}}")),
    "two documents": ("is not JSON", raw_json(b"{}{}")),
    "unended text": ("is not JSON", raw_json(b'{"a":"' + b'\\"' * 200_000)),
    "control in a text": ("is not JSON", raw_json(HEAD + b'"\n"}')),
    "not UTF-8": ("is not UTF-8", raw_json(b'{"a":"\xff"}')),
    "UTF-16": ("is not", raw_json('{"a":1}'.encode("utf-16"))),
    "surrogates as UTF-8": ("is not UTF-8", raw_json(b'{"a":"\xed\xa0\x80"}')),
    "empty report": ("is not JSON", raw_json(b"")),
    "a list": ("not of the format", raw_json(b"[]")),
    "null": ("not of the format", raw_json(b"null")),
    "extra key": ("holds keys", json_member(extra=1) + ONE + END),
    "more files than any": ("at most 99", json_member(files=[{}] * 100) + ONE + END),
}


def test_the_good_parts_of_the_poison_are_good() -> None:
    _, files = unpacked(GOOD + ONE + END)
    assert [content for _, content in files] == [b"abc"]


@pytest.mark.parametrize("name", POISONED)
def test_a_poisoned_package_is_refused_with_its_own_reason(name: str) -> None:
    reason, raw = POISONED[name]
    with pytest.raises(Damaged, match=reason) as caught:
        unpacked(raw)
    assert caught.value.advice


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_mutation_is_damaged_or_gives_what_was_written(data: st.DataObject) -> None:
    report = replace(REPORT, files=REPORT.files[:2])
    raw = bytearray(packed(report, FILES[:2]))
    used = 6 * ustar.BLOCK + ustar.BLOCK
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, used))
        if data.draw(st.booleans()):
            raw[at] ^= data.draw(st.integers(1, 255))
        else:
            raw[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=20))
    try:
        found, files = unpacked(bytes(raw))
    except Damaged:
        return
    assert [entry.size for entry, _ in files] == [len(content) for _, content in files]
    again = Report.parse(found.to_json())
    assert again == found


@given(st.binary(max_size=2_000))
def test_junk_is_damaged(raw: bytes) -> None:
    with pytest.raises(Damaged):
        PackageReader(io.BytesIO(raw))


def test_a_python_tar_of_the_same_members_is_not_taken_for_ours() -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("report.json")
        info.size = len(REPORT.to_json())
        info.mtime = 1_700_000_000
        tar.addfile(info, io.BytesIO(REPORT.to_json()))
    with pytest.raises(Damaged, match="owner, mode or time"):
        unpacked(sink.getvalue())


def test_members_are_numbered_from_one_with_two_digits() -> None:
    assert [member_name(number) for number in (1, 9, 10, 99)] == ["files/01", "files/09", "files/10", "files/99"]
