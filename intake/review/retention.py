"""How long things are kept: what is due to be erased or looked at again. Nothing goes by itself.

The periods, in months, are GUIDE's until reviewers set others, as fields of the entity `retention periods`:

    junk        a submission with the tag `junk`, from the day it got it
    contact     a submission that is done and tells how to reach its witness, from the day it was done
    unverified  a submission in no case of V2 or better, from its import
    cases       a case, from the last change of it or the last time that somebody looked (`reviewed`)

What must stay (`intake.review.erasures.retain`) is listed with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, select

from intake.errors import Usage
from intake.options import months_after
from intake.report.package import Report
from intake.review import cases
from intake.review.erasures import retained
from intake.review.fields import hidden
from intake.review.journal import Journal
from intake.review.ladder import Level
from intake.review.log import Entity
from intake.review.projections import register, state_of
from intake.review.submissions import content, moment, submission
from intake.review.tables import event

PERIODS: Mapping[str, int] = {"junk": 3, "contact": 6, "unverified": 24, "cases": 24}
"""The default of each period, in months."""

_LONGEST = 1200  # months
_PERIODS = Entity("retention", "periods")
_WHY = {
    "junk": "junk",
    "contact": "closed, and still tells how to reach the witness",
    "unverified": "in no verified case",
    "cases": "a case that nobody looked at",
}


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """One thing whose period, given by its name, ends on `day`. `retained`: why it must stay all the same."""

    day: date
    entity: Entity
    period: str
    since: date
    retained: str | None = None

    @property
    def why(self) -> str:
        """In words."""
        return _WHY[self.period]

    def facts(self) -> dict[str, object]:
        """For programs."""
        return {
            "kind": self.entity.kind,
            "id": self.entity.id,
            "period": self.period,
            "since": self.since.isoformat(),
            "due": self.day.isoformat(),
            "retained": self.retained,
        }


def periods(connection: Connection) -> dict[str, int]:
    """Every period by its name, in months."""
    said = state_of(connection, _PERIODS)
    set_here = {name: field.value for name, field in said.items() if name in PERIODS}
    return {
        name: value if type(value := set_here.get(name)) is int and 0 < value <= _LONGEST else default
        for name, default in PERIODS.items()
    }


def set_period(journal: Journal, name: str, months: int) -> None:
    """Keep things of a kind for another time. Raises `Usage`."""
    if name not in PERIODS:
        raise Usage(f"there is no period {name}", f"Set one of {', '.join(PERIODS)}.")
    if not 0 < months <= _LONGEST:
        raise Usage(f"{months} months are no period", f"Give 1 to {_LONGEST}.")
    journal.record(_PERIODS, name, months)


def reviewed(journal: Journal, case_id: str, label: str, day: date) -> None:
    """Say that a reviewer looked at a case and found it right to keep."""
    journal.record(cases.entity(case_id), f"reviewed/{label}", day.isoformat())


def due(connection: Connection, today: date, within: timedelta = timedelta()) -> list[Due]:
    """Everything whose period has ended, or will within a time; what is due longest comes first."""
    months = periods(connection)
    last = today + within
    kept = {row.id: row.reason for row in connection.execute(select(retained))}
    found = [
        Due(day, entity, name, since, kept.get(entity.id))
        for name, things in (
            ("junk", _said(connection, "tag/junk")),
            ("contact", _reachable(connection, last, months["contact"])),
            ("unverified", _unverified(connection)),
            ("cases", _cases(connection)),
        )
        for entity, since in things
        if (day := months_after(since, months[name])) <= last
    ]
    return sorted(found)


def _said(connection: Connection, field: str) -> Iterator[tuple[Entity, date]]:
    """The submissions of which this field says something, and since when."""
    query = (
        select(register.c.entity, func.min(register.c.utc).label("utc"))
        .join(submission, submission.c.id == register.c.entity)
        .where(register.c.kind == "submission", register.c.field == field, register.c.value != "null")
        .group_by(register.c.entity)
    )
    for row in connection.execute(query).all():
        yield Entity("submission", row.entity), _day(row.utc)


def _reachable(connection: Connection, last: date, months: int) -> Iterator[tuple[Entity, date]]:
    for entity, since in _said(connection, "done"):
        if months_after(since, months) > last:
            continue
        query = select(content.c.report).join(submission, submission.c.number == content.c.number)
        raw = connection.execute(query.where(submission.c.id == entity.id)).scalar_one()
        if hidden(Report.parse(bytes(raw)).answers):
            yield entity, since


def _unverified(connection: Connection) -> Iterator[tuple[Entity, date]]:
    verified = {
        source
        for case in cases.every(connection)
        if cases.verified(connection, case).level in (Level.V2, Level.V3)
        for source in case.sources
    }
    rows = connection.execute(select(submission.c.id, submission.c.imported).order_by(submission.c.imported))
    for row in rows:
        if row.id not in verified:
            yield Entity("submission", row.id), moment(row.imported).date()


def _cases(connection: Connection) -> Iterator[tuple[Entity, date]]:
    query = (
        select(cases.case.c.id, func.max(event.c.utc).label("utc"))
        .join(event, (event.c.kind == "case") & (event.c.entity == cases.case.c.id))
        .where(cases.case.c.merged.is_(None))
        .group_by(cases.case.c.id)
    )
    for row in connection.execute(query).all():
        yield cases.entity(row.id), _day(row.utc)


def _day(utc: str) -> date:
    return datetime.strptime(utc, "%Y-%m-%dT%H:%M:%SZ").date()  # noqa: DTZ007  # UTC, and only its day
