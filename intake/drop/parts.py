"""Where sealed reports lie that are too large for a row: in parts of 1 MiB, DATA/parts/<id>/<n>, counted from 0.

A part is on disk, fsync'd, when `put` returns. Parts alone are no report: that is what the row in drop.db says, which
comes last, so parts without a row are left over from something unfinished and may go.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from intake.drop.folder import DataFolder
from intake.durable import new_file, private_folder, read_untouched, renew, renewing, sync_folder, write_private
from intake.errors import Fault

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PART = 2**20
"""Bytes of every part but the last."""
RESERVE = 1024**3
"""Bytes of disk that only the smallest reports may use."""
SPARE = 16 * 2**20
"""Bytes of disk, at least, that reports of no size may use, and a fiftieth of a large one: what the database's log and
the list in a bundle take. Without it nothing could leave a full disk."""


def keep_reserve(folder: DataFolder, size: int) -> None:
    """For commands that are given DATA alone."""
    if not folder.reserve.exists() or kept_reserve(folder) != size:
        write_private(folder.reserve, b"%d\n" % size, replace=True)


def kept_reserve(folder: DataFolder) -> int:
    """What the server was last told to keep free, in bytes; the default before it was ever started."""
    try:
        return int(folder.reserve.read_bytes())
    except (FileNotFoundError, ValueError):
        return RESERVE


def room(path: Path) -> int:
    """Bytes that reports may still use of the disk on which this lies."""
    usage = shutil.disk_usage(path)
    return max(0, usage.free - max(SPARE, usage.total // 50))


class Full(Fault):
    """There is no room for this report."""

    advice = "Free some space on the drop's disk, or purge what every reviewer has acknowledged."


class Parts(Protocol):
    """A place for parts. Every method raises `Fault` when the place fails, and `Full` when it is full."""

    def put(self, identifier: bytes, number: int, content: bytes) -> None:
        """Keep part `number` of a report, over one that is there; return when it is durable."""

    def get(self, identifier: bytes, number: int) -> bytes:
        """The part as it was put."""

    def delete(self, identifier: bytes) -> None:
        """Remove all parts of a report, if there are any."""

    def ready(self, day: date) -> None:
        """Make the place, before anything comes into it; it tells `day`, and not when something came or went."""

    def fold(self, identifier: bytes, parts: range, day: date, *, settled: bool) -> None:
        """Write these parts anew, so that they tell `day` or that of the fold and nothing finer.

        Parts before `parts` were folded before, those behind it belong to nothing. Nobody may write to them meanwhile.
        `settled`: the day on which the last of them came is over. Until then they are only tidied: that they were
        written anew by a fold of this day tells that they came before it, so they are once more when it is over.
        """

    def ids(self) -> Iterator[bytes]:
        """Whatever has parts here, in order of id."""

    def room(self) -> int:
        """Bytes that are free."""

    def release(self) -> None:
        """These parts are no drop's any more; all of them are deleted."""


@contextmanager
def disk(path: Path) -> Iterator[None]:
    """Errors of the system about this folder as ours."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise Full(f"the disk that holds {path} is full") from error
        raise Fault(f"{path} can't be used: {error.strerror}", "Check the disk that holds DATA.") from error


class FolderParts:
    """Parts as files of a local folder, readable by their owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, identifier: bytes, number: int, content: bytes) -> None:
        """See `Parts`."""
        folder = self._folder(identifier)
        with disk(self._path):
            if not folder.is_dir():
                private_folder(self._path)
                private_folder(folder)
                sync_folder(self._path)
                sync_folder(self._path.parent)
            with new_file(folder / str(number), replace=True) as file:
                file.write(content)

    def get(self, identifier: bytes, number: int) -> bytes:
        """See `Parts`."""
        with disk(self._path):
            return read_untouched(self._folder(identifier) / str(number))

    def delete(self, identifier: bytes) -> None:
        """See `Parts`."""
        with disk(self._path):
            shutil.rmtree(renewing(self._folder(identifier)), ignore_errors=True)
            try:
                shutil.rmtree(self._folder(identifier))
            except FileNotFoundError:
                return
            sync_folder(self._path)

    def ready(self, day: date) -> None:
        """See `Parts`."""
        dated_folder(self._path, day)

    def fold(self, identifier: bytes, parts: range, day: date, *, settled: bool) -> None:
        """See `Parts`. All of them are written anew, or none when nothing came since the last time."""
        folder, stamp = self._folder(identifier), folded(day, settled=settled)
        with disk(self._path):
            if folder.is_dir() and folder.stat().st_mtime_ns != stamp:
                renew(folder, map(str, range(parts.stop)), stamp)
            shutil.rmtree(renewing(folder), ignore_errors=True)  # the power failed before that

    def ids(self) -> Iterator[bytes]:
        """See `Parts`."""
        with disk(self._path):
            names = sorted(path.name for path in self._path.iterdir()) if self._path.is_dir() else []
        for name in names:
            try:
                yield bytes.fromhex(name)
            except ValueError:
                continue

    def room(self) -> int:
        """See `Parts`."""
        with disk(self._path):
            return room(self._path.parent)

    def release(self) -> None:
        """See `Parts`."""
        shutil.rmtree(self._path, ignore_errors=True)

    def _folder(self, identifier: bytes) -> Path:
        return self._path / identifier.hex()


class PartsReader(io.RawIOBase):
    """The parts of one report, one after the other, with one of them in memory. Reading raises `Fault`."""

    def __init__(self, parts: Parts, identifier: bytes, count: int) -> None:
        self._parts = parts
        self._identifier = identifier
        self._due = iter(range(count))
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill what one part can fill."""
        if not self._rest:
            number = next(self._due, None)
            if number is None:
                return 0
            self._rest = memoryview(self._parts.get(self._identifier, number))
        target = memoryview(buffer).cast("B")
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def midnight(day: date) -> int:
    """When a day begins (UTC), in nanoseconds as files have them."""
    return int(datetime.combine(day, time(), UTC).timestamp()) * 10**9


def dated_folder(path: Path, day: date) -> None:
    """Make a folder that tells `day`, and not when something in it came or went. Raises `Fault`."""
    with disk(path):
        private_folder(path)
        os.utime(path, ns=(midnight(day), midnight(day)))


def folded(day: date, *, settled: bool) -> int:
    """What a fold stamps on files, in nanoseconds: the day, and a second more while the day is not over.

    A whole second, since some file systems keep nothing finer.
    """
    return midnight(day) + (0 if settled else 10**9)


def count(size: int) -> int:
    """How many parts a report of so many bytes has."""
    return -(-size // PART)
