"""Proof of work, asked for only while reports come faster than in calm: a flood pays, and nobody is turned away.

The scheme is ALTCHA's, version 2 (https://altcha.org/docs/v2/proof-of-work/): the drop names a nonce, a salt and the
beginning of a key that PBKDF2-HMAC-SHA-256 gives for nonce || counter (four bytes, big-endian); whoever finds the
counter has worked. Browsers do PBKDF2 natively, also with JIT off, so a phone is not as far behind an attacker's
machine as it would be with a hash in JavaScript.

    GET /challenge             204 in calm; else the challenge as JSON
    PUT, with Work: <base64>   the solution: {"challenge": …, "solution": {"counter": …, "derivedKey": "…"}}

What arrives is counted, and beyond `calm` each report must bring a solution. How hard the next challenge is depends on
what *paid*: whoever floods without paying makes nobody's work harder. A solution is spent once, on all nodes that count
together: they use one secret, and each may check what another asked for. Challenges, secrets and what was spent live in
memory only (this process's, and Valkey's), and a challenge expires after `LIFE`.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from enum import Enum, auto

from altcha import Payload, create_challenge, verify_solution
from limits import parse
from limits.strategies import SlidingWindowCounterRateLimiter

from intake.drop.counters import EVERYBODY, Counters

ALGORITHM = "PBKDF2/SHA-256"
COST = 200
"""PBKDF2 iterations of one try. Making a challenge costs the drop one try, checking a solution an HMAC."""

TRIES = (512, 2048, 8192)
"""The most tries for a counter (half of them the fewest): while reports that pay are calm, above it, and above 4 times.

The last one is what an old phone does within some ten seconds; it never rises further.
"""

LIFE = 600  # seconds
WORK_LENGTH = 2048

_RISE = 4
_ARRIVED, _PAID = "arrived", "paid"
_SECRET_SECONDS = 86_400
_LOOK_SECONDS = 10.0


class Passage(Enum):
    """What becomes of a report before anybody looks at it."""

    FREE = auto()
    PAID = auto()
    DUE = auto()


class Toll:
    """The counts and the challenges of one process. Every method may be called from any thread.

    `calm` is a rate in the notation of the library `limits`; "" never asks for work. `now` gives Unix seconds.
    `counters` are shared with other nodes, or this process's own.
    """

    def __init__(self, calm: str, now: Callable[[], float] = time.time, counters: Counters | None = None) -> None:
        first = parse(calm) if calm else None
        self._steps = (first, type(first)(first.amount * _RISE, first.multiples)) if first else ()
        self._counters = counters or Counters()
        self._counts = SlidingWindowCounterRateLimiter(self._counters)
        self._now = now
        self._own = secrets.token_hex(64)
        self._secrets: tuple[str, ...] = (self._own,)
        self._looked = -_LOOK_SECONDS
        self._lock = threading.Lock()
        self._spent: set[str] = set()
        self._ends: deque[tuple[float, str]] = deque()

    def arrives(self, work: str | None) -> Passage:
        """Count one report that came with this `Work` header, and say whether it may go on."""
        if not self._steps:
            return Passage.FREE
        calm = self._counts.hit(self._steps[0], EVERYBODY, _ARRIVED)
        if calm and self._level() == 0:
            return Passage.FREE
        if work is None or not self._pays(work):
            return Passage.DUE
        for step in self._steps:
            self._counts.hit(step, EVERYBODY, _PAID)
        return Passage.PAID

    def challenge(self) -> bytes | None:
        """The work that is asked for now, as JSON; None in calm."""
        if not self._steps or (self._left(0, _ARRIVED) > 0 and self._level() == 0):
            return None
        most = TRIES[self._level()]
        secret, key_secret = _halves(self._known()[0])
        made = create_challenge(
            ALGORITHM,
            COST,
            counter=most // 2 + secrets.randbelow(most // 2),
            expires_at=int(self._now()) + LIFE,
            hmac_secret=secret,
            hmac_key_secret=key_secret,
        )
        return json.dumps(made.to_dict(), separators=(",", ":")).encode()

    def _level(self) -> int:
        """How many steps the paying reports have risen above: 0 while they are calm."""
        return sum(self._left(step, _PAID) <= 0 for step in range(len(self._steps)))

    def _left(self, step: int, what: str) -> int:
        return self._counts.get_window_stats(self._steps[step], EVERYBODY, what).remaining

    def _pays(self, work: str) -> bool:
        """Whether the solution is right and its challenge was not spent before; it is from now on."""
        if len(work) > WORK_LENGTH:
            return False
        try:
            payload = Payload.from_base64(work)
        except (ValueError, KeyError, TypeError, RecursionError):  # what the library's reader lets through
            return False
        both = map(_halves, self._known())
        if not any(verify_solution(payload, one, hmac_key_secret=other).verified for one, other in both):
            return False
        challenge = payload.challenge.signature or ""  # the work itself can be written in many ways
        with self._lock:
            now = self._now()
            while self._ends and self._ends[0][0] < now:
                self._spent.discard(self._ends.popleft()[1])
            if challenge in self._spent:
                return False
            self._spent.add(challenge)
            self._ends.append((now + LIFE, challenge))
        return self._counters.spend(challenge, LIFE)

    def _known(self) -> tuple[str, ...]:
        """The secret of all nodes now, and those of before with which challenges may have been made."""
        if time.monotonic() > self._looked + _LOOK_SECONDS:
            self._looked = time.monotonic()
            now = self._counters.agreed("toll", self._own, _SECRET_SECONDS)
            self._secrets = tuple(dict.fromkeys((now, self._secrets[0], self._own)))
        return self._secrets


def _halves(secret: str) -> tuple[str, str]:
    """One for the challenge, one for the key that answers it."""
    half = len(secret) // 2
    return secret[:half], secret[half:]
