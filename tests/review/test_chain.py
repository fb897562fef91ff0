"""What a bundle can do against those before it: each thing once, with the words that a reviewer reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest

from intake.errors import ChainBroken
from intake.report.bundle import Index, IndexEntry
from intake.review.chain import SILENCE, Alarm, Kind, check_origin, compare, place, silence
from intake.review.forgetting import Link
from tests.harness.keys import ORIGIN, TODAY


def entry(number: int, state: str = "held", body: str = "a") -> IndexEntry:
    return IndexEntry(f"{number:032x}", TODAY, 21157, body * 64, 1, "new" if state == "new" else "held")


def follow(before: Index | None, **changes: object) -> Index:
    """The next bundle, as an honest drop makes it, with some fields otherwise."""
    index = Index(
        origin=ORIGIN,
        epoch=before.epoch if before else 1,
        serial=before.serial + 1 if before else 1,
        previous=before.hash if before else None,
        keyring=before.keyring if before else 2,
        closed=before.closed if before else (1,),
        reports=(),
    )
    return replace(index, **changes)  # type: ignore[arg-type]  # fields are named by the test


def chain(count: int) -> list[Index]:
    indexes = [follow(None)]
    while len(indexes) < count:
        indexes.append(follow(indexes[-1]))
    return indexes


def link(index: Index) -> Link:
    closed = frozenset(index.closed)
    return Link(index.epoch, index.serial, index.hash, index.previous, index.keyring, closed, whole=True, day=TODAY)


FIVE = chain(5)
ELSEWHERE = follow(FIVE[3], keyring=3)  # another bundle 5
RESTORED = follow(FIVE[2], epoch=2)  # bundle 4 of epoch 2, after a backup that was made behind bundle 3


@dataclass(frozen=True)
class Case:
    new: Index
    seen: Sequence[Index]
    told: tuple[tuple[Kind, str], ...]


CASES = {
    "the very first": Case(FIVE[0], [], ()),
    "the one that follows": Case(FIVE[4], FIVE[:4], ()),
    "the same again": Case(
        FIVE[1], FIVE, ((Kind.REPLAYED, "bundle 2 was imported before; the newest here is bundle 5"),)
    ),
    "the newest again": Case(
        FIVE[4], FIVE, ((Kind.REPLAYED, "bundle 5 was imported before; the newest here is bundle 5"),)
    ),
    "a first one that is not the first": Case(
        FIVE[2], [], ((Kind.GAP, "bundle 3 is the first here: what came before it is missing"),)
    ),
    "one withheld": Case(
        FIVE[4], FIVE[:3], ((Kind.GAP, "bundle 4 is missing before bundle 5: ask the operator for it"),)
    ),
    "two withheld": Case(
        FIVE[4], FIVE[:2], ((Kind.GAP, "bundles 3 to 4 are missing before bundle 5: ask the operator for them"),)
    ),
    "the one withheld comes late": Case(FIVE[3], [*FIVE[:3], FIVE[4]], ()),
    "one of two withheld comes late": Case(
        FIVE[3], [*FIVE[:2], FIVE[4]], ((Kind.GAP, "bundle 3 is missing before bundle 4: ask the operator for it"),)
    ),
    "the beginning comes late": Case(FIVE[0], FIVE[1:], ()),
    "in any order": Case(FIVE[2], [FIVE[4], FIVE[3], FIVE[0], FIVE[1]], ()),
    "another bundle of the same number": Case(
        ELSEWHERE,
        FIVE,
        ((Kind.FORKED, "another bundle 5 came before, with another list: the drop shows two histories"),),
    ),
    "one that follows another than the one here": Case(
        follow(ELSEWHERE), FIVE, ((Kind.FORKED, "bundle 6 follows another bundle 5 than the one here"),)
    ),
    "another in a gap": Case(
        replace(FIVE[3], keyring=3, closed=(1, 2)),
        [*FIVE[:3], FIVE[4]],
        ((Kind.FORKED, "bundle 5, which is here, follows another bundle 4 than this one"),),
    ),
    "numbers passed over": Case(
        follow(FIVE[4], serial=9),
        FIVE,
        ((Kind.FORKED, "bundle 9 passes over bundles 6 to 8, as if nothing had been between"),),
    ),
    "a beginning anew in the same epoch": Case(
        follow(None, keyring=7),
        FIVE,
        ((Kind.FORKED, "another bundle 1 came before, with another list: the drop shows two histories"),),
    ),
    "a restored server": Case(
        RESTORED,
        FIVE,
        (
            (
                Kind.RESTORED,
                (
                    "bundle 4 of epoch 2 begins a new epoch after bundle 3: the server was restored from a backup, "
                    "and knows nothing of bundles 4 to 5 of epoch 1"
                ),
            ),
        ),
    ),
    "a server restored from its last moment": Case(
        follow(FIVE[4], epoch=2),
        FIVE,
        ((Kind.RESTORED, "bundle 6 of epoch 2 begins a new epoch: the server was restored, right after bundle 5"),),
    ),
    "a restored server that knows a bundle which is not here": Case(
        follow(FIVE[4], epoch=2),
        FIVE[:4],
        (
            (Kind.RESTORED, "bundle 6 of epoch 2 is of a new epoch: the server was restored from a backup"),
            (Kind.GAP, "bundle 6 of epoch 2 follows a bundle that is not here: ask the operator for it"),
        ),
    ),
    "a server that begins with nothing": Case(
        follow(None, epoch=2),
        FIVE,
        ((Kind.RESTORED, "bundle 1 of epoch 2 is of a new epoch: the server was restored from a backup"),),
    ),
    "the second bundle of a new epoch": Case(follow(RESTORED), [*FIVE, RESTORED], ()),
    "the old server goes on": Case(
        follow(FIVE[4]),
        [*FIVE, RESTORED],
        (
            (
                Kind.LATE,
                "bundle 6 came when epoch 2 had begun: it is older than the restore, or a second server runs",
            ),
        ),
    ),
    "the bundle that a restored server follows comes late": Case(FIVE[4], [*FIVE[:4], follow(FIVE[4], epoch=2)], ()),
    "an older keyring": Case(
        follow(FIVE[4], keyring=1),
        FIVE,
        ((Kind.BACKWARDS, "bundle 6 names keyring 1, and bundle 5 before it named 2"),),
    ),
    "a closed serial opened again": Case(
        follow(FIVE[4], closed=()),
        FIVE,
        ((Kind.BACKWARDS, "bundle 6 takes reports for keyring 1, which was closed before"),),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_place_in_the_chain_has_its_own_words(name: str) -> None:
    case = CASES[name]
    found = place(case.new, [link(index) for index in case.seen])
    assert tuple((alarm.kind, alarm.words) for alarm in found.alarms) == case.told
    assert found.again == (case.told[:1] != () and case.told[0][0] is Kind.REPLAYED)


def test_what_it_is_compared_with_stands_right_beside_it() -> None:
    found = place(FIVE[3], [link(index) for index in (FIVE[4], FIVE[0], FIVE[2])])
    assert (found.earlier, found.later) == (link(FIVE[2]), link(FIVE[4]))


def test_a_bundle_of_another_drop_is_refused() -> None:
    check_origin(FIVE[0], ORIGIN)
    with pytest.raises(ChainBroken, match=r"of drop.example, and this desk reads elsewhere"):
        check_origin(FIVE[0], "elsewhere")


def found(before: Sequence[IndexEntry], after: Sequence[IndexEntry], *acknowledged: int) -> list[Alarm]:
    first = follow(None, reports=tuple(before))
    ids = {f"{number:032x}" for number in acknowledged}
    return list(compare(first, follow(first, reports=tuple(after)), lambda each: each.id in ids))


def test_a_report_that_is_gone_and_acknowledged_by_nobody_has_vanished() -> None:
    three = [entry(1), entry(2), entry(3, "new")]
    assert found(three, three) == []
    assert found(three, [*three, entry(4, "new")]) == []
    (alarm,) = found(three, [entry(1), entry(3)])
    assert (alarm.kind, alarm.reports) == (Kind.VANISHED, (f"{2:032x}",))
    assert str(alarm) == (f"report {2:032x}: listed in bundle 1, missing from bundle 2, and acknowledged by nobody")
    assert found(three, [entry(1), entry(3)], 2) == [], "it was purged"


def test_a_report_that_is_listed_with_another_file_was_altered() -> None:
    (alarm,) = found([entry(1), entry(2)], [entry(1), entry(2, body="b")])
    assert (alarm.kind, alarm.reports) == (Kind.ALTERED, (f"{2:032x}",))
    assert "another file in bundle 2 than in bundle 1" in str(alarm)
    (alarm,) = found([entry(1)], [replace(entry(1), size=1)])
    assert alarm.kind is Kind.ALTERED


def test_a_thousand_that_vanished_are_one_sentence() -> None:
    (alarm,) = found([entry(number) for number in range(1000)], [])
    assert len(alarm.reports) == 1000
    assert "and 995 more" in str(alarm)
    assert len(str(alarm)) < 400


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (None, None),
        (TODAY, None),
        (TODAY - SILENCE, None),
        (TODAY - SILENCE - timedelta(days=1), Kind.SILENT),
        (date(2020, 1, 1), Kind.SILENT),
        (TODAY + timedelta(days=1), Kind.CLOCK),
    ],
)
def test_a_drop_that_falls_silent_is_heard(last: date | None, kind: Kind | None) -> None:
    alarm = silence(last, TODAY)
    assert (alarm.kind if alarm else None) == kind
