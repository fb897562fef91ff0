"""What fails in this process, as counts: libraries log paths and addresses, and a printed line tells when it was."""

from __future__ import annotations

import logging
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType


class Tally(logging.Handler):
    """Where every log record ends: counted by where it came from, its words forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count one."""
        if record.levelno >= logging.ERROR:
            self.counts[f"{record.name} {record.levelname.lower()}"] += 1

    def count(self, kind: type[BaseException] | None, trace: TracebackType | None) -> None:
        """Count an error by its kind and the line it came from."""
        self.counts[failed_at(kind, trace)] += 1


def failed_at(kind: type[BaseException] | None, trace: TracebackType | None) -> str:
    """The kind of an error and the line of code it came from; its message may hold what was sent."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else "?"
    return f"{kind.__name__ if kind else '?'} at {where}"


def silence() -> Tally:
    """Take all logging of this process. Returns what counts it.

    So are errors that end a library's own thread, or that nobody can be told of: Python would print them.
    """
    tally = Tally()
    root = logging.getLogger()
    root.handlers = [tally]
    names: Mapping[str, Any] = logging.root.manager.loggerDict
    for name in list(names):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    threading.excepthook = lambda error: tally.count(error.exc_type, error.exc_traceback)
    sys.unraisablehook = lambda error: tally.count(error.exc_type, error.exc_traceback)
    return tally
