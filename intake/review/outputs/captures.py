"""Capture histories for statisticians: how many people are on which of several lists. Counts, no person. Pure.

Estimating how many were never reported (multiple systems estimation) starts from lists that know nothing of each other,
and from how much they overlap. A list here is all reports of one kind of source: by how the witness stands to the
person (`relation`), by how the witness knows (`known`), or by the way that the report came (`channel`). A person is on
a list when a report of it names them and allows counting. Whoever may be in danger is left out for 30 days, and so is
a case that a source contradicts.

    captures.csv        a column for each list: 1 on it, 0 not; `confirmed`: 1 when two independent sources confirm it;
                        `people`: how many people have just this history. No row of nobody: that is what is unknown
    captures.json       the same, and these explanations

The numbers are exact and small: they are for a statistician's hands, sealed, and never for publication. No total is
worked out here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from intake.report.document import Json
from intake.report.package import Report
from intake.review.outputs.sheets import Sheet

FORMAT = "amonat/captures/1"
BASES = ("relation", "known", "channel")
NOT_TOLD = "not_told"

By = Literal["relation", "known", "channel"]

COLUMNS = {
    "lists": "1 when at least one report of this list names the person, else 0",
    "confirmed": "1 when two independent sources confirm it by reports that allow counting, else 0",
    "people": "how many people have this history; each is counted once",
}
"""What the columns mean."""
_KINDS = {
    "relation": "a list is all reports by witnesses of one relation to the person",
    "known": "a list is all reports by witnesses who know it in one way; a report can be on several",
    "channel": "a list is all reports that came in one way (browser, server, carried-form, cli)",
}
_NOTE = "Exact small numbers: not for publication. Lists are seldom independent: test it before any estimate."


@dataclass(frozen=True, slots=True)
class Captured:
    """One person: the reports that name them and allow counting, and whether it is confirmed."""

    reports: tuple[Report, ...]
    confirmed: bool


def lists_of(report: Report, by: By) -> frozenset[str]:
    """The lists that a report belongs to."""
    if by == "channel":
        return frozenset({report.sealed_by})
    codes = _codes(report.answers.get(by)) - {"rather_not"}
    return codes or frozenset({NOT_TOLD})


def histories(people: Iterable[Captured], by: By) -> Counter[tuple[frozenset[str], bool]]:
    """How many people have each combination of lists, confirmed and not."""
    return Counter(
        (frozenset(each for report in person.reports for each in lists_of(report, by)), person.confirmed)
        for person in people
    )


def told(counted: Counter[tuple[frozenset[str], bool]], by: By) -> dict[str, Any]:
    """The JSON document."""
    names = _names(counted)
    return {
        "format": FORMAT,
        "lists_by": by,
        "about": _KINDS[by],
        "columns": COLUMNS,
        "note": _NOTE,
        "lists": names,
        "histories": [
            {"lists": [name for name in names if name in on], "confirmed": confirmed, "people": people}
            for (on, confirmed), people in _ordered(counted, names)
        ],
    }


def sheet(counted: Counter[tuple[frozenset[str], bool]]) -> Sheet:
    """The same as a table."""
    names = _names(counted)
    rows = [
        (*("1" if name in on else "0" for name in names), "1" if confirmed else "0", str(people))
        for (on, confirmed), people in _ordered(counted, names)
    ]
    return Sheet("", (*names, "confirmed", "people"), tuple(rows))


def _names(counted: Counter[tuple[frozenset[str], bool]]) -> list[str]:
    return sorted({name for on, _ in counted for name in on})


def _ordered(
    counted: Counter[tuple[frozenset[str], bool]], names: Sequence[str]
) -> list[tuple[tuple[frozenset[str], bool], int]]:
    return sorted(counted.items(), key=lambda item: ([name not in item[0][0] for name in names], not item[0][1]))


def _codes(answer: Json) -> frozenset[str]:
    if isinstance(answer, str):
        return frozenset({answer})
    return frozenset(each for each in answer if isinstance(each, str)) if isinstance(answer, list) else frozenset()
