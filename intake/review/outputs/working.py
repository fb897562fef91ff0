"""Which areas of an attachment are hidden before it leaves, as events, and whether somebody said that this is all.

    working <submission>-<file>   area/<page>/<left>,<top>,<right>,<bottom>: "black" or "blur", or null: not hidden
                                  done: {"areas": […]}: every page was looked at, and no more needs to be hidden

The same holds for every paper that the file goes with. An area that is taken away after "done" was said makes it not
done; one that is added does not. Two desks that don't know of each other hide what either does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Boolean, Column, Connection, String, Table, Text, select

from intake.errors import Usage
from intake.review.journal import Journal
from intake.review.log import Entity
from intake.review.outputs.covering import Area, How
from intake.review.projections import Projection, State, metadata, replace
from intake.review.tables import event

working = Table(
    "working",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("areas", Text, nullable=False),  # JSON: {name of the area: how}
    Column("done", Boolean, nullable=False),
)
"""One row for each file that somebody said anything of."""


@dataclass(frozen=True, slots=True)
class Marks:
    """What is hidden on one file, and whether that is all."""

    areas: tuple[tuple[Area, How], ...] = ()
    done: bool = False


def entity(submission_id: str, number: int) -> Entity:
    """The entity of a file, numbered from 1."""
    return Entity("working", f"{submission_id}-{number}")


def hide(journal: Journal, submission_id: str, number: int, area: Area, how: How | None) -> None:
    """Hide an area of a file; None shows it again. Raises `Usage` where it was not hidden."""
    field = f"area/{area.page}/{area}"
    if how is None and field not in journal.state(entity(submission_id, number)):
        raise Usage("that area is not hidden", "Give it as it was entered; without options they are listed.")
    journal.record(entity(submission_id, number), field, how)


def mark_done(journal: Journal, submission_id: str, number: int) -> None:
    """Say that every page of a file was looked at, and all that must be hidden is."""
    state = journal.state(entity(submission_id, number))
    journal.record(entity(submission_id, number), "done", {"areas": [*sorted(_areas(state))]})


def marks(connection: Connection, submission_id: str, number: int) -> Marks:
    """What is hidden on a file."""
    query = select(working).where(working.c.id == entity(submission_id, number).id)
    row = connection.execute(query).first()
    if row is None:
        return Marks()
    return Marks(tuple(sorted((_area(name), how) for name, how in json.loads(row.areas).items())), row.done)


def hanging(connection: Connection, submission_id: str) -> Iterator[Entity]:
    """What goes when a submission is erased: the areas of each of its files."""
    query = select(event.c.entity).where(event.c.kind == "working", event.c.entity.like(f"{submission_id}-%"))
    yield from (Entity("working", each) for each in connection.execute(query.distinct()).scalars())


def _area(name: str) -> Area:
    page, _, rest = name.partition("/")
    return Area.parse(rest, int(page))


def _areas(state: State) -> dict[str, How]:
    found: dict[str, How] = {}
    for name, said in state.items():
        kind, _, rest = name.partition("/")
        values = {edit.value for edit in said.edits if edit.value in ("black", "blur")}
        if kind == "area" and values:
            try:
                _area(rest)
            except (Usage, ValueError):
                continue  # another version's: the log has it
            found[rest] = "black" if "black" in values else "blur"
    return found


def _project(connection: Connection, file: str, state: State) -> None:
    areas = _areas(state)
    told = [edit.value for edit in state["done"].edits] if "done" in state else []
    lists = [each.get("areas") for each in told if isinstance(each, dict)]
    done = any(isinstance(each, list) and {*map(str, each)} <= areas.keys() for each in lists)
    row = {"areas": json.dumps(areas, sort_keys=True), "done": done}
    replace(connection, working, file, [row] if areas or done else [])


PROJECTIONS = (Projection("working", (working,), _project),)
