"""Over the wire: an answer, no answer and no such mailbox look alike, in length, in headers and in time.

Time is compared by the area under the ROC curve (the chance that a request of one kind took longer than one of the
other, ties counting half): 0.5 for kinds that can't be told apart. With 2,000 requests of each kind, in a shuffled
order over one connection, chance alone moves it by less than 0.03 in 999 cases of 1,000 (its standard error is
0.0091). One look-up more for one kind moved it to 0.44.
"""

from __future__ import annotations

import os
import random
import time
from bisect import bisect_left, bisect_right
from pathlib import Path

import pytest

from intake.drop.mailboxes import ANSWER_SIZE
from tests.harness.keys import make_world
from tests.harness.outboxes import answer, holder, make_outbox
from tests.harness.server import Running, command, running_drop


def _served(tmp_path: Path, drop: Running, replies: dict[str, bytes], outbox: bytes) -> None:
    path = tmp_path / "drop.example-r1-000001.outbox"
    path.write_bytes(outbox)
    done = command("deliver", path, "--data", drop.data)
    assert done.returncode == 0, done.stderr
    assert replies


@pytest.mark.parametrize("count", [60, pytest.param(2_000, marks=pytest.mark.long)])
def test_the_kinds_of_answers_can_not_be_told_apart(tmp_path: Path, count: int) -> None:
    world = make_world(tmp_path / "keys")
    with running_drop(world, tmp_path / "drop", limits={"reports": "", "plain": "", "source": ""}) as drop:
        witnesses = [holder(world, number) for number in range(1, 101)]
        answered = witnesses[:50]
        replies = {each.mailbox: answer(world, each) for each in answered}
        _served(tmp_path, drop, replies, make_outbox(world, replies))
        chance = random.Random(count)
        kinds = {
            "an answer": lambda: bytes.fromhex(chance.choice(answered).mailbox),
            "no answer": lambda: bytes.fromhex(chance.choice(witnesses[50:]).mailbox),
            "no such mailbox": lambda: os.urandom(16),
        }
        turns = [*kinds] * count
        chance.shuffle(turns)
        took: dict[str, list[float]] = {kind: [] for kind in kinds}
        seen: dict[str, set[tuple[int, int, tuple[str, ...], int]]] = {kind: set() for kind in kinds}
        connection = drop.connect()
        for kind in turns:
            mailbox = kinds[kind]()
            began = time.perf_counter()
            said = drop.request("POST", "/mailbox", mailbox, connection=connection)
            took[kind].append(time.perf_counter() - began)
            names = tuple(f"{name}: {value}" for name, value in said.headers if name != "date")
            seen[kind].add((said.status, len(said.body), names, said.body[0]))
        connection.close()
    answers = {kind: {each[:3] for each in said} for kind, said in seen.items()}
    assert all(len(said) == 1 for said in answers.values())
    assert len(set.union(*answers.values())) == 1
    assert {each[1] for each in seen["an answer"]} == {ANSWER_SIZE}
    assert {kind: {each[3] for each in said} for kind, said in seen.items()} == {
        "an answer": {1},
        "no answer": {0},
        "no such mailbox": {0},
    }
    if count >= 2_000:
        for one, other in (
            ("an answer", "no answer"),
            ("no answer", "no such mailbox"),
            ("an answer", "no such mailbox"),
        ):
            area = _area(took[one], took[other])
            print(f"{one} / {other}: {area:.3f}")
            assert abs(area - 0.5) < 0.04, (one, other, area)


def _area(one: list[float], other: list[float]) -> float:
    ordered = sorted(other)
    wins = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in one)
    return wins / (2 * len(one) * len(other))
