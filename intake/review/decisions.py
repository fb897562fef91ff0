"""What reviewers decide about a change by the code: taken for true, or set aside. And `standing_of`, which outputs ask.

The entity `submission <id>` of the first report of a thread has, for each reviewer who decided, the field

    consent/<label>     {"holds": id, "seen": [ids of changes], "reason": "…", "confirmed": "…"}

with the meaning of `intake.review.standing.Decision`. Each reviewer speaks for themselves; two who agree count as two.
"""

from __future__ import annotations

import json

from sqlalchemy import Column, Connection, String, Table, Text, select

from intake.errors import Usage
from intake.report.document import Json
from intake.review import submissions
from intake.review.handling import entity
from intake.review.journal import Journal
from intake.review.lasting import changes_gone
from intake.review.projections import Projection, State, metadata, replace
from intake.review.standing import Decision, Standing, changed, objection, standing

_FIELD = "consent/"

decided = Table(
    "decided",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("reviewer", String(32), primary_key=True),
    Column("event", String(64), primary_key=True),
    Column("holds", String(32), nullable=False),
    Column("seen", Text, nullable=False),  # JSON: ids
    Column("reason", Text, nullable=False),
    Column("confirmed", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""What each reviewer decided last, by the first report of the thread."""


def standing_of(connection: Connection, report_id: str) -> Standing:
    """What the witness allows now for this report: ask before each new output. Raises `Usage` for an id that is none.

    No output may use what this doesn't permit, whatever the report itself ticks.
    """
    return standings(connection, submissions.thread(connection, report_id))[report_id]


def standings(connection: Connection, thread: tuple[str, ...]) -> dict[str, Standing]:
    """The same for every report of a thread."""
    reports = submissions.reports(connection, thread)
    if not reports or len(reports) < len(thread):
        raise Usage("there is no such submission", "Look at `intake review list` for its id.")
    told, gone = decisions_of(connection, thread), changes_gone(connection, thread[0])
    return {each: standing(each, reports, told, gone) for each in reports}


def decisions_of(connection: Connection, thread: tuple[str, ...]) -> tuple[Decision, ...]:
    """What reviewers decided about a thread, in order of their labels."""
    rows = connection.execute(select(decided).where(decided.c.id == thread[0]).order_by(decided.c.reviewer)).all()
    return tuple(
        Decision(row.reviewer, row.holds, frozenset(json.loads(row.seen)), row.reason, row.confirmed) for row in rows
    )


def decide(journal: Journal, label: str, report_id: str, reason: str, confirmed: str = "") -> None:
    """Say that what this report allows holds now, after all changes that are here.

    Raises `Usage` without a reason, where nothing changed, and where an
    advance statement would be cancelled by the code alone.
    """
    thread = submissions.thread(journal.connection, report_id)
    reports = submissions.reports(journal.connection, thread)
    gone = changes_gone(journal.connection, thread[0])
    if not (seen := [*dict.fromkeys([*changed(reports), *sorted(gone)])]):
        raise Usage("no change came by the code", "What the report itself ticks holds; there is nothing to decide.")
    if not reason.strip():
        raise Usage("why is not said", "Give --reason: whoever reads this later must understand it.")
    if wrong := objection(reports, report_id, bool(confirmed.strip())):
        raise Usage(
            wrong, "Say with --confirmed how you know that the witness wants it. Until then nothing new goes out."
        )
    told: Json = {"holds": report_id, "seen": [*seen], "reason": reason.strip(), "confirmed": confirmed.strip()}
    journal.record(entity(thread[0]), f"{_FIELD}{label}", told)


def _project(connection: Connection, submission_id: str, state: State) -> None:
    rows = []
    for name, field in state.items():
        for edit in field.edits:
            told = edit.value
            if name != f"{_FIELD}{edit.reviewer}" or not isinstance(told, dict):
                continue
            seen = told.get("seen")
            rows.append(
                {
                    "reviewer": edit.reviewer,
                    "event": edit.event.hex(),
                    "holds": str(told.get("holds")),
                    "seen": json.dumps(seen if isinstance(seen, list) else []),
                    "reason": str(told.get("reason")),
                    "confirmed": str(told.get("confirmed") or ""),
                }
            )
    replace(connection, decided, submission_id, rows)


PROJECTIONS = (Projection("submission", (decided,), _project),)
