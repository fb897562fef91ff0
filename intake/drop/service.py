"""One drop in service: the parts put together, and the work that no visitor asks for.

Once a second a thread looks whether the operator changed the keyring and whether the UTC day has ended; at the day's
end it folds the store, again each minute until that was done, and prints what failed since the day before, as counts.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date

from intake.drop.acceptance import BODY_LIMIT
from intake.drop.app import create_app, utc_today
from intake.drop.arrival import Bounds
from intake.drop.assets import Assets
from intake.drop.belief import Belief
from intake.drop.blobs import FOLDER
from intake.drop.config import Config
from intake.drop.counters import Counters
from intake.drop.database import SQLITE
from intake.drop.fold import fold
from intake.drop.folder import DataFolder, Role
from intake.drop.mailboxes import Mailboxes
from intake.drop.pages import Pages, Setting
from intake.drop.parts import keep_reserve
from intake.drop.plain import body_limit
from intake.drop.server import Server
from intake.drop.sockets import allow_files, listener, place
from intake.drop.store import Store
from intake.drop.tally import silence
from intake.drop.uploads import Uploads
from intake.durable import write_private
from intake.errors import IntakeError
from intake.keyring import Chain, Roots
from intake.memory import keep_unswapped, lasting

Say = Callable[[str], None]

ROUNDS = 10
"""Of so many rounds the caretaker asks the database in one."""
AGAIN = 60
"""After so many rounds a fold that failed is tried again."""


@dataclass(slots=True)
class _Shown:
    """The pages for the roots and threshold that they name."""

    roots: tuple[str, ...]
    threshold: int
    pages: Pages


class PageShelf:
    """The pages of the keyring served now: drawn again only when roots or threshold change."""

    def __init__(self, config: Config, assets: Assets, chain: Chain) -> None:
        self._config = config
        self._assets = assets
        self._shown = self._draw(chain)

    def __call__(self) -> Pages:
        """The pages now."""
        return self._shown.pages

    def follow(self, chain: Chain) -> None:
        """Draw again if the page must trust other roots."""
        if (_roots(chain), chain.newest.threshold) != (self._shown.roots, self._shown.threshold):
            self._shown = self._draw(chain)

    def _draw(self, chain: Chain) -> _Shown:
        config, roots, threshold = self._config, _roots(chain), chain.newest.threshold
        setting = Setting(
            origin=chain.origin,
            roots=roots,
            threshold=threshold,
            questionnaire=config.questionnaire,
            languages=config.languages,
            reading_times=config.reading_times,
            urgent_contacts=config.urgent_contacts,
            organisation=config.organisation,
            leave_url=config.leave_url,
            places=config.places,
            catalogs=config.catalogs,
            plain_form=config.plain_form,
            plain_files=config.plain_files,
            onion=config.onion,
            drafts=config.drafts,
        )
        return _Shown(roots, threshold, Pages(setting, self._assets))


def _roots(chain: Chain) -> tuple[str, ...]:
    return tuple(str(key) for key in chain.newest.root_keys)


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


def _signed(config: Config, chain: Chain) -> tuple[str, ...]:
    """Whether WEBCAT's files vouch for what is served now."""
    if not config.webcat.files:
        return ()
    from intake.drop.checking import Manifest
    from intake.drop.reference import Reference

    reference = Reference(config, chain)
    return config.webcat.cautions(bytes(Manifest.of(reference.ask, reference.index, reference.paths())))


def serve(config: Config, say: Say) -> None:
    """Serve until SIGTERM or SIGINT. Raises `IntakeError` for whatever keeps it from starting."""
    os.umask(0o077)
    if not keep_unswapped():
        say("memory may be written to swap: switch swap off, or let the service lock memory (LimitMEMLOCK=infinity)")
    tally = silence()
    bounds = Bounds(plain=body_limit(config.plain_files * 2**20) if config.plain_form else BODY_LIMIT)
    allow_files(bounds.connections)
    folder = DataFolder.open(config.data, create=True)
    reserve = config.limits.reserve * 2**20
    database, room = config.database or SQLITE, config.limits.room * 2**20
    with (
        ExitStack() as start,
        folder.held(Role.SERVE),
        Store(folder, reserve=reserve, database=database, blobs=config.blobs, room=room) as store,
        store.database.serving(alone=config.blobs == FOLDER),
    ):
        start.enter_context(lasting())
        keep_reserve(folder, reserve)
        belief = Belief(folder, config.keyring, Roots.typed(config.root), utc_today)
        store.bind(belief.chain.origin)
        assets = Assets.load()
        pages = PageShelf(config, assets, belief.chain)
        mailboxes = Mailboxes(store)
        uploads = Uploads(folder, store.parts, store, reserve=reserve)
        store.parts.ready(utc_today())
        uploads.ready(utc_today())
        counters = Counters(config.limits.counters)
        write_private(folder.counters, counters.place.encode(), replace=True)
        app = create_app(config, lambda: belief.chain, store, mailboxes, uploads, pages, assets, counters=counters)
        with listener(config.listen) as bound:
            server = Server(app, bound, bounds)
            caretaker = Caretaker(
                folder,
                store,
                mailboxes,
                uploads,
                belief,
                pages,
                lambda: app.failures + server.failures + tally.counts,
                say,
                trouble=lambda: " ".join(f"{each}." for each in counters.cautions()),
            )
            caretaker.start()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: server.stop())
            for warning in (*belief.chain.warnings, *store.database.cautions(), *_signed(config, belief.chain)):
                say(warning)
            start.close()
            say(f"serving {place(bound)}")
            server.serve()
            caretaker.end()
