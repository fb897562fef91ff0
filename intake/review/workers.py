"""Opening many sealed reports on all cores, each in a process that may die of it without harm to the others.

A worker gets identities once and then batches of sealed files, as bytes or as the path of a large one; it sends back
what `intake.review.opened` read with the words to find it by, or why not. A file that ends its worker, takes all its
memory or never ends is tried once more alone, and then named as what it is: the next file goes to a fresh worker.
Whoever holds keys is a child of this process that listens to it alone, and ends when this process does.

Workers are started anew (spawn), not forked: they inherit no open vault, no lock and no half-written page.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from intake.errors import Damaged, Fault, IntakeError
from intake.locale import packaged_places
from intake.report.places import Gazetteer
from intake.review.opened import Contents, contents_of, read_contents
from intake.review.search import Gazette, text_of
from intake.review.sources import size_of
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

Body = bytes | Path


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a report holds, and the text that the index of words gets (`intake.review.search`)."""

    contents: Contents
    text: str


Result = Prepared | IntakeError


def cores() -> int:
    """How many workers there should be: one for each core this process may use."""
    return max(1, len(os.sched_getaffinity(0)))


@dataclass(slots=True)
class _Task(Generic[K]):
    """One file to open."""

    key: K
    body: Body

    @property
    def size(self) -> int:
        return len(self.body) if isinstance(self.body, bytes) else size_of(self.body)


class _Worker(Generic[K]):
    """One process and the batch that it is at."""

    def __init__(self, identities: Sequence[str], places: Gazetteer | None) -> None:
        source, self.tasks = _SPAWN.Pipe(duplex=False)
        self.results, sink = _SPAWN.Pipe(duplex=False)
        self.process: SpawnProcess = _SPAWN.Process(target=_serve, args=(source, sink), daemon=True)
        self.process.start()
        source.close()
        sink.close()
        self.batch: list[_Task[K]] = []
        self.until = 0.0
        self.tasks.send((list(identities), places))  # through the pipe: no argument and no environment ever holds a key

    def give(self, batch: list[_Task[K]], patience: float) -> None:
        """Let it open these."""
        self.batch = batch
        self.until = time.monotonic() + patience + sum(task.size for task in batch) / _SLOW
        try:
            self.tasks.send([task.body for task in batch])
        except BrokenPipeError:
            self.until = 0.0  # it died between two batches: `take` will say so

    def take(self) -> list[Result] | None:
        """What became of the batch; None when the process died or must be ended."""
        try:
            if self.results.poll():
                found: list[Result] = self.results.recv()
                return found
        except (EOFError, OSError):
            return None
        return None

    def end(self) -> None:
        """At once, whatever it does."""
        self.process.kill()
        self.process.join()
        self.tasks.close()
        self.results.close()


class Opening:
    """A pool of workers that hold these identities, for as long as the `with` block lasts."""

    def __init__(
        self,
        identities: Sequence[Identity],
        workers: int | None = None,
        patience: float = PATIENCE,
        places: Gazetteer | None = None,
    ) -> None:
        self._patience = patience
        self._places = places
        self._identities = [str(identity) for identity in identities]
        self._count = workers or cores()
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
        worker is free.
        """
        source = iter(files)
        again: deque[_Task[K]] = deque()
        busy: list[_Worker[K]] = []
        free = self._workers  # idle from the last time
        self._workers = []
        try:
            while True:
                while len(busy) < self._count and (batch := _next(source, again)):
                    worker: _Worker[K] = free.pop() if free else _Worker(self._identities, self._places)  # type: ignore[assignment]  # idle: it holds no key of another caller
                    worker.give(batch, self._patience)
                    busy.append(worker)
                if not busy:
                    return
                for worker in _ready(busy):
                    busy.remove(worker)
                    batch, results = worker.batch, worker.take()
                    if results is None:
                        worker.end()
                        yield from _mourned(batch, again)
                        continue
                    if following := _next(source, again):
                        worker.give(following, self._patience)
                        busy.append(worker)
                    else:
                        free.append(worker)  # type: ignore[arg-type]  # likewise
                    yield from ((task.key, result) for task, result in zip(batch, results, strict=True))
        finally:
            for worker in busy:  # the caller went away in the middle
                worker.end()
            self._workers = free


def _next(source: Iterator[tuple[K, Body]], again: deque[_Task[K]]) -> list[_Task[K]]:
    """What a worker is given next; nothing when all is done."""
    if again:
        return [again.popleft()]
    batch: list[_Task[K]] = []
    size = 0
    for key, body in source:
        task = _Task(key, body)
        batch.append(task)
        size += task.size
        if len(batch) == BATCH or size >= BATCH_BYTES:
            break
    return batch


def _ready(busy: Sequence[_Worker[K]]) -> list[_Worker[K]]:
    """Workers that have answered, died, or worked for too long."""
    soonest = max(0.0, min(worker.until for worker in busy) - time.monotonic())
    heard = wait([worker.results for worker in busy], timeout=soonest)
    now = time.monotonic()
    return [worker for worker in busy if worker.results in heard or worker.until <= now]


def _mourned(batch: Sequence[_Task[K]], again: deque[_Task[K]]) -> Iterator[tuple[K, Result]]:
    """A worker died or hung: one file of its batch is to blame, and only alone can it be told which."""
    if len(batch) == 1:
        yield batch[0].key, Damaged("opening it ended the process that did so, or never ended", _ADVICE)
        return
    again.extend(batch)


def _serve(source: Connection, sink: Connection) -> None:
    """The worker: batches in, results out, until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked for the work ends it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_held() + MEMORY,) * 2)
    try:
        spelled, places = source.recv()
        work = _Work([parse_identity(text) for text in spelled], places or packaged_places())
        while True:
            bodies: list[Body] = source.recv()
            sink.send([work.opened(body) for body in bodies])
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

    def opened(self, body: Body) -> Result:
        """One file."""
        try:
            contents = self._contents(body)
            names = [file.name for file in contents.report.files]
            return Prepared(contents, text_of(contents.report.answers, names, self._gazette))
        except IntakeError as error:
            return error
        except OSError as error:
            return Fault(f"can't read it: {error.strerror}", "Check the disk, and import it again.")
        except Exception as error:  # whatever a file made to harm brings about ends here, and is named
            kind = type(error).__name__
            return Damaged(f"opening it failed in a way that no sound report does ({kind})", _ADVICE)

    def _contents(self, body: Body) -> Contents:
        if isinstance(body, bytes):
            return contents_of(body, self._identities, self._guess)
        with body.open("rb") as file:
            return read_contents(file, self._identities, self._guess)
