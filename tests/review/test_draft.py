"""A draft that would give its report away is pointed at, in whatever script and spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.locale import packaged_places, packaged_questionnaire
from intake.report.document import Json
from intake.review.draft import Finding, Reason, check

REPORT: dict[str, Json] = {
    "urgent": ["removal"],
    "account": "Писари амакам Фирдавс Шоназаровро дар фурудгоҳ бо дасти занҷирбанд бурданд. Рақами парвоз 20451.",
    "who": [{"name": "Фирдавс Шоназаров", "age": 34, "now": "in a cell", "other": ["Blogger Kuhi Safed"]}],
    "when": {"precision": "exact", "date": "2026-05-17"},
    "where": {"id": "dyu", "text": "Фурудгоҳи Душанбе"},
    "held_places": [{"place": {"text": "Хоруғ"}, "from": {"precision": "month", "date": "2026-06"}}],
    "case_no": "А-7741/26",
    "lawyer": "Парвина Ёрбекова",
}


def found(draft: str, report: dict[str, Json] | None = None) -> set[tuple[str, Reason]]:
    reports = [REPORT if report is None else report]
    return {(each.passage, each.reason) for each in check(draft, reports, packaged_questionnaire(), packaged_places())}


@pytest.mark.parametrize(
    ("draft", "passage", "reason"),
    [
        ("We spoke about Firdavs.", "Firdavs", Reason.NAME),
        ("Мы поговорили о Фирдавсе и Шоназаровой.", "Шоназаровой", Reason.NAME),
        ("Shonazarov is well.", "Shonazarov", Reason.NAME),
        ("Shonazarzoda is well.", "Shonazarzoda", Reason.NAME),
        ("Is Kuhi Safed a channel?", "Safed", Reason.NAME),
        ("Yorbekova will call.", "Yorbekova", Reason.NAME),
        ("Is it true of Khorog?", "Khorog", Reason.PLACE),
        ("Хорог", "Хорог", Reason.PLACE),
        ("Dushanbe", "Dushanbe", Reason.PLACE),
        ("On 17 May, 17.05.2026, ...", "17.05.2026", Reason.DATE),
        ("17.5", "17.5", Reason.DATE),
        ("2026-05-17", "2026-05-17", Reason.DATE),
        ("flight 20451", "20451", Reason.NUMBER),
        ("7741", "7741", Reason.NUMBER),
        ("You wrote: бо дасти занҷирбанд бурданд.", "бо дасти занҷирбанд бурданд", Reason.QUOTE),
        ("Write to us at helper@example.org.", "helper@example.org.", Reason.LINK),
        ("Call +992 93 500 11 22 today.", "+992 93 500 11 22", Reason.LINK),
        ("See https://example.org/x", "https://example.org/x", Reason.LINK),
        ("Our channel is @somebody", "@somebody", Reason.LINK),
    ],
)
def test_what_gives_a_report_away_is_pointed_out(draft: str, passage: str, reason: Reason) -> None:
    assert (passage, reason) in found(draft)


@pytest.mark.parametrize(
    "draft",
    [
        "We received what you sent. Thank you. Is the paper in your hands, or did you see it?",
        "Мы получили то, что вы прислали. Можно ли рассказать об этом адвокату?",
        "Мо навиштаи шуморо гирифтем. Оё метавонем онро ба ҳуқуқшинос гӯем?",
        "Come back after 2026-12-01.",
        "",
    ],
)
def test_what_gives_nothing_away_passes(draft: str) -> None:
    assert found(draft) == set()


def test_a_quote_is_one_finding_however_long() -> None:
    said = "дар фурудгоҳ бо дасти занҷирбанд бурданд"
    quotes = [passage for passage, reason in found(f"Шумо навиштед: {said}!") if reason is Reason.QUOTE]
    assert quotes == [said]


def test_findings_come_in_the_order_of_the_draft_and_once() -> None:
    findings = check("Khorog Firdavs Khorog", [REPORT], packaged_questionnaire(), packaged_places())
    assert findings == (Finding("Khorog", Reason.PLACE), Finding("Firdavs", Reason.NAME))


def test_codes_are_no_words_of_the_witness() -> None:
    assert found("They may be sent: removal.", {"urgent": ["removal"]}) == set()


def test_every_report_of_the_thread_counts() -> None:
    later: dict[str, Json] = {"who": [{"name": "Зарина Мавлонова"}]}
    findings = check("Zarina, Firdavs", [REPORT, later], packaged_questionnaire(), packaged_places())
    assert [each.passage for each in findings] == ["Zarina", "Firdavs"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@given(st.text(max_size=200), st.dictionaries(st.sampled_from(["who", "where", "when", "account", "x"]), json_values))
def test_any_draft_and_any_answers_are_compared(draft: str, answers: dict[str, Json]) -> None:
    for finding in check(draft, [answers], packaged_questionnaire(), packaged_places()):
        assert finding.passage in draft
