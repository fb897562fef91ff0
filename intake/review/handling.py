"""What reviewers say of a submission without changing it: tier, seen, flags, tags, whose it is, on hold, dealt with.

The fields of the entity `submission <id>`:

    tier                {"tier": "T1", "reason": "…"}, or null: back to the rules
    seen/<label>        true, once that reviewer has read it
    flag/<name>         true or null; tag/<name> likewise: a flag asks for something, a tag sorts
    assigned            a reviewer's label, or null
    hold                why it waits, or null
    done                what was done with it, or null: it leaves the inbox
    contact/<label>     when this reviewer last looked at the hidden answers: each look is an event

Whatever is said here can be undone (`Journal.undo`), but for a look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, String, Table, Text, select

from intake.errors import Usage
from intake.report.document import Json
from intake.review.journal import Journal
from intake.review.log import Entity
from intake.review.projections import Projection, State, metadata, replace
from intake.review.triage import Decision, Tier

MARKS = ("seen", "flag", "tag")
_NAME_LENGTH = 60

handling = Table(
    "handling",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("tier", Integer),
    Column("decided", Integer),  # seconds since 1970, UTC
    Column("reason", Text),
    Column("decided_by", String(32)),
    Column("assigned", String(32)),
    Column("hold", Text),
    Column("done", Text),
    Column("done_by", String(32)),
    Index("handling_decided", "tier"),
    sqlite_with_rowid=False,
)
"""One row for each submission of which anybody said anything."""

mark = Table(
    "mark",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(8), primary_key=True),  # one of MARKS
    Column("name", String, primary_key=True),
    Index("mark_name", "kind", "name"),
    sqlite_with_rowid=False,
)
"""Who has seen it, its flags and tags."""


@dataclass(frozen=True, slots=True)
class Handling:
    """All that was said of one submission."""

    decision: Decision | None = None
    reason: str | None = None
    decided_by: str | None = None
    assigned: str | None = None
    hold: str | None = None
    done: str | None = None
    done_by: str | None = None
    marks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def seen(self) -> tuple[str, ...]:
        """The labels of those who have read it."""
        return self.marks.get("seen", ())

    @property
    def flags(self) -> tuple[str, ...]:
        """What it asks for."""
        return self.marks.get("flag", ())

    @property
    def tags(self) -> tuple[str, ...]:
        """How it is sorted."""
        return self.marks.get("tag", ())


def entity(submission_id: str) -> Entity:
    """The entity of a submission."""
    return Entity("submission", submission_id)


def decide(journal: Journal, submission_id: str, tier: Tier | None, reason: str) -> None:
    """A person sets the tier, with a reason; None gives it back to the rules. Raises `Usage` without a reason."""
    if not reason.strip():
        raise Usage("why is not said", "Give --reason: whoever reads this later must understand it.")
    told: Json = None if tier is None else {"tier": tier.name, "reason": reason}
    journal.record(entity(submission_id), "tier", told)


def set_mark(journal: Journal, submission_id: str, kind: str, name: str, *, on: bool) -> None:
    """Put a flag or tag on, or take it off. Raises `Usage` for a name that is none."""
    journal.record(entity(submission_id), f"{kind}/{mark_name(name)}", True if on else None)


def see(journal: Journal, submission_id: str, label: str) -> None:
    """Say that a reviewer has read it."""
    journal.record(entity(submission_id), f"seen/{label}", True)


def look(
    journal: Journal, submission_id: str, label: str, now: datetime, fields: tuple[str, ...], why: str = ""
) -> None:
    """Say that a reviewer looks at hidden answers: which, when, and why where there is a reason."""
    told: dict[str, Json] = {"utc": now.astimezone(UTC).isoformat(timespec="microseconds"), "fields": [*fields]}
    if why:
        told["why"] = why
    journal.record(entity(submission_id), f"contact/{label}", told)


def mark_name(name: str) -> str:
    """A flag's or tag's name as it is kept. Raises `Usage`."""
    short = " ".join(name.split()).lower()
    if not short or len(short) > _NAME_LENGTH or not short.isprintable():
        raise Usage("that is no name for a flag or tag", f"Give a few plain words, {_NAME_LENGTH} characters at most.")
    return short


def handling_of(connection: Connection, submission_id: str) -> Handling:
    """All that was said of one submission."""
    return handlings(connection, [submission_id])[submission_id]


def handlings(connection: Connection, ids: Sequence[str]) -> dict[str, Handling]:
    """The same for several, by their ids."""
    rows = {row.id: row for row in connection.execute(select(handling).where(handling.c.id.in_(ids)))}
    marks: dict[str, dict[str, list[str]]] = {each: {} for each in ids}
    query = select(mark.c.id, mark.c.kind, mark.c.name).where(mark.c.id.in_(ids))
    for row in connection.execute(query.order_by(mark.c.id, mark.c.kind, mark.c.name)):
        marks[row.id].setdefault(row.kind, []).append(row.name)
    return {each: _handling(rows.get(each), marks[each]) for each in ids}


def _handling(row: Any, marks: Mapping[str, Sequence[str]]) -> Handling:
    told = {kind: tuple(names) for kind, names in marks.items()}
    if row is None:
        return Handling(marks=told)
    decision = decision_of(row.tier, row.decided)
    return Handling(decision, row.reason, row.decided_by, row.assigned, row.hold, row.done, row.done_by, told)


def decision_of(tier: int | None, decided: int | None) -> Decision | None:
    """From the columns of `handling`."""
    if tier is None or decided is None:
        return None
    return Decision(Tier(tier), datetime.fromtimestamp(decided, UTC))


def _project(connection: Connection, submission_id: str, state: State) -> None:
    row: dict[str, Any] = {}
    if (decided := state.get("tier")) and isinstance(told := decided.value, dict) and told.get("tier") in _TIERS:
        edit = decided.edits[-1]
        row |= {"tier": Tier[str(told["tier"])].value, "reason": str(told.get("reason")), "decided_by": edit.reviewer}
        row["decided"] = int(datetime.strptime(edit.utc, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    for name in ("assigned", "hold", "done"):
        if (said := state.get(name)) and isinstance(said.value, str):
            row[name] = said.value
            if name == "done":
                row["done_by"] = said.edits[-1].reviewer
    replace(connection, handling, submission_id, [row] if row else [])
    marks = [name.partition("/") for name, said in state.items() if said.value is True]
    rows = [{"kind": kind, "name": name} for kind, _, name in marks if kind in MARKS and name]
    replace(connection, mark, submission_id, rows)


_TIERS = {tier.name for tier in Tier}

PROJECTIONS = (Projection("submission", (handling, mark), _project),)
