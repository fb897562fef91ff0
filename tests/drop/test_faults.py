"""Disk full, database down, under the real process: an answer to try again, nothing acknowledged lost, and it heals."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete

from intake.drop.folder import DataFolder
from intake.drop.store import Store
from intake.drop.tables import report
from tests.drop.test_tus import begun, create, offset, patch
from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import World, make_world
from tests.harness.large import PART, PLAINTEXT, pieces, seal_large
from tests.harness.outages import failing, fill, small_disk
from tests.harness.server import Running, command, running_drop

MEGABYTES = 48
RESERVE = 16


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


@pytest.fixture(scope="module")
def small(world: World) -> bytes:
    return seal_report(make_report(world), world.reviewers)


def people_are_told(drop: Running, status: int, heading: str) -> None:
    """A form without scripts gets a page in its language."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    answer = drop.request("POST", "/ru", b"account=a", headers)
    assert (answer.status, heading in answer.body.decode(), 'lang="ru"' in answer.body.decode()) == (status, True, True)


def test_a_disk_that_fills_up(world: World, small: bytes, tmp_path: Path) -> None:
    """First no more large reports, then none at all; what was acknowledged stays whole, and room heals everything."""
    kept: dict[str, bytes] = {}
    with (
        small_disk(tmp_path / "drop" / "data", MEGABYTES),
        running_drop(world, tmp_path / "drop", limits={"calm": "", "reserve": RESERVE}) as drop,
    ):
        told = json.loads(command("status", "--data", drop.data, "--json").stdout)
        assert 0 < told["bytes_for_large"] < (MEGABYTES - RESERVE) * 2**20
        waiting = begun(drop, len(seal_large(world)))
        half = seal_large(world)
        assert patch(drop, waiting, 0, half[:PART]).status == 204
        made = create(drop, len(half))
        while made.status == 201:
            body = seal_large(world)
            place = made.header("Location") or ""
            for start, piece in pieces(body):
                made = patch(drop, place, start, piece)
                if made.status != 204:
                    break
            else:
                kept[place.rpartition("/")[2]] = body
                made = create(drop, len(body))
        assert (made.status, made.word, len(kept) > 5) == (507, "full", True)
        free = os.statvfs(drop.data)
        assert free.f_bavail * free.f_frsize > RESERVE * 2**20  # polite before it is full
        identifier = os.urandom(16).hex()
        assert drop.put(identifier, small, 1).status == 201
        kept[identifier] = small
        assert "no room: only the reserve" in command("status", "--data", drop.data).stdout

        fill(drop.data / "filler")
        refused = drop.put(os.urandom(16).hex(), small, 1)
        assert (refused.status, refused.word) == (507, "full")
        people_are_told(drop, 507, "Сейчас больше принять нельзя")
        answer = patch(drop, waiting, PART, half[PART : 2 * PART])
        assert (answer.status, answer.word, offset(drop, waiting)) == (507, "full", PART)
        assert drop.request("GET", "/tg").status == 200
        assert {
            drop.request("HEAD", f"/uploads/{each}", headers={"Tus-Resumable": "1.0.0"}).status for each in kept
        } == {200}

        (drop.data / "filler").unlink()
        identifier = os.urandom(16).hex()
        assert drop.put(identifier, small, 1).status == 201
        kept[identifier] = small
        content = drop.export(tmp_path).read_bytes()
        assert all(body in content for body in kept.values())
        assert offset(drop, waiting) == PART


def test_a_disk_filled_with_small_reports_can_be_exported(world: World, small: bytes, tmp_path: Path) -> None:
    """A flood must not keep what honest people sent from getting out, though there is no room to fold it."""
    sent: list[str] = []
    with (
        small_disk(tmp_path / "drop" / "data", MEGABYTES),
        running_drop(world, tmp_path / "drop", limits={"calm": "", "reserve": RESERVE}) as drop,
    ):
        while (answer := drop.put(identifier := os.urandom(16).hex(), small, 1)).status == 201:
            sent.append(identifier)
        assert (answer.status, answer.word, len(sent) > 1000) == (507, "full", True)
        assert "no room for the next fold" in command("status", "--data", drop.data).stderr
        (tmp_path / "usb").mkdir()
        for _ in range(2):
            done = command("export", "--data", drop.data, "--to", tmp_path / "usb")
            assert done.returncode == 0, done.stderr
            assert "Not folded: the disk has no room to fold the store" in done.stderr
        with Store(DataFolder.open(drop.data)) as store:
            assert {entry.id.hex() for entry in store.entries() if entry.carried} == set(sent)
            with store.alone():
                for some in store.steps([bytes.fromhex(each) for each in sent[: len(sent) * 9 // 10]]):
                    with store.writing() as connection:  # as a purge does it
                        connection.execute(delete(report).where(report.c.id.in_(some)))
        assert command("fold", "--data", drop.data).returncode == 0
        assert "no room" not in command("status", "--data", drop.data).stderr
        assert drop.put(os.urandom(16).hex(), small, 1).status == 201
    first, second = sorted((tmp_path / "usb").iterdir())
    assert first.read_bytes().count(small) == len(sent)
    assert second.read_bytes().count(small) == 0


def test_a_disk_that_is_slow(world: World, small: bytes, tmp_path: Path) -> None:
    """Each wait for it takes a third of a second: they are shared, and a kill takes nothing acknowledged."""
    delay = "inject=fsync,fdatasync:delay_enter=333000"
    wrapper = ["strace", "-D", "-f", "-q", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", delay]
    body = seal_large(world)
    sent: list[str] = []
    with running_drop(world, tmp_path / "drop", wrapper=wrapper) as drop:
        place = begun(drop, len(body))
        assert patch(drop, place, 0, body[:PART]).status == 204

        def send(_: int) -> None:
            for _ in range(4):
                identifier = os.urandom(16).hex()
                assert drop.put(identifier, small, 1).status == 201
                sent.append(identifier)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(send, range(8)))
        assert drop.request("GET", "/tg").status == 200
        drop.process.send_signal(signal.SIGKILL)
        drop.process.wait()
    with running_drop(world, tmp_path / "drop") as drop:
        assert offset(drop, place) == PART
        for start, piece in pieces(body, start=PART):
            assert patch(drop, place, start, piece).status == 204
        content = drop.export(tmp_path).read_bytes()
    assert body in content
    assert content.count(small) == len(sent) == 32


def test_a_database_that_fails(world: World, small: bytes, tmp_path: Path) -> None:
    body = seal_large(world, PLAINTEXT)
    one, other = (os.urandom(16).hex() for _ in range(2))
    with running_drop(world, tmp_path / "drop") as drop:
        place = begun(drop, len(body))
        assert patch(drop, place, 0, body[:PART]).status == 204
        assert drop.put(one, small, 1).status == 201
        with failing(drop.pid):
            for _ in range(2):
                refused = drop.put(other, small, 1)
                assert (refused.status, refused.word) == (503, "unavailable")
            people_are_told(drop, 503, "Сейчас это не работает")
            assert patch(drop, place, PART, body[PART : 2 * PART]).status in (503, 507)
            assert create(drop, len(body)).status in (503, 507)
            assert offset(drop, place) == PART
            assert drop.put(one, small, 1).status in (200, 503)
            assert drop.request("GET", "/ru").status == 200
        assert drop.put(other, small, 1).status == 201
        for start, piece in pieces(body, start=PART):
            assert patch(drop, place, start, piece).status == 204
        content = drop.export(tmp_path).read_bytes()
        assert drop.put(one, small, 1).status == 200
    assert body in content
    assert content.count(small) == 2
