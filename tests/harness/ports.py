"""Ports of 127.0.0.1 that were free a moment ago, for programs that can't be told to choose one themselves."""

import socket
from contextlib import ExitStack


def free_ports(count: int) -> tuple[int, ...]:
    """All different: they are held together until each is known."""
    with ExitStack() as held:
        listeners = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return tuple(int(listener.getsockname()[1]) for listener in listeners)
