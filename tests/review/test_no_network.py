"""The desk opens no internet socket: every command runs where there is no network, and what it asks for is watched."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.errors import Exit
from tests.harness.every_command import every, names, prepare
from tests.harness.keys import World, make_world
from tests.harness.offline import COMMAND

ROOT = Path(__file__).parents[2]
CALL = re.compile(r"\b(?:socket|socketpair)\((AF_\w+|\d+)")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


def watched(trace: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """A program without a network, all its children with it; `trace` tells the sockets that they asked for."""
    strace = ("strace", "-f", "-qq", "-e", "trace=execve,socket,socketpair", "-o", str(trace))
    arguments = [*COMMAND, *strace, *map(str, command)]
    return subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=ROOT)


def sockets(trace: Path) -> set[str]:
    text = trace.read_text()
    assert "execve(" in text, "nothing was watched"
    return set(CALL.findall(text))


def test_no_command_of_the_desk_ever_opens_an_internet_socket(world: World, tmp_path: Path) -> None:
    prepare(world, tmp_path)
    typed = every(world.folder, tmp_path)
    # The desk needs a terminal, and is watched at one: tests/review/desk/test_safety.py.
    assert sorted(names()) == sorted([*typed, "desk"]), "each command is run, a new one too"
    trace = tmp_path / "trace"
    done = watched(trace, sys.executable, "-m", "tests.harness.every_command", world.folder, tmp_path)
    statuses = json.loads(done.stdout)
    statuses.pop("doctor")  # it says what is wrong with this machine
    assert {name: status for name, status in statuses.items() if status != Exit.OK} == {}, done.stderr
    assert sockets(trace) <= {"AF_UNIX", "AF_NETLINK"}  # the second is bubblewrap's, bringing up a sandbox


def test_the_watch_sees_a_socket(tmp_path: Path) -> None:
    code = "import socket; socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)"
    assert watched(tmp_path / "trace", sys.executable, "-c", code).returncode == 0
    assert "AF_INET6" in sockets(tmp_path / "trace")
