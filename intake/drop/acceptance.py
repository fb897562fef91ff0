"""Which bodies the drop keeps: a pure function of the body, the claimed keyring, the chain and the day.

The server can't tell a sealed body from noise, but it can refuse everything that does not look like one, so that
readable text is never stored by accident.

A page names the serial it sealed to. When that is not the newest and the newest takes reports, the page is told to seal
again: the report then reaches today's reviewers. A carried file claims nothing and is taken whatever the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from intake.drop.problems import CLOSED, NOT_SEALED, SEAL_AGAIN, TOO_LARGE, Problem
from intake.errors import Damaged
from intake.keyring import Chain
from intake.report import sizes
from intake.sealing import HEADER_LIMIT, Header, HybridRecipient, Stanza
from intake.sealing.header import decode_base64

SHARE_LENGTH = 1120
"""Bytes of a hybrid stanza's one argument: an ML-KEM-768 ciphertext and an X25519 point."""
BODY_LENGTH = 32
"""Bytes of its body: the wrapped file key and a tag."""
BODY_LIMIT = sizes.sealed_size(0, sizes.PUT_PLAINTEXT_LIMIT) + HEADER_LIMIT
"""No body that may come by PUT is longer, however many reviewers there are."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The body may be stored; `claimed` goes with it."""

    claimed: int | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why it may not."""

    problem: Problem


def judge(body: bytes, claim: int | None, chain: Chain, day: date) -> Accepted | Refusal:
    """Look at one whole body that claims to be sealed to keyring `claim` of `chain`."""
    if claim is not None:
        if chain.is_closed(chain.newest.serial, day):
            return Refusal(CLOSED)
        if claim < chain.newest.serial - 1 and chain.is_closed(claim, day):
            return Refusal(CLOSED)
        if claim != chain.newest.serial:
            return Refusal(SEAL_AGAIN)
    try:
        header = Header.parse(body)
        sealed = all(map(_is_hybrid, header.stanzas))
    except Damaged:
        return Refusal(NOT_SEALED)
    reviewers = len(header.stanzas)
    if not sealed or reviewers not in chain.reviewer_counts:
        return Refusal(NOT_SEALED)
    plaintext = sizes.plaintext_size(reviewers, len(body))
    if plaintext is None:
        return Refusal(NOT_SEALED)
    return Refusal(TOO_LARGE) if plaintext > sizes.PUT_PLAINTEXT_LIMIT else Accepted(claim)


def _is_hybrid(stanza: Stanza) -> bool:
    return (
        stanza.kind == HybridRecipient.kind
        and [len(decode_base64(argument)) for argument in stanza.args] == [SHARE_LENGTH]
        and len(stanza.body) == BODY_LENGTH
    )
