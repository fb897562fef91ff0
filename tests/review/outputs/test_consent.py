"""The gate: every combination of ticks, victim's consent and output; and what words by telephone change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import chain, combinations, product

import pytest

from intake.locale import packaged_questionnaire
from intake.review.outputs.consent import (
    Circumstances,
    Exemption,
    Naming,
    Permit,
    Recipient,
    Speaker,
    Spoken,
    Use,
)

DAY = date(2026, 11, 1)
TICKS = [choice.code for choice in packaged_questionnaire().lists["consent"]]
VICTIM = [None, *(choice.code for choice in packaged_questionnaire().lists["vconsent"])]
USES = [
    Use(recipient, naming)
    for recipient, naming in product(Recipient, Naming)
    if naming is Naming.NONE or recipient not in (Recipient.STATISTICS, Recipient.ANONYMOUS)
]
# Written down by hand, from the rules: what the victim's side must have said for an output with a name.
NAMED_WITH = {"me": True, "person_agrees": True, "family_agrees": True, "cannot_ask": False, "not_asked": False}
REPORT = Permit("a" * 32, DAY, frozenset(TICKS), "person_agrees", "yes", "full")


def subsets(codes: list[str]) -> list[frozenset[str]]:
    return [frozenset(each) for each in chain.from_iterable(combinations(codes, n) for n in range(len(codes) + 1))]


def test_the_recipients_are_the_ticks_of_the_form() -> None:
    assert [each.value for each in Recipient] == TICKS


def test_all_combinations_of_consent_and_output() -> None:
    tried = allowed = 0
    for ticks, victim, use in product(subsets(TICKS), VICTIM, USES):
        standing = replace(REPORT, ticks=ticks, victim=victim)
        expected = use.recipient.value in ticks and (not use.named or NAMED_WITH.get(victim or "", False))
        verdict = Circumstances([standing]).verdict(use, standing.report)
        assert verdict.allowed is expected, (sorted(ticks), victim, use)
        assert verdict.allowed or verdict.reasons
        tried, allowed = tried + 1, allowed + expected
    assert (tried, allowed) == (128 * 8 * 17, 64 * 8 * 7 + 64 * 3 * 10)


@pytest.mark.parametrize("use", [use for use in USES if use.named])
@pytest.mark.parametrize("refusal", ["person_refuses", "family_refuses"])
def test_a_refusal_in_one_report_stops_every_named_output_of_the_case(use: Use, refusal: str) -> None:
    other = replace(REPORT, report="b" * 32, victim=refusal)
    case = Circumstances(
        [REPORT, other], exemptions=[Exemption(use.recipient, "x", frozenset("ab"))], exemptions_on=True
    )
    assert case.allowed(use) == ()
    assert case.allowed(Use(use.recipient)) == ("a" * 32, "b" * 32), "what names nobody goes on"


def test_one_reports_tick_frees_no_other_report() -> None:
    other = replace(REPORT, report="b" * 32, ticks=frozenset({"lawyer"}))
    assert Circumstances([REPORT, other]).allowed(Use(Recipient.UN, Naming.FULL)) == ("a" * 32,)
    assert Circumstances([REPORT, other]).allowed(Use(Recipient.LAWYER, Naming.FULL)) == ("a" * 32, "b" * 32)


def test_what_was_taken_back_serves_for_nothing() -> None:
    gone = replace(REPORT, stopped="a change by the code waits")
    assert not any(Circumstances([gone]).allowed(use) for use in USES)


@pytest.mark.parametrize("told", [None, "yes", "no", "not_known"])
@pytest.mark.parametrize("use", USES)
def test_a_government_learns_a_name_only_if_the_person_knows(use: Use, told: str | None) -> None:
    government = use.recipient in (Recipient.UN, Recipient.COURT) and use.named
    assert bool(Circumstances([replace(REPORT, told_gov=told)]).allowed(use)) is not (government and told == "no")


@pytest.mark.parametrize("form", [None, "full", "initials", "none"])
@pytest.mark.parametrize("use", USES)
def test_the_name_stands_as_it_was_agreed(use: Use, form: str | None) -> None:
    asked = use.recipient in (Recipient.UN, Recipient.PUBLIC) and use.named
    refused = asked and (form == "none" or (form == "initials" and use.naming is Naming.FULL))
    assert bool(Circumstances([replace(REPORT, name_form=form)]).allowed(use)) is not refused


def word(speaker: Speaker, day: int, *, allows: str = "", refuses: str = "") -> Spoken:
    return Spoken(
        frozenset({REPORT.report}),
        speaker,
        "the mother",
        date(2026, 11, day),
        "Signal call",
        frozenset(map(Recipient, allows.split())),
        frozenset(map(Recipient, refuses.split())),
    )


AGAIN = [(2, "refuses"), (3, "allows")]


@pytest.mark.parametrize(
    ("ticks", "victim", "words", "allowed"),
    [
        ("", "me", [word(Speaker.WITNESS, 2, allows="un_named")], True),
        ("un_named", "me", [word(Speaker.WITNESS, 2, refuses="un_named")], False),
        ("un_named", "me", [word(Speaker.WITNESS, day, **{how: "un_named"}) for day, how in AGAIN], True),
        ("", "me", [word(Speaker.FAMILY, 2, allows="un_named")], False),  # only the witness ticks
        ("un_named", "not_asked", [word(Speaker.FAMILY, 2, allows="un_named")], True),
        ("un_named", "not_asked", [word(Speaker.FAMILY, 2, allows="lawyer")], False),
        ("un_named", "not_asked", [word(Speaker.WITNESS, 2, allows="un_named")], False),
        ("un_named", "person_refuses", [word(Speaker.FAMILY, 2, allows="un_named")], False),
        ("un_named", "person_refuses", [word(Speaker.PERSON, 2, allows="un_named")], True),
        ("un_named", "person_refuses", [word(Speaker.PERSON, 1, allows="un_named")], False),  # not after it
        ("un_named", "family_refuses", [word(Speaker.FAMILY, 2, allows="un_named")], True),
        ("un_named", "person_agrees", [word(Speaker.PERSON, 2, refuses="publish_named")], False),
        ("un_named", "person_agrees", [word(Speaker.PERSON, 2, refuses="publish_named", allows="un_named")], True),
        ("un_named", "person_agrees", [word(Speaker.FAMILY, 2, refuses="un_named")], False),
    ],
)  # fmt: skip
def test_words_by_telephone(ticks: str, victim: str, words: list[Spoken], allowed: bool) -> None:
    standing = replace(REPORT, ticks=frozenset(ticks.split()), victim=victim)
    use = Use(Recipient.UN, Naming.FULL)
    verdict = Circumstances([standing], words).verdict(use, standing.report)
    assert verdict.allowed is allowed, verdict.reasons
    if allowed and words[-1].allows == {Recipient.UN}:
        assert "Signal call" in " ".join(verdict.reasons), "it says what it rests on"


def test_the_exception_takes_two_reviewers_a_switch_and_nobody_to_ask() -> None:
    tried = 0
    for use, ticks, victim, by, on in product(
        USES, (frozenset(), frozenset(TICKS)), VICTIM, ("", "a", "ab"), (False, True)
    ):
        standing = replace(REPORT, ticks=ticks, victim=victim)
        made = [Exemption(use.recipient, "flight tomorrow", frozenset(by))]
        plain = Circumstances([standing]).verdict(use, standing.report).allowed
        with_it = Circumstances([standing], (), made, on).verdict(use, standing.report)
        may = (
            use.recipient in (Recipient.LAWYER, Recipient.ASYLUM) and use.named
            and bool(ticks) and victim in (None, "cannot_ask") and by == "ab" and on
        )  # fmt: skip
        assert with_it.allowed is (plain or may), (use, victim, by, on)
        assert not may or "flight tomorrow" in with_it.reasons[0]
        tried += 1
    assert tried == 17 * 2 * 8 * 3 * 2


def test_an_exception_for_one_recipient_is_none_for_another() -> None:
    standing = replace(REPORT, victim="cannot_ask")
    case = Circumstances([standing], (), [Exemption(Recipient.LAWYER, "x", frozenset("ab"))], True)
    assert not case.allowed(Use(Recipient.ASYLUM, Naming.FULL))


def test_totals_have_no_names() -> None:
    with pytest.raises(ValueError, match="never has a name"):
        Use(Recipient.STATISTICS, Naming.INITIALS)
