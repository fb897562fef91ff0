"""The thirty reports are what a reviewer meets: three languages, every tier and kind of file, and models that hold."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from intake.keyring.fingerprint import fingerprint
from intake.keyring.trust import Roots, verify_chain
from intake.locale import packaged_questionnaire
from intake.report.bundle import read_bundle
from intake.report.package import read_package
from intake.report.shapes import mistakes
from intake.review import practice
from intake.review.preview import Refused, Wish, preview
from intake.review.triage import triage
from intake.sealing import open_sealed

TODAY = date(2026, 11, 24)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
REPORTS = practice.reports(TODAY)


def test_there_are_thirty_in_three_languages_and_of_every_tier() -> None:
    assert len(REPORTS) == len(practice.exercises()) == len({report.id for report, _ in REPORTS}) == 30
    assert Counter(report.language for report, _ in REPORTS).keys() == {"ru", "tg", "en"}
    assert Counter(each.tier for each in practice.exercises()).keys() == {"T0", "T1", "T2", "T3"}


@pytest.mark.parametrize("number", range(1, 31))
def test_the_model_tier_is_what_triage_gives(number: int) -> None:
    each, (report, _) = practice.exercises()[number - 1], REPORTS[number - 1]
    assert triage(report.answers, NOON, NOON).tier.name == each.tier
    assert each.advice("ru") != each.advice("en") == each.advice("tg")


@pytest.mark.parametrize("number", range(1, 31))
def test_the_answers_are_of_the_questionnaire(number: int) -> None:
    report, _ = REPORTS[number - 1]
    assert mistakes(packaged_questionnaire(), report.answers) == ()


def test_it_holds_what_is_worth_practising() -> None:
    people = Counter(each.person for each in practice.exercises() if each.person)
    assert set(people.values()) >= {2, 3}, "one person in several reports"
    answers = [report.answers for report, _ in REPORTS]
    assert any("fear_statement" in each for each in answers)
    assert any(each.get("forced_video") == "yes" for each in answers)
    assert any(each.get("victim_consent") == "person_refuses" for each in answers)
    assert any("contact_detail" in each for each in answers)
    assert any("\x1b" in str(each.get("account")) for each in answers)
    assert any(report.sealed_by == "carried-form" for report, _ in REPORTS)


def test_every_kind_of_file_can_be_looked_at_and_the_voice_is_named() -> None:
    kinds: Counter[str] = Counter()
    for content in {content for _, contents in REPORTS for content in contents}:
        if content.startswith(b"RIFF") and content[8:12] == b"WAVE":
            with pytest.raises(Refused, match="sound"):
                preview(io.BytesIO(content), Wish())
            continue
        pictures, end = preview(io.BytesIO(content), Wish())
        assert len(set(pictures[0].pixels)) > 1
        kinds[end.kind] += 1
    assert kinds.keys() == {"image", "pdf", "video"}


def test_the_bundle_is_a_real_one_of_an_origin_that_no_drop_can_have() -> None:
    made = practice.make(TODAY)
    roots = Roots(tuple(fingerprint(vkey) for vkey in made.vkeys), made.threshold)
    keyring = verify_chain([made.note], roots=roots, pin=None, today=TODAY).newest
    assert keyring.origin == practice.ORIGIN
    opened = {}
    for entry, stream in read_bundle(io.BytesIO(made.bundle)):
        report = read_package(open_sealed(stream, made.private.identities)).report
        opened[entry.id] = report
    assert opened == {report.id: report for report, _ in REPORTS}


def test_each_vault_has_keys_of_its_own() -> None:
    assert practice.make(TODAY).note != practice.make(TODAY).note


def test_dates_stand_around_today() -> None:
    first = REPORTS[0][0].answers["removal_when"]
    assert isinstance(first, dict)
    assert first["date"] == (TODAY + timedelta(days=2)).isoformat()


def test_an_exercise_is_found_by_its_report() -> None:
    assert practice.exercise(REPORTS[6][0].id) == practice.exercises()[6]
    assert practice.exercise("0" * 32) is None
