"""A wall clock that a test moves while a real server runs; the monotonic clock goes on as it is.

    clock = Clock(tmp_path / "clock")
    with running_drop(world, folder, environment=clock.environment) as drop:
        clock.shift(days=1)

Everything in this project asks `time.time` or `datetime.now`, and so do its Python libraries: in the process that reads
the file both are moved, before anything else is imported. Files keep the times of the real clock, which tests compare.
"""

from __future__ import annotations

import datetime
import os
import time
import warnings
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]


def wrapping(**variables: str) -> dict[str, str]:
    """The environment of a process that is wrapped."""
    return {"PYTHONPATH": str(ROOT / "tests" / "harness" / "wrapped"), "WRAPPED_ROOT": str(ROOT), **variables}


class Clock:
    """By how many seconds the processes that follow this file are off."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.shift()

    @property
    def environment(self) -> Mapping[str, str]:
        """For a process that shall follow."""
        return wrapping(WRAPPED_CLOCK=str(self._place))

    def shift(self, days: float = 0) -> None:
        """From now on the others' clock is so far ahead of this one; less than nothing is behind."""
        new = self._place.with_suffix(".new")
        new.write_text(str(days * 86_400))
        new.replace(self._place)

    def today(self) -> datetime.date:
        """Their day."""
        off = float(self._place.read_text())
        return datetime.datetime.fromtimestamp(time.time() + off, datetime.UTC).date()


def follow(place: Path) -> None:
    """Move this process's clock, from now on and for all that is imported later."""
    real = time.time

    def now() -> float:
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return real() + float(os.read(descriptor, 100))
        finally:
            os.close(descriptor)

    class Moved(datetime.datetime):
        """The class that everybody imports as `datetime`."""

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Moved:
            return cls.fromtimestamp(now(), tz)

    # What a C extension says of a class that is not quite the one it was built with.
    warnings.filterwarnings("ignore", "datetime.datetime size changed", RuntimeWarning)
    time.time = now
    datetime.datetime = Moved  # type: ignore[misc]
