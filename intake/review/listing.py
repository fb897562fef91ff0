"""The list of what was given to whom: `rewrapped.txt` beside the copies, a line each, for people and for the next run.

    <id> from <MAC> as <MAC> for r4 12345 12345 …, r5 12345 12345 …

The MACs (64 hex digits) are those of the header that was replaced and of the new one. A sealed file does not tell whom
it is for, so only this list can say that a copy which is there already is the one that is wanted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from intake.errors import Damaged, Fault
from intake.keyring.fingerprint import fingerprint
from intake.sealing import Header, HybridRecipient

NAME = "rewrapped.txt"

_LINE = re.compile(
    r"(?P<id>[0-9a-f]{32}) from (?P<old>[0-9a-f]{64}) as (?P<new>[0-9a-f]{64})"
    r" for (?P<readers>[a-z0-9-]{1,32}( [0-9]{5}){8}(, [a-z0-9-]{1,32}( [0-9]{5}){8})*)"
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody to give reports to. The label says nothing; the fingerprint says who it is."""

    label: str
    recipient: str

    @property
    def fingerprint(self) -> str:
        """40 digits in 8 groups."""
        return fingerprint(self.recipient)

    @property
    def sealed_to(self) -> HybridRecipient:
        """What wraps the file key."""
        return HybridRecipient.parse(self.recipient)

    def __str__(self) -> str:
        return f"{self.label} {self.fingerprint}"


class Listing:
    """The list in one folder, read once, then only appended to."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._lines: dict[str, re.Match[str]] = {}
        try:
            text = self._path.read_text("ascii", "replace") if self._path.exists() else ""
        except OSError as error:
            raise Fault(f"can't read {self._path}: {error.strerror}", "Check that the file is yours.") from error
        for line in text.split("\n"):
            # A line cut off by a crash tells nothing, and no file stands behind it yet.
            if (found := _LINE.fullmatch(line)) is not None:
                self._lines[found["id"]] = found
        self._cut_off = not text.endswith("\n") and text != ""

    def holds(self, name: str, copy: Path, source: Header, readers: Iterable[Reader]) -> bool:
        """Whether `copy` is already this very report for these very readers; False where nothing stands there.

        Raises `Fault` when something else does: nothing is ever overwritten.
        """
        if not copy.exists():
            return False
        line = self._lines.get(name)
        if line is not None and line["old"] == source.mac.hex() and line["new"] == _mac(copy):
            if _fingerprints(line["readers"]) == {reader.fingerprint for reader in readers}:
                return True
            raise Fault(f"{copy.name} is there already, for others", "Choose another folder for these reviewers.")
        raise Fault(f"another {copy.name} is there already", "Choose another folder, or move the old file away first.")

    def add(self, name: str, source: Header, made: Header, readers: Iterable[Reader]) -> None:
        """Write a line. Before the copy takes its name: a line without a copy does no harm, the reverse would."""
        line = f"{name} from {source.mac.hex()} as {made.mac.hex()} for {', '.join(map(str, readers))}"
        found = _LINE.fullmatch(line)
        assert found is not None
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(("\n" * self._cut_off + line + "\n").encode())
        self._lines[name] = found
        self._cut_off = False


def _fingerprints(readers: str) -> set[str]:
    return {reader.partition(" ")[2] for reader in readers.split(", ")}


def _mac(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return Header.parse(file).mac.hex()
    except (OSError, Damaged):
        return None
