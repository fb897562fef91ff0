"""Cases in an open format: answers under the field numbers of HURIDOCS' Events Standard Formats, as JSON and CSV.

The numbers are those that the questionnaire's `maps` name (`U0903`). Codes stay codes, so that another database can
take them over; dates, places and people stay as they were given. Each record is one report: what a case is made of is
told by `case`. As in a paper, nothing stands here that its report does not allow for the recipient.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from intake.locale import packaged_questionnaire
from intake.report.document import Json
from intake.report.package import Report
from intake.review.outputs.bodies import private
from intake.review.outputs.redaction import Redaction
from intake.review.outputs.sheets import Sheet

FORMAT = "amonat/huridocs/1"
_NUMBER = re.compile(r"U[0-9]{4}(_[0-9])?")


def numbers() -> dict[str, tuple[str, ...]]:
    """For each field that has any, its HURIDOCS numbers."""
    found = {
        field.id: tuple(each for each in field.maps if _NUMBER.fullmatch(each))
        for field in packaged_questionnaire().fields
    }
    return {field_id: those for field_id, those in found.items() if those and not private(field_id)}


def record(case: str, level: str, report: Report, redaction: Redaction) -> dict[str, Any]:
    """One report: its case, level, day and language, and the answers by their numbers."""
    values: dict[str, list[Json]] = {}
    for field_id, those in numbers().items():
        if field_id in report.answers:
            for number in those:
                values.setdefault(number, []).append(_clean(report.answers[field_id], redaction))
    return {"case": case, "level": level, "day": report.day.isoformat(), "language": report.language, "values": values}


def sheet(records: Iterable[dict[str, Any]]) -> Sheet:
    """The same as one table: a row a report, a column a number."""
    columns = sorted({number for those in numbers().values() for number in those})
    rows = [
        (
            *(str(each[name]) for name in ("case", "level", "day", "language")),
            *("; ".join(_flat(value) for value in each["values"].get(number, [])) for number in columns),
        )
        for each in records
    ]
    return Sheet("", ("case", "level", "day", "language", *columns), tuple(rows))


def _clean(answer: Json, redaction: Redaction) -> Json:
    if isinstance(answer, str):
        return redaction.apply(answer)
    if isinstance(answer, list):
        return [_clean(each, redaction) for each in answer]
    if isinstance(answer, dict):
        return {key: _clean(value, redaction) for key, value in answer.items()}
    return answer


def _flat(value: Json) -> str:
    """A value in one cell: parts of a date, place or person with commas between, items with bars."""
    if isinstance(value, list):
        return " | ".join(map(_flat, value))
    if isinstance(value, dict):
        return ", ".join(_flat(each) for each in value.values())
    return str(value)
