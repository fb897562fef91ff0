"""How many reports a drop may hold: as many as the index of one bundle can list.

Every bundle lists all that is held, and an index has a bound (`intake.report.bundle.INDEX_LIMIT`). Beyond it no export
could be made any more, so nothing would ever be acknowledged and purged: a patient flood must not get there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from intake.report.bundle import INDEX_LIMIT

LINE = 160
"""Bytes that one report takes in an index, at most."""
LISTED = INDEX_LIMIT // LINE
"""Reports that an index surely has room for: 419,430."""
_STEP = 4096
_PAUSE = 60


class Census:
    """Counts seldom, since counting reads much: once at first, then when a part of what was left may have come.

    Several nodes count for themselves, so together they may go beyond `most` by a part of what is left, or a few
    thousand; `LINE` leaves them a tenth. Every method may be called from any thread.
    """

    def __init__(
        self, count: Callable[[], int], *, most: int = LISTED, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._count = count
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._left = 0
        self._again = float("-inf")

    def admits(self) -> bool:
        """Whether one more may come. Raises `Fault` when the database can't be asked.

        When all have come, it is counted again a minute later at the earliest: a purge makes room.
        """
        with self._lock:
            if not self._left:
                if self._clock() < self._again:
                    return False
                room = max(0, self._most - self._count())
                self._left = min(room, max(_STEP, room // 8))
                if not room:
                    self._again = self._clock() + _PAUSE
                    return False
            self._left -= 1
            return True


def caution(held: int) -> tuple[str, ...]:
    """From three quarters on: that it must be purged, in sentences without a full stop."""
    words = f"{held} reports are held of {LISTED} that a bundle can list, then no more are taken: purge them in time"
    return (words,) if 4 * held >= 3 * LISTED else ()
