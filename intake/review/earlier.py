"""Earlier cases out of a table: what each line of it would make, by a mapping, and what is wrong with it. Pure.

A mapping is a TOML file:

    source = "Archive 2019-2024"        # with `key`, what makes a line the same line when the table comes again
    key = "No"                          # the column whose values are each there once
    dates = "day.month.year"            # or "year-month-day", which is always understood, or "month/day/year"

    [case]
    title = ["Name", "Where"]           # columns; several are put together
    person = ["Name", "Others"]         # each name is a person of the case; ";" stands between several in a cell
    document = ["Papers"]
    note = ["Remarks"]

    [[act]]                             # as many as there are
    what = "arrest"                     # one of `intake review case codes`
    when = "Arrested"
    place = "Where"
    person = "Name"
    note = "By whom"

The ids of case and acts come from source and key: the same table again makes nothing anew. A line in which anything
can't be understood makes nothing at all. Cases made so have no reports: they stand at V0.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intake.errors import Usage
from intake.report.document import Json
from intake.review import acts
from intake.review.log import Entity
from intake.review.spreadsheet import Row, Spreadsheet

ORDERS = ("year-month-day", "day.month.year", "month/day/year")
_CASE = ("title", "person", "document", "note")
_ACT = ("when", "place", "person", "note")
_SEPARATED = re.compile(r"[./-]")
_NAME = 200
_ADVICE = "See the example at the head of intake/review/earlier.py, or `intake review case import --help`."


@dataclass(frozen=True, slots=True)
class ActColumns:
    """Of which act a table tells, and in which columns."""

    what: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Columns:
    """A mapping: where in the table stands what."""

    source: str
    key: str
    order: str
    case: Mapping[str, tuple[str, ...]]
    acts: tuple[ActColumns, ...]

    @property
    def id(self) -> str:
        """Of the source: 16 hex digits."""
        return _id(self.source)


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of the log that a line says: of its case or of one of its acts."""

    entity: Entity
    field: str
    value: Json


@dataclass(frozen=True, slots=True)
class Line:
    """What one line makes: the id of its case, and the facts; or what is `wrong` with it, and then nothing."""

    number: int
    key: str
    case: str
    facts: tuple[Fact, ...]
    wrong: tuple[str, ...]


def parse(raw: bytes) -> Columns:
    """A mapping file. Raises `Usage` that names what is wrong in it."""
    try:
        told: dict[str, Any] = tomllib.loads(raw.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Usage(f"the mapping is no TOML: {error}", _ADVICE) from None
    _only(told, ("source", "key", "dates", "case", "act"), "the mapping")
    source, key = (_text(told.get(name), name) for name in ("source", "key"))
    order = told.get("dates", ORDERS[0])
    if order not in ORDERS:
        raise Usage(f"dates = {order!r} is not known", f"Give one of: {', '.join(ORDERS)}.")
    case, listed = told.get("case"), told.get("act", [])
    if not isinstance(case, dict) or not isinstance(listed, list) or not case.get("title"):
        raise Usage("the mapping says not what becomes of a case's title", _ADVICE)
    _only(case, _CASE, "[case]")
    columns = {name: tuple(_text(each, name) for each in _list(value)) for name, value in case.items()}
    return Columns(source, key, order, columns, tuple(_act(each) for each in listed))


def lines(sheet: Spreadsheet, by: Columns) -> Iterator[Line]:
    """What each line would make. Raises `Usage` where the mapping names a column that the table hasn't."""
    wanted = {by.key, *(each for those in by.case.values() for each in those)}
    wanted |= {column for act in by.acts for column in act.columns.values()}
    if missing := sorted(wanted - {*sheet.headings}):
        raise Usage(
            f"the table has no column {', '.join(map(repr, missing))}",
            f"It has: {', '.join(sheet.headings)}.",
        )
    seen: dict[str, int] = {}
    for row in sheet.rows:
        key = row.cells.get(by.key, "")
        yield _line(row, key, by, seen.get(key))
        seen.setdefault(key, row.line)


def date_of(typed: str, order: str) -> Json:
    """A date of a cell, in the order that the mapping names. Raises `Usage` for anything else."""
    words = typed.split()
    parts = _SEPARATED.split(words[0]) if words else []
    if order != ORDERS[0] and 2 <= len(parts) <= 3 and len(parts[-1]) == 4 and all(part.isdecimal() for part in parts):
        year, others = parts[-1], [part.zfill(2) for part in parts[:-1]]
        others = others if order == "month/day/year" else others[::-1]
        words[0] = "-".join([year, *others])
    return acts.date_of(" ".join(words))


def _line(row: Row, key: str, by: Columns, before: int | None) -> Line:
    wrong: list[str] = []
    if not key:
        wrong.append(f"{by.key!r} is empty: it tells one line from another")
    if before is not None and key:
        wrong.append(f"{by.key!r} is {key!r} as in line {before}")
    case = _id(by.source, key)
    facts = [*_case_facts(row, by, case, wrong)]
    for number, act in enumerate(by.acts):
        facts += _act_facts(row, act, by.order, case, _id(by.source, key, str(number)), wrong)
    return Line(row.line, key, case, () if wrong else tuple(facts), tuple(wrong))


def _case_facts(row: Row, by: Columns, case: str, wrong: list[str]) -> Iterator[Fact]:
    entity = Entity("case", case)
    told = {
        name: [cell for column in columns if (cell := row.cells.get(column, ""))] for name, columns in by.case.items()
    }
    title = " ".join(", ".join(told.get("title", [])).split())
    if not 1 <= len(title) <= _NAME:
        wrong.append(f"the title has {len(title)} characters: 1 to {_NAME} are wanted")
    yield Fact(entity, "title", title)
    if note := "\n".join(told.get("note", [])):
        yield Fact(entity, "note", note)
    for kind in ("person", "document"):
        for name in dict.fromkeys(" ".join(part.split()) for cell in told.get(kind, []) for part in cell.split(";")):
            if len(name) > _NAME:
                wrong.append(f"a {kind} of {len(name)} characters: at most {_NAME} are wanted")
            elif name:
                yield Fact(entity, f"{kind}/{name}", True)


def _act_facts(row: Row, act: ActColumns, order: str, case: str, act_id: str, wrong: list[str]) -> Iterator[Fact]:
    told = {name: cell for name, column in act.columns.items() if (cell := row.cells.get(column, ""))}
    if not told.keys() - {"person"}:
        return  # the table says nothing of it in this line
    entity = acts.entity(act_id)
    yield Fact(entity, "what", act.what)
    yield Fact(entity, "case", case)
    if "when" in told:
        try:
            yield Fact(entity, "when", date_of(told["when"], order))
        except Usage:
            wrong.append(f"{act.columns['when']!r} is no date: {told['when']!r}")
    for name in ("place", "person", "note"):
        if name in told:
            yield Fact(entity, name, told[name])


def _act(told: Any) -> ActColumns:
    if not isinstance(told, dict) or told.get("what") not in acts.kinds():
        raise Usage(
            f"an [[act]] is {told.get('what') if isinstance(told, dict) else told!r}",
            f"Say what it is, one of: {', '.join(acts.kinds())}.",
        )
    _only(told, ("what", *_ACT), "[[act]]")
    return ActColumns(told["what"], {name: _text(told[name], name) for name in _ACT if name in told})


def _only(told: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    if unknown := sorted(told.keys() - {*known}):
        raise Usage(f"{where} says {', '.join(unknown)}", f"It can say: {', '.join(known)}.")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Usage(f"the mapping says not in words what {name} is", _ADVICE)
    return value.strip()


def _id(*parts: str) -> str:
    told = "\n".join(["amonat/earlier/1", *(part.encode().hex() for part in parts)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]
