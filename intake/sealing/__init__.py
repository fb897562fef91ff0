"""Sealed files: the age v1 format (c2sp.org/age), strict and streaming, and nothing else.

Seal to recipients; whoever holds one of their identities opens it, and nobody else:

    with open("report.age", "wb") as sink, Sealer(sink, [HybridRecipient.parse("age1pq1…")]) as sealer:
        sealer.write(b"…")                          # any number of times; memory stays flat

    with open("report.age", "rb") as source:
        opened = open_sealed(source, [HybridIdentity.parse("AGE-SECRET-KEY-PQ-1…")])
        while part := opened.read1():               # every part has been verified
            ...

`seal_bytes` and `open_bytes` do the same for what fits in memory.

What the reader promises:

- The header's MAC is checked before a byte of the payload is: a header that somebody changed, or that was built to open
  differently for two recipients, opens for nobody. Every stanza of a known kind has exactly its lengths.
- What a read returns has been verified. Only b"" proves that nothing is missing at the end; `read()` and `open_bytes`
  reach it or raise.
- `Opened.seek` goes to any byte by opening the last chunk, which proves the length, and the chunk there. `file_key`
  kept from one opening opens the same file again by `open_with_file_key`, without an identity.
- Bounds on what a stranger may make us do: a header of 64 KiB, a scrypt work factor of 20.

`rewrap` gives a sealed file to other recipients: a new header around the same file key, the payload as it was.

Recipient types, a module each: `hybrid` (mlkem768x25519, what reports are sealed to), `x25519`, `scrypt` (a
passphrase). Hybrid recipients are never mixed with others, a passphrase stands alone. Another type is a
class with `kind` and `wrap`, and one with `unwrap` that answers None for "not my key, try the next".

Armor is taken off by `dearmor` where a person may have pasted a file, and nowhere else. Errors come from
`intake.errors`: `NotSealed` (not an age file), `Damaged` (one that does not verify), `NoKeyFits`, `WrongPassphrase`,
`Usage` (recipients or identities as given). No key, passphrase or plaintext is ever part of a message.

The package is pure: bytes and streams in, bytes out. `python -m intake.sealing` is the filter around it.
"""

from __future__ import annotations

from intake.sealing.armor import ArmorReader, ArmorWriter, dearmor
from intake.sealing.header import FILE_KEY_SIZE, HEADER_LIMIT, Header, Identity, Recipient, Stanza
from intake.sealing.hybrid import HybridIdentity, HybridRecipient
from intake.sealing.identities import (
    open_identity_file,
    open_text,
    parse_identities,
    parse_identity,
    parse_recipient,
)
from intake.sealing.rewrapping import Rewrapping, rewrap
from intake.sealing.scrypt import ScryptIdentity, ScryptRecipient
from intake.sealing.sealed import (
    Guess,
    Opened,
    Sealer,
    check_stanzas,
    open_bytes,
    open_sealed,
    open_with_file_key,
    seal_bytes,
)
from intake.sealing.stream import CHUNK_SIZE, Sink, plain_length, sealed_length
from intake.sealing.x25519 import X25519Identity, X25519Recipient

__all__ = [
    "CHUNK_SIZE",
    "FILE_KEY_SIZE",
    "HEADER_LIMIT",
    "ArmorReader",
    "ArmorWriter",
    "Guess",
    "Header",
    "HybridIdentity",
    "HybridRecipient",
    "Identity",
    "Opened",
    "Recipient",
    "Rewrapping",
    "ScryptIdentity",
    "ScryptRecipient",
    "Sealer",
    "Sink",
    "Stanza",
    "X25519Identity",
    "X25519Recipient",
    "check_stanzas",
    "dearmor",
    "open_bytes",
    "open_identity_file",
    "open_sealed",
    "open_text",
    "open_with_file_key",
    "parse_identities",
    "parse_identity",
    "parse_recipient",
    "plain_length",
    "rewrap",
    "seal_bytes",
    "sealed_length",
]
