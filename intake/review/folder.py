"""VAULT: a vault's one folder on disk, its names, and the lock that lets in one process at a time."""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from intake.errors import Fault, Usage

_GIVE = "Give the folder that `intake review init` made."


@dataclass(frozen=True, slots=True)
class VaultFolder:
    """The names inside VAULT (DESIGN §9). It is 0700 and everything in it 0600."""

    path: Path

    @classmethod
    def open(cls, path: Path, *, lent: bool = False) -> VaultFolder:
        """VAULT itself. Raises `Fault` when it is missing or open to other users, `Usage` when it is no vault.

        `lent`: a backup on a stick, whose file system knows no owners.
        """
        try:
            mode = path.stat().st_mode
        except OSError as error:
            raise Fault(f"{path} can't be opened: {error.strerror}", _GIVE) from error
        folder = cls(path)
        if not stat.S_ISDIR(mode) or not folder.parameters.is_file():
            raise Usage(f"{path} is not a vault", _GIVE)
        if not lent and stat.S_IMODE(mode) & 0o077:
            raise Fault(f"other users may enter {path}", f"Run: chmod 700 {path}")
        return folder

    @property
    def database(self) -> Path:
        """SQLCipher's file; its log and index lie beside it."""
        return self.path / "vault.db"

    @property
    def parameters(self) -> Path:
        """Salt and work of the passphrase (`intake.review.unlocking`)."""
        return self.path / "vault.json"

    @property
    def sealed(self) -> Path:
        """The originals (`intake.review.originals`)."""
        return self.path / "sealed"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the vault until the block ends or the process dies. Raises `Fault` when another process has it."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            # An open-file-description lock: it goes with this descriptor, not with the whole process as POSIX locks do.
            wanted = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0)
            try:
                fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, wanted)
            except BlockingIOError:
                raise Fault(
                    f"the vault {self.path} is open already", "Close the other window or program that has it open."
                ) from None
            yield
        finally:
            os.close(descriptor)
