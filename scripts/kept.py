"""Figures of what a drop keeps: how its mailboxes answer, and how fast everything moves to PostgreSQL and back."""

from __future__ import annotations

import hashlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from intake.drop.folder import DataFolder
from intake.drop.parts import PART
from intake.drop.store import Store
from intake.report.sizes import CLASSES, sealed_size
from scripts.figures import MB, Figure
from tests.harness.asking import PAIRS, ask
from tests.harness.bucket import ObjectStore
from tests.harness.keys import make_world
from tests.harness.postgres import Cluster
from tests.harness.server import command, running_drop

LARGE = 4
"""Parts of a large report."""


def mailbox(quick: bool) -> Iterator[Figure]:
    """Mailboxes asked for over one connection, and whether time tells what lay there."""
    count = 100 if quick else 2_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = make_world(folder / "keys", today=datetime.now(UTC).date())
        with running_drop(world, folder / "drop", limits={"reports": "", "plain": "", "source": ""}) as drop:
            asked = ask(world, drop, folder, count)
    took = sorted(seconds * 1000 for times in asked.took.values() for seconds in times)
    yield Figure("a mailbox asked for", statistics.median(took), "ms", f"99 % within {took[len(took) * 99 // 100]:.1f}")
    far = max((asked.area(*pair) for pair in PAIRS), key=lambda area: abs(area - 0.5))
    yield Figure(
        "what lay there, told by time",
        100 * max(far, 1 - far),
        "%",
        f"how often, of two requests of different kinds; 50 is chance, {count:,} of each kind",
    )


def moved(quick: bool) -> Iterator[Figure]:
    """`intake drop move` and back, each command with its start, against PostgreSQL's own COPY of the same rows."""
    count, large = (1_000, 5) if quick else (10_000, 50)
    body = os.urandom(sealed_size(3, CLASSES[0]))
    today = datetime.now(UTC).date()
    with tempfile.TemporaryDirectory() as name, Cluster() as cluster, ObjectStore() as objects, objects.known():
        data = Path(name) / "data"
        with Store(DataFolder.open(data, create=True), reserve=0) as store:
            for number in range(count):
                store.put(hashlib.sha256(b"%d" % number).digest()[:16], body, claimed=1, day=today)
            for _ in range(large):
                identifier = os.urandom(16)
                whole = hashlib.sha256()
                for number in range(LARGE):
                    part = os.urandom(PART)
                    whole.update(part)
                    store.parts.put(identifier, number, part)
                store.put_parts(identifier, LARGE * PART, whole.digest(), claimed=1, day=today)
        raw = count / _copied(cluster, count, body)
        yield Figure(f"raw COPY of {count:,} rows into PostgreSQL", raw, "per second", f"{len(body):,} bytes each")
        for what, place in (("to PostgreSQL", cluster.database()), ("back to SQLite", "sqlite")):
            speed = (count + large) / _moved(data, "--database", place)
            yield Figure(f"moved {what}, verified", speed, "per second", f"{speed / raw:.2f} of raw COPY")
        size = large * LARGE * PART / MB
        for what, place in (("to a bucket", objects.bucket("moved")), ("back to a folder", "folder")):
            speed = size / _moved(data, "--blobs", place)
            yield Figure(f"large reports moved {what}", speed, "MB/s", f"{size:,.0f} MB; a bucket of moto, in Python")


def _moved(data: Path, *where: str) -> float:
    """Seconds."""
    start = time.perf_counter()
    done = command("move", "--data", data, *where, seconds=1800)
    if done.returncode:
        sys.exit(f"it could not be moved: {done.stderr}")
    return time.perf_counter() - start


def _copied(cluster: Cluster, count: int, body: bytes) -> float:
    """Seconds until as many rows are committed."""
    with cluster.asked(cluster.database()) as connection:
        connection.execute("CREATE TABLE raw (id bytea PRIMARY KEY, body bytea)")
        start = time.perf_counter()
        with connection.cursor().copy("COPY raw FROM STDIN WITH (FORMAT binary)") as copy:
            copy.set_types(["bytea", "bytea"])
            for _ in range(count):
                copy.write_row((os.urandom(16), body))
        connection.commit()
        return time.perf_counter() - start
