"""The desk as a whole: one vault, one language, the screens over it, and the lock."""

from __future__ import annotations

import sys
import traceback
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual import events, work
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Input, Static

from intake.errors import IntakeError
from intake.keyring.summary import cautions
from intake.locale import packaged_places
from intake.review import alarms, bundles, inbox, timeline
from intake.review.chain import silence
from intake.review.desk.board import Board
from intake.review.desk.casepage import alarm_words
from intake.review.desk.deeds import Deeds
from intake.review.desk.front import Front
from intake.review.desk.keyboard import Keys, key
from intake.review.desk.rows import spread
from intake.review.desk.texts import DIM, URGENT, WARN, plain
from intake.review.desk.words import Words
from intake.review.doctor import Machine, leaks
from intake.review.idling import Locked
from intake.review.inbox import Counts
from intake.review.search import Gazette
from intake.review.triage import Readings
from intake.review.vault import Vault
from intake.terminal import say as say_on_stderr

LANGUAGES = ("en", "ru")
_TICK = 5.0  # seconds


class Desk(App[None]):
    """`intake review desk`. Give it an open vault; it never closes it."""

    TITLE = "desk"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False  # nothing goes to a clipboard by itself
    BINDINGS: ClassVar[Keys] = [key("f2", "language"), key("f12,ctrl+l", "lock")]

    def __init__(
        self,
        vault: Vault,
        language: str = "en",
        *,
        idle: timedelta = timedelta(minutes=5),
        readings: Readings | None = None,
    ) -> None:
        super().__init__()
        self.vault, self.readings = vault, readings
        self.words = Words(language)
        self.deeds = Deeds(vault)
        self.gazette = Gazette(packaged_places())
        self._idle, self._touched = idle, monotonic()
        self._counts: Counts | None = None
        self._warnings: list[tuple[str, Style]] | None = None
        self._locked = False

    def on_mount(self) -> None:
        """Show the list."""
        self.theme = "nord"
        self.push_screen(Front())
        self.set_interval(_TICK, self._tick)

    # What several screens say

    def counts(self) -> Counts:
        """How much there is, as of the last change."""
        if self._counts is None:
            with self.vault.reading() as connection:
                self._counts = inbox.counts(connection, self.vault.label, self.vault.now())
        return self._counts

    def forget_counts(self) -> None:
        """Something was changed: count anew, and look again at what rings."""
        self._counts = self._warnings = None

    def warnings(self) -> list[tuple[str, Style]]:
        """Everything that somebody has to look after, the worst first. Looked up after each change."""
        if self._warnings is not None:
            return self._warnings
        say, heard, vault = self.words.say, self.words.heard, self.vault
        with vault.reading() as connection:
            found = [(say("ALARM: {words}.", words=heard(each.words)), URGENT) for each in alarms.standing(connection)]
            found += [
                (f"{words[:1].upper()}{words[1:]} ({case_id[:8]})", URGENT)
                for case_id, alarm in timeline.every_alarm(connection, vault.now())
                if (words := alarm_words(alarm, self.words))
            ]
            quiet = silence(bundles.last_import(connection), vault.today())
        found += [(say("ALARM: {words}.", words=heard(quiet.words)), URGENT)] if quiet is not None else []
        chain = vault.chain
        found += [(f"{heard(each)}.", WARN) for each in (cautions(chain.newest, vault.today()) if chain else ())]
        found += [(f"{heard(each.found)}. {heard(each.advice)}", WARN) for each in leaks(Machine(datetime.now(UTC)))]
        self._warnings = found
        return found

    def warning(self, width: int) -> Text:
        """The worst in one line, and how many more there are."""
        found = self.warnings()
        if not found:
            return plain(self.words.say("No warnings."), DIM)
        told, style = found[0]
        more = self.words.say("w: {number} more", number=len(found) - 1) if len(found) > 1 else self.words.say("w: all")
        return spread(plain(f"{told[:1].upper()}{told[1:]}", style), plain(more, DIM), width)

    def action_language(self) -> None:
        """The next language."""
        at = LANGUAGES.index(self.words.language) if self.words.language in LANGUAGES else -1
        self.words = Words(LANGUAGES[(at + 1) % len(LANGUAGES)])
        self._warnings = None
        if not self._locked:
            self._begin_anew()

    # The lock

    async def on_event(self, event: events.Event) -> None:
        """Whoever presses a key or moves the mouse is here."""
        if isinstance(event, events.Key | events.MouseEvent | events.Paste):
            self._touched = monotonic()
        await super().on_event(event)

    def _tick(self) -> None:
        if not self._locked and monotonic() - self._touched >= self._idle.total_seconds():
            self.action_lock()
        elif not self._locked and isinstance(self.screen, Board):
            self.screen.tell()

    def action_lock(self) -> None:
        """Forget the key and everything that was read, and ask for the passphrase."""
        if self._locked:
            return
        self._locked = True
        self.vault.lock()
        self._counts = self._warnings = None
        self._clear()
        self.push_screen(LockScreen())

    def unlocked(self) -> None:
        """The vault is open again."""
        self._locked = False
        self._touched = monotonic()
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._clear()
        self.push_screen(Front())

    def _clear(self) -> None:
        while len(self.screen_stack) > 1:
            self.pop_screen()

    # A crash

    def _handle_exception(self, error: Exception) -> None:
        """What was under way when the vault was locked finds it locked: no fault, and its screen is gone."""
        if not (self._locked and isinstance(error, Locked)):
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Textual would print every local variable, and so a witness's words: only where it happened is told."""
        error = sys.exc_info()[1] or self._exception
        frames = traceback.extract_tb(error.__traceback__)[-3:] if error else []
        where = ", ".join(f"{frame.name} {frame.lineno}" for frame in frames)
        self._exit_renderables.append(
            plain(f"The desk stopped at a fault of its own ({type(error).__name__}: {where}). Nothing written is lost.")
        )
        self._close_messages_no_wait()


class LockScreen(Screen[None]):
    """Nothing but a line for the passphrase."""

    CSS = """
    LockScreen { align: center middle; }
    LockScreen Vertical { width: 60; height: auto; }
    LockScreen Static { height: auto; }
    """

    def compose(self) -> ComposeResult:
        """The line."""
        words = self._desk.words
        with Vertical():
            yield Static(plain(words.say("The desk is locked. Its passphrase opens it; Ctrl+Q ends it.")), markup=False)
            yield Input(password=True)
            yield Static(id="why", markup=False)

    @property
    def _desk(self) -> Desk:
        assert isinstance(self.app, Desk)
        return self.app

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Try it, beside the screen: the key takes its second."""
        event.stop()
        passphrase = event.value
        event.input.clear()
        self.query_one("#why", Static).update(plain(self._desk.words.say("One moment …"), DIM))
        self._unlock(passphrase)

    @work(thread=True, exclusive=True)
    def _unlock(self, passphrase: str) -> None:
        try:
            self._desk.vault.unlock(passphrase)
        except IntakeError as error:
            told = plain(self._desk.words.why_not(error), WARN)
            self.app.call_from_thread(self.query_one("#why", Static).update, told)
            return
        self.app.call_from_thread(self._desk.unlocked)


def run(vault: Vault, language: str, idle: timedelta, readings: Readings | None) -> None:
    """Show the desk until it is left."""
    desk = Desk(vault, language, idle=idle, readings=readings)
    desk.run()
    if desk.return_code:
        say_on_stderr("intake: the desk stopped.")
