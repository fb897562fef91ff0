"""What happened to a person, and what is to come: acts of a case, coded, attributed and reversible.

The fields of the entity `act <id>`:

    case                    the id of its case; null takes it out again
    what                    a key of `KINDS`: arrest, torture, hearing, removal …
    when                    {precision, date, time?, zone?}, as the questionnaire has it, or null
    person, place, note     text, or null
    source/<submission>     true: which report says so
    code/<list>             a key of that list in `LISTS`: violation_status, counsel …
    settled                 what came of it, or null: a date that is settled rings no more

An *act* is HURIDOCS's word for one thing done to one person. Its codes are those of HURIDOCS (huridocs.toml).
"""

from __future__ import annotations

import json
import re
import secrets
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import Column, Connection, Index, String, Table, Text, select

from intake.errors import Usage
from intake.report.document import Json
from intake.review.journal import Journal
from intake.review.log import Entity
from intake.review.projections import Projection, State, canonical, metadata, replace
from intake.review.triage import Span, span

TEXTS = ("person", "place", "note", "settled")

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")

act = Table(
    "act",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("case", String(16), nullable=False),
    Column("what", String(32), nullable=False),
    Column("when", Text),  # JSON
    *(Column(name, Text) for name in TEXTS),
    Column("reviewer", String(32), nullable=False),
    Column("utc", String(20), nullable=False),
    Index("act_case", "case"),
    sqlite_with_rowid=False,
)
"""One row for each act that stands in a case."""

act_part = Table(
    "act_part",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("kind", String(8), primary_key=True),  # source, code
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Which reports say so, and its codes."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What an act can be. `code` is HURIDOCS's, None where it has none; `ahead`: days before it that it rings."""

    words: str
    code: str | None
    ahead: int | None


@dataclass(frozen=True, slots=True)
class CodeList:
    """One of HURIDOCS's lists: the field that it belongs to, its number, and the code of each word used here."""

    field: str
    number: str
    codes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Act:
    """One act as it stands. `codes`: by list, the word chosen; `reviewer` and `utc`: who wrote it last, and when."""

    id: str
    case: str
    what: str
    when: Json
    person: str | None
    place: str | None
    note: str | None
    settled: str | None
    sources: tuple[str, ...]
    codes: Mapping[str, str]
    reviewer: str
    utc: str

    @property
    def span(self) -> Span | None:
        """The moments that its date may mean; None when it has no date that can be read."""
        found = span(self.when)
        return None if found is None or found.earliest.year == 1900 else found


@cache
def kinds() -> Mapping[str, Kind]:
    """All that an act can be."""
    return {name: Kind(each["words"], each.get("code"), each.get("ahead")) for name, each in _told()["acts"].items()}


@cache
def lists() -> Mapping[str, CodeList]:
    """All lists of codes."""
    return {name: CodeList(each["field"], each["list"], each["codes"]) for name, each in _told()["lists"].items()}


def entity(act_id: str) -> Entity:
    """The entity of an act."""
    return Entity("act", act_id)


def add(journal: Journal, case_id: str, what: str, when: Json = None) -> str:
    """A new act in a case; its id. Raises `Usage`."""
    act_id = secrets.token_hex(8)
    set_what(journal, act_id, what)
    journal.record(entity(act_id), "case", case_id)
    set_when(journal, act_id, when)
    return act_id


def set_what(journal: Journal, act_id: str, what: str) -> None:
    """Say what it is. Raises `Usage`."""
    if what not in kinds():
        raise Usage(f"{what!r} is nothing that an act can be", f"Give one of: {', '.join(kinds())}.")
    journal.record(entity(act_id), "what", what)


def set_when(journal: Journal, act_id: str, when: Json) -> None:
    """Say when; None takes it away. Raises `Usage` for a date that can't be read."""
    if when is not None and ((found := span(when)) is None or found.earliest.year == 1900):
        raise Usage("that is no date", "Write 2026-12-01, 2026-12 or 2026, perhaps with a time: 2026-12-01 09:30.")
    journal.record(entity(act_id), "when", when)


def set_text(journal: Journal, act_id: str, name: str, text: str) -> None:
    """Its person, place, note, or what came of it; an empty text takes that away."""
    if name not in TEXTS:
        raise ValueError(name)
    journal.record(entity(act_id), name, text.strip() or None)


def set_source(journal: Journal, act_id: str, submission_id: str, *, on: bool) -> None:
    """Say that a report tells of it, or does not."""
    journal.record(entity(act_id), f"source/{submission_id}", True if on else None)


def set_code(journal: Journal, act_id: str, name: str, word: str | None) -> None:
    """Choose a word of a list; None takes it away. Raises `Usage`."""
    if name not in lists():
        raise Usage(f"there is no list {name!r}", f"Give one of: {', '.join(lists())}.")
    if word is not None and word not in lists()[name].codes:
        raise Usage(f"{word!r} is not of the list {name}", f"Give one of: {', '.join(lists()[name].codes)}.")
    journal.record(entity(act_id), f"code/{name}", word)


def date_of(typed: str) -> Json:
    """A date as a person types it: 2026-12-01, 2026-12, 2026, perhaps "about", perhaps with a time and a zone.

    Raises `Usage` for anything else.
    """
    words = typed.split()
    about = bool(words) and words[0].lower() in ("about", "ca", "около")
    words = words[about:]
    if not 1 <= len(words) <= 3:
        raise _no_date(typed)
    precision = "about" if about else {4: "year", 7: "month"}.get(len(words[0]), "exact")
    told: dict[str, Json] = {"precision": precision, "date": words[0]}
    if len(words) > 1:
        told["time"] = words[1]
    if len(words) > 2:
        told["zone"] = words[2]
    if span(told) in (None, span({"date": "?"})) or (len(words) > 1 and not _TIME.fullmatch(words[1])):
        raise _no_date(typed)
    return told


def find(connection: Connection, spelled: str) -> Act:
    """The act of an id or of its beginning. Raises `Usage`."""
    wanted = spelled.strip().lower()
    rows: list[str] = []
    if len(wanted) >= 4 and set(wanted) <= set("0123456789abcdef"):
        rows += connection.execute(select(act.c.id).where(act.c.id.like(f"{wanted}%")).limit(2)).scalars()
    if len(rows) != 1:
        raise Usage(f"{spelled!r} is not the beginning of one act", "See `intake review case timeline`.")
    return next(_acts(connection, act.c.id == rows[0]))


def of_case(connection: Connection, case_ids: tuple[str, ...]) -> list[Act]:
    """All acts of these cases, the earliest first, those without a date last."""
    found = list(_acts(connection, act.c.case.in_(case_ids)))
    return sorted(found, key=lambda each: (each.span.earliest.timestamp() if each.span else float("inf"), each.id))


def hanging(connection: Connection, submission_id: str) -> Iterator[Entity]:
    """What has to go when a submission is erased: every act that it is a source of, whose words may be its own."""
    query = select(act_part.c.id).where(act_part.c.kind == "source", act_part.c.name == submission_id)
    yield from (entity(each) for each in connection.execute(query.order_by(act_part.c.id)).scalars())


def hanging_case(connection: Connection, case_id: str) -> Iterator[Entity]:
    """What has to go when a case is erased: its acts."""
    query = select(act.c.id).where(act.c.case == case_id).order_by(act.c.id)
    yield from (entity(each) for each in connection.execute(query).scalars())


def ringing(connection: Connection) -> list[Act]:
    """Every act of a kind that rings, in any case, that nobody settled yet."""
    names = [name for name, kind in kinds().items() if kind.ahead is not None]
    return list(_acts(connection, act.c.what.in_(names) & act.c.settled.is_(None)))


def _acts(connection: Connection, where: object) -> Iterator[Act]:
    rows = connection.execute(select(act).where(where)).all()  # type: ignore[arg-type]  # a condition of SQLAlchemy's
    ids = [row.id for row in rows]
    parts: dict[str, dict[str, dict[str, str]]] = {}
    query = select(act_part).where(act_part.c.id.in_(ids)).order_by(act_part.c.kind, act_part.c.name)
    for part in connection.execute(query):
        parts.setdefault(part.id, {}).setdefault(part.kind, {})[part.name] = part.value
    for row in rows:
        own = parts.get(row.id, {})
        yield Act(
            row.id,
            row.case,
            row.what,
            None if row.when is None else json.loads(row.when),
            row.person,
            row.place,
            row.note,
            row.settled,
            tuple(own.get("source", {})),
            own.get("code", {}),
            row.reviewer,
            row.utc,
        )


def _no_date(typed: str) -> Usage:
    return Usage(
        f"{typed!r} is no date", "Write 2026-12-01, 2026-12 or 2026, perhaps with a time: 2026-12-01 09:30 +05:00."
    )


def _project(connection: Connection, act_id: str, state: State) -> None:
    case, what = (state[name].value if name in state else None for name in ("case", "what"))
    stands = isinstance(case, str) and isinstance(what, str) and what in kinds()
    row: dict[str, object] = {}
    if stands:
        newest = max((field.edits[-1] for field in state.values()), key=lambda edit: (edit.utc, edit.event))
        row = {"case": case, "what": what, "reviewer": newest.reviewer, "utc": newest.utc}
        told = state["when"].value if "when" in state else None
        row["when"] = None if told is None else canonical(told)
        row |= {name: text if isinstance(text := _value(state, name), str) else None for name in TEXTS}
    replace(connection, act, act_id, [row] if row else [])
    replace(connection, act_part, act_id, list(_parts(state)) if stands else [])


def _parts(state: State) -> Iterator[dict[str, str]]:
    for name, said in state.items():
        kind, _, rest = name.partition("/")
        if kind == "source" and said.value is True:
            yield {"kind": kind, "name": rest, "value": "true"}
        elif kind == "code" and isinstance(said.value, str) and rest in lists() and said.value in lists()[rest].codes:
            yield {"kind": kind, "name": rest, "value": said.value}


def _value(state: State, name: str) -> Json:
    return state[name].value if name in state else None


@cache
def _told() -> dict[str, Any]:
    return tomllib.loads(files("intake.review").joinpath("huridocs.toml").read_text("utf-8"))


PROJECTIONS = (Projection("act", (act, act_part), _project),)
