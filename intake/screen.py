"""Words that must not stay on a screen: shown on the terminal's second page, which keeps no history, then wiped.

Neither stdout nor stderr ever gets them, so that no pipe, log or `script` of a service does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from intake.errors import Usage

_OPEN = "\x1b[?1049h\x1b[2J\x1b[H"
_WIPE = "\x1b[2J\x1b[H"
_CLOSE = "\x1b[2J\x1b[H\x1b[?1049l"


@dataclass(frozen=True, slots=True)
class Screen:
    """The person's terminal itself, whatever stdin and stdout are."""

    source: TextIO
    sink: TextIO

    def page(self, text: str) -> None:
        """Wipe what is shown, and show this."""
        self.add(_WIPE + text)

    def add(self, text: str) -> None:
        """Show more below it."""
        self.sink.write(f"{text}\n")
        self.sink.flush()

    def ask(self, prompt: str) -> str | None:
        """The line typed, which the screen shows as it is typed; None at the end of input (Ctrl-D)."""
        self.sink.write(prompt)
        self.sink.flush()
        line = self.source.readline()
        return line or None


@contextmanager
def second_page() -> Iterator[Screen]:
    """The terminal's second page, wiped and left however the block ends. Raises `Usage` when there is no terminal."""
    try:
        descriptor = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except OSError as error:
        raise Usage("there is no terminal to show and type words at", "Run this at a terminal of its own.") from error
    with (
        os.fdopen(descriptor, "r", encoding="utf-8", errors="replace") as source,
        os.fdopen(os.dup(descriptor), "w", encoding="utf-8") as sink,
    ):
        screen = Screen(source, sink)
        sink.write(_OPEN)
        try:
            yield screen
        finally:
            sink.write(_CLOSE)
            sink.flush()
