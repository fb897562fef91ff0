"""One sealed report opened to the end in memory: all that a desk keeps of it besides the sealed file itself.

Nothing is written: the attachments are only read through, to prove that the package is whole, and hashed. What is kept
is small whatever the report's length: `report.json`, the file key, and the hashes by which a report is known again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from intake.errors import NoKeyFits
from intake.report.package import PackageReader, Report
from intake.sealing import Guess, Identity, open_sealed
from intake.sealing.hybrid import KIND

_PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class Contents:
    """What a sealed report holds, proved to its last byte.

    `content` is report.json as it was sealed. `file_key` (16 bytes) opens the sealed file for ever. `mac` (32 bytes) is
    the header's, `payload` the SHA-256 (32 bytes) of what follows the header: a copy made for another reviewer has
    another MAC and the same payload. `stanzas`: to how many recipients it was sealed. `files` are the SHA-256 (32
    bytes each) of the attachments, in order.
    """

    report: Report
    content: bytes
    file_key: bytes
    mac: bytes
    payload: bytes
    stanzas: int
    files: tuple[bytes, ...]


def read_contents(source: BinaryIO, identities: Sequence[Identity], guess: Guess | None = None) -> Contents:
    """Open one report; `source` stands at its beginning and can seek. `guess` is kept from one to the next.

    Raises `NoKeyFits`, `NotSealed` or `Damaged`, and `OSError` for the disk.
    """
    opened = open_sealed(source, identities, guess)
    package = PackageReader(opened)
    files = tuple(_digest(stream) for _, stream in package)
    source.seek(opened.header.size)
    return Contents(
        package.report,
        package.content,
        opened.file_key,
        opened.header.mac,
        _digest(source),
        sum(stanza.kind == KIND for stanza in opened.header.stanzas),
        files,
    )


def contents_of(sealed: bytes, identities: Sequence[Identity], guess: Guess | None = None) -> Contents:
    """`read_contents` of a file in memory."""
    return read_contents(io.BytesIO(sealed), identities, guess)


def should_open(stanzas: int, recipients: int) -> str | None:
    """What is wrong when a file is sealed to another number of people than its keyring names; None when nothing is.

    One that opens for some reviewers of its keyring and not for others was made so on purpose: an alarm, no error.
    """
    if stanzas == recipients:
        return None
    return f"it is sealed to {stanzas} of the {recipients} reviewers of its keyring: others may not be able to read it"


def is_another_key(error: Exception) -> bool:
    """Whether a report that could not be opened may still open with a key that is not here now."""
    return isinstance(error, NoKeyFits)


def _digest(stream: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    while piece := stream.read(_PIECE):
        digest.update(piece)
    return digest.digest()
