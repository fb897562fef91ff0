"""Sealed reports in a database, SQLite or PostgreSQL: one writer in each process, many readers.

A report is on disk, fsync'd, when `put` returns. Whoever comes to write first commits whatever has gathered while the
disk was busy with the commit before (group commit), so that eight clients cost little more than one. `fold` rewrites
all rows in order of the random ids. Nothing finer than a day is ever stored.
"""

from __future__ import annotations

import hashlib
import io
import secrets
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any, BinaryIO, Self

from sqlalchemy import Connection, Row, Table, delete, func, insert, or_, select, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from intake.drop import blobs as places
from intake.drop import copying
from intake.drop import database as databases
from intake.drop import record as records
from intake.drop.census import Census
from intake.drop.entering import Outcome, enter
from intake.drop.folder import DataFolder, Role
from intake.drop.parts import RESERVE, Full, Parts, PartsReader, count
from intake.drop.record import Record
from intake.drop.tables import bundle, chain, report, upload
from intake.drop.unfinished import LIFETIME
from intake.errors import Fault, Usage

BATCH_BYTES = 8 * 1024 * 1024
BATCH = 500  # ids in one statement
STEP = 2**20  # bytes of rows that are marked or deleted in one transaction
SMALL = 64 * 1024  # a sealed report of the smallest class with up to thirty reviewers is below this


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
    place: bytes = b""  # under which they lie; empty for its own id
    settled: bool = False  # they were folded after its day, and need it no more

    @property
    def where(self) -> bytes:
        """The 16 bytes under which its parts lie."""
        return self.place or self.id


@dataclass(frozen=True, slots=True)
class Issued:
    """One bundle of the chain; `note` is its signed index while the file is not yet known to be on disk."""

    serial: int
    hash: bytes
    note: bytes | None
    everything: bool = False  # its file carries all that the index lists


@dataclass(slots=True, eq=False)
class _Ticket:
    """One `put` that waits to be written, by its own thread or by one that commits for several."""

    row: dict[str, Any]
    turn: threading.Lock = field(
        default_factory=threading.Lock
    )  # free when it is written, or its own thread's to write
    leads: bool = False
    outcome: Outcome | None = None
    error: Fault | None = None


class Store:
    """A drop's reports. Open it once per process; every method may be called from any thread.

    `database` and `blobs` are the settings of who serves; None stands for wherever the reports are. `room`: how many
    bytes PostgreSQL may take, 0 for as many as there are. Raises `Usage` and `Fault` when either can't be used.
    """

    def __init__(
        self,
        folder: DataFolder,
        *,
        reserve: int = RESERVE,
        parts: Parts | None = None,
        database: str | None = None,
        blobs: str | None = None,
        room: int = 0,
    ) -> None:
        if folder.moving.exists():
            raise Usage(
                f"the reports of {folder.path} are being moved",
                "End it with the same `intake drop move`, or call it off with `intake drop move --cancel`.",
            )
        self.folder = folder
        self.database = records.opened(folder, database, room=room)
        self._entering = self.insert(report).on_conflict_do_nothing().returning(report.c.id)
        self._reserve = reserve
        self._census = Census(self.count)
        self._waiting: deque[_Ticket] = deque()
        self._gate = threading.Condition()
        self._led = False  # some thread commits; nobody waits without one
        self.node = ""
        try:
            databases.migrate(self.database)
            if self.database.shared:
                self.parts = self._join(parts, blobs)
            else:
                self.parts = parts or places.opened(folder, blobs)
        except BaseException:
            self.database.engine.dispose()
            raise

    def _join(self, parts: Parts | None, blobs: str | None) -> Parts:
        """Become a node of the drop whose database this is. Raises `Usage` when it is another drop's."""
        record = Record.read(self.folder) or Record(self.database.place, "", secrets.token_hex(16))
        mark = self._bound("mark", places.marked(self.folder) or secrets.token_hex(16))
        if record.mark not in ("", mark):
            raise Usage(
                f"{self.database.place} holds the reports of another drop",
                "Give each drop a database of its own. After a move, set up the other nodes with a new DATA.",
            )
        self.node = record.node
        record = Record(record.place, mark, record.node)
        record.keep(self.folder)
        if parts is not None:
            return parts
        mine = f"{places.FOLDER} of {self.node}"
        bound = self.bound("blobs")
        here = places.FOLDER if bound == mine else bound
        wanted = blobs or here
        if here is not None and (wanted != here or here.startswith(f"{places.FOLDER} of ")):
            raise Usage(
                f"the large reports of this drop lie in {bound}, not in {wanted}",
                'Nodes that share a database share the parts: set blobs = "s3://BUCKET/PREFIX" on every node.',
            )
        found = places.opened(self.folder, wanted, mark)
        if blobs is not None:
            self._bound("blobs", str(getattr(found, "place", mine)))
        return found

    def bind(self, origin: str) -> None:
        """Say whose drop this is. Raises `Usage` when it is another one's."""
        if (found := self._bound("origin", origin)) != origin:
            raise Usage(f"{self.database.place} holds the reports of {found}", "Give each drop a database of its own.")

    def _bound(self, name: str, value: str) -> str:
        """What is written there, now if nothing was."""
        column = chain.c[name]
        if (found := self.bound(name)) is not None:
            return found
        with self.writing() as connection:
            connection.execute(update(chain).where(column.is_(None)).values({column: value}))
        return self.bound(name) or value

    def bound(self, name: str) -> str | None:
        """What several nodes agreed on: `origin`, `mark` or `blobs`; None while nobody said it."""
        with self.reading() as connection:
            found: str | None = connection.execute(select(chain.c[name])).scalar_one()
        return found

    @contextmanager
    def alone(self, *, wait: bool = False) -> Iterator[None]:
        """Nobody else folds, exports, purges or delivers, here or on another node. Raises `Fault` if somebody does."""
        with self.folder.held(Role.MAINTAIN, wait=wait), self.database.alone(wait=wait):
            yield

    def insert(self, table: Table) -> Any:
        """An INSERT of this database's dialect, which knows ON CONFLICT."""
        return self.database.insert(table)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database, once nobody writes."""
        with self._gate:
            self._gate.wait_for(lambda: not self._led)
        self.database.engine.dispose()

    def put(self, identifier: bytes, body: bytes, *, claimed: int | None, day: date) -> Outcome:
        """Keep one sealed report under its 16-byte id and return when it is on disk.

        The same bytes again are `SAME` and change nothing; other bytes under a taken id are `OTHER`. Raises `Full` when
        the disk is, for larger reports already when only the reserve is left, or when no bundle could list one more,
        and `Fault` when the database fails.
        """
        room = self.database.room()
        if len(body) > SMALL and room < self._reserve:
            raise Full("only the reserve for small reports is left on the disk")
        if room < len(body) and not self.database.shared:  # what others say of their disk is a bound for large ones
            raise Full("only what an export needs is left on the disk")
        return self._enter(Entry(identifier, day, len(body), hashlib.sha256(body).digest(), claimed, False), body)

    def put_parts(
        self, identifier: bytes, size: int, sha256: bytes, *, claimed: int | None, day: date, place: bytes = b""
    ) -> Outcome:
        """The same for a report whose parts are all durable, under `place` or its id: with this row it exists."""
        return self._enter(Entry(identifier, day, size, sha256, claimed, False, count(size), place), b"")

    def _enter(self, entry: Entry, body: bytes) -> Outcome:
        if not self._census.admits() and self.entry(entry.id) is None:
            raise Full("as many reports are held as a bundle can list", "Export, and purge what was acknowledged.")
        row = {**asdict(entry), "day": entry.day.isoformat(), "place": entry.place or None, "body": body}
        ticket = _Ticket(row)
        ticket.turn.acquire()
        with self._gate:
            self._waiting.append(ticket)
            self._led, ticket.leads = True, not self._led
        if not ticket.leads and not ticket.turn.acquire(timeout=self.database.patience):
            self._leave(ticket)
        if ticket.leads:
            self._lead()
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
            columns = (report.c.body, report.c.parts, report.c.place)
            found = connection.execute(select(*columns).where(report.c.id == identifier)).first()
        if found is None:
            raise Fault(f"report {identifier.hex()} is not in the store", "Restore it from a backup or a bundle.")
        if not found.parts:
            return io.BytesIO(found.body)
        return io.BufferedReader(PartsReader(self.parts, found.place or identifier, found.parts))

    def body(self, identifier: bytes) -> bytes:
        """The same at once, for a report that fits into memory."""
        with self.open(identifier) as stream:
            return stream.read()

    def count(self) -> int:
        """How many reports are held."""
        with self.reading() as connection:
            return connection.execute(select(func.count()).select_from(report)).scalar_one()

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
        """The file of bundle `serial` is on disk and carries these reports.

        They are marked in steps, since a row is written as a whole: else the log would need as much room as all of
        them. The last step finishes the bundle; until then it is made again, and marks them again.
        """
        for some in self.steps(carried):
            with self.writing() as connection:
                connection.execute(update(report).where(report.c.id.in_(some)).values(carried=True))
        with self.writing() as connection:
            connection.execute(update(bundle).where(bundle.c.serial == serial).values(note=None))

    def steps(self, ids: Sequence[bytes]) -> Iterator[list[bytes]]:
        """As many of these at a time as may be written, or deleted, together on a disk that is all but full."""
        sizes = {entry.id: 0 if entry.parts else entry.size for entry in self.entries()}
        return copying.batches(ids, lambda each: sizes.get(each, 0), STEP)

    def folded(self) -> date:
        """The day of the last fold."""
        with self.reading() as connection:
            return date.fromisoformat(connection.execute(select(chain.c.folded)).scalar_one())

    def claim(self, day: date) -> bytes:
        """A place for the parts of a new upload, until it is released; empty for its own id, on one machine."""
        if not self.database.shared:
            return b""
        place = secrets.token_bytes(16)
        with self.writing() as connection:
            connection.execute(insert(upload).values(place=place, node=self.node, day=day.isoformat()))
        return place

    def release(self, place: bytes) -> None:
        """The upload that claimed this place is a report now, or gone."""
        with self.writing() as connection:
            connection.execute(delete(upload).where(upload.c.place == place))

    def forsake(self, day: date) -> None:
        """Release what nodes claimed that never came back: two days after the last day of such uploads."""
        last = day - LIFETIME - timedelta(days=2)
        with self.writing() as connection:
            connection.execute(delete(upload).where(upload.c.day < last.isoformat()))

    def keeps(self, place: bytes) -> bool:
        """Whether parts under this place belong to a report, or to an upload that may still become one."""
        held = select(report.c.id).where(or_(report.c.place == place, report.c.id == place))
        with self.reading() as connection:
            # In this order: an upload is released after its report was entered.
            claimed = connection.execute(select(upload.c.place).where(upload.c.place == place)).first()
        if claimed is not None:
            return True
        with self.reading() as connection:
            return connection.execute(held).first() is not None

    def fold(self, today: date) -> None:
        """Rewrite the rows so that they tell the day of each report and nothing finer, and empty the write-ahead log.

        What is not yet a report is folded by `Uploads`. Needs as much free disk as the database is large. Raises
        `Fault` when readers hold the log for two minutes.
        """
        # Not by days: a report that came as its day ended may have been entered behind that fold. A fold of a day to
        # come was one by a wrong clock, and settled nothing.
        before = self.folded()
        astray = before > today
        done = dict[bool, list[bytes]]({True: [], False: []})
        for entry in self.entries():
            if entry.parts and (astray or not entry.settled):
                settled = entry.day < today
                self.parts.fold(entry.where, range(entry.parts), entry.day, settled=settled)
                done[settled].append(entry.id)
        self.parts.ready(today)
        with self.writing() as connection:
            for settled, ids in done.items():
                for start in range(0, len(ids), BATCH):
                    some = report.c.id.in_(ids[start : start + BATCH])
                    connection.execute(update(report).where(some).values(settled=settled))
            connection.execute(update(chain).values(folded=today.isoformat()))
        try:
            self.database.rewrite()
        except Fault:
            with suppress(Fault), self.writing() as connection:
                connection.execute(update(chain).values(folded=before.isoformat()))
            raise

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection to read with. Raises `Fault`."""
        return databases.reading(self.database)

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction: committed and on disk at its end, or undone. Raises `Fault`."""
        return databases.writing(self.database)

    def _leave(self, ticket: _Ticket) -> None:
        """Wait no longer, unless just now it became this thread's turn. Raises `Fault`."""
        with self._gate:
            if ticket.leads:
                return
            if ticket in self._waiting:
                self._waiting.remove(ticket)
        raise Fault("the database does not answer", "Look whether it, or a fold of another node, hangs.")

    def _lead(self) -> None:
        """Commit for those who wait, the caller first among them; then the next one in line does so."""
        with self._gate:
            batch = self._gathered()
        try:
            self._write(batch)
        finally:
            with self._gate:
                if self._waiting:
                    self._waiting[0].leads = True
                    self._waiting[0].turn.release()
                else:
                    self._led = False
                    self._gate.notify_all()
            for ticket in batch[1:]:
                ticket.turn.release()

    def _write(self, batch: Sequence[_Ticket]) -> None:
        """Commit these together, and note what became of each."""
        error: Fault | None = Fault("the database failed", "Report this.")  # unless something else is found
        outcomes: Sequence[Outcome | None] = [None] * len(batch)
        try:
            outcomes, error = self._insert([ticket.row for ticket in batch]), None
        except Fault as found:
            error = found
        finally:
            for ticket, outcome in zip(batch, outcomes, strict=True):
                ticket.outcome, ticket.error = outcome, error

    def _gathered(self) -> list[_Ticket]:
        """At least one ticket of those that wait, in their order, up to `BATCH_BYTES`."""
        batch, size = list[_Ticket](), 0
        while self._waiting and (not batch or size < BATCH_BYTES):
            batch.append(self._waiting.popleft())
            size += len(batch[-1].row["body"])
        return batch

    def _insert(self, rows: Sequence[dict[str, Any]]) -> list[Outcome]:
        """Enter the rows whose ids are free, in one transaction; one outcome per row, in order. Raises `Fault`."""
        for again in (True, False):
            try:
                with self.database.engine.begin() as connection:
                    return enter(connection, self._entering, rows)
            except SQLAlchemyError as error:
                # The database was restarted. If that transaction was committed after all, its rows are the same.
                if not (again and isinstance(error, DBAPIError) and error.connection_invalidated):
                    raise self.database.fault(error) from error
        raise AssertionError


_ENTRY = select(*(column for column in report.c if column is not report.c.body))


def _entry(row: Row[Any]) -> Entry:
    day = date.fromisoformat(row.day)
    return Entry(row.id, day, row.size, row.sha256, row.claimed, row.carried, row.parts, row.place or b"", row.settled)
