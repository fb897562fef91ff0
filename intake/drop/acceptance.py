"""Which bodies the drop keeps: a pure function of the body, the claimed keyring, the chain and the day.

The server can't tell a sealed body from noise, but it can refuse everything that does not look like one, so that
readable text is never stored by accident.

A page names the serial it sealed to. When that is not the newest and the newest takes reports, the page is told to seal
again: the report then reaches today's reviewers. A carried file claims nothing and is taken whatever the day; it alone
may have the short size.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from io import BytesIO

from intake.drop.problems import CLOSED, NOT_SEALED, SEAL_AGAIN, TOO_LARGE, Problem
from intake.errors import Damaged
from intake.keyring import Chain
from intake.report import sizes
from intake.sealing import HEADER_LIMIT, Header, HybridRecipient, Stanza
from intake.sealing.header import INTRO, decode_base64

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
    if refusal := judge_claim(claim, chain, day):
        return refusal
    reviewers = stanzas(body, len(body), chain)
    short = claim is not None and len(body) == sizes.sealed_size(reviewers or 0, sizes.CARRIED)
    if not reviewers or short:
        return Refusal(NOT_SEALED)
    fits = len(body) <= sizes.sealed_size(reviewers, sizes.PUT_PLAINTEXT_LIMIT)
    return Accepted(claim) if fits else Refusal(TOO_LARGE)


def judge_claim(claim: int | None, chain: Chain, day: date) -> Refusal | None:
    """Whether what was sealed to keyring `claim` can still be sent."""
    if claim is None:
        return None
    if chain.is_closed(chain.newest.serial, day):
        return Refusal(CLOSED)
    if claim < chain.newest.serial - 1 and chain.is_closed(claim, day):
        return Refusal(CLOSED)
    return Refusal(SEAL_AGAIN) if claim != chain.newest.serial else None


def judge_under_way(claim: int | None, chain: Chain, day: date) -> Refusal | None:
    """The same for what began to come while `claim` was the newest: it may end after a newer one was published."""
    if claim is None or not (chain.is_closed(chain.newest.serial, day) or chain.is_closed(claim, day)):
        return None
    return Refusal(CLOSED)


def judge_size(size: int, chain: Chain, plaintext_limit: int) -> Refusal | None:
    """Whether a sealed report can have `size` bytes, looked at before any of them came."""
    if size > largest(plaintext_limit, chain):
        return Refusal(TOO_LARGE)
    if any(sizes.is_sealed_size(reviewers, size) for reviewers in chain.reviewer_counts):
        return None
    return Refusal(NOT_SEALED)


def largest(plaintext_limit: int, chain: Chain) -> int:
    """Bytes of the largest sealed report with a package of `plaintext_limit` bytes."""
    return sizes.sealed_size(max(chain.reviewer_counts), plaintext_limit)


def stanzas(head: bytes, size: int, chain: Chain) -> int | None:
    """To how many reviewers a body of `size` bytes is sealed, by its first bytes: all of them, or those that have come.

    0 when no report that is sealed to this drop's reviewers begins so, None when these are too few to tell.
    """
    source = _Watched(head)
    try:
        header = Header.parse(source)
        sealed = all(map(_is_hybrid, header.stanzas))
    except Damaged:
        cut = INTRO.startswith(head) or (source.ended and head.startswith(INTRO))
        return None if cut and len(head) < min(size, HEADER_LIMIT) else 0
    reviewers = len(header.stanzas)
    return reviewers if sealed and reviewers in chain.reviewer_counts and sizes.is_sealed_size(reviewers, size) else 0


class _Watched(BytesIO):
    """Bytes that remember whether a line was cut off by their end."""

    ended = False

    def readline(self, size: int | None = -1, /) -> bytes:
        """One line, or what there is of it."""
        line = super().readline(size)
        self.ended = not line.endswith(b"\n") and self.tell() == len(self.getbuffer())
        return line


def _is_hybrid(stanza: Stanza) -> bool:
    return (
        stanza.kind == HybridRecipient.kind
        and [len(decode_base64(argument)) for argument in stanza.args] == [SHARE_LENGTH]
        and len(stanza.body) == BODY_LENGTH
    )
