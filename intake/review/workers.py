"""Opening many sealed reports on all cores, each in a process that may die of it without harm to the others.

A worker gets identities once and then batches of sealed files, as bytes or as the path of one; it sends back what the
vault's tables need of each (`Prepared`), or why not. A file that ends its worker, takes all its memory or never ends is
tried once more alone, and then named as what it is: the next file goes to a fresh worker. While a worker is at one
batch the next ones lie in its pipe, and its answers in the other, so that it need not wait for a desk that is writing.
Whoever holds keys is a child of this process that listens to it alone, and ends when this process does.

Workers are started anew (spawn), not forked: they inherit no open vault, no lock and no half-written page.
"""

from __future__ import annotations

import errno
import fcntl
import gc
import os
import resource
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar

from intake.errors import Damaged, Fault, IntakeError
from intake.locale import packaged_places
from intake.report.places import Gazetteer
from intake.review.opened import Contents, contents_of, read_contents
from intake.review.originals import Moving
from intake.review.search import Gazette, text_of
from intake.review.sources import size_of
from intake.review.submissions import row_of
from intake.sealing import Guess, Identity, parse_identity

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

K = TypeVar("K")

BATCH = 32
"""Files that a worker is given at once, if they are small."""

BATCH_BYTES = 1 << 20
MEMORY = 1 << 30  # bytes of address space that a worker may have beside what it begins with
PATIENCE = 60.0  # seconds for a batch, and one more for each _SLOW bytes
_SLOW = 4 << 20
_SPAWN = get_context("spawn")
_ADVICE = "It is kept, still sealed. Nothing of it was taken in; don't open it with other tools on this machine."

_PIPE = 1 << 20  # bytes of answers that may wait for a desk that is busy writing
_QUEUED = 48 << 10  # bytes of tasks that lie in a worker's pipe: they fit into one that can't be made larger

Body = bytes | Path | Moving
"""A sealed file: its bytes, or where it lies."""


class Prepared(NamedTuple):
    """What the tables get of a report: plain values, since those cross from process to process most cheaply.

    `row` is `intake.review.submissions.row_of`, `content` report.json as it was sealed, `text` the words of the index
    (`intake.review.search`); `origin`, `file_key` (16 bytes) and `stanzas` are those of
    `intake.review.opened.Contents`.
    """

    row: dict[str, Any]
    content: bytes
    text: str
    origin: str
    file_key: bytes
    stanzas: int

    @property
    def id(self) -> str:
        """The report's own."""
        return str(self.row["id"])

    @property
    def sealed_by(self) -> str:
        """Where it was sealed."""
        return str(self.row["sealed_by"])


Result = Prepared | IntakeError


def cores() -> int:
    """How many workers there should be: one for each core this process may use."""
    return max(1, len(os.sched_getaffinity(0)))


@dataclass(slots=True)
class _Task(Generic[K]):
    """One file to open. `size` is that of the file, `weight` what it takes in the pipe, in bytes."""

    key: K
    body: Body
    size: int
    weight: int

    @classmethod
    def of(cls, key: K, body: Body) -> _Task[K]:
        """With its sizes; a file that is about to be renamed is a small one."""
        if isinstance(body, bytes):
            return cls(key, body, len(body), len(body))
        return cls(key, body, 0 if isinstance(body, Moving) else size_of(body), 256)


class _Worker(Generic[K]):
    """One process, the batch that it is at, and those that lie in its pipe."""

    def __init__(self, identities: Sequence[str], places: Gazetteer | None) -> None:
        source, self.tasks = _SPAWN.Pipe(duplex=False)
        self.results, sink = _SPAWN.Pipe(duplex=False)
        with suppress(OSError):  # the user's share of such memory may be used up
            fcntl.fcntl(sink.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
        self.process: SpawnProcess = _SPAWN.Process(target=_serve, args=(source, sink), daemon=True)
        self.process.start()
        source.close()
        sink.close()
        self.batches: deque[list[_Task[K]]] = deque()
        self.until = 0.0
        self.tasks.send((list(identities), places))  # through the pipe: no argument and no environment ever holds a key

    def takes(self, batch: Sequence[_Task[K]]) -> bool:
        """Whether it can be given one more at once: if it could not, each might wait for the other for ever."""
        if not self.batches:
            return True
        return sum(task.weight for each in (*self.batches, batch) for task in each) <= _QUEUED

    def give(self, batch: list[_Task[K]], now: datetime, patience: float) -> None:
        """Let it open these, after those that it has."""
        self.batches.append(batch)
        if len(self.batches) == 1:
            self._begin(patience)
        try:
            self.tasks.send((now, [task.body for task in batch]))
        except BrokenPipeError:
            self.until = 0.0  # it died: `take` will say so

    def take(self, patience: float) -> tuple[list[_Task[K]], list[Result]] | None:
        """What became of the oldest batch; None when the process died or must be ended."""
        try:
            if self.results.poll():
                found: list[Result] = self.results.recv()
                batch = self.batches.popleft()
                self._begin(patience)
                return batch, found
        except (EOFError, OSError):
            return None
        return None

    def end(self) -> None:
        """At once, whatever it does."""
        self.process.kill()
        self.process.join()
        self.tasks.close()
        self.results.close()

    def _begin(self, patience: float) -> None:
        size = sum(task.size for task in self.batches[0]) if self.batches else 0
        self.until = time.monotonic() + patience + size / _SLOW


class Opening:
    """A pool of workers that hold these identities, for as long as the `with` block lasts.

    `clock` says when a file is opened, which is when the tables say that it was imported.
    """

    def __init__(
        self,
        identities: Sequence[Identity],
        workers: int | None = None,
        patience: float = PATIENCE,
        places: Gazetteer | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._patience = patience
        self._places = places
        self._identities = [str(identity) for identity in identities]
        self._count = workers or cores()
        self._clock = clock
        self._workers: list[_Worker[object]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def each(self, files: Iterable[tuple[K, Body]]) -> Iterator[tuple[K, Result]]:
        """What each file holds or why it can't be told, by the key it came with, in any order.

        Errors are `NoKeyFits`, `NotSealed`, `Damaged`, and `Fault` for the disk. `files` is asked for more only when a
        worker can take more.
        """
        batches = _Batches(files)
        busy: list[_Worker[K]] = []
        free = self._workers  # idle from the last time
        self._workers = []
        try:
            while True:
                self._feed(batches, busy, free)
                if not busy:
                    return
                for worker in _ready(busy):
                    taken = worker.take(self._patience)
                    if taken is None:
                        busy.remove(worker)
                        worker.end()
                        yield from batches.mourn(worker.batches)
                        continue
                    if not worker.batches:
                        busy.remove(worker)
                        free.append(worker)  # type: ignore[arg-type]  # idle: it holds no key of this caller
                    self._feed(batches, busy, free)
                    yield from ((task.key, result) for task, result in zip(*taken, strict=True))
        finally:
            for worker in busy:  # the caller went away in the middle
                worker.end()
            self._workers = free

    def _feed(self, batches: _Batches[K], busy: list[_Worker[K]], free: list[_Worker[object]]) -> None:
        """Give out batches while somebody takes them: to the idle first, then to who has least."""
        while batch := batches.next():
            if len(busy) < self._count:
                worker: _Worker[K] = free.pop() if free else _Worker(self._identities, self._places)  # type: ignore[assignment]  # likewise
                busy.append(worker)
            else:
                worker = min(busy, key=lambda each: len(each.batches))
                if not worker.takes(batch):
                    batches.back(batch)
                    return
            worker.give(batch, self._clock(), self._patience)


class _Batches(Generic[K]):
    """What is still to be given out, batch by batch."""

    def __init__(self, files: Iterable[tuple[K, Body]]) -> None:
        self._source = iter(files)
        self._again: deque[list[_Task[K]]] = deque()

    def next(self) -> list[_Task[K]]:
        """What a worker is given next; nothing when all is done."""
        if self._again:
            return self._again.popleft()
        batch: list[_Task[K]] = []
        size = 0
        for key, body in self._source:
            task = _Task.of(key, body)
            batch.append(task)
            size += task.size
            if len(batch) == BATCH or size >= BATCH_BYTES:
                break
        return batch

    def back(self, batch: list[_Task[K]]) -> None:
        """Nobody takes it now."""
        self._again.appendleft(batch)

    def mourn(self, batches: deque[list[_Task[K]]]) -> Iterator[tuple[K, Result]]:
        """A worker died or hung: a file of its oldest batch is to blame, and only alone can it be told which."""
        oldest, *others = batches
        if len(oldest) == 1:
            yield oldest[0].key, Damaged("opening it ended the process that did so, or never ended", _ADVICE)
        else:
            self._again.extend([task] for task in oldest)
        self._again.extend(others)


def _ready(busy: Sequence[_Worker[K]]) -> list[_Worker[K]]:
    """Workers that have answered, died, or worked for too long."""
    soonest = max(0.0, min(worker.until for worker in busy) - time.monotonic())
    heard = wait([worker.results for worker in busy], timeout=soonest)
    now = time.monotonic()
    return [worker for worker in busy if worker.results in heard or worker.until <= now]


def _serve(source: Connection, sink: Connection) -> None:
    """The worker: batches in, results out, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked for the work ends it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_held() + MEMORY,) * 2)
    try:
        spelled, places = source.recv()
        work = _Work([parse_identity(text) for text in spelled], places or packaged_places())
        gc.freeze()  # modules and places stay for good: don't walk them again for each few hundred reports
        while True:
            now, bodies = source.recv()
            sink.send([work.opened(body, now) for body in bodies])
    except (EOFError, BrokenPipeError):
        return  # the desk is done, or gone


def _held() -> int:
    """Bytes of address space that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


class _Work:
    """What a worker keeps from file to file."""

    def __init__(self, identities: Sequence[Identity], places: Gazetteer) -> None:
        self._identities = identities
        self._gazette = Gazette(places)
        self._guess = Guess()

    def opened(self, body: Body, now: datetime) -> Result:
        """One file, imported at `now`."""
        try:
            contents = self._contents(body)
            report = contents.report
            text = text_of(report.answers, [file.name for file in report.files], self._gazette)
            row = row_of(contents, now)
            return Prepared(row, contents.content, text, report.origin, contents.file_key, contents.stanzas)
        except IntakeError as error:
            return error
        except OSError as error:
            return Fault(f"can't read it: {error.strerror}", "Check the disk, and import it again.")
        except Exception as error:  # whatever a file made to harm brings about ends here, and is named
            kind = type(error).__name__
            return Damaged(f"opening it failed in a way that no sound report does ({kind})", _ADVICE)

    def _contents(self, body: Body) -> Contents:
        if isinstance(body, Moving):
            body = _read(body)
        if isinstance(body, bytes):
            return contents_of(body, self._identities, self._guess)
        with body.open("rb") as file:
            return read_contents(file, self._identities, self._guess)


def _read(body: Moving) -> bytes:
    """All of a file on its way to its name: it is a small one, and read at once costs least."""
    for path in body:
        try:
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a Path costs more than it
                return file.read()
        except FileNotFoundError:
            continue
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
