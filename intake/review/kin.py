"""What may be the same: for one submission, others that may be about the same person or tell of the same event.

Candidates come from the index of words, so that a hundred thousand reports cost no more than a few: whoever shares the
beginnings of two words of a name (three letters of one and two of the other), an alias, or a place.
`intake.review.matching` compares them, with its reasons, and a human decides. (`case suggest` compares everybody with
everybody, by blocks: it also finds what begins with another letter.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from sqlalchemy import Connection, select, text

from intake.report.document import Json
from intake.report.folding import word_key, words
from intake.report.package import Report
from intake.report.places import Gazetteer
from intake.review import cases, matching
from intake.review.matching import Person
from intake.review.search import Gazette
from intake.review.submissions import content, submission
from intake.review.triage import span

MOST = 400
"""Candidates of each kind that are compared, the newest first."""

_SHORTEST = 3  # letters of a word of a name


@dataclass(frozen=True, slots=True)
class Kin:
    """Another submission: how much speaks for it (0 to 1), why, and whether for a person or for an event."""

    id: str
    score: float
    reasons: tuple[str, ...]
    person: bool


def resembling(
    connection: Connection, report_id: str, report: Report, places: Gazetteer, gazette: Gazette
) -> list[Kin]:
    """Every other submission that resembles this one, the likeliest first, each once."""
    own = list(cases.people(report_id, report, places))
    event = event_of(report_id, report, own)
    found: dict[str, Kin] = {}
    for other_id, other in _reports(connection, _candidates(connection, report_id, own, event.places, gazette)):
        theirs = list(cases.people(other_id, other, places))
        pairs = [pair for a in own for b in theirs if (pair := matching.compare(a, b))]
        best = max(pairs, key=lambda pair: pair.score, default=None)
        if best is not None:
            found[other_id] = Kin(other_id, best.score, best.reasons, person=True)
        elif told := matching.same_event(event, event_of(other_id, other, theirs)):
            found[other_id] = Kin(other_id, told.score, told.reasons, person=False)
    return sorted(found.values(), key=lambda kin: (-kin.person, -kin.score, kin.id))


def event_of(report_id: str, report: Report, people: Iterable[Person]) -> matching.Event:
    """What a report says of what happened."""
    answers = report.answers
    moments = span(answers.get("when"))
    known = moments is not None and moments.earliest.year > 1900
    days = (moments.earliest.date(), moments.latest.date()) if known and moments else None
    told = tuple(people)
    where = frozenset(place for person in told for place in person.places) | _place(answers.get("where"))
    kinds = answers.get("kind")
    codes = frozenset(each for each in kinds if isinstance(each, str)) if isinstance(kinds, list) else frozenset()
    return matching.Event(report_id, where, days, codes - {"other"}, told)


def _candidates(
    connection: Connection, report_id: str, people: Sequence[Person], places: frozenset[str], gazette: Gazette
) -> list[str]:
    """The ids of those to compare: names that begin alike for longest first, then those that hardly do, then places."""
    signs = [f'"{sign}"' for place in sorted(places) if (sign := gazette.sign(place))]
    asked = ([*_names(people, 5, 5)], [*_names(people, 3, 2)], signs)
    numbers: dict[int, None] = {}
    for wanted in filter(None, asked):
        # Without ORDER BY: FTS5 is many times slower at beginnings in reverse order.
        rows = text("SELECT rowid FROM words WHERE words MATCH :query").bindparams(query=" OR ".join(wanted))
        found = sorted(connection.execute(rows).scalars(), reverse=True)
        numbers.update(dict.fromkeys(found[:MOST]))
    query = select(submission.c.id).where(submission.c.number.in_(numbers), submission.c.id != report_id)
    return [*connection.execute(query).scalars()]


def _names(people: Iterable[Person], first: int, second: int) -> Iterator[str]:
    """Queries: the beginnings of any two words of a name together, so many letters of each, and each alias whole."""
    for person in people:
        for name in person.names:
            long = dict.fromkeys(
                key for word in words(name)[:5] if len(key := word_key(word)) >= _SHORTEST and key.isalpha()
            )
            for left, right in permutations(long, 2):
                yield f'("{left[:first]}"* AND "{right[:second]}"*)'
        for alias in person.aliases:
            if keys := [word_key(word) for word in words(alias)[:5]]:
                yield "(" + " AND ".join(f'"{each}"' for each in keys) + ")"


def _reports(connection: Connection, ids: list[str]) -> Iterator[tuple[str, Report]]:
    query = select(submission.c.id, content.c.report).join(content, content.c.number == submission.c.number)
    for row in connection.execute(query.where(submission.c.id.in_(ids))):
        yield row.id, Report.parse(bytes(row.report))


def _place(answer: Json) -> frozenset[str]:
    known = answer.get("id") if isinstance(answer, dict) else None
    return frozenset({known} if isinstance(known, str) else ())
