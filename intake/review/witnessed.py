"""Which index of which bundle each reviewer was shown, so that a server that shows two reviewers two chains is noticed.

A desk that takes in a bundle writes an event of the entity `bundle <epoch>.<serial>`: the field `index/<its label>`,
with the index's SHA-256 in hex. The events travel with the logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Integer, String, Table, select

from intake.review.log import Entity
from intake.review.projections import Projection, State, metadata, replace

_FIELD = "index/"

witnessed = Table(
    "witnessed",
    metadata,
    Column("bundle", String, primary_key=True),  # <epoch>.<serial>
    Column("reviewer", String(32), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    sqlite_with_rowid=False,
)
"""Which index each reviewer was shown."""


@dataclass(frozen=True, slots=True)
class Forked:
    """Two reviewers were shown two bundles under one number: `indexes` is the hash that each saw, by label."""

    epoch: int
    serial: int
    indexes: Mapping[str, str]

    def __str__(self) -> str:
        seen = ", ".join(f"{label} {index[:16]}…" for label, index in self.indexes.items())
        return f"the drop made two bundles {self.serial} of epoch {self.epoch}: {seen}"


def bundle(epoch: int, serial: int) -> Entity:
    """The entity of a bundle."""
    return Entity("bundle", f"{epoch}.{serial}")


def field_of(label: str) -> str:
    """The field in which the reviewer of this label tells the index they saw."""
    return f"{_FIELD}{label}"


def forks(connection: Connection) -> tuple[Forked, ...]:
    """Every bundle of which reviewers were shown different indexes: an alarm."""
    shown: dict[tuple[int, int], dict[str, str]] = {}
    rows = connection.execute(select(witnessed).order_by(witnessed.c.epoch, witnessed.c.serial, witnessed.c.reviewer))
    for row in rows:
        shown.setdefault((row.epoch, row.serial), {})[row.reviewer] = row.hash
    return tuple(Forked(*place, indexes) for place, indexes in shown.items() if len(set(indexes.values())) > 1)


def _project(connection: Connection, entity: str, state: State) -> None:
    epoch, _, serial = entity.partition(".")
    rows = [
        {"reviewer": edit.reviewer, "epoch": int(epoch), "serial": int(serial), "hash": edit.value}
        for name, field in state.items()
        for edit in field.edits
        if name == field_of(edit.reviewer) and isinstance(edit.value, str) and serial.isdigit() and epoch.isdigit()
    ]
    replace(connection, witnessed, entity, rows)


PROJECTIONS = (Projection("bundle", (witnessed,), _project),)
