"""The encrypted database: SQLAlchemy on SQLCipher, with every property of a connection set and read back.

Every page of vault.db, its write-ahead log and its rollback journal is encrypted and authenticated with the raw key.
Temporary tables and sorting stay in memory, deleted rows are overwritten. SQLCipher keeps its keys in locked memory and
wipes them. What else is freed is wiped by `intake.memory.wipe_freed`, not by SQLCipher's `cipher_memory_security`: that
locks and unlocks each of its allocations, which took more than half of an import's time, saw no more than SQLite's own
memory, and silently stopped locking at the few megabytes that a user may lock.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool
from sqlcipher3 import dbapi2

from intake.errors import Damaged, Fault

_WAIT = 30.0  # seconds for another connection of this process to finish its transaction
_NOT_A_DATABASE = 26  # SQLITE_NOTADB: what a wrong key or a damaged first page give
_CORRUPT = 11
_FULL = 13

_PROPERTIES = (
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    ("secure_delete", "ON", 1),
    ("foreign_keys", "ON", 1),
    ("temp_store", "MEMORY", 2),
    ("cache_size", -(64 << 10), -(64 << 10)),  # KiB: the indexes of 100,000 reports, else each new one reads its pages
    ("wal_autocheckpoint", 4096, 4096),  # pages
)


def open_engine(path: Path, key: bytes) -> Engine:
    """An engine on the database at `path` (made when missing) with its 32-byte key. A transaction is a real one.

    Raises `Damaged` when the key does not open it: the caller knows whether the passphrase was right.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    engine = create_engine("sqlite://", module=dbapi2, creator=_connector(path, key), poolclass=QueuePool)
    event.listen(engine, "begin", _begin)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    except SQLAlchemyError as error:
        engine.dispose()
        raise fault(error) from error
    except BaseException:
        engine.dispose()
        raise
    return engine


def _connector(path: Path, key: bytes) -> Callable[[], sqlite3.Connection]:
    def connect() -> sqlite3.Connection:
        connection: sqlite3.Connection = dbapi2.connect(
            str(path), timeout=_WAIT, check_same_thread=False, isolation_level=None
        )
        try:
            connection.execute("PRAGMA cipher_log_level = NONE")  # else it writes to stderr
            connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    return connect


def _prepare(connection: sqlite3.Connection) -> None:
    """Set what is kept per connection, and read it back: a pragma that is not understood is silently ignored."""
    if not connection.execute("PRAGMA cipher_version").fetchone():
        raise Fault("this SQLite does not encrypt", "Install the sqlcipher3 that this program names.")
    for pragma, value, expected in _PROPERTIES:
        connection.execute(f"PRAGMA {pragma} = {value}")
        if connection.execute(f"PRAGMA {pragma}").fetchone()[0] != expected:
            raise Fault(
                f"this SQLite does not keep {pragma}={value}", "Install the sqlcipher3 that this program names."
            )


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def rekey(path: Path, old: bytes, new: bytes) -> None:
    """Encrypt every page anew, in one transaction: after a power cut the database has one key or the other.

    Nothing else may be connected. Raises `Fault`.
    """
    try:
        connection = _connector(path, old)()
        try:
            (result,) = connection.execute(f"PRAGMA rekey = \"x'{new.hex()}'\"").fetchone()
            if result != "ok":
                raise Fault("the vault could not be encrypted anew", "Nothing changed: the old passphrase opens it.")
        finally:
            connection.close()
    except dbapi2.Error as error:
        raise _fault(error) from error


def settle(engine: Engine) -> None:
    """Put what the database's log holds into its file, and empty the log. Raises `Fault` when something is being read.

    After a kill behind `rekey` the file still has its pages under the old key, and only the log those under the new.
    """
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]:
                raise Fault("the vault is in use", "Wait until the work under way has ended.")
    except SQLAlchemyError as error:
        raise fault(error) from error


def fault(error: Exception) -> Fault | Damaged:
    """SQLAlchemy's error, or the database's own, as ours. The statement and its values stay out of the message."""
    cause = getattr(error, "orig", error)
    return _fault(cause) if isinstance(cause, dbapi2.Error) else Fault(f"the vault failed: {type(error).__name__}")


def _fault(cause: Exception) -> Fault | Damaged:
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code == _FULL:
        return Fault("the disk is full", "Make room: nothing that was under way was kept, nothing older is lost.")
    if code in (_NOT_A_DATABASE, _CORRUPT):
        return Damaged("vault.db is damaged", "Keep it as it is, and copy the newest backup of the vault back.")
    return Fault(f"the vault failed: {cause}", "Check the disk that holds the vault.")
