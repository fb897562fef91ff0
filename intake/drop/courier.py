"""What couriers bring: sealed files, and texts into which the blocks of a sealed file were pasted.

Whoever carries a report can't read it, and neither can this server: what looks like a report sealed to this drop's
reviewers is stored as it came, under the beginning of its own SHA-256, so that one report is one row however often and
by whatever way it comes. The blocks of one file may be spread over many texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from intake.drop.acceptance import Refusal, judge
from intake.drop.entering import Outcome
from intake.drop.parts import Full
from intake.drop.problems import FULL, OTHER_BYTES, Problem
from intake.keyring import Chain
from intake.report.blocks import Unfinished, gather, look
from intake.sealing.header import INTRO


class Shelf(Protocol):
    """Where sealed reports go: `intake.drop.store.Store`."""

    def put(self, identifier: bytes, body: bytes, *, claimed: int | None, day: date) -> Outcome:
        """Keep one report; return when it is on disk."""


FILES_LIMIT = 100
"""Of how many reports the text of one visit may hold pieces: one body has room for fewer whole ones."""


@dataclass(frozen=True, slots=True)
class Received:
    """What came of one visit: how many reports are held now and their bytes, and what was not taken.

    `refused` counts sealed files that are not whole reports to this drop's reviewers, `strange` contents in which
    nothing sealed was found. Which of the reports had come before is told to nobody.
    """

    reports: int
    size: int
    refused: int
    strange: int
    unfinished: tuple[Unfinished, ...]
    full: bool


def is_sealed(content: bytes) -> bool:
    """Whether it claims to be an age file, as against a text."""
    return content.startswith(INTRO)


def take(body: bytes, store: Shelf, chain: Chain, day: date) -> Outcome | Problem:
    """Store one sealed file: whether it is new, or why it is not taken. Raises `Fault` when the store fails."""
    verdict = judge(body, None, chain, day)
    if isinstance(verdict, Refusal):
        return verdict.problem
    try:
        outcome = store.put(hashlib.sha256(body).digest()[:16], body, claimed=None, day=day)
    except Full:
        return FULL
    return OTHER_BYTES if outcome is Outcome.OTHER else outcome


def receive(contents: Sequence[bytes], store: Shelf, chain: Chain, day: date) -> Received:
    """All of what somebody hands in at once; the blocks of one file may be spread over several contents.

    Raises `Usage` for pieces of more than `FILES_LIMIT` files, before anything is stored, and `Fault` when the store
    fails: what was stored before that stays.
    """
    texts = [each.decode(errors="replace") for each in contents if not is_sealed(each)]
    gathered = gather(texts, limit=FILES_LIMIT)
    whole = dict.fromkeys([*(each for each in contents if is_sealed(each)), *gathered.files])
    became = {body: take(body, store, chain, day) for body in whole}
    held = [body for body, result in became.items() if isinstance(result, Outcome)]
    return Received(
        reports=len(held),
        size=sum(map(len, held)),
        refused=sum(isinstance(result, Problem) and result != FULL for result in became.values()),
        strange=sum(not look(text).names for text in texts),
        unfinished=gathered.unfinished,
        full=FULL in became.values(),
    )
