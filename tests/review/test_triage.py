"""The tiers are those of the domain's table, whose rules are read here by themselves and compared on many answers."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.report.document import Json
from intake.review.triage import REASONS, Answers, Decision, Readings, Tier, as_of, schedule, span, triage

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TABLE = list(csv.DictReader((Path(__file__).parent / "triage.csv").read_text("utf-8").splitlines()))


def at(moment: datetime) -> dict[str, Json]:
    return {"precision": "exact", "date": f"{moment:%Y-%m-%d}", "time": f"{moment:%H:%M}", "zone": "+00:00"}


# Answers whose distance from the import is certain, with it.
REMOVALS: list[tuple[Json, timedelta | None]] = [
    (None, None),
    ({}, None),
    (at(NOW + 10 * HOUR), 10 * HOUR),
    (at(NOW + 72 * HOUR), 72 * HOUR),
    (at(NOW + 73 * HOUR), 73 * HOUR),
    (at(NOW + 14 * DAY), 14 * DAY),
    (at(NOW + 15 * DAY), 15 * DAY),
    (at(NOW - 5 * DAY), -5 * DAY),
    ({"precision": "unknown", "text": "tomorrow morning"}, timedelta(0)),
    ("завтра утром", timedelta(0)),
]
WHENS: list[tuple[Json, timedelta | None]] = [
    (None, None),
    ({"precision": "exact", "date": "2026-11-20"}, -4 * DAY),
    ({"precision": "month", "date": "2026-09"}, -60 * DAY),
    ({"precision": "month", "date": "2026-06"}, -150 * DAY),
    ({"precision": "year", "date": "2024"}, -700 * DAY),
]
URGENT = ["removal", "travel", "just_taken", "medical", "torture_now", "court", "me", "child", "none"]
KIND = ["detained", "taken", "missing", "torture", "killed", "deport", "border", "summoned", "fear", "other"]
STATUS = [
    "held",
    "missing",
    "released",
    "released_watched",
    "free_threatened",
    "sentenced",
    "dead",
    "deported",
    "abroad_held",
    "waiting",
]


class Rule:
    """One cell of the table's `if` column, read as it stands: OR over AND, brackets, four kinds of comparison."""

    def __init__(self, text: str) -> None:
        atom = r"\w+ has [\w|]+|\w+ = [\w|]+|\w+ <= \d+ ?\w+|\w+ empty|everything else"
        self._words = re.findall(rf"\(|\)|\bOR\b|\bAND\b|{atom}", text)
        assert "".join(self._words).replace(" ", "") == text.replace(" ", ""), "nothing of the rule was passed over"

    def __call__(self, answers: Answers, ages: dict[str, timedelta | None]) -> bool:
        self._rest = iter([*self._words, ")"])
        return self._either(answers, ages)

    def _either(self, answers: Answers, ages: dict[str, timedelta | None]) -> bool:
        total, term = False, True
        for word in self._rest:
            if word == ")":
                break
            if word == "OR":
                total, term = total or term, True
            elif word != "AND":
                held = self._either(answers, ages) if word == "(" else self._atom(word, answers, ages)
                term = term and held
        return total or term

    def _atom(self, word: str, answers: Answers, ages: dict[str, timedelta | None]) -> bool:
        if word == "everything else":
            return True
        field, verb, *value = word.split(" ", 2)
        if verb == "empty":
            return ages[field] is None
        if verb == "<=":
            limit = {"72h": 72 * HOUR, "14d": 14 * DAY, "3 months": 92 * DAY}[value[0]]
            age = ages[field]
            return age is not None and (-age if field == "when" else age) <= limit
        codes = set(value[0].split("|"))
        answer = answers.get(field, [])
        return bool(codes & set(answer if isinstance(answer, list) else [answer]))


RULES: list[tuple[Tier, Callable[[Answers, dict[str, timedelta | None]], bool]]] = [
    (Tier[row["tier"]], Rule(row["if"])) for row in TABLE
]


def by_the_table(answers: Answers, ages: dict[str, timedelta | None]) -> Tier:
    return next(tier for tier, rule in RULES if rule(answers, ages))


@st.composite
def reports(draw: st.DrawFn) -> tuple[dict[str, Json], dict[str, timedelta | None]]:
    removal, ahead = draw(st.sampled_from(REMOVALS))
    when, age = draw(st.sampled_from(WHENS))
    found: dict[str, Json] = {
        "removal_when": removal,
        "when": when,
        "now": draw(st.sampled_from([None, *STATUS])),
        "urgent": list(draw(st.lists(st.sampled_from(URGENT), max_size=2))),
        "kind": list(draw(st.lists(st.sampled_from(KIND), max_size=2))),
    }
    return {key: value for key, value in found.items() if value not in (None, [])}, {"removal_when": ahead, "when": age}


@given(reports())
def test_the_rules_are_those_of_the_table(report: tuple[dict[str, Json], dict[str, timedelta | None]]) -> None:
    answers, ages = report
    found = triage(answers, NOW, NOW)
    assert found.tier == by_the_table(answers, ages)
    assert found.reasons
    assert all(reason in REASONS for reason in found.reasons)


@given(
    reports(),
    st.sampled_from([0, 1, 30, 73, 24 * 12, 24 * 16]),
    st.none() | st.sampled_from(list(Tier)),
    st.integers(0, 300),
)
def test_the_schedule_of_a_list_says_what_triage_says(
    report: tuple[dict[str, Json], dict[str, timedelta | None]], hours: int, tier: Tier | None, decided: int
) -> None:
    answers, _ = report
    decision = None if tier is None else Decision(tier, NOW + decided * HOUR)
    now = NOW + (hours + (decided if decision else 0)) * HOUR
    planned = schedule(answers, NOW)
    found = triage(answers, NOW, now, decided=decision)
    assert planned.at(now, decision) == found.tier
    assert found.event in (None, planned.event)


def test_the_table_has_four_tiers_in_order() -> None:
    assert [row["tier"] for row in TABLE] == [tier.name for tier in Tier]


def codes() -> Iterator[tuple[dict[str, Json], Tier]]:
    for row in TABLE[:3]:
        for field, listed in re.findall(r"(urgent|kind|now) (?:has|=) ([\w|]+)", row["if"]):
            for code in listed.split("|"):
                answers: dict[str, Json] = {field: code if field == "now" else [code]}
                yield answers, by_the_table(answers, {"removal_when": None, "when": None})


@pytest.mark.parametrize(("answers", "tier"), list(codes()), ids=str)
def test_each_code_of_the_table_alone(answers: dict[str, Json], tier: Tier) -> None:
    assert triage(answers, NOW, NOW).tier == tier


def test_nothing_answered_waits_for_the_batch() -> None:
    found = triage({}, NOW, NOW)
    assert (found.tier, found.due, found.clock) == (Tier.T3, None, None)


@pytest.mark.parametrize(
    ("date", "first", "after"),
    [
        ({"precision": "exact", "date": "2026-12-01"}, "2026-11-30T10:00", "2026-12-02T12:00"),
        ({"precision": "month", "date": "2026-12"}, "2026-11-30T10:00", "2027-01-01T12:00"),
        ({"precision": "year", "date": "2026"}, "2025-12-31T10:00", "2027-01-01T12:00"),
        ({"precision": "about", "date": "2026-12-10"}, "2026-12-02T10:00", "2026-12-18T12:00"),
        ({"precision": "exact", "date": "2026-12-01", "time": "09:30", "zone": "UTC+5"}, *["2026-12-01T04:30"] * 2),
        ({"precision": "exact", "date": "2026-12-01", "time": "09:30"}, "2026-11-30T19:30", "2026-12-01T21:30"),
        ({"precision": "exact", "date": "2026-12-01", "zone": "Dushanbe"}, "2026-11-30T10:00", "2026-12-02T12:00"),
        ({"precision": "exact", "date": "2026-02-31"}, "1900-01-01T00:00", "2101-01-01T00:00"),
        ("soon", "1900-01-01T00:00", "2101-01-01T00:00"),
        (17, "1900-01-01T00:00", "2101-01-01T00:00"),
    ],
)
def test_a_date_is_taken_by_its_worst_case(date: Json, first: str, after: str) -> None:
    found = span(date)
    assert found is not None
    assert (f"{found.earliest:%Y-%m-%dT%H:%M}", f"{found.latest:%Y-%m-%dT%H:%M}") == (first, after)


@pytest.mark.parametrize("empty", [None, "", {}, []])
def test_an_empty_date_means_no_moment(empty: Json) -> None:
    assert span(empty) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    ),
    st.sampled_from(["removal_when", "when", "now", "urgent", "kind", "as_of"]),
)
def test_an_answer_of_any_shape_has_a_tier(answer: Json, field: str) -> None:
    assert triage({field: answer}, NOW, NOW).tier in Tier
    as_of({field: answer}, NOW.date(), "browser")


def test_time_raises_a_tier_as_the_flight_comes_near() -> None:
    answers: dict[str, Json] = {"removal_when": at(NOW + 20 * DAY)}
    tiers = [triage(answers, NOW, NOW + days * DAY).tier for days in (0, 5, 6, 16, 17, 40)]
    assert tiers == [Tier.T3, Tier.T3, Tier.T1, Tier.T1, Tier.T0, Tier.T0]
    raised = triage(answers, NOW, NOW + 7 * DAY)
    assert (raised.since, raised.due, raised.event) == (NOW + 6 * DAY, NOW + 7 * DAY, NOW + 20 * DAY)


def test_time_never_lowers_one() -> None:
    answers: dict[str, Json] = {"now": "missing", "when": {"precision": "exact", "date": "2026-10-01"}}
    assert triage(answers, NOW, NOW + 900 * DAY).tier == Tier.T1


def test_a_clock_set_back_changes_nothing() -> None:
    answers: dict[str, Json] = {"removal_when": at(NOW + 2 * DAY)}
    assert triage(answers, NOW, NOW - 900 * DAY) == triage(answers, NOW, NOW)


def test_what_a_person_decided_stands_until_a_new_rule_matches() -> None:
    answers: dict[str, Json] = {"urgent": ["court"], "removal_when": at(NOW + 20 * DAY)}
    lowered = Decision(Tier.T3, NOW + HOUR)
    assert triage(answers, NOW, NOW + 2 * HOUR, decided=lowered).tier == Tier.T3
    assert triage(answers, NOW, NOW + 2 * HOUR, decided=lowered).reasons == ("person",)
    again = triage(answers, NOW, NOW + 8 * DAY, decided=lowered)
    assert (again.tier, again.reasons) == (Tier.T1, ("removal_near",))
    after_it = Decision(Tier.T3, NOW + 21 * DAY)
    assert triage(answers, NOW, NOW + 30 * DAY, decided=after_it).clock is None


def test_a_person_may_raise_one() -> None:
    found = triage({}, NOW, NOW + DAY, decided=Decision(Tier.T1, NOW + HOUR))
    assert (found.tier, found.due) == (Tier.T1, NOW + 25 * HOUR)


def test_targets_count_from_the_import() -> None:
    assert triage({"urgent": ["court"]}, NOW, NOW + 5 * DAY).due == NOW + DAY
    assert triage({"now": "held"}, NOW, NOW + 5 * DAY).due == NOW + 7 * DAY
    assert triage({"urgent": ["me"]}, NOW, NOW).due == NOW, "no reading time named: at once"


def test_the_most_urgent_is_due_at_the_next_reading_time() -> None:
    readings = Readings.parse("mon 18:00, thu 06:30")
    assert triage({"urgent": ["me"]}, NOW, NOW, readings).due == datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
    assert readings.after(datetime(2026, 11, 23, 18, tzinfo=UTC)) == datetime(2026, 11, 26, 6, 30, tzinfo=UTC)
    assert Readings.parse("tue 12:00").after(NOW) == NOW + 7 * DAY
    assert Readings.parse("daily 11:59").after(NOW) == NOW + DAY - timedelta(minutes=1)
    assert Readings.parse(str(readings)) == readings


@pytest.mark.parametrize("text", ["monday 18:00", "mon 24:00", "mon", "18:00"])
def test_reading_times_are_of_one_form(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Readings.parse(text)


def test_a_carried_report_asks_whether_it_is_still_true() -> None:
    day = date(2026, 9, 1)
    assert as_of({}, day, "browser") is None
    assert as_of({}, day, "carried-form") == "2026-09-01"
    assert as_of({"as_of": {"precision": "month", "date": "2026-08"}}, day, "browser") == "2026-08"
    assert as_of({"as_of": "last week"}, day, "carried-form") == "2026-09-01"
