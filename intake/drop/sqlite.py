"""DATA/drop.db: SQLite in WAL mode, one writing process, many readers.

Its tables have no rowid where it matters, so VACUUM writes every row in order of its key, and the emptied write-ahead
log keeps nothing of the order in which they came.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from intake.drop.database import SQLITE, nothing
from intake.drop.folder import DataFolder
from intake.drop.parts import Full, room
from intake.errors import Fault

BUSY_SECONDS = 120.0  # a fold by another process rewrites the file; writers wait for it


class SQLite:
    """See `intake.drop.database.Database`. Only processes of this machine use it, and DATA/lock keeps those apart."""

    place = SQLITE
    shared = False
    patience = threading.TIMEOUT_MAX  # SQLite keeps its own, `BUSY_SECONDS`

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        # SQLite copies the mode of the main file to its log and index, so the main file is made first.
        os.close(os.open(folder.database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        _keep_temporary(folder.path)
        self.engine = create_engine(
            f"sqlite:///{folder.database}", poolclass=QueuePool, connect_args={"timeout": BUSY_SECONDS}
        )
        event.listen(self.engine, "connect", _prepare)

    def insert(self, table: Any) -> Insert:
        """See `Database`."""
        return insert(table)

    def migrating(self, connection: Connection) -> AbstractContextManager[None]:  # noqa: ARG002  # SQLite's own lock
        """See `Database`."""
        return nothing()

    def rewrite(self) -> None:
        """See `Database`. Takes twice the room of all rows for a while; readers are waited for two minutes.

        Where there is none, at least the log is emptied. Raises `Full` then.
        """
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            try:
                try:
                    if (wanted := _to_rewrite(connection)) > self._free():
                        raise Full(f"the disk has no room to fold the store, which takes {wanted / 1e6:.0f} MB")
                    connection.exec_driver_sql("VACUUM")
                finally:
                    _empty_log(connection)
            except SQLAlchemyError as error:
                raise self.fault(error) from error

    def alone(self, *, wait: bool) -> AbstractContextManager[None]:  # noqa: ARG002  # DATA/lock is enough
        """See `Database`."""
        return nothing()

    def serving(self, *, alone: bool) -> AbstractContextManager[None]:  # noqa: ARG002  # likewise
        """See `Database`."""
        return nothing()

    def renew(self) -> None:
        """See `Database`."""

    def room(self) -> int:
        """See `Database`."""
        return room(self._folder.path)

    def _free(self) -> int:
        return shutil.disk_usage(self._folder.path).free

    def fault(self, error: SQLAlchemyError) -> Fault:
        """See `Database`."""
        cause = getattr(error, "orig", None)
        if isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return Full("the disk is full")
        return Fault(f"the database failed: {cause or type(error).__name__}", "Check the disk that holds DATA.")

    def cautions(self) -> tuple[str, ...]:
        """See `Database`."""
        with self.engine.connect() as connection:
            wanted = _to_rewrite(connection)
        if wanted <= self._free():
            return ()
        return (
            f"the disk has no room for the next fold, which takes {wanted / 1e6:.0f} MB: purge, or take a larger one",
        )

    def unserved(self) -> AbstractContextManager[None]:
        """See `Database`."""
        return nothing()

    @contextmanager
    def removing(self) -> Iterator[Connection]:
        """See `Database`."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self.fault(error) from error
        self.engine.dispose()
        for suffix in ("-wal", "-shm", ""):
            self._folder.database.with_name(self._folder.database.name + suffix).unlink(missing_ok=True)


def _keep_temporary(folder: Path) -> None:
    """VACUUM builds the new file in a temporary one: inside DATA, never in a /tmp that others or a backup may read.

    SQLite looks at SQLITE_TMPDIR when Python imports it, before anybody knows where DATA is; so it is told by a pragma
    of the whole process, and asked. Raises `Fault`.
    """
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("PRAGMA temp_store_directory = '{}'".format(str(folder.absolute()).replace("'", "''")))
        if connection.execute("PRAGMA temp_store_directory").fetchone() != (str(folder.absolute()),):
            raise Fault("this SQLite does not keep its temporary files in DATA", "Install Debian's libsqlite3.")


def _to_rewrite(connection: Connection) -> int:
    """Bytes that VACUUM takes: all that is used, in a temporary file and then in the log."""
    ask = connection.exec_driver_sql
    count, unused, size = (
        int(ask(f"PRAGMA {name}").scalar_one()) for name in ("page_count", "freelist_count", "page_size")
    )
    return 2 * (count - unused) * size


def _empty_log(connection: Connection) -> None:
    """Move the log into the file and cut it to nothing; readers that are still on it are waited for."""
    deadline = time.monotonic() + BUSY_SECONDS
    while connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]:
        if time.monotonic() > deadline:
            raise Fault("the write-ahead log can't be emptied: something reads it", "Run `intake drop fold` again.")
        time.sleep(0.05)


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
