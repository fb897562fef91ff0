"""Sealed originals: every file byte for byte as it came, under the hash of its bytes: sealed/<aa>/<sha256>.age.

They are ciphertext and stay so; `intake.review.vault` keeps what opens them. A file appears under its name when all of
it is on disk. A batch makes one flush of the disk do for many files: one each would take most of an import's time.

    with originals.batch() as batch:
        for stream in streams:
            kept = batch.keep(stream)       # hashed and written, not yet under its name
        batch.settle()                      # now all are, for good: only then may the vault speak of them
"""

# Names are text here: an import makes very many, and a Path costs more than what is done with it.
# ruff: noqa: PTH104, PTH108, PTH113
from __future__ import annotations

import ctypes
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, NamedTuple

from intake.durable import private_folder, sync_folder
from intake.errors import Damaged, Fault

_PIECE = 1 << 18
_PREFIX = ".coming-"
_ADVICE = "Copy the vault's newest backup back, or import the bundle again that it came in."


@dataclass(frozen=True, slots=True)
class Kept:
    """One sealed file: the SHA-256 of its bytes, and how many they are."""

    sha256: bytes
    size: int


class Moving(NamedTuple):
    """A file on its way to its name: it lies at one of two paths, and at each moment at one of them."""

    before: str
    after: str


class Originals:
    """The folder of sealed files. Nothing here knows what is inside them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: bytes) -> Path:
        """Where the file of this hash lies or would lie."""
        return Path(self.spelled(sha256))

    def spelled(self, sha256: bytes) -> str:
        """The same as text."""
        name = sha256.hex()
        return f"{self._folder}/{name[:2]}/{name}.age"

    def holds(self, sha256: bytes) -> bool:
        """Whether a file of this name is there."""
        return os.path.isfile(self.spelled(sha256))

    def open(self, sha256: bytes) -> BufferedReader:
        """The sealed bytes, seekable. Raises `Damaged` when the file is gone."""
        try:
            return self.path(sha256).open("rb")
        except OSError as error:
            raise Damaged(f"the original {sha256.hex()} can't be read: {error.strerror}", _ADVICE) from error

    def check(self, sha256: bytes) -> None:
        """Read all of a file and compare its hash. Raises `Damaged`."""
        with self.open(sha256) as file:
            if hashlib.file_digest(file, "sha256").digest() != sha256:
                raise Damaged(f"the original {sha256.hex()} has other bytes than it came with", _ADVICE)

    def all(self) -> Iterator[bytes]:
        """The hash in the name of every file, in order."""
        for path in sorted(self._folder.glob("[0-9a-f][0-9a-f]/*.age")):
            if len(path.stem) == 64:
                yield bytes.fromhex(path.stem)

    def remove(self, sha256: bytes) -> None:
        """Delete a file, for good once this returns; nothing happens when it is gone already."""
        path = self.path(sha256)
        if path.exists():
            path.unlink()
            sync_folder(path.parent)

    def clean(self) -> None:
        """Delete what a killed process left half written. Ciphertext, and of no use."""
        for path in self._folder.glob(f"{_PREFIX}*"):
            path.unlink()

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Keep several files; what was not settled when the block ends is deleted. Raises `Fault` for the disk."""
        batch = Batch(self, self._folder)
        try:
            yield batch
        except OSError as error:
            raise Fault(f"can't write to {self._folder}: {error.strerror}", "Make room, and do it again.") from error
        finally:
            batch.drop()


class Batch:
    """Files on their way into the folder."""

    def __init__(self, originals: Originals, folder: Path) -> None:
        self._originals, self._folder = originals, folder
        self._waiting: dict[bytes, str] = {}
        self._made: set[str] = set()  # folders that are there
        self._temporary = f"{folder}/{_PREFIX}{secrets.token_hex(8)}"
        self._count = 0

    def keep(self, source: BinaryIO) -> Kept:
        """Take a sealed file as it comes, to its end, whatever its size. A file that is held already costs nothing."""
        self._count += 1
        temporary = f"{self._temporary}-{self._count}"
        digest, size = hashlib.sha256(), 0
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            try:
                while piece := source.read(_PIECE):
                    digest.update(piece)
                    size += len(piece)
                    view = memoryview(piece)
                    while view:
                        view = view[os.write(descriptor, view) :]
            finally:
                os.close(descriptor)
        except BaseException:
            os.unlink(temporary)
            raise
        name = digest.digest()
        if name in self._waiting or self._originals.holds(name):
            os.unlink(temporary)
        else:
            self._waiting[name] = temporary
        return Kept(name, size)

    def place(self, sha256: bytes) -> Moving | Path:
        """Where a file that was kept lies: at its own path, or on its way there."""
        temporary = self._waiting.get(sha256)
        if temporary is None:
            return self._originals.path(sha256)
        return Moving(temporary, self._originals.spelled(sha256))

    def forget(self, sha256: bytes) -> None:
        """Don't keep this file after all, unless it was settled before."""
        if (temporary := self._waiting.pop(sha256, None)) is not None:
            os.unlink(temporary)

    def settle(self) -> None:
        """Put all on disk, then under their names, then the names on disk.

        Two flushes of the file system, however many the files: one of each folder would cost more than the files do.
        """
        if not self._waiting:
            return
        _flush(self._folder)
        for sha256, temporary in self._waiting.items():
            path = self._originals.spelled(sha256)
            folder = path.rpartition("/")[0]
            if folder not in self._made:
                private_folder(Path(folder))
                self._made.add(folder)
            os.rename(temporary, path)
        self._waiting.clear()
        _flush(self._folder)

    def drop(self) -> None:
        """Delete what waits."""
        for temporary in self._waiting.values():
            with suppress(FileNotFoundError):
                os.unlink(temporary)
        self._waiting.clear()


def _flush(folder: Path) -> None:
    """Force all that was written to this folder's file system to its disk (syncfs, Linux)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)
