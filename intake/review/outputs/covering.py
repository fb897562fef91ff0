"""Areas of a picture hidden in its pixels, and a ruler to find them by. Pure: bare pixels in, bare pixels out.

An area is told in thousandths of the picture's width and height, so that it lies in the same place at any size. Black
leaves nothing. Blur leaves at most `BLOCKS` by `BLOCKS` squares of `SHADES` shades for each channel, however large the
area is: enough to see that there was a face, too little to tell whose, or to try words against what is left (letters
and numbers are better made black all the same).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from intake.errors import Usage
from intake.review.preview import Picture

How = Literal["black", "blur"]
WHOLE = 1_000
"""What the width and the height of every picture count as."""
BLOCKS = 4
SHADES = 8

_AREA = re.compile(r"([0-9]{1,4}),([0-9]{1,4}),([0-9]{1,4}),([0-9]{1,4})")


@dataclass(frozen=True, slots=True, order=True)
class Area:
    """A rectangle of one page, from 1: left and top belong to it, right and bottom are where it ends."""

    page: int
    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        if not (
            1 <= self.page <= 65_535 and 0 <= self.left < self.right <= WHOLE and 0 <= self.top < self.bottom <= WHOLE
        ):
            raise Usage(
                f"{self} is no area of a picture",
                f"Give left,top,right,bottom in thousandths: 0,0,{WHOLE},{WHOLE} is the whole picture.",
            )

    def __str__(self) -> str:
        return f"{self.left},{self.top},{self.right},{self.bottom}"

    @classmethod
    def parse(cls, text: str, page: int) -> Area:
        """From `left,top,right,bottom`. Raises `Usage`."""
        if not (found := _AREA.fullmatch(text.replace(" ", ""))):
            raise Usage(
                f"{text!r} is no area", f"Give left,top,right,bottom in thousandths of the picture: 0 to {WHOLE}."
            )
        return cls(page, *map(int, found.groups()))

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """In pixels of a picture of this size, rounded outwards: left, top, right, bottom."""
        return (
            self.left * width // WHOLE,
            self.top * height // WHOLE,
            -(-self.right * width // WHOLE),
            -(-self.bottom * height // WHOLE),
        )


def covered(picture: Picture, areas: Iterable[tuple[Area, How]]) -> Picture:
    """The picture with these areas hidden in its pixels; those of other pages are passed over."""
    rows = bytearray(picture.pixels)
    own = sorted((each for each in areas if each[0].page == picture.page), key=lambda each: (each[1], each[0]))
    for area, how in reversed(own):  # black last: what is black under a blur must not shine through it
        box = area.box(picture.width, picture.height)
        if how == "black":
            _fill(rows, picture, box, bytes(picture.channels))
        else:
            _blur(rows, picture, box)
    return replace(picture, pixels=bytes(rows))


def ruled(picture: Picture, areas: Iterable[Area] = ()) -> Picture:
    """The picture with lines at each hundred thousandths, numbered at the edges, and a frame round these areas."""
    rows = bytearray(picture.pixels)
    width, height = picture.width, picture.height
    for mark in range(100, WHOLE, 100):
        x, y = mark * width // WHOLE, mark * height // WHOLE
        _fill(rows, picture, (x, 0, x + 1, height), _ink(picture, 160))
        _fill(rows, picture, (0, y, width, y + 1), _ink(picture, 160))
        for at in ((x + 2, 2), (2, y + 2)):
            _number(rows, picture, mark, at)
    for area in areas:
        left, top, right, bottom = area.box(width, height)
        for edge in (
            (left, top, right, top + 2),
            (left, bottom - 2, right, bottom),
            (left, top, left + 2, bottom),
            (right - 2, top, right, bottom),
        ):
            _fill(rows, picture, edge, b"\xff\x20\x20"[: picture.channels])
    return replace(picture, pixels=bytes(rows))


def _ink(picture: Picture, shade: int) -> bytes:
    return bytes([shade]) * picture.channels


def _number(rows: bytearray, picture: Picture, number: int, at: tuple[int, int]) -> None:
    """Digits of three by five dots, white on black, as large as the picture lets them be."""
    dot = max(1, min(picture.width, picture.height) // 250)
    left, top = at
    text = str(number)
    _fill(rows, picture, (left - 1, top - 1, left + 4 * dot * len(text), top + 5 * dot + 1), _ink(picture, 0))
    for place, digit in enumerate(text):
        for y, line in enumerate(_glyph(digit)):
            for x in range(3):
                if line >> (2 - x) & 1:
                    corner = (left + (place * 4 + x) * dot, top + y * dot)
                    _fill(rows, picture, (*corner, corner[0] + dot, corner[1] + dot), _ink(picture, 255))


def _glyph(digit: str) -> Iterator[int]:
    yield from map(int, _GLYPHS[int(digit)])


_GLYPHS = ("75557", "26227", "71747", "71717", "55711", "74717", "74757", "71111", "75757", "75717")
"""The five rows of each digit, as octal numbers of three dots."""


def _fill(rows: bytearray, picture: Picture, box: tuple[int, int, int, int], pixel: bytes) -> None:
    left, top, right, bottom = _within(box, picture)
    for y in range(top, bottom):
        start = (y * picture.width + left) * picture.channels
        rows[start : start + (right - left) * picture.channels] = pixel * (right - left)


def _blur(rows: bytearray, picture: Picture, box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = _within(box, picture)
    across, down = min(BLOCKS, right - left), min(BLOCKS, bottom - top)
    for column in range(across):
        for line in range(down):
            block = (
                left + column * (right - left) // across,
                top + line * (bottom - top) // down,
                left + (column + 1) * (right - left) // across,
                top + (line + 1) * (bottom - top) // down,
            )
            _fill(rows, picture, block, _mean(rows, picture, block))


def _mean(rows: bytearray, picture: Picture, block: tuple[int, int, int, int]) -> bytes:
    """The mean of a block in few shades: fine differences would tell more than is seen."""
    left, top, right, bottom = block
    sums = [0] * picture.channels
    for y in range(top, bottom):
        start = (y * picture.width + left) * picture.channels
        piece = rows[start : start + (right - left) * picture.channels]
        for channel in range(picture.channels):
            sums[channel] += sum(piece[channel :: picture.channels])
    count, step = max(1, (right - left) * (bottom - top)), 256 // SHADES
    return bytes(total // count // step * step + step // 2 for total in sums)


def _within(box: tuple[int, int, int, int], picture: Picture) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return max(0, left), max(0, top), min(picture.width, right), min(picture.height, bottom)
