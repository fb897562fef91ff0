"""Two submissions beside each other, answer by answer, for whoever decides whether they are about one thing. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest

from intake.locale import packaged_questionnaire
from intake.report.document import Json
from intake.report.folding import search_key
from intake.report.questionnaire import Words
from intake.report.reading import render
from intake.review.fields import shown
from intake.review.submissions import Submission

LONGEST = 1_500
"""Characters of one answer that are shown."""


@dataclass(frozen=True, slots=True)
class Row:
    """One question with both answers as anybody wrote them; `same` when they agree in any script and spelling."""

    label: str
    left: str
    right: str
    same: bool


def compare(
    left: Submission, right: Submission, words: Words, places: Mapping[str, str], *, heading: str = "id"
) -> list[Row]:
    """All questions that either answers, in the questionnaire's order. Hidden answers are not among them."""
    ours, theirs = shown(left.answers), shown(right.answers)
    rows = [Row(heading, left.id[:8], right.id[:8], same=False)]
    known = [field.id for field in packaged_questionnaire().fields]
    others = sorted({*ours, *theirs} - {*known})
    for field in [*known, *others]:
        if field in ours or field in theirs:
            a, label = _answer(left, field, ours, words, places)
            b, other = _answer(right, field, theirs, words, places)
            rows.append(Row(label or other or field, a, b, bool(a) and search_key(a) == search_key(b)))
    return rows


def columns(row: Row, width: int) -> Iterator[tuple[str, str]]:
    """The lines of a row: each side wrapped to `width` columns."""
    yield from zip_longest(_wrapped(row.left, width), _wrapped(row.right, width), fillvalue="")


def _wrapped(text: str, width: int) -> list[str]:
    return [piece for line in text.split("\n") for piece in textwrap.wrap(line, width) or [""]] or ["—"]


def _answer(
    of: Submission, field: str, answers: Mapping[str, Json], words: Words, places: Mapping[str, str]
) -> tuple[str, str]:
    """(text, label) of one answer, as `render` has it."""
    if field not in answers:
        return "—", ""
    report = replace(of.report, answers={field: answers[field]}, files=())
    lines = render(report, packaged_questionnaire(), words, places).split("\n")
    body = lines[lines.index("") + 1 :] if "" in lines else lines
    label = next((line for line in body if line and not line.startswith(" ")), field)
    text = "\n".join(line[4:] for line in body if line.startswith("    "))
    return (text if len(text) <= LONGEST else f"{text[:LONGEST]} …"), label
