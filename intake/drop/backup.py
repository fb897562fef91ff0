"""A drop's backup, and a drop that comes back from one.

A backup is a folder, ORIGIN-DAY, as private and as telling as a folded DATA: drop.db and parts/, whatever the drop
itself uses, keyring/ and keyring.pin. It is made beside a server that runs. Not in it: drop.key, of which a copy lies
offline, and unfinished uploads, which their senders begin again.

A server that comes back knows nothing of what came after its backup, while the desks do. So it begins a new *epoch*:
its next bundle names the last one it knows, and the desks see that it was restored, and what it lost, not a fork.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

from sqlalchemy import Connection, func, select, update

from intake.drop import copying
from intake.drop import database as databases
from intake.drop.belief import stored_chain
from intake.drop.copying import Done, Side
from intake.drop.fold import fold_if_there_is_room
from intake.drop.folder import DataFolder, Role
from intake.drop.parts import FolderParts
from intake.drop.sqlite import SQLite
from intake.drop.store import Store
from intake.drop.tables import bundle, chain
from intake.durable import private_folder, sync_folder, write_private
from intake.errors import Fault, Usage


def backup(
    folder: DataFolder,
    store: Store,
    to: Path,
    today: date,
    done: Done = int,
    *,
    warn: Callable[[str], object] = str,
) -> Path:
    """Fold the store, or tell `warn` why not, and copy it into a new folder inside `to`. Raises `Fault`.

    What was cut off has no such name, and the next one removes it. The copy is folded, whatever the store is.
    """
    if not to.is_dir():
        raise Fault(f"{to} is not a folder", "Make it first.")
    origin = stored_chain(folder, today).origin
    path = to / f"{origin}-{today}"
    if path.exists():
        raise Fault(f"{path} exists already", "Move it away first, or wait until tomorrow.")
    fold_if_there_is_room(folder, store, today, warn)
    for left in to.glob(f".{origin}-[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"):
        shutil.rmtree(left)
    under_way = path.with_name(f".{path.name}")
    copy = DataFolder.open(under_way, create=True)
    _copy(Side(store.database, store.parts), copy, done)
    private_folder(copy.keyrings)
    for note in sorted(folder.keyrings.glob("[0-9]*.note")):
        write_private(copy.keyrings / note.name, note.read_bytes())
    write_private(copy.pin, folder.pin.read_bytes())
    under_way.rename(path)
    sync_folder(to)
    return path


def restore(kept: Path, folder: DataFolder, today: date, done: Done = int) -> int:
    """Bring a backup into a DATA that holds no reports yet, in a new epoch, which is returned.

    drop.db comes last: until it is there, nothing is restored and all can be done again. Raises `Usage` when DATA holds
    reports or `kept` is no backup, `Fault` when something in it is damaged.
    """
    source = DataFolder(kept)
    if not source.database.is_file() or not source.pin.is_file():
        raise Usage(f"{kept} is no backup of a drop", "Give the folder that `intake drop backup` made.")
    with folder.held(Role.SERVE), folder.held(Role.MAINTAIN):
        if folder.database.exists() or folder.where.exists():
            raise Usage(
                f"{folder.path} holds a drop already",
                "Give a new DATA with its drop.key; for a server that was restored otherwise, leave the backup out.",
            )
        stored_chain(source, today)
        private_folder(folder.keyrings)
        for note in sorted(source.keyrings.glob("[0-9]*.note")):
            write_private(folder.keyrings / note.name, note.read_bytes(), replace=True)
        write_private(folder.pin, source.pin.read_bytes(), replace=True)
        under_way = folder.path / ".restoring"
        shutil.rmtree(under_way, ignore_errors=True)
        private_folder(under_way)
        # SQLite writes beside what it reads, and the backup may be of an earlier version: it stays as it is.
        read = _readable(source, DataFolder.open(under_way / "kept", create=True))
        try:
            copied = _copy(
                Side(read, FolderParts(source.parts)),
                DataFolder.open(under_way, create=True),
                done,
                parts=FolderParts(folder.parts),
                epoch=True,
            )
        finally:
            read.engine.dispose()
        (under_way / folder.database.name).rename(folder.database)
        sync_folder(folder.path)
        shutil.rmtree(under_way)
    return copied


def begin_epoch(connection: Connection) -> int:
    """Let the next bundle begin a new epoch, which is returned. Raises `Usage` when none came of the current one."""
    now = connection.execute(select(chain.c.epoch, chain.c.begins)).one()
    last = connection.execute(select(func.max(bundle.c.serial))).scalar() or 0
    if now.epoch > 1 and now.begins > last:
        raise Usage(
            f"epoch {now.epoch} has begun already, and no bundle of it was exported yet",
            "Start `intake drop serve`, and export.",
        )
    connection.execute(update(chain).values(epoch=now.epoch + 1, begins=last + 1))
    return int(now.epoch) + 1


def _readable(kept: DataFolder, folder: DataFolder) -> SQLite:
    shutil.copyfile(kept.database, folder.database)
    database = SQLite(folder)
    databases.migrate(database)
    return database


def _copy(
    source: Side, folder: DataFolder, done: Done, *, parts: FolderParts | None = None, epoch: bool = False
) -> int:
    """All of it, verified, on disk; the epoch it is in."""
    database = SQLite(folder)
    try:
        databases.migrate(database)
        target = Side(database, parts or FolderParts(folder.parts))
        copying.copy_rows(source, target, done)
        for _ in copying.copy_parts(source, target, b"", done):
            pass
        # A server that takes reports meanwhile has more by now: what was copied is whole by its hashes.
        copying.check(target)
        with target.writing() as connection:
            found = begin_epoch(connection) if epoch else int(connection.execute(select(chain.c.epoch)).scalar_one())
        database.rewrite()
    finally:
        database.engine.dispose()
    descriptor = os.open(folder.database, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    sync_folder(folder.path)
    return found
