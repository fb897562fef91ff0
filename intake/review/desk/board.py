"""What the desk's screens have in common: a title, a list beside a pane, a status line, one line of help, and deeds."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Static

from intake.errors import IntakeError
from intake.review.desk.deeds import Deed
from intake.review.desk.dialogs import Ask, Choice, Choose, Confirm, Dialog, Page
from intake.review.desk.keyboard import Keys, key
from intake.review.desk.pager import Pager
from intake.review.desk.rows import Rows, spread
from intake.review.desk.texts import ACCENT, DIM, WARN, own, pairs, plain
from intake.review.journal import Journal

if TYPE_CHECKING:
    from intake.review.desk.app import Desk


class Board(Screen[None]):
    """A list and a pane: side by side where there is room, else one above the other, or the pane alone to read in."""

    AUTO_FOCUS = "#list"
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012  # Textual's
    BINDINGS: ClassVar[Keys] = [
        key("u", "undo"),
        key("escape", "back"),
        key("question_mark,f1", "help"),
    ]
    DEFAULT_CSS = """
    Board { background: $background; }
    Board > Static { height: 1; padding: 0 1; }
    Board #title { background: $panel; color: $text; }
    Board #body { height: 1fr; layout: vertical; }
    Board #list { height: 42%; }
    Board #pane { height: 1fr; border-top: solid $primary-darken-1; }
    Board.-wide #body { layout: horizontal; }
    Board.-wide #list { width: 46%; height: 1fr; }
    Board.-wide #pane { width: 1fr; height: 1fr; border-top: none; border-left: solid $primary-darken-1; }
    Board.-narrow.-reading #list { display: none; }
    Board.-narrow.-reading #pane { border-top: none; }
    Board #status { background: $panel; }
    Board #help { color: $text-muted; }
    """
    KEYS: Sequence[tuple[str, str]] = ()
    """Every key and what it does, for the page of all keys."""

    def __init__(self) -> None:
        super().__init__()
        self.said = Text("")

    @property
    def desk(self) -> Desk:
        """The app."""
        return cast("Desk", self.app)

    def say(self, message: str, **gaps: object) -> str:
        """In the desk's language."""
        return self.desk.words.say(message, **gaps)

    @property
    def rows(self) -> Rows:
        """The list."""
        return self.query_one("#list", Rows)

    @property
    def pane(self) -> Pager:
        """The pane."""
        return self.query_one("#pane", Pager)

    def compose(self) -> ComposeResult:
        """From the top."""
        yield Static(id="title", markup=False)
        yield from self.above()
        with Container(id="body"):
            yield Rows(self.row, id="list")
            yield Pager(id="pane")
        yield Static(id="status", markup=False)
        yield Static(id="help", markup=False)

    def above(self) -> ComposeResult:
        """What stands between the title and the list."""
        yield from ()

    @abstractmethod
    def row(self, at: int, width: int) -> Text:
        """A row of the list."""

    @abstractmethod
    def reload(self, *, keep: bool = False) -> None:
        """Read all anew; `keep`: the cursor stays where it is."""

    @abstractmethod
    def heading(self) -> str:
        """What the title says of the list."""

    @abstractmethod
    def help_line(self) -> str:
        """The keys that count just now, in one line of 78 columns."""

    def tell(self, message: Text | None = None) -> None:
        """The lines above and below the list; `message` stands in the status line until the next one."""
        if message is not None:
            self.said = message
        if not self.query("#help"):
            return  # the clock ticked before the screen was built, or after it went
        desk, room = self.desk, max(20, self.size.width - 2)
        total = self.rows.count
        place = f"{self.rows.cursor + 1:,}/{total:,}" if total else "0"
        title = Text.assemble(
            *((("PRACTICE", WARN), " · ") if desk.vault.practice else ()),
            (self.say("Desk of {label}", label=desk.vault.label), "bold"), " · ", plain(self.heading()), f" · {place}",
        )  # fmt: skip
        clock = Text(f"{desk.vault.now():%Y-%m-%d %H:%M} UTC", DIM)
        self.query_one("#title", Static).update(spread(title, clock, room))
        self.query_one("#status", Static).update(self.said if self.said.plain else desk.warning(room))
        self.query_one("#help", Static).update(own(self.help_line()))

    def attempt(self, work: Callable[[], object]) -> bool:
        """Do it, or say why not."""
        try:
            work()
        except IntakeError as error:
            self.tell(plain(self.desk.words.why_not(error), WARN))
            return False
        return True

    def do(self, said: str, work: Callable[[Journal], object]) -> bool:
        """Write a deed, and show everything as it is then."""
        if not self.attempt(lambda: self.desk.deeds.do(said, work)):
            return False
        self.said = plain(self.say("{deed}. u takes it back.", deed=said), ACCENT)
        self._changed()
        return True

    def action_undo(self) -> None:
        """Take back the last deed."""
        done: list[Deed] = []
        if self.attempt(lambda: done.append(self.desk.deeds.undo())):
            self.said = plain(self.say("Taken back: {deed}.", deed=done[0].said), ACCENT)
            self._changed()

    def _changed(self) -> None:
        self.desk.forget_counts()
        self.reload(keep=True)

    def ask(self, question: str, then: Callable[[str], object], value: str = "", *, empty: bool = False) -> None:
        """A line of text; `then` gets it, unless Escape was pressed."""
        help_line = self.say("Enter sets it   Esc does nothing")
        self._put(Ask(question, help_line, value, empty=empty), then)

    def choose(self, question: str, choices: Sequence[Choice], then: Callable[[str], object], at: int = 0) -> None:
        """One of several; `then` gets its value, unless Escape was pressed."""
        help_line = self.say("Enter or its number chooses   Esc does nothing")
        self._put(Choose(question, help_line, choices, at), then)

    def confirm(self, question: str, help_line: str, then: Callable[[], object]) -> None:
        """Enter for yes."""

        def answered(yes: bool | None) -> None:
            if yes:
                then()

        self.desk.push_screen(Confirm(question, help_line), answered)

    def _put(self, dialog: Dialog[str], then: Callable[[str], object]) -> None:
        def answered(answer: str | None) -> None:
            if answer is not None:
                then(answer)

        self.desk.push_screen(dialog, answered)

    @property
    def reading(self) -> bool:
        """Whether the keys go to the pane."""
        return self.has_class("-reading") or isinstance(self.focused, Pager)

    def on_descendant_focus(self) -> None:
        """The line of help is of whatever has the keys."""
        self.tell()

    def read(self) -> None:
        """Let the keys go to the pane; on a narrow screen it is all there is."""
        self.set_class(True, "-reading")
        self.pane.focus()
        self.tell()

    def unread(self) -> bool:
        """Back to the list; whether the keys went to the pane."""
        was = self.reading
        self.set_class(False, "-reading")
        self.said = Text("")
        self.rows.focus()
        return was

    def action_back(self) -> None:
        """Out of the pane."""
        self.unread()
        self.tell()

    def action_help(self) -> None:
        """All keys."""
        width = max(len(name) for name, _ in self.KEYS)
        rows = pairs((f"{name:<{width}}", self.say(text)) for name, text in self.KEYS)
        self.desk.push_screen(Page(self.say("All keys"), self.say("Esc back"), rows))
