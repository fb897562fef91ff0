"""Which sockets are waited for, kept by the kernel from one turn to the next (epoll).

waitress asks every connection at every turn what it waits for. A thousand that wait cost a millisecond then, each time
that one of them says something; and each answer wakes the thread that asks. Here each says so once, when it changes.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Mapping
from typing import Any, Protocol

from waitress.wasyncore import readwrite


class Dispatcher(Protocol):
    """A `waitress.wasyncore` dispatcher."""

    _fileno: Any  # None once it is closed

    def readable(self) -> bool:
        """Whether it waits to read."""

    def writable(self) -> bool:
        """Whether it waits to write."""


class Readiness:
    """What each descriptor is waited for. `watch` and `forget` may be called from any thread, `turn` from one."""

    def __init__(self) -> None:
        self._kernel = select.epoll()
        self._armed: dict[int, int] = {}
        self._lock = threading.RLock()

    def watch(self, thing: Dispatcher) -> None:
        """Wait for what this one wants now. To be called after each change of it, by whoever changed it."""
        with self._lock:  # of two threads that look, the later one sees what both changed
            descriptor = thing._fileno
            if descriptor is None:
                return
            wanted = (select.EPOLLIN if thing.readable() else 0) | (select.EPOLLOUT if thing.writable() else 0)
            armed = self._armed.get(descriptor)
            if wanted == (armed or 0):
                return
            if not wanted:
                self.forget(descriptor)  # as long as it is registered, it is told that its peer went
                return
            self._armed[descriptor] = wanted
            # Once told, it is not told again until it is watched again: not even that its peer went.
            (self._kernel.register if armed is None else self._kernel.modify)(descriptor, wanted | select.EPOLLONESHOT)

    def forget(self, descriptor: int) -> None:
        """It closes."""
        with self._lock:
            if self._armed.pop(descriptor, None) is not None:
                self._kernel.unregister(descriptor)

    def turn(self, seconds: float, things: Mapping[int, Any]) -> None:
        """Let those read and write that can, after waiting so long for the first of them."""
        for descriptor, events in self._kernel.poll(seconds):
            with self._lock:
                if descriptor in self._armed:
                    self._armed[descriptor] = 0
            thing = things.get(descriptor)
            if thing is not None:
                readwrite(thing, events)
                self.watch(thing)

    def close(self) -> None:
        """Let go of the kernel's part."""
        self._kernel.close()
