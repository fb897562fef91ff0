"""The one thing that leaves the sandbox: rows of pixels, in a format that has nothing to parse but numbers.

    frame    "AMPX", page u16 (from 1), width u16, height u16, channels u8 (1 grey, 3 RGB), zero u8, then the pixels
    end      "AMPX", 0 u16, pages in all u16, seconds of video u16, kind u8 (an index of KINDS), zero u8

Numbers are big-endian. What sent them may be under an attacker's control, so anything else is refused. PNG (RFC 2083)
is written here from the bare pixels: no byte of the original, no profile and no name is in it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from intake.errors import Damaged

MAGIC = b"AMPX"
HEAD = struct.Struct(">4sHHHBB")
KINDS = ("image", "pdf", "video", "text")
SIDE = 3_000
"""Pixels that no side of a picture exceeds."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ADVICE = "Whatever decoded it may be under the control of who made it. Trust nothing that it showed."


@dataclass(frozen=True, slots=True)
class Picture:
    """One page, still or image: `channels` is 1 (grey) or 3 (RGB), `pixels` the rows from the top, 8 bits each."""

    page: int
    width: int
    height: int
    channels: int
    pixels: bytes

    def png(self) -> bytes:
        """The same as a PNG file."""
        row = self.width * self.channels
        lines = b"".join(b"\x00" + self.pixels[start : start + row] for start in range(0, len(self.pixels), row))
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 0 if self.channels == 1 else 2, 0, 0, 0)
        return _SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(lines, 1)) + _chunk(b"IEND", b"")

    def blocks(self, columns: int) -> list[list[tuple[int, int, int]]]:
        """The picture as rows of (red, green, blue), `columns` wide, each the mean of its square: for a terminal."""
        columns = max(1, min(columns, self.width))
        rows = max(1, self.height * columns // self.width)
        return [[self._mean(x, y, columns, rows) for x in range(columns)] for y in range(rows)]

    def _mean(self, x: int, y: int, columns: int, rows: int) -> tuple[int, int, int]:
        left, right = x * self.width // columns, max((x + 1) * self.width // columns, x * self.width // columns + 1)
        top, under = y * self.height // rows, max((y + 1) * self.height // rows, y * self.height // rows + 1)
        sums, row = [0, 0, 0], self.width * self.channels
        for line in range(top, under):
            piece = self.pixels[line * row + left * self.channels : line * row + right * self.channels]
            for channel in range(3):
                sums[channel] += sum(piece[channel % self.channels :: self.channels])
        count = (right - left) * (under - top)
        return (sums[0] // count, sums[1] // count, sums[2] // count)


@dataclass(frozen=True, slots=True)
class End:
    """What the sandbox says last: the kind, the pages or images there are in all, the seconds of a video."""

    kind: str
    pages: int
    seconds: int


def read(take: Callable[[int], bytes], most: int) -> tuple[list[Picture], End]:
    """All that the sandbox sent, at most `most` pictures; `take` gives exactly so many bytes, or fewer at the end.

    Raises `Damaged` for whatever is not of the format.
    """
    pictures: list[Picture] = []
    while True:
        head = take(HEAD.size)
        if len(head) != HEAD.size:
            raise Damaged("the sandbox broke off", _ADVICE)
        magic, page, first, second, kind, zero = HEAD.unpack(head)
        if magic != MAGIC or zero:
            raise _odd()
        if page == 0:
            break
        if not (0 < first <= SIDE and 0 < second <= SIDE and kind in (1, 3) and len(pictures) < most):
            raise _odd()
        pixels = take(first * second * kind)
        if len(pixels) != first * second * kind:
            raise Damaged("the sandbox broke off", _ADVICE)
        pictures.append(Picture(page, first, second, kind, pixels))
    # The fields of an end: pages, seconds, kind.
    if kind >= len(KINDS) or take(1):
        raise _odd()
    return pictures, End(KINDS[kind], first, second)


def _odd() -> Damaged:
    return Damaged("the sandbox answered in no way that it may", _ADVICE)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
