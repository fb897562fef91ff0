"""What processes hold in memory, as the kernel counts it."""

import os
from collections.abc import Iterator
from pathlib import Path

MB = 1_000_000


def peak(pid: int) -> float:
    """The most that a process ever held, in MB; nothing for one that has ended."""
    return _line(Path(f"/proc/{pid}/status"), "VmHWM:")


def private(pid: int) -> float:
    """What a process holds alone now, in MB; nothing for one that has ended."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    return _line(rollup, "Private_Clean:") + _line(rollup, "Private_Dirty:")


def descendants(pid: int, *marks: str) -> list[int]:
    """Processes below `pid` in whose command all `marks` stand."""
    parents = dict(_parents())
    below = {pid}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    return [one for one in below if all(mark in _command(one) for mark in marks)]


def _line(path: Path, name: str) -> float:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / MB for line in lines if line.startswith(name)), 0.0)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def _parents() -> Iterator[tuple[int, int]]:
    for name in os.listdir("/proc"):  # noqa: PTH208  # names are all that is needed
        if name.isdecimal():
            try:
                fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            yield int(name), int(fields[1])
