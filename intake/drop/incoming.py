"""A folder into which an operator puts what came by messenger or mail: what is sealed to us goes into the store.

A file goes from the folder only when all of it is on disk in the store: a sealed file whole, or a text that holds
nothing but blocks of such files. Whatever else lies there is named and left as it is.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from intake.drop.courier import Shelf, is_sealed, take
from intake.drop.entering import Outcome
from intake.drop.problems import FULL, TOO_LARGE, Problem
from intake.durable import sync_folder
from intake.errors import Fault
from intake.keyring import Chain
from intake.report.blocks import Gathered, Pasted, gather, look, name_of

LIMIT = 16 * 1024 * 1024
"""Bytes of the longest file that is looked at: a long chat in which blocks stand."""

_ASK_AGAIN = "it is no whole report sealed to this drop's reviewers: damaged, cut off, or for somebody else"
_TOO_LARGE = "it is larger than 1 MiB: hand it to a reviewer on a stick"
_FULL = "the disk is full: make room and take it again"
_MORE = "its reports were taken in; it holds other text too, so delete it yourself"


@dataclass(frozen=True, slots=True)
class Found:
    """One file of the folder. `new` and `known` count its reports; `left` says why it still lies there, or is empty."""

    name: str
    new: int
    known: int
    left: str


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was read, once: only what was read then decides whether it goes. `content`: None if too long."""

    path: Path
    seen: os.stat_result
    content: bytes | None = None

    @property
    def text(self) -> str | None:
        """For a file that is no sealed one."""
        return None if self.content is None or is_sealed(self.content) else self.content.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class _Text:
    """A text without its words, and what of it can be taken."""

    file: _File
    holds: Pasted


def take_folder(
    folder: Path, store: Shelf, chain: Chain, day: date, *, keep: bool = False, done: Callable[[int], object] = int
) -> list[Found]:
    """Take in what the folder holds, by name; `keep` leaves every file where it is. `done` is told bytes as they go.

    Subfolders, links and names that begin with a dot are passed over. Raises `Fault`.
    """
    texts: dict[Path, _Text] = {}
    gathered = gather(_texts(folder, texts))
    pasted = {name_of(body): take(body, store, chain, day) for body in gathered.files}
    found: list[Found] = []
    counted: set[str] = set()
    for path in _paths(folder):
        if (text := texts.get(path)) is not None:
            each, result = text.file, _text(path.name, text.holds, gathered, pasted, counted)
        elif (read := _read(path)) is not None:
            each, result = read, _sealed(read, store, chain, day)
        else:
            continue
        if not (result.left or keep) and not _remove(each):
            result = Found(result.name, result.new, result.known, "it changed meanwhile: take it again")
        found.append(result)
        done(each.seen.st_size)
    if found:
        sync_folder(folder)
    return found


def _texts(folder: Path, looked: dict[Path, _Text]) -> Iterator[str]:
    """What is no sealed file, one after the other; of each, what it holds is noted."""
    for path in _paths(folder):
        if (each := _read(path)) is not None and (text := each.text) is not None:
            looked[path] = _Text(_File(path, each.seen), look(text))
            yield text


def size_of(folder: Path) -> int:
    """Bytes of the files that `take_folder` looks at. Raises `Fault`."""
    return sum(path.lstat().st_size for path in _paths(folder))


def _paths(folder: Path) -> list[Path]:
    try:
        found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        return [path for path in found if _is_file(path)]
    except OSError as error:
        raise Fault(f"{folder} can't be read: {error.strerror}", "Give the folder with what came in.") from error


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _read(path: Path) -> _File | None:
    """None for one that is gone meanwhile."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            seen = os.fstat(descriptor)
            content = file.read(LIMIT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Fault(f"{path} can't be read: {error.strerror}", "Make it readable, or move it away.") from error
    return _File(path, seen, content if len(content) <= LIMIT else None)


def _sealed(file: _File, store: Shelf, chain: Chain, day: date) -> Found:
    name = file.path.name
    if file.content is None:
        return Found(name, 0, 0, "it is larger than anything that may come this way")
    if not is_sealed(file.content):
        return Found(name, 0, 0, "it came meanwhile: take it again")
    result = take(file.content, store, chain, day)
    return Found(name, _count(result, Outcome.NEW), _count(result, Outcome.SAME), _why(result))


def _text(
    name: str, here: Pasted, gathered: Gathered, pasted: dict[str, Outcome | Problem], counted: set[str]
) -> Found:
    """A report whose blocks are spread over several texts is `counted` once, with the first of them."""
    whole = {each: pasted[each] for each in sorted(here.names) if each in pasted}
    reasons = [str(each) for each in gathered.unfinished if each.name in here.names]
    reasons += [why for result in whole.values() if (why := _why(result))]
    unfinished = {each.name for each in gathered.unfinished}
    if here.names - whole.keys() - unfinished:
        reasons.append(_ASK_AGAIN)
    if not here.names:
        reasons = ["nothing sealed was found in it"]
    elif not reasons and here.more:
        reasons = [_MORE]
    new, known = (
        sum(_count(result, outcome) for each, result in whole.items() if each not in counted)
        for outcome in (Outcome.NEW, Outcome.SAME)
    )
    counted.update(whole)
    return Found(name, new, known, "; ".join(dict.fromkeys(reasons)))


def _count(result: Outcome | Problem, outcome: Outcome) -> int:
    return int(result is outcome)


def _why(result: Outcome | Problem) -> str:
    if isinstance(result, Outcome):
        return ""
    return {FULL: _FULL, TOO_LARGE: _TOO_LARGE}.get(result, _ASK_AGAIN)


def _remove(file: _File) -> bool:
    """Whether the file was still the one that was read, and is gone."""
    try:
        now = file.path.lstat()
    except FileNotFoundError:
        return True
    if (now.st_ino, now.st_size, now.st_mtime_ns) != (file.seen.st_ino, file.seen.st_size, file.seen.st_mtime_ns):
        return False
    file.path.unlink()
    return True
