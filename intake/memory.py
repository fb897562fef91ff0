"""What a process holds in memory stays there: no core file, no reading by neighbours, no swap where it is allowed.

`lasting` is about its speed alone.

Linux only (prctl(2), mlockall(2), mallopt(3) of glibc); elsewhere, and where the system refuses, nothing fails: the
answer says what holds.
"""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# From <linux/prctl.h> and <bits/mman.h> (the same on every architecture that Debian builds for but alpha and powerpc).
_PR_SET_DUMPABLE = 4
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
_M_PERTURB = -6  # <malloc.h>


def keep_private() -> bool:
    """Forbid core files, and other processes of the same user to read this one; whether both hold.

    What is executed from here starts with neither but the limit; what is forked keeps both.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return sys.platform == "linux" and _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def wipe_freed() -> bool:
    """Overwrite what is freed from now on, whichever library had it; whether that holds.

    Blocks of a kilobyte and less may wait a moment in a thread's own store before it happens to them, and Python's own
    small objects live in arenas that go back to the system as a whole.
    """
    library = ctypes.CDLL(None)
    return sys.platform == "linux" and hasattr(library, "mallopt") and library.mallopt(_M_PERTURB, 0x5A) == 1


def keep_unswapped() -> bool:
    """Keep every page, as it is first touched, out of swap; whether that holds.

    Needs leave to lock without limit (CAP_IPC_LOCK, or `LimitMEMLOCK=infinity`): with less, locking what comes would
    turn the limit into a limit of all memory, and the process would die of it at its busiest.
    """
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] != resource.RLIM_INFINITY and not _may_lock():
        return False
    return sys.platform == "linux" and _call("mlockall", _MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT)


@contextmanager
def lasting() -> Iterator[None]:
    """For the making of what stays to the end, modules and pages: nothing looks for what of it could be freed.

    Otherwise all there is so far would be walked through, several times in a start; later collections pass it over too.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _may_lock() -> bool:
    """Whether this process has CAP_IPC_LOCK (bit 14 of capabilities(7))."""
    try:
        status = Path("/proc/self/status").read_text("utf-8")
    except OSError:
        return False
    found = next((line for line in status.splitlines() if line.startswith("CapEff:")), "CapEff: 0")
    return bool(int(found.split()[1], 16) >> 14 & 1)


def _call(function: str, *arguments: int) -> bool:
    library = ctypes.CDLL(None)
    return bool(hasattr(library, function) and getattr(library, function)(*map(ctypes.c_ulong, arguments)) == 0)
