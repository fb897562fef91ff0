"""What the desk's commands are given: sealed reports in files and folders, and identities."""

from __future__ import annotations

from pathlib import Path

from intake.errors import Fault
from intake.review.sealed import readable
from intake.sealing import Identity, open_identity_file
from intake.terminal import passphrase, safe

FILE_LIMIT = 1 << 20  # bytes of an identity file
SUFFIXES = (".bundle", ".age")
PRIVATE_KEY_PREFIX = "PRIVATE+KEY+"  # the line of a private file that signs; it opens nothing


def identities_in(path: Path) -> tuple[Identity, ...]:
    """The identities in a file: a reviewer's private file, or any identity file of age's. Asks for its passphrase."""
    return open_identity_file(
        content(path), lambda: passphrase(f"Passphrase of {safe(path.name)}"), skip=(PRIVATE_KEY_PREFIX,)
    )


def content(path: Path) -> bytes:
    """What stands in a small file. Raises `Fault`."""
    with readable(path) as file:
        return file.read(FILE_LIMIT)


def files_of(path: Path) -> list[Path]:
    """The file itself, or all bundles and sealed files of a folder, by name: the order of the chain. Raises `Fault`."""
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
    if not found:
        raise Fault(
            f"{path} holds no bundle and no sealed file", f"Look for names that end in {' or '.join(SUFFIXES)}."
        )
    return found


def size_of(path: Path) -> int:
    """Bytes; 0 for a file that can't be asked: the walk will say what is wrong with it."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
