r"""Text for the screen. Whatever a witness wrote becomes a `Text` of harmless characters here, and never markup.

Control, format and private characters, and those that turn a line round, stand written out as `\u{202e}`, in a colour
of their own: a reader sees that something was there. No markup is parsed: Textual would run an action named in a
witness's words. A *block* is one paragraph with its indent; `Pager` wraps blocks to the width there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from intake.terminal import safe

HEADING = Style(bold=True)
DIM = Style(dim=True)
URGENT = Style(color="#ff8a93", bold=True)
WARN = Style(color="#ebcb8b", bold=True)
GOOD = Style(color="#a3be8c")
ACCENT = Style(color="#88c0d0")
STRANGE = Style(color="magenta", reverse=True)
"""How a character that was written out looks."""

LONGEST = 20_000
"""Characters of one paragraph that are shown at once."""

_WRITTEN_OUT = re.compile(r"\\u\{[0-9a-f]+\}")
CURSOR = Style(bgcolor="#1f4a86", bold=True)
RESTING = Style(bgcolor="#3b4252")
"""The chosen row, while the keys go to the list and while they don't."""

_TIERS = (URGENT, Style(color="#ebcb8b"), Style(), DIM)


def plain(text: str, style: Style | None = None, *, lines: bool = False) -> Text:
    """Anybody's text, harmless, on one line unless `lines`."""
    shown = Text(safe(text if lines else " ".join(text.split()), lines=lines), style=style or "")
    shown.highlight_regex(_WRITTEN_OUT, style=STRANGE)
    return shown


def tier_style(tier: int) -> Style:
    """Of T0 to T3."""
    return _TIERS[tier]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph. `hang`: columns by which it is set in."""

    text: Text
    hang: int = 0


def own(text: str, style: Style | None = None) -> Text:
    """The desk's own words, with their spaces; safe all the same, since they may hold anybody's."""
    return plain(text, style, lines=True)


def block(text: str, style: Style | None = None, hang: int = 0) -> Block:
    """One paragraph of anybody's text."""
    return Block(plain(text, style), hang)


def blank() -> Block:
    """An empty line."""
    return Block(Text(""))


def paragraphs(text: str, style: Style | None = None, hang: int = 0, more: str = "") -> Iterator[Block]:
    """A text of many lines. What is longer than `LONGEST` is cut, and `more` stands for the rest."""
    for line in text[:LONGEST].split("\n"):
        yield Block(plain(line.rstrip().expandtabs(4), style, lines=True), hang)
    if len(text) > LONGEST and more:
        yield Block(plain(more, DIM), hang)


def pairs(rows: Iterable[tuple[str, str]]) -> list[Block]:
    """Labels and values, a line each; those without a value are left out."""
    return [Block(Text.assemble((f"{label}  ", DIM), plain(value))) for label, value in rows if value]
