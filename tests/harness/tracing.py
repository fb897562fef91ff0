"""What a process asked of its system: strace's record of it, as calls with their paths, peers and bytes.

wrapper = traced(tmp_path / "trace")          # goes before the command
for call in calls(tmp_path / "trace"): ...
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

WRITING = ("write", "pwrite64", "writev", "pwritev", "pwritev2", "sendto", "sendmsg", "sendmmsg", "sendfile")
NAMING = ("mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "mknod")
OPENING = ("open", "openat", "openat2", "creat", "memfd_create")
MARKING = ("setxattr", "lsetxattr", "fsetxattr", "utimensat", "utime", "utimes")
REACHING = ("connect", "socket")
COPYING = ("copy_file_range", "splice", "vmsplice", "tee", "shmget", "mq_open")
_CALLS = (*WRITING, *NAMING, "mknodat", *OPENING, *MARKING, *REACHING, *COPYING)

_LINE = re.compile(rb"(\d+) +(\w+)\((.*)")
_RESUMED = re.compile(rb"(\d+) +<\.\.\. (\w+) resumed>(.*)")
_FIRST = re.compile(rb"(?:AT_FDCWD|-?\d+)?<((?:->|[^>])*)>")
_UNFINISHED = b" <unfinished ...>"
_ESCAPED = re.compile(rb"(?:\\x[0-9a-f]{2})+")


@dataclass(frozen=True)
class Call:
    """One system call. `target` is what its first descriptor was: a path, or how strace shows a socket."""

    pid: int
    name: str
    target: str
    text: str  # all but the strings
    strings: tuple[bytes, ...]
    failed: bool


def traced(record: Path) -> Sequence[str]:
    """What goes before a command so that it and all its children are recorded, byte for byte."""
    flags = ["-D", "-f", "--seccomp-bpf", "-q", "-yy", "-xx", "-s", str(1 << 24), "-e", f"trace={','.join(_CALLS)}"]
    return ["strace", *flags, "-o", str(record)]


def ended(record: Path, pid: int) -> None:
    """Wait until strace has written down that this process is gone."""
    deadline = time.monotonic() + 60
    while not re.search(rf"^{pid} +\+\+\+ (exited|killed)".encode(), record.read_bytes()[-4000:], re.MULTILINE):
        assert time.monotonic() < deadline, "strace did not see the end"
        time.sleep(0.1)


def calls(record: Path) -> Iterator[Call]:
    """In the order in which they began. One that was never finished has not failed, as far as anybody knows."""
    begun: dict[tuple[bytes, bytes], bytes] = {}
    with record.open("rb") as lines:
        for line in lines:
            if (again := _RESUMED.match(line)) is not None:
                yield _call(again[1], again[2], begun.pop((again[1], again[2]), b"") + again[3])
            elif (found := _LINE.match(line)) is not None:
                if found[3].endswith(_UNFINISHED):
                    begun[found[1], found[2]] = found[3][: -len(_UNFINISHED)]
                else:
                    yield _call(*found.groups())
    for (pid, name), rest in begun.items():
        yield _call(pid, name, rest)


def _call(pid: bytes, name: bytes, rest: bytes) -> Call:
    parts = rest.split(b'"')  # in hex no string holds one
    strings = tuple(bytes.fromhex(each.replace(b"\\x", b"").decode()) for each in parts[1::2])
    text = b'""'.join(parts[::2])
    first = _FIRST.match(text)
    failed = re.search(rb"= -1 E[A-Z]+ ", text) is not None and b"EINPROGRESS" not in text
    return Call(int(pid), name.decode(), _plain(first[1]) if first else "", text.decode(), strings, failed)


def _plain(escaped: bytes) -> str:
    """A path as strace shows it in hex, as it is; an address as it stands."""
    return _ESCAPED.sub(lambda each: bytes.fromhex(each[0].replace(b"\\x", b"").decode()), escaped).decode(
        errors="replace"
    )
