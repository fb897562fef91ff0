"""What the desk's keys do: facts written into the signed log, one transaction for one press, and taken back by undo."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from intake.errors import Usage
from intake.review import handling
from intake.review.journal import Journal
from intake.review.triage import Tier
from intake.review.vault import Vault

_MOST = 200


@dataclass(frozen=True, slots=True)
class Deed:
    """One press of a key: what was done in words, and the events that it wrote."""

    said: str
    events: tuple[bytes, ...]


class Deeds:
    """All that this sitting has done, newest last. What others or an earlier sitting did is undone by commands."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._done: list[Deed] = []

    def do(self, said: str, work: Callable[[Journal], object]) -> Deed:
        """Write what `work` records, all of it or nothing. A deed that changes nothing can't be undone, nor need it."""
        with self._vault.journal() as journal:
            work(journal)
            deed = Deed(said, journal.recorded)
        if deed.events:
            self._done = [*self._done, deed][-_MOST:]
        return deed

    def quietly(self, work: Callable[[Journal], object]) -> None:
        """Write what nobody takes back: that something was read, or looked at."""
        with self._vault.journal() as journal:
            work(journal)

    def undo(self) -> Deed:
        """Take back the last deed: an inverse event for each of its events. Raises `Usage`."""
        if not self._done:
            raise Usage("there is nothing to take back", "Only what was done since the desk was opened can be.")
        deed = self._done[-1]
        with self._vault.journal() as journal:
            for event in reversed(deed.events):
                journal.undo(event)
        self._done.pop()
        return deed


def set_tier(ids: Iterable[str], tier: Tier | None, reason: str) -> Callable[[Journal], None]:
    """A person decides how urgent these are; None gives them back to the rules."""

    def work(journal: Journal) -> None:
        for each in ids:
            handling.decide(journal, each, tier, reason)

    return work


def set_marks(ids: Iterable[str], kind: str, name: str, *, on: bool) -> Callable[[Journal], None]:
    """A flag or tag, on or off."""

    def work(journal: Journal) -> None:
        for each in ids:
            handling.set_mark(journal, each, kind, name, on=on)

    return work


def set_field(ids: Iterable[str], field: str, value: str | None) -> Callable[[Journal], None]:
    """`assigned`, `hold` or `done`."""

    def work(journal: Journal) -> None:
        for each in ids:
            journal.record(handling.entity(each), field, value)

    return work
