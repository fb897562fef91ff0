"""PostgreSQL, for more than one machine. Driver `psycopg` 3, through SQLAlchemy.

A row tells more here than its columns: its place in the heap, the number of the transaction that wrote it (xmin), the
OIDs under which its long values lie apart, and the pages of the index all rise as reports come. CLUSTER and VACUUM FULL
keep the transaction numbers. So a fold inserts every row into a fresh table, in order of id, in one transaction, and
drops the old one: then all rows have one xmin, and places and OIDs follow the ids.

What PostgreSQL writes besides: the write-ahead log holds every row, and the microsecond of every commit, until its
segment is removed. A fold begins a new segment and asks for a checkpoint, if this role may do so; with wal_recycle off
the older segments are then removed. Autovacuum stays away from these tables, since it would note when it ran and keep
samples of ids. A log of statements, or commit timestamps, keep the drop from serving; copies of the write-ahead log are
told of by `cautions`.
"""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Connection, create_engine
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from intake.drop.parts import Full
from intake.drop.tables import metadata
from intake.errors import Fault, Usage

MIGRATING, MAINTAINING, SERVING = (0x616D6F6E61740000 + number for number in range(3))
"""Advisory locks; they count within one database."""

CONNECT_SECONDS = 5
LOCK_SECONDS = 120
ROOM_SECONDS = 10.0

_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_ADVICE = "Check that PostgreSQL runs, its address in the setting `database`, and PGPASSWORD or PGPASSFILE."

_UNATTENDED = "autovacuum_enabled = off, toast.autovacuum_enabled = off"

_HARMFUL = {
    # setting: (what it must be, what it does otherwise)
    "fsync": ("on", "what is acknowledged is not on disk"),
    "full_page_writes": ("on", "a power cut can damage what was acknowledged"),
    "track_commit_timestamp": ("off", "the second of every report is kept"),
    "log_statement": ("none", "its log tells when each report came"),
    "log_min_duration_statement": ("-1", "its log tells when each report came"),
    "log_min_duration_sample": ("-1", "its log tells when some reports came"),
    "log_transaction_sample_rate": ("0", "its log tells when some reports came"),
    "log_duration": ("off", "its log tells when each report came"),
    "log_parameter_max_length_on_error": ("0", "its log may hold reports"),
}
_TELLING = {
    "log_checkpoints": ("off", "its log tells within which minutes something was written"),
    "wal_recycle": ("off", "old segments of its write-ahead log are kept to be used again"),
    "wal_keep_size": ("0", "old segments of its write-ahead log are kept"),
    "archive_mode": ("off", "its write-ahead log is archived: the archive tells when each report came"),
}


class Postgres:
    """See `intake.drop.database.Database`. `room`: bytes that the database may take, 0 for as many as there are.

    Raises `Usage` for an address that can't be used.
    """

    shared = True
    patience = LOCK_SECONDS + 10.0

    def __init__(self, place: str, *, room: int = 0) -> None:
        self.place = place
        self._conninfo = conninfo(place)
        self._room = room
        self._measured = (0.0, 0)
        self._lease: Connection | None = None
        self._lease_alone = False
        self.engine = create_engine(
            "postgresql+psycopg://", creator=self._connect, poolclass=QueuePool, pool_pre_ping=True
        )

    def insert(self, table: Any) -> Insert:
        """See `Database`."""
        return insert(table)

    @contextmanager
    def migrating(self, connection: Connection) -> Iterator[None]:
        """See `Database`."""
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({MIGRATING})")
        connection.commit()
        try:
            yield
        finally:
            with suppress(SQLAlchemyError):
                connection.rollback()
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({MIGRATING})")
                connection.commit()

    def rewrite(self) -> None:
        """See `Database`. Needs as much free disk as the tables are large; writers wait meanwhile, readers don't."""
        tables = metadata.sorted_tables
        try:
            with self.engine.begin() as connection:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
                connection.exec_driver_sql(f"LOCK TABLE {', '.join(t.name for t in tables)} IN EXCLUSIVE MODE")
                for table in tables:
                    old, new = table.name, f"{table.name}_folded"
                    key = ", ".join(column.name for column in table.primary_key)
                    for statement in (
                        f"CREATE TABLE {new} (LIKE {old} INCLUDING ALL) WITH ({_UNATTENDED})",
                        f"INSERT INTO {new} SELECT * FROM {old} ORDER BY {key}",  # noqa: S608  # our own names
                        f"DROP TABLE {old}",
                        f"ALTER TABLE {new} RENAME TO {old}",
                        f"ALTER INDEX {new}_pkey RENAME TO {old}_pkey",
                    ):
                        connection.exec_driver_sql(statement)
            self._empty_log()
        except SQLAlchemyError as error:
            raise self.fault(error) from error

    def _empty_log(self) -> None:
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if _may_empty_log(connection):
                connection.exec_driver_sql("SELECT pg_switch_wal()")
                connection.exec_driver_sql("CHECKPOINT")

    @contextmanager
    def alone(self, *, wait: bool) -> Iterator[None]:
        """See `Database`."""
        with self._holding() as connection:
            if not _lock(connection, MAINTAINING, wait=wait):
                raise Fault("another node folds, exports, purges or delivers", "Wait until it has ended.")
            yield

    @contextmanager
    def serving(self, *, alone: bool) -> Iterator[None]:
        """See `Database`. Raises `Usage` when the settings of PostgreSQL break what the drop promises."""
        with self._reading() as connection:
            wrong = list(_settings(connection, _HARMFUL))
        if wrong:
            raise Usage(
                "this PostgreSQL can't be used: " + "; ".join(f"{name} is {is_}: {why}" for name, is_, why in wrong),
                "Set in postgresql.conf: " + ", ".join(f"{name} = {_HARMFUL[name][0]}" for name, _, _ in wrong) + ".",
            )
        self._lease_alone = alone
        self.renew()
        try:
            yield
        finally:
            lease, self._lease = self._lease, None
            if lease is not None:
                _end(lease)

    def renew(self) -> None:
        """Hold the lock of `serving` again if the connection that held it broke. Raises `Fault`."""
        with self._ours():
            if self._lease is not None:
                try:
                    self._lease.exec_driver_sql("SELECT 1")
                    return
                except SQLAlchemyError:
                    _end(self._lease)
                    self._lease = None
            lease = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if not _lock(lease, SERVING, wait=False, shared=not self._lease_alone):
                _end(lease)
                raise Fault(
                    "another node serves from this database, or its reports are being moved",
                    "Several nodes need S3-compatible storage (`blobs`); stop the others, or end the move.",
                )
            self._lease = lease

    @contextmanager
    def unserved(self) -> Iterator[None]:
        """No node serves until the block ends. Raises `Fault` when one does."""
        with self._holding() as connection:
            if not _lock(connection, SERVING, wait=False):
                raise Fault("a node serves from this database", "Stop every node first.")
            yield

    def room(self) -> int:
        """See `Database`. PostgreSQL doesn't tell its clients how full its disk is."""
        if not self._room:
            return 2**62
        when, size = self._measured
        if time.monotonic() > when + ROOM_SECONDS or not when:
            with self._reading() as connection:
                size = int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
            self._measured = time.monotonic(), size
        return max(0, self._room - size)

    def fault(self, error: SQLAlchemyError) -> Fault:
        """See `Database`."""
        cause = getattr(error, "orig", None)
        if not isinstance(cause, psycopg.Error):
            return Fault(f"the database failed: {type(error).__name__}", _ADVICE)
        if cause.sqlstate == "53100":
            return Full("the database's disk is full")
        # The primary message names tables and settings; values stand in its details only.
        told = cause.diag.message_primary or str(cause).partition("\n")[0]
        return Fault(f"the database failed: {told[:300] or type(cause).__name__}", _ADVICE)

    def cautions(self) -> tuple[str, ...]:
        """See `Database`."""
        with self._reading() as connection:
            told = [f"PostgreSQL's {name} is {is_}: {why}" for name, is_, why in _settings(connection, _TELLING)]
            if not _may_empty_log(connection):
                told.append(
                    "this role may not begin a new segment of PostgreSQL's write-ahead log: grant it pg_checkpoint and "
                    "pg_switch_wal(), or the log tells when each report came until it is overwritten"
                )
            copies = "SELECT count(*) FROM pg_replication_slots"
            if connection.exec_driver_sql(copies).scalar_one():
                told.append("PostgreSQL has replicas, whose logs tell when each report came")
        return tuple(told)

    @contextmanager
    def removing(self) -> Iterator[Connection]:
        """See `Database`."""
        names = ", ".join([table.name for table in metadata.sorted_tables] + ["alembic_version"])
        with self._ours():
            with self.engine.begin() as connection:
                connection.exec_driver_sql("LOCK TABLE report IN ACCESS EXCLUSIVE MODE")
                yield connection
                connection.exec_driver_sql(f"DROP TABLE {names}")
            self._empty_log()

    def _connect(self) -> psycopg.Connection[Any]:
        connection = psycopg.connect(self._conninfo, prepare_threshold=None)
        # Whatever the server's default says, a report is on its disk before it is acknowledged.
        connection.execute("SET synchronous_commit TO on")
        connection.commit()
        return connection

    @contextmanager
    def _ours(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise self.fault(error) from error

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._ours(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _holding(self) -> Iterator[Connection]:
        """A connection of its own, whose locks go with it."""
        with self._ours():
            connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            with self._ours():
                yield connection
        finally:
            _end(connection)


def conninfo(place: str) -> str:
    """The address as libpq wants it. Raises `Usage` for one that holds a secret, or would send one in the clear."""
    try:
        given = conninfo_to_dict(place)
    except psycopg.ProgrammingError as error:
        raise Usage(f"database is no address of PostgreSQL: {str(error).strip()}", _FORM) from error
    if not place.startswith(("postgresql://", "postgres://")) or not given.get("dbname"):
        raise Usage("database is no address of PostgreSQL", _FORM)
    if given.get("password") or given.get("sslpassword"):
        raise Usage("database holds a password", "Put it into PGPASSWORD or the file PGPASSFILE, and nowhere else.")
    hosts = str(given.get("host") or "").split(",")
    if not all(map(_is_near, hosts)):
        if given.setdefault("sslmode", "verify-full") != "verify-full":
            raise Usage("database is across a network and sslmode is not verify-full", "Leave sslmode out.")
        if not given.get("sslrootcert") and not os.environ.get("PGSSLROOTCERT"):
            given["sslrootcert"] = str(_CERTIFICATES) if _CERTIFICATES.exists() else "system"
    given.setdefault("connect_timeout", str(CONNECT_SECONDS))
    given.setdefault("application_name", "intake")
    return make_conninfo("", **given)


_FORM = "Give it as postgresql://USER@HOST/NAME, or postgresql://USER@/NAME?host=/run/postgresql; TLS is switched on."


def _is_near(host: str) -> bool:
    if not host or host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _lock(connection: Connection, key: int, *, wait: bool, shared: bool = False) -> bool:
    name = f"pg_{'' if wait else 'try_'}advisory_lock{'_shared' if shared else ''}"
    return bool(connection.exec_driver_sql(f"SELECT {name}({key})").scalar_one()) or wait


def _end(connection: Connection) -> None:
    """Close the session itself: its advisory locks end with it, however it stands."""
    with suppress(SQLAlchemyError):
        connection.invalidate()
    with suppress(SQLAlchemyError):
        connection.close()


def _settings(connection: Connection, wanted: dict[str, tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    rows = dict(tuple(row) for row in connection.exec_driver_sql("SELECT name, setting FROM pg_settings"))
    for name, (right, why) in wanted.items():
        if name in rows and rows[name] != right:
            yield name, str(rows[name]), why


def _may_empty_log(connection: Connection) -> bool:
    asked = """
        SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR (
            EXISTS (SELECT FROM pg_roles WHERE rolname = 'pg_checkpoint' AND pg_has_role(oid, 'USAGE'))
            AND has_function_privilege('pg_switch_wal()', 'EXECUTE'))
    """
    return bool(connection.exec_driver_sql(asked).scalar_one())
