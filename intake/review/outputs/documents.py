"""What a paper says, as parts in order: the same for PDF, DOCX and JSON. Pure.

Text in parts is text: no markup is ever read out of it. Where it comes from a report it passes `visible` on the way,
so that nothing turns a line round or hides in one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar

from intake.report.reading import visible

Style = Literal["plain", "note", "strong", "quote", "sentence"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 3."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph: `quote` is somebody's own words, `sentence` the one sentence that a paper is about."""

    text: str
    style: Style = "plain"


@dataclass(frozen=True, slots=True)
class Facts:
    """Lines of a name and what is known; `source`: the numbers of the reports that say so."""

    rows: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with a heading row; columns after the first stand to the right where `numbers` is set."""

    heading: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: bool = False
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing as SVG, or a picture as PNG; `alternative` says in words what is seen."""

    content: bytes
    kind: Literal["svg", "png"]
    alternative: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Checklist:
    """What is still missing, or what is there."""

    items: tuple[tuple[bool, str], ...]


@dataclass(frozen=True, slots=True)
class Break:
    """A new page."""


Part = Heading | Paragraph | Facts | Grid | Picture | Checklist | Break
Set_co = TypeVar("Set_co", covariant=True)


class Setter(Protocol[Set_co]):
    """A way to set a document: what becomes of each kind of part."""

    def heading(self, part: Heading, /) -> Set_co:
        """A heading."""

    def paragraph(self, part: Paragraph, /) -> Set_co:
        """A paragraph."""

    def facts(self, part: Facts, /) -> Set_co:
        """Names and what is known."""

    def grid(self, part: Grid, /) -> Set_co:
        """A table."""

    def picture(self, part: Picture, /) -> Set_co:
        """A picture."""

    def checklist(self, part: Checklist, /) -> Set_co:
        """What is still missing."""

    def new_page(self, part: Break, /) -> Set_co:
        """A new page."""


def set_part(part: Part, setter: Setter[Set_co]) -> Set_co:
    """One part, set in this way."""
    match part:
        case Heading():
            return setter.heading(part)
        case Paragraph():
            return setter.paragraph(part)
        case Facts():
            return setter.facts(part)
        case Grid():
            return setter.grid(part)
        case Picture():
            return setter.picture(part)
        case Checklist():
            return setter.checklist(part)
        case Break():
            return setter.new_page(part)


def widths(grid: Grid) -> tuple[float, ...]:
    """How wide each column is beside the others: as their longest words ask for, within reason."""
    columns = [*zip(grid.heading, *grid.rows, strict=True)]
    if grid.numbers:
        return (3.2 if len(columns) > 3 else 4.0, *[1.0] * (len(columns) - 1))
    return tuple(min(5.0, max(0.7, max(len(cell) for cell in column) ** 0.5 / 3)) for column in columns)


@dataclass(frozen=True, slots=True)
class Document:
    """A paper. `stamp` stands at the foot of each page: version and hash; `band` at the head, such as DRAFT."""

    title: str
    parts: tuple[Part, ...]
    stamp: str
    language: str = "en"
    direction: Literal["ltr", "rtl"] = "ltr"
    subtitle: str = ""
    band: str = ""
    pages: str = field(default="page {page} of {pages}")


def clean(text: str) -> str:
    """Text from outside, for a paper: NFC, control and format characters written out, characters no font has too."""
    return "".join(
        each if settable(each) else f"\\u{{{ord(each):x}}}" for each in visible(unicodedata.normalize("NFC", text))
    )


RANGES: Sequence[tuple[int, int]] = (
    (0x20, 0x7E),
    (0xA0, 0x17F),
    (0x218, 0x21B),
    (0x386, 0x386),
    (0x388, 0x38A),
    (0x38C, 0x38C),
    (0x38E, 0x3A1),
    (0x3A3, 0x3CE),
    (0x400, 0x45F),
    (0x490, 0x4F9),
    (0x60C, 0x60C),
    (0x61B, 0x61B),
    (0x61F, 0x61F),
    (0x621, 0x63A),
    (0x640, 0x655),
    (0x660, 0x66D),
    (0x670, 0x670),
    (0x674, 0x674),
    (0x679, 0x67B),
    (0x67E, 0x680),
    (0x683, 0x684),
    (0x686, 0x687),
    (0x691, 0x691),
    (0x698, 0x698),
    (0x6A4, 0x6A4),
    (0x6A9, 0x6A9),
    (0x6AF, 0x6AF),
    (0x6BE, 0x6BE),
    (0x6CC, 0x6CC),
    (0x6F0, 0x6F9),
    (0x2010, 0x2015),
    (0x2018, 0x201E),
    (0x2020, 0x2022),
    (0x2026, 0x2026),
    (0x2030, 0x2030),
    (0x2039, 0x203A),
    (0x20AC, 0x20AC),
    (0x2116, 0x2116),
    (0x2190, 0x2193),
    (0x2212, 0x2212),
)
"""Characters that the typesetter's own fonts have; a test sets every one."""


def settable(character: str) -> bool:
    """Whether a paper can show it on a machine without any font of its own."""
    return character in "\n\t\u200c\u200d" or any(low <= ord(character) <= high for low, high in RANGES)


def direction(text: str) -> Literal["ltr", "rtl"]:
    """By its first letter that has one."""
    for each in text:
        if (kind := unicodedata.bidirectional(each)) in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"
