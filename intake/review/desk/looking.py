"""The files of a submission as plain pixels, drawn in the sandbox: small and grey first, in half blocks, on the screen.

`o` writes the same pixels, larger, as new PNG files into a private folder in memory and opens the machine's own viewer,
where there is a screen for one; the folder goes with this page. Nothing here ever parses what a witness sent.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import ClassVar

from rich.color import Color
from rich.style import Style
from rich.text import Text
from textual import work
from textual.worker import get_current_worker

from intake.errors import IntakeError
from intake.review import submissions
from intake.review.desk.inner import Inner
from intake.review.desk.keyboard import Keys, key
from intake.review.desk.marking import marked
from intake.review.desk.rows import spread
from intake.review.desk.texts import DIM, WARN, Block, blank, block, plain
from intake.review.doctor import MEMORY, in_memory
from intake.review.files import attached
from intake.review.preview import Picture, Wish, preview
from intake.review.submissions import Submission

LARGE = 1_600
"""Pixels of the longer side of what is written for a viewer."""

_HALF = "▀"


def drawn(picture: Picture, columns: int) -> list[Block]:
    """A picture in half blocks, two rows of it in one of the screen."""
    rows = picture.blocks(columns)
    blocks = []
    for at in range(0, len(rows), 2):
        line = Text()
        under = rows[at + 1] if at + 1 < len(rows) else rows[at]
        for upper, lower in zip(rows[at], under, strict=True):
            line.append(_HALF, Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower)))
        blocks.append(Block(line))
    return blocks


class Looking(Inner):
    """The files of one submission, and one of them."""

    BINDINGS: ClassVar[Keys] = [key("g", "colour"), key("o", "viewer"), key("p,q", "leave")]
    KEYS = (
        ("Enter", marked("show it small and grey; Esc goes back")),
        ("g", marked("in colour, or grey again")),
        ("o", marked("larger, in this machine's picture viewer")),
        ("p", marked("back to the report")),
    )

    def __init__(self, report_id: str) -> None:
        super().__init__()
        self._report = report_id
        self._found: Submission | None = None
        self._colour = False
        self._shown: int | None = None
        self._folder: Path | None = None

    def on_mount(self) -> None:
        """Read their names."""
        with self.desk.vault.reading() as connection:
            self._found = submissions.find(connection, self._report)
        super().on_mount()

    def on_unmount(self) -> None:
        """Nothing stays in memory."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def reload(self, *, keep: bool = False) -> None:
        """The list."""
        count = len(self._found.report.files) if self._found else 0
        self.rows.load(count, self.rows.cursor if keep else 0)
        self.show()
        self.tell()

    def row(self, at: int, width: int) -> Text:
        """Name, type and size, as the witness's device told them."""
        assert self._found is not None
        entry = self._found.report.files[at]
        return spread(
            Text.assemble(f" {at + 1}  ", plain(entry.name)), plain(f"{entry.type} {entry.size:,} B", DIM), width
        )

    def heading(self) -> str:
        """Of which submission."""
        return self.say("files of {id}", id=self._report[:8])

    def help_line(self) -> str:
        """For a file."""
        return self.say("Enter show  g colour  o larger, in a viewer  p back  Sound is never played.")

    def on_rows_moved(self) -> None:
        """Another file: nothing of it is shown by itself."""
        self._shown = None
        self._colour = False
        super().on_rows_moved()

    def on_rows_opened(self) -> None:
        """Show it."""
        self._shown = self.rows.cursor
        self.read()
        self._start()

    def action_colour(self) -> None:
        """In colour, or grey again."""
        if self._shown is not None:
            self._colour = not self._colour
            self._start()

    def action_viewer(self) -> None:
        """Larger, elsewhere."""
        if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")) or shutil.which("xdg-open") is None:
            told = self.say(
                "There is no picture viewer here. `intake review preview {id} --to FOLDER` writes them.",
                id=self._report[:8],
            )
            self.tell(plain(told, WARN))
            return
        if not in_memory(Path(MEMORY), Path("/proc/mounts").read_text("utf-8")):
            self.tell(plain(self.say("{folder} is not in memory here: nothing is written.", folder=MEMORY), WARN))
            return
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(dir=MEMORY))
        self._look(self.rows.cursor, Wish(side=LARGE, colour=self._colour), self._folder)

    def show(self) -> None:
        """What Enter would do: nothing of a file shows by itself."""
        told = self.say(
            "Enter shows it small and grey, as plain pixels made in the sandbox. It may be hard to look at."
        )
        self.pane.show([block(told, DIM)])

    def _start(self) -> None:
        self.pane.show([block(self.say("One moment …"), DIM)])
        self._look(self.rows.cursor, Wish(colour=self._colour), None)

    @work(thread=True, exclusive=True)
    def _look(self, at: int, wish: Wish, folder: Path | None) -> None:
        """Beside the screen: a video takes its seconds."""
        worker = get_current_worker()
        assert self._found is not None
        try:
            with attached(self.desk.vault, self._found, at + 1) as source:
                pictures, end = preview(source, wish)
        except IntakeError as error:
            if not worker.is_cancelled:
                self.app.call_from_thread(self.pane.show, [block(self.desk.words.why_not(error), WARN)])
            return
        if worker.is_cancelled:
            return
        if folder is not None:
            names = [folder / f"{at + 1:02}-{picture.page:03}.png" for picture in pictures]
            for name, picture in zip(names, pictures, strict=True):
                name.write_bytes(picture.png())
            subprocess.Popen(["xdg-open", str(names[0])], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603, S607
            return
        shown: list[Block] = []
        columns = max(16, min(self.pane.size.width - 4, 76))
        for picture in pictures:
            told = self.say("page {page} of {pages}", page=picture.page, pages=end.pages)
            if end.kind == "video":
                told = self.say("still {page} of {pages}, {seconds} s long, without sound",
                                page=picture.page, pages=end.pages, seconds=end.seconds)  # fmt: skip
            shown += [block(told, DIM), *drawn(picture, columns), blank()]
        self.app.call_from_thread(self.pane.show, shown)
