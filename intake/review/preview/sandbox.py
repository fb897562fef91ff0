"""The sandbox: bubblewrap around the renderer, with nothing in it but programs.

Inside there is no network, no process of the machine's, no home, no vault, no writable disk; the file comes as a sealed
piece of memory (memfd), the pixels leave by a pipe, and nothing else does. User, process, network, mount, IPC, UTS and
cgroup namespaces are new, all capabilities are dropped, no further namespaces can be made, and a short list of kernel
doors that no decoder needs is shut (seccomp). Memory and processor time are bounded inside, time on the clock, size of
the file and of the answer here. If bubblewrap is missing or the kernel refuses it, nothing is rendered.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import select
import shutil
import struct
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from intake.errors import Fault, IntakeError, Usage
from intake.review.preview import pixels
from intake.review.preview.pixels import SIDE, End, Picture

FILE_LIMIT = 2 << 30
"""Bytes of an original that are looked at."""
TIME_LIMIT = 40.0
"""Seconds on the clock for one look."""
PAGES_LIMIT = 50

_RENDERER = Path(__file__).with_name("renderer.py")
_PACKAGES = ("PIL", "pillow.libs", "pypdfium2", "pypdfium2_cfg", "pypdfium2_raw")
_PIECE = 1 << 20
_ENDINGS = {
    10: "it is no image, PDF, video or text that can be shown here",
    11: "it is malformed",
    12: "it would unpack to too many pixels, or take too much memory",
    13: "it is sound: there is nothing to see in it, and sound is never played here",
    14: "a part of the sandbox is missing",
    15: "it is locked by a password",
}
_FORBIDDEN = (
    # socket, ptrace, syslog, personality, pivot_root, acct, mount, umount2, swapon, modules (2), quotactl
    *(41, 101, 103, 135, 155, 163, 165, 166, 167, 175, 176, 179),
    # kexec_load, add_key, request_key, keyctl, unshare, vmsplice, move_pages, perf_event_open, fanotify_init
    *(246, 248, 249, 250, 272, 278, 279, 298, 300),
    # name_to_handle_at, open_by_handle_at, setns, process_vm_readv, process_vm_writev, kcmp, finit_module, bpf
    *(303, 304, 308, 310, 311, 312, 313, 321),
    # userfaultfd, io_uring (3), open_tree, move_mount, fsopen, pidfd_getfd, memfd_secret
    *(323, 425, 426, 427, 428, 429, 430, 438, 447),
)
"""Numbers of x86-64's system calls."""


class Refused(IntakeError):
    """The file can't be shown: what it is, or what happened in the sandbox."""

    advice = "The original is kept as it came. Don't open it with other programs on this machine."


@dataclass(frozen=True, slots=True)
class Wish:
    """How to show a file: `side` pixels for the longer side, `first` page and `most` pages, `stills` of a video."""

    side: int = 480
    colour: bool = False
    first: int = 1
    most: int = 10
    stills: int = 6

    def __post_init__(self) -> None:
        if not (1 <= self.side <= SIDE and 1 <= self.first <= 65_535 and 1 <= self.most <= PAGES_LIMIT):
            raise Usage(f"at most {PAGES_LIMIT} pages at a time, and {SIDE} pixels a side, can be shown")
        if not 1 <= self.stills <= PAGES_LIMIT:
            raise Usage(f"at most {PAGES_LIMIT} stills can be shown")


def preview(source: BinaryIO, wish: Wish) -> tuple[list[Picture], End]:
    """The pictures of a file, from its plain bytes, which stay in memory. They are not parsed in this process.

    Raises `Fault` where there is no sandbox, `Refused` for a file that can't be shown, `Damaged` for an answer that is
    none.
    """
    if reason := why_not():
        raise reason
    original = _in_memory(source)
    try:
        return _look(original, wish)
    finally:
        os.close(original)


@cache
def why_not() -> Fault | None:
    """Why no sandbox can be built on this machine, or None where it can."""
    advice = "Files can't be shown without it, and are not shown in any other way: {}"
    if shutil.which("bwrap") is None:
        return Fault("bubblewrap is missing", advice.format("apt-get install bubblewrap, from the kit."))
    for package in ("PIL", "pypdfium2"):
        if find_spec(package) is None:
            return Fault(f"the Python package {package} is missing", advice.format("install the kit again."))
    tried = subprocess.run([*_command(), "true"], capture_output=True, check=False)  # noqa: S603
    if tried.returncode:
        return Fault(
            "this system lets bubblewrap build no sandbox (user namespaces are off)",
            advice.format("set kernel.unprivileged_userns_clone=1 with sysctl, and ask who set this machine up."),
        )
    return None


def _command() -> list[str]:
    """bubblewrap, and what of this machine is seen inside: programs and libraries, to read."""
    seen = ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"]
    for name in ("bin", "lib", "lib64"):
        link = Path("/", name)
        seen += (
            ["--symlink", f"usr/{name}", str(link)] if link.is_symlink() else ["--ro-bind-try", str(link), str(link)]
        )
    for file in ("/etc/ld.so.cache", "/etc/alternatives"):
        seen += ["--ro-bind-try", file, file]
    if not sys.base_prefix.startswith("/usr"):
        seen += ["--ro-bind", sys.base_prefix, sys.base_prefix]
    for name in _PACKAGES:
        if found := _package(name):
            seen += ["--ro-bind", str(found), f"/packages/{name}"]
    seen += ["--ro-bind", str(_RENDERER), "/renderer.py", "--remount-ro", "/"]
    return [
        *("bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"),
        *("--clearenv", "--setenv", "PATH", "/usr/bin", "--setenv", "LC_ALL", "C.UTF-8"),
        *("--uid", "65534", "--gid", "65534", "--cap-drop", "ALL", "--hostname", "sandbox", "--chdir", "/"),
        *seen,
    ]


def _package(name: str) -> Path | None:
    """The folder of a package, found and not imported: its code runs in the sandbox alone."""
    for folder in map(Path, sys.path):
        if (found := folder / name).is_dir():
            return found
    return None


def _in_memory(source: BinaryIO) -> int:
    """A descriptor of a sealed memory file with all of the source. Raises `Refused` when that is too large."""
    descriptor = os.memfd_create("original", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        size = 0
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > FILE_LIMIT:
                raise Refused(f"it is larger than the {FILE_LIMIT >> 30} GiB that are looked at")
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        if not size:
            raise Refused("it is empty", "There is nothing to see.")
        seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, OSError):
            raise Fault(f"there is not enough memory: {error.strerror}", "Close other programs.") from error
        raise
    return descriptor


def _look(original: int, wish: Wish) -> tuple[list[Picture], End]:
    shut = _filter()
    program = f"{sys.base_prefix}/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    try:
        process = subprocess.Popen(  # noqa: S603 - the words are ours
            [*_command(), "--seccomp", str(shut), program, "-I", "-B", "-S", "/renderer.py", json.dumps(asdict(wish))],
            stdin=original,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[shut],
        )
    finally:
        os.close(shut)
    assert process.stdout is not None
    deadline = time.monotonic() + TIME_LIMIT
    with process:
        try:
            answer = _Answer(process.stdout.fileno(), deadline)
            try:
                found = pixels.read(answer.take, max(wish.most, wish.stills))
            except IntakeError:
                process.wait(max(0.1, deadline - time.monotonic()))
                if process.returncode:
                    raise _ended(process.returncode) from None
                raise
            process.wait(max(0.1, deadline - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired):
            raise Refused(f"it took longer than {TIME_LIMIT:.0f} seconds") from None
        finally:
            process.kill()
    if not found[0]:
        raise Refused(f"it has only {found[1].pages} pages", "Ask for a page that it has.")
    return found


def _ended(status: int) -> Refused:
    """It hands on the status of what it ran, and 128 and a signal's number if that killed it."""
    if status in _ENDINGS:
        advice = "Install the kit again: Pillow, pypdfium2, ffmpeg, fonts-dejavu-core." if status == 14 else ""
        return Refused(_ENDINGS[status], advice)
    return Refused("it broke the program that decodes it, which the sandbox contained")


class _Answer:
    """What comes out of the sandbox, until a deadline."""

    def __init__(self, descriptor: int, deadline: float) -> None:
        self._descriptor = descriptor
        self._deadline = deadline

    def take(self, size: int) -> bytes:
        """So many bytes, or fewer if there are no more. Raises `TimeoutError`."""
        pieces, missing = [], size
        while missing:
            left = self._deadline - time.monotonic()
            if left <= 0 or not select.select([self._descriptor], [], [], left)[0]:
                raise TimeoutError
            piece = os.read(self._descriptor, min(missing, _PIECE))
            if not piece:
                break
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)


def _filter() -> int:
    """A descriptor with a seccomp program (classic BPF, seccomp(2)) that fails the calls of `_FORBIDDEN` with EPERM.

    On other machines than x86-64 it allows all: their numbers differ, and the rest of the sandbox stands.
    """
    allow, deny, kill = 0x7FFF0000, 0x00050001, 0x80000000
    if platform.machine() != "x86_64":
        program = [(0x06, 0, 0, allow)]
    else:
        count = len(_FORBIDDEN)
        program = [
            (0x20, 0, 0, 4),  # the architecture
            (0x15, 1, 0, 0xC000003E),
            (0x06, 0, 0, kill),
            (0x20, 0, 0, 0),  # the number of the call
            (0x35, count + 1, 0, 0x40000000),  # the x32 doors to the same calls
            *((0x15, count - index, 0, number) for index, number in enumerate(_FORBIDDEN)),
            (0x06, 0, 0, allow),
            (0x06, 0, 0, deny),
        ]
    descriptor = os.memfd_create("filter")
    os.write(descriptor, b"".join(struct.pack("<HBBI", *line) for line in program))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
