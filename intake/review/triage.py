"""How soon a report must be read: tiers T0 to T3, why, and until when. Pure: the moment is an argument.

The rules are those of the domain's triage table (tests/review/triage.csv holds it, and the tests compare):

- the first that matches wins; an empty answer matches nothing unless a rule names it;
- clocks run from the event (a flight, an arrest) or from the import, never from when a box was ticked;
- a date is compared by its worst case: a month by its first or last day, a time without zone by the zone that makes it
  most urgent, "about" a week, month or year wider, a date that can't be read as if it were now;
- time may raise a tier, as a flight comes near. Only a person lowers one, with a reason; what a person decided stands
  until a rule begins to match that did not when they decided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import IntEnum

from intake.report.document import Json

Answers = Mapping[str, Json]

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_SOON, _NEAR, _RECENT = 72 * _HOUR, 14 * _DAY, 92 * _DAY
_EARLIEST_ZONE, _LATEST_ZONE = timezone(14 * _HOUR), timezone(-12 * _HOUR)
_BEGINNING, _END = datetime(1900, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"(19[0-9]{2}|20[0-9]{2}|2100)(?:-(0[1-9]|1[0-2])(?:-([0-3][0-9]))?)?")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_OFFSET = re.compile(r"(?:UTC|GMT)? ?([+-])([01]?[0-9])(?::?([0-5][0-9]))?", re.IGNORECASE)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIMED = ("removal_soon", "removal_near")
_READING = re.compile(rf"(?:({'|'.join(_DAYS)}|daily) +)([01][0-9]|2[0-3]):([0-5][0-9])", re.IGNORECASE)


class Tier(IntEnum):
    """The smaller, the more urgent."""

    T0 = 0
    T1 = 1
    T2 = 2
    T3 = 3


@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last moment that a date as people know it may mean."""

    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class Readings:
    """When the operator says that reports are read: (weekday from Monday as 0, hour, minute), in UTC."""

    times: tuple[tuple[int, int, int], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Readings:
        """Read "mon 18:00, thu 18:00" or "daily 06:30", times in UTC. Raises `ValueError`."""
        times = set()
        for part in filter(None, (part.strip() for part in text.split(","))):
            if not (found := _READING.fullmatch(part)):
                raise ValueError(part)
            day, hour, minute = found[1].lower(), int(found[2]), int(found[3])
            times |= {(each, hour, minute) for each in (range(7) if day == "daily" else (_DAYS.index(day),))}
        return cls(tuple(sorted(times)))

    def __str__(self) -> str:
        return ", ".join(f"{_DAYS[day]} {hour:02}:{minute:02}" for day, hour, minute in self.times)

    def after(self, moment: datetime) -> datetime:
        """The first reading time after a moment; the moment itself where the operator named none."""
        start = moment.astimezone(UTC)
        candidates = [
            (start + (day - start.weekday()) % 7 * _DAY).replace(hour=hour, minute=minute, second=0, microsecond=0)
            for day, hour, minute in self.times
        ]
        return min((each if each > start else each + 7 * _DAY for each in candidates), default=start)


@dataclass(frozen=True, slots=True)
class Decision:
    """A person set the tier, at a moment (UTC)."""

    tier: Tier
    at: datetime


@dataclass(frozen=True, slots=True)
class Triage:
    """What a report asks for now.

    `reasons`: the rules' names (see `REASONS`) that gave the tier, or "person". `since`: when it came to have the tier.
    `due`: until when it should be read, None for the batch. `event`: the earliest moment of a removal, if it
    has a date and no person decided after it.
    """

    tier: Tier
    reasons: tuple[str, ...]
    since: datetime
    due: datetime | None
    event: datetime | None

    @property
    def clock(self) -> datetime | None:
        """What to count down to: the sooner of reading and event."""
        return min(filter(None, (self.due, self.event)), default=None)


REASONS = {
    "removal_soon": "removal within 72 hours",
    "removal_open": "removal, nobody knows when",
    "just_taken": "taken in the last 3 days",
    "me": "the witness may be taken",
    "child": "a child is in danger",
    "medical_held": "held, and needs a doctor",
    "removal_near": "removal within 14 days",
    "removal": "may be sent to Tajikistan",
    "torture_now": "may be hurt now",
    "medical": "needs medicine or a doctor",
    "court": "hearing within 14 days",
    "travel": "is about to travel there",
    "abroad_held": "held in another country",
    "deported": "already sent to Tajikistan",
    "missing": "missing for less than 3 months",
    "fear": "fears to be taken",
    "held": "held",
    "waiting": "waits for an asylum answer",
    "missing_long": "missing for long",
    "released_watched": "released, but watched",
    "free_threatened": "free, but threatened",
    "summoned": "summoned or threatened",
    "deport": "may be deported",
    "rest": "none of the urgent ones",
    "person": "set by a person",
}
"""The name and the English words of every reason."""


def triage(
    answers: Answers,
    imported: datetime,
    now: datetime,
    readings: Readings | None = None,
    decided: Decision | None = None,
) -> Triage:
    """The tier of a report at `now`, with its clocks. Moments carry their zone; `imported` is when the desk got it."""
    facts = _Facts(answers, imported)
    now = max(now, imported)
    event = facts.removal.earliest if facts.removal and facts.removal.earliest > _BEGINNING else None
    matches = [(tier, name, since) for tier, name, since in facts.matches() if since <= now]
    if decided:
        event = event if event and event > decided.at else None
        later = [match for match in matches if match[0] < decided.tier and match[2] > decided.at]
        matches = later or [(decided.tier, "person", decided.at)]
    tier = min(match[0] for match in matches)
    mine = [match for match in matches if match[0] == tier]
    since = min(match[2] for match in mine)
    due = _due(tier, since, readings or Readings())
    return Triage(tier, tuple(name for _, name, _ in mine), since, due, event)


@dataclass(frozen=True, slots=True)
class Schedule:
    """What the rules say of a report before anybody decided, for lists of very many of them.

    `tier` is that of the rules that match at the import, apart from those of a removal that has a date: `soon` and
    `near` are when these begin to say T0 and T1, and `event` is the earliest moment of that removal.
    """

    tier: Tier
    soon: datetime | None
    near: datetime | None
    event: datetime | None

    def at(self, now: datetime, decided: Decision | None = None) -> Tier:
        """The tier that `triage` gives at a moment that is not before the import."""
        tier, after = (decided.tier, decided.at) if decided else (self.tier, _BEGINNING)
        for rule, since in ((Tier.T0, self.soon), (Tier.T1, self.near)):
            if since and after < since <= now and rule < tier:
                return rule
        return tier


def schedule(answers: Answers, imported: datetime) -> Schedule:
    """When which tier begins. `imported` carries its zone."""
    facts = _Facts(answers, imported)
    matches = tuple(facts.matches())
    timed = {name: since for _, name, since in matches if name in _TIMED}
    tier = min(tier for tier, name, _ in matches if name not in _TIMED)
    event = facts.removal.earliest if facts.removal and facts.removal.earliest > _BEGINNING else None
    return Schedule(tier, timed.get("removal_soon"), timed.get("removal_near"), event)


def as_of(answers: Answers, day: date, sealed_by: str) -> str | None:
    """For a carried report, or one that says so: the day (YYYY[-MM[-DD]]) for which "still true?" must be asked."""
    said = answers.get("as_of")
    if isinstance(said, dict) and isinstance(text := said.get("date"), str) and _DATE.fullmatch(text):
        return text
    return day.isoformat() if sealed_by == "carried-form" else None


def span(answer: Json) -> Span | None:
    """The moments that a fuzzydate or fuzzydatetime may mean; None when it is empty.

    Text, an unknown date and what is of no known shape may mean any moment.
    """
    if answer in (None, "", {}, []):
        return None
    anything = Span(_BEGINNING, _END)
    if not isinstance(answer, dict) or not isinstance(day := answer.get("date"), str):
        return anything
    found = _DATE.fullmatch(day)
    if not found:
        return anything
    year, month, dom = (int(part) if part else None for part in found.groups())
    assert year is not None
    try:
        first, after = _limits(year, month, dom)
    except ValueError:
        return anything
    if answer.get("precision") == "about":
        wider = 7 * _DAY if dom else 31 * _DAY if month else 366 * _DAY
        first, after = first - wider, after + wider
    elif dom and isinstance(time := answer.get("time"), str) and (clock := _TIME.fullmatch(time)):
        first += timedelta(hours=int(clock[1]), minutes=int(clock[2]))
        after = first
    zone = _zone(answer.get("zone"))
    earliest, latest = first.replace(tzinfo=zone or _EARLIEST_ZONE), after.replace(tzinfo=zone or _LATEST_ZONE)
    return Span(earliest.astimezone(UTC), latest.astimezone(UTC))


def _limits(year: int, month: int | None, dom: int | None) -> tuple[datetime, datetime]:
    """The first moment of a year, month or day, and the first one after it, on a clock without zone."""
    if month is None:
        return datetime(year, 1, 1), datetime(year + 1, 1, 1)  # noqa: DTZ001
    if dom is None:
        return datetime(year, month, 1), datetime(year + month // 12, month % 12 + 1, 1)  # noqa: DTZ001
    first = datetime(year, month, dom)  # noqa: DTZ001
    return first, first + _DAY


def _zone(text: Json) -> timezone | None:
    """An offset from UTC; names of zones and words count as unknown."""
    if not isinstance(text, str) or not (found := _OFFSET.fullmatch(text.strip())):
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    return timezone(-offset if found[1] == "-" else offset) if offset <= 14 * _HOUR else None


def _due(tier: Tier, since: datetime, readings: Readings) -> datetime | None:
    match tier:
        case Tier.T0:
            return readings.after(since)
        case Tier.T1:
            return since + 24 * _HOUR
        case Tier.T2:
            return since + 7 * _DAY
        case Tier.T3:
            return None


class _Facts:
    """The answers that rules look at, and since when each rule matches."""

    def __init__(self, answers: Answers, imported: datetime) -> None:
        self._answers = answers
        self._imported = imported
        self.removal = span(answers.get("removal_when"))

    def matches(self) -> Iterator[tuple[Tier, str, datetime]]:
        """Every rule that matches at the import or ever will: its tier, its reason, since when."""
        at_once = self._imported
        if self.removal:
            yield Tier.T0, "removal_soon", self._before(self.removal, _SOON)
            yield Tier.T1, "removal_near", self._before(self.removal, _NEAR)
        elif self._has("urgent", "removal"):
            yield Tier.T0, "removal_open", at_once
        for tier, name, holds in _RULES:
            if holds(self):
                yield tier, name, at_once

    def _before(self, event: Span, ahead: timedelta) -> datetime:
        return max(self._imported, event.earliest - ahead)

    def _has(self, field: str, code: str) -> bool:
        answer = self._answers.get(field)
        return code in answer if isinstance(answer, list) else answer == code

    def _recent(self) -> bool:
        when = span(self._answers.get("when"))
        return when is None or when.latest >= self._imported - _RECENT


def _urgent(code: str) -> Callable[[_Facts], bool]:
    return lambda facts: facts._has("urgent", code)


def _now(*codes: str) -> Callable[[_Facts], bool]:
    return lambda facts: any(facts._has("now", code) for code in codes)


def _kind(code: str) -> Callable[[_Facts], bool]:
    return lambda facts: facts._has("kind", code)


_Rule = tuple[Tier, str, Callable[[_Facts], bool]]
_RULES: tuple[_Rule, ...] = (
    *((Tier.T0, code, _urgent(code)) for code in ("just_taken", "me", "child")),
    (
        Tier.T0,
        "medical_held",
        lambda facts: facts._has("urgent", "medical") and _now("held", "sentenced", "abroad_held", "deported")(facts),
    ),
    *((Tier.T1, code, _urgent(code)) for code in ("removal", "torture_now", "medical", "court", "travel")),
    *((Tier.T1, code, _now(code)) for code in ("abroad_held", "deported")),
    (Tier.T1, "missing", lambda facts: facts._has("now", "missing") and facts._recent()),
    (Tier.T1, "fear", _kind("fear")),
    *((Tier.T2, code, _now(code)) for code in ("held", "waiting", "released_watched", "free_threatened")),
    (Tier.T2, "missing_long", _now("missing")),
    *((Tier.T2, code, _kind(code)) for code in ("summoned", "deport")),
    (Tier.T3, "rest", lambda _: True),
)
