"""Cases: what reviewers make of submissions. Every fact is an event, attributed and reversible; submissions stay.

The fields of the entity `case <id>`:

    title, note             text, or null
    source/<submission>     plausible, unclear or contradicts; null takes it out of the case
    independent/<a>+<b>     why two sources have it neither from each other nor from one third
    document/<words>        true: what it is and where it lies
    admitted                who admitted it officially, where, when
    person/<name>           true: who it is about
    merged                  the id of the case that goes on in its place; null brings this one back

How far a case is verified is worked out from these (`intake.review.ladder`), never typed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Index, String, Table, Text, select

from intake.errors import Usage
from intake.report.document import Json
from intake.report.package import Report
from intake.report.places import Gazetteer
from intake.review.journal import Journal
from intake.review.ladder import Judgement, Source, Verified, verify
from intake.review.log import Entity
from intake.review.matching import Person
from intake.review.projections import Projection, State, metadata, replace
from intake.review.submissions import content, submission, thread
from intake.review.triage import span

case = Table(
    "case",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("title", Text),
    Column("note", Text),
    Column("admitted", Text),
    Column("merged", String(16)),
    sqlite_with_rowid=False,
)
"""One row a case."""

case_part = Table(
    "case_part",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("kind", String(16), primary_key=True),  # source, independent, document, person
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
    Column("reviewer", String(32), nullable=False),
    Index("case_part_name", "kind", "name"),
    sqlite_with_rowid=False,
)
"""Its sources, what makes them independent, its documents, its people; and who said so."""

_PARTS = ("source", "independent", "document", "person")


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it stands. `parts`: by kind, name to value."""

    id: str
    title: str | None
    note: str | None
    admitted: str | None
    merged: str | None
    parts: Mapping[str, Mapping[str, str]]

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of its submissions."""
        return tuple(self.parts.get("source", {}))


def entity(case_id: str) -> Entity:
    """The entity of a case."""
    return Entity("case", case_id)


def open_case(journal: Journal, title: str) -> str:
    """A new case; its id, which tells nothing."""
    case_id = secrets.token_hex(8)
    journal.record(entity(case_id), "title", title)
    return case_id


def judge(journal: Journal, case_id: str, submission_id: str, judgement: Judgement | None) -> None:
    """Put a submission into a case with what a reviewer thinks of it, or take it out."""
    journal.record(entity(case_id), f"source/{submission_id}", judgement.value if judgement else None)


def independent(journal: Journal, case_id: str, left: str, right: str, reason: str | None) -> None:
    """Say why two sources are independent, or take it back."""
    first, second = sorted((left, right))
    journal.record(entity(case_id), f"independent/{first}+{second}", reason)


def name_part(journal: Journal, case_id: str, kind: str, name: str, *, on: bool = True) -> None:
    """Put a `person` or `document` into a case, or take it out. Raises `Usage` for a name of more than one line."""
    words = " ".join(name.split())
    if not words.isprintable() or not 1 <= len(words) <= 200:
        raise Usage(f"that is no name for a {kind}", "Give one line of at most 200 characters.")
    journal.record(entity(case_id), f"{kind}/{words}", True if on else None)


def find(connection: Connection, spelled: str) -> Case:
    """The case of an id or of its beginning. Raises `Usage`."""
    wanted = spelled.strip().lower()
    if len(wanted) < 4 or not set(wanted) <= set("0123456789abcdef"):
        raise Usage(
            f"{spelled!r} is no id of a case", "Give at least its first four characters, as `case list` shows it."
        )
    rows = connection.execute(select(case).where(case.c.id.like(f"{wanted}%")).limit(2)).all()
    if len(rows) != 1:
        raise Usage(
            f"{'no case' if not rows else 'more than one case'} begins with {wanted}", "See `intake review case list`."
        )
    return _case(connection, rows[0])


def every(connection: Connection) -> Iterator[Case]:
    """All cases that are not merged into another."""
    for row in connection.execute(select(case).where(case.c.merged.is_(None)).order_by(case.c.id)).all():
        yield _case(connection, row)


def of_submission(connection: Connection, submission_id: str) -> tuple[tuple[str, str], ...]:
    """(id, title) of every case that a submission is a source of."""
    query = (
        select(case.c.id, case.c.title)
        .join(case_part, case_part.c.id == case.c.id)
        .where(case_part.c.kind == "source", case_part.c.name == submission_id)
        .order_by(case.c.id)
    )
    return tuple((row.id, row.title or "") for row in connection.execute(query))


def family(connection: Connection, of: Case) -> list[Case]:
    """A case, and those that were merged into it."""
    merged = connection.execute(select(case).where(case.c.merged == of.id).order_by(case.c.id)).all()
    return [of, *(_case(connection, row) for row in merged)]


def verified(connection: Connection, of: Case, only: frozenset[str] | None = None) -> Verified:
    """How far the case is verified, with what merged into it; by these submissions alone where `only` names them."""
    parts = family(connection, of)
    sources = [source for each in parts for source in _sources(connection, each) if only is None or source.id in only]
    pairs = {
        frozenset(pair.split("+")): reason
        for each in parts
        for pair, reason in each.parts.get("independent", {}).items()
    }
    documents = [name for each in parts for name in each.parts.get("document", {})]
    return verify(sources, pairs, documents, next((each.admitted for each in parts if each.admitted), None))


def mentions(connection: Connection, places: Gazetteer) -> Iterator[Person]:
    """Every person that a submission names, for `intake.review.matching`; keys are <submission>/<number from 1>."""
    query = select(submission.c.id, content.c.report).join(content, content.c.number == submission.c.number)
    for row in connection.execute(query.order_by(submission.c.number).execution_options(yield_per=1000)):
        yield from people(row.id, Report.parse(bytes(row.report)), places)


def people(submission_id: str, report: Report, places: Gazetteer) -> Iterator[Person]:
    """The people of one report. What the form asks of the first person is said of the first alone."""
    answers = report.answers
    moments = span(answers.get("when"))
    days = (
        None if moments is None or moments.earliest.year == 1900 else (moments.earliest.date(), moments.latest.date())
    )
    where = frozenset(_places(answers.get("where"), places))
    told = answers.get("who")
    for number, each in enumerate(told if isinstance(told, list) else [], 1):
        if not isinstance(each, dict) or not isinstance(name := each.get("name"), str) or not name:
            continue
        aliases = _texts(each.get("other")) + (_texts(answers.get("other_names")) if number == 1 else ())
        yield Person(
            f"{submission_id}/{number}",
            (name,),
            aliases,
            where,
            days,
            _born(each.get("age"), answers.get("birth_year") if number == 1 else None, report.day.year),
            statement="fear_statement" in answers,
            video=answers.get("forced_video") == "yes",
        )


def _case(connection: Connection, row: Any) -> Case:
    parts: dict[str, dict[str, str]] = {}
    query = select(case_part).where(case_part.c.id == row.id).order_by(case_part.c.kind, case_part.c.name)
    for part in connection.execute(query):
        parts.setdefault(part.kind, {})[part.name] = part.value
    return Case(row.id, row.title, row.note, row.admitted, row.merged, parts)


def _sources(connection: Connection, of: Case) -> Iterator[Source]:
    for submission_id, judgement in of.parts.get("source", {}).items():
        query = select(content.c.report).join(submission, submission.c.number == content.c.number)
        raw = connection.execute(query.where(submission.c.id == submission_id)).scalar()
        if raw is None:
            continue  # it came to another desk, and not to this one yet: nothing of it can be counted
        report = Report.parse(bytes(raw))
        relation = report.answers.get("relation")
        yield Source(
            submission_id,
            thread(connection, submission_id)[0],
            report.reply_to.mailbox if report.reply_to else None,
            relation if isinstance(relation, str) and relation != "rather_not" else None,
            frozenset(_texts(report.answers.get("known"))),
            Judgement(judgement),
        )


def _texts(answer: Json) -> tuple[str, ...]:
    return tuple(each for each in answer if isinstance(each, str)) if isinstance(answer, list) else ()


def _places(answer: Json, places: Gazetteer) -> Iterator[str]:
    if not isinstance(answer, dict):
        return
    if isinstance(known := answer.get("id"), str) and places.place(known):
        yield known
    elif isinstance(words := answer.get("text"), str):
        yield from (place.id for place in places.find(words))


def _born(age: Json, told: Json, year: int) -> tuple[int, int] | None:
    if isinstance(told, dict):
        if type(exact := told.get("year")) is int:
            return exact, exact
        age = told.get("age", age)
    return (year - age - 1, year - age) if type(age) is int and 0 <= age <= 130 else None


def _project(connection: Connection, case_id: str, state: State) -> None:
    row = {
        name: said.value
        for name in ("title", "note", "admitted", "merged")
        if (said := state.get(name)) and isinstance(said.value, str)
    }
    parts = list(_part_rows(state))
    # A case of which everything was taken back is none.
    replace(connection, case, case_id, [row] if row or parts else [])
    replace(connection, case_part, case_id, parts)


def _part_rows(state: State) -> Iterable[dict[str, str]]:
    for name, said in state.items():
        kind, _, rest = name.partition("/")
        value = said.value
        if kind not in _PARTS or not rest or value is None:
            continue
        if kind == "source" and value not in {each.value for each in Judgement}:
            continue
        told = value if isinstance(value, str) else json.dumps(value)
        yield {"kind": kind, "name": rest, "value": told, "reviewer": said.edits[-1].reviewer}


PROJECTIONS = (Projection("case", (case, case_part), _project, version=2),)
