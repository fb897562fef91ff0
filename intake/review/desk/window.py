"""A list of very many submissions, read from the index a page at a time as somebody comes by it."""

from __future__ import annotations

from collections import OrderedDict

from intake.review import inbox
from intake.review.inbox import Line, Wanted
from intake.review.triage import Readings
from intake.review.vault import Vault

PAGE = 60
_PAGES = 12
"""Pages kept: whoever scrolls back a little waits for nothing, and memory stays flat."""


class Window:
    """What one `Wanted` finds. `len` of it is how many there are; `line` reads one, with its page."""

    def __init__(self, vault: Vault, wanted: Wanted, readings: Readings | None = None) -> None:
        self.wanted = wanted
        self.now = vault.now()
        self._vault, self._readings = vault, readings
        self._pages: OrderedDict[int, list[Line]] = OrderedDict()
        with vault.reading() as connection:
            self._length = inbox.number_of(connection, wanted, self.now)

    def __len__(self) -> int:
        return self._length

    def line(self, at: int) -> Line | None:
        """The line at a place from 0; None behind the end."""
        if not 0 <= at < self._length:
            return None
        page = self._page(at // PAGE)
        return page[at % PAGE] if at % PAGE < len(page) else None

    def find(self, report_id: str, near: int = 0) -> int | None:
        """Where a submission stands, looked for on the pages that were read, the one of `near` first."""
        for number in dict.fromkeys((near // PAGE, *self._pages)):
            for place, line in enumerate(self._page(number)):
                if line.id == report_id:
                    return number * PAGE + place
        return None

    def ids(self, most: int) -> list[str]:
        """The ids of the first so many."""
        with self._vault.reading() as connection:
            return [line.id for line in inbox.lines(connection, self.wanted, self.now, most)]

    def _page(self, number: int) -> list[Line]:
        if number in self._pages:
            self._pages.move_to_end(number)
            return self._pages[number]
        with self._vault.reading() as connection:
            page = inbox.lines(connection, self.wanted, self.now, PAGE, number * PAGE, self._readings)
        self._pages[number] = page
        if len(self._pages) > _PAGES:
            self._pages.popitem(last=False)
        return page
