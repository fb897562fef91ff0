"""The store: durable before it answers, folded, erased when deleted, private, and one process at a time."""

import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, event

from intake.drop.entering import Outcome
from intake.drop.folder import DataFolder, Role
from intake.drop.parts import Full
from intake.drop.store import Store
from intake.drop.tables import metadata
from intake.errors import Fault

DAY = date(2026, 11, 23)
LATER = date(2026, 11, 24)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """Of a drop whose reports are in DATA/drop.db."""
    return DataFolder.open(tmp_path / "data", create=True)


@pytest.fixture
def either(tmp_path: Path, lay: Callable[[DataFolder], DataFolder]) -> DataFolder:
    """Of a drop on one database or the other."""
    return lay(DataFolder.open(tmp_path / "data", create=True))


@pytest.fixture
def held(either: DataFolder) -> Iterator[Store]:
    with Store(either) as found:
        yield found


@pytest.fixture
def store(folder: DataFolder) -> Iterator[Store]:
    with Store(folder) as found:
        yield found


def put(store: Store, body: bytes = b"x" * 5000, identifier: bytes | None = None, day: date = DAY) -> bytes:
    identifier = identifier or os.urandom(16)
    assert store.put(identifier, body, claimed=7, day=day) is Outcome.NEW
    return identifier


def test_the_same_bytes_are_the_same_and_others_are_refused(held: Store) -> None:
    identifier = put(held, b"one")
    assert held.put(identifier, b"one", claimed=None, day=LATER) is Outcome.SAME
    assert held.put(identifier, b"two", claimed=7, day=DAY) is Outcome.OTHER
    (entry,) = held.entries()
    assert (entry.id, entry.day, entry.size, entry.claimed, entry.carried) == (identifier, DAY, 3, 7, False)
    assert held.body(identifier) == b"one"


def test_what_was_put_is_there_after_a_restart(either: DataFolder) -> None:
    with Store(either) as store:
        identifier = put(store, b"kept")
    with Store(either) as store:
        assert store.body(identifier) == b"kept"
        assert store.count_by_day() == {DAY: 1}


def test_eight_threads_lose_and_double_nothing(held: Store) -> None:
    clash = os.urandom(16)
    outcomes: list[Outcome] = []
    ids = [[os.urandom(16) for _ in range(50)] for _ in range(8)]

    def run(mine: list[bytes], number: int) -> None:
        for identifier in mine:
            put(held, os.urandom(3000), identifier)
        outcomes.append(held.put(clash, bytes([number]), claimed=None, day=DAY))

    threads = [threading.Thread(target=run, args=(mine, number)) for number, mine in enumerate(ids)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {entry.id for entry in held.entries()} == {each for mine in ids for each in mine} | {clash}
    assert sorted(outcome.value for outcome in outcomes) == ["new"] + ["other"] * 7


def test_every_connection_erases_and_is_durable(store: Store, folder: DataFolder) -> None:
    found: list[tuple[object, ...]] = []

    def look(connection: sqlite3.Connection, *_: object) -> None:
        pragmas = ("secure_delete", "synchronous", "journal_mode")
        found.append(tuple(connection.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in pragmas))

    with listening("checkout", look), Store(folder) as another:
        put(another)
        another.entries()
    assert set(found) == {(1, 2, "wal")}
    assert len(found) >= 3


@contextmanager
def listening(name: str, hook: Callable[..., None]) -> Iterator[None]:
    event.listen(Engine, name, hook)
    try:
        yield
    finally:
        event.remove(Engine, name, hook)


def places(database: Path, ids: list[bytes]) -> list[int]:
    """Where in the file each report's row begins, by its id, which occurs nowhere else."""
    content = database.read_bytes()
    found = [content.find(identifier) for identifier in ids]
    assert min(found) > 0
    return found


def correlation(values: list[int]) -> float:
    """Of the values with their own order (Spearman's rho)."""
    ranks = {value: rank for rank, value in enumerate(sorted(values))}
    mean = (len(values) - 1) / 2
    above = sum((i - mean) * (ranks[value] - mean) for i, value in enumerate(values))
    return above / sum((i - mean) ** 2 for i in range(len(values)))


def test_a_fold_unties_position_from_arrival(store: Store, folder: DataFolder) -> None:
    ids = [put(store, os.urandom(5000)) for _ in range(600)]
    store.fold(DAY)
    assert abs(correlation(places(folder.database, ids))) < 0.15  # chance alone stays below in 999 of 1,000
    assert correlation(places(folder.database, sorted(ids))) > 0.95  # by id, but for the tree's inner pages
    assert (folder.path / "drop.db-wal").stat().st_size == 0
    assert store.folded() == DAY


def test_a_folded_file_is_the_same_whatever_came_first(tmp_path: Path) -> None:
    reports = {os.urandom(16): os.urandom(3000) for _ in range(100)}
    files = []
    for number, ids in enumerate((list(reports), sorted(reports), sorted(reports, reverse=True))):
        folder = DataFolder.open(tmp_path / str(number), create=True)
        with Store(folder) as store:
            for identifier in ids:
                put(store, reports[identifier], identifier)
            store.fold(DAY)
        files.append(folder.database.read_bytes()[100:])  # SQLite's own head counts commits
    assert files[0] == files[1] == files[2]


def test_a_fold_that_failed_is_none(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that starts looks at the day of the last one."""
    put(store)
    before = store.folded()

    def fail() -> None:
        raise Full("the disk has no room")

    with monkeypatch.context() as patch:
        patch.setattr(store.database, "rewrite", fail)
        with pytest.raises(Full):
            store.fold(DAY)
    assert store.folded() == before
    store.fold(DAY)
    assert store.folded() == DAY


def test_a_fold_leaves_nothing_of_what_was_deleted(folder: DataFolder) -> None:
    with Store(folder) as store:
        put(store, b"canary" * 3000)
        store.begin_bundle(1, b"h" * 32, b"index with names", day=DAY)
        store.finish_bundle(1, [])
        store.fold(DAY)
        assert b"canary" in folder.database.read_bytes()
        assert b"index with names" not in folder.database.read_bytes()


def test_no_column_is_finer_than_a_day(store: Store, folder: DataFolder) -> None:
    put(store)
    store.begin_bundle(1, b"h" * 32, b"note", day=DAY)
    with sqlite3.connect(folder.database) as connection:
        for table in ("report", "bundle", "chain"):
            for row in connection.execute(f"SELECT * FROM {table}"):
                assert not [value for value in row if isinstance(value, float)]
                assert all(len(value) == 10 for value in row if isinstance(value, str))
    connection.close()


def test_everything_is_private(store: Store, folder: DataFolder) -> None:
    put(store)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.path.iterdir()}
    assert modes == dict.fromkeys(("drop.db", "drop.db-wal", "drop.db-shm"), 0o600)
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_a_folder_open_to_others_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    with pytest.raises(Fault, match="other users may enter"):
        DataFolder.open(tmp_path)


def test_one_process_holds_a_role(folder: DataFolder) -> None:
    with folder.held(Role.SERVE):
        with folder.held(Role.MAINTAIN), pytest.raises(Fault, match="another process serves"), folder.held(Role.SERVE):
            pass
        with pytest.raises(Fault, match="another process serves"), folder.held(Role.SERVE):
            pass
    with folder.held(Role.SERVE):
        pass


def test_a_full_disk_is_said_and_forgotten_when_there_is_room(folder: DataFolder) -> None:
    limit = ["40"]

    def shrink(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={limit[0]}")

    with listening("checkout", shrink), Store(folder) as store:
        kept = put(store, os.urandom(30_000))
        with pytest.raises(Full):
            store.put(os.urandom(16), os.urandom(200_000), claimed=7, day=DAY)
        assert [entry.id for entry in store.entries()] == [kept]
        limit[0] = "1000000"
        assert store.put(os.urandom(16), os.urandom(200_000), claimed=7, day=DAY) is Outcome.NEW


def test_the_reserve_is_for_small_reports(folder: DataFolder) -> None:
    with Store(folder, reserve=10**18) as store:
        with pytest.raises(Full, match="reserve"):
            store.put(os.urandom(16), bytes(70_000), claimed=7, day=DAY)
        put(store, bytes(21_157))


def test_the_migrations_make_the_tables(store: Store, folder: DataFolder) -> None:
    engine = create_engine(f"sqlite:///{folder.database}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        sql = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'report'").scalar_one()
    engine.dispose()
    assert "WITHOUT ROWID" in sql


def test_those_who_wait_are_committed_together_and_a_surprise_holds_none_of_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever commits meets an error that nobody foresaw: the others are told of a fault, and the next one goes on."""
    batches: list[int] = []
    insert, begun, gathered = store._insert, threading.Event(), threading.Event()

    def surprising(rows: Sequence[dict[str, Any]]) -> list[Outcome]:
        batches.append(len(rows))
        if len(batches) == 1:
            begun.set()
            gathered.wait(60)
        if len(batches) == 2:
            raise ZeroDivisionError
        return insert(rows)

    monkeypatch.setattr(store, "_insert", surprising)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(put, store)
        assert begun.wait(60)
        others = [pool.submit(put, store) for _ in range(7)]
        while len(store._waiting) < 7:
            threading.Event().wait(0.01)
        gathered.set()
        assert first.result(60)
        surprises = [type(one.exception(60)) for one in others]
    assert batches == [1, 7]
    assert sorted(each.__name__ for each in surprises) == ["Fault"] * 6 + ["ZeroDivisionError"]
    put(store)
    assert len(store.entries()) == 2
