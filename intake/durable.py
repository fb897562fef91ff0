"""Files that are private from their first byte and whole or absent after a crash."""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from intake.errors import Fault


def private_folder(path: Path) -> Path:
    """Make `path` (and its parents) if missing; the folder itself is readable by its owner only.

    All that was made is on disk: a file that is forced there later is not lost with a folder above it.
    """
    made = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in made:
        sync_folder(each.parent)
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


def read_untouched(path: Path) -> bytes:
    """A file's content, read without leaving on it when it was read. Raises `OSError`."""
    quietly = getattr(os, "O_NOATIME", 0)  # Linux; only for who owns the file
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | quietly)
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def write_private(path: Path, content: bytes, *, mode: int = 0o600, replace: bool = False) -> None:
    """`new_file` in one call."""
    with new_file(path, mode=mode, replace=replace) as file:
        file.write(content)


def renew(folder: Path, kept: Iterable[str], stamp: int) -> None:
    """Write the files `kept` of `folder` anew, in this order, and drop the others.

    Folder and files are made new, so that neither their place on the disk nor any of their times tells when they came:
    their time of change becomes `stamp` (nanoseconds). Nobody may write to them meanwhile. A name is never missing, so
    what is cut off can be done again. Raises `OSError`, and `Fault` as `new_file` does.
    """
    new = renewing(folder)
    shutil.rmtree(new, ignore_errors=True)
    private_folder(new)
    names = list(kept)
    for name in names:
        write_private(new / name, (folder / name).read_bytes())
        os.utime(new / name, ns=(stamp, stamp))
    os.utime(new, ns=(stamp, stamp))
    sync_folder(new)
    if not exchange(new, folder):
        # Their content is the same: a mixture of old and new is as good as either.
        for name in names:
            (new / name).replace(folder / name)
        for path in folder.iterdir():
            if path.name not in names:
                path.unlink()
        os.utime(folder, ns=(stamp, stamp))
        sync_folder(folder)
    sync_folder(folder.parent)
    shutil.rmtree(new)


def renewing(folder: Path) -> Path:
    """What `renew` leaves beside a folder when it is cut off: of no use to anybody."""
    return folder.with_name(f".{folder.name}.new")


def exchange(one: Path, other: Path) -> bool:
    """Let two names change places in one step (Linux's renameat2). False where the file system can't.

    Raises `OSError`.
    """
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    rename = ctypes.CDLL(None, use_errno=True).renameat2
    if not rename(here, os.fsencode(one), here, os.fsencode(other), swap):
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS):
        return False
    raise OSError(number, os.strerror(number), str(one))
