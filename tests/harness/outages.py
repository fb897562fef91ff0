"""What fails under a server: a disk that is small and fills up, and one that takes no more writes."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[None]:
    """A file system of so many MB at `path`, which only who may mount can make."""
    path.mkdir(parents=True)
    options = f"size={megabytes}m,mode=0700"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "small", str(path)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(path: Path) -> None:
    """Take all that is left."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


@contextmanager
def failing(pid: int) -> Iterator[None]:
    """Every write of this process to a file fails meanwhile, those of its database too."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
