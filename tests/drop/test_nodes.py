"""Two real nodes on one PostgreSQL and one bucket, one of them killed: nothing is lost and nothing doubled."""

import itertools
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from intake.report.bundle import read_bundle
from tests.harness.bucket import ObjectStore
from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import World, make_world
from tests.harness.postgres import Cluster
from tests.harness.server import Running, running_drop

SENDERS = 8


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


@pytest.fixture(scope="module")
def disk() -> Iterator[Cluster]:
    """A PostgreSQL that waits for its disk, as a drop demands."""
    with Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def objects() -> Iterator[ObjectStore]:
    with ObjectStore() as store, store.known():
        yield store


def body_of(identifier: str, sealed: bytes) -> bytes:
    """Another report for each id: a server can't tell a sealed body from noise."""
    return sealed[:-16] + bytes.fromhex(identifier)


class Sender:
    """One sender who asks the nodes by turns, and again until each report is acknowledged."""

    def __init__(self, nodes: list[Running], sealed: bytes) -> None:
        self.nodes, self.sealed = nodes, sealed
        self.links: dict[int, HTTPConnection] = {}

    def send(self, identifier: str, first: int) -> int:
        """Its status in the end: 201, or 200 for one that was taken before an answer was lost."""
        for turn in itertools.count(first):
            number = turn % len(self.nodes)
            link = self.links.get(number) or self.links.setdefault(number, self.nodes[number].connect())
            try:
                answer = self.nodes[number].request(
                    "PUT", f"/reports/{identifier}", body_of(identifier, self.sealed), {"Keyring": "1"}, link
                )
            except (OSError, HTTPException):
                self.links.pop(number).close()
                continue
            if answer.status in (200, 201):
                return answer.status
            assert answer.status == 503, answer.body
        raise AssertionError

    def close(self) -> None:
        for link in self.links.values():
            link.close()


@pytest.mark.parametrize("count", [300, pytest.param(20_000, marks=pytest.mark.long)])
def test_two_nodes_lose_and_double_nothing(
    world: World, disk: Cluster, objects: ObjectStore, tmp_path: Path, count: int
) -> None:
    """Both take reports, one exports meanwhile and is killed with SIGKILL, and the database is restarted once."""
    database, bucket = disk.database(), objects.bucket(f"nodes-{count}")
    sealed = seal_report(make_report(world), world.reviewers)
    ids = [os.urandom(16).hex() for _ in range(count)]
    shared: dict[str, Any] = {"database": database, "blobs": bucket}
    (tmp_path / "stick").mkdir()
    with running_drop(world, tmp_path / "a", **shared) as one, running_drop(world, tmp_path / "b", **shared) as other:
        done = itertools.count()
        killed, exported = threading.Event(), threading.Event()

        def run(number: int) -> list[int]:
            sender = Sender([one, other], sealed)
            statuses = []
            for identifier in ids[number::SENDERS]:
                statuses.append(sender.send(identifier, number))
                at = next(done)
                if at == count // 3:
                    one.export(tmp_path / "stick", seconds=900)
                    exported.set()
                if at == count // 2:
                    assert exported.wait(900)  # an export that meets the restart would have to be run again
                    disk.restart()
                if at == 2 * count // 3:
                    other.process.send_signal(signal.SIGKILL)
                    killed.set()
            sender.close()
            return statuses

        with ThreadPoolExecutor(SENDERS) as pool:
            statuses = [each for statuses in pool.map(run, range(SENDERS)) for each in statuses]
        assert killed.is_set()
        assert exported.is_set()
        assert len(statuses) == count
        print(f"{count} reports: {statuses.count(201)} new, {statuses.count(200)} taken before their answer was lost")
        other.process.wait()
        bundles = [tmp_path / "stick" / "drop.example-000001.bundle", one.export(tmp_path / "stick", seconds=900)]
    carried: list[str] = []
    previous: bytes | None = None
    for path in bundles:
        with path.open("rb") as file:
            reader = read_bundle(file)
            assert reader.index.previous == previous
            previous = reader.index.hash
            for entry, content in reader:
                assert content.read() == body_of(entry.id, sealed)
                carried.append(entry.id)
    assert sorted(carried) == sorted(ids)
