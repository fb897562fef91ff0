"""Sealed reports on disk: SQLite in WAL mode, one writer, many readers.

A report is on disk, fsync'd, when `put` returns. The writer commits whatever has gathered while the disk was busy with
the commit before (group commit), so that eight clients cost little more than one. `fold` rewrites the file in order of
the random ids. Nothing finer than a day is ever stored.
"""

from __future__ import annotations

import hashlib
import io
import os
import queue
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import Enum
from typing import Any, BinaryIO, Self

from alembic import command as alembic
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, Engine, Row, create_engine, event, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from intake.drop.folder import DataFolder
from intake.drop.parts import RESERVE, FolderParts, Full, Parts, PartsReader, count
from intake.drop.tables import bundle, chain, report
from intake.errors import Fault

BATCH_BYTES = 8 * 1024 * 1024
BUSY_SECONDS = 120.0  # a fold by another process rewrites the file; writers wait for it
SMALL = 64 * 1024  # a sealed report of the smallest class with up to thirty reviewers is below this


class Outcome(Enum):
    """What became of a report that was put."""

    NEW = "new"
    SAME = "same"
    OTHER = "other"  # the id is taken by other bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """All that the drop knows about one report, apart from its bytes."""

    id: bytes
    day: date
    size: int
    sha256: bytes
    claimed: int | None
    carried: bool
    parts: int = 0  # how many hold its bytes; 0 when its row does


@dataclass(frozen=True, slots=True)
class Issued:
    """One bundle of the chain; `note` is its signed index while the file is not yet known to be on disk."""

    serial: int
    hash: bytes
    note: bytes | None
    everything: bool = False  # its file carries all that the index lists


@dataclass(slots=True)
class _Ticket:
    """One `put` that waits for the writer."""

    row: dict[str, Any]
    done: threading.Event = field(default_factory=threading.Event)
    outcome: Outcome | None = None
    error: Fault | None = None


class Store:
    """drop.db. Open it once per process; every method may be called from any thread."""

    def __init__(self, folder: DataFolder, *, reserve: int = RESERVE, parts: Parts | None = None) -> None:
        self.folder = folder
        self.parts: Parts = FolderParts(folder.parts) if parts is None else parts
        self._reserve = reserve
        self._engine = _engine(folder)
        self._queue: queue.SimpleQueue[_Ticket | None] = queue.SimpleQueue()
        with self._engine.connect() as connection:
            _migrate(connection)
        self._writer = threading.Thread(target=self._write_all, name="store-writer", daemon=True)
        self._writer.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Commit what waits, then let go of the file."""
        self._queue.put(None)
        self._writer.join()
        self._engine.dispose()

    def put(self, identifier: bytes, body: bytes, *, claimed: int | None, day: date) -> Outcome:
        """Keep one sealed report under its 16-byte id and return when it is on disk.

        The same bytes again are `SAME` and change nothing; other bytes under a taken id are `OTHER`. Raises `Full` when
        the disk is, for larger reports already when only the reserve is left, and `Fault` when the database fails.
        """
        if len(body) > SMALL and shutil.disk_usage(self.folder.path).free < self._reserve:
            raise Full("only the reserve for small reports is left on the disk")
        return self._enter(Entry(identifier, day, len(body), hashlib.sha256(body).digest(), claimed, False), body)

    def put_parts(self, identifier: bytes, size: int, sha256: bytes, *, claimed: int | None, day: date) -> Outcome:
        """The same for a report whose parts are all durable: with this row it exists."""
        return self._enter(Entry(identifier, day, size, sha256, claimed, False, count(size)), b"")

    def _enter(self, entry: Entry, body: bytes) -> Outcome:
        ticket = _Ticket({**asdict(entry), "day": entry.day.isoformat(), "body": body})
        self._queue.put(ticket)
        while not ticket.done.wait(5):
            if not self._writer.is_alive():
                raise Fault("the store's writer has ended", "Restart `intake drop serve`.")
        if ticket.error is not None:
            raise ticket.error
        assert ticket.outcome is not None
        return ticket.outcome

    def entries(self) -> list[Entry]:
        """Everything held, in order of id."""
        with self.reading() as connection:
            return [_entry(row) for row in connection.execute(_ENTRY.order_by(report.c.id))]

    def entry(self, identifier: bytes) -> Entry | None:
        """What is known about one report; None when it is not held."""
        with self.reading() as connection:
            row = connection.execute(_ENTRY.where(report.c.id == identifier)).first()
        return None if row is None else _entry(row)

    def open(self, identifier: bytes) -> BinaryIO:
        """The sealed bytes of one report as a stream that holds at most a part. Raises `Fault` when it is not here."""
        with self.reading() as connection:
            found = connection.execute(select(report.c.body, report.c.parts).where(report.c.id == identifier)).first()
        if found is None:
            raise Fault(f"report {identifier.hex()} is not in the store", "Restore it from a backup or a bundle.")
        if not found.parts:
            return io.BytesIO(found.body)
        return io.BufferedReader(PartsReader(self.parts, identifier, found.parts))

    def body(self, identifier: bytes) -> bytes:
        """The same at once, for a report that fits into memory."""
        with self.open(identifier) as stream:
            return stream.read()

    def count_by_day(self) -> dict[date, int]:
        """How many reports are held of each day, oldest day first."""
        counted = select(report.c.day, func.count()).group_by(report.c.day).order_by(report.c.day)
        with self.reading() as connection:
            return {date.fromisoformat(day): count for day, count in connection.execute(counted)}

    def epoch(self) -> int:
        """The current epoch of the bundle chain."""
        with self.reading() as connection:
            return int(connection.execute(select(chain.c.epoch)).scalar_one())

    def last_bundle(self) -> Issued | None:
        """The newest bundle of the chain, finished or not."""
        columns = (bundle.c.serial, bundle.c.hash, bundle.c.note, bundle.c.everything)
        newest = select(*columns).order_by(bundle.c.serial.desc()).limit(1)
        with self.reading() as connection:
            row = connection.execute(newest).first()
        return None if row is None else Issued(row.serial, row.hash, row.note, row.everything)

    def begin_bundle(self, serial: int, digest: bytes, note: bytes, *, day: date, everything: bool = False) -> None:
        """Promise bundle `serial`: from here on this index, and no other, will be the chain's next link."""
        row = {"serial": serial, "hash": digest, "day": day.isoformat(), "note": note, "everything": everything}
        with self.writing() as connection:
            connection.execute(insert(bundle).values(row))

    def finish_bundle(self, serial: int, carried: Sequence[bytes]) -> None:
        """The file of bundle `serial` is on disk and carries these reports."""
        with self.writing() as connection:
            connection.execute(update(bundle).where(bundle.c.serial == serial).values(note=None))
            for identifier in carried:
                connection.execute(update(report).where(report.c.id == identifier).values(carried=True))

    def folded(self) -> date:
        """The day of the last fold."""
        with self.reading() as connection:
            return date.fromisoformat(connection.execute(select(chain.c.folded)).scalar_one())

    def fold(self, today: date) -> None:
        """Rewrite the file so that it tells the day of each report and nothing finer, and empty the write-ahead log.

        What is not yet a report is folded by `Uploads`. Needs as much free disk as the file is large. Raises `Fault`
        when a reader holds the log for two minutes.
        """
        last = self.folded()
        for entry in self.entries():
            if entry.parts and entry.day >= last:
                self.parts.fold(entry.id, range(entry.parts), entry.day)
        with self.writing() as connection:
            connection.execute(update(chain).values(folded=today.isoformat()))
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            try:
                connection.exec_driver_sql("VACUUM")
                self._empty_log(connection)
            except SQLAlchemyError as error:
                raise fault(error) from error

    def _empty_log(self, connection: Connection) -> None:
        """Move the log into the file and cut it to nothing; readers that are still on it are waited for."""
        deadline = time.monotonic() + BUSY_SECONDS
        while connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]:
            if time.monotonic() > deadline:
                raise Fault("the write-ahead log can't be emptied: something reads it", "Run `intake drop fold` again.")
            time.sleep(0.05)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with. Raises `Fault`."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise fault(error) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: committed and on disk at its end, or undone. Raises `Fault`."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise fault(error) from error

    def _write_all(self) -> None:
        """The writer thread: take what waits, commit it together, tell each sender."""
        while (batch := self._gathered()) is not None:
            try:
                with self.writing() as connection:
                    outcomes = _insert(connection, [ticket.row for ticket in batch])
            except Fault as error:
                for ticket in batch:
                    ticket.error = error
            else:
                for ticket, outcome in zip(batch, outcomes, strict=True):
                    ticket.outcome = outcome
            for ticket in batch:
                ticket.done.set()

    def _gathered(self) -> list[_Ticket] | None:
        """At least one ticket and all that wait behind it, up to `BATCH_BYTES`; None when the store closes."""
        first = self._queue.get()
        if first is None:
            return None
        batch, size = [first], len(first.row["body"])
        while size < BATCH_BYTES:
            try:
                ticket = self._queue.get_nowait()
            except queue.Empty:
                break
            if ticket is None:
                self._queue.put(None)  # close after this batch
                break
            batch.append(ticket)
            size += len(ticket.row["body"])
        return batch


_ENTRY = select(*(column for column in report.c if column is not report.c.body))


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.id, date.fromisoformat(row.day), row.size, row.sha256, row.claimed, row.carried, row.parts)


def _insert(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[Outcome]:
    """Insert the rows whose ids are free; one outcome per row, in order."""
    ids = {row["id"] for row in rows}
    known = {
        row.id: row.sha256
        for row in connection.execute(select(report.c.id, report.c.sha256).where(report.c.id.in_(ids)))
    }
    outcomes, fresh = [], []
    for row in rows:
        if row["id"] not in known:
            known[row["id"]] = row["sha256"]
            fresh.append(row)
            outcomes.append(Outcome.NEW)
        else:
            outcomes.append(Outcome.SAME if known[row["id"]] == row["sha256"] else Outcome.OTHER)
    if fresh:
        connection.execute(insert(report), fresh)
    return outcomes


def _engine(folder: DataFolder) -> Engine:
    """An engine whose every connection is durable and erases what it deletes."""
    # SQLite copies the mode of the main file to its log and index, so the main file is made first.
    os.close(os.open(folder.database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    # VACUUM builds the new file in a temporary one: inside DATA, never in a /tmp that others or a backup may read.
    os.environ["SQLITE_TMPDIR"] = str(folder.path)
    engine = create_engine(f"sqlite:///{folder.database}", poolclass=QueuePool, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare)
    return engine


def _prepare(connection: sqlite3.Connection, _: object) -> None:
    """Set what SQLite keeps per connection, and read it back: a pragma that is not understood is silently ignored."""
    for pragma, value, expected in (
        ("journal_mode", "WAL", "wal"),
        ("synchronous", "FULL", 2),
        ("secure_delete", "ON", 1),
        ("foreign_keys", "ON", 1),
    ):
        connection.execute(f"PRAGMA {pragma}={value}")
        if connection.execute(f"PRAGMA {pragma}").fetchone()[0] != expected:
            raise Fault(f"this SQLite does not keep {pragma}={value}", "Install Debian's libsqlite3.")


def _migrate(connection: Connection) -> None:
    """Bring drop.db to the newest shape."""
    config = AlembicConfig()
    config.set_main_option("script_location", "intake.drop:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        alembic.upgrade(config, "head")
        connection.commit()
    except SQLAlchemyError as error:
        raise fault(error) from error


def fault(error: SQLAlchemyError) -> Fault:
    """SQLAlchemy's error as ours. The statement and its values stay out of the message."""
    cause = getattr(error, "orig", None)
    if isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return Full("the disk is full")
    return Fault(f"the database failed: {cause or type(error).__name__}", "Check the disk that holds DATA.")
