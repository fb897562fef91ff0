"""What the system itself says of a process that keeps its memory to itself."""

import ctypes
import gc
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from intake.memory import lasting
from tests.harness.keys import make_world
from tests.harness.server import running_drop

PR_GET_DUMPABLE = 3


def child(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_no_core_is_written_and_no_neighbour_reads() -> None:
    asked = f"import ctypes, resource; print(ctypes.CDLL(None).prctl({PR_GET_DUMPABLE}), resource.getrlimit(4))"
    before = child(asked)
    after = child(f"from intake.memory import keep_private; assert keep_private(); {asked}")
    assert resource.RLIMIT_CORE == 4
    assert before.startswith("1 ")
    assert after == "0 (0, 0)"


def test_every_command_keeps_its_memory_private() -> None:
    code = (
        "import ctypes, sys, intake.cli as cli; sys.argv = ['intake', '--version']\n"
        "try: cli.main()\n"
        f"except SystemExit: print(ctypes.CDLL(None).prctl({PR_GET_DUMPABLE}))"
    )
    assert child(code).splitlines()[-1] == "0"


@pytest.mark.parametrize(("before", "left"), [("", True), ("assert wipe_freed()", False)])
def test_what_is_freed_is_wiped(before: str, left: bool) -> None:
    """A block of the size of a report, filled, freed, and looked at where it lay; and as it is without."""
    code = (
        "import ctypes; from intake.memory import wipe_freed\n"
        f"{before}\n"
        "library = ctypes.CDLL(None)\n"
        "library.malloc.restype = ctypes.c_void_p\n"
        "library.free.argtypes = [ctypes.c_void_p]\n"
        "block, behind = library.malloc(20_000), library.malloc(20_000)\n"
        "ctypes.memmove(block, b'canary' * 3000, 18_000)\n"
        "library.free(block)\n"
        "print(b'canary' in ctypes.string_at(block, 18_000))"
    )
    assert child(code) == str(left)


def test_without_leave_nothing_is_locked_rather_than_memory_limited() -> None:
    """As a user with a small limit: half locked, the next megabyte would be refused."""
    code = (
        "import os, resource; from intake.memory import keep_unswapped\n"
        "resource.setrlimit(resource.RLIMIT_MEMLOCK, (1 << 20, 1 << 20))\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "print(keep_unswapped(), len(bytes(64 << 20)) >> 20)"
    )
    assert child(code) == "False 64"


def test_the_server_locks_what_it_touches_or_says_that_it_may_not(tmp_path: Path) -> None:
    allowed = ctypes.CDLL(None).geteuid() == 0
    with running_drop(make_world(tmp_path / "keys"), tmp_path / "drop") as drop:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{drop.pid}/status").read_text().splitlines())
        limits = Path(f"/proc/{drop.pid}/limits").read_text()
        told = "\n".join(drop.said)
    assert "Max core file size        0                    0" in limits
    assert (int(status["VmLck"].split()[0]) > 0) == allowed
    assert ("may be written to swap" in told) != allowed
    assert os.getpid() != drop.pid


def test_what_lasts_is_passed_over_from_then_on_and_the_rest_is_collected_again() -> None:
    assert gc.isenabled()
    before = gc.get_freeze_count()
    try:
        with lasting():
            assert not gc.isenabled()
            made = [[each] for each in range(1000)]
        assert gc.isenabled()
        assert gc.get_freeze_count() >= before + len(made)
    finally:
        gc.unfreeze()
