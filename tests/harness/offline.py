"""A network namespace with nothing in it but, on demand, its own loopback: what runs there can reach nobody."""

import fcntl
import socket
import struct
import subprocess
import sys
from pathlib import Path

COMMAND = ("unshare", "--map-root-user", "--net", "--")

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def offline(program: str, folder: Path) -> Path:
    """A program that starts `program` where there is no network at all, not even loopback."""
    wrapper = folder / f"offline-{Path(program).name}"
    wrapper.write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} {program} "$@"\n')
    wrapper.chmod(0o755)
    return wrapper


def run_offline(module: str, *arguments: str | Path, timeout: float = 120) -> str:
    """What a module of the tests prints when it runs without a network; it calls `loopback_up` if it needs that."""
    command = [*COMMAND, sys.executable, "-W", "error", "-m", module, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    return done.stdout


def loopback_up() -> None:
    """Switch on this namespace's loopback, for a browser's debugging port; fails where there is any other network."""
    names = [name for _, name in socket.if_nameindex()]
    assert names == ["lo"], names
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(asked, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(asked, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
