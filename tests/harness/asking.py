"""How long a drop takes to answer who asks for a mailbox: where there is an answer, none, or no such mailbox.

Times of two kinds are compared by the area under the ROC curve: the chance that a request of one kind took longer than
one of the other, ties counting half. It is 0.5 for kinds that can't be told apart.
"""

from __future__ import annotations

import os
import random
import time
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness.keys import World
from tests.harness.outboxes import answer, holder, make_outbox
from tests.harness.server import Answer, Running, command

KINDS = ("an answer", "no answer", "no such mailbox")
PAIRS = ((KINDS[0], KINDS[1]), (KINDS[1], KINDS[2]), (KINDS[0], KINDS[2]))


@dataclass
class Asked:
    """Seconds and answers, by kind."""

    took: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    said: dict[str, list[Answer]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def area(self, one: str, other: str) -> float:
        """The chance that `one` took longer."""
        ordered = sorted(self.took[other])
        wins = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in self.took[one])
        return wins / (2 * len(self.took[one]) * len(ordered))


def ask(world: World, drop: Running, folder: Path, count: int) -> Asked:
    """`count` requests of each kind, in a shuffled order over one connection; fifty mailboxes have an answer."""
    witnesses = [holder(world, number) for number in range(1, 101)]
    answered = witnesses[:50]
    outbox = folder / "drop.example-r1-000001.outbox"
    outbox.write_bytes(make_outbox(world, {each.mailbox: answer(world, each) for each in answered}))
    done = command("deliver", outbox, "--data", drop.data)
    assert done.returncode == 0, done.stderr
    chance = random.Random(count)
    mailbox = {
        KINDS[0]: lambda: bytes.fromhex(chance.choice(answered).mailbox),
        KINDS[1]: lambda: bytes.fromhex(chance.choice(witnesses[50:]).mailbox),
        KINDS[2]: lambda: os.urandom(16),
    }
    turns = [*KINDS] * count
    chance.shuffle(turns)
    found, connection = Asked(), drop.connect()
    for kind in turns:
        wanted = mailbox[kind]()
        began = time.perf_counter()
        found.said[kind].append(drop.request("POST", "/mailbox", wanted, connection=connection))
        found.took[kind].append(time.perf_counter() - began)
    connection.close()
    return found
