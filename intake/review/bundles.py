"""The drop's bundles as a desk remembers them: the chain that `intake.review.chain` and `forgetting` judge by.

Each index note is kept whole: it is what the server signed. Which index this desk was shown, and which bundles a
reviewer acknowledged, are events of the entity `bundle` (`intake.review.witnessed`), so that they travel.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    func,
    insert,
    literal,
    select,
    update,
)

from intake.keyring.note import SignedNote
from intake.keyring.text import Keyring
from intake.report.bundle import INDEX_LIMIT, Index, IndexEntry
from intake.review.forgetting import Link
from intake.review.projections import Projection, State
from intake.review.projections import metadata as projected
from intake.review.projections import replace as replace_rows
from intake.review.submissions import moment, seconds
from intake.review.tables import metadata

_ACKNOWLEDGED = "acknowledged/"

bundle = Table(
    "bundle",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),  # of the index's text
    Column("epoch", Integer, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("previous", LargeBinary(32)),
    Column("keyring", Integer, nullable=False),
    Column("closed", String, nullable=False),
    Column("day", String(10), nullable=False),  # it was not made before
    Column("imported", Integer, nullable=False),
    Column("whole", Boolean, nullable=False),  # all that it carried was taken in, or refused for good
    Column("note", LargeBinary, nullable=False),  # the signed index, deflated
    sqlite_with_rowid=False,
)
"""Every bundle that came, by the hash of its index."""

listed = Table(
    "listed",
    metadata,
    Column("id", LargeBinary(16), primary_key=True),
    Column("bundle", String(24), primary_key=True),  # <epoch>.<serial>
    sqlite_with_rowid=False,
)
"""Which bundle listed a report as new: what acknowledges that bundle acknowledges the report."""

acknowledged = Table(
    "acknowledged",
    projected,
    Column("bundle", String(24), primary_key=True),
    Column("reviewer", String(32), primary_key=True),
    Column("hash", String(64), nullable=False),
    sqlite_with_rowid=False,
)
"""Which reviewer told the drop of having a bundle, and which index of it they had."""


def name_of(index: Index) -> str:
    """<epoch>.<serial>: how a bundle is called in tables and events."""
    return f"{index.epoch}.{index.serial}"


def acknowledged_field(label: str) -> str:
    """The field of the entity `bundle` in which a reviewer says: I told the drop that I have this index (hex)."""
    return f"{_ACKNOWLEDGED}{label}"


def add(connection: Connection, index: Index, note: SignedNote, keyrings: Sequence[Keyring], now: datetime) -> None:
    """Remember a bundle, not whole yet; one that is remembered already stays as it is."""
    if connection.execute(select(bundle.c.epoch).where(bundle.c.hash == index.hash)).first() is not None:
        return
    link = Link.of(index, keyrings, now.date(), whole=False)
    connection.execute(
        insert(bundle).values(
            hash=link.hash,
            epoch=link.epoch,
            serial=link.serial,
            previous=link.previous,
            keyring=link.keyring,
            closed=" ".join(map(str, index.closed)),
            day=link.day.isoformat(),
            imported=seconds(now),
            whole=False,
            note=zlib.compress(bytes(note)),
        )
    )
    new = [{"id": bytes.fromhex(entry.id), "bundle": name_of(index)} for entry in index.reports if entry.state == "new"]
    if new:
        connection.execute(insert(listed).prefix_with("OR IGNORE"), new)


def set_whole(connection: Connection, digest: bytes) -> None:
    """All that a bundle carried is dealt with."""
    connection.execute(update(bundle).where(bundle.c.hash == digest).values(whole=True))


def links(connection: Connection) -> tuple[Link, ...]:
    """Every bundle that came, by epoch and serial."""
    columns = [column for column in bundle.c if column.name != "note"]
    rows = connection.execute(select(*columns).order_by(bundle.c.epoch, bundle.c.serial, bundle.c.imported)).all()
    return tuple(_link(row) for row in rows)


def index_of(connection: Connection, digest: bytes) -> Index | None:
    """The index of a bundle that came."""
    note = connection.execute(select(bundle.c.note).where(bundle.c.hash == digest)).scalar()
    if note is None:
        return None
    return Index.parse(SignedNote.parse(zlib.decompress(bytes(note)), limit=INDEX_LIMIT).text)


def last_import(connection: Connection) -> date | None:
    """The day on which a new bundle last came."""
    found = connection.execute(select(func.max(bundle.c.imported))).scalar()
    return None if found is None else moment(found).date()


def acknowledging(connection: Connection) -> Callable[[IndexEntry], bool]:
    """Whether anybody known here acknowledged a bundle that listed a report as new.

    Of a report that came before a desk's first bundle, or in one that is missing, no bundle here says so. Then any
    acknowledged bundle that is not here may be the one: whoever joins later knows of them by the others' logs.
    """
    here = {f"{epoch}.{serial}" for epoch, serial in connection.execute(select(bundle.c.epoch, bundle.c.serial))}
    elsewhere = not here.issuperset(connection.execute(select(acknowledged.c.bundle).distinct()).scalars())

    def is_acknowledged(entry: IndexEntry) -> bool:
        known = select(listed.c.bundle).where(listed.c.id == bytes.fromhex(entry.id))
        if elsewhere and connection.execute(known.limit(1)).first() is None:
            return True
        query = select(literal(1)).where(acknowledged.c.bundle.in_(known)).limit(1)
        return connection.execute(query).first() is not None

    return is_acknowledged


def chain_of(seen: Iterable[Link]) -> tuple[Link, ...]:
    """The newest bundle and those it follows, oldest first, as far as they are here.

    After a restore of the server the newest bundles follow an older one; those that the server lost stand aside, and
    only what was not taken in of them still counts: they make the first one of the chain behind them not whole.
    """
    links = sorted(seen, key=lambda link: (link.epoch, link.serial))
    by_hash = {link.hash: link for link in links}
    if not links:
        return ()
    chain = [links[-1]]
    while (before := by_hash.get(chain[-1].previous or b"")) is not None and before not in chain:
        chain.append(before)
    missing = chain[-1].previous
    if missing is not None:  # a gap: what lies before it belongs to the chain as well, and the gap will be named
        older = [link for link in links if (link.epoch, link.serial) < (chain[-1].epoch, chain[-1].serial)]
        return (*older, *reversed(chain))
    aside = [link for link in links if link not in chain]
    if any(not link.whole for link in aside):
        chain[0] = replace(chain[0], whole=False)
    return tuple(reversed(chain))


def _link(row: Any) -> Link:
    return Link(
        row.epoch,
        row.serial,
        bytes(row.hash),
        None if row.previous is None else bytes(row.previous),
        row.keyring,
        frozenset(map(int, row.closed.split())),
        row.whole,
        date.fromisoformat(row.day),
    )


def _project(connection: Connection, entity: str, state: State) -> None:
    rows = [
        {"reviewer": edit.reviewer, "hash": edit.value}
        for name, field in state.items()
        for edit in field.edits
        if name == acknowledged_field(edit.reviewer) and isinstance(edit.value, str)
    ]
    replace_rows(connection, acknowledged, entity, rows)


PROJECTIONS = (Projection("bundle", (acknowledged,), _project),)
