"""PostgreSQL: what it would tell of when reports came is gone after a fold, and several nodes share it."""

import json
import os
import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import trustme
from alembic import command as alembic
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from sqlalchemy import delete, text

from intake.drop.blobs import FOLDER
from intake.drop.entering import Outcome
from intake.drop.folder import DataFolder
from intake.drop.parts import Full
from intake.drop.postgres import conninfo
from intake.drop.record import Record, opened
from intake.drop.store import Store
from intake.drop.tables import metadata, report
from intake.drop.uploads import Misplaced, Refused, Unknown, Uploads
from intake.errors import Fault, Usage
from tests.drop.test_store import correlation, places
from tests.harness.bucket import ObjectStore
from tests.harness.keys import TODAY, World
from tests.harness.large import PART, pieces, seal_large
from tests.harness.ports import free_ports
from tests.harness.postgres import Cluster

DAY = date(2026, 11, 23)


@pytest.fixture
def folder(tmp_path: Path, cluster: Cluster) -> DataFolder:
    folder = DataFolder.open(tmp_path / "data", create=True)
    cluster.give(folder)
    return folder


@pytest.fixture
def store(folder: DataFolder) -> Iterator[Store]:
    with Store(folder) as found:
        yield found


def put(store: Store, body: bytes, identifier: bytes | None = None) -> bytes:
    identifier = identifier or os.urandom(16)
    assert store.put(identifier, body, claimed=7, day=DAY) is Outcome.NEW
    return identifier


def marks(cluster: Cluster, store: Store, ids: list[bytes]) -> tuple[list[int], list[int], list[int]]:
    """Of each report: its transaction, its place in the heap, and the number under which its body lies apart."""
    with cluster.asked(store.database.place) as connection:
        rows = connection.execute("SELECT id, xmin::text::int8, ctid::text FROM report").fetchall()
        (toast,) = connection.execute(
            "SELECT reltoastrelid::regclass::text FROM pg_class WHERE relname = 'report'"
        ).fetchone() or ("",)
        chunks: dict[bytes, int] = {}
        wanted = {identifier * 4: identifier for identifier in ids}  # how each body begins
        for number, data in connection.execute(f"SELECT chunk_id::int8, chunk_data FROM {toast} WHERE chunk_seq = 0"):
            chunks[wanted[bytes(data)[:64]]] = number
    page = {bytes(row[0]): [int(n) for n in row[2].strip("()").split(",")] for row in rows}
    xmin = {bytes(row[0]): row[1] for row in rows}
    return (
        [xmin[each] for each in ids],
        [page[each][0] * 1000 + page[each][1] for each in ids],
        [chunks[each] for each in ids],
    )


def test_a_fold_unties_every_mark_from_arrival(cluster: Cluster, store: Store) -> None:
    """The control is the database before the fold: each of these marks tells the order exactly."""
    ids = [os.urandom(16) for _ in range(300)]
    for identifier in ids:
        put(store, identifier * 4 + os.urandom(5000), identifier)
    arrived = list(range(len(ids)))
    for found in marks(cluster, store, ids):
        assert sorted(found) == found
    store.fold(DAY)
    xmins, heap, toast = marks(cluster, store, ids)
    assert len(set(xmins)) == 1
    by_id = sorted(arrived, key=lambda number: ids[number])
    for found in (heap, toast):
        assert [found[number] for number in by_id] == sorted(found)
    assert store.folded() == DAY
    assert {entry.id for entry in store.entries()} == set(ids)


def test_the_folded_files_are_in_order_of_id(cluster: Cluster, store: Store) -> None:
    ids = [put(store, os.urandom(300)) for _ in range(600)]
    store.fold(DAY)
    for relation in ("report", "report_pkey"):
        with cluster.asked(store.database.place) as connection:
            (path,) = connection.execute(f"SELECT pg_relation_filepath('{relation}')").fetchone() or ("",)
        assert abs(correlation(places(cluster.data / path, ids))) < 0.15
    # What comes next is written behind what was folded, and only that.
    put(store, os.urandom(300))
    assert len(store.entries()) == 601


def holding(cluster: Cluster, canary: bytes) -> list[str]:
    """The files of the whole server that hold it: tables, log and all."""
    with cluster.asked("postgres") as connection:
        connection.execute("CHECKPOINT")
    files = (path for path in cluster.data.rglob("*") if path.is_file())
    return [str(path.relative_to(cluster.data)) for path in files if canary in path.read_bytes()]


def test_a_fold_leaves_nothing_of_what_was_deleted(cluster: Cluster, store: Store) -> None:
    canary = b"canary of a body" + os.urandom(8)
    identifier = put(store, canary * 300)
    kept = put(store, b"kept" * 1000)
    before = holding(cluster, canary)
    assert any(name.startswith("base/") for name in before)
    assert any(name.startswith("pg_wal/") for name in before)
    with store.writing() as connection:
        connection.execute(delete(report).where(report.c.id == identifier))
    store.fold(DAY)
    assert holding(cluster, canary) == []
    assert holding(cluster, identifier) == []
    assert store.body(kept) == b"kept" * 1000


def test_whoever_may_not_empty_the_log_is_told(cluster: Cluster, store: Store) -> None:
    assert store.database.cautions() == ()
    with cluster.asked(store.database.place) as connection:
        connection.execute("REVOKE EXECUTE ON FUNCTION pg_switch_wal() FROM intake")
        (caution,) = store.database.cautions()
        assert "pg_switch_wal" in caution
        store.fold(DAY)
        connection.execute("GRANT EXECUTE ON FUNCTION pg_switch_wal() TO intake")
        connection.execute("SELECT pg_create_physical_replication_slot('copy')")
        try:
            assert "replicas" in str(store.database.cautions())
        finally:
            connection.execute("SELECT pg_drop_replication_slot('copy')")


def test_nothing_a_visitor_does_is_in_its_log(cluster: Cluster, store: Store) -> None:
    before = len(cluster.log.read_bytes())
    identifier = put(store, b"one")
    assert store.put(identifier, b"one", claimed=1, day=DAY) is Outcome.SAME
    assert store.put(identifier, b"two", claimed=1, day=DAY) is Outcome.OTHER
    assert store.entry(os.urandom(16)) is None
    assert cluster.log.read_bytes()[before:] == b""


@pytest.mark.parametrize(
    "setting", ["log_statement = 'all'", "log_min_duration_statement = 0", "log_duration = on", "log_statement = 'mod'"]
)
def test_a_log_of_statements_keeps_the_drop_from_serving(cluster: Cluster, folder: DataFolder, setting: str) -> None:
    place = str(json.loads(folder.where.read_bytes())["place"])
    with cluster.asked(place) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET {setting}")
    with Store(folder) as store, pytest.raises(Usage, match=setting.split()[0]), store.database.serving(alone=True):
        pass


def test_a_report_is_on_disk_whatever_the_server_says(cluster: Cluster, folder: DataFolder) -> None:
    place = str(json.loads(folder.where.read_bytes())["place"])
    with cluster.asked(place) as connection:
        connection.execute(f"ALTER DATABASE {connection.info.dbname} SET synchronous_commit = off")
    with Store(folder) as store, store.reading() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == "on"
    with Store(folder) as store, pytest.raises(Usage, match="fsync is off"), store.database.serving(alone=True):
        pass  # that of the tests doesn't wait for the disk


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("postgresql://intake:secret@/drop", "holds a password"),
        ("postgresql://intake@db.example/drop?sslmode=require", "not verify-full"),
        ("postgresql://intake@db.example/drop?sslmode=disable", "not verify-full"),
        ("postgresql://intake@db.example", "no address"),
        ("mysql://intake@db.example/drop", "no address"),
        ("host=/run dbname=drop", "no address"),
        ("postgresql://intake@db.example/drop?nonsense=1", "no address"),
    ],
)
def test_an_address_that_would_leak_is_refused(place: str, words: str) -> None:
    with pytest.raises(Usage, match=words) as caught:
        conninfo(place)
    assert "secret" not in str(caught.value)


def test_across_a_network_it_is_tls_with_the_right_name() -> None:
    assert "sslmode=verify-full" in conninfo("postgresql://intake@db.example/drop")
    assert "sslmode" not in conninfo("postgresql://intake@/drop?host=/run/postgresql")
    assert "sslmode" not in conninfo("postgresql://intake@127.0.0.1/drop")


def test_it_is_reached_by_tls_and_only_under_its_name(tmp_path: Path) -> None:
    authority, (port,) = trustme.CA(), free_ports(1)
    certificate = authority.issue_cert("db.example")
    for name in ("ca", "other"):
        (authority if name == "ca" else trustme.CA()).cert_pem.write_to_path(tmp_path / name)
    settings = {"ssl": "on", "listen_addresses": "'127.0.0.1'", "port": str(port)}
    with Cluster(fsync="off", certificate=certificate, **settings) as cluster:
        name = cluster.database().partition("?")[0].rpartition("/")[2]

        def at(host: str, authority: str) -> str:
            where = f"hostaddr=127.0.0.1&port={port}&sslrootcert={tmp_path / authority}"
            return f"postgresql://intake@{host}/{name}?{where}"

        with Store(DataFolder.open(tmp_path / "data", create=True), database=at("db.example", "ca")) as store:
            put(store, b"over the network")
            with store.reading() as connection:
                assert connection.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar_one()
        for host, trusted in (("db.example", "other"), ("elsewhere.example", "ca")):
            with pytest.raises(Fault, match=r"certificate"):
                Store(DataFolder.open(tmp_path / host / trusted, create=True), database=at(host, trusted))


def test_a_restart_is_survived_and_an_outage_is_said(tmp_path: Path) -> None:
    with Cluster(fsync="off") as cluster:
        folder = DataFolder.open(tmp_path / "data", create=True)
        cluster.give(folder)
        with Store(folder) as store:
            store.database.renew()
            kept = put(store, b"kept")
            cluster.restart()
            assert store.body(kept) == b"kept"
            put(store, b"after")
            cluster.restart()
            put(store, b"first thing after a restart")
            store.database.renew()
            cluster.stop()
            with pytest.raises(Fault, match="the database failed"):
                store.put(os.urandom(16), b"x", claimed=1, day=DAY)
            with pytest.raises(Fault):
                store.database.renew()
            cluster.start()
            put(store, b"healed")
            store.database.renew()
            assert len(store.entries()) == 4


def test_room_counts_what_the_database_takes(cluster: Cluster, folder: DataFolder) -> None:
    with Store(folder, reserve=2**20, room=2**20) as store:
        with pytest.raises(Full, match="reserve"):
            store.put(os.urandom(16), bytes(70_000), claimed=7, day=DAY)
        put(store, bytes(21_157))
    with Store(folder, reserve=2**20, room=2**40) as store:
        put(store, bytes(70_000))


def test_the_migrations_make_the_tables_from_every_shape(cluster: Cluster, folder: DataFolder) -> None:
    database = opened(folder)
    config = AlembicConfig()
    config.set_main_option("script_location", "intake.drop:migrations")
    config.set_main_option("path_separator", "os")
    row: dict[str, Any] = {"id": b"i" * 16, "sha": b"s" * 32}
    with database.engine.connect() as connection:
        config.attributes["connection"] = connection
        alembic.upgrade(config, "0001")
        connection.execute(text("INSERT INTO report VALUES (:id, '2026-11-21', 6, :sha, NULL, true, 'sealed')"), row)
        connection.execute(text("INSERT INTO bundle VALUES (12, :sha, '2026-11-22', NULL)"), row)
        connection.commit()
        for revision in ("0002", "0003", "0004", "head"):
            alembic.upgrade(config, revision)
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        connection.commit()
    database.engine.dispose()
    with Store(folder) as store:
        (entry,) = store.entries()
        assert (entry.id, entry.size, entry.carried, store.body(entry.id)) == (b"i" * 16, 6, True, b"sealed")
        last = store.last_bundle()
        assert last is not None
        assert last.serial == 12
        store.fold(DAY)
        with store.reading() as connection:
            assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def node(tmp_path: Path, name: str, place: str, **more: Any) -> Store:
    return Store(DataFolder.open(tmp_path / name, create=True), database=place, **more)


def test_nodes_agree_on_whose_reports_these_are(cluster: Cluster, tmp_path: Path) -> None:
    place = cluster.database()
    with node(tmp_path, "a", place) as one, node(tmp_path, "b", place) as other:
        assert one.bound("mark") == other.bound("mark")
        assert one.node != other.node
        one.bind("drop.example")
        other.bind("drop.example")
        with pytest.raises(Usage, match="holds the reports of drop"):
            other.bind("elsewhere")
        mine = DataFolder(tmp_path / "a")
        record = Record.read(mine)
        assert record is not None
        assert (record.place, record.mark, record.node) == (place, one.bound("mark"), one.node)
    with pytest.raises(Usage, match="lie in postgresql"):
        Store(mine, database="sqlite")
    Record(cluster.database(), record.mark, record.node).keep(mine)
    Store(DataFolder.open(tmp_path / "c", create=True), database=str(Record.read(mine).place)).close()  # type: ignore[union-attr]
    with pytest.raises(Usage, match="another drop"):
        Store(mine)


def test_a_drop_that_has_reports_in_sqlite_does_not_lose_sight_of_them(cluster: Cluster, tmp_path: Path) -> None:
    folder = DataFolder.open(tmp_path / "data", create=True)
    Store(folder).close()
    with pytest.raises(Usage, match="holds reports already"):
        Store(folder, database=cluster.database())


def test_one_node_at_a_time_looks_after_it(cluster: Cluster, tmp_path: Path) -> None:
    place = cluster.database()
    with node(tmp_path, "a", place) as one, node(tmp_path, "b", place) as other:
        with one.alone(), pytest.raises(Fault, match="another node"), other.alone():
            pass
        entered = threading.Event()

        def wait() -> None:
            with other.alone(wait=True):
                entered.set()

        with one.alone():
            waiting = threading.Thread(target=wait)
            waiting.start()
            assert not entered.wait(0.3)
        waiting.join(30)
        assert entered.is_set()


def test_two_nodes_lose_and_double_nothing_while_a_third_folds(cluster: Cluster, tmp_path: Path) -> None:
    place = cluster.database()
    clash = [os.urandom(16) for _ in range(20)]
    ids = [[os.urandom(16) for _ in range(60)] for _ in range(8)]
    told: list[tuple[bytes, Outcome]] = []
    ended = threading.Event()

    def send(store: Store, mine: list[bytes], number: int) -> None:
        for identifier in mine:
            put(store, identifier * 100, identifier)
        body = bytes([number % 2])
        told.extend((identifier, store.put(identifier, body, claimed=None, day=DAY)) for identifier in clash)

    with node(tmp_path, "a", place) as one, node(tmp_path, "b", place) as other, node(tmp_path, "c", place) as third:

        def fold() -> None:
            while not ended.is_set():
                with third.alone(wait=True):
                    third.fold(DAY)

        folding = threading.Thread(target=fold)
        folding.start()
        senders = [
            threading.Thread(target=send, args=((one, other)[number % 2], mine, number))
            for number, mine in enumerate(ids)
        ]
        for thread in senders:
            thread.start()
        for thread in senders:
            thread.join()
        ended.set()
        folding.join()
        assert {entry.id for entry in third.entries()} == {each for mine in ids for each in mine} | set(clash)
        assert all(third.body(each) == each * 100 for mine in ids for each in mine)
    for identifier in clash:
        outcomes = [outcome.value for each, outcome in told if each == identifier]
        assert sorted(outcomes) == ["new", *["other"] * 4, *["same"] * 3]


@pytest.fixture(scope="module")
def objects() -> Iterator[ObjectStore]:
    with ObjectStore() as store, store.known():
        yield store


class Node:
    """Uploads of one node."""

    def __init__(self, path: Path, world: World, place: str, bucket: str) -> None:
        self.folder = DataFolder.open(path, create=True)
        self.store = Store(self.folder, reserve=0, database=place, blobs=bucket)
        self.uploads = Uploads(self.folder, self.store.parts, self.store, reserve=0)
        self.chain = world.chain()

    def send(self, identifier: bytes, body: bytes, start: int = 0, stop: int | None = None) -> None:
        self.uploads.create(identifier, len(body), 1, self.chain, TODAY)
        for offset, piece in pieces(body, PART, start):
            if stop is None or offset < stop:
                self.uploads.append(identifier, offset, piece, self.chain, TODAY)


@pytest.fixture
def nodes(tmp_path: Path, world: World, cluster: Cluster, objects: ObjectStore) -> Iterator[list[Node]]:
    place, bucket = cluster.database(), objects.bucket(f"b{os.urandom(4).hex()}")
    found = [Node(tmp_path / name, world, place, bucket) for name in "ab"]
    yield found
    for each in found:
        each.store.close()


def test_uploads_of_one_id_from_two_nodes_never_mix(nodes: list[Node], world: World) -> None:
    one, other = nodes
    first, second = seal_large(world), seal_large(world)
    identifier = os.urandom(16)
    one.send(identifier, first, stop=PART)
    other.send(identifier, second, stop=PART)
    with pytest.raises(Unknown):
        other.uploads.find(os.urandom(16), TODAY)
    one.send(identifier, first, start=PART)
    assert one.store.body(identifier) == first
    # The other node is told that the id is a report now; what lay there for it goes, and the report stays whole.
    with pytest.raises((Refused, Misplaced)):
        other.send(identifier, second, start=PART)
    other.uploads.expire(TODAY)
    one.uploads.expire(TODAY)
    assert other.store.body(identifier) == first
    entry = one.store.entry(identifier)
    assert entry is not None
    assert list(one.store.parts.ids()) == [entry.place]


def test_the_same_upload_finished_on_both_nodes_is_one_report(nodes: list[Node], world: World) -> None:
    body, identifier = seal_large(world), os.urandom(16)
    barrier = threading.Barrier(2)
    failures: list[Exception] = []

    def send(each: Node) -> None:
        each.send(identifier, body, stop=2 * PART)
        barrier.wait()
        try:
            each.send(identifier, body, start=2 * PART)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=send, args=(each,)) for each in nodes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in nodes:
        each.uploads.expire(TODAY)
        assert each.uploads.find(identifier, TODAY).offset == len(body)
        assert each.store.body(identifier) == body
    assert len(list(nodes[0].store.parts.ids())) == 1
    assert len(failures) <= 1  # whoever comes second may be told that it is a report already


def test_no_node_takes_the_unfinished_of_another_for_left_over(nodes: list[Node], world: World) -> None:
    one, other = nodes
    body, identifier = seal_large(world), os.urandom(16)
    one.send(identifier, body, stop=PART)
    other.uploads.expire(TODAY)
    other.uploads.sweep()
    one.send(identifier, body, start=PART)
    assert one.store.body(identifier) == body


def test_what_a_node_that_is_gone_left_goes_in_time(nodes: list[Node], world: World) -> None:
    one, other = nodes
    one.send(os.urandom(16), seal_large(world), stop=PART)
    assert len(list(other.store.parts.ids())) == 1
    other.uploads.expire(date.fromordinal(TODAY.toordinal() + 9))
    assert len(list(other.store.parts.ids())) == 1
    other.uploads.expire(date.fromordinal(TODAY.toordinal() + 10))
    assert list(other.store.parts.ids()) == []


def test_parts_in_a_folder_are_for_one_node(cluster: Cluster, tmp_path: Path, objects: ObjectStore) -> None:
    place = cluster.database()
    with node(tmp_path, "a", place, blobs=FOLDER):
        with pytest.raises(Usage, match="lie in folder of"):
            node(tmp_path, "b", place, blobs=FOLDER)
        with pytest.raises(Usage, match="lie in folder of"):
            node(tmp_path, "c", place, blobs=objects.bucket("late-for-this"))
