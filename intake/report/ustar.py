r"""Plain POSIX tar (IEEE Std 1003.1, pax, "ustar interchange format"), written and read strictly.

An archive here is members of regular files and an end of at least 1,024 zero bytes, and nothing else. Each member is
one 512-byte header, its bytes, and zeros up to a multiple of 512. A header has one legal form for a name and a size:

    0    100  name: ASCII, filled with zero bytes
    100    8  mode     "0000600\0"
    108    8  uid      "0000000\0"
    116    8  gid      "0000000\0"
    124   12  size     eleven octal digits and "\0"
    136   12  mtime    "00000000000\0"
    148    8  checksum six octal digits, "\0", " ": the sum of all bytes with this field as eight spaces
    156    1  type     "0"
    157  100  linkname zero bytes
    257    8  magic    "ustar\0", version "00"
    265   64  uname, gname: zero bytes
    329   16  devmajor, devminor "0000000\0" each
    345  167  prefix and the rest: zero bytes

The reader builds the header anew from the name and size it found and compares all 512 bytes, so links, devices, PAX and
GNU extensions, base-256 numbers, prefixes, owners and times can't occur; what the name may be is the caller's to say.
"""

from __future__ import annotations

import hashlib
import io
import re
from typing import IO, BinaryIO

from intake.errors import Damaged, Fault

BLOCK = 512
END = 2 * BLOCK
LARGEST_MEMBER = 8**11 - 1

_NAME = re.compile(rb"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
_PIECE = 65_536
_ZEROS = bytes(BLOCK)


def header(name: str, size: int) -> bytes:
    """The 512 bytes before a member. Raises `ValueError` for a name or size that the format can't hold."""
    raw = name.encode("ascii")
    if not (_NAME.fullmatch(raw) and len(raw) < 100 and {b".", b".."}.isdisjoint(raw.split(b"/"))):
        raise ValueError("a member needs a short, plain, relative name")
    if not 0 <= size <= LARGEST_MEMBER:
        raise ValueError(f"{size} is no size of a member")
    zero = b"0000000\0"
    start = raw.ljust(100, b"\0") + b"0000600\0" + zero + zero + b"%011o\0" % size + b"00000000000\0"
    rest = b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + zero + zero + bytes(167)
    return start + b"%06o\0 " % (sum(start) + sum(rest) + 8 * 0x20) + rest


def member_size(size: int) -> int:
    """How many bytes a member of `size` bytes takes in an archive, header and filling included."""
    return BLOCK + -(-size // BLOCK) * BLOCK


class Writer:
    """Writes members to a sink, one after the other."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self.size = 0

    def add(self, name: str, size: int, source: IO[bytes]) -> None:
        """Copy exactly `size` bytes of `source`. Raises `Fault` when it holds fewer or more."""
        self._write(header(name, size))
        left = size
        while left and (piece := source.read(min(left, _PIECE))):
            self._write(piece)
            left -= len(piece)
        if left or source.read(1):
            raise Fault(f"{name} changed its length while it was packed", "Try again when nothing writes to it.")
        self._write(bytes(-size % BLOCK))

    def add_bytes(self, name: str, content: bytes) -> None:
        """`add` for a few bytes at hand."""
        self.add(name, len(content), io.BytesIO(content))

    def close(self, total: int | None = None) -> None:
        """Write the end: zeros up to `total` bytes of archive (at least 1,024 of them), or 1,024 zeros."""
        left = END if total is None else total - self.size
        if left < END:
            raise ValueError("no room for the end of the archive")
        while left:
            piece = min(left, _PIECE)
            self._write(bytes(piece))
            left -= piece

    def _write(self, piece: bytes) -> None:
        self._sink.write(piece)
        self.size += len(piece)


class Member(io.RawIOBase):
    """The bytes of one member, readable once while the reader stands at it.

    With `sha256` or `expected` the member must have that hash or size: reading raises `Damaged` instead of handing out
    its last bytes. The reader itself is not hurt by that and can go on to the next member.
    """

    def __init__(self, reader: Reader, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self.sha256: str | None = None
        self.expected: int | None = None
        self._reader = reader
        self._left = size
        self._hash = hashlib.sha256()

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer is 3.12's
        """Some of the bytes left; 0 at the end. Raises `Damaged`."""
        if self.expected not in (None, self.size):
            raise Damaged(f"{self.name} has {self.size} bytes where {self.expected} were announced")
        piece = self._next(len(buffer))
        if piece and self.sha256 is not None:
            self._hash.update(piece)
            if not self._left and self._hash.hexdigest() != self.sha256:
                raise Damaged(f"{self.name} is not the file that was listed: its SHA-256 differs")
        buffer[: len(piece)] = piece
        return len(piece)

    def skip(self) -> None:
        """Pass over what was not read."""
        while self._left:
            self._next(_PIECE)

    def _next(self, most: int) -> bytes:
        piece = self._reader.take(min(self._left, most, _PIECE))
        self._left -= len(piece)
        return piece


class Reader:
    """Reads an archive once, from start to end; memory stays flat whatever it holds.

    `next` gives the members, `finish` checks that nothing but zeros follows. Both raise `Damaged`, with a reason each.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._member: Member | None = None
        self._ended = False

    def next(self) -> Member | None:
        """The next member, or None at the end mark. Skips what was left of the one before."""
        if self._ended:
            return None
        if self._member is not None:
            self._member.skip()
            if self.take(-self._member.size % BLOCK).strip(b"\0"):
                raise Damaged(f"the filling after {self._member.name} is not zero")
            self._member = None
        block = self.take(BLOCK)
        if block == _ZEROS:
            self._ended = True
            return None
        name, size = _parse(block)
        self._member = Member(self, name, size)
        return self._member

    def finish(self) -> None:
        """Read to the end of the source: at least one more block, and only zeros."""
        if self.next() is not None:
            raise Damaged("the archive holds more than it should")
        left = self.take(END - BLOCK)
        while left:
            if left != bytes(len(left)):  # as fast as memory is; looking for another byte is not
                raise Damaged("something follows the end of the archive")
            left = self._source.read(_PIECE)

    def take(self, size: int) -> bytes:
        """Exactly `size` bytes of the source. Raises `Damaged` when it ends before."""
        pieces = []
        while size:
            piece = self._source.read(size)
            if not piece:
                raise Damaged("the archive is cut off")
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)


def _parse(block: bytes) -> tuple[str, int]:
    """Name and size of a header. Raises `Damaged`, saying which part is not as we write it."""
    raw, digits, kind = block[:100].rstrip(b"\0"), block[124:136], block[156:157]
    if block[257:265] != b"ustar\x0000":
        raise Damaged("this is no archive of ours: its header is not plain ustar")
    if kind != b"0":
        raise Damaged(f"a member is not a regular file but {_KINDS.get(kind, 'of an unknown type')}")
    if not re.fullmatch(rb"[0-7]{11}\0", digits):
        raise Damaged("a member's size is not written as eleven octal digits")
    if raw.startswith(b"/"):
        raise Damaged("a member has an absolute name")
    if b".." in raw.split(b"/"):
        raise Damaged("a member's name climbs out of the archive")
    if any(block[345:]):
        raise Damaged("a member's name uses a prefix")
    size = int(digits[:11], 8)
    try:
        name = raw.decode("ascii")
        plain = header(name, size)
    except ValueError:
        raise Damaged("a member's name is not one that we write") from None
    if plain[148:156] != block[148:156]:
        raise Damaged("a header's checksum is wrong, or it holds an owner, mode or time that we never write")
    if plain != block:
        raise Damaged("a header holds more than a name and a size")
    return name, size


_KINDS = {
    b"\0": "of the old type",
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a character device",
    b"4": "a block device",
    b"5": "a folder",
    b"6": "a pipe",
    b"7": "a contiguous file",
    b"x": "a PAX header",
    b"g": "a global PAX header",
    b"L": "a GNU long name",
    b"K": "a GNU long link",
    b"S": "a sparse file",
}
