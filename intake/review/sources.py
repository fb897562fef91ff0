"""What the desk's commands are given: sealed reports in files and folders, and identities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from intake.errors import Damaged, Fault, IntakeError, Usage
from intake.keyring.council import sitting_of
from intake.report.blocks import gather
from intake.review.sealed import readable
from intake.sealing import Identity, open_identity_file
from intake.sealing.header import INTRO
from intake.terminal import passphrase, safe

COUNCIL = click.option(
    "--council",
    type=click.Path(path_type=Path),
    metavar="CARD",
    help="Open as the council of this card: shares are typed in, or read from INTAKE_SHARES_FD, and kept in memory.",
)
"""The option whose value goes to `identities_of`."""

FILE_LIMIT = 1 << 20  # bytes of an identity file
TEXT = ".txt"
SUFFIXES = (".bundle", ".age", TEXT)
TEXT_LIMIT = 1 << 24  # bytes of a text that blocks were pasted into
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
    """The file itself, or all bundles, sealed files and texts of a folder, by name: the order of the chain.

    A witness calls the file as seems safe, so a sealed one counts under any name. One that a passphrase opens is no
    report: somebody's key lies on the same stick. Raises `Fault`.
    """
    if not path.is_dir():
        return [path]
    given = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES or is_sealed(file))
    found = [file for file in given if not _is_private(file)]
    if not found:
        raise Fault(
            f"{path} holds no bundle and no sealed file", f"Look for names that end in {' or '.join(SUFFIXES)}."
        )
    return found


def is_sealed(path: Path) -> bool:
    """Whether it begins as a sealed file; False for what is no file."""
    return path.is_file() and _beginning(path).startswith(INTRO)


def is_text(path: Path) -> bool:
    """Whether blocks may have been pasted into it, as against a sealed file of such a name."""
    return path.suffix == TEXT and not is_sealed(path)


def _is_private(path: Path) -> bool:
    return _beginning(path).startswith(INTRO + b"-> scrypt ")


def _beginning(path: Path) -> bytes:
    """Nothing for what can't be read: whoever reads it will say what is wrong with it."""
    try:
        with path.open("rb") as file:
            return file.read(64)
    except OSError:
        return b""


def pasted(paths: Iterable[Path]) -> tuple[list[tuple[str, bytes]], list[tuple[str, IntakeError]]]:
    """The sealed files whose blocks stand in these texts, in any order and spread over them, and what is not whole.

    Each with what to call it. A text without blocks gives nothing. Raises `Fault`.
    """
    texts = [path for path in paths if is_text(path)]
    found = gather(_text(path) for path in texts)
    broken: list[tuple[str, IntakeError]] = [
        (f"text blocks {each.name}", Damaged(str(each), "Ask whoever sent them for these blocks once more."))
        for each in found.unfinished
    ]
    return [(f"text blocks, report {number}", file) for number, file in enumerate(found.files, 1)], broken


def _text(path: Path) -> str:
    with readable(path) as file:
        return file.read(TEXT_LIMIT).decode(errors="replace")


def size_of(path: Path) -> int:
    """Bytes; 0 for a file that can't be asked: the walk will say what is wrong with it."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
