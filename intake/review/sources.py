"""What the desk's commands are given: sealed reports in files and folders, and identities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from intake.errors import Fault, Usage
from intake.keyring.council import sitting_of
from intake.review.sealed import readable
from intake.sealing import Identity, open_identity_file
from intake.terminal import passphrase, safe

COUNCIL = click.option(
    "--council",
    type=click.Path(path_type=Path),
    metavar="CARD",
    help="Open as the council of this card: shares are typed in, or read from INTAKE_SHARES_FD, and kept in memory.",
)
"""The option whose value goes to `identities_of`."""

FILE_LIMIT = 1 << 20  # bytes of an identity file
SUFFIXES = (".bundle", ".age")
PRIVATE_KEY_PREFIX = "PRIVATE+KEY+"  # the line of a private file that signs; it opens nothing


def identities_in(path: Path) -> tuple[Identity, ...]:
    """The identities in a file: a reviewer's private file, or any identity file of age's. Asks for its passphrase."""
    return open_identity_file(
        content(path), lambda: passphrase(f"Passphrase of {safe(path.name)}"), skip=(PRIVATE_KEY_PREFIX,)
    )


def identities_of(keys: Sequence[Path], council: Path | None) -> tuple[Identity, ...]:
    """All identities that a command was given: in files, and a council's from shares (`intake.keyring.council`)."""
    if not keys and council is None:
        raise Usage("nothing to open with", "Give an identity with -i, or --council with its card.")
    found = [identity for key in keys for identity in identities_in(key)]
    if council is not None:
        found.extend(sitting_of(council).identities)
    return tuple(found)


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
