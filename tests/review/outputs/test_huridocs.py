"""Cases under HURIDOCS' numbers: each answer where the questionnaire's `maps` put it, as it was given, and no other."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator

import pytest

from intake.locale import packaged_questionnaire
from intake.report.document import Json
from intake.report.package import Report
from intake.review.outputs import huridocs
from intake.review.outputs.bodies import private
from intake.review.outputs.redaction import GAP, Redaction
from intake.review.outputs.sheets import csv_file
from tests.harness.bundles import make_report
from tests.harness.coalition import full
from tests.harness.keys import make_world

FIELDS = packaged_questionnaire().fields


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """All questions answered."""
    draw = random.Random(7)
    return make_report(
        make_world(tmp_path_factory.mktemp("keys"), reviewers=1),
        answers={field.id: full(field, draw) for field in FIELDS},
    )


def mapped() -> Iterator[tuple[str, str]]:
    """By the questionnaire alone: a field that may be told, and each of its numbers."""
    for field in FIELDS:
        for each in field.maps:
            if each.startswith("U") and each[1:5].isdigit() and not private(field.id):
                yield field.id, each


def test_each_answer_stands_under_its_numbers_and_nowhere_else(report: Report) -> None:
    wanted: dict[str, list[Json]] = {}
    for field_id, number in mapped():
        wanted.setdefault(number, []).append(report.answers[field_id])
    assert len(wanted) > 25
    told = huridocs.record("ab12", "V2", report, Redaction())
    assert told["values"] == wanted
    (line,) = csv.DictReader(io.StringIO(csv_file([huridocs.sheet([told])]).decode("utf-8-sig")))
    assert (line["case"], line["level"], line["day"]) == ("ab12", "V2", report.day.isoformat())
    assert {*line} == {"case", "level", "day", "language", *wanted}
    assert [number for number in wanted if not line[number]] == []


def test_what_is_private_or_left_out_is_in_no_value(report: Report) -> None:
    told = huridocs.record("ab12", "V2", report, Redaction(terms=("Матн",)))
    text = csv_file([huridocs.sheet([told])]).decode()
    assert "Матн" not in text
    assert GAP in text
    kept_back = [str(report.answers[field.id]) for field in FIELDS if private(field.id) and field.type == "longtext"]
    assert kept_back
    assert [each for each in kept_back if each in text] == []
