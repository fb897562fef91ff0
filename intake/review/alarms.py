"""Alarms: what the drop, a courier or a report did that is no accident. They stay until a person says why they may go.

An alarm is an event, so that it reaches the other desks and nobody can make it disappear. Its id comes of what it says,
so the same alarm raised twice, or at two desks, is one. Its words name bundles, keyrings and ids, and nothing of what a
report says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, String, Table, Text, select

from intake.errors import Usage
from intake.report.document import Json
from intake.review import witnessed
from intake.review.chain import Alarm, Kind
from intake.review.journal import Journal
from intake.review.log import Entity
from intake.review.projections import Projection, State, metadata, replace

_REPORTS = 1000  # ids that an event names of the reports that an alarm is about

alarm = Table(
    "alarm",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String, nullable=False),
    Column("words", Text, nullable=False),
    Column("utc", String(20), nullable=False),
    Column("reviewer", String(32), nullable=False),
    Column("bundle", String(64)),  # the hash of the index that it is about, if it is about one
    Column("settled", Text),
    Column("settled_by", String(32)),
    sqlite_with_rowid=False,
)
"""Every alarm that was ever raised."""


@dataclass(frozen=True, slots=True)
class Raised:
    """An alarm as it stands: who raised it when (their clock), and why it was settled, if it was."""

    id: str
    kind: str
    words: str
    utc: str
    reviewer: str
    bundle: str | None = None
    settled: str | None = None
    settled_by: str | None = None


def raise_alarm(
    journal: Journal, kind: str, words: str, reports: Sequence[str] = (), bundle: bytes | None = None
) -> str:
    """Write an alarm into the log, unless it stands there; its id. `bundle`: the hash of the index it is about."""
    entity = _entity(kind, words)
    if "raised" not in journal.state(entity):
        told: dict[str, Json] = {"kind": kind, "words": words, "reports": [*reports[:_REPORTS]]}
        journal.record(entity, "raised", told if bundle is None else told | {"bundle": bundle.hex()})
    return entity.id


def raise_all(journal: Journal, alarms: Sequence[Alarm], bundle: bytes) -> None:
    """The same for what the chain says of a bundle."""
    for each in alarms:
        raise_alarm(journal, each.kind, each.words, each.reports, bundle)


def raise_forks(journal: Journal) -> tuple[str, ...]:
    """The same for every bundle of which the reviewers' logs name two indexes; what is told, in words."""
    told = tuple(map(str, witnessed.forks(journal.connection)))
    for words in told:
        raise_alarm(journal, Kind.FORKED, words)
    return told


def settle(journal: Journal, alarm_id: str, reason: str) -> None:
    """Say why an alarm need not be shown any more. Raises `Usage` when there is no such alarm."""
    entity = Entity("alarm", alarm_id)
    if "raised" not in journal.state(entity):
        raise Usage(f"there is no alarm {alarm_id}", "Look at `intake review inbox`.")
    journal.record(entity, "settled", reason)


def standing(connection: Connection, *, settled: bool = False) -> tuple[Raised, ...]:
    """The alarms that nobody settled yet, oldest first; with `settled` all there ever were."""
    query = select(alarm).order_by(alarm.c.utc, alarm.c.id)
    if not settled:
        query = query.where(alarm.c.settled.is_(None))
    return tuple(Raised(*row) for row in connection.execute(query))


def _entity(kind: str, words: str) -> Entity:
    return Entity("alarm", hashlib.sha256(f"{kind}\n{words}".encode()).hexdigest()[:32])


def _project(connection: Connection, entity: str, state: State) -> None:
    raised, settled = state.get("raised"), state.get("settled")
    rows: list[dict[str, str]] = []
    if raised is not None and isinstance(told := raised.value, dict):
        first = raised.edits[0]
        row = {"kind": str(told.get("kind")), "words": str(told.get("words"))}
        row |= {"utc": first.utc, "reviewer": first.reviewer}
        if isinstance(bundle := told.get("bundle"), str):
            row["bundle"] = bundle
        if settled is not None and isinstance(settled.value, str):
            row |= {"settled": settled.value, "settled_by": settled.edits[-1].reviewer}
        rows.append(row)
    replace(connection, alarm, entity, rows)


PROJECTIONS = (Projection("alarm", (alarm,), _project),)
