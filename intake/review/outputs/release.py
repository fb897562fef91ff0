"""A statement put together: which tables, which figures of them, and what it says in all. Pure.

What `compose` gives is all that becomes public, as JSON:

    {"format": "amonat/statement/1", "from", "to", "day", "version", "corrects",
     "reports", "people", "confirmed": a figure as printed, or null,
     "tables": [{"name", "rows", "columns", "cells": [[…]], "row_totals", "column_totals", "withheld"}]}

Codes stand in it, not words: the words of each language are put to it by `intake.review.outputs.statement`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from intake.review.outputs import disclosure
from intake.review.outputs.counting import KINDS, SEVERAL, Counted, Tally
from intake.review.outputs.disclosure import DISTRICT_FROM, Cell, Past, Published, Table, limits, shown, standing
from intake.review.outputs.ledger import Period, bases
from intake.review.outputs.regions import REGIONS

FORMAT = "amonat/statement/1"
PEOPLE = "people"
REST = "rest"
EARLIER, UNDATED = "earlier", "undated"

Histories = Mapping[str, Mapping[Cell, Past]]


@dataclass(frozen=True, slots=True)
class Composed:
    """What becomes public, and what its figures stand on, for the ledger."""

    public: dict[str, Any]
    bases: dict[str, Any]

    @property
    def hash(self) -> str:
        """SHA-256 of the public part as canonical JSON, in hex."""
        return digest(self.public)


def digest(public: Mapping[str, Any]) -> str:
    """SHA-256 of what is public, in hex: UTF-8 JSON, keys sorted, no spaces."""
    raw = json.dumps(public, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(raw.encode()).hexdigest()


def compose(
    tally: Tally, period: Period, histories: Histories, *, day: date, version: int, corrects: int | None = None
) -> Composed:
    """The release of a period, given the past of its figures in all earlier ones of its series."""
    people = [each for each in tally.people if period.first <= each.first <= period.last]
    confirmed = [each for each in people if each.confirmed]
    reports = sum(period.first <= each <= period.last for each in tally.reports)
    counts = {"reports": reports, "people": len(people), "confirmed": len(confirmed)}
    past = histories.get("headline", {})
    stands = {name: standing(count, past.get((name, PEOPLE), ())) for name, count in counts.items()}
    headline = {name: shown(each.base) for name, each in stands.items()}
    if not _apart(headline["people"], headline["confirmed"], counts["people"] - counts["confirmed"]):
        headline["people"] = None
    published: list[Published] = []
    if headline["confirmed"]:
        published = [disclosure.publish(each, histories.get(each.name, {})) for each in tables(confirmed, period)]
        regions = published[0]
        published = [each for each in published if _placed(each, regions)]
    told: dict[str, Any] = {
        "headline": [[name, PEOPLE, each.base, each.count] for name, each in stands.items()],
        **bases(published),
    }
    public = {
        "format": FORMAT,
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "day": day.isoformat(),
        "version": version,
        "corrects": corrects,
        **headline,
        "tables": [_public(each) for each in published],
    }
    return Composed(public, told)


def tables(people: Sequence[Counted], period: Period) -> list[Table]:
    """Every table of a release, the one by place and time first."""
    columns = (EARLIER, *quarters(period), UNDATED)
    crossed = Counter((each.region, _column(each.quarter, columns)) for each in people)
    found = [Table("place", REGIONS, columns, crossed)]
    for region in REGIONS:
        within = Counter((each.district or REST, PEOPLE) for each in people if each.region == region)
        names = tuple(sorted(row for row, _ in within if row != REST))
        if names:
            found.append(Table(f"district:{region}", (*names, REST), (PEOPLE,), within, DISTRICT_FROM))
    found.append(_single("kind", KINDS, [each.kind for each in people]))
    forces = sorted({each.authority for each in people} - {SEVERAL, "unknown"})
    found.append(_single("authority", (*forces, SEVERAL, "unknown"), [each.authority for each in people]))
    return found


def quarters(period: Period) -> tuple[str, ...]:
    """The quarters of a period, as "2026-Q1"."""
    first = period.first.year * 4 + (period.first.month - 1) // 3
    last = period.last.year * 4 + (period.last.month - 1) // 3
    return tuple(f"{number // 4}-Q{number % 4 + 1}" for number in range(first, last + 1))


def _single(name: str, rows: tuple[str, ...], codes: Sequence[str]) -> Table:
    return Table(name, rows, (PEOPLE,), Counter((code, PEOPLE) for code in codes), sensitive=True)


def _column(quarter: str | None, columns: Sequence[str]) -> str:
    if quarter is None:
        return UNDATED
    return quarter if quarter in columns else EARLIER if quarter < columns[1] else UNDATED


def _apart(people: str | None, confirmed: str | None, between: int) -> bool:
    """Whether the difference of two printed numbers says nothing about a few people."""
    if people is None or confirmed is None:
        return True
    (low, high), (least, most) = limits(people), limits(confirmed)
    possible = max(0, low - most), max(0, high - least)
    return possible[1] - possible[0] >= disclosure.K and (between >= disclosure.K or possible[0] == 0)


def _placed(table: Published, regions: Published) -> bool:
    """Whether a table of districts can stand: something of it is shown, and its region is."""
    kind, _, region = table.name.partition(":")
    if kind != "district":
        return True
    return table.withheld is None and regions.printed(region, "") is not None


def _public(table: Published) -> dict[str, Any]:
    crossed = len(table.columns) > 1
    return {
        "name": table.name,
        "rows": [*table.rows],
        "columns": [*table.columns],
        "cells": [[table.printed(row, column) for column in table.columns] for row in table.rows],
        "row_totals": [table.printed(row, "") for row in table.rows] if crossed else None,
        "column_totals": [table.printed("", column) for column in table.columns] if crossed else None,
        "withheld": table.withheld,
    }
