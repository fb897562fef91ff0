"""The command itself: its doors open apart from one another, and its exit statuses are a promise."""

import subprocess
import sys

import pytest

from intake import errors
from intake.errors import Exit, IntakeError


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "intake", *arguments], capture_output=True, text=True, check=False)


def test_the_doors_are_listed() -> None:
    done = run("--help")
    assert done.returncode == Exit.OK
    for name in ("keys", "drop", "review"):
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("door", ["keys", "drop", "review"])
def test_each_door_tells_its_commands(door: str) -> None:
    done = run(door, "--help")
    assert done.returncode == Exit.OK
    assert "Commands:" in done.stdout


def test_an_unknown_door_is_a_usage_error() -> None:
    done = run("window")
    assert done.returncode == Exit.USAGE
    assert "window" in done.stderr


def test_the_desk_never_loads_the_server_nor_the_reverse() -> None:
    code = "import sys, intake.{0}.commands; sys.exit(any(m.startswith('intake.{1}') for m in sys.modules))"
    for one, other in (("drop", "review"), ("review", "drop"), ("keyring", "drop"), ("keyring", "review")):
        done = subprocess.run([sys.executable, "-c", code.format(one, other)], check=False)
        assert done.returncode == 0, f"{one} loads {other}"


def test_exit_codes_are_the_promised_ones() -> None:
    assert {e.name: e.value for e in Exit} == {
        "OK": 0,
        "FAULT": 1,
        "USAGE": 2,
        "NO_KEY": 3,
        "DAMAGED": 4,
        "KEYRING": 5,
        "CLOSED": 6,
        "CHAIN": 7,
        "SOME_FAILED": 8,
        "CONSENT": 9,
        "WARNING_30_DAYS": 10,
        "WARNING_7_DAYS": 11,
    }


def test_every_error_stands_in_the_tree() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) >= 10
    assert all(issubclass(kind, IntakeError) for kind in kinds)
