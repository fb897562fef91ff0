"""DATA: the drop's one folder on disk, its names, and who may work in it at a time.

DATA is 0700 and everything in it 0600. One byte of the file `lock` is held by the serving process and another by
whoever folds or exports, so that a timer's export runs beside the server but two servers, or two exports, never meet.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from intake.durable import private_folder
from intake.errors import Fault


class Role(IntEnum):
    """Which byte of DATA/lock a process holds."""

    SERVE = 0
    MAINTAIN = 1


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The names inside DATA (DESIGN §9)."""

    path: Path

    @classmethod
    def open(cls, path: Path, *, create: bool = False) -> DataFolder:
        """DATA itself, made when `create` allows. Raises `Fault` when it is missing or open to other users."""
        if create:
            private_folder(path)
        try:
            mode = path.stat().st_mode
        except OSError as error:
            raise Fault(
                f"{path} can't be opened: {error.strerror}", "Give the folder that `intake drop serve` uses."
            ) from error
        if not stat.S_ISDIR(mode):
            raise Fault(f"{path} is not a folder", "Give the folder that `intake drop serve` uses.")
        if stat.S_IMODE(mode) & 0o077:
            raise Fault(f"other users may enter {path}", f"Run: chmod 700 {path}")
        return cls(path)

    @property
    def database(self) -> Path:
        """SQLite's file; its log and index lie beside it."""
        return self.path / "drop.db"

    @property
    def where(self) -> Path:
        """Which other database holds the reports instead, if one does (`intake.drop.database`)."""
        return self.path / "database"

    @property
    def parts(self) -> Path:
        """Folder of the reports that are too large for a row, as <id>/<n>."""
        return self.path / "parts"

    @property
    def blobs(self) -> Path:
        """Which bucket holds the parts instead, if one does (`intake.drop.blobs`)."""
        return self.path / "blobs"

    @property
    def moving(self) -> Path:
        """How far a move to another place has come (`intake.drop.moving`)."""
        return self.path / "moving"

    @property
    def counters(self) -> Path:
        """Where the last `serve` counted together with other nodes, if it did."""
        return self.path / "counters"

    @property
    def reserve(self) -> Path:
        """How many bytes the server keeps free for small reports (`intake.drop.parts`)."""
        return self.path / "reserve"

    @property
    def uploads(self) -> Path:
        """Folder of what is known about each unfinished upload, as <id>/."""
        return self.path / "uploads"

    @property
    def keyrings(self) -> Path:
        """Folder of every keyring note believed so far, as 000007.note."""
        return self.path / "keyring"

    @property
    def pin(self) -> Path:
        """What was believed last."""
        return self.path / "keyring.pin"

    @property
    def drop_key(self) -> Path:
        """The key that signs bundles."""
        return self.path / "drop.key"

    @contextmanager
    def held(self, role: Role, *, wait: bool = False) -> Iterator[None]:
        """Hold one role until the block ends or the process dies. Raises `Fault` when another process has it."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        # An open-file-description lock: it goes with this descriptor, not with the whole process as POSIX locks do.
        wanted = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, int(role), 1, 0)
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK, wanted)
        except BlockingIOError:
            os.close(descriptor)
            doing = "serves from" if role is Role.SERVE else "folds or exports"
            raise Fault(f"another process {doing} {self.path}", "Wait until it has ended, or stop it first.") from None
        try:
            yield
        finally:
            os.close(descriptor)
