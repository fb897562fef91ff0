"""A vault that nobody is at: who uses it just now, since when nobody does, and the error of one that is locked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic

from intake.errors import Fault


class Locked(Fault):
    """The vault is locked: it was left alone, and its key is forgotten."""

    advice = "Type its passphrase to go on."

    def __init__(self) -> None:
        super().__init__("the vault is locked")


class Using:
    """Who is using a vault at the moment, and since when nobody does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._since = monotonic()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Somebody does."""
        with self._lock:
            self._count += 1
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1
                self._since = monotonic()

    def idle(self) -> timedelta | None:
        """For how long nobody has; None while somebody does."""
        with self._lock:
            return None if self._count else timedelta(seconds=monotonic() - self._since)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody does, and nobody may begin. Raises `Fault` when somebody does."""
        with self._lock:
            if self._count:
                raise Fault("the vault is in use", "Wait until the work under way has ended.")
            yield
