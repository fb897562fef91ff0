"""What a drop wants of the database that holds its reports: SQLite in DATA, or PostgreSQL.

What only one of the two needs to know stands in `intake.drop.sqlite` and `intake.drop.postgres`; whoever uses a
database knows `Database`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import SQLAlchemyError

from intake.errors import Fault

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
    from sqlalchemy.dialects.sqlite import Insert as SQLiteInsert

SQLITE = "sqlite"
"""The place that is DATA/drop.db."""


class Database(Protocol):
    """What the store wants of a database. Methods raise `Fault` when it fails."""

    engine: Engine
    place: str
    """As in the setting, without anything secret."""
    shared: bool
    """Whether other nodes may use it too."""
    patience: float
    """Seconds that a write may take at most."""

    def insert(self, table: Any) -> SQLiteInsert | PostgresInsert:
        """An INSERT that knows ON CONFLICT."""

    def migrating(self, connection: Connection) -> AbstractContextManager[None]:
        """Nobody else changes the shape of the tables meanwhile."""

    def rewrite(self) -> None:
        """Write all rows anew in order of their keys, so that their places and marks tell nothing of when they came."""

    def alone(self, *, wait: bool) -> AbstractContextManager[None]:
        """No other node folds, exports, purges or delivers until the block ends. Raises `Fault` when one does."""

    def serving(self, *, alone: bool) -> AbstractContextManager[None]:
        """Say that this node serves until the block ends: beside others, or `alone`. Raises `Fault` when it may not."""

    def renew(self) -> None:
        """Serve on, if the connection that said so broke. Raises `Fault` when this node may not any more."""

    def room(self) -> int:
        """Bytes that are free, as far as that can be known."""

    def fault(self, error: SQLAlchemyError) -> Fault:
        """SQLAlchemy's error as ours. The statement and its values stay out of the message."""

    def cautions(self) -> tuple[str, ...]:
        """What about this database keeps more than the drop promises, in sentences without a full stop."""

    def unserved(self) -> AbstractContextManager[None]:
        """No node serves until the block ends. Raises `Fault` when one does."""

    def removing(self) -> AbstractContextManager[Connection]:
        """A last look: nobody can write any more, and when the block ends all that the drop keeps here is deleted."""


NEWEST = "0007"
"""The last step of `migrations/`; a test holds the two together."""


def migrate(database: Database) -> None:
    """Bring the tables to the newest shape. Raises `Fault`."""
    with reading(database) as connection:
        known = inspect(connection).has_table("alembic_version")
        if known and connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == [NEWEST]:
            return
    from alembic import command as alembic  # a fifth of a server's start, and seldom needed
    from alembic.config import Config as AlembicConfig

    config = AlembicConfig()
    config.set_main_option("script_location", "intake.drop:migrations")
    config.set_main_option("path_separator", "os")
    try:
        with database.engine.connect() as connection, database.migrating(connection):
            config.attributes["connection"] = connection
            alembic.upgrade(config, "head")
            connection.commit()
    except SQLAlchemyError as error:
        raise database.fault(error) from error


@contextmanager
def reading(database: Database) -> Iterator[Connection]:
    """A connection to read with. Raises `Fault`."""
    try:
        with database.engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise database.fault(error) from error


@contextmanager
def writing(database: Database) -> Iterator[Connection]:
    """A transaction: committed and on disk at its end, or undone. Raises `Fault`."""
    try:
        with database.engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise database.fault(error) from error


@contextmanager
def nothing() -> Iterator[None]:
    """For whoever needs no lock."""
    yield
