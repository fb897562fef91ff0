"""The list: as many rows as there are submissions, of which only those in view are read and drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from intake.review.desk.keyboard import Keys, key
from intake.review.desk.texts import CURSOR, RESTING


class Rows(ScrollView, can_focus=True):
    """A list of any length. `draw` gives the row of a place, at a width; it is asked for what is in view alone."""

    BINDINGS: ClassVar[Keys] = [
        key("up", "move(-1)"),
        key("down", "move(1)"),
        key("pageup", "turn(-1)"),
        key("pagedown", "turn(1)"),
        key("home", "jump(0)"),
        key("end", "jump(-1)"),
        key("enter", "open"),
    ]

    DEFAULT_CSS = "Rows { overflow-x: hidden; scrollbar-size-vertical: 1; }"

    cursor: reactive[int] = reactive(0)
    count: reactive[int] = reactive(0)

    class Moved(Message):
        """The cursor stands elsewhere, or the list is another."""

    class Opened(Message):
        """Enter was pressed, or a row clicked that was chosen already."""

    def __init__(self, draw: Callable[[int, int], Text], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._draw = draw

    def load(self, count: int, cursor: int = 0) -> None:
        """The list is another now, or has changed."""
        self.virtual_size = Size(self.scrollable_content_region.width, count)
        self.set_reactive(Rows.count, count)
        self.set_reactive(Rows.cursor, max(0, min(cursor, count - 1)))
        self._follow()
        self.refresh()
        self.post_message(self.Moved())

    def action_move(self, by: int) -> None:
        """Up or down."""
        self._to(self.cursor + by)

    def action_turn(self, by: int) -> None:
        """A page up or down."""
        self._to(self.cursor + by * max(1, self.scrollable_content_region.height - 1))

    def action_jump(self, to: int) -> None:
        """To the first row; -1: the last."""
        self._to(to % max(1, self.count))

    def action_open(self) -> None:
        """Open what the cursor stands on."""
        if self.count:
            self.post_message(self.Opened())

    def on_click(self, event: events.Click) -> None:
        """A click chooses, a second one opens."""
        at = event.y + self.scroll_offset.y
        if at >= self.count:
            return
        if at == self.cursor:
            self.action_open()
        self._to(at)

    def on_resize(self) -> None:
        """Rows are as wide as the list."""
        self.virtual_size = Size(self.scrollable_content_region.width, self.count)
        self._follow()

    def on_focus(self) -> None:
        """The cursor shows whether the keys go here."""
        self.refresh()

    def on_blur(self) -> None:
        """Likewise."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row in view."""
        width = self.scrollable_content_region.width
        at = y + self.scroll_offset.y
        if at >= self.count:
            return Strip.blank(width, self.rich_style)
        row = self._draw(at, width)
        row.truncate(width, overflow="ellipsis")
        strip = Strip(row.render(self.app.console)).adjust_cell_length(width)
        if at == self.cursor:
            strip = strip.apply_style(CURSOR if self.has_focus else RESTING)
        return strip.apply_style(self.rich_style)

    def _to(self, place: int) -> None:
        place = max(0, min(place, self.count - 1))
        if place != self.cursor:
            self.cursor = place
            self._follow()
            self.refresh()
            self.post_message(self.Moved())

    def _follow(self) -> None:
        if self.count:
            self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)


def spread(left: Text, right: Text, width: int) -> Text:
    """A row with something at each end; the left gives way."""
    room = width - cell_len(right.plain) - 1
    if not right.plain or room < width // 2:
        return left
    left.truncate(room, overflow="ellipsis", pad=True)
    return Text.assemble(left, " ", right)
