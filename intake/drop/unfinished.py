"""What is kept of one upload that is not yet a report: how it stands, and the bytes since its last whole part."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

from intake.drop.parts import PART, folded
from intake.durable import read_untouched, renew, renewing, sync_folder, write_private
from intake.errors import Fault

LIFETIME = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload: sizes in bytes. `reviewers` is 0 until its header has come and was judged."""

    size: int
    offset: int
    day: date  # it began
    claimed: int | None
    reviewers: int = 0
    folded: int = 0  # so many of its whole parts tell nothing finer than a day
    place: str = ""  # under which its parts lie, in hex; empty for its own id
    touched: date | None = None  # its last bytes came; null for the day it began
    settled: bool = False  # folded since, when that day was over

    @property
    def expires(self) -> date:
        """It ends at the midnight (UTC) at which this day begins."""
        return self.day + LIFETIME

    def where(self, identifier: bytes) -> bytes:
        """The 16 bytes under which the parts of this upload lie."""
        return bytes.fromhex(self.place) or identifier

    def __bytes__(self) -> bytes:
        touched = self.touched and self.touched.isoformat()
        return json.dumps({**asdict(self), "day": self.day.isoformat(), "touched": touched}).encode()

    @classmethod
    def parse(cls, content: bytes) -> Upload:
        """What `bytes` gave. Raises `Fault`."""
        try:
            found = {"touched": None, **json.loads(content)}  # which older ones lack
            touched = None if found["touched"] is None else date.fromisoformat(found["touched"])
            return cls(**{**found, "day": date.fromisoformat(found["day"]), "touched": touched})
        except (ValueError, TypeError, KeyError) as error:
            raise Fault("the state of an upload is damaged", "Remove its folder in DATA/uploads.") from error


class Work:
    """The folder of one upload."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def stated(self) -> Upload | None:
        """What was kept last; None when nothing was."""
        try:
            return Upload.parse(read_untouched(self._path / "state"))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def state(self, day: date) -> Upload | None:
        """The same, and None when it has expired."""
        found = self.stated()
        return found if found and day < found.expires else None

    def fold(self, upload: Upload, *, settled: bool) -> None:
        """Write the folder anew, unless nothing came since the last time; see `Parts.fold`."""
        stamp = folded(upload.day, settled=settled)
        if self._path.stat().st_mtime_ns != stamp:
            tail = self._tail(upload.offset // PART)
            renew(self._path, ["state", *([tail.name] if tail.exists() else [])], stamp)
        shutil.rmtree(renewing(self._path), ignore_errors=True)

    def keep(self, upload: Upload) -> None:
        """From now on the upload stands so; tails of parts that are whole go."""
        write_private(self._path / "state", bytes(upload), replace=True)
        current = self._tail(upload.offset // PART)
        for path in self._path.glob("tail-*"):
            if path != current:
                path.unlink()

    def tail(self, number: int, size: int) -> bytes:
        """The first `size` bytes of a part that is not whole."""
        if not size:
            return b""
        content = read_untouched(self._tail(number))[:size]
        if len(content) < size:
            raise Fault("an upload has lost bytes", "Check the disk that holds DATA.")
        return content

    def extend(self, number: int, begun: int, content: bytes) -> None:
        """Make `content` durable behind the first `begun` bytes of a part."""
        descriptor = os.open(
            self._tail(number), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_APPEND, 0o600
        )
        with os.fdopen(descriptor, "wb") as file:
            file.truncate(begun)  # what a write before left behind that was not acknowledged
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self._path)

    def forget(self) -> None:
        """The upload is none any more."""
        (self._path / "state").unlink(missing_ok=True)
        sync_folder(self._path)

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(renewing(self._path), ignore_errors=True)
        shutil.rmtree(self._path)
        sync_folder(self._path.parent)

    def _tail(self, number: int) -> Path:
        return self._path / f"tail-{number}"


def move(work: Work, before: Upload, after: Upload) -> None:
    """Move the offset; it stays where it was if that fails, even when only the last fsync did."""
    try:
        work.keep(after)
    except (Fault, OSError):
        with suppress(Fault, OSError):
            work.keep(before)
        raise
