"""Small questions over the screen: a line of text, one of several, yes or no. Escape always means: do nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from intake.review.desk.keyboard import Keys, key
from intake.review.desk.pager import Pager
from intake.review.desk.rows import Rows
from intake.review.desk.texts import Block, own, plain

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """A box in the middle: a question, what it offers, a line of help."""

    BINDINGS: ClassVar[Keys] = [key("escape", "leave")]
    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > Vertical {
        width: 90%; max-width: 76; height: auto; max-height: 90%;
        background: $surface; border: round $primary; padding: 0 1;
    }
    Dialog .question { height: auto; margin-bottom: 1; }
    Dialog .help { height: auto; color: $text-muted; margin-top: 1; }
    Dialog Rows { height: auto; max-height: 14; }
    Dialog Input { border: tall $primary; }
    """

    def __init__(self, question: str, help: str) -> None:  # noqa: A002  # what it is
        super().__init__()
        self._question, self._help = question, help

    def compose(self) -> ComposeResult:
        """The question, the middle, the help."""
        with Vertical():
            yield Static(plain(self._question, lines=True), classes="question", markup=False)
            yield from self.middle()
            yield Static(own(self._help), classes="help", markup=False)

    def middle(self) -> ComposeResult:
        """What the question offers."""
        yield from ()

    def action_leave(self) -> None:
        """Do nothing."""
        self.dismiss(None)


class Ask(Dialog[str]):
    """One line of text. The answer is None when nothing shall be done; "" is an answer where `empty` allows it."""

    def __init__(self, question: str, help: str, value: str = "", *, empty: bool = False, secret: bool = False) -> None:  # noqa: A002
        super().__init__(question, help)
        self._value, self._empty, self._secret = value, empty, secret

    def middle(self) -> ComposeResult:
        """The line."""
        yield Input(self._value, password=self._secret, max_length=4000)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        value = event.value if self._secret else event.value.strip()
        if value or self._empty:
            self.dismiss(value)


@dataclass(frozen=True, slots=True)
class Choice:
    """One row to choose from. `text` may hold anybody's words."""

    value: str
    text: str


class Choose(Dialog[str]):
    """One of several, by the arrows or by its number."""

    def __init__(self, question: str, help: str, choices: Sequence[Choice], at: int = 0) -> None:  # noqa: A002
        super().__init__(question, help)
        self._choices, self._at = choices, at

    def middle(self) -> ComposeResult:
        """The rows."""
        yield Rows(self._row)

    def on_mount(self) -> None:
        """Fill them."""
        self.query_one(Rows).load(len(self._choices), self._at)
        self.query_one(Rows).focus()

    def on_key(self, event: object) -> None:
        """A digit chooses at once."""
        pressed = str(getattr(event, "character", "") or "")
        if pressed.isdecimal() and pressed.isascii() and 0 < int(pressed) <= min(9, len(self._choices)):
            self.dismiss(self._choices[int(pressed) - 1].value)

    def on_rows_opened(self, event: Rows.Opened) -> None:
        """Enter."""
        event.stop()
        self.dismiss(self._choices[self.query_one(Rows).cursor].value)

    def on_rows_moved(self, event: Rows.Moved) -> None:
        """Nothing of the screen below."""
        event.stop()

    def _row(self, at: int, _: int) -> Text:
        number = f"{at + 1}" if at < 9 else " "
        return Text.assemble(f" {number}  ", plain(self._choices[at].text))


class Confirm(Dialog[bool]):
    """Enter for yes."""

    BINDINGS: ClassVar[Keys] = [key("enter", "agree")]

    def action_agree(self) -> None:
        """Yes."""
        self.dismiss(True)


class Page(Dialog[None]):
    """Something to read, such as all keys."""

    BINDINGS: ClassVar[Keys] = [key("enter,q", "leave")]

    def __init__(self, heading: str, help: str, blocks: Sequence[Block]) -> None:  # noqa: A002
        super().__init__(heading, help)
        self._blocks = blocks

    def middle(self) -> ComposeResult:
        """The text."""
        yield Pager()

    def on_mount(self) -> None:
        """Fill it."""
        pager = self.query_one(Pager)
        pager.styles.height = min(len(self._blocks) + 2, max(4, self.app.size.height - 10))
        pager.show(self._blocks)
        pager.focus()
