"""kill -9 at any moment: nothing that was told to be on disk is lost, and nothing readable is left anywhere."""

from __future__ import annotations

import os
import random
import secrets
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.review.verification import verify
from tests.harness.keys import make_world
from tests.harness.nursery import COUNT, opened
from tests.harness.vaults import make_vault

ROOT = Path(__file__).parents[2]
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.harness.nursery"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary), "SQLITE_TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def killed(nursery: subprocess.Popen[str], folder: Path, canary: str, chance: random.Random) -> int:
    """The last number that a worker told before it was killed, at a moment that nobody chose."""
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    nursery.stdin.write(f"{folder}\t{chance.randrange(1 << 30)}\t{canary}\n")
    nursery.stdin.flush()
    child, told = int(nursery.stdout.readline()), 0
    after, timer = chance.randrange(1, 8), None
    for line in nursery.stdout:
        if line == "end\n":
            break
        told = int(line)
        after -= 1
        if after == 0:
            timer = threading.Timer(chance.random() * 0.2, os.kill, (child, signal.SIGKILL))
            timer.start()
    assert timer is not None, "the worker ended by itself"
    timer.join()
    return told


def readable(canary: str, since: float, *folders: Path) -> list[Path]:
    """Every file written `since` (seconds since 1970) that holds a word of what was written.

    Others work in the folders of the system, too: what they take away meanwhile is passed over.
    """
    wanted = [canary.encode(encoding) for encoding in ENCODINGS]
    found = []
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for path in (Path(parent, name) for name in names):
                try:
                    told = path.lstat()
                    content = path.read_bytes() if stat.S_ISREG(told.st_mode) and told.st_mtime >= since else b""
                except OSError:
                    continue  # somebody else's, or gone
                if any(each in content for each in wanted):
                    found.append(path)
    return found


def check(nursery: subprocess.Popen[str], folder: Path, times: int) -> None:
    chance, canary = random.Random(times), f"Канарейкаев {secrets.token_hex(8)}"
    make_vault(make_world(folder.parent / "world"), folder).close()
    least, since = 0, time.time() - 1
    for _ in range(times):
        least = max(least, killed(nursery, folder, canary, chance))
        assert readable(canary, since, folder.parent, Path("/dev/shm"), Path("/var/tmp")) == []
        vault, _ = opened(folder)
        with vault:
            with vault.journal() as journal:
                number = journal.state(COUNT)["number"].value
            assert isinstance(number, int)
            assert number >= least, "what was on disk is lost"
            assert verify(vault, whole=True).faults == ()
        least = number


def test_ten_kills_lose_nothing_and_leave_nothing_to_read(nursery: subprocess.Popen[str], tmp_path: Path) -> None:
    check(nursery, tmp_path / "vault", 10)


@pytest.mark.long
def test_two_hundred_kills_lose_nothing_and_leave_nothing_to_read(
    nursery: subprocess.Popen[str], tmp_path: Path
) -> None:
    check(nursery, tmp_path / "vault", 200)


def test_the_scan_finds_what_is_there(tmp_path: Path) -> None:
    canary = f"Канарейкаев {secrets.token_hex(8)}"
    (tmp_path / "a").write_text(canary)
    (tmp_path / "b").write_bytes(b"x" + canary.encode("utf-16-le"))
    (tmp_path / "c").write_text("nothing")
    assert {path.name for path in readable(canary, 0, tmp_path)} == {"a", "b"}
    os.utime(tmp_path / "a", (1000, 1000))
    assert {path.name for path in readable(canary, time.time() - 60, tmp_path)} == {"b"}
