"""`intake drop move`: a drop's reports from SQLite and a folder into PostgreSQL and a bucket, or back.

    DATA/moving    where from, where to, and how far it has come

1. DATA/moving is written: from now on nothing else works in this DATA, until the move has ended or was called off.
2. Rows and parts are copied and verified; what was copied before a kill is not copied again.
3. DATA/moving says `switched`, and DATA/database and DATA/blobs say the new place.
4. What is left at the old place is compared once more, under a lock that keeps every writer out, and removed.

So at every moment one place holds everything that was acknowledged. What is unfinished of this node's uploads moves
too; that of other nodes can't, and is named first.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Self

from sqlalchemy import delete, func, insert, select, update

from intake.drop import copying
from intake.drop import database as databases
from intake.drop.blobs import FOLDER, marked
from intake.drop.copying import Done, Side
from intake.drop.database import SQLITE, Database
from intake.drop.folder import DataFolder, Role
from intake.drop.parts import PART, FolderParts, Parts
from intake.drop.place import Place
from intake.drop.record import Record
from intake.drop.sqlite import SQLite
from intake.drop.tables import chain, report, upload
from intake.drop.unfinished import Work
from intake.durable import sync_folder, write_private
from intake.errors import Fault, Usage


@dataclass(frozen=True, slots=True)
class Journal:
    """DATA/moving. Places as in the settings; `parts` is the last report whose parts were verified, in hex."""

    from_database: str
    from_blobs: str
    database: str
    blobs: str
    mark: str
    node: str
    switched: bool = False
    parts: str = ""

    @classmethod
    def read(cls, folder: DataFolder) -> Self | None:
        """None when nothing is being moved. Raises `Fault`."""
        try:
            return cls(**json.loads(folder.moving.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise Fault(f"{folder.moving} can't be read", "Restore it from a backup of DATA.") from error

    def keep(self, folder: DataFolder) -> None:
        """Write it down."""
        write_private(folder.moving, json.dumps(asdict(self)).encode(), replace=True)


def begun(folder: DataFolder, database: str | None, blobs: str | None, *, leave: bool = False) -> Journal:
    """The move under way, or a new one; None stands for where it is now. `leave`: without other nodes' uploads.

    Raises `Usage` when there is nothing to move, another move is under way, or the new place is taken.
    """
    now = Journal.read(folder)
    if now is not None:
        if (database or now.database, blobs or now.blobs) != (now.database, now.blobs):
            raise Usage(
                f"a move to {now.database} and {now.blobs} was begun before",
                "End it with the same command, or call it off with --cancel.",
            )
        return now
    record = Record.read(folder)
    here = record.place if record else SQLITE
    parts_here = _blobs_of(folder)
    wanted = Journal(
        here,
        parts_here,
        database or here,
        blobs or parts_here,
        (record.mark if record else "") or marked(folder) or secrets.token_hex(16),
        record.node if record else secrets.token_hex(16),
    )
    if (wanted.database, wanted.blobs) == (here, parts_here):
        raise Usage(f"the reports are in {here} and {parts_here} already", "Give another --database or --blobs.")
    if here == SQLITE and not folder.database.exists():
        raise Fault(f"there is no drop in {folder.path} yet", "Start `intake drop serve` once.")
    if wanted.database == SQLITE != here and folder.database.exists():
        raise Usage(f"{folder.database} exists already", "Look what it is, and move it away.")
    if wanted.blobs == FOLDER != parts_here and folder.parts.is_dir() and any(folder.parts.iterdir()):
        raise Usage(f"{folder.parts} holds something already", "Look what it is, and move it away.")
    with _opened(folder, wanted) as (source, target):
        _check_free(source, target, wanted, leave=leave)
    wanted.keep(folder)
    return wanted


def move(folder: DataFolder, journal: Journal, done: Done = int) -> None:
    """Go on with a move to its end. Raises `Fault`; then, and after a kill, it can be gone on with."""
    with _opened(folder, journal) as (source, target):
        if not journal.switched:
            _claim(target, journal)
            if journal.from_database != journal.database:
                copying.copy_rows(source, target, done)
                _enrol(folder, target, journal)
            if journal.from_blobs != journal.blobs:
                for identifier in copying.copy_parts(source, target, bytes.fromhex(journal.parts), done):
                    journal = replace(journal, parts=identifier.hex())
                    journal.keep(folder)
                _copy_unfinished(folder, source.parts, target.parts)
            if journal.from_database != journal.database:
                copying.verify(source, target)
                target.database.rewrite()
            journal = replace(journal, switched=True)
            journal.keep(folder)
        _switch(folder, journal)
        if journal.from_database != journal.database:
            _take_leave(source, target)
        elif journal.from_blobs != journal.blobs:
            _name_parts(target, journal)
        if journal.from_blobs != journal.blobs:
            _clear(source.parts)
    folder.moving.unlink()
    sync_folder(folder.path)


def length(folder: DataFolder, journal: Journal) -> int:
    """Bytes to copy, for a progress bar."""
    with _opened(folder, journal) as (source, _):
        return 0 if journal.switched else copying.total(source)


def cancel(folder: DataFolder) -> None:
    """Call off a move that has not switched yet: what was copied goes. Raises `Usage`, `Fault`."""
    journal = Journal.read(folder)
    if journal is None:
        raise Usage("no move was begun here", "Nothing is to be called off.")
    if journal.switched:
        raise Usage("the move has switched to the new place already", "End it with the same command.")
    with _opened(folder, journal) as (_, target):
        if journal.from_blobs != journal.blobs:
            _clear(target.parts)
        if journal.from_database != journal.database:
            with target.database.removing():
                pass
    folder.moving.unlink()
    sync_folder(folder.path)


@contextmanager
def _opened(folder: DataFolder, journal: Journal) -> Iterator[tuple[Side, Side]]:
    """Both sides, with nobody else at work in either."""
    with ExitStack() as stack:
        stack.enter_context(folder.held(Role.SERVE))
        stack.enter_context(folder.held(Role.MAINTAIN))
        source = _database(folder, journal.from_database)
        stack.callback(source.engine.dispose)
        same = journal.database == journal.from_database
        target = source if same else _database(folder, journal.database)
        stack.callback(target.engine.dispose)
        for each in {id(source): source, id(target): target}.values():
            stack.enter_context(each.unserved())
            stack.enter_context(each.alone(wait=False))
            databases.migrate(each)
        parts = _parts(folder, journal.from_blobs)
        other = parts if journal.blobs == journal.from_blobs else _parts(folder, journal.blobs)
        yield Side(source, parts), Side(target, other)


def _database(folder: DataFolder, place: str) -> Database:
    if place == SQLITE:
        return SQLite(folder)
    from intake.drop.postgres import Postgres  # a large library, of use to few

    return Postgres(place)


def _parts(folder: DataFolder, place: str) -> Parts:
    if place == FOLDER:
        return FolderParts(folder.parts)
    from intake.drop.bucket import BucketParts  # likewise

    return BucketParts(Place.parse(place))


def _blobs_of(folder: DataFolder) -> str:
    try:
        return str(json.loads(folder.blobs.read_bytes())["place"])
    except FileNotFoundError:
        return FOLDER


def _check_free(source: Side, target: Side, journal: Journal, *, leave: bool) -> None:
    """Before anything is written down. Raises `Usage`."""
    if journal.database != journal.from_database:
        with target.reading() as connection:
            mark = connection.execute(select(chain.c.mark)).scalar_one()
            reports = connection.execute(select(func.count()).select_from(report)).scalar_one()
        if reports or mark not in (None, journal.mark):
            raise Usage(f"{journal.database} holds reports already", "Give each drop a database of its own.")
    if journal.blobs != journal.from_blobs and journal.blobs != FOLDER and next(target.parts.ids(), None):
        raise Usage(f"{journal.blobs} holds parts already", "Give each drop a bucket or prefix of its own.")
    with source.reading() as connection:
        others = select(func.count()).select_from(upload).where(upload.c.node != journal.node)
        unfinished = connection.execute(others).scalar_one()
    if unfinished and not leave:
        raise Usage(
            f"other nodes hold {unfinished} unfinished uploads, which can't be moved from here",
            "Wait until they have ended, at most nine days, or leave them behind with --leave-unfinished.",
        )


def _claim(target: Side, journal: Journal) -> None:
    """Say on the new side whose it is, before anything lies there."""
    if journal.database != SQLITE:
        with target.writing() as connection:
            connection.execute(update(chain).values(mark=journal.mark))
    if journal.blobs != FOLDER:
        from intake.drop.bucket import BucketParts

        assert isinstance(target.parts, BucketParts)
        target.parts.claim(journal.mark)


def _name_parts(target: Side, journal: Journal) -> None:
    shared = f"{FOLDER} of {journal.node}" if journal.blobs == FOLDER else journal.blobs
    values = {"mark": journal.mark, "blobs": shared} if journal.database != SQLITE else {"mark": None, "blobs": None}
    with target.writing() as connection:
        connection.execute(update(chain).values(**values))


def _unfinished(folder: DataFolder) -> Iterator[tuple[bytes, int, str]]:
    """The place of each upload that this node holds, how many whole parts lie there, and the day it began."""
    names = sorted(path.name for path in folder.uploads.iterdir()) if folder.uploads.is_dir() else []
    for name in names:
        if not name.startswith(".") and (found := Work(folder.uploads / name).stated()):
            yield found.where(bytes.fromhex(name)), found.offset // PART, found.day.isoformat()


def _enrol(folder: DataFolder, target: Side, journal: Journal) -> None:
    """Other nodes must not take what this one holds for left over; nobody waits for what others held."""
    with target.writing() as connection:
        connection.execute(delete(upload))
        for place, _, day in _unfinished(folder):
            connection.execute(insert(upload).values(place=place, node=journal.node, day=day))
    _name_parts(target, journal)


def _copy_unfinished(folder: DataFolder, source: Parts, target: Parts) -> None:
    for place, whole, _ in _unfinished(folder):
        for number in range(whole):
            content = source.get(place, number)
            target.put(place, number, content)
            if target.get(place, number) != content:
                raise Fault("a part of an unfinished upload is damaged after the copy", "Run the same command again.")


def _switch(folder: DataFolder, journal: Journal) -> None:
    """DATA says the new place from now on."""
    record = Record(journal.database, journal.mark, journal.node)
    for path, content in (
        (folder.where, None if journal.database == SQLITE else asdict(record)),
        (folder.blobs, None if journal.blobs == FOLDER else {"place": journal.blobs, "mark": journal.mark}),
    ):
        if content is None:
            path.unlink(missing_ok=True)
        else:
            write_private(path, json.dumps(content).encode(), replace=True)
    sync_folder(folder.path)


def _take_leave(source: Side, target: Side) -> None:
    """Remove the old database; whatever a node that was cut off still entered there comes along first."""
    with source.database.removing() as connection:
        with target.reading() as there:
            late = copying.held(connection).keys() - copying.held(there).keys()
        rows = connection.execute(select(report).where(report.c.id.in_(late))).mappings()
        if content := [dict(row) for row in rows]:
            for row in content:
                place = row["place"] or row["id"]
                for number in range(row["parts"] if source.parts is not target.parts else 0):
                    target.parts.put(place, number, source.parts.get(place, number))
            with target.writing() as writing:
                writing.execute(insert(report), content)


def _clear(parts: Parts) -> None:
    """Remove all parts of a place, and what says whose they are."""
    for place in list(parts.ids()):
        parts.delete(place)
    parts.release()
