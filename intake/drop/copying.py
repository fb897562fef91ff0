"""All that a drop holds, from one database and place of parts into another: again after a kill, and verified by hashes.

A copy is a difference: what is on the other side already, whole and the same, is left there, and what should not be
there goes. Every row's body and every part is hashed as it stands on the other side before the copy counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, delete, insert, select

from intake.drop import database as databases
from intake.drop.database import Database
from intake.drop.parts import Parts, PartsReader
from intake.drop.tables import acknowledged, bundle, chain, outbox, reply, report
from intake.errors import Fault

SMALL_TABLES = (bundle, reply, outbox, acknowledged)
STATE = ("epoch", "folded", "origin", "begins")
"""What moves along of the table `chain`; the rest is of the place itself."""

_BATCH_BYTES = 8 * 2**20
_ADVICE = "Run the same command again; if it fails again, check the disks and storage on both sides."

Done = Callable[[int], object]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Side:
    """Where a drop is, or shall be."""

    database: Database
    parts: Parts

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection to read with. Raises `Fault`."""
        return databases.reading(self.database)

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction. Raises `Fault`."""
        return databases.writing(self.database)


@dataclass(frozen=True, slots=True)
class Held:
    """A report without its bytes, as a row says it."""

    id: bytes
    day: str
    size: int
    sha256: bytes
    claimed: int | None
    carried: bool
    parts: int
    place: bytes | None


_HELD = select(*(report.c[name] for name in Held.__slots__)).order_by(report.c.id)


def held(connection: Connection) -> dict[bytes, Held]:
    """Every report, in order of id."""
    return {row.id: Held(**row._mapping) for row in connection.execute(_HELD)}


def total(source: Side) -> int:
    """Bytes of all reports: the length of a progress bar."""
    with source.reading() as connection:
        return sum(each.size for each in held(connection).values())


def copy_rows(source: Side, target: Side, done: Done = int) -> None:
    """Make the target's rows those of the source. Raises `Fault`, also when a body is not what its hash says."""
    with source.reading() as reading:
        wanted = held(reading)
        with target.reading() as there:
            found = held(there)
        gone = [identifier for identifier, each in found.items() if wanted.get(identifier) != each]
        for some in batches(gone, lambda _: 16):
            with target.writing() as writing:
                writing.execute(delete(report).where(report.c.id.in_(some)))
        stays = found.keys() - set(gone)
        done(sum(wanted[identifier].size for identifier in stays if not wanted[identifier].parts))
        missing = [each for identifier, each in wanted.items() if identifier not in stays]
        for batch in batches(missing, lambda each: 200 + (0 if each.parts else each.size)):
            rows = reading.execute(select(report).where(report.c.id.in_([each.id for each in batch]))).mappings()
            with target.writing() as writing:
                writing.execute(insert(report), [dict(row) for row in rows])
            done(sum(each.size for each in batch if not each.parts))
        for table in SMALL_TABLES:
            rows = reading.execute(select(table)).mappings()
            with target.writing() as writing:
                writing.execute(delete(table))
                if content := [dict(row) for row in rows]:
                    writing.execute(insert(table), content)
        state = reading.execute(select(*(chain.c[name] for name in STATE))).mappings().one()
    with target.writing() as writing:
        writing.execute(chain.update().values(**state))


def copy_parts(source: Side, target: Side, after: bytes, done: Done = int) -> Iterator[bytes]:
    """Copy the parts of the target's reports behind `after` in order of id; gives each id once they are verified."""
    with target.reading() as connection:
        large = [each for each in held(connection).values() if each.parts]
    for each in large:
        place = each.place or each.id
        if each.id > after:
            for number in range(each.parts):
                target.parts.put(place, number, source.parts.get(place, number))
            if _digest(target.parts, place, each.parts) != each.sha256:
                raise Fault(f"report {each.id.hex()} is damaged after the copy", _ADVICE)
            yield each.id
        done(each.size)


def verify(source: Side, target: Side) -> None:
    """Compare both sides row by row, and hash every body on the target. Parts were hashed one by one when they came.

    Raises `Fault` for the first difference.
    """
    with source.reading() as here, target.reading() as there:
        wanted, found = held(here), held(there)
        if wanted != found:
            differing = next(each for each in wanted.keys() | found.keys() if wanted.get(each) != found.get(each))
            raise Fault(f"report {differing.hex()} is not the same on both sides", _ADVICE)
        for table in SMALL_TABLES:
            one, other = ({tuple(row) for row in side.execute(select(table))} for side in (here, there))
            if one != other:
                raise Fault(f"the table {table.name} is not the same on both sides", _ADVICE)
    check(target)


def check(target: Side) -> None:
    """Hash the body of every row. Raises `Fault` for the first that is not what it should be."""
    with target.reading() as connection:
        small = [each for each in held(connection).values() if not each.parts]
        for batch in batches(small, lambda each: each.size):
            wanted = {each.id: each.sha256 for each in batch}
            chosen = select(report.c.id, report.c.body).where(report.c.id.in_(wanted))
            for row in connection.execute(chosen):
                if hashlib.sha256(row.body).digest() != wanted[row.id]:
                    raise Fault(f"report {row.id.hex()} is damaged after the copy", _ADVICE)


def _digest(parts: Parts, place: bytes, count: int) -> bytes:
    return hashlib.file_digest(PartsReader(parts, place, count), "sha256").digest()


def batches(items: Iterable[_T], size: Callable[[_T], int], limit: int = _BATCH_BYTES) -> Iterator[list[_T]]:
    """At most 500 at a time, and not many more than `limit` bytes."""
    batch: list[_T] = []
    held_bytes = 0
    for item in items:
        batch.append(item)
        held_bytes += size(item)
        if len(batch) == 500 or held_bytes >= limit:
            yield batch
            batch, held_bytes = [], 0
    if batch:
        yield batch
