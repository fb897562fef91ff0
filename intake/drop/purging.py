"""Purging: what every reviewer has, goes from the server; never what anybody still needs.

A report may go when each active reviewer of the newest keyring, and never fewer than two, acknowledged `WAIT` days ago
or more that they have it: either every bundle that can have carried it first, or one made later that carried all
(`export --all`, for whoever joined since). Which bundle carried a report first is not stored, since it would tell more
than the day on which it came. So all are asked for that can have: those of the report's day and of the day before and
after it (a day may end while a report or a bundle is being written), and the first one after these.

Rows go first; a report whose row is gone is gone. Then its parts, and a fold rewrites the database:
no byte of what was purged is left in it, in its log or among the parts. Killed in between, the next purge, or the end
of the day, does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import delete, select

from intake.drop.fold import fold_if_there_is_room
from intake.drop.store import Entry, Store
from intake.drop.tables import acknowledged, bundle, report
from intake.drop.uploads import Uploads
from intake.errors import Usage
from intake.keyring import Keyring

WAIT = timedelta(days=7)
LEAST_REVIEWERS = 2

_DAY = timedelta(days=1)
_NAMED = 10  # bundles that a sentence names before it stops


@dataclass(frozen=True, slots=True)
class Bundle:
    """A finished bundle, and on which day each reviewer acknowledged it. `everything`: it carried all it listed."""

    serial: int
    day: date
    acknowledged: Mapping[str, date]
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What may go, and how much stays. `missing`: the reviewers without whom more could go, with what they lack."""

    ids: tuple[bytes, ...]
    size: int
    kept: int
    missing: Mapping[str, tuple[int, ...]]

    def lines(self) -> Iterator[str]:
        """Of whom more is wanted, for people."""
        for label, lacks in self.missing.items():
            named = ", ".join(map(str, lacks[:_NAMED])) + (" …" if len(lacks) > _NAMED else "")
            yield f"{label} has not acknowledged, or not for long enough: bundle {named}."


def plan(
    entries: Sequence[Entry], bundles: Sequence[Bundle], keyring: Keyring, today: date, wait: timedelta = WAIT
) -> Plan:
    """Decide, without doing anything; `bundles` in order of serial. Raises `Usage` when fewer than two may decide."""
    active = sorted({each.label for each in keyring.reviewers})
    if len(active) < LEAST_REVIEWERS:
        raise Usage(
            f"keyring {keyring.serial} has one reviewer, and nothing is purged on the word of one",
            "Keep the reports here until a second reviewer has joined and has them.",
        )
    last = today - wait
    windows = {day: _window(day, bundles, last) for day in {entry.day for entry in entries if entry.carried}}
    lacks = {
        (day, label): _lacking(label, day, window, bundles, last)
        for day, window in windows.items()
        for label in active
        if window
    }
    going = [
        entry
        for entry in entries
        if entry.carried and windows[entry.day] and not any(lacks[entry.day, label] for label in active)
    ]
    missing = {label: {serial for day in windows for serial in lacks.get((day, label), ())} for label in active}
    return Plan(
        tuple(entry.id for entry in going),
        sum(entry.size for entry in going),
        len(entries) - len(going),
        {label: tuple(sorted(serials)) for label, serials in missing.items() if serials},
    )


def _window(day: date, bundles: Sequence[Bundle], last: date) -> tuple[Bundle, ...]:
    """The bundles of which one carried the reports of a day first; none while that can't be told yet."""
    after = next((each for each in bundles if each.day > day + _DAY), None)
    if after is None or after.day > last:
        return ()
    return (*(each for each in bundles if abs(each.day - day) <= _DAY), after)


def _lacking(label: str, day: date, window: Sequence[Bundle], bundles: Sequence[Bundle], last: date) -> tuple[int, ...]:
    """The serials that keep a day's reports here because of one reviewer."""
    if any(each.everything and each.day > day + _DAY and _has(each, label, last) for each in bundles):
        return ()
    return tuple(each.serial for each in window if not _has(each, label, last))


def _has(held: Bundle, label: str, last: date) -> bool:
    return held.acknowledged.get(label, date.max) <= last


def purge(
    store: Store,
    keyring: Keyring,
    today: date,
    *,
    dry: bool,
    wait: timedelta = WAIT,
    warn: Callable[[str], object] = str,
) -> Plan:
    """Find what may go; unless `dry`, delete it and fold, or tell `warn` why not. Raises `Usage`, `Fault`."""
    newest = store.last_bundle()
    if newest is not None and newest.note is not None:
        raise Usage(
            f"bundle {newest.serial} is not finished: the export was cut off",
            "Run `intake drop export` again first: it needs the reports that the bundle carries.",
        )
    found = plan(store.entries(), _bundles(store), keyring, today, wait)
    if not dry:
        for some in store.steps(found.ids):
            with store.writing() as connection:
                connection.execute(delete(report).where(report.c.id.in_(some)))
        Uploads(store.folder, store.parts, store).sweep()
        fold_if_there_is_room(store.folder, store, today, warn)
    return found


def _bundles(store: Store) -> list[Bundle]:
    with store.reading() as connection:
        told: dict[int, dict[str, date]] = {}
        for row in connection.execute(select(acknowledged)):
            told.setdefault(row.serial, {})[row.label] = date.fromisoformat(row.day)
        columns = (bundle.c.serial, bundle.c.day, bundle.c.everything)
        rows = connection.execute(select(*columns).where(bundle.c.note.is_(None)).order_by(bundle.c.serial)).all()
    return [Bundle(row.serial, date.fromisoformat(row.day), told.get(row.serial, {}), row.everything) for row in rows]
