"""Sealed reports above the class of a PUT, for what sends and stores them in pieces."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache

from intake.report import sizes
from intake.sealing import HybridIdentity, seal_bytes
from tests.harness.keys import World

PART = 2**20
PLAINTEXT = sizes.padded(2 * PART + 300_000)


@cache
def _filler(size: int) -> bytes:
    return os.urandom(size)


def seal_large(world: World, plaintext: int = PLAINTEXT, reviewers: Sequence[HybridIdentity] = ()) -> bytes:
    """A body that the drop takes: what is inside is noise, which it can't know."""
    assert sizes.is_plaintext_size(plaintext)
    return seal_bytes(_filler(plaintext), [identity.recipient for identity in reviewers or world.reviewers])


def pieces(body: bytes, size: int = PART, start: int = 0) -> list[tuple[int, bytes]]:
    """Offsets and bytes, in order."""
    return [(offset, body[offset : offset + size]) for offset in range(start, len(body), size)]
