"""Archives that other people's tools read, and that ours reads strictly."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.errors import Damaged, Fault
from intake.report.ustar import BLOCK, END, LARGEST_MEMBER, Reader, Writer, header, member_size

Members = list[tuple[str, bytes]]

MEMBERS: Members = [
    ("report.json", b"{}"),
    ("files/01", b""),
    ("files/02", bytes(range(256)) * 2),
    ("a/b/c", b"x" * 513),
]
names = st.from_regex(r"[A-Za-z0-9_-]{1,20}(/[A-Za-z0-9_-]{1,20}){0,3}", fullmatch=True)


def archive(members: Members, total: int | None = None) -> bytes:
    sink = io.BytesIO()
    writer = Writer(sink)
    for name, content in members:
        writer.add_bytes(name, content)
    writer.close(total)
    assert writer.size == len(sink.getvalue())
    return sink.getvalue()


def read(source: BinaryIO) -> Members:
    reader = Reader(source)
    found = []
    while (member := reader.next()) is not None:
        found.append((member.name, io.BufferedReader(member).read()))
    reader.finish()
    return found


class Dripping(io.RawIOBase):
    """A source that gives a few bytes at a time, as a pipe may."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer is 3.12's
        piece = self._content.read(min(7, len(buffer)))
        buffer[: len(piece)] = piece
        return len(piece)

    def read(self, size: int = -1) -> bytes:
        return self._content.read(7 if size < 0 else min(size, 7))


@given(st.lists(st.tuples(names, st.binary(max_size=2_000)), max_size=6), st.integers(0, 5))
def test_what_is_written_is_read_back_here_and_by_python(members: Members, more: int) -> None:
    size = sum(member_size(len(content)) for _, content in members) + END
    raw = archive(members, size + more * BLOCK)
    assert len(raw) == size + more * BLOCK
    assert read(io.BytesIO(raw)) == members
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as tar:
        for info, (name, content) in zip(tar, members, strict=True):
            assert (info.name, info.size, info.mode, info.mtime) == (name, len(content), 0o600, 0)
            assert (info.uid, info.gid, info.uname, info.gname) == (0, 0, "", "")
            assert info.isreg()
            file = tar.extractfile(info)
            assert file is not None
            assert file.read() == content


def test_gnu_tar_lists_and_unpacks_it(tmp_path: Path) -> None:
    tar = shutil.which("tar")
    assert tar, "GNU tar is part of every Debian"
    raw = archive(MEMBERS, 16_384)
    listed = subprocess.run([tar, "-t"], input=raw, capture_output=True, check=True)
    assert listed.stdout.decode().split() == [name for name, _ in MEMBERS]
    assert listed.stderr == b""
    subprocess.run([tar, "-x", "-C", tmp_path], input=raw, check=True)
    assert [(name, (tmp_path / name).read_bytes()) for name, _ in MEMBERS] == MEMBERS
    assert (tmp_path / "report.json").stat().st_mode & 0o777 == 0o600


@given(names, st.integers(0, LARGEST_MEMBER))
def test_a_header_is_one_that_python_would_call_ustar(name: str, size: int) -> None:
    info = tarfile.TarInfo.frombuf(header(name, size), "ascii", "strict")
    assert (info.name, info.size, info.type) == (name, size, tarfile.REGTYPE)


@pytest.mark.parametrize(
    "name", ["", "/a", "a/", "../a", "a/../b", "./a", "a//b", "a b", "ғ", "a\0b", "a\n", "a" * 100, "..", "a\\b", "C:a"]
)
def test_names_that_are_never_written(name: str) -> None:
    with pytest.raises(ValueError):
        header(name, 1)


@pytest.mark.parametrize("size", [-1, LARGEST_MEMBER + 1])
def test_sizes_that_are_never_written(size: int) -> None:
    with pytest.raises(ValueError):
        header("a", size)


@pytest.mark.parametrize("content", [b"123", b"12345"])
def test_a_file_that_changes_while_it_is_packed_is_named(content: bytes) -> None:
    with pytest.raises(Fault, match="files/01 changed its length"):
        Writer(io.BytesIO()).add("files/01", 4, io.BytesIO(content))


def test_no_room_for_the_end_is_a_mistake_of_the_caller() -> None:
    writer = Writer(io.BytesIO())
    writer.add_bytes("a", b"1")
    with pytest.raises(ValueError):
        writer.close(writer.size + END - 1)


def test_a_slow_source_gives_the_same(tmp_path: Path) -> None:
    assert read(Dripping(archive(MEMBERS))) == MEMBERS  # type: ignore[arg-type]  # reads as a BinaryIO does


def test_unread_members_are_passed_over() -> None:
    reader = Reader(io.BytesIO(archive(MEMBERS)))
    found = []
    while (member := reader.next()) is not None:
        found.append(member.name)
    reader.finish()
    assert found == [name for name, _ in MEMBERS]


@given(st.data())
@settings(max_examples=400)
def test_any_mutation_is_damaged_or_changes_bytes_inside_a_member_only(data: st.DataObject) -> None:
    raw = bytearray(archive(MEMBERS, 4_096 + END))
    for _ in range(data.draw(st.integers(1, 4))):
        kind = data.draw(st.sampled_from(["flip", "cut", "insert", "swap"]))
        at = data.draw(st.integers(0, max(0, len(raw) - 1)))
        if kind == "flip" and raw:
            raw[at] ^= data.draw(st.integers(1, 255))
        elif kind == "cut":
            del raw[at:]
        elif kind == "insert":
            raw[at:at] = data.draw(st.binary(min_size=1, max_size=600))
        else:
            block = at // BLOCK * BLOCK
            raw[block : block + BLOCK], raw[:BLOCK] = raw[:BLOCK], raw[block : block + BLOCK]
    try:
        found = read(io.BytesIO(bytes(raw)))
    except Damaged:
        return
    assert archive(found, len(raw)) == bytes(raw), "what is accepted has one spelling"


@given(st.binary(max_size=3_000))
def test_junk_is_damaged(raw: bytes) -> None:
    if raw.strip(b"\0"):
        with pytest.raises(Damaged):
            read(io.BytesIO(raw))
