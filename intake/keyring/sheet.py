"""A sheet of paper for each share: what is on it, as text for a terminal. `paper` sets the same as PDF.

It names neither the drop nor this software: the fingerprint finds the key in the keyring, for those who know which.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from intake.keyring.backups import SheetSet
from intake.keyring.shares import Share

TITLE = "Recovery words"
_COLUMNS = 5
_WIDTH = 14  # characters of a column: number, word of at most 8 letters, gap


@dataclass(frozen=True, slots=True)
class Sheet:
    """One share of `count`, the key's fingerprints (of what opens, if anything; last of what signs), and the day."""

    share: Share = field(repr=False)
    count: int
    fingerprints: tuple[str, ...]
    day: date

    @property
    def name(self) -> str:
        """For the file; no word on what it opens."""
        return f"sheet-{self.share.set_name}-{self.share.number}-of-{self.count}.pdf"

    @property
    def whole_set(self) -> SheetSet:
        """The set that this sheet is one of."""
        return SheetSet(self.share.set_name, self.share.threshold, self.count, self.day)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What stands above the words, as pairs of a name and a value."""
        return (
            ("Sheet", f"{self.share.number} of {self.count}"),
            ("Set", f"{self.share.set_name} (any {self.share.threshold} sheets of this set rebuild the key)"),
            ("Day", self.day.isoformat()),
            *(("Opening key", digits) for digits in self.fingerprints[:-1]),
            ("Signing key", self.fingerprints[-1]),
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What stands below the words."""
        share = self.share
        return (
            f"This sheet is a key: whoever has {share.threshold} sheets of set {share.set_name} has all of it.",
            "Keep it where no other sheet of the set is.",
            "Don't photograph it. Don't type it into a telephone or any machine that goes online.",
            f"When the key is retired, burn all {self.count} sheets and delete the files they were printed from.",
            "If the sheet was lost or others saw it, ask for a new key.",
        )

    def text(self) -> str:
        """For a terminal of 80 columns; the words run across, numbered."""
        words = [f"{number:3d} {word}".ljust(_WIDTH) for number, word in enumerate(self.share.words, 1)]
        rows = ["".join(words[start : start + _COLUMNS]).rstrip() for start in range(0, len(words), _COLUMNS)]
        return "\n".join([*(f"{name:12s} {value}" for name, value in self.facts), "", *rows, ""])
