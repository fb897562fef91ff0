"""Test reports: sealed at the desk, sent from outside like a witness's, and expected to come out of the drop again.

A server that drops reports before their first export leaves no trace in its bundles. But it can't tell a test report
from another: it is sealed to all reviewers, of the smallest size, and who sends it is nobody's business. One that does
not come out in `WAIT` is an alarm.

The entity `probe <report id>` has the fields

    made               {"day": "YYYY-MM-DD", "wait": days}
    arrived/<label>    the day on which it came out at this reviewer's desk

They travel with the logs: so every desk knows which reports are none, and misses those that only others were given.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Column, Connection, Integer, String, Table, Text, and_, exists, select

from intake.durable import new_file
from intake.errors import Fault, KeyringRefused
from intake.locale import packaged_questionnaire
from intake.report.package import QuestionnaireRef, Report, write_package
from intake.report.questionnaire import English
from intake.review import alarms, handling
from intake.review.journal import Journal
from intake.review.log import Entity
from intake.review.projections import Projection, State, metadata, replace
from intake.review.submissions import submission
from intake.review.vault import Vault
from intake.sealing import HybridRecipient, seal_bytes

WAIT = 14
"""Days in which a test report should have been sent, exported and brought."""
KIND = "probe"

_ARRIVED = "arrived/"

probe = Table(
    "probe",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("reviewer", String(32), nullable=False),
    Column("made", String(10), nullable=False),
    Column("wait", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Every test report that was made."""

arrival = Table(
    "probe_arrival",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("reviewer", String(32), primary_key=True),
    Column("day", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""At which desks it came out."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A test report: the id of the report inside, who made it, and since when it is late if it doesn't come."""

    id: str
    reviewer: str
    made: date
    wait: timedelta

    def late(self, today: date) -> str | None:
        """The alarm when it should have come by now."""
        if today - self.made <= self.wait:
            return None
        return (
            f"test report {self.id[:8]} of {self.reviewer}, made on {self.made}, has not come out: "
            "the drop may be losing reports, or nobody sent it"
        )


def make(vault: Vault, folder: Path, wait: int = WAIT) -> Path:
    """Write a sealed test report into `folder`, under a name that says nothing.

    The log speaks of it before the file is there: what is sent is always expected. Raises `KeyringRefused` without a
    keyring to seal to, and `Fault` when the file can't be written.
    """
    if vault.chain is None:
        raise KeyringRefused("no keyring is known here yet", "Import a bundle first.")
    if not folder.is_dir():
        raise Fault(f"{folder} is not a folder", "Make it first.")
    keyring, questionnaire, today = vault.chain.newest, packaged_questionnaire(), vault.today()
    report = Report(
        id=secrets.token_hex(16),
        origin=vault.origin,
        keyring=keyring.serial,
        questionnaire=QuestionnaireRef(questionnaire.name, questionnaire.version, questionnaire.digest(English())),
        language="en",
        sealed_by="carried-form",
        day=today,
        answers={"account": f"TEST REPORT of {vault.label}. No witness wrote this."},
    )
    package = io.BytesIO()
    write_package(report, (), package)
    sealed = seal_bytes(package.getvalue(), [HybridRecipient.parse(each) for each in keyring.recipients])
    with vault.journal() as journal:
        journal.record(Entity("probe", report.id), "made", {"day": today.isoformat(), "wait": wait})
    path = folder / f"{secrets.token_hex(4)}.age"
    with new_file(path) as file:
        file.write(sealed)
    return path


def look(journal: Journal, label: str, today: date) -> tuple[str, ...]:
    """After an import: note which test reports came out here, and raise an alarm for each that is late.

    Returns the alarms in words. One that comes out late settles its alarm; what came out leaves the inbox.
    """
    came = exists().where(submission.c.id == probe.c.id)
    noted = exists().where(and_(arrival.c.id == probe.c.id, arrival.c.reviewer == label))
    rows = journal.connection.execute(select(probe, came.label("came")).where(~noted).order_by(probe.c.id)).all()
    told = []
    for row in rows:
        each = Probe(row.id, row.reviewer, date.fromisoformat(row.made), timedelta(days=row.wait))
        words = each.late(today)
        if not row.came:
            if words is not None:
                alarms.raise_alarm(journal, KIND, words, (each.id,))
                told.append(words)
            continue
        journal.record(Entity("probe", each.id), f"{_ARRIVED}{label}", today.isoformat())
        journal.record(handling.entity(each.id), "done", "a test report")
        if words is not None:
            _settle(journal, words)
    return tuple(told)


def waiting(connection: Connection, label: str) -> Sequence[Probe]:
    """The test reports that have not come out at this desk, the oldest first."""
    noted = exists().where(and_(arrival.c.id == probe.c.id, arrival.c.reviewer == label))
    rows = connection.execute(select(probe).where(~noted).order_by(probe.c.made, probe.c.id)).all()
    return [Probe(row.id, row.reviewer, date.fromisoformat(row.made), timedelta(days=row.wait)) for row in rows]


def _settle(journal: Journal, words: str) -> None:
    for alarm in alarms.standing(journal.connection):
        if alarm.kind == KIND and alarm.words == words:
            alarms.settle(journal, alarm.id, "it came out after all")


def _project(connection: Connection, entity: str, state: State) -> None:
    rows = []
    if (said := state.get("made")) and isinstance(told := said.value, dict):
        day, wait = told.get("day"), told.get("wait")
        if isinstance(day, str) and _is_day(day) and isinstance(wait, int):
            rows = [{"reviewer": said.edits[0].reviewer, "made": day, "wait": wait}]
    replace(connection, probe, entity, rows)
    came = [
        {"reviewer": edit.reviewer, "day": str(edit.value)}
        for name, field in state.items()
        for edit in field.edits[-1:]
        if name == f"{_ARRIVED}{edit.reviewer}"
    ]
    replace(connection, arrival, entity, came)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


PROJECTIONS = (Projection("probe", (probe, arrival), _project),)
