"""What a witness allows now: nothing new goes out after a change by the code until reviewers have decided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.report.document import Json
from intake.report.package import QuestionnaireRef, ReplyTo, Report
from intake.review.standing import Decision, Standing, changed, duress, reviewers_needed, standing, ticks

DAY = date(2026, 11, 24)
BACK = ReplyTo("ab" * 16, "age1pq1qqqq")
RECIPIENTS = ("count", "anon_report", "lawyer", "asylum", "court", "un_named", "publish_named")
STATEMENT = {"fear_statement": "If I am there, I was forced."}


def report(number: int, answers: Mapping[str, Json], *, back: bool = False, days: int = 0) -> Report:
    return Report(
        id=f"{number:032x}",
        origin="demo",
        keyring=1,
        questionnaire=QuestionnaireRef("first", "1", "0" * 64),
        language="en",
        sealed_by="browser",
        day=DAY + timedelta(days),
        answers=dict(answers),
        in_reply_to=BACK.mailbox if back else None,
        reply_to=BACK,
    )


def thread(*reports: Report) -> dict[str, Report]:
    return {each.id: each for each in reports}


def first(*consent: str, **answers: Json) -> Report:
    return report(1, {"account": "…", "consent": [*consent], **answers})


def change(number: int, *consent: str, days: int = 1) -> Report:
    return report(number, {"change": "consent", "consent": [*consent]}, back=True, days=days)


def withdrawal(number: int, days: int = 1) -> Report:
    return report(number, {"change": "withdraw"}, back=True, days=days)


def decision(reviewer: str, holds: Report, *seen: Report, confirmed: str = "") -> Decision:
    return Decision(reviewer, holds.id, frozenset(each.id for each in seen), "read", confirmed)


def test_a_report_may_be_used_for_what_it_ticks_and_what_is_added_for_the_same() -> None:
    whole = thread(first("lawyer", "count"), report(2, {"account": "more"}, back=True))
    for each in whole:
        told = standing(each, whole)
        assert told == Standing(frozenset({"lawyer", "count"}))
        assert told.permits("lawyer")
        assert not told.permits("court")
    mute = thread(report(1, {"account": "…"}))
    assert standing(mute[f"{1:032x}"].id, mute).allowed == frozenset()


def test_what_was_added_before_the_first_report_came_allows_nothing() -> None:
    alone = thread(report(2, {"account": "more"}, back=True))
    assert standing(f"{2:032x}", alone) == Standing(frozenset())


@pytest.mark.parametrize("came", [withdrawal(2), change(2), change(2, *RECIPIENTS)])
def test_a_change_stops_everything_at_once_until_a_reviewer_decides(came: Report) -> None:
    told = first(*RECIPIENTS)
    whole = thread(told, came)
    for each in whole:
        stopped = standing(each, whole)
        assert stopped.stopped == "a change by the code waits for a reviewer's decision"
        assert not any(map(stopped.permits, RECIPIENTS))
    accepted = standing(told.id, whole, [decision("r1", came, came)])
    assert accepted == Standing(ticks(came))


def test_ticks_without_the_word_are_a_change_too() -> None:
    whole = thread(first("lawyer"), report(2, {"account": "…", "consent": ["count"]}, back=True))
    assert changed(whole) == (f"{2:032x}",)
    assert standing(f"{1:032x}", whole).stopped


def test_a_decision_counts_for_what_it_has_seen_only() -> None:
    told, once, again = first("lawyer", "count"), change(2, "lawyer"), withdrawal(3, days=2)
    before = [decision("r1", once, once)]
    assert standing(told.id, thread(told, once), before).allowed == {"lawyer"}
    assert standing(told.id, thread(told, once, again), before).stopped
    after = [decision("r1", again, once, again)]
    assert standing(told.id, thread(told, once, again), after) == Standing(frozenset())


def test_setting_a_change_aside_takes_two_and_saying_otherwise_stops() -> None:
    told, back = first("lawyer"), withdrawal(2)
    whole = thread(told, back)
    one, two, other = decision("r1", told, back), decision("r2", told, back), decision("r2", back, back)
    assert "second reviewer" in str(standing(told.id, whole, [one]).stopped)
    assert standing(told.id, whole, [one, one]).stopped, "one who says it twice is one"
    assert standing(told.id, whole, [one, two]).allowed == {"lawyer"}
    assert standing(told.id, whole, [one, other]).stopped == "r1 and r2 decided differently about a change by the code"
    assert reviewers_needed(thread(told, change(3, "lawyer", "count")), told.id) == 1, (
        "it allows no more than the change"
    )


def test_an_older_change_that_is_chosen_over_a_newer_one_takes_two() -> None:
    told, once, again = first("lawyer"), change(2, "court"), withdrawal(3, days=2)
    whole = thread(told, once, again)
    assert reviewers_needed(whole, once.id) == 2
    assert reviewers_needed(whole, again.id) == 1
    same_day = thread(told, change(2, "court"), withdrawal(3))
    assert reviewers_needed(same_day, f"{2:032x}") == 2, "days don't tell which was first"


def test_an_advance_statement_is_not_cancelled_by_the_code_alone() -> None:
    told, back = first("un_named", **STATEMENT), withdrawal(2)
    whole = thread(told, back)
    assert "advance statement" in str(standing(told.id, whole, [decision("r1", back, back)]).stopped)
    sure = decision("r1", back, back, confirmed="spoke to the person she named")
    assert standing(told.id, whole, [sure]) == Standing(frozenset(), None, ("there is an advance statement",))
    kept = standing(told.id, whole, [decision("r1", told, back)])
    assert kept.permits("un_named"), "one reviewer is enough to believe what was said beforehand"
    wider = thread(told, change(2, "un_named", "lawyer"))
    assert standing(told.id, wider, [decision("r1", wider[f"{2:032x}"], wider[f"{2:032x}"])]).permits("lawyer")


def test_a_decision_for_a_report_that_is_not_here_stops() -> None:
    told, back = first("lawyer"), withdrawal(2)
    assert standing(told.id, thread(told, back), [decision("r1", change(9, "lawyer"), back)]).stopped


@pytest.mark.parametrize(
    ("answers", "held"),
    [
        ({"now": "held"}, True),
        ({"now": "missing"}, True),
        ({"now": "abroad_held"}, True),
        ({"now": "sentenced"}, True),
        ({"now": "deported"}, True),
        ({"now": "released", "kind": ["detained"]}, False),
        ({"now": "dead", "kind": ["taken"]}, False),
        ({"now": "unknown", "kind": ["missing"]}, True),
        ({"kind": ["detained"]}, True),
        ({"urgent": ["just_taken"]}, True),
        ({"who": [{"name": "A", "now": "released"}, {"name": "B", "now": "held"}], "now": "released"}, True),
        ({"kind": ["summoned"], "now": "free_threatened"}, False),
        ({"now": ["held"], "who": "odd", "kind": "odd"}, False),
        ({}, False),
    ],
)
def test_possible_duress_is_marked_when_the_person_is_held_or_missing(answers: dict[str, Json], held: bool) -> None:
    whole = thread(first(**answers), withdrawal(2))
    assert duress(whole) == (("the person is held or missing",) if held else ())
    assert standing(f"{1:032x}", whole).duress == duress(whole)
    unchanged = thread(first(**answers))
    assert standing(f"{1:032x}", unchanged).duress == (), "nothing changed: there is nothing to doubt"


CONSENT = st.lists(st.sampled_from(RECIPIENTS), unique=True)


@given(st.data())
def test_nobody_alone_lets_more_out_than_the_newest_word_of_the_witness(data: st.DataObject) -> None:
    reports = [first(*data.draw(CONSENT))]
    for number in range(2, 2 + data.draw(st.integers(1, 3))):
        days = data.draw(st.integers(0, 3))
        taken_back = data.draw(st.booleans())
        reports.append(withdrawal(number, days) if taken_back else change(number, *data.draw(CONSENT), days=days))
    whole = thread(*reports)
    one = st.sampled_from(list(whole))
    alone = st.builds(Decision, st.just("r1"), one, st.frozensets(one), st.just("read"))
    told = data.draw(st.lists(alone, max_size=2))
    result = standing(reports[0].id, whole, told)
    newest = max(each.day for each in reports[1:])
    last = [each for each in reports[1:] if each.day == newest]
    for recipient in RECIPIENTS:
        if result.permits(recipient):
            assert any(set(changed(whole)) <= each.seen for each in told)
            if not any(each.holds in {one.id for one in last} for each in told):
                assert all(recipient in ticks(each) for each in last)
