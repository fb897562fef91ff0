"""Entering reports into the database: whoever names an id first has it, and the same bytes again change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from sqlalchemy import Connection, select

from intake.drop.tables import report


class Outcome(Enum):
    """What became of a report that was put."""

    NEW = "new"
    SAME = "same"
    OTHER = "other"  # the id is taken by other bytes


def enter(connection: Connection, statement: Any, rows: Sequence[dict[str, Any]]) -> list[Outcome]:
    """Enter the rows whose ids are free by `statement`, which returns those; one outcome per row, in order.

    The insert comes first: another node may enter the same id at any moment, and only one of them is told NEW.
    """
    first: dict[bytes, dict[str, Any]] = {}
    for row in rows:
        first.setdefault(row["id"], row)
    fresh = [first[identifier] for identifier in sorted(first)]  # in one order on all nodes: no deadlock
    entered = set(connection.execute(statement, fresh).scalars())
    taken = [identifier for identifier in first if identifier not in entered]
    held: dict[bytes, bytes] = {}
    if taken:
        known = select(report.c.id, report.c.sha256).where(report.c.id.in_(taken))
        held = {row.id: row.sha256 for row in connection.execute(known)}
    outcomes = []
    for row in rows:
        if row["id"] in entered and row is first[row["id"]]:
            outcomes.append(Outcome.NEW)
            continue
        digest = held.get(row["id"], first[row["id"]]["sha256"])
        outcomes.append(Outcome.SAME if digest == row["sha256"] else Outcome.OTHER)
    return outcomes
