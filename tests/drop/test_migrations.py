"""Each migration carries the data of the shape before it."""

import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from intake.drop.database import NEWEST
from intake.drop.folder import DataFolder
from intake.drop.store import Entry, Store


def first(connection: sqlite3.Connection) -> None:
    """A drop as 0001 leaves it, with one report and one bundle."""
    connection.executescript(
        """
        CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
        INSERT INTO alembic_version VALUES ('0001');
        CREATE TABLE report (id BLOB NOT NULL PRIMARY KEY, day VARCHAR(10) NOT NULL, size INTEGER NOT NULL,
            sha256 BLOB NOT NULL, claimed INTEGER, carried BOOLEAN NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE bundle (serial INTEGER NOT NULL PRIMARY KEY, hash BLOB NOT NULL, day VARCHAR(10) NOT NULL,
            note BLOB);
        CREATE TABLE chain (epoch INTEGER NOT NULL PRIMARY KEY, folded VARCHAR(10) NOT NULL);
        INSERT INTO chain VALUES (2, '2026-11-22');
        """
    )
    connection.execute(
        "INSERT INTO report VALUES (?, '2026-11-21', 6, ?, NULL, 1, ?)", (b"i" * 16, b"s" * 32, b"sealed")
    )
    connection.execute("INSERT INTO bundle VALUES (12, ?, '2026-11-22', NULL)", (b"h" * 32,))


def mailboxes(connection: sqlite3.Connection) -> None:
    """A drop as 0002 leaves it: with tables for answers and acknowledgements."""
    first(connection)
    connection.executescript(
        """
        UPDATE alembic_version SET version_num = '0002';
        CREATE TABLE reply (mailbox BLOB NOT NULL PRIMARY KEY, number INTEGER NOT NULL, day VARCHAR(10) NOT NULL,
            body BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE outbox (label VARCHAR(32) NOT NULL PRIMARY KEY, serial INTEGER NOT NULL, hash BLOB NOT NULL);
        CREATE TABLE acknowledged (serial INTEGER NOT NULL, label VARCHAR(32) NOT NULL, day VARCHAR(10) NOT NULL,
            PRIMARY KEY (serial, label));
        """
    )


def parts(connection: sqlite3.Connection) -> None:
    """A drop as 0003 leaves it: a report may lie in parts."""
    mailboxes(connection)
    connection.executescript(
        """
        UPDATE alembic_version SET version_num = '0003';
        ALTER TABLE report ADD COLUMN parts INTEGER DEFAULT '0' NOT NULL;
        """
    )


def everything(connection: sqlite3.Connection) -> None:
    """A drop as 0004 leaves it: it knows which bundles carried all."""
    parts(connection)
    connection.executescript(
        """
        UPDATE alembic_version SET version_num = '0004';
        ALTER TABLE bundle ADD COLUMN everything BOOLEAN DEFAULT '0' NOT NULL;
        """
    )


def several(connection: sqlite3.Connection) -> None:
    """A drop as 0005 leaves it: several nodes may share it."""
    everything(connection)
    connection.executescript(
        """
        UPDATE alembic_version SET version_num = '0005';
        ALTER TABLE report ADD COLUMN place BLOB;
        ALTER TABLE chain ADD COLUMN origin VARCHAR;
        ALTER TABLE chain ADD COLUMN mark VARCHAR;
        ALTER TABLE chain ADD COLUMN blobs VARCHAR;
        CREATE TABLE upload (place BLOB NOT NULL PRIMARY KEY, node VARCHAR(32) NOT NULL, day VARCHAR(10) NOT NULL)
            WITHOUT ROWID;
        """
    )


def epochs(connection: sqlite3.Connection) -> None:
    """A drop as 0006 leaves it: it knows where its epoch begins."""
    several(connection)
    connection.executescript(
        """
        UPDATE alembic_version SET version_num = '0006';
        ALTER TABLE chain ADD COLUMN begins INTEGER DEFAULT '1' NOT NULL;
        """
    )


def settled(connection: sqlite3.Connection) -> None:
    """A drop as 0007 leaves it: it knows what need not be folded again."""
    epochs(connection)
    connection.executescript(
        """
        UPDATE alembic_version SET version_num = '0007';
        ALTER TABLE report ADD COLUMN settled BOOLEAN DEFAULT 0 NOT NULL;
        """
    )


SHAPES: dict[str, Callable[[sqlite3.Connection], None]] = {
    "0001": first,
    "0002": mailboxes,
    "0003": parts,
    "0004": everything,
    "0005": several,
    "0006": epochs,
    "0007": settled,
}


def test_there_is_a_shape_for_each_migration() -> None:
    config = Config()
    config.set_main_option("script_location", "intake.drop:migrations")
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert {script.revision for script in scripts.walk_revisions()} == set(SHAPES)
    assert scripts.get_current_head() == NEWEST


@pytest.mark.parametrize("shape", SHAPES)
def test_what_was_stored_is_still_there(tmp_path: Path, shape: str) -> None:
    folder = DataFolder.open(tmp_path / "data", create=True)
    connection = sqlite3.connect(folder.database)
    SHAPES[shape](connection)
    connection.commit()
    connection.close()
    with Store(folder) as store:
        assert store.entries() == [Entry(b"i" * 16, date(2026, 11, 21), 6, b"s" * 32, None, carried=True)]
        assert store.body(b"i" * 16) == b"sealed"
        last = store.last_bundle()
        assert last is not None
        assert (last.serial, last.hash, last.note) == (12, b"h" * 32, None)
        assert (store.epoch(), store.folded()) == (2, date(2026, 11, 22))


def test_large_reports_of_days_long_over_are_not_folded_again(tmp_path: Path) -> None:
    """The last fold was on the 22nd: it was to write those of the 21st once more."""
    folder = DataFolder.open(tmp_path / "data", create=True)
    connection = sqlite3.connect(folder.database)
    epochs(connection)
    for day in (20, 21, 22):
        values = (bytes([day]) * 16, f"2026-11-{day}", b"s" * 32)
        connection.execute("INSERT INTO report VALUES (?, ?, 6, ?, NULL, 1, x'', 3, NULL)", values)
    connection.commit()
    connection.close()
    with Store(folder) as store:
        large = {entry.day.day: entry.settled for entry in store.entries() if entry.parts}
    assert large == {20: True, 21: False, 22: False}
