"""The release ledger: every statement that was made, who confirmed it, and what each of its figures rests on.

    release <id>      made: {"kind", "from", "to", "day", "version", "corrects", "previous", "public", "bases", "hash"}
                      confirmed/<label>: true, once for each reviewer who read it
                      left: the day on which it was written out for the public

`public` is all that the statement tells (`intake.review.outputs.release`), `hash` the SHA-256 of it as canonical JSON,
in hex; `bases` are for the next release alone. What left is never taken back: a mistake is corrected by a whole new
release.

The calendar is fixed, so that no release is made because something happened: a period begins with a quarter and ends
with a month that is over. A series of releases has one beginning; the next series begins after the last one's end. So
of two releases, one holds the other or they share nothing, and subtracting them gives nothing that the tables of one
period do not give.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import Column, Connection, Integer, String, Table, Text, select

from intake.errors import NotConsented, Usage
from intake.report.document import Json
from intake.review.journal import Journal
from intake.review.log import Entity
from intake.review.outputs.disclosure import Cell, Published, Standing
from intake.review.projections import Projection, State, metadata, replace

CONFIRMATIONS = 2
"""Reviewers who must have read what is published."""

Kind = Literal["statement", "travel"]

release = Table(
    "release",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("ends", String(10), nullable=False),
    Column("left", String(10)),
    Column("confirmed", Text, nullable=False),  # JSON: labels
    Column("made", Text, nullable=False),  # JSON
)
"""One row for each, drafts too."""


@dataclass(frozen=True, slots=True)
class Period:
    """What a release is about: reports that came from the first to the last of these days."""

    first: date
    last: date

    def check(self, today: date) -> None:
        """Refuse a period that is not of the fixed calendar. Raises `Usage`."""
        if self.first.day != 1 or self.first.month % 3 != 1:
            raise Usage(f"{self.first} is not the first day of a quarter", "Periods begin with a quarter.")
        if (self.last + timedelta(days=1)).day != 1 or self.last < self.first:
            raise Usage(f"{self.last} is not the last day of a month in the period", "Periods end with a month.")
        if self.last >= today:
            raise Usage(f"the month of {self.last} is not over", "Wait for its end: the calendar is fixed.")


@dataclass(frozen=True, slots=True)
class Release:
    """One release as the ledger has it. `public` and `bases`: see above."""

    id: str
    kind: str
    period: Period
    day: date
    version: int
    corrects: int | None
    previous: str | None
    public: Mapping[str, Any]
    bases: Mapping[str, Sequence[Any]]
    hash: str
    confirmed: tuple[str, ...] = ()
    left: date | None = None


def releases(connection: Connection, kind: Kind) -> list[Release]:
    """All of a kind, by version; drafts after what left."""
    query = select(release).where(release.c.kind == kind).order_by(release.c.version, release.c.left.is_(None))
    return [_release(row) for row in connection.execute(query.order_by(release.c.id)).all()]


def published(connection: Connection, kind: Kind) -> list[Release]:
    """Those that left, by version."""
    return [each for each in releases(connection, kind) if each.left]


def check_following(earlier: Sequence[Release], period: Period, corrects: int | None) -> None:
    """Refuse a period that does not go on from what was published. Raises `Usage`."""
    if not earlier:
        if corrects is not None:
            raise Usage("nothing was published that could be corrected", "Leave --corrects away.")
        return
    last = earlier[-1]
    if corrects is not None:
        if corrects != last.version or period != last.period:
            raise Usage(
                f"only the newest release, {last.version}, can be corrected, for its own period "
                f"({last.period.first} to {last.period.last})",
                "A correction is a whole new release of the same period.",
            )
        return
    if period.first == last.period.first and period.last > last.period.last:
        return
    if period.first > max(each.period.last for each in earlier):
        return
    raise Usage(
        f"release {last.version} was about {last.period.first} to {last.period.last}",
        "Go on from the same first day to a later end, or begin after that end; for the same period give --corrects.",
    )


def history(earlier: Sequence[Release], period: Period) -> dict[str, dict[Cell, list[Standing | None]]]:
    """For each table of a series the past of its figures (`intake.review.outputs.disclosure.Past`)."""
    found: dict[str, dict[Cell, list[Standing | None]]] = {}
    for each in earlier:
        if each.period.first == period.first:
            remember(found, each.bases)
    return found


def remember(past: dict[str, dict[Cell, list[Standing | None]]], bases: Mapping[str, Sequence[Any]]) -> None:
    """Add what the figures of one release stand on to the past of those before it."""
    for table, figures in bases.items():
        for row, column, base, count in figures:
            stands = None if base is None else Standing(base, count)
            past.setdefault(table, {}).setdefault((row, column), []).append(stands)


def bases(tables: Sequence[Published]) -> dict[str, Json]:
    """What the ledger keeps of each figure: base and count when renewed; nulls if left out for another's sake."""
    return {
        table.name: [
            [row, column, None, None] if figure.for_another else [row, column, *astuple(figure.standing)]
            for (row, column), figure in table.figures.items()
        ]
        for table in tables
    }


def draft(journal: Journal, made: Release) -> str:
    """Enter a release that is to be confirmed; its id."""
    told: dict[str, Any] = {
        "kind": made.kind,
        "from": made.period.first.isoformat(),
        "to": made.period.last.isoformat(),
        "day": made.day.isoformat(),
        "version": made.version,
        "corrects": made.corrects,
        "previous": made.previous,
        "public": made.public,
        "bases": made.bases,
        "hash": made.hash,
    }
    identifier = made.id or secrets.token_hex(8)
    journal.record(Entity("release", identifier), "made", told)
    return identifier


def find(connection: Connection, spelled: str) -> Release:
    """The release of a hash, or of its beginning (8 characters at least). Raises `Usage`."""
    wanted = spelled.strip().lower()
    if len(wanted) < 8 or not set(wanted) <= set("0123456789abcdef"):
        raise Usage(f"{spelled!r} is no hash of a release", "Give at least its first 8 characters.")
    rows = connection.execute(select(release).where(release.c.hash.like(f"{wanted}%")).limit(2)).all()
    if len(rows) != 1:
        raise Usage(f"no release, or more than one, begins with {wanted}", "See `intake review statement --list`.")
    return _release(rows[0])


def confirm(journal: Journal, label: str, of: Release) -> tuple[str, ...]:
    """Say that this reviewer read it and agrees. Who has, now."""
    journal.record(Entity("release", of.id), f"confirmed/{label}", True)
    return tuple(sorted({*of.confirmed, label}))


def demand(of: Release) -> None:
    """Raises `NotConsented` where fewer than two reviewers confirmed it."""
    if len(of.confirmed) < CONFIRMATIONS:
        raise NotConsented(
            f"{len(of.confirmed)} of {CONFIRMATIONS} reviewers confirmed it",
            "After a `sync` the other reads it (`statement --preview`) and runs `statement --confirm` with its hash.",
        )


def leave(journal: Journal, of: Release, day: date, kind: Kind) -> None:
    """Say that it is published. Raises `NotConsented` without two reviewers, `Usage` when another one came before."""
    demand(of)
    newest = next(reversed(published(journal.connection, kind)), None)
    if of.left is None and (newest.hash if newest else None) != of.previous:
        raise Usage("another release was published since it was made", "Make it anew: it must be compared with that.")
    if of.left is None:
        journal.record(Entity("release", of.id), "left", day.isoformat())


def _release(row: Any) -> Release:
    told = json.loads(row.made)
    return Release(
        row.id,
        told["kind"],
        Period(date.fromisoformat(told["from"]), date.fromisoformat(told["to"])),
        date.fromisoformat(told["day"]),
        told["version"],
        told["corrects"],
        told["previous"],
        told["public"],
        told["bases"],
        told["hash"],
        tuple(json.loads(row.confirmed)),
        date.fromisoformat(row.left) if row.left else None,
    )


def _rows(state: State) -> Iterator[dict[str, Any]]:
    made = state["made"].value if "made" in state else None
    if not isinstance(made, dict):
        return
    confirmed = sorted(
        edit.reviewer
        for name, said in state.items()
        for edit in said.edits
        if name == f"confirmed/{edit.reviewer}" and edit.value is True
    )
    left = state["left"].value if "left" in state else None
    row = {
        "kind": made.get("kind"),
        "version": made.get("version"),
        "hash": made.get("hash"),
        "ends": made.get("to"),
        "left": left if isinstance(left, str) else None,
        "confirmed": json.dumps(confirmed),
        "made": json.dumps(made, ensure_ascii=False, sort_keys=True),
    }
    if isinstance(row["version"], int) and all(isinstance(row[name], str) for name in ("kind", "hash", "ends")):
        yield row


def _project(connection: Connection, entity: str, state: State) -> None:
    replace(connection, release, entity, list(_rows(state)))


PROJECTIONS = (Projection("release", (release,), _project),)
