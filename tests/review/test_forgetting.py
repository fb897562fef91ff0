"""When an identity may be destroyed: each reason not to, one at a time, and the case in which none is left."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from intake.keyring import Keyring
from intake.keyring.change import LATE, stranded
from intake.keyring.difference import differences
from intake.report.bundle import Index, IndexEntry
from intake.review.forgetting import Evidence, Link, hindrances, naming
from intake.sealing import HybridIdentity
from tests.harness.keys import TODAY, World, make_world


def make_links(keyrings: Sequence[int], closed: frozenset[int] = frozenset(), day: date = TODAY) -> list[Link]:
    """A chain of bundles under these newest keyrings; the last one calls `closed` closed."""
    links: list[Link] = []
    for serial, keyring in enumerate(keyrings, 1):
        links.append(
            Link(
                1,
                serial,
                hashlib.sha256(str(serial).encode()).digest(),
                links[-1].hash if links else None,
                keyring,
                closed if serial == len(keyrings) else frozenset(),
                whole=True,
                day=day,
            )
        )
    return links


@dataclass(frozen=True)
class Case:
    """r1 was named in keyrings 2 and 3, and rotated in 4; r2 and r3 stand all the time."""

    recipient: str
    keyrings: tuple[Keyring, ...]

    def evidence(self, links: Sequence[Link], waiting: Sequence[str] = ()) -> Evidence:
        return Evidence(self.keyrings, links, waiting)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    first = make_world(tmp_path_factory.mktemp("world"), reviewers=2)
    joined = HybridIdentity.generate()
    second = first.next(reviewers=[*first.reviewers, joined])
    fourth = second.next().next(reviewers=[*first.reviewers, HybridIdentity.generate()], closed_through=3)
    return Case(str(joined.recipient), fourth.chain().keyrings)


BUNDLES = (1, 1, 2, 3, 3, 4)
CLOSED = frozenset({1, 2, 3})


def test_it_is_named_where_it_is_named(case: Case) -> None:
    assert naming(case.recipient, case.keyrings) == (2, 3)


def test_a_whole_chain_that_closes_them_proves_it(case: Case) -> None:
    links = make_links(BUNDLES, CLOSED)
    assert hindrances(case.recipient, case.evidence(links)) == ()
    # What came before it was named is no matter: the chain may begin with the last bundle of keyring 1.
    assert hindrances(case.recipient, case.evidence(links[1:])) == ()


_BROKEN: dict[str, tuple[Callable[[list[Link]], list[Link]], str]] = {
    "none": (
        lambda links: [],
        "no bundle was imported here: all are needed, from the first that names keyring 2",
    ),
    "one withheld": (
        lambda links: links[:3] + links[4:],
        "bundle 4 is missing: it may carry reports sealed to it",
    ),
    "two withheld": (
        lambda links: links[:2] + links[4:],
        "bundles 3 to 4 are missing: they may carry reports sealed to it",
    ),
    "the beginning withheld": (
        lambda links: links[3:],
        "the bundles before 4 are missing: they may carry reports sealed to it",
    ),
    "another in its place": (
        lambda links: [*links[:3], replace(links[3], hash=bytes(32)), *links[4:]],
        "bundle 5 of epoch 1 does not follow bundle 4 of epoch 1",
    ),
    "half taken in": (
        lambda links: [*links[:3], replace(links[3], whole=False), *links[4:]],
        "bundle 4 was not taken in whole: import it again",
    ),
    "the end withheld": (
        lambda links: links[:5],
        "bundle 5, the newest here, does not call keyrings 2 and 3 closed: one that does is needed",
    ),
    "closed in part": (
        lambda links: [*links[:5], replace(links[5], closed=frozenset({1, 2}))],
        "bundle 6, the newest here, does not call keyring 3 closed: one that does is needed",
    ),
}


@pytest.mark.parametrize("name", _BROKEN)
def test_what_is_missing_of_the_chain_is_named(case: Case, name: str) -> None:
    spoil, words = _BROKEN[name]
    links = spoil(make_links(BUNDLES, CLOSED))
    assert hindrances(case.recipient, case.evidence(links)) == (words,)


def test_a_report_that_waits_is_named(case: Case) -> None:
    said = hindrances(case.recipient, case.evidence(make_links(BUNDLES, CLOSED), ["report 12"]))
    assert said == ("report 12 came and was not opened yet",)


def test_who_is_named_today_is_not_forgotten(case: Case) -> None:
    keyrings = case.keyrings[:3]
    evidence = Evidence(keyrings, make_links((1, 2, 3), frozenset({1, 2})), ())
    said = hindrances(case.recipient, evidence)
    assert said[0] == "keyring 3, the newest, still names it: rotate or retire it first"
    assert hindrances("age1pq1stranger", evidence) == (
        "no keyring known here names this identity, so nothing tells what it opens",
    )


def test_a_chain_of_keyrings_cut_at_the_beginning_is_not_enough(case: Case) -> None:
    evidence = Evidence(case.keyrings[1:], make_links(BUNDLES, CLOSED), ())
    said = hindrances(case.recipient, evidence)
    assert said == ("the keyrings before 2 are not known here, and may name it too",)


@pytest.fixture
def alone(tmp_path: Path) -> World:
    """Everybody's key rotated in keyring 2, which closes keyring 1."""
    first = make_world(tmp_path, reviewers=2)
    return first.next(reviewers=[HybridIdentity.generate() for _ in range(2)], closed_through=1)


def test_the_last_one_who_could_open_a_late_report_keeps_the_key(alone: World) -> None:
    first, second = alone.chain().keyrings
    recipient = first.reviewers[0].recipient
    over = first.closes + LATE

    def said(day: date) -> tuple[str, ...]:
        return hindrances(recipient, Evidence((first, second), make_links((1, 2), frozenset({1}), day), ()))

    words = f"no other key of keyring 1 stands now: a report carried by hand may come until {over}, and no bundle"
    assert [line.startswith(words) for line in said(over - timedelta(days=1))] == [True]
    assert said(over) == ()


def test_a_bundle_proves_how_old_it_can_be_at_most(alone: World) -> None:
    keyrings = alone.chain().keyrings
    index = Index("drop.example", 1, 7, None, 2, (1,), ())
    future = date(2040, 1, 1)
    assert Link.of(index, keyrings, future, whole=True).day == keyrings[1].issued
    ended = replace(index, keyring=1)
    assert Link.of(ended, keyrings, future, whole=True).day == keyrings[0].closes
    arrived = IndexEntry("12" * 16, date(2031, 1, 1), 1, "0" * 64, None, "new")
    later = replace(index, reports=(arrived,))
    assert Link.of(later, keyrings, future, whole=False).day == date(2031, 1, 1)
    assert Link.of(later, keyrings, TODAY, whole=False).day == TODAY


def test_the_ceremony_says_so_before(alone: World) -> None:
    first, second = alone.chain().keyrings
    words = "NO reviewer's key of keyring 1 stays: a report sealed before may be carried in until"
    assert any(line.startswith(f"{words} {first.closes + LATE}") for line in differences(first, second))
    assert stranded([first], second.reviewers, date(2026, 12, 1)) == (first,)
    assert stranded([first], first.reviewers[:1], date(2026, 12, 1)) == ()
    assert stranded([first], second.reviewers, first.closes + LATE) == ()
