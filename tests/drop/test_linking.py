"""Whoever takes the server's disk and every outbox can't tell which mailbox belongs to which report.

200 witnesses report over 30 days and 200 answers come back, each one to ten days later, through the real store, the
real outboxes and a fold every night. Then matchers written for this test look at everything that is left: the
database's bytes, the tables' order, ids, the outboxes. What the days alone say is no secret: an answer of Tuesday
belongs to a report of a day before. So a matcher counts as better than chance only when it is better than a guess among
the reports that the days allow.
"""

from __future__ import annotations

import io
import math
import os
import random
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from intake.drop.delivery import deliver
from intake.drop.folder import DataFolder
from intake.drop.mailboxes import NOBODY, Mailboxes
from intake.drop.store import Store
from intake.report.code import Holder
from intake.report.outbox import OutboxReader
from intake.report.sizes import sealed_size
from tests.harness.keys import TODAY, World, make_world
from tests.harness.outboxes import answer, hash_of, holder, make_outbox

WITNESSES, DAYS, LONGEST = 200, 30, 10


@dataclass(frozen=True)
class Seized:
    """What the attacker has, and, for the score alone, the truth."""

    places: Mapping[bytes, float]  # of each report and mailbox among its kind in the database's bytes, 0 to 1
    reports: Mapping[bytes, date]
    replies: Mapping[bytes, date]
    outboxes: tuple[bytes, ...]
    truth: Mapping[bytes, bytes]  # mailbox to report


@pytest.fixture(scope="module")
def seized(tmp_path_factory: pytest.TempPathFactory) -> Seized:
    tmp_path = tmp_path_factory.mktemp("drop")
    world = make_world(tmp_path / "keys")
    folder = DataFolder.open(tmp_path / "data", create=True)
    chance = random.Random(11)
    witnesses = [holder(world, number) for number in chance.sample(range(10**9), WITNESSES)]
    truth: dict[bytes, bytes] = {}
    due: dict[date, list[int]] = defaultdict(list)
    coming: dict[date, list[int]] = defaultdict(list)
    for number in range(WITNESSES):
        coming[TODAY + timedelta(days=chance.randrange(DAYS))].append(number)
    outboxes: list[bytes] = []
    with Store(folder) as store:
        Mailboxes(store)
        for offset in range(DAYS + LONGEST + 1):
            day = TODAY + timedelta(days=offset)
            for number in coming[day]:
                identifier = os.urandom(16)
                store.put(identifier, os.urandom(sealed_size(3, 16_384)), claimed=1, day=day)
                truth[bytes.fromhex(witnesses[number].mailbox)] = identifier
                due[day + timedelta(days=chance.randint(1, LONGEST))].append(number)
            outboxes.append(_outbox(world, {n: witnesses[n] for n in due[day]}, outboxes, offset))
            deliver(store, world.chain(), io.BytesIO(outboxes[-1]), day)
            store.fold(day)
    return _seize(folder, outboxes, truth)


def _outbox(world: World, due: Mapping[int, Holder], before: list[bytes], offset: int) -> bytes:
    number = 26112400 + offset
    replies = {to.mailbox: answer(world, to, number=number) for to in due.values()}
    previous = hash_of(before[-1]) if before else None
    return make_outbox(world, replies, serial=len(before) + 1, previous=previous, number=number)


def _seize(folder: DataFolder, outboxes: list[bytes], truth: Mapping[bytes, bytes]) -> Seized:
    with sqlite3.connect(folder.database) as connection:
        reports = dict(connection.execute("SELECT id, day FROM report"))
        replies = dict(connection.execute("SELECT mailbox, day FROM reply WHERE mailbox != ?", (NOBODY,)))
    assert len(reports) == len(truth) == WITNESSES
    content = folder.database.read_bytes()
    return Seized(
        {**_places(content, reports), **_places(content, truth)},
        {key: date.fromisoformat(day) for key, day in reports.items()},
        {key: date.fromisoformat(day) for key, day in replies.items()},
        tuple(outboxes),
        truth,
    )


def _places(content: bytes, keys: Collection[bytes]) -> dict[bytes, float]:
    ordered = sorted(keys, key=content.rindex)
    return {key: rank / len(ordered) for rank, key in enumerate(ordered)}


Matcher = Callable[[Seized, bytes, list[bytes]], bytes]


def _by_place(seized: Seized, mailbox: bytes, candidates: list[bytes]) -> bytes:
    """The report whose place in the file is that of the mailbox."""
    return min(candidates, key=lambda each: abs(seized.places[each] - seized.places[mailbox]))


def _by_id(seized: Seized, mailbox: bytes, candidates: list[bytes]) -> bytes:
    """The report whose id is nearest, as a number."""
    return min(candidates, key=lambda each: abs(int.from_bytes(each, "big") - int.from_bytes(mailbox, "big")))


def _by_bits(seized: Seized, mailbox: bytes, candidates: list[bytes]) -> bytes:
    """The report whose id shares the most bits."""
    return min(candidates, key=lambda each: (int.from_bytes(each, "big") ^ int.from_bytes(mailbox, "big")).bit_count())


def _by_listing(seized: Seized, mailbox: bytes, candidates: list[bytes]) -> bytes:
    """The report that has among the candidates the rank that the mailbox has in its outbox."""
    for outbox in seized.outboxes:
        names = [bytes.fromhex(left.mailbox) for left in OutboxReader(io.BytesIO(outbox)).outbox.replies]
        if mailbox in names:
            return candidates[names.index(mailbox) * len(candidates) // len(names)]
    raise AssertionError("the mailbox came by no outbox")


@pytest.mark.parametrize("matcher", [_by_place, _by_id, _by_bits, _by_listing])
def test_a_matcher_is_no_better_than_a_guess_among_the_days(seized: Seized, matcher: Matcher) -> None:
    hits = expected = variance = 0.0
    for mailbox, report in seized.truth.items():
        day = seized.replies[mailbox]
        candidates = sorted(
            each for each, came in seized.reports.items() if timedelta(1) <= day - came <= timedelta(LONGEST)
        )
        assert report in candidates
        hits += matcher(seized, mailbox, candidates) == report
        expected += 1 / len(candidates)
        variance += (1 - 1 / len(candidates)) / len(candidates)
    assert hits <= expected + 4 * math.sqrt(variance)


def test_the_same_matchers_find_a_planted_link(seized: Seized) -> None:
    linked = {mailbox: mailbox for mailbox in seized.truth}
    found = [_by_id(seized, mailbox, sorted(linked)) == report for mailbox, report in linked.items()]
    assert all(found)


def test_answers_do_not_differ_from_decoys(seized: Seized) -> None:
    decoys = [mailbox for mailbox in seized.replies if mailbox not in seized.truth]
    assert len(decoys) > 4 * len(seized.truth)
    for facts in (lambda each: each[0], lambda each: each[-1], lambda each: sum(each), lambda each: each.count(0)):
        area = _area([facts(each) for each in seized.truth], [facts(each) for each in decoys])
        spread = math.sqrt((len(seized.truth) + len(decoys) + 1) / (12 * len(seized.truth) * len(decoys)))
        assert abs(area - 0.5) < 4 * spread


def _area(one: list[int], other: list[int]) -> float:
    wins = sum((a > b) + (a == b) / 2 for a in one for b in other)
    return wins / (len(one) * len(other))
