"""People counted once: from cases and reports to what the statement's tables are made of.

A person is counted when a report about them allows it (`count`), and in the tables when the case stands at V2 or
better by such reports alone: what a report that allows no counting says proves nothing here. The facts come from these
reports too; where they differ, those of the one that came first stand. Someone is one person wherever the full name is
one by its search key; in doubt two are counted as two. Whoever may still be in danger (T0) waits for 30 days, unless
the name is public with consent: until then neither the person nor a report of the case is in any number, nor the place
on the travel sheet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, select

from intake.report.document import Json
from intake.report.folding import search_key
from intake.report.package import Report
from intake.report.places import Gazetteer
from intake.review import cases, handling, submissions
from intake.review.cases import Case
from intake.review.ladder import Level
from intake.review.outputs.captures import Captured
from intake.review.outputs.consent import Recipient, Use
from intake.review.outputs.deliveries import delivered
from intake.review.outputs.permissions import circumstances
from intake.review.outputs.regions import district, region, travel_group
from intake.review.submissions import Submission
from intake.review.triage import Tier, span, triage

EMBARGO = timedelta(days=30)
KINDS = ("killed", "missing", "taken", "deport", "torture", "border", "detained", "summoned", "fear", "other")
"""The gravest first: a person is counted under one."""
ARRESTS = frozenset({"detained", "taken", "border"})
"""Kinds that the travel sheet warns of."""
SEVERAL = "several"

_CONFIRMED = (Level.V2, Level.V3)


@dataclass(frozen=True, slots=True)
class Counted:
    """One person. `first`: the day on which the first report that allows counting came here.

    `quarter`: "2026-Q1" of the event, None where nobody told when.
    """

    key: str
    first: date
    confirmed: bool
    region: str = "unknown"
    district: str | None = None
    quarter: str | None = None
    kind: str = "other"
    authority: str = "unknown"


@dataclass(frozen=True, slots=True)
class Tally:
    """What a statement counts: people, and the days on which reports that allow counting came."""

    people: tuple[Counted, ...]
    reports: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class _Source:
    id: str
    imported: datetime
    report: Report
    embargoed: bool


def tally(connection: Connection, places: Gazetteer, now: datetime) -> Tally:
    """Everybody who may be counted at a moment."""
    sources = {each.id: each for each in _sources(connection, Recipient.STATISTICS, now)}
    people: dict[str, Counted] = {}
    used: set[str] = set()
    waiting: set[str] = set()
    for case, held, public in _held(connection, sources):
        used |= {each.id for each in held}
        if not public and any(each.embargoed for each in held):
            waiting |= {each.id for each in held}
            continue
        level = cases.verified(connection, case, frozenset(each.id for each in held)).level
        facts = _facts(held, places)
        for key in _names(case) or _told(held) or [f"case:{case.id}"]:
            new = replace(facts, key=key, confirmed=level in _CONFIRMED)
            people[key] = _one(people.get(key), new)
    for source in sources.values():
        if source.id in used:
            continue
        if source.embargoed:
            waiting.add(source.id)
            continue
        for key in _told([source]) or [f"report:{source.id}"]:
            new = Counted(key, source.imported.date(), confirmed=False)
            people[key] = _one(people.get(key), new)
    return Tally(
        tuple(sorted(people.values(), key=lambda each: each.key)),
        tuple(sorted(each.imported.date() for each in sources.values() if each.id not in waiting)),
    )


def captured(connection: Connection, now: datetime) -> list[Captured]:
    """Everybody whom a report names that allows counting, with these reports; none under embargo, none contradicted.

    Of a case's people a report names those whom it tells of; one that names nobody of them tells of all.
    """
    sources = {each.id: each for each in _sources(connection, Recipient.STATISTICS, now)}
    reports: dict[str, dict[str, Report]] = {}
    confirmed: set[str] = set()
    used: set[str] = set()
    for case, held, public in _held(connection, sources):
        used |= {each.id for each in held}
        level = cases.verified(connection, case, frozenset(each.id for each in held)).level
        if level is Level.X or (not public and any(each.embargoed for each in held)):
            continue
        people = _names(case) or _told(held) or [f"case:{case.id}"]
        for each in held:
            named = set(_told([each])) & set(people) or people
            for key in named:
                reports.setdefault(key, {})[each.id] = each.report
        confirmed |= {*people} if level in _CONFIRMED else set()
    for each in sources.values():
        if each.id not in used and not each.embargoed:
            for key in _told([each]) or [f"report:{each.id}"]:
                reports.setdefault(key, {})[each.id] = each.report
    return [Captured(tuple(those.values()), key in confirmed) for key, those in sorted(reports.items())]


def travel(connection: Connection, places: Gazetteer, now: datetime, since: date, until: date) -> tuple[str, ...]:
    """The places and groups where somebody was arrested between two days, by cases at V2 that may be told of."""
    sources = {each.id: each for each in _sources(connection, Recipient.ANONYMOUS, now)}
    found: set[str] = set()
    for case, held, public in _held(connection, sources):
        if not public and any(each.embargoed for each in held):
            continue
        if cases.verified(connection, case, frozenset(each.id for each in held)).level not in _CONFIRMED:
            continue
        for source in held:
            when = span(source.report.answers.get("when"))
            arrest = ARRESTS & set(_codes(source.report.answers.get("kind")))
            if when is None or not arrest or when.earliest.date() < since or when.latest.date() > until:
                continue
            if group := travel_group(places, _place(source.report.answers.get("where"), places)):
                found.add(group)
    return tuple(sorted(found))


def _sources(connection: Connection, recipient: Recipient, now: datetime) -> Iterator[_Source]:
    """Every report that allows this, the first that came first; those under embargo are marked."""
    rows = connection.execute(select(submissions.submission.c.id).order_by(submissions.submission.c.number)).scalars()
    ids = list(rows)
    for start in range(0, len(ids), 500):
        lot = ids[start : start + 500]
        allowed = set(circumstances(connection, lot).allowed(Use(recipient)))
        for each in lot:
            if each in allowed:
                found = submissions.find(connection, each)
                if found.report.in_reply_to is None:
                    yield _Source(each, found.imported, found.report, _embargoed(connection, found, now))


def _embargoed(connection: Connection, found: Submission, now: datetime) -> bool:
    decision = handling.handling_of(connection, found.id).decision
    for decided in (None, decision):
        said = triage(found.answers, found.imported, now, None, decided)
        if said.tier is Tier.T0 and now - said.since < EMBARGO:
            return True
    return False


def _held(connection: Connection, sources: Mapping[str, _Source]) -> Iterator[tuple[Case, list[_Source], bool]]:
    """Each case with those of its reports that may be used, and whether its people are public by name, with consent."""
    for case in cases.every(connection):
        family = cases.family(connection, case)
        ids = {each for part in family for each in part.sources}
        held = [sources[each] for each in sources if each in ids]
        if held:
            public = any(
                each.delivery.recipient == Recipient.PUBLIC.value and each.delivery.naming != "none"
                for each in delivered(connection, [part.id for part in family])
            )
            yield case, held, public


def _facts(held: Sequence[_Source], places: Gazetteer) -> Counted:
    """What is said of each person of a case."""
    answers = [each.report.answers for each in held]
    place = next((found for each in answers if (found := _place(each.get("where"), places))), None)
    kinds = {code for each in answers for code in _codes(each.get("kind"))}
    forces = {code for each in answers for code in _codes(each.get("by_whom"))} - {"unknown"}
    return Counted(
        key="",
        first=held[0].imported.date(),
        confirmed=False,
        region=region(places, place),
        district=district(places, place),
        quarter=next((found for each in answers if (found := _quarter(each.get("when")))), None),
        kind=next((kind for kind in KINDS if kind in kinds), "other"),
        authority="unknown" if not forces else SEVERAL if len(forces) > 1 else next(iter(forces)),
    )


def _one(known: Counted | None, new: Counted) -> Counted:
    """Of two that are one person: the confirmed one's facts, the first one's day."""
    if known is None:
        return new
    kept = new if new.confirmed and not known.confirmed else known
    return replace(kept, first=min(known.first, new.first))


def _names(case: Case) -> list[str]:
    return [_key(name) for name in case.parts.get("person", {})]


def _told(held: Iterable[_Source]) -> list[str]:
    """The people whom the first report names that names any."""
    for each in held:
        told = each.report.answers.get("who")
        names = [item.get("name") for item in told if isinstance(item, dict)] if isinstance(told, list) else []
        if keys := [_key(name) for name in names if isinstance(name, str) and name.strip()]:
            return list(dict.fromkeys(keys))
    return []


def _key(name: str) -> str:
    return f"name:{search_key(name) or name}"


def _place(answer: Json, places: Gazetteer) -> str | None:
    if not isinstance(answer, dict):
        return None
    known = answer.get("id")
    if isinstance(known, str) and places.place(known):
        return known
    words = answer.get("text")
    found = places.find(words) if isinstance(words, str) else ()
    return found[0].id if found else None


def _quarter(answer: Json) -> str | None:
    """The quarter of a date; None unless all of what it may mean lies in one."""
    if not isinstance(answer, dict) or not isinstance(day := answer.get("date"), str) or len(day) < 7:
        return None
    return f"{day[:4]}-Q{(int(day[5:7]) + 2) // 3}"


def _codes(answer: Json) -> tuple[str, ...]:
    if isinstance(answer, str):
        return (answer,)
    return tuple(each for each in answer if isinstance(each, str)) if isinstance(answer, list) else ()
