"""Killed again and again while people send: what was acknowledged is there once and whole, and all else can be sent."""

import hashlib
import os
import random
import signal
import threading
import time
from base64 import b64encode
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from intake.drop.folder import DataFolder
from intake.drop.store import Store
from intake.report import sizes
from intake.report.bundle import read_bundle
from tests.harness.keys import World, make_world
from tests.harness.large import PART, seal_large
from tests.harness.ports import free_ports
from tests.harness.server import running_drop

SMALL, LARGE = sizes.CLASSES[0], sizes.padded(2 * PART + 1)
SENDERS = (SMALL, SMALL, SMALL, SMALL, *sizes.CLASSES[1:], LARGE)
"""Of eight clients, the plaintext that each sends again and again."""
PAUSE = {SMALL: 0.05, sizes.CLASSES[1]: 0.2, sizes.CLASSES[2]: 0.5, sizes.CLASSES[3]: 1, LARGE: 1}
CHECKED = 50
VERSION = {"Tus-Resumable": "1.0.0"}
PIECE = {"Content-Type": "application/offset+octet-stream"}
CUT = (OSError, HTTPException)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


class Senders:
    """Eight people who never give up. `acknowledged`: what each report's plaintext was, by id."""

    def __init__(self, world: World, port: int) -> None:
        self.port = port
        self.bodies = {plaintext: seal_large(world, plaintext) for plaintext in set(SENDERS)}
        self.acknowledged: dict[str, int] = {}
        self.counts: Counter[str] = Counter()
        self.ended = threading.Event()
        self.hopeless = threading.Event()

    def body(self, identifier: str, plaintext: int) -> bytes:
        """Another one for each id."""
        return self.bodies[plaintext][:-16] + bytes.fromhex(identifier)

    def run(self, number: int) -> None:
        """Send until told to stop; the report under way is still seen to its end."""
        plaintext = SENDERS[number]
        send = self._upload if plaintext == LARGE else self._put
        while not self.ended.is_set():
            identifier = os.urandom(16).hex()
            send(identifier, self.body(identifier, plaintext))
            self.acknowledged[identifier] = plaintext
            self.ended.wait(PAUSE[plaintext])

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, str]:
        """Status and offset of the answer; asked again while nobody is there, or what is there has no time."""
        while True:
            try:
                with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as link:
                    link.connect()
                    try:
                        link.request(method, path, body, headers)
                        got = link.getresponse()
                        got.read()
                    except CUT:
                        self.counts["cut"] += 1
                        return 0, ""
                    return got.status, got.headers.get("Upload-Offset", "")
            except OSError:
                assert not self.hopeless.wait(0.05), "no server comes any more"

    def _put(self, identifier: str, body: bytes) -> None:
        while True:
            status, _ = self._ask("PUT", f"/reports/{identifier}", body, {"Keyring": "1"})
            if status in (200, 201):
                self.counts["taken before its answer was lost" if status == 200 else "new"] += 1
                return
            assert status in (0, 503), status

    def _upload(self, identifier: str, body: bytes) -> None:
        place, named = f"/uploads/{identifier}", f"report {b64encode(identifier.encode()).decode()}"
        begin = {**VERSION, "Upload-Length": str(len(body)), "Upload-Metadata": named}
        while True:
            status, told = self._ask("HEAD", place, None, VERSION)
            if status == 404:
                status, told = self._ask("POST", "/uploads", None, begin)
                assert status in (0, 201, 503), status
            if status not in (200, 201):
                assert status in (0, 503), status
                continue
            offset = int(told)
            while offset < len(body):
                # Pieces of half a part and a little: kills meet tails as well as whole parts.
                piece = body[offset : offset + PART // 2 + 9]
                status, told = self._ask("PATCH", place, piece, {**VERSION, **PIECE, "Upload-Offset": str(offset)})
                if status != 204:
                    assert status in (0, 409, 423, 503), status  # the answer was lost, or what is cut still writes
                    break
                offset = int(told)
            else:
                self.counts["uploads"] += 1
                return


def _held(world: World, folder: Path, senders: Senders, known: set[str]) -> None:
    """Everything acknowledged is in the store and has its bytes' hash; what was not looked at before is read."""
    wanted = dict(senders.acknowledged)
    with Store(DataFolder.open(folder / "data")) as store:
        entries = {entry.id.hex(): entry for entry in store.entries()}
        assert wanted.keys() <= entries.keys()
        for identifier in wanted.keys() - known:
            body = senders.body(identifier, wanted[identifier])
            entry = entries[identifier]
            assert (entry.size, entry.sha256) == (len(body), hashlib.sha256(body).digest())
            with store.open(entry.id) as stream:
                assert stream.read() == body
    known.update(wanted)


@pytest.mark.parametrize("kills", [3, pytest.param(300, marks=pytest.mark.long)])
def test_what_was_acknowledged_survives_kills(world: World, tmp_path: Path, kills: int) -> None:
    """Small reports, larger ones, uploads in pieces; in the end a bundle holds each of them once, bit for bit."""
    (port,) = free_ports(1)
    senders, known, chance = Senders(world, port), set[str](), random.Random(kills)
    listen = f"127.0.0.1:{port}"
    starts = []
    with ThreadPoolExecutor(len(SENDERS)) as pool:
        running = [pool.submit(senders.run, number) for number in range(len(SENDERS))]
        try:
            for turn in range(kills):
                began = time.monotonic()
                with running_drop(world, tmp_path / "drop", listen=listen) as drop:
                    starts.append(time.monotonic() - began)
                    time.sleep(chance.uniform(0, 1))
                    drop.process.send_signal(signal.SIGKILL)
                    drop.process.wait()
                assert not any(each.done() for each in running), [each.exception() for each in running if each.done()]
                if turn % CHECKED == CHECKED - 1 or turn == kills - 1:
                    _held(world, tmp_path / "drop", senders, known)
                    print(f"{turn + 1} kills, {len(known)} reports", flush=True)
            with running_drop(world, tmp_path / "drop", listen=listen) as drop:
                senders.ended.set()
                for each in running:
                    each.result(120)
                _held(world, tmp_path / "drop", senders, known)
                bundle = drop.export(tmp_path, "--all", seconds=900)
        finally:
            senders.ended.set()
            senders.hopeless.set()
    found: list[str] = []
    with bundle.open("rb") as file:
        for entry, stream in read_bundle(file):
            assert stream.read() == senders.body(entry.id, senders.acknowledged[entry.id])
            found.append(entry.id)
    assert sorted(found) == sorted(senders.acknowledged)
    assert senders.counts["cut"] > 0
    told = Counter(SENDERS.index(each) for each in senders.acknowledged.values())
    print(f"{kills} kills, {len(found)} reports {sorted(told.items())}, {dict(senders.counts)}")
    print(f"starts: median {sorted(starts)[len(starts) // 2]:.1f} s, longest {max(starts):.1f} s")
