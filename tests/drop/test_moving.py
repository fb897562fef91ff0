"""A drop moves to PostgreSQL and a bucket and back, killed at any moment, and loses nothing."""

import hashlib
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from intake.drop import copying
from intake.drop.blobs import FOLDER
from intake.drop.database import SQLITE
from intake.drop.entering import Outcome
from intake.drop.folder import DataFolder
from intake.drop.mailboxes import Mailboxes
from intake.drop.moving import Journal, begun, cancel, move
from intake.drop.parts import PART
from intake.drop.record import Record
from intake.drop.store import Store
from intake.drop.uploads import Uploads
from intake.errors import Exit, Fault, Usage
from tests.harness.bucket import ObjectStore
from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import TODAY, World, make_world
from tests.harness.large import pieces, seal_large
from tests.harness.mortal import Mortal
from tests.harness.postgres import Cluster
from tests.harness.server import command, running_drop


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


@pytest.fixture(scope="module")
def objects() -> Iterator[ObjectStore]:
    with ObjectStore() as store, store.known():
        yield store


@dataclass
class Drop:
    """A drop with everything that it may hold."""

    folder: DataFolder
    world: World
    bodies: dict[bytes, bytes]
    unfinished: tuple[bytes, bytes]  # id and whole body

    @classmethod
    def fill(cls, path: Path, world: World) -> "Drop":
        folder = DataFolder.open(path, create=True)
        bodies = {os.urandom(16): os.urandom(3000 + number) for number in range(40)}
        with Store(folder, reserve=0) as store:
            for identifier, body in bodies.items():
                assert store.put(identifier, body, claimed=1, day=TODAY) is Outcome.NEW
            for _ in range(3):
                large = os.urandom(PART + 5000)
                identifier = os.urandom(16)
                for number in (0, 1):
                    store.parts.put(identifier, number, large[number * PART : (number + 1) * PART])
                store.put_parts(identifier, len(large), hashlib.sha256(large).digest(), claimed=1, day=TODAY)
                bodies[identifier] = large
            store.begin_bundle(1, b"h" * 32, b"note", day=TODAY)
            store.finish_bundle(1, list(bodies)[:5])
            Mailboxes(store)
            waiting = os.urandom(16), seal_large(world)
            uploads = Uploads(folder, store.parts, store, reserve=0)
            uploads.create(waiting[0], len(waiting[1]), 1, world.chain(), world.today)
            for offset, piece in list(pieces(waiting[1]))[:2]:
                uploads.append(waiting[0], offset, piece, world.chain(), world.today)
        return cls(folder, world, bodies, waiting)

    def copy(self, path: Path) -> "Drop":
        return Drop(DataFolder.open(shutil.copytree(self.folder.path, path)), self.world, self.bodies, self.unfinished)

    def check(self, database: str, blobs: str) -> None:
        """All of it is there and nowhere else, as it was; the upload goes on."""
        here = self.folder
        with Store(here, reserve=0) as store:
            assert store.database.place == database
            assert str(getattr(store.parts, "place", FOLDER)) == blobs
            entries = store.entries()
            assert {entry.id for entry in entries} == set(self.bodies)
            assert sum(entry.carried for entry in entries) == 5
            assert all(store.body(identifier) == body for identifier, body in self.bodies.items())
            last = store.last_bundle()
            assert last is not None
            assert (last.serial, last.hash, last.note) == (1, b"h" * 32, None)
            identifier = self.unfinished[0]
            uploads = Uploads(here, store.parts, store, reserve=0)
            uploads.sweep()
            assert uploads.find(identifier, self.world.today).offset == 2 * PART
            assert set(store.parts.ids()) == {entry.id for entry in entries if entry.parts} | {identifier}
        assert here.database.exists() == (database == SQLITE)
        assert (here.parts.is_dir() and any(here.parts.iterdir())) == (blobs == FOLDER)
        assert not here.moving.exists()

    def finish(self) -> None:
        """The upload that was moved unfinished."""
        identifier, body = self.unfinished
        with Store(self.folder, reserve=0) as store:
            uploads = Uploads(self.folder, store.parts, store, reserve=0)
            for offset, piece in list(pieces(body))[2:]:
                uploads.append(identifier, offset, piece, self.world.chain(), self.world.today)
            assert store.body(identifier) == body


@pytest.fixture
def drop(tmp_path: Path, world: World) -> Drop:
    return Drop.fill(tmp_path / "data", world)


def go(drop: Drop, database: str | None = None, blobs: str | None = None) -> None:
    move(drop.folder, begun(drop.folder, database, blobs))


def tables(cluster: Cluster, place: str) -> int:
    with cluster.asked(place) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert row is not None
    return int(row[0])


def test_there_and_back(drop: Drop, cluster: Cluster, objects: ObjectStore) -> None:
    place, bucket = cluster.database(), objects.bucket("there")
    go(drop, place, bucket)
    drop.check(place, bucket)
    go(drop, SQLITE, FOLDER)
    drop.check(SQLITE, FOLDER)
    assert tables(cluster, place) == 0
    assert objects.objects("there") == {}
    drop.finish()


def test_each_moves_alone(drop: Drop, cluster: Cluster, objects: ObjectStore) -> None:
    one, other, bucket = cluster.database(), cluster.database(), objects.bucket("alone")
    go(drop, blobs=bucket)
    drop.check(SQLITE, bucket)
    go(drop, one)
    drop.check(one, bucket)
    go(drop, other)
    drop.check(other, bucket)
    assert tables(cluster, one) == 0
    go(drop, blobs=FOLDER)
    drop.check(other, FOLDER)
    drop.finish()


@pytest.mark.parametrize("kills", [3, pytest.param(40, marks=pytest.mark.long)])
def test_killed_at_any_moment_nothing_is_lost(
    drop: Drop, cluster: Cluster, objects: ObjectStore, tmp_path: Path, kills: int
) -> None:
    """Each way, killed again and again until it has ended; while it is under way nothing else works."""
    chance = random.Random(kills)
    there = ["move", "--database", "{place}", "--blobs", "{bucket}"]
    with Mortal() as mortal:
        for turn in mortal.turns(kills, chance):
            mine = drop.copy(tmp_path / f"{turn}")
            place, bucket = cluster.database(), objects.bucket(f"killed-{kills}-{turn}")
            for arguments in (
                [each.format(place=place, bucket=bucket) for each in there],
                ["move", "--database", SQLITE, "--blobs", FOLDER],
            ):
                mortal.kill(*arguments, "--data", mine.folder.path)
                if mine.folder.moving.exists():
                    with pytest.raises(Usage, match="being moved"):
                        Store(mine.folder)
                    mortal.kill(*arguments, "--data", mine.folder.path)
                wanted = Record.read(mine.folder)
                if mine.folder.moving.exists() or (wanted.place if wanted else SQLITE) != arguments[2]:
                    mortal.run(*arguments, "--data", mine.folder.path)
                mine.check(arguments[2], arguments[4])
            assert tables(cluster, place) == 0
            shutil.rmtree(mine.folder.path)


def test_a_move_can_be_called_off_until_it_has_switched(
    drop: Drop, cluster: Cluster, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, bucket = cluster.database(), objects.bucket("called-off")

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(copying, "verify", power_cut)
        with pytest.raises(KeyboardInterrupt):
            go(drop, place, bucket)
    with pytest.raises(Usage, match="was begun before"):
        begun(drop.folder, cluster.database(), None)
    cancel(drop.folder)
    drop.check(SQLITE, FOLDER)
    assert tables(cluster, place) == 0
    assert objects.objects("called-off") == {}
    with monkeypatch.context() as patch:
        patch.setattr("intake.drop.moving._switch", power_cut)
        with pytest.raises(KeyboardInterrupt):
            go(drop, place, bucket)
    journal = Journal.read(drop.folder)
    assert journal is not None
    assert journal.switched
    with pytest.raises(Usage, match="has switched"):
        cancel(drop.folder)
    go(drop, place, bucket)
    drop.check(place, bucket)


def test_what_a_node_that_was_cut_off_still_enters_comes_along(
    drop: Drop, cluster: Cluster, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its connection that says it serves is gone, and it writes on: between the copy and the end of the old place."""
    place, bucket = cluster.database(), objects.bucket("late")
    go(drop, place, bucket)
    stray = Store(drop.folder, reserve=0)
    late = os.urandom(16)
    from intake.drop import moving

    switch = moving._switch

    def enter(folder: DataFolder, journal: Journal) -> None:
        assert stray.put(late, b"late" * 100, claimed=1, day=TODAY) is Outcome.NEW
        switch(folder, journal)

    with monkeypatch.context() as patch:
        patch.setattr(moving, "_switch", enter)
        go(drop, SQLITE, FOLDER)
    with pytest.raises(Fault):
        stray.put(os.urandom(16), b"too late", claimed=1, day=TODAY)
    stray.close()
    drop.bodies[late] = b"late" * 100
    drop.check(SQLITE, FOLDER)


def test_damage_on_the_way_is_found(drop: Drop, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    place = cluster.database()
    verify = copying.verify

    def spoil(source: copying.Side, target: copying.Side) -> None:
        with target.writing() as connection:
            connection.execute(text("UPDATE report SET body = 'x' WHERE parts = 0"))
        verify(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(copying, "verify", spoil)
        with pytest.raises(Fault, match="damaged after the copy"):
            go(drop, place)
    cancel(drop.folder)
    drop.check(SQLITE, FOLDER)


def test_a_place_that_is_taken_is_refused(drop: Drop, cluster: Cluster, objects: ObjectStore, tmp_path: Path) -> None:
    place = cluster.database()
    other = DataFolder.open(tmp_path / "other", create=True)
    with Store(other, database=place) as store:
        store.put(os.urandom(16), b"x", claimed=1, day=TODAY)
    with pytest.raises(Usage, match="holds reports already"):
        go(drop, place)
    with pytest.raises(Usage, match="are in sqlite and folder already"):
        go(drop)
    bucket = objects.bucket("taken")
    objects.ask("PUT", "/taken/drop/parts/" + "ab" * 16 + "/0", "x")
    with pytest.raises(Usage, match="holds parts already"):
        go(drop, blobs=bucket)
    drop.check(SQLITE, FOLDER)


def test_a_move_waits_for_nobody_who_serves(world: World, tmp_path: Path) -> None:
    with Cluster() as cluster, running_drop(world, tmp_path / "a", database=cluster.database()) as drop:
        body = seal_report(make_report(world), world.reviewers)
        assert drop.put("0a" * 16, body, 1).status == 201
        place = drop.data / "database"
        other = tmp_path / "b"
        other.mkdir(mode=0o700)
        shutil.copy(place, other / "database")
        for data, words in ((drop.data, "another process serves"), (other, "a node serves")):
            done = command("move", "--data", data, "--database", SQLITE)
            assert done.returncode == Exit.FAULT
            assert words in done.stderr
        assert drop.put("0b" * 16, body, 1).status == 201
        assert drop.stop() == 0
        done = command("move", "--data", drop.data, "--database", SQLITE)
        assert done.returncode == 0, done.stderr
        assert '"reports": 2' in command("status", "--data", drop.data, "--json").stdout
