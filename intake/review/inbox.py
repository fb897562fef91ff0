"""Lists of submissions: which, in which order, and what a line of one says. Made to stay quick at 100,000 of them.

The tier in a list is that of `intake.review.triage`, worked out by the database from the numbers that the import kept
(`intake.review.submissions`); the clock and the reasons of the few lines shown are worked out by the rules themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, and_, case, exists, func, literal, or_, select, text

from intake.report.document import Json
from intake.report.package import Report
from intake.report.reading import changes
from intake.review.handling import Handling, handling, handlings, mark
from intake.review.submissions import content, moment, quarantine, seconds, submission
from intake.review.triage import Readings, Tier, Triage, triage

_DAY = 86_400
_MANY = 5_000  # submissions that hold some words: it is quicker to walk a list for them than to sort them


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which submissions a list is of; None is any. `query` is one of `intake.review.search`.

    `waiting`: those that nobody has dealt with or put on hold.
    """

    waiting: bool | None = None
    tiers: frozenset[Tier] = frozenset()
    unread_by: str | None = None
    assigned: str | None = None
    unassigned: bool = False
    flags: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    on_hold: bool | None = None
    done: bool | None = None
    language: str | None = None
    since: datetime | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One submission in a list."""

    id: str
    imported: datetime
    triage: Triage
    handling: Handling
    report: Report

    def facts(self) -> dict[str, object]:
        """For programs. No hidden answer is among them."""
        clock = self.triage.clock
        return {
            "id": self.id,
            "tier": self.triage.tier.name,
            "reasons": list(self.triage.reasons),
            "due": clock.isoformat() if clock else None,
            "imported": self.imported.isoformat(),
            "language": self.report.language,
            "change": changes(self.report),
            "title": title(self.report.answers),
            "seen": list(self.handling.seen),
            "flags": list(self.handling.flags),
            "tags": list(self.handling.tags),
            "assigned": self.handling.assigned,
            "hold": self.handling.hold,
            "done": self.handling.done,
        }


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is: what waits in each tier, what this reviewer has not read of it, and the rest."""

    waiting: Mapping[Tier, int]
    unread: int
    on_hold: int
    done: int
    quarantined: int


def lines(
    connection: Connection, wanted: Wanted, now: datetime, limit: int, offset: int = 0, readings: Readings | None = None
) -> list[Line]:
    """The most urgent ones first, and of each tier those whose clock ends soonest."""
    rows = sorted(_first(connection, wanted, now, offset + limit), key=lambda row: (row.tier, row.clock, row.number))
    rows = rows[offset : offset + limit]
    numbers = [row.number for row in rows]
    held = connection.execute(select(content.c.number, content.c.report).where(content.c.number.in_(numbers)))
    raw = {number: report for number, report in held}  # noqa: C416  # rows are not pairs to the type checker
    said = handlings(connection, [row.id for row in rows])
    return [_line(row, said[row.id], bytes(raw[row.number]), now, readings) for row in rows]


def _first(connection: Connection, wanted: Wanted, now: datetime, limit: int) -> list[Any]:
    """At least the first `limit` of a list, in any order.

    Most submissions have no removal date and nobody's decision: they stand in the order of an index, and so the
    database need not look at all of them. Few that hold some words are found by the index of words instead.
    """
    tier, clock = _tier(now), _clock(now)
    columns = (submission.c.number, submission.c.id, submission.c.imported, tier.label("tier"), clock.label("clock"))
    query = select(*columns).select_from(submission.outerjoin(handling, handling.c.id == submission.c.id))
    order = (tier, clock, submission.c.number)
    held = None if wanted.query is None else _holding(connection, wanted.query)
    if held is not None and len(held) < _MANY:
        return [*connection.execute(query.where(*_conditions(wanted, tier)).order_by(*order).limit(limit))]
    conditions = _conditions(replace(wanted, query=None), tier)
    timed = submission.c.soon.is_not(None)
    decided = submission.c.id.in_(select(handling.c.id).where(handling.c.tier.is_not(None)))
    moving = query.where(*conditions).order_by(*order)
    found: dict[int, Any] = {}
    for moved in (timed, decided):
        found |= _taken(connection, moving.where(moved), held, limit)
    conditions = _conditions(replace(wanted, query=None, tiers=frozenset()), tier)
    plain = query.where(submission.c.soon.is_(None), handling.c.tier.is_(None), *conditions)
    for each in sorted(wanted.tiers or Tier):
        left = limit - sum(row.tier < each for row in found.values())  # those of the same tier may all come later
        ordered = plain.where(submission.c.tier == each.value).order_by(submission.c.imported, submission.c.number)
        if left > 0:
            found |= _taken(connection, ordered, held, left)
    return [*found.values()]


def _holding(connection: Connection, query: str) -> frozenset[int]:
    """The numbers of the submissions that hold the words: as one text, since a row each takes several times as long."""
    told = connection.execute(
        text("SELECT group_concat(rowid) FROM words WHERE words MATCH :query"), {"query": query}
    ).scalar()
    return frozenset(map(int, told.split(","))) if told else frozenset()


def _taken(connection: Connection, ordered: Select[Any], held: frozenset[int] | None, limit: int) -> dict[int, Any]:
    """The first rows of a list, of those that are among `held`: read one by one, since most often few are needed."""
    if held is None:
        return {row.number: row for row in connection.execute(ordered.limit(limit))}
    found: dict[int, Any] = {}
    with connection.execute(ordered) as rows:
        for row in rows:
            if row.number in held:
                found[row.number] = row
                if len(found) == limit:
                    break
    return found


def number_of(connection: Connection, wanted: Wanted, now: datetime) -> int:
    """How many there are in all."""
    if wanted == Wanted(query=wanted.query) and wanted.query is not None:
        held = text("SELECT count(*) FROM words WHERE words MATCH :query")
        return int(connection.execute(held, {"query": wanted.query}).scalar_one())
    tier = _tier(now)
    joined = submission.outerjoin(handling, handling.c.id == submission.c.id)
    query = select(func.count()).select_from(joined).where(*_conditions(wanted, tier))
    return int(connection.execute(query).scalar_one())


def counts(connection: Connection, label: str, now: datetime) -> Counts:
    """Everything at a glance."""
    told = _tier(now)
    joined = handling.outerjoin(submission, handling.c.id == submission.c.id)  # in this order, whatever SQLite thinks
    plain = case(
        (and_(submission.c.soon <= seconds(now), submission.c.tier > 0), literal(0)),
        (and_(submission.c.near <= seconds(now), submission.c.tier > 1), literal(1)),
        else_=submission.c.tier,
    )
    total: dict[tuple[str, int], int] = {}
    timeless = select(submission.c.tier, func.count()).where(submission.c.soon.is_(None)).group_by(submission.c.tier)
    timed = select(plain, func.count()).where(submission.c.soon.is_not(None)).group_by(plain)
    for each, number in (*connection.execute(timeless), *connection.execute(timed)):
        total["", each] = total.get(("", each), 0) + number
    state = case((handling.c.done.is_not(None), "done"), (handling.c.hold.is_not(None), "hold"), else_="")
    said = select(state, plain, told, func.count()).select_from(joined).group_by(state, plain, told)
    for where, by_rules, tier, number in connection.execute(said):
        if by_rules is None:
            continue  # said of a submission that is not here
        total["", by_rules] -= number
        total[where, tier] = total.get((where, tier), 0) + number
    seen = connection.execute(
        select(func.count())
        .select_from(
            mark.outerjoin(handling, handling.c.id == mark.c.id).join(submission, submission.c.id == mark.c.id)
        )
        .where(mark.c.kind == "seen", mark.c.name == label, handling.c.done.is_(None), handling.c.hold.is_(None))
    ).scalar_one()
    held = connection.execute(select(func.count()).select_from(quarantine)).scalar_one()
    waiting = {each: total.get(("", each.value), 0) for each in Tier}
    return Counts(
        waiting,
        sum(waiting.values()) - seen,
        sum(number for (each, _), number in total.items() if each == "hold"),
        sum(number for (each, _), number in total.items() if each == "done"),
        held,
    )


def triage_of(report: Report, imported: datetime, said: Handling, now: datetime, readings: Readings | None) -> Triage:
    """The rules themselves, for one report."""
    return triage(report.answers, imported, now, readings, said.decision)


def title(answers: Mapping[str, Json]) -> str:
    """What a report is about in a few words of its own: who, where, what. Untrusted, for `safe`."""
    account = answers.get("account")
    parts = [
        ", ".join(_names(answers.get("who"))),
        _place(answers.get("where")),
        " ".join([*_codes(answers.get("kind")), *_codes(answers.get("urgent"))]),
        account if isinstance(account, str) else "",
    ]
    return " ".join(" · ".join(filter(None, parts)).split())[:100]


def _line(row: Any, said: Handling, raw: bytes, now: datetime, readings: Readings | None) -> Line:
    report, imported = Report.parse(raw), moment(row.imported)
    return Line(row.id, imported, triage_of(report, imported, said, now, readings), said, report)


def _after() -> ColumnElement[int]:
    """The moment of the decision, and never before the import; -1 where nobody decided."""
    return case(
        (handling.c.tier.is_(None), literal(-1)),
        (handling.c.decided < submission.c.imported, submission.c.imported),
        else_=handling.c.decided,
    )


def _tier(now: datetime) -> ColumnElement[int]:
    at, after = seconds(now), _after()
    base = func.coalesce(handling.c.tier, submission.c.tier, type_=Integer)
    return case(
        (and_(submission.c.soon <= at, submission.c.soon > after, base > 0), literal(0)),
        (and_(submission.c.near <= at, submission.c.near > after, base > 1), literal(1)),
        else_=base,
    )


def _clock(now: datetime) -> ColumnElement[int]:
    tier = _tier(now)
    due = submission.c.imported + case((tier == 0, 0), (tier == 1, _DAY), (tier == 2, 7 * _DAY), else_=10**9)
    return case((submission.c.event > _after(), func.min(submission.c.event, due)), else_=due)


def _conditions(wanted: Wanted, tier: ColumnElement[int]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    waiting = and_(handling.c.done.is_(None), handling.c.hold.is_(None))
    if wanted.waiting is not None:
        found.append(waiting if wanted.waiting else or_(handling.c.done.is_not(None), handling.c.hold.is_not(None)))
    if wanted.tiers and len(wanted.tiers) < len(Tier):
        found.append(tier.in_(sorted(wanted.tiers)))
    if wanted.unread_by is not None:
        found.append(~_marked("seen", wanted.unread_by))
    if wanted.assigned is not None:
        found.append(handling.c.assigned == wanted.assigned)
    if wanted.unassigned:
        found.append(handling.c.assigned.is_(None))
    found += [_marked("flag", name) for name in sorted(wanted.flags)]
    found += [_marked("tag", name) for name in sorted(wanted.tags)]
    for asked, column in ((wanted.on_hold, handling.c.hold), (wanted.done, handling.c.done)):
        if asked is not None:
            found.append(column.is_not(None) if asked else column.is_(None))
    if wanted.language is not None:
        found.append(submission.c.language == wanted.language)
    if wanted.since is not None:
        found.append(submission.c.imported >= seconds(wanted.since))
    if wanted.query is not None:
        words = text("SELECT rowid FROM words WHERE words MATCH :query").bindparams(query=wanted.query)
        found.append(submission.c.number.in_(words.columns(number=Integer).scalar_subquery()))
    return found


def _marked(kind: str, name: str) -> ColumnElement[bool]:
    return exists().where(mark.c.id == submission.c.id, mark.c.kind == kind, mark.c.name == name)


def _names(answer: Json) -> Sequence[str]:
    people = answer if isinstance(answer, list) else []
    return [name for each in people if isinstance(each, dict) and isinstance(name := each.get("name"), str) and name]


def _place(answer: Json) -> str:
    if not isinstance(answer, dict):
        return answer if isinstance(answer, str) else ""
    told = answer.get("text") or answer.get("id")
    return told if isinstance(told, str) else ""


def _codes(answer: Json) -> Sequence[str]:
    return [each for each in answer if isinstance(each, str)] if isinstance(answer, list) else []
