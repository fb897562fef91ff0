"""The work of a drop that no visitor asks for.

Once a second a thread looks whether the operator changed the keyring and whether the UTC day has ended; at the day's
end it folds the store, again each minute until that was done, and prints what failed since the day before, as counts.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import date

from intake.drop.app import utc_today
from intake.drop.belief import Belief
from intake.drop.fold import fold
from intake.drop.folder import DataFolder
from intake.drop.mailboxes import Mailboxes
from intake.drop.shelf import PageShelf
from intake.drop.store import Store
from intake.drop.uploads import Uploads
from intake.errors import IntakeError

Say = Callable[[str], None]

ROUNDS = 10
"""Of so many rounds the caretaker asks the database in one."""
AGAIN = 60
"""After so many rounds a fold that failed is tried again."""


class Caretaker(threading.Thread):
    """Looks after the keyring and the end of each day, once a second."""

    def __init__(
        self,
        folder: DataFolder,
        store: Store,
        mailboxes: Mailboxes,
        uploads: Uploads,
        belief: Belief,
        pages: PageShelf,
        failures: Callable[[], Counter[str]],
        say: Say,
        today: Callable[[], date] = utc_today,
        *,
        trouble: Callable[[], str] = str,
    ) -> None:
        super().__init__(name="caretaker", daemon=True)
        self._folder = folder
        self._store = store
        self._mailboxes = mailboxes
        self._uploads = uploads
        self._belief = belief
        self._pages = pages
        self._failures = failures
        self._say = say
        self._today = today
        self._ended = threading.Event()
        self._reported: Counter[str] = Counter()
        self._tried = today()
        self._rounds = -1
        self._others = trouble
        self._troubles = ("", "")
        self._unfolded = ""  # why, if it failed, and after how many rounds it is tried again
        self._again = 0

    def run(self) -> None:
        """Until `end`."""
        self._rescued(self._begin)
        while not self._ended.wait(1):
            self._rescued(self.look)

    def _begin(self) -> None:
        if self._store.folded() != self._today():
            self._fold(self._today())

    def _rescued(self, work: Callable[[], None]) -> None:
        """An error that nobody foresaw is counted like that of any thread, and the next round comes all the same."""
        try:
            work()
        except Exception:
            kind, error, trace = sys.exc_info()
            assert kind is not None
            threading.excepthook(threading.ExceptHookArgs((kind, error, trace, self)))

    def look(self) -> None:
        """One round."""
        try:
            if self._belief.refresh():
                chain = self._belief.chain
                self._pages.follow(chain)
                self._say(f"keyring {chain.newest.serial} is served now")
        except IntakeError as error:
            self._say(f"the new keyring is refused, the one before stays: {error}")
        self._stay()
        if (today := self._today()) != self._tried:
            self._tried = today
            self._fold(today)
            self._report()
        elif self._again:
            self._again -= 1
            if not self._again:
                self._fold(today)

    def _stay(self) -> None:
        """Every few rounds: how it stands with what other nodes use too. Each trouble is said once, and its end."""
        self._rounds += 1
        if self._rounds % ROUNDS:
            return
        before, self._troubles = self._troubles, (self._database(), self._others())
        for was, now in zip(before, self._troubles, strict=True):
            if now != was:
                self._say(now or f"over: {was}")

    def _database(self) -> str:
        """Whether this node may still serve from a database that others use too."""
        try:
            self._store.database.renew()
        except IntakeError as error:
            return f"{error}. {error.advice}"
        return ""

    def end(self) -> None:
        """Stop after the round under way."""
        self._ended.set()
        if self.is_alive():
            self.join()

    def _fold(self, today: date) -> None:
        self._again = AGAIN  # unless it is done
        try:
            with self._store.alone(wait=True):
                self._mailboxes.expire(today)
                self._uploads.expire(today)
                if self._store.database.shared and self._store.folded() == today:
                    self._uploads.fold(today)  # another node has done the rest
                else:
                    fold(self._folder, self._store, today)
        except IntakeError as error:
            before, self._unfolded = self._unfolded, f"the store could not be folded: {error}"
            if self._unfolded != before:
                self._say(self._unfolded)
            return
        if self._unfolded:
            self._say(f"over: {self._unfolded}")
        self._again, self._unfolded = 0, ""

    def _report(self) -> None:
        """Counts since the last report; nothing about whom or when."""
        now = self._failures()
        for what, count in sorted((now - self._reported).items()):
            self._say(f"since yesterday: {what} x {count}")
        self._reported = Counter(now)
