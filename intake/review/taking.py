"""Earlier cases written into the log, so that they can be taken back together.

    earlier <source>    source: its name; run/<n>/<part>: {"file": SHA-256 of the table, "events": […]}
                        undone/<n>: true

`compare` tells what a line would change and writes nothing. What reviewers wrote since is never overwritten: where a
case says something else by now, it stays so and the line says that it differs. `take_back` undoes every event of the
newest run that still stands alone, and names what was changed since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from intake.errors import Usage
from intake.report.document import Json
from intake.review.earlier import Columns, Fact, Line
from intake.review.journal import Journal
from intake.review.log import Entity
from intake.review.projections import Field, state_of

_PART = 500
"""Events that one field names."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A line beside the vault: what is `new`, and the fields in which the vault says something else by now."""

    line: Line
    known: bool
    new: tuple[Fact, ...]
    differs: tuple[str, ...]

    @property
    def word(self) -> str:
        """What happens to it, in a word or two."""
        if self.line.wrong:
            return "wrong"
        if not self.new:
            return "differs" if self.differs else "as before"
        return "adds" if self.known else "new"


def compare(connection: Connection, lines: Iterable[Line]) -> list[Compared]:
    """Each line beside what the vault has."""
    found = []
    for line in lines:
        states: dict[Entity, Mapping[str, Field]] = {}
        new, differs = [], []
        for fact in line.facts:
            if fact.entity not in states:
                states[fact.entity] = state_of(connection, fact.entity)
            value = _value(states[fact.entity], fact.field)
            if value is None:
                new.append(fact)
            elif value != fact.value:
                differs.append(fact.field)
        known = any(field.value is not None for state in states.values() for field in state.values())
        found.append(Compared(line, known, tuple(new), tuple(differs)))
    return found


def take(
    journal: Journal, by: Columns, raw: bytes, compared: Sequence[Compared], heard: Callable[[int], object]
) -> int:
    """Write what is new; the number of events. Nothing at all is written where nothing is new."""
    events: list[str] = []
    for each in compared:
        made = (journal.record(fact.entity, fact.field, fact.value) for fact in each.new)
        events += [event.hex() for event in made if event]
        heard(1)
    if events:
        entity, number = Entity("earlier", by.id), _newest(journal, by.id) + 1
        journal.record(entity, "source", by.source)
        digest = hashlib.sha256(raw).hexdigest()
        for part, start in enumerate(range(0, len(events), _PART)):
            told: Json = {"file": digest, "events": [*events[start : start + _PART]]}
            journal.record(entity, f"run/{number:04}/{part:03}", told)
    return len(events)


def take_back(journal: Journal, by: Columns) -> tuple[int, int]:
    """Undo the newest run that stands: how many events were undone, and how many stay for they were changed since.

    Raises `Usage` where there is none.
    """
    entity = Entity("earlier", by.id)
    state = journal.state(entity)
    standing = [n for n in range(_newest(journal, by.id), 0, -1) if _value(state, f"undone/{n:04}") is None]
    if not standing:
        raise Usage(f"nothing of {by.source!r} was taken in, or all of it is undone already")
    parts = [_value(state, name) for name in sorted(state) if name.startswith(f"run/{standing[0]:04}/")]
    events = [str(each) for part in parts if isinstance(part, dict) for each in _listed(part.get("events"))]
    undone = 0
    for each in reversed(events):
        try:
            journal.undo(bytes.fromhex(each))
            undone += 1
        except Usage:
            continue
    journal.record(entity, f"undone/{standing[0]:04}", True)
    return undone, len(events) - undone


def _newest(journal: Journal, source_id: str) -> int:
    state = journal.state(Entity("earlier", source_id))
    return max((int(name.split("/")[1]) for name in state if name.startswith("run/")), default=0)


def _value(state: Mapping[str, Field], name: str) -> Json:
    return state[name].value if name in state else None


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
