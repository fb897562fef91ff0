"""Where a server listens: a port, or a Unix socket; and how many connections it may have."""

from __future__ import annotations

import resource
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from intake.errors import Usage

if TYPE_CHECKING:
    pass


UNIX = "unix:"


def listener(address: str) -> socket.socket:
    """A bound socket for HOST:PORT (port 0 takes a free one) or unix:/PATH. Raises `Usage`.

    Who may enter the folder of a Unix socket may connect: that is where to say so.
    """
    path = address.removeprefix(UNIX) if address.startswith(UNIX) else None
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    tcp = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(tcp if path is None else socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path is None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((host, int(port)))
        else:
            _remove_left_behind(path)
            found.bind(path)
            Path(path).chmod(0o666)
    except OSError as error:
        found.close()
        advice = "Choose another --listen HOST:PORT or unix:/PATH."
        raise Usage(f"can't listen on {address}: {error.strerror}", advice) from error
    return found


def place(bound: socket.socket) -> str:
    """Where a bound socket listens, for people and for the tests that read it."""
    if is_unix(bound):
        return f"{UNIX}{bound.getsockname()}"
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def is_unix(one: socket.socket) -> bool:
    """Whether it is one, which has no port and no address."""
    return one.family == socket.AF_UNIX


def _remove_left_behind(path: str) -> None:
    """A Unix socket outlives its server; one that still answers, or another kind of file, is not ours to take."""
    if not Path(path).is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        try:
            caller.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()


def allow_files(connections: int) -> None:
    """Let this process open a socket for every connection."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 256
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard < 0 else min(wanted, hard), hard))
