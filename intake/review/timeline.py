"""A person's timeline: what reports say and what reviewers coded, in order, with what comes next and what rings.

Pure but for `of` and `every_alarm`, which read. A *date to come* (hearing, removal, end of term, deadline) rings when
it is near, and goes on ringing after it has passed until somebody writes what came of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from intake.report.document import Json
from intake.report.package import Report
from intake.review import acts, cases, matching
from intake.review.acts import Act
from intake.review.matching import Person
from intake.review.submissions import reports
from intake.review.triage import Span, span

REMOVAL = timedelta(hours=72)
"""Before a removal: then an interim measure has to be asked for (Rule 39)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `what` is a key of `acts.kinds`; `source` the submission that says so, "" for a coded act.

    `act` is None for what stands in a report alone. `text` is anybody's words. `person`: "" for everybody of the case.
    """

    what: str
    when: Json
    span: Span | None
    text: str
    person: str
    source: str = ""
    act: Act | None = None

    @property
    def settled(self) -> bool:
        """Whether somebody said what came of it."""
        return self.act is not None and self.act.settled is not None

    @property
    def to_come(self) -> bool:
        """Whether it is of the kinds that ring."""
        return acts.kinds()[self.what].ahead is not None

    @property
    def day(self) -> str:
        """Its date as it was told."""
        told = self.when if isinstance(self.when, dict) else {}
        about = "~" if told.get("precision") == "about" else ""
        return " ".join(
            str(part) for part in (f"{about}{told.get('date', '')}", told.get("time"), told.get("zone")) if part
        )


@dataclass(frozen=True, slots=True)
class Alarm:
    """A date that rings: of which entry, whether it has passed, and how long it is until then, or since."""

    entry: Entry
    passed: bool
    left: timedelta


@dataclass(frozen=True, slots=True)
class Timeline:
    """One person of a case: everything in order; the next of each kind to come."""

    person: str
    entries: tuple[Entry, ...]

    def next(self, what: str, now: datetime) -> Entry | None:
        """The earliest date to come of a kind that has not passed."""
        coming = (each for each in self.entries if each.what == what and each.span and not each.settled)
        return min((each for each in coming if _end(each) >= now), key=_begin, default=None)

    def alarms(self, now: datetime) -> list[Alarm]:
        """What rings, the most urgent first."""
        return alarms(self.entries, now)


def alarms(entries: Sequence[Entry], now: datetime) -> list[Alarm]:
    """Every date to come that is near, or has passed with nobody saying what came of it."""
    found = []
    for each in entries:
        ahead = acts.kinds()[each.what].ahead
        if ahead is None or each.settled or each.span is None:
            continue
        if _end(each) < now:
            found.append(Alarm(each, True, now - _end(each)))
        elif _begin(each) - now <= timedelta(days=ahead):
            found.append(Alarm(each, False, max(timedelta(0), _begin(each) - now)))
    return sorted(found, key=lambda alarm: (not alarm.passed and alarm.left > REMOVAL, alarm.passed, alarm.left))


def of(connection: Connection, case_id: str) -> list[Timeline]:
    """A timeline for each person of a case; one without a name where the case names nobody."""
    found = cases.find(connection, case_id)
    merged = connection.execute(select(cases.case.c.id).where(cases.case.c.merged == found.id)).scalars().all()
    parts = [found, *(cases.find(connection, each) for each in merged)]
    entries = [_of_act(each) for each in acts.of_case(connection, tuple(part.id for part in parts))]
    told = reports(connection, [source for part in parts for source in part.sources])
    persons = [*dict.fromkeys(name for part in parts for name in part.parts.get("person", {}))]
    for report_id, report in told.items():
        entries += _of_report(report_id, report, persons)
    covered = {(each.what, _key(each.when)) for each in entries if each.act}
    entries = [each for each in entries if each.act or (each.what, _key(each.when)) not in covered]
    lines = []
    for person in persons or [""]:
        own = [each for each in entries if not each.person or not person or each.person == person]
        lines.append(Timeline(person, tuple(sorted(own, key=_order))))
    return lines


def every_alarm(connection: Connection, now: datetime) -> list[tuple[str, Alarm]]:
    """All that reviewers entered and that rings, in any case: the case's id with each."""
    entries = [_of_act(each) for each in acts.ringing(connection)]
    found = alarms(entries, now)
    return [(alarm.entry.act.case, alarm) for alarm in found if alarm.entry.act]


def _of_act(each: Act) -> Entry:
    words = " · ".join(filter(None, (each.place, each.note, each.settled and f"→ {each.settled}")))
    return Entry(each.what, each.when, each.span, words, each.person or "", act=each)


_ANSWERS = (("removal_when", "removal"), ("next_date", "hearing"), ("decision_last", "decision"))
_KINDS = {
    "detained": "arrest",
    "taken": "abduction",
    "missing": "disappearance",
    "torture": "torture",
    "killed": "death_in_custody",
    "border": "arrest",
}


def _of_report(report_id: str, report: Report, persons: Sequence[str]) -> Iterator[Entry]:
    answers = report.answers
    person = _whose(report, persons)
    kinds = answers.get("kind")
    codes = [each for each in kinds if isinstance(each, str)] if isinstance(kinds, list) else []
    when = answers.get("when")
    for code in dict.fromkeys(_KINDS[each] for each in codes if each in _KINDS):
        if when:
            yield Entry(code, when, _readable(when), _where(answers), person, report_id)
    for field, what in _ANSWERS:
        if told := answers.get(field):
            to = _text(answers.get("removal_to")) if what == "removal" else _text(told)
            yield Entry(what, told, _readable(told), to, person, report_id)
    if "fear_statement" in answers:
        yield Entry("statement", _day(report), _readable(_day(report)), "", person, report_id)
    if answers.get("forced_video") == "yes":
        seen = when or _day(report)
        yield Entry("video", seen, _readable(seen), "", person, report_id)


def _whose(report: Report, persons: Sequence[str]) -> str:
    """Which person of the case a report is about: "" where it can't be told, and so belongs to all."""
    if len(persons) < 2:
        return persons[0] if persons else ""
    told = report.answers.get("who")
    names = [each.get("name") for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    for name in names:
        for person in persons:
            if isinstance(name, str) and name and matching.compare(Person("a", (name,)), Person("b", (person,))):
                return person
    return ""


def _readable(when: Json) -> Span | None:
    found = span(when)
    return None if found is None or found.earliest.year == 1900 else found


def _day(report: Report) -> Json:
    return {"precision": "exact", "date": report.day.isoformat()}


def _where(answers: dict[str, Json]) -> str:
    return _text(answers.get("where"))


def _text(answer: Json) -> str:
    told = answer.get("text") or answer.get("id") if isinstance(answer, dict) else answer
    return told if isinstance(told, str) else ""


def _key(when: Json) -> str:
    return str(when.get("date")) if isinstance(when, dict) else ""


def _begin(each: Entry) -> datetime:
    assert each.span is not None
    return each.span.earliest


def _end(each: Entry) -> datetime:
    assert each.span is not None
    return each.span.latest


def _order(each: Entry) -> tuple[float, str, str]:
    return (each.span.earliest.timestamp() if each.span else float("inf"), each.what, each.source)
