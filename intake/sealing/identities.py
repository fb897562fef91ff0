"""Recipients and identities as text: single ones, and the files that `age-keygen` and `age -p` write.

An identity file is lines: comments (`#`), blank lines, and one identity each. It may itself be an age file, sealed to a
passphrase and perhaps armored.
"""

from __future__ import annotations

import io
from collections.abc import Callable

from intake.errors import Usage
from intake.sealing.armor import BEGIN, dearmor
from intake.sealing.header import Identity
from intake.sealing.hybrid import HybridIdentity, HybridRecipient
from intake.sealing.scrypt import ScryptIdentity
from intake.sealing.sealed import open_sealed
from intake.sealing.x25519 import X25519Identity, X25519Recipient

FILE_LIMIT = 1 << 20  # bytes: an identity file is never longer


def parse_recipient(text: str) -> HybridRecipient | X25519Recipient:
    """`age1pq1…` or `age1…`. Raises `Usage`."""
    if text.startswith("age1pq1"):
        return HybridRecipient.parse(text)
    if text.startswith("age1"):
        return X25519Recipient.parse(text)
    raise Usage("a recipient begins with age1pq1 or age1")


def parse_identity(text: str) -> HybridIdentity | X25519Identity:
    """`AGE-SECRET-KEY-PQ-1…` or `AGE-SECRET-KEY-1…`. Raises `Usage`, without quoting the text."""
    if text.startswith("AGE-SECRET-KEY-PQ-1"):
        return HybridIdentity.parse(text)
    if text.startswith("AGE-SECRET-KEY-1"):
        return X25519Identity.parse(text)
    raise Usage("an identity begins with AGE-SECRET-KEY-PQ-1 or AGE-SECRET-KEY-1")


def parse_identities(text: str, *, skip: tuple[str, ...] = ()) -> tuple[HybridIdentity | X25519Identity, ...]:
    """The identities of an identity file's text; lines that begin like one of `skip` are left out.

    Raises `Usage` with the number of the line that is neither, or when there is no identity at all.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        entry = line.strip()
        if not entry or entry.startswith(("#", *skip)):
            continue
        try:
            found.append(parse_identity(entry))
        except Usage as error:
            raise Usage(f"line {number} of the identity file: {error}", error.advice) from None
    if not found:
        raise Usage("the identity file holds no identity")
    return tuple(found)


def open_identity_file(
    data: bytes, passphrase: Callable[[], str], *, skip: tuple[str, ...] = ()
) -> tuple[Identity, ...]:
    """The identities in a file's bytes; `passphrase` is asked for only when the file is sealed to one.

    Raises `Usage` for a malformed file, `WrongPassphrase`, and `Damaged` for a sealed one that is broken.
    """
    return parse_identities(open_text(data, passphrase), skip=skip)


def open_text(data: bytes, passphrase: Callable[[], str]) -> str:
    """The text of a file that may be sealed to a passphrase. Raises like `open_identity_file`."""
    plain = data
    if data.startswith(b"age-encryption.org/") or data.lstrip().startswith(BEGIN):
        plain = open_sealed(dearmor(io.BytesIO(data)), (ScryptIdentity(passphrase()),)).read(FILE_LIMIT + 1)
    if len(plain) > FILE_LIMIT:
        raise Usage(f"the identity file is longer than {FILE_LIMIT} bytes")
    try:
        return plain.decode()
    except UnicodeDecodeError:
        raise Usage("the identity file is not text") from None
