"""Files that are private from their first byte and whole or absent after a crash."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from intake.errors import Fault


def private_folder(path: Path) -> Path:
    """Make `path` (and its parents) if missing; the folder itself is readable by its owner only."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def sync_folder(path: Path) -> None:
    """Force a folder's entries to disk, so that a rename inside it survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def new_file(path: Path, *, mode: int = 0o600, replace: bool = False) -> Iterator[BinaryIO]:
    """Write a file that appears under its name only when all of it is on disk.

    Readable by its owner only unless `mode` says more. Raises `Fault` when the name is taken and `replace` is off.
    """
    if not replace and path.exists():
        raise Fault(f"{path} exists already", "Choose another name, or move the old file away first.")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    except OSError as error:
        raise Fault(
            f"can't write to {path.parent}: {error.strerror}", "Check that the folder exists and is yours."
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            os.link(temporary, path)  # unlike a rename, a link never overwrites what appeared meanwhile
            temporary.unlink()
        sync_folder(path.parent)
    except FileExistsError as error:
        temporary.unlink(missing_ok=True)
        raise Fault(f"{path} exists already", "Choose another name, or move the old file away first.") from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_private(path: Path, content: bytes, *, mode: int = 0o600, replace: bool = False) -> None:
    """`new_file` in one call."""
    with new_file(path, mode=mode, replace=replace) as file:
        file.write(content)
