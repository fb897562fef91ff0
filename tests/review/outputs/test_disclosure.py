"""Two years of statements against an attacker who has all of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.review.outputs import disclosure
from intake.review.outputs.counting import KINDS, Counted, Tally
from intake.review.outputs.disclosure import K, Table, base, limits, publish, rounded, shown
from intake.review.outputs.ledger import Period
from intake.review.outputs.release import Composed, compose
from tests.harness.attacker import Figure, Program, Seen, printed

FIRST = date(2025, 1, 1)
REGIONS = {"gbao": 30, "dushanbe": 25, "border": 12, "sughd": 10, "khatlon": 8, "ru": 8, "drs": 4, "abroad": 3}
DISTRICTS = ("khorog", "rushan", "shughnon", "murghob", "vanj")
FORCES = {"gknb": 40, "mvd": 25, "several": 20, "foreign_police": 8, "unknown": 6, "army": 1}


def people(number: int, seed: int) -> list[Counted]:
    """Invented, over two years, many in few places and few in many."""
    draw = random.Random(seed)
    found = []
    for each in range(number):
        day = FIRST + timedelta(draw.randrange(730))
        event = day - timedelta(draw.choice((3, 10, 40, 150, 400)))
        (region,) = draw.choices(list(REGIONS), list(REGIONS.values()))
        found.append(
            Counted(
                f"person {each}",
                day,
                confirmed=draw.random() < 0.8,
                region=region,
                district=draw.choices(DISTRICTS, (60, 20, 10, 6, 4))[0] if region == "gbao" else None,
                quarter=None if draw.random() < 0.05 else f"{event.year}-Q{(event.month + 2) // 3}",
                kind=draw.choices(KINDS, (3, 6, 10, 8, 10, 15, 40, 4, 2, 2))[0],
                authority=draw.choices(list(FORCES), list(FORCES.values()))[0],
            )
        )
    return found


@dataclass
class Series:
    """Releases as they follow on each other, each knowing the bases of all before."""

    made: list[Composed]
    seen: list[Seen]
    people: list[list[Counted]]

    def add(self, counted: Sequence[Counted], period: Period, corrects: int | None = None) -> None:
        past: dict[str, dict[tuple[str, str], list[int | None]]] = {}
        for each in self.made:
            for table, figures in each.bases.items():
                for row, column, number in figures:
                    past.setdefault(table, {}).setdefault((row, column), []).append(number)
        tally = Tally(tuple(counted), tuple(each.first for each in counted))
        new = compose(
            tally, period, past, day=period.last + timedelta(3), version=len(self.made) + 1, corrects=corrects
        )
        renewed = {
            (table, row, column)
            for table, figures in new.bases.items()
            for row, column, number in figures
            if number is not None and number not in past.get(table, {}).get((row, column), [])[-1:]
        }
        self.made.append(new)
        self.seen.append(Seen(new.public, frozenset(renewed)))
        self.people.append(list(counted))


def two_years(number: int = 330, seed: int = 1) -> Series:
    """24 monthly releases, and two corrections that take people out."""
    everybody, series, gone = people(number, seed), Series([], [], []), set[str]()
    draw = random.Random(seed)
    for month in range(1, 25):
        last = date(2025 + month // 12, month % 12 + 1, 1) - timedelta(1)
        period = Period(FIRST, last)
        series.add([each for each in everybody if each.key not in gone], period)
        if month in (9, 18):
            known = [each for each in everybody if each.first <= last and each.key not in gone]
            gone |= {each.key for each in draw.sample(known, 12)}
            series.add([each for each in everybody if each.key not in gone], period, corrects=len(series.made))
    return series


@pytest.fixture(scope="module")
def series() -> Series:
    return two_years()


def test_no_figure_of_two_releases_differs_by_a_few_people(series: Series) -> None:
    assert len(series.made) == 26
    compared = 0
    for one, other in combinations(series.made, 2):
        for table in one.bases.keys() & other.bases.keys():
            before = {(row, column): number for row, column, number in one.bases[table] if number is not None}
            for row, column, number in other.bases[table]:
                if number is None or (row, column) not in before:
                    continue
                compared += 1
                assert abs(number - before[row, column]) not in range(1, K), (table, row, column)
    assert compared > 5_000


def test_nothing_below_five_is_ever_shown_and_much_is(series: Series) -> None:
    figures = [text for seen in series.seen for _, text in printed(seen.public)]
    told = [text for text in figures if text is not None]
    assert all(text == "<10" or (int(text) >= 10 and int(text) % 5 == 0) for text in told)
    last = dict(printed(series.seen[-1].public))
    assert sum(text is not None for text in last.values()) > 30, "it would be safe to say nothing at all"
    assert series.seen[-1].public["confirmed"] == str(rounded(int(series.seen[-1].public["confirmed"])))


def unsafe(program: Program, series: Series, figures: Sequence[tuple[int, Figure]]) -> list[str]:
    found = []
    for release, figure in figures:
        low, high = program.range(release, figure)
        count = truth(series, release, figure)
        if high - low < K - 1e-6 or (count < K and low > 1e-6):
            found.append(f"release {release + 1} {figure}: {low:.1f} to {high:.1f}, and it is {count}")
    return found


def truth(series: Series, release: int, figure: Figure) -> int:
    table, row, column = figure
    public = series.made[release].public
    columns = next(each["columns"] for each in public["tables"] if each["name"] == table)
    kind, _, region = table.partition(":")
    count = 0
    for each in series.people[release]:
        if not each.confirmed or each.first > date.fromisoformat(public["to"]):
            continue
        quarter = each.quarter or "undated"
        where = {
            "place": (each.region, quarter if quarter in columns else "earlier"),
            "district": (each.district or "rest", "people"),
            "kind": (each.kind, "people"),
            "authority": (each.authority, "people"),
        }[kind]
        if (kind != "district" or each.region == region) and row in ("", where[0]) and column in ("", where[1]):
            count += 1
    return count


def test_no_figure_left_out_is_recovered_from_its_own_release(series: Series) -> None:
    found = []
    for number in (5, 12, 25):
        program = Program(series.seen[number : number + 1])
        found += unsafe(program, alone(series, number), program.unseen)
    assert found == []


def alone(series: Series, number: int) -> Series:
    return Series([series.made[number]], [series.seen[number]], [series.people[number]])


def test_no_figure_left_out_is_recovered_from_all_releases_together(series: Series) -> None:
    program = Program(series.seen)
    asked = random.Random(5).sample(program.unseen, 24)
    assert unsafe(program, series, asked) == []


def test_without_protection_the_attacker_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests above would prove nothing."""
    monkeypatch.setattr(disclosure._Network, "protect", lambda self, hidden: hidden)
    bare = two_years()
    program = Program(bare.seen[1:2])
    assert len(unsafe(program, alone(bare, 1), program.unseen)) > 0


@given(st.integers(0, 400), st.lists(st.integers(0, 400), max_size=12))
def test_a_base_never_moves_by_one_to_four(first: int, counts: list[int]) -> None:
    past: list[int | None] = []
    for count in (first, *counts):
        new = base(count, past)
        assert new == 0 or new >= K
        assert all(new == each or abs(new - each) >= K for each in past if each is not None)
        assert abs(new - count) < K
        past.append(new)


@given(st.integers(0, 10_000))
def test_what_is_printed_has_the_limits_that_are_told(number: int) -> None:
    text = shown(number)
    assert (text is None) == (number < K)
    if text is not None:
        low, high = limits(text)
        assert low <= number <= high
        assert shown(low - 1) != text != shown(high + 1)


def test_a_district_is_shown_from_ten() -> None:
    counts = {("a", "people"): 3, ("b", "people"): 12, ("rest", "people"): 17}
    made = publish(Table("district:x", ("a", "b", "rest"), ("people",), counts, 10), {})
    assert made.printed("a", "people") is None
    others = [made.printed(row, "people") for row in ("b", "rest")]
    assert others.count(None) == 1, "one more, or the total gives it back"


def test_what_says_the_same_of_everybody_is_left_out() -> None:
    table = Table("kind", ("killed", "missing"), ("people",), {("killed", "people"): 40}, sensitive=True)
    made = publish(table, {})
    assert made.withheld == "one row would say it of everybody"
    assert made.printed("killed", "people") is None


def test_a_figure_once_left_out_for_another_stays_out() -> None:
    counts = {("a", "x"): 3, ("a", "y"): 30, ("b", "x"): 30, ("b", "y"): 30}
    table = Table("place", ("a", "b"), ("x", "y"), counts)
    first = publish(table, {})
    out = {cell for cell, figure in first.figures.items() if figure.for_another}
    assert out
    grown = replace(table, counts={**counts, ("a", "x"): 40})
    later = publish(grown, {cell: [None] for cell in out})
    assert all(later.figures[cell].printed is None for cell in out)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 5))
def test_no_figure_at_all_is_recovered(seed: int) -> None:
    made = two_years(250 + 60 * seed, seed)
    program = Program(made.seen)
    asked = random.Random(seed).sample(program.unseen, 400)
    assert unsafe(program, made, asked) == []
