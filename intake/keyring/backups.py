"""Which sets of sheets a private file was split into: `reviewer-r1.backup` beside `reviewer-r1.age`.

    amonat/backup/1
    key 12345-12345-…              (1 to 4: fingerprints of what opens, last of what signs)
    set 04711 3 5 2026-11-24       (1 to 50: its number, how many sheets rebuild the key, how many there are, the day)

Only the key's owner has it. The public keyring says nothing of backups: where the sheets are worth searching for is
nobody's business. It holds no secret, but whoever finds it beside the key learns that sheets exist. A key that came
back from paper lists the set it came from, with `-` for the number of sheets, which they don't tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from intake.errors import Usage
from intake.keyring.fingerprint import DIGITS, fingerprint, grouped, normal
from intake.keyring.lines import Line, Lines
from intake.keyring.shares import SEEDS_LIMIT, SHARES_LIMIT

FORM = "amonat/backup/1"
SUFFIX = ".backup"
SETS_LIMIT = 50
_NAME = re.compile("[0-9]{5}")


@dataclass(frozen=True, slots=True)
class SheetSet:
    """Sheets that belong together, any `threshold` of which rebuild the key. `count` is None where nobody knows it."""

    name: str
    threshold: int
    count: int | None
    day: date

    def __str__(self) -> str:
        sheets = f"sheets 1 to {self.count}" if self.count else "all sheets"
        return f"{sheets} of set {self.name}, made on {self.day} (any {self.threshold} rebuild the key)"


@dataclass(frozen=True, slots=True)
class Backups:
    """All sets of one private file. `keys` are the fingerprints of its public halves."""

    keys: tuple[str, ...]
    sets: tuple[SheetSet, ...] = ()

    @classmethod
    def parse(cls, text: bytes) -> Backups:
        """Raises `Usage` naming the line."""
        lines = Lines(text, FORM, ("key", "set"), what="list of backups", error=Usage)
        keys = tuple(_fingerprint(line) for line in lines.many("key", 1, SEEDS_LIMIT))
        sets = tuple(_sheet_set(line) for line in lines.many("set", 1, SETS_LIMIT))
        lines.end()
        return cls(keys, sets)

    def __bytes__(self) -> bytes:
        lines = [
            FORM,
            *(f"key {key.replace(' ', '-')}" for key in self.keys),
            *(f"set {each.name} {each.threshold} {each.count or '-'} {each.day}" for each in self.sets),
        ]
        return ("\n".join(lines) + "\n").encode()

    def adding(self, made: SheetSet) -> Backups:
        """With one more set. Raises `Usage` when there are too many to be kept track of."""
        if made.name in {each.name for each in self.sets}:
            return self
        if len(self.sets) == SETS_LIMIT:
            raise Usage(f"this key has {SETS_LIMIT} sets of sheets already", "Burn them, and give it a new key.")
        return replace(self, sets=(*self.sets, made))

    def covers(self, texts: Iterable[str]) -> bool:
        """Whether the sheets rebuild the private halves of all these recipients and vkeys."""
        return {fingerprint(text) for text in texts} <= set(self.keys)


def _fingerprint(line: Line) -> str:
    (written,) = line.text(1)
    digits = normal(written) or ""
    if len(digits) != DIGITS or grouped(digits, "-") != written:
        line.refuse("the fingerprint is not 8 groups of 5 digits joined by -")
    return grouped(digits)


def _sheet_set(line: Line) -> SheetSet:
    name, threshold, count, day = line.text(4)
    if not _NAME.fullmatch(name):
        line.refuse("a set has a number of five digits")
    sheets = None if count == "-" else line.number(2, SHARES_LIMIT, count)
    return SheetSet(name, line.number(2, sheets or SHARES_LIMIT, threshold), sheets, line.day(day))
