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

from intake.review.outputs import disclosure, release
from intake.review.outputs.counting import KINDS, Counted, Tally
from intake.review.outputs.disclosure import NEVER, K, Standing, Table, limits, publish, rounded, shown, standing
from intake.review.outputs.ledger import Period, remember
from intake.review.outputs.release import Composed, compose
from tests.harness import attacker
from tests.harness.attacker import Figure, Program, Seen, isolating, printed

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
    renewed: list[set[Figure]]

    def add(self, counted: Sequence[Counted], period: Period, corrects: int | None = None) -> None:
        past: dict[str, dict[tuple[str, str], list[Standing | None]]] = {}
        for each in self.made:
            remember(past, each.bases)
        tally = Tally(tuple(counted), tuple(each.first for each in counted))
        new = compose(
            tally, period, past, day=period.last + timedelta(3), version=len(self.made) + 1, corrects=corrects
        )
        renewed, slack = set[Figure](), dict[Figure, int]()
        for table, figures in new.bases.items():
            for row, column, base, count in figures:
                now = Standing(base, count) if base is not None else None
                before = (past.get(table, {}).get((row, column)) or [NEVER])[-1]
                held = 0 if now != before else K - 1
                slack[table, row, column] = held + (0 if base == count else K - 1)
                if now is not None and now != before:
                    renewed.add((table, row, column))
        self.made.append(new)
        self.seen.append(Seen(new.public, slack))
        self.renewed.append(renewed)
        self.people.append(list(counted))


def two_years(number: int = 330, seed: int = 1, without: frozenset[str] = frozenset()) -> Series:
    """24 monthly releases, and two corrections that take people out; `without`: those who never came."""
    everybody, series, gone = people(number, seed), Series([], [], [], []), {*without}
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
            before = {(row, column): number for row, column, number, _ in one.bases[table] if number is not None}
            for row, column, number, _ in other.bases[table]:
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
    for number, figure in figures:
        low, high = program.range(number, figure)
        count = truth(series, number, figure)
        if high - low < K - 1e-6 or (count < K and low > 1e-6):
            found.append(f"release {number + 1} {figure}: {low:.1f} to {high:.1f}, and it is {count}")
    return found


def truth(series: Series, number: int, figure: Figure) -> int:
    return len(members(series, number, figure))


def members(series: Series, number: int, figure: Figure) -> list[Counted]:
    """Who is counted in a figure by a release, as things were on its day."""
    table, row, column = figure
    public = series.made[number].public
    columns = next(each["columns"] for each in public["tables"] if each["name"] == table)
    kind, _, region = table.partition(":")
    found = []
    for each in series.people[number]:
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
            found.append(each)
    return found


def test_no_figure_left_out_is_recovered_from_its_own_release(series: Series) -> None:
    found = []
    for number in (5, 12, 25):
        program = Program(series.seen[number : number + 1])
        found += unsafe(program, alone(series, number), program.unseen)
    assert found == []


def alone(series: Series, number: int) -> Series:
    return Series([series.made[number]], [series.seen[number]], [series.people[number]], [series.renewed[number]])


def test_no_figure_left_out_is_recovered_from_all_releases_together(series: Series) -> None:
    program = Program(series.seen)
    asked = random.Random(5).sample(program.unseen, 24)
    assert unsafe(program, series, asked) == []


def growths(series: Series) -> list[tuple[int, int, Figure]]:
    """Every figure of every release with each release before it that has the figure too."""
    has = [{figure for figure, _ in printed(seen.public)} for seen in series.seen]
    return [
        (before, after, figure)
        for before, after in combinations(range(len(has)), 2)
        for figure in has[before] & has[after]
    ]


def margins(series: Series) -> list[tuple[int, Figure]]:
    return [
        (number, figure)
        for number, seen in enumerate(series.seen)
        for figure, _ in printed(seen.public)
        if figure[0] == "place" and "" in figure[1:]
    ]


def test_no_two_releases_tell_of_a_few_new_people(series: Series) -> None:
    """Subtracted by a linear program, whatever it puts together: nothing says that one to four people came or went."""
    program = Program(series.seen)
    asked = random.Random(6).sample(sorted(growths(series)), 24)
    assert not [each for each in asked if isolating(program.growth(*each))]
    lines = random.Random(7).sample(margins(series), 16)
    assert not [each for each in lines if isolating(program.remainder(*each))]


def test_whoever_comes_into_a_figure_comes_with_four_others(series: Series) -> None:
    """Between the releases in which a figure is renewed at least five people come into it, or go: company for each."""
    held: dict[Figure, set[str]] = {}
    compared = 0
    for number, renewed in enumerate(series.renewed):
        for figure in sorted(each for each in renewed if each[0] != "headline"):
            now = {each.key for each in members(series, number, figure)}
            if figure in held:
                compared += 1
                assert len(now ^ held[figure]) >= K, figure
            held[figure] = now
    assert compared > 100


def test_without_protection_the_attacker_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests above would prove nothing."""
    monkeypatch.setattr(disclosure._Network, "protect", lambda self, hidden: hidden)
    bare = two_years()
    program = Program(bare.seen[1:2])
    assert len(unsafe(program, alone(bare, 1), program.unseen)) > 0


def test_by_exact_counts_the_attacker_names_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same attacker against counts as they are, small ones left out: who came alone in a month is found."""
    monkeypatch.setattr(disclosure._Network, "protect", lambda self, hidden: hidden)
    for module in (disclosure, release):
        monkeypatch.setattr(module, "standing", lambda count, past: Standing(count, count))
        monkeypatch.setattr(module, "shown", lambda number, least=K: str(number) if number >= least else None)
    for module in (disclosure, release, attacker):
        monkeypatch.setattr(module, "limits", lambda text: (int(text), int(text)))
    weak = two_years()
    program = Program([replace(each, slack=dict.fromkeys(each.slack, 0)) for each in weak.seen])
    found = [each for each in growths(weak) if each[1] == each[0] + 1 and each[2][0] in ("kind", "authority")]
    alone_in_it = [each for each in random.Random(8).sample(sorted(found), 40) if isolating(program.growth(*each))]
    assert len(alone_in_it) > 5
    named = [
        {each.key for each in members(weak, after, figure)} ^ {each.key for each in members(weak, before, figure)}
        for before, after, figure in alone_in_it
    ]
    assert any(len(people) == 1 for people in named)


def test_who_knows_everybody_else_exactly_still_learns(series: Series) -> None:
    """What is not promised, so that nobody promises it: even one release alone tells two worlds apart for many.

    The attacker knows all other people of the tables, and the rules, and makes the release once with the last person
    and once without.
    """
    last = Period(FIRST, date(2026, 12, 31))
    counted = series.people[0]

    def made(people: Sequence[Counted]) -> dict[str, object]:
        tally = Tally(tuple(people), tuple(each.first for each in people))
        return compose(tally, last, {}, day=date(2027, 1, 3), version=1).public

    whole = made(counted)
    tried = [each for each in counted if each.confirmed][:40]
    learned = sum(made([each for each in counted if each is not one]) != whole for one in tried)
    assert 5 < learned < 35


@given(st.integers(0, 60), st.lists(st.integers(0, 60), max_size=30))
def test_a_figure_moves_by_five_and_for_five(first: int, counts: list[int]) -> None:
    """Of all that it ever was, by its numbers, and of the people who came or went since it moved the last time."""
    past: list[Standing | None] = []
    moved = NEVER
    for count in (first, *counts):
        new = standing(count, past)
        assert new.base == 0 or new.base >= K
        assert all(new.base == each.base or abs(new.base - each.base) >= K for each in past if each is not None)
        assert abs(new.base - count) <= 2 * (K - 1)
        if new.base != moved.base:
            assert abs(count - moved.count) >= K
            assert new.count == count
            moved = new
        past.append(new)


@given(st.integers(0, 60), st.lists(st.integers(0, 9), max_size=40))
def test_a_figure_that_only_grows_is_at_most_four_behind(first: int, more: list[int]) -> None:
    past: list[Standing | None] = []
    count = first
    for each in more:
        count += each
        new = standing(count, past)
        assert 0 <= count - new.base < K
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
    """400 people, two years, two corrections: what is left out, what changed, and what is beside the shown cells."""
    made = two_years(400, seed)
    program = Program(made.seen)
    draw = random.Random(seed)
    assert unsafe(program, made, draw.sample(program.unseen, 400)) == []
    assert not [each for each in draw.sample(sorted(growths(made)), 200) if isolating(program.growth(*each))]
    assert not [each for each in draw.sample(margins(made), 100) if isolating(program.remainder(*each))]


@pytest.mark.long
def test_how_many_are_told_apart_by_who_knows_everybody_else(series: Series) -> None:
    """The figure of what is not promised: nearly all, over two years, when the month of each other person is known."""
    tried = [each.key for each in series.people[0] if each.confirmed][:40]
    learned = sum(
        [made.public for made in two_years(without=frozenset({each})).made] != [made.public for made in series.made]
        for each in tried
    )
    print(f"told apart: {learned} of {len(tried)}")
    assert learned > 20
