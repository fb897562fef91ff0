"""Texts of one fact a line, read strictly: the words stand in one order, one space apart, and nothing else is there.

Keyrings, cards and pins share this. A text that reads at all is written back byte for byte the same.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NoReturn

from intake.errors import IntakeError, KeyringRefused

ORIGIN_LIMIT = 64
LABEL_LIMIT = 32
SERIAL_LIMIT = 999_999  # six digits in the names of files

_ORIGIN = re.compile(r"[a-z0-9.-]+", re.ASCII)
_LABEL = re.compile(r"[a-z0-9-]+", re.ASCII)
_NUMBER = re.compile(r"0|[1-9][0-9]*", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def named_badly(value: str, *, origin: bool = False) -> str | None:
    """Why `value` can't be a label (or an origin), as the rest of a sentence; None when it can."""
    limit, pattern, allowed = (
        (ORIGIN_LIMIT, _ORIGIN, "a-z, 0-9, '.' and '-'") if origin else (LABEL_LIMIT, _LABEL, "a-z, 0-9 and '-'")
    )
    if not value:
        return "is empty"
    if len(value) > limit:
        return f"is longer than {limit} characters"
    if pattern.fullmatch(value):
        return None
    strange = next(c for c in value if not pattern.fullmatch(c))
    looks = ", which may look like a Latin letter and is another one" if ord(strange) > 127 else ""
    return f"holds U+{ord(strange):04X}{looks}; only {allowed} are allowed"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its word, the values after it, and where it stands, for the message."""

    word: str
    values: tuple[str, ...]
    where: str
    error: type[IntakeError]

    def refuse(self, reason: str) -> NoReturn:
        """Raise this line's error, naming where it stands."""
        raise self.error(f"{self.where}: {reason}")

    def text(self, count: int) -> tuple[str, ...]:
        """All values, when there are exactly `count`."""
        if len(self.values) != count:
            self.refuse(f"'{self.word}' takes {count} value{'s' * (count != 1)}, and {len(self.values)} are there")
        return self.values

    def label(self, value: str | None = None) -> str:
        """The only value, or the one given: a label."""
        label = self.text(1)[0] if value is None else value
        if reason := named_badly(label):
            self.refuse(f"the label {reason}")
        return label

    def origin(self) -> str:
        """The only value, an origin."""
        (origin,) = self.text(1)
        if reason := named_badly(origin, origin=True):
            self.refuse(f"the origin {reason}")
        return origin

    def number(self, least: int, most: int, value: str | None = None) -> int:
        """The only value, or the one given: a decimal number without leading zeros, within bounds."""
        digits = self.text(1)[0] if value is None else value
        what = f"'{self.word}'" if value is None else f"a number of '{self.word}'"
        if not _NUMBER.fullmatch(digits) or len(digits) > 9:
            self.refuse(f"{what} is not a plain number")
        if not least <= int(digits) <= most:
            self.refuse(f"{what} is not between {least} and {most}")
        return int(digits)

    def day(self, value: str | None = None) -> date:
        """The only value, or the one given, as a day."""
        written = self.text(1)[0] if value is None else value
        try:
            if not _DAY.fullmatch(written):
                raise ValueError
            return date.fromisoformat(written)
        except ValueError:
            self.refuse(f"'{self.word}' has no day as YYYY-MM-DD")

    def digest(self, value: str | None = None) -> bytes:
        """The only value, or the one given: a SHA-256 in base64."""
        encoded = self.text(1)[0] if value is None else value
        try:
            raw = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        if len(raw) != 32 or base64.b64encode(raw).decode() != encoded:
            self.refuse(f"'{self.word}' is not a SHA-256 in base64")
        return raw


class Lines:
    """Reads a text from top to bottom. `words` are all words it may hold, the format's own first line before them.

    Raises `error` (`KeyringRefused` unless told otherwise) naming the line and what is wrong with it.
    """

    def __init__(
        self, text: bytes, form: str, words: Sequence[str], *, what: str, error: type[IntakeError] = KeyringRefused
    ) -> None:
        self._what, self._error, self._words = what, error, tuple(words)
        self._read: set[str] = set()
        self._next = 0
        try:
            lines = text.decode().split("\n")
        except UnicodeDecodeError:
            raise error(f"{what}: not UTF-8 text") from None
        if lines.pop():
            raise error(f"{what}: the last line has no end")
        self._lines = lines
        if not lines or lines[0] != form:
            family = form.rpartition("/")[0] + "/"
            if lines and lines[0].startswith(family):
                raise error(f"{what}: this is a newer format than {form}", "Install the newer version of this program.")
            raise error(f"{what}: the first line is not {form}")
        self._next = 1

    def _peek(self) -> str | None:
        return self._lines[self._next].split(" ")[0] if self._next < len(self._lines) else None

    def _take(self) -> Line:
        raw = self._lines[self._next]
        self._next += 1
        word, *values = raw.split(" ")
        line = Line(word, tuple(values), f"{self._what}, line {self._next}", self._error)
        if "" in values:
            line.refuse("a space too many")
        self._read.add(word)
        return line

    def one(self, word: str) -> Line:
        """The next line, which must begin with `word`."""
        if self._peek() != word:
            self._stray(f"the line '{word}' is missing")
        return self._take()

    def many(self, word: str, least: int, most: int) -> tuple[Line, ...]:
        """The run of lines that begin with `word`."""
        found = []
        while self._peek() == word:
            found.append(self._take())
            if len(found) > most:
                found[-1].refuse(f"more than {most} lines '{word}'")
        if len(found) < least:
            self._stray(f"the line '{word}' is missing")
        return tuple(found)

    def end(self) -> None:
        """Refuse whatever is left."""
        if self._next < len(self._lines):
            self._stray("")

    def _stray(self, otherwise: str) -> NoReturn:
        word, number = self._peek(), self._next + 1
        if word is None:
            raise self._error(f"{self._what}: {otherwise}; the text ends too early")
        if word == "":
            reason = "an empty line, or one that begins with a space"
        elif word not in self._words:
            reason = "an unknown line"
        elif word in self._read:
            reason = f"the line '{word}' is there twice or in the wrong place"
        else:
            reason = otherwise or f"the line '{word}' is in the wrong place"
        raise self._error(f"{self._what}, line {number}: {reason}")
