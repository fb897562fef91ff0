"""Figures of the real server under load: reports stored, on slow disks, on PostgreSQL, its start and its memory.

The client is `scripts/sender.py`, on the same cores; what it took of one stands beside what the server took.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from intake.report.sizes import CLASSES, sealed_size
from scripts.figures import Figure
from tests.harness.bucket import ObjectStore
from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import World, make_world
from tests.harness.memory import peak
from tests.harness.postgres import Cluster
from tests.harness.server import Running, running_drop

SENDER = Path(__file__).parent / "sender.py"

SLOWLY = "strace", "-D", "-f", "-q", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e"
DELAY = "inject=fsync,fdatasync:delay_exit={microseconds}"

ONE_BY_ONE = """
import runpy, sys
import intake.drop.store
intake.drop.store.BATCH_BYTES = 0
sys.argv[:] = ["intake", *sys.argv[4:]]
runpy.run_module("intake", run_name="__main__")
"""
"""Runs `python -m intake …` with a store that commits each report by itself: what group commit is compared with."""


@dataclass(frozen=True, slots=True)
class Load:
    """What some clients met, together."""

    count: int
    seconds: float
    waits: list[float]
    client: float  # of a core, for all of them

    @property
    def rate(self) -> float:
        """Reports per second."""
        return self.count / self.seconds

    @property
    def median(self) -> float:
        """Milliseconds."""
        return self.waits[len(self.waits) // 2]

    @property
    def late(self) -> float:
        """Milliseconds within which 99 % were answered."""
        return self.waits[len(self.waits) * 99 // 100]


@contextmanager
def house() -> Iterator[tuple[World, Path, Path]]:
    """Keys, a folder for drops, and a file with a sealed report of the smallest class."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = make_world(folder / "keys", today=datetime.now(UTC).date())
        (folder / "body").write_bytes(seal_report(make_report(world), world.reviewers))
        yield world, folder, folder / "body"


def load(drops: Sequence[Running], clients: int, count: int, body: Path, salt: int = 0) -> Load:
    """`clients` share `count` reports, and the drops share the clients, each drop with a sending process of its own."""
    each = count // len(drops)
    sending = [
        subprocess.Popen(
            [sys.executable, SENDER, str(drop.port), str(clients // len(drops)), str(each), str(salt + number), body],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number, drop in enumerate(drops)
    ]
    told = [json.loads(one.communicate()[0]) for one in sending]
    if any(one["statuses"] != {"201": each} for one in told):
        sys.exit(f"not every report was stored: {[one['statuses'] for one in told]}")
    waits = sorted(wait for one in told for wait in one["waits"])
    return Load(each * len(drops), max(one["seconds"] for one in told), waits, sum(one["core_seconds"] for one in told))


def core_seconds(pid: int) -> float:
    """What a process has used of a core so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def fsync(folder: Path) -> float:
    """Milliseconds that one small append and fsync take on this disk, median of 200."""
    took = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(200):
            start = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)


def raw_commits(folder: Path, body: bytes, count: int) -> float:
    """Rows of these bytes that SQLite alone commits per second, each forced to disk by itself."""
    with sqlite3.connect(folder / "raw.db", isolation_level=None) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE raw (id BLOB PRIMARY KEY, body BLOB) WITHOUT ROWID")
        start = time.perf_counter()
        for _ in range(count):
            database.execute("INSERT INTO raw VALUES (?, ?)", (os.urandom(16), body))
        took = time.perf_counter() - start
    database.close()
    return count / took


def stored(quick: bool) -> Iterator[Figure]:
    """Reports accepted by one process on SQLite, each answered only when it is on disk, at 1 and 8 clients."""
    count = 400 if quick else 4000
    with house() as (world, folder, body), running_drop(world, folder / "drop") as drop:
        disk = fsync(drop.data)
        raw = raw_commits(drop.data, body.read_bytes(), count // 2)
        yield Figure("fsync of 4 kB on the server's disk", disk, "ms", "median of 200")
        yield Figure("SQLite alone, a commit for each report", raw, "per second", "no server, one thread")
        for clients in (1, 8):
            used = core_seconds(drop.pid)
            met = load([drop], clients, count, body, clients)
            used = core_seconds(drop.pid) - used
            yield Figure(
                f"reports stored, {clients} client{'s' * (clients > 1)}",
                met.rate,
                "per second",
                f"{met.rate / raw:.2f} of SQLite alone; median {met.median:.2f} ms, {met.median - disk:.2f} without "
                f"the fsync; 99 % within {met.late:.1f} ms; of a core {1000 * used / count:.2f} ms each, and "
                f"{1000 * met.client / count:.2f} for the client",
            )
        yield Figure("peak memory of the server", peak(drop.pid), "MB")


def slowed(quick: bool) -> Iterator[Figure]:
    """The same on a disk whose fsync takes 5 ms more (held back by strace): together, and each report by itself."""
    count = 200 if quick else 2000
    delay = DELAY.format(microseconds=5000)
    rates = []
    for what, runner in (("committed together", ()), ("each by itself", (sys.executable, "-c", ONE_BY_ONE))):
        with house() as (world, folder, body):
            with running_drop(world, folder / "drop", wrapper=[*SLOWLY, delay, *runner]) as drop:
                met = load([drop], 8, count, body)
            rates.append(met.rate)
            beside = f"median {met.median:.1f} ms, 99 % within {met.late:.1f} ms"
            if len(rates) > 1:
                beside += f"; together is {rates[0] / rates[1]:.1f} times as fast"
            yield Figure(f"fsync 5 ms slower, 8 clients, {what}", met.rate, "per second", beside)


def shared(quick: bool) -> Iterator[Figure]:
    """PostgreSQL, which waits for its disk too, on the same cores: one node and two; then each report is looked for."""
    count = 400 if quick else 4000
    with house() as (world, folder, body), Cluster() as cluster, ObjectStore() as objects, objects.known():
        first = 0.0
        for nodes in (1, 2):
            place, blobs = cluster.database(), objects.bucket(f"nodes-{nodes}")
            with ExitStack() as stack:
                drops = [
                    stack.enter_context(running_drop(world, folder / f"{nodes}-{number}", database=place, blobs=blobs))
                    for number in range(nodes)
                ]
                met = load(drops, 8, count, body)
                with cluster.asked(place) as asked:
                    found = asked.execute("SELECT count(*), count(DISTINCT id) FROM report").fetchone()
                if found != (met.count, met.count):
                    sys.exit(f"{met.count} reports were acknowledged, and {found} are there")
            first = first or met.rate
            beside = f"8 clients; median {met.median:.1f} ms, 99 % within {met.late:.1f} ms; none lost, none doubled"
            if nodes > 1:
                beside += f"; {met.rate / first:.2f} of one node"
            yield Figure(
                f"reports stored on PostgreSQL, {nodes} node{'s' * (nodes > 1)}", met.rate, "per second", beside
            )


def started(quick: bool) -> Iterator[Figure]:
    """From the command to the first answer, and the memory of a server that idles, or holds 500 slow clients."""
    times = []
    with house() as (world, folder, body):
        for _ in range(3 if quick else 10):
            began = time.perf_counter()
            with running_drop(world, folder / "drop") as drop:
                drop.request("GET", "/keyring.note")
                times.append(time.perf_counter() - began)
        yield Figure(
            "start of the server, to its first answer", statistics.median(times), "s", f"best {min(times):.2f}"
        )
        with running_drop(world, folder / "drop") as drop:
            for page in ("/", "/keyring.note", "/form.html"):
                drop.request("GET", page)
            yield Figure("peak memory of an idle server", peak(drop.pid), "MB", "each page was asked for once")
            size = sealed_size(3, CLASSES[-1])
            head = f"PUT /reports/{'0' * 32} HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n".encode()
            links: list[socket.socket] = []
            try:
                for _ in range(500):
                    links.append(socket.create_connection(("127.0.0.1", drop.port)))
                    links[-1].sendall(head + bytes(size - 1))
                answer = drop.put("1" * 32, body.read_bytes())
            finally:
                for link in links:
                    link.close()
            beside = f"a megabyte each, but for its last byte; an honest report: {answer.status}"
            yield Figure("peak memory with 500 slow clients", peak(drop.pid), "MB", beside)
