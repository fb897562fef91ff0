"""A person at a terminal of their own: reads what it shows, types lines, keeps passphrases on a descriptor."""

from __future__ import annotations

import codecs
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from intake.keyring.shares import words_of

PATIENCE = 120  # seconds without the words waited for


class Terminal:
    """One command at one pseudo-terminal, which is its controlling one."""

    def __init__(self, command: Sequence[str | Path], folder: Path, secrets: Iterable[str] = ()) -> None:
        self.shown = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a piece may end within a letter
        self._read = 0
        self._ours, theirs = pty.openpty()
        reader, writer = os.pipe()
        os.write(writer, "".join(f"{secret}\n" for secret in secrets).encode())
        os.close(writer)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("INTAKE_")}
        self._process = subprocess.Popen(
            # What runs in the background of a shell ignores ^C, and so would all that it starts.
            ["env", "--default-signal=INT", "setsid", "-c", "-w", *command],
            cwd=folder,
            env=environment | {"INTAKE_PASSPHRASE_FD": str(reader), "PYTHONWARNINGS": "error"},
            pass_fds=[reader],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        os.close(reader)

    def until(self, words: str) -> str:
        """What was shown since the last time, up to and with `words`."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.shown[self._read :]:
            assert self._more(deadline), f"{words!r} was never shown: {self.shown[self._read :]}"
        start, self._read = self._read, self.shown.index(words, self._read) + len(words)
        return self.shown[start : self._read]

    def type(self, line: str) -> None:
        os.write(self._ours, f"{line}\n".encode())

    def press(self, keys: str) -> None:
        """Keys without an Enter."""
        os.write(self._ours, keys.encode())

    def interrupt(self) -> None:
        os.write(self._ours, b"\x03")

    def end_input(self) -> None:
        os.write(self._ours, b"\x04")

    def hang_up(self) -> int:
        """Close the window; the command's exit status."""
        os.close(self._ours)
        self._ours = os.open(os.devnull, os.O_RDWR)
        return self._process.wait(timeout=PATIENCE)

    def end(self) -> int:
        """Wait for its end; its exit status."""
        deadline = time.monotonic() + PATIENCE
        while self._more(deadline):
            pass
        return self._process.wait(timeout=PATIENCE)

    @property
    def left(self) -> str:
        """What still stands on the terminal afterwards: all but what was on its second page."""
        return re.sub(r"\x1b\[\?1049h.*?\x1b\[\?1049l", "", self.shown, flags=re.DOTALL)

    def close(self) -> None:
        os.close(self._ours)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _more(self, deadline: float) -> bool:
        """Whether there may be more to come."""
        while time.monotonic() < deadline:
            if select.select([self._ours], [], [], 1)[0]:
                try:
                    piece = os.read(self._ours, 4096)
                except OSError:  # the other end is gone
                    return False
                self.shown += self._decoder.decode(piece)
                return bool(piece)
        raise AssertionError(f"nothing for {PATIENCE} s: {self.shown[self._read :]}")


def copied(screen: Terminal) -> tuple[str, ...]:
    """What a person writes down while a share is shown."""
    return words_of(screen.until("wiped from the screen. ").split("\r\n\r\n")[1])


def put_on_paper(screen: Terminal, sheets: int) -> list[tuple[str, ...]]:
    """Copy each sheet, and type it back."""
    paper = []
    for _ in range(sheets):
        paper.append(copied(screen))
        screen.type("")
        screen.until("From word 1: ")
        screen.type(" ".join(paper[-1]))
    return paper


def type_shares(screen: Terminal, paper: Iterable[Sequence[str]]) -> None:
    """Type each share when it is asked for."""
    for words in paper:
        screen.until("from word 1 (")
        screen.type(" ".join(words))


@contextmanager
def terminal(*command: object, folder: Path, secrets: Iterable[str] = ()) -> Iterator[Terminal]:
    """`intake …` at a terminal; it ends with the block."""
    found = Terminal([sys.executable, "-m", "intake", *map(str, command)], folder, secrets)
    try:
        yield found
    finally:
        found.close()
