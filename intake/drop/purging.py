"""Purging: what every reviewer has, goes from the server; never what anybody still needs.

A report may go when every active reviewer of the newest keyring, and never fewer than two, acknowledged every bundle
that can have carried it, each of them `WAIT` days ago or more. The store keeps no serial beside a report, so that rule
is told from days alone, on the safe side: the bundles from the report's day on, up to the newest that is `WAIT` days
old, of which one at least was made after that day.

Deleting is one transaction, and the fold after it rewrites the file: no byte of what was purged is left in database or
log. Killed before the fold, the next fold does that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete, select

from intake.drop.store import Entry, Store
from intake.drop.tables import acknowledged, bundle, report
from intake.errors import Usage
from intake.keyring import Keyring

WAIT = timedelta(days=7)
LEAST_REVIEWERS = 2


@dataclass(frozen=True, slots=True)
class Bundle:
    """A finished bundle, and on which day each reviewer acknowledged it."""

    serial: int
    day: date
    acknowledged: Mapping[str, date]


@dataclass(frozen=True, slots=True)
class Plan:
    """What may go, and how much stays. `missing`: the reviewers without whom more could go, with what they lack."""

    ids: tuple[bytes, ...]
    size: int
    kept: int
    missing: Mapping[str, tuple[int, ...]]


def plan(entries: Sequence[Entry], bundles: Sequence[Bundle], keyring: Keyring, today: date) -> Plan:
    """Decide, without doing anything. Raises `Usage` when the keyring has fewer than two reviewers."""
    active = {each.label for each in keyring.reviewers}
    if len(active) < LEAST_REVIEWERS:
        raise Usage(
            f"keyring {keyring.serial} has one reviewer, and nothing is purged on the word of one",
            "Keep the reports here until a second reviewer has joined and has them.",
        )
    last = today - WAIT
    settled = [each for each in bundles if each.day <= last]
    going = [entry for entry in entries if entry.carried and _may_go(entry, settled, active, last)]
    lacking = {
        label: tuple(each.serial for each in settled if each.acknowledged.get(label, date.max) > last)
        for label in sorted(active)
    }
    return Plan(
        tuple(entry.id for entry in going),
        sum(entry.size for entry in going),
        len(entries) - len(going),
        {label: serials for label, serials in lacking.items() if serials},
    )


def _may_go(entry: Entry, settled: Sequence[Bundle], active: set[str], last: date) -> bool:
    carrying = [each for each in settled if each.day >= entry.day]
    return any(each.day > entry.day for each in carrying) and all(
        each.acknowledged.get(label, date.max) <= last for each in carrying for label in active
    )


def purge(store: Store, keyring: Keyring, today: date, *, dry: bool) -> Plan:
    """Find what may go; unless `dry`, delete it and fold. Raises `Usage`, `Fault`."""
    with store.reading() as connection:
        told: dict[int, dict[str, date]] = {}
        for row in connection.execute(select(acknowledged)):
            told.setdefault(row.serial, {})[row.label] = date.fromisoformat(row.day)
        query = select(bundle.c.serial, bundle.c.day).where(bundle.c.note.is_(None)).order_by(bundle.c.serial)
        bundles = [
            Bundle(row.serial, date.fromisoformat(row.day), told.get(row.serial, {}))
            for row in connection.execute(query)
        ]
    found = plan(store.entries(), bundles, keyring, today)
    if not dry:
        with store.writing() as connection:
            for identifier in found.ids:
                connection.execute(delete(report).where(report.c.id == identifier))
        store.fold(today)
    return found
