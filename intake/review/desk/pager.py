"""A pane to read in: blocks of text wrapped to its width, of which only the lines in view are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from intake.review.desk.keyboard import Keys, key
from intake.review.desk.texts import Block


class Pager(ScrollView, can_focus=True):
    """Shows blocks; `show` replaces them. Space and the arrows move it."""

    BINDINGS: ClassVar[Keys] = [
        key("space", "page_down"),
        key("up", "scroll_up"),
        key("down", "scroll_down"),
        key("pageup", "page_up"),
        key("pagedown", "page_down"),
        key("home", "scroll_home"),
        key("end", "scroll_end"),
    ]
    DEFAULT_CSS = "Pager { overflow-x: hidden; scrollbar-size-vertical: 1; }"
    MARGIN = 1
    WIDEST = 96
    """Columns of a line: longer ones are hard to read."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's word
        super().__init__(id=id)
        self._blocks: Sequence[Block] = ()
        self._lines: list[tuple[int, Text]] = []
        self._width = 0

    def show(self, blocks: Sequence[Block], *, keep: bool = False) -> None:
        """Show these, from the beginning; `keep`: from where it stands."""
        self._blocks = blocks
        self._width = 0
        if not keep:
            self.scroll_home(animate=False)
        self._wrap()
        self.refresh()

    @property
    def text(self) -> str:
        """All that it shows, as a person would read it."""
        return "\n".join(" " * hang + line.plain for hang, line in self._lines)

    def on_resize(self) -> None:
        """Wrap anew."""
        self._wrap()

    def _wrap(self) -> None:
        width = self.size.width - 1  # the bar may come and go: the words stay where they are
        if width < 1 or width == self._width:
            return
        self._width = width
        self._lines = [
            (block.hang, line)
            for block in self._blocks
            for line in (
                block.text.wrap(self.app.console, max(8, min(width - 2 * self.MARGIN, self.WIDEST) - block.hang))
                if block.text.plain
                else (Text(""),)
            )
        ]
        self.virtual_size = Size(width, len(self._lines))

    def render_line(self, y: int) -> Strip:
        """One line in view."""
        width = self.scrollable_content_region.width
        at = y + self.scroll_offset.y
        if at >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        hang, line = self._lines[at]
        shown = Text.assemble(" " * (self.MARGIN + hang), line)
        strip = Strip(shown.render(self.app.console))
        return strip.adjust_cell_length(width, self.rich_style).apply_style(self.rich_style)
