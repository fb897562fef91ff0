"""The attachments of a submission, decrypted on demand out of the sealed original, a piece at a time in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from intake.errors import Usage
from intake.report.package import PackageReader
from intake.review.submissions import Submission
from intake.review.vault import Vault


@contextmanager
def attached(vault: Vault, of: Submission, number: int) -> Iterator[BinaryIO]:
    """The plain bytes of file `number`, from 1. Raises `Usage` when there is none, `Damaged` for a broken original."""
    if not 1 <= number <= len(of.report.files):
        count = len(of.report.files)
        raise Usage(
            f"there is no file {number}: it has {count}" if count else "it has no files",
            "See `intake review show`." if not count else f"Give a number from 1 to {count}.",
        )
    with vault.opened(of.original) as opened:
        for place, (_, stream) in enumerate(PackageReader(opened), 1):
            if place == number:
                yield stream
                return
