"""People at one terminal with paper: shares shown, typed back, and typed in again.

Words are shown and typed at the terminal alone (`intake.screen`). A ceremony without one gives its shares by a
descriptor of their own, INTAKE_SHARES_FD, one share a line; showing has no such way, since typing back is its proof.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from intake.durable import private_folder, write_private
from intake.errors import Damaged, IntakeError, Usage
from intake.keyring.shares import SIZES, Gathering, Share, words_of
from intake.keyring.sheet import Sheet
from intake.memory import keep_private
from intake.screen import Screen, second_page
from intake.terminal import say


@contextmanager
def on_paper(sheets: Sequence[Sheet], folder: Path | None) -> Iterator[list[Path]]:
    """Show each sheet until it was typed back, then run the block, which gets the PDFs written to `folder`.

    A set that was not typed back to its end is no backup: its files go away, even when the window is closed, and also
    when the block fails. Raises `Usage` without a terminal, `click.Abort` when it is stopped.
    """
    paths: list[Path] = []
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, _stop)
    keep_private()
    try:
        with second_page() as screen:
            for sheet in sheets:
                if folder:
                    paths.append(_printable(folder, sheet))
                _show(screen, sheet, paths[-1] if paths else None)
                _typed_back(screen, sheet)
        yield paths
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        name = sheets[0].share.set_name
        say(f"Set {name} is not finished and no backup. Burn what was printed or written down of it.")
        raise


def _stop(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001  # the signature is signal's
    raise click.Abort


def gather() -> list[Share]:
    """Shares until they are enough, from the descriptor or typed. A bad one is told at once and stops nothing."""
    keep_private()
    descriptor = os.environ.get("INTAKE_SHARES_FD")
    gathering = Gathering()
    if not descriptor:
        with second_page() as screen:
            while gathering.missing != 0:
                try:
                    screen.add(_take(gathering, _typed_share(screen, gathering)))
                except IntakeError as error:
                    screen.add(f"No: {error}. {error.advice}")
        return gathering.shares
    damaged = False
    for number, line in enumerate(_lines(descriptor), 1):
        if gathering.missing != 0 and line.strip():
            try:
                say(f"Line {number}: {_take(gathering, words_of(line))}")
            except IntakeError as error:
                damaged = damaged or isinstance(error, Damaged)
                say(f"Line {number}: {error}.")
    if gathering.missing != 0:
        missing = f"{gathering.missing} more" if gathering.missing else "all"
        kind = Damaged if damaged else Usage
        raise kind(f"not enough shares: {missing} needed", "Nothing was written. Find more sheets of the same set.")
    return gathering.shares


def _take(gathering: Gathering, words: Sequence[str]) -> str:
    share = Share.parse(words)
    gathering.add(share)
    still = f"{gathering.missing} more needed" if gathering.missing else "that is enough"
    return f"share {share.number} of set {share.set_name} is good, {still}."


def _typed_share(screen: Screen, gathering: Gathering) -> tuple[str, ...]:
    """The words of one share, in one line or several. The first share of a set also tells how many words all have."""
    size = len(gathering.shares[0].words) if gathering.shares else SIZES[-1]
    words: tuple[str, ...] = ()
    while True:
        more = words_of(_line(screen, f"Next sheet, from word {len(words) + 1} (Enter alone: that was all): "))
        words += more
        if words and (not more or len(words) >= size or _is_whole(words)):
            return words


def _is_whole(words: Sequence[str]) -> bool:
    try:
        Share.parse(words)
    except Damaged:
        return False
    return True


def _lines(descriptor: str) -> Iterator[str]:
    if not descriptor.isdigit():
        raise Usage("INTAKE_SHARES_FD is not a number", "Set it to an open file descriptor, such as 4.")
    try:
        with os.fdopen(int(descriptor), "r", encoding="utf-8", errors="replace", closefd=False) as source:
            yield from source
    except OSError as error:
        raise Usage(
            f"INTAKE_SHARES_FD can't be read: {error.strerror}", "Open it for reading before the command."
        ) from error


def _printable(folder: Path, sheet: Sheet) -> Path:
    from intake.keyring.paper import pdf  # takes half a second to load, which no other command should wait for

    path = private_folder(folder) / sheet.name
    write_private(path, pdf(sheet))
    return path


def _show(screen: Screen, sheet: Sheet, path: Path | None) -> None:
    screen.page(sheet.text())
    screen.add(f"Print {path}, or copy this by hand." if path else "Copy this by hand.")
    _line(screen, "Press Enter when it is on paper; the words are then wiped from the screen. ")
    screen.page(f"Sheet {sheet.share.number} of {sheet.count}: type its words from the paper. A ? shows them again.")


def _typed_back(screen: Screen, sheet: Sheet) -> None:
    """Until every word of the sheet was typed; what was right before a wrong word stays."""
    share, done = sheet.share, 0
    while done < len(share.words):
        line = _line(screen, f"From word {done + 1}: ")
        if line.strip() == "?":
            _show(screen, sheet, None)
            continue
        words = words_of(line)
        wrong = share.wrong(words, done)
        if wrong is None:
            done += len(words)
        elif wrong > len(share.words):
            screen.add(f"That is more than the {len(share.words)} words of this sheet. Type the last ones again.")
        else:
            done = wrong - 1
            screen.add(f"Word {wrong} is another one. Look at the paper, and mend it there if it is wrong.")


def _line(screen: Screen, prompt: str) -> str:
    line = screen.ask(prompt)
    if line is None:
        raise click.Abort
    return line
