"""What the logs say now: the fields of every entity, and tables made of them. All of it can be rebuilt from the logs.

A field's state is a function of the *set* of events, never of the order in which they came: it holds every edit that no
other edit of the field was written in knowledge of. Usually that is one. Two or more are edits without an order; where
their values differ, the field is in *conflict* until a reviewer writes it again, having seen both. So two desks with
the same logs show the same, conflicts included, whichever way the sticks went.

To add a kind of thing, write a module with its tables and one function, and name it in `MODULES`:

    table = Table("person", projections.metadata, Column("id", String, primary_key=True), Column("name", String))

    def project(connection: Connection, entity: str, state: State) -> None:
        replace(connection, table, entity, [{"name": state["name"].value}] if "name" in state else [])

    PROJECTIONS = (Projection("person", (table,), project),)

and write events of that kind (`intake.review.journal`). `project` is called once for each changed entity, at the end of
the transaction that changed it, with all its fields; it leaves exactly the rows of that state, and none for an empty
state, which is how an entity goes that was erased. It must depend on nothing but its arguments: no clock, no other
tables. A change of a table, or of `version`, makes every vault rebuild its tables when it opens: no migration is
needed. (What comes from the sealed originals and not from the logs is not a projection: it belongs in
`intake.review.tables` or beside it, with a step in `migrations`.)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import groupby
from types import ModuleType
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.schema import CreateIndex, CreateTable

from intake.report.document import Json
from intake.review.log import Clock, Content, Entity
from intake.review.tables import event, setting

MODULES: tuple[str, ...] = (
    "intake.review.witnessed",
    "intake.review.bundles",
    "intake.review.alarms",
    "intake.review.handling",
    "intake.review.decisions",
    "intake.review.erasures",
    "intake.review.cases",
    "intake.review.translations",
    "intake.review.acts",
    "intake.review.replies",
    "intake.review.probes",
    "intake.review.outputs.permissions",
    "intake.review.outputs.deliveries",
    "intake.review.outputs.ledger",
    "intake.review.outputs.reviewed",
    "intake.review.outputs.working",
)
"""Every module with a tuple `PROJECTIONS`."""

metadata = MetaData()
"""All tables that can be rebuilt."""

register = Table(
    "register",
    metadata,
    Column("kind", String(32), primary_key=True),
    Column("entity", String(128), primary_key=True),
    Column("field", String, primary_key=True),
    Column("event", LargeBinary(32), primary_key=True),
    Column("reviewer", String(32), nullable=False),
    Column("utc", String(20), nullable=False),
    Column("value", Text, nullable=False),  # JSON
    sqlite_with_rowid=False,
)
"""The edits that make up each field's state."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One value of a field: who wrote it and when (by their clock), and the hash of the event."""

    value: Json
    reviewer: str
    utc: str
    event: bytes


@dataclass(frozen=True, slots=True)
class Field:
    """A field's state: at least one edit, in an order that is the same at every desk."""

    edits: tuple[Edit, ...]

    @property
    def value(self) -> Json:
        """What to show where only one value fits: the last by the writers' clocks."""
        return self.edits[-1].value

    @property
    def conflict(self) -> bool:
        """Whether reviewers say different things, none of them knowing of the other's."""
        return len({canonical(edit.value) for edit in self.edits}) > 1


State = Mapping[str, Field]
"""All fields of an entity, by name."""


@dataclass(frozen=True, slots=True)
class Projection:
    """How one kind of entity becomes rows. `project` replaces the rows of the entity with this id."""

    kind: str
    tables: tuple[Table, ...]
    project: Callable[[Connection, str, State], None]
    version: int = 1


def replace(connection: Connection, table: Table, entity: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Let `table` hold exactly these rows of an entity. The table's first column is the entity's id; rows omit it."""
    identity = next(iter(table.c))
    connection.execute(delete(table).where(identity == entity))
    if rows:
        connection.execute(insert(table), [{identity.name: entity, **row} for row in rows])


def modules() -> Iterator[ModuleType]:
    """Every module named in `MODULES`.

    One whose entities hold words of a report has a function `hanging(connection, submission_id)` too, which yields
    them: they are emptied with it (`intake.review.erasing`).
    """
    return (import_module(name) for name in MODULES)


@cache
def by_kind() -> Mapping[str, tuple[Projection, ...]]:
    """Every projection there is."""
    found: dict[str, tuple[Projection, ...]] = {}
    for module in modules():
        for projection in module.PROJECTIONS:
            found[projection.kind] = (*found.get(projection.kind, ()), projection)
    return found


def state_of(connection: Connection, entity: Entity) -> dict[str, Field]:
    """All fields of one entity; empty when nothing was ever said of it, or all is erased."""
    columns = (register.c.field, register.c.event, register.c.reviewer, register.c.utc, register.c.value)
    rows = connection.execute(
        select(*columns).where(register.c.kind == entity.kind, register.c.entity == entity.id)
    ).all()
    found: dict[str, list[Edit]] = {}
    for row in rows:
        found.setdefault(row.field, []).append(Edit(json.loads(row.value), row.reviewer, row.utc, row.event))
    return {name: Field(_ordered(edits)) for name, edits in found.items()}


def conflicts(connection: Connection) -> list[tuple[Entity, str]]:
    """Every field in conflict: its entity and its name, in order."""
    columns = (register.c.kind, register.c.entity, register.c.field)
    differing = func.count(register.c.value.distinct()) > 1
    rows = connection.execute(select(*columns).group_by(*columns).having(differing).order_by(*columns)).all()
    return [(Entity(row.kind, row.entity), row.field) for row in rows]


@dataclass(frozen=True, slots=True)
class Placed:
    """An edit and where its event stands: on which line, at which number, after which others."""

    edit: Edit
    line: int
    number: int
    clock: Clock


def settle(current: Sequence[Placed], new: Placed) -> tuple[Placed, ...]:
    """A field's state with one edit more, whichever came first."""
    if any(each.clock.covers(new.line, new.number) for each in current):
        return tuple(current)
    return (*(each for each in current if not new.clock.covers(each.line, each.number)), new)


class Registers:
    """The fields that one transaction changes. `finish` writes them and runs the projections of their entities."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._states: dict[Entity, dict[str, Field]] = {}
        self._changed: dict[Entity, set[str]] = {}

    def state(self, entity: Entity) -> State:
        """All fields of an entity, with what this transaction has changed."""
        return self._state(entity)

    def write(self, entity: Entity, name: str, edit: Edit) -> None:
        """Take an edit that was written in knowledge of all that is here."""
        self._state(entity)[name] = Field((edit,))
        self._changed.setdefault(entity, set()).add(name)

    def merge(self, entity: Entity, name: str, new: Placed) -> None:
        """Take an edit from elsewhere: it may come before, after or beside what is here."""
        state = self._state(entity)
        current = [_placed(self._connection, edit) for edit in state[name].edits] if name in state else []
        state[name] = Field(_ordered(each.edit for each in settle(current, new)))
        self._changed.setdefault(entity, set()).add(name)

    def finish(self) -> None:
        """Write what changed."""
        gone = (
            delete(register)
            .where(register.c.kind == bindparam("b_kind"))
            .where(register.c.entity == bindparam("b_entity"))
            .where(register.c.field == bindparam("b_field"))
        )
        fields = [(entity, name) for entity, names in self._changed.items() for name in sorted(names)]
        if fields:
            parameters = [{"b_kind": entity.kind, "b_entity": entity.id, "b_field": name} for entity, name in fields]
            self._connection.execute(gone, parameters)
            rows = [row for entity, name in fields for row in _rows(entity, name, self._states[entity][name])]
            self._connection.execute(insert(register), rows)
        for entity in self._changed:
            for projection in by_kind().get(entity.kind, ()):
                projection.project(self._connection, entity.id, self._states[entity])
        self._changed.clear()
        self._states.clear()

    def _state(self, entity: Entity) -> dict[str, Field]:
        if entity not in self._states:
            self._states[entity] = state_of(self._connection, entity)
        return self._states[entity]


def up_to_date(connection: Connection) -> bool:
    """Whether the tables have the shapes that the code asks for."""
    known = connection.execute(select(setting.c.value).where(setting.c.name == _SHAPES)).scalar()
    return known is not None and json.loads(known)["digest"] == _digest()


def rebuild(connection: Connection) -> None:
    """Make every table anew from the logs alone, as if all events came now."""
    known = connection.execute(select(setting.c.value).where(setting.c.name == _SHAPES)).scalar()
    for name in json.loads(known)["tables"] if known is not None else []:
        connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{name}"')
    by_kind()  # every module with tables is imported now
    metadata.create_all(connection)
    shapes = json.dumps({"digest": _digest(), "tables": [table.name for table in metadata.sorted_tables]}).encode()
    connection.execute(delete(setting).where(setting.c.name == _SHAPES))
    connection.execute(insert(setting).values(name=_SHAPES, value=shapes))
    for entity, states in groupby(_events(connection), key=lambda each: each[0]):
        _remake(connection, entity, states)


def refresh(connection: Connection, entity: Entity) -> None:
    """The same for one entity, when contents of its events were taken out."""
    connection.execute(delete(register).where(register.c.kind == entity.kind, register.c.entity == entity.id))
    _remake(connection, entity, _events(connection, entity))


def _remake(connection: Connection, entity: Entity, events: Iterable[tuple[Entity, str, Placed]]) -> None:
    fields: dict[str, tuple[Placed, ...]] = {}
    for _, name, placed in events:
        fields[name] = settle(fields.get(name, ()), placed)
    state = {name: Field(_ordered(each.edit for each in placed)) for name, placed in fields.items()}
    if rows := [row for name in state for row in _rows(entity, name, state[name])]:
        connection.execute(insert(register), rows)
    for projection in by_kind().get(entity.kind, ()):
        projection.project(connection, entity.id, state)


_SHAPES = "projections"


def _digest() -> str:
    """Of the shapes of all tables, and the versions of what fills them."""
    projections = by_kind()
    told = [
        *(str(CreateTable(table)) for table in metadata.sorted_tables),
        *(str(CreateIndex(index)) for table in metadata.sorted_tables for index in sorted(table.indexes, key=str)),
        *(f"{kind} {each.version}" for kind in sorted(projections) for each in projections[kind]),
    ]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _events(connection: Connection, only: Entity | None = None) -> Iterator[tuple[Entity, str, Placed]]:
    """Every event whose content is here, an entity after the other; or those of one."""
    which = [] if only is None else [event.c.kind == only.kind, event.c.entity == only.id]
    columns = (event.c.kind, event.c.entity, event.c.content, event.c.line, event.c.number, event.c.clock)
    rows = connection.execute(
        select(*columns, event.c.reviewer, event.c.utc, event.c.hash)
        .where(event.c.content.is_not(None), *which)
        .order_by(event.c.kind, event.c.entity, event.c.id)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        content = Content.parse(row.content.encode())
        edit = Edit(content.new, row.reviewer, row.utc, row.hash)
        placed = Placed(edit, row.line, row.number, Clock.parse(row.clock))
        yield Entity(row.kind, row.entity), content.field, placed


def _placed(connection: Connection, edit: Edit) -> Placed:
    row = connection.execute(
        select(event.c.line, event.c.number, event.c.clock).where(event.c.hash == edit.event)
    ).one()
    return Placed(edit, row.line, row.number, Clock.parse(row.clock))


def _ordered(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    return tuple(sorted(edits, key=lambda edit: (edit.utc, edit.reviewer, edit.event)))


def _rows(entity: Entity, name: str, state: Field) -> list[dict[str, Any]]:
    return [
        {
            "kind": entity.kind,
            "entity": entity.id,
            "field": name,
            "event": edit.event,
            "reviewer": edit.reviewer,
            "utc": edit.utc,
            "value": canonical(edit.value),
        }
        for edit in state.edits
    ]


def canonical(value: Json) -> str:
    """JSON that is the same for equal values."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
