"""What nodes count together, in Valkey or Redis; and alone, in memory, while that does not answer.

Only what is the same for everybody goes there: counts of all requests, and which challenges are spent. A count for one
source stays in this process, where the salt of its key is. Valkey should keep nothing on disk: the age of a spent
challenge tells when a report came. Nothing here ever turns a report away because Valkey is down, slow or lying full.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from limits.storage import MemoryStorage, SlidingWindowCounterSupport, Storage

from intake.drop.folder import DataFolder
from intake.errors import Fault, Usage

if TYPE_CHECKING:
    from limits.storage import RedisStorage

_T = TypeVar("_T")

SCHEME = "intake+counters"
EVERYBODY = "everybody"
"""In the key of each count that nodes share."""

ANSWER_SECONDS = 0.5
PAUSE_SECONDS = 2.0
"""In which nothing is tried after a failure: a Valkey that hangs must not hold every thread of the server."""

_FORM = "Give it as valkey://HOST:PORT/0, redis://… or unix:///PATH; the password in VALKEYCLI_AUTH or REDISCLI_AUTH."
_NEAR = ("127.0.0.1", "::1", "localhost")


class Alone(MemoryStorage):
    """The counts of this process, swept by whoever counts: the library starts a thread for that every 10 ms."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._swept = 0.0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """See `Storage`."""
        now = time.time()
        with self._lock:
            if now > self._swept + 1:
                self._swept = now
                for old in [each for each, end in self.expirations.items() if end <= now]:
                    del self.expirations[old], self.storage[old]
            if self.expirations.get(key, 0) <= now:
                self.expirations[key], self.storage[key] = now + expiry, 0
            self.storage[key] += amount
            return self.storage[key]

    def decr(self, key: str, amount: int = 1) -> int:
        """See `Storage`."""
        with self._lock:
            if key in self.storage:
                self.storage[key] = max(0, self.storage[key] - amount)
            return self.storage.get(key, 0)

    def get(self, key: str) -> int:
        """See `Storage`."""
        return self.storage.get(key, 0) if self.expirations.get(key, 0) > time.time() else 0


class Counters(Storage, SlidingWindowCounterSupport):
    """The counts of one process, shared with others when `place` names a Valkey. Raises `Usage` for a bad `place`.

    It is a storage of the library `limits`, and hands itself to Flask-Limiter by `options`. Every method may be called
    from any thread.
    """

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012  # as `limits` wants it

    def __new__(cls, uri: str = "", wrap_exceptions: bool = False, counters: Counters | None = None) -> Counters:  # noqa: ARG004, PYI034  # for Flask-Limiter, which makes its own
        """The one that Flask-Limiter was given, or a new one."""
        return counters if counters is not None else super().__new__(cls)

    def __init__(self, uri: str = "", wrap_exceptions: bool = False, counters: Counters | None = None) -> None:
        if counters is not None:
            return
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self.place = uri
        self._alone = Alone()
        self._together = _opened(uri) if uri else None
        self._down = 0.0
        self._lock = threading.Lock()

    @property
    def options(self) -> dict[str, Any]:
        """For Flask-Limiter, beside the storage `SCHEME://`."""
        return {"counters": self}

    @property
    def answers(self) -> bool:
        """Whether the nodes count together now: asked anew."""
        if self._together is None:
            return True
        self._down = 0.0
        return self._ask(lambda shared: bool(shared.storage.ping()), lambda: False)

    def cautions(self) -> tuple[str, ...]:
        """What about this Valkey keeps more than the drop promises, in sentences without a full stop."""
        if self._together is None:
            return ()
        if not self.answers:
            return (f"{_shown(self.place)} does not answer: each node counts alone",)

        from valkey import ResponseError

        def kept(shared: RedisStorage) -> bool:
            try:
                found = {**shared.storage.config_get("save"), **shared.storage.config_get("appendonly")}
            except ResponseError:
                return False  # not ours to ask
            return bool(found.get("save")) or found.get("appendonly") == "yes"

        if self._ask(kept, lambda: False):
            return (f"{_shown(self.place)} writes to disk what tells when reports came: set save '' and appendonly no",)
        return ()

    def spend(self, challenge: str, seconds: int) -> bool:
        """Whether no node saw this challenge before; from now on it was seen. True when nobody can say."""
        key = f"intake:spent:{challenge}"
        return self._ask(lambda shared: bool(shared.storage.set(key, b"", nx=True, ex=seconds)), lambda: True)

    def agreed(self, name: str, proposed: str, seconds: int) -> str:
        """A value that all nodes use for so many seconds: `proposed` by the first of them. Ours while alone."""
        key = f"intake:agreed:{name}"

        def agree(shared: RedisStorage) -> str:
            shared.storage.set(key, proposed, nx=True, ex=seconds)
            return bytes(shared.storage.get(key) or proposed.encode()).decode()

        return self._ask(agree, lambda: proposed)

    @property
    def base_exceptions(self) -> type[Exception]:
        """None of its own: what Valkey raises is caught here."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """See `Storage`."""
        return self._count(key, lambda storage: storage.incr(key, expiry, amount))

    def get(self, key: str) -> int:
        """See `Storage`."""
        return self._count(key, lambda storage: storage.get(key))

    def get_expiry(self, key: str) -> float:
        """See `Storage`."""
        return self._count(key, lambda storage: storage.get_expiry(key))

    def check(self) -> bool:
        """It always goes on, alone if need be."""
        return True

    def reset(self) -> int | None:
        """What this process counted alone."""
        return self._alone.reset()

    def clear(self, key: str) -> None:
        """See `Storage`."""
        self._count(key, lambda storage: storage.clear(key))

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """See `SlidingWindowCounterSupport`."""
        return self._count(key, lambda storage: storage.acquire_sliding_window_entry(key, limit, expiry, amount))

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """See `SlidingWindowCounterSupport`."""
        return self._count(key, lambda storage: storage.get_sliding_window(key, expiry))

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """See `SlidingWindowCounterSupport`."""
        self._count(key, lambda storage: storage.clear_sliding_window(key, expiry))

    def _count(self, key: str, work: Callable[[MemoryStorage | RedisStorage], _T]) -> _T:
        if EVERYBODY not in key.split("/"):
            return work(self._alone)
        return self._ask(work, lambda: work(self._alone))

    def _ask(self, together: Callable[[RedisStorage], _T], alone: Callable[[], _T]) -> _T:
        if self._together is None or time.monotonic() < self._down:
            return alone()
        from valkey import ValkeyError  # a large library, of use to few

        try:
            return together(self._together)
        except (ValkeyError, OSError):
            self._down = time.monotonic() + PAUSE_SECONDS
            return alone()


def checked(place: str) -> str:
    """The address as the library wants it. Raises `Usage` if it holds a secret, or would send one in the clear."""
    try:
        found = urlsplit(place)
        port = found.port
    except ValueError:
        raise Usage("limits.counters is no address of Valkey", _FORM) from None
    if found.password or found.username or "password" in found.query:
        raise Usage("limits.counters holds a password", "Put it into VALKEYCLI_AUTH or REDISCLI_AUTH.")
    if found.scheme in ("unix", "redis+unix", "valkey+unix") and found.path:
        return f"valkey+unix://{found.path}"
    if found.scheme not in ("valkey", "redis", "valkeys", "rediss") or not found.hostname:
        raise Usage("limits.counters is no address of Valkey", _FORM)
    safe = found.scheme in ("valkeys", "rediss")
    if not safe and found.hostname not in _NEAR:
        raise Usage("limits.counters is across a network without TLS", "Give it as valkeys://HOST:PORT/0.")
    host = f"[{found.hostname}]" if ":" in found.hostname else found.hostname
    return f"{'valkeys' if safe else 'valkey'}://{host}:{port or 6379}{found.path or '/0'}"


def _opened(place: str) -> RedisStorage:
    """It connects when it is first asked."""
    from limits.storage import RedisStorage

    password = os.environ.get("VALKEYCLI_AUTH") or os.environ.get("REDISCLI_AUTH")
    options: dict[str, Any] = {"password": password} if password else {}
    return RedisStorage(
        checked(place),
        key_prefix="intake",
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=ANSWER_SECONDS,
        **options,
    )


def _shown(place: str) -> str:
    return f"Valkey at {place}"


def counters_of(folder: DataFolder) -> Counters:
    """Those that the server of this folder counts with, as it wrote them down. Raises `Fault`."""
    try:
        return Counters(folder.counters.read_text() if folder.counters.exists() else "")
    except (OSError, UnicodeDecodeError, Usage):
        raise Fault(f"{folder.counters} can't be read", "Restart `intake drop serve`, which writes it.") from None
