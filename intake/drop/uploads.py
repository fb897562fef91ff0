"""Sealed reports that come in pieces, over hours or days, until they are whole and become a report.

    DATA/uploads/<id>/state      what is known, and how many bytes are durable
    DATA/uploads/<id>/tail-<n>   the bytes since the last whole part
    parts/<id>/<n>               whole parts (see `parts`)

An upload has the id of its report. Its offset moves only after the bytes before it are fsync'd, so whatever the power
takes, what was acknowledged is there. The report's row comes last and is the one thing that makes it a report; until
then its first bytes are judged as soon as they are there, and a body that is not sealed goes at once.

One request writes to an upload at a time: it holds the folder's lock, which ends with its process.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from intake.drop import parts as pieces
from intake.drop.acceptance import judge_claim, judge_size, judge_under_way, stanzas
from intake.drop.entering import Outcome
from intake.drop.folder import DataFolder
from intake.drop.parts import PART, RESERVE, Full, Parts, PartsReader, dated_folder, disk
from intake.drop.problems import NOT_SEALED, OTHER_BYTES, Problem
from intake.drop.store import Entry
from intake.drop.unfinished import Upload, Work, move
from intake.durable import private_folder, sync_folder
from intake.errors import IntakeError
from intake.keyring import Chain
from intake.report import sizes
from intake.sealing import HEADER_LIMIT

if TYPE_CHECKING:
    from hashlib import _Hash

PLAINTEXT_LIMIT = 2 * 2**30
HASHES = 1000
UNFINISHED = 1000
"""So many uploads may be under way. Beyond, those that have sent next to nothing for `IDLE` seconds give way."""
IDLE = 600
PATIENCE = 1
"""Seconds for which a request waits for another one, or for a fold, that holds its upload."""

_ID = re.compile(r"[0-9a-f]{32}")


class Refused(IntakeError):
    """The upload is refused, with what the sender is told."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.title)
        self.problem = problem


class Unknown(IntakeError):
    """There is no such upload, or none any more."""


class Misplaced(IntakeError):
    """The piece does not begin where the upload ends."""


class Locked(IntakeError):
    """Another request is writing to this upload."""


class Stored(IntakeError):
    """The upload has become a report: it can't be taken back any more."""


class TooLong(IntakeError):
    """The piece reaches beyond the announced size."""


class Ledger(Protocol):
    """Where reports are entered: `intake.drop.store.Store`."""

    def entry(self, identifier: bytes) -> Entry | None:
        """What is known about one report; None when it is not held."""

    def put(self, identifier: bytes, body: bytes, *, claimed: int | None, day: date) -> Outcome:
        """Keep a report in its row."""

    def put_parts(
        self, identifier: bytes, size: int, sha256: bytes, *, claimed: int | None, day: date, place: bytes = b""
    ) -> Outcome:
        """Keep a report whose parts are durable, under `place` or its id."""

    def claim(self, day: date) -> bytes:
        """A place for the parts of a new upload that no other node uses; empty for the upload's own id."""

    def release(self, place: bytes) -> None:
        """The upload that claimed this place is a report now, or gone."""

    def forsake(self, day: date) -> None:
        """Release what nodes claimed that never came back."""

    def keeps(self, place: bytes) -> bool:
        """Whether parts under this place belong to a report, or to an upload of any node."""


class Uploads:
    """All unfinished uploads of this drop. Every method may be called from any thread, and raises `Fault`."""

    def __init__(
        self,
        folder: DataFolder,
        parts: Parts,
        ledger: Ledger,
        *,
        reserve: int = RESERVE,
        unfinished: int = UNFINISHED,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = folder.uploads
        self._parts = parts
        self._ledger = ledger
        self._reserve = reserve
        self._unfinished = unfinished
        self._now = now
        self._hashes: OrderedDict[bytes, tuple[int, _Hash]] = OrderedDict()

    def create(self, identifier: bytes, size: int, claimed: int | None, chain: Chain, day: date) -> Upload:
        """Begin an upload of `size` bytes, or find the one that was begun so.

        Raises `Refused`, `Locked`, and `Full` when too many are under way or its bytes would use up the disk's reserve.
        """
        for refusal in (judge_claim(claimed, chain, day), judge_size(size, chain, PLAINTEXT_LIMIT)):
            if refusal:
                raise Refused(refusal.problem)
        self._make_room(size)
        while True:
            with disk(self._path):
                if not (self._path / identifier.hex()).is_dir():
                    private_folder(self._path)
                    self._make_place(day)
                    private_folder(self._path / identifier.hex())
                    sync_folder(self._path)
                    sync_folder(self._path.parent)
            # The end of the day may sweep the folder away before there is anything in it.
            with suppress(Unknown), self._writing(identifier, Refused(OTHER_BYTES)) as work:
                found = work.state(day)
                if found is None:
                    found = Upload(size, 0, day, claimed, place=self._ledger.claim(day).hex())
                    work.keep(found)
                elif (found.size, found.claimed) != (size, claimed):
                    raise Refused(OTHER_BYTES)
                return found

    def find(self, identifier: bytes, day: date) -> Upload:
        """How far an upload has come: all the way for one that is a report. Raises `Unknown`."""
        if entry := self._ledger.entry(identifier):
            return Upload(entry.size, entry.size, entry.day, entry.claimed)
        with disk(self._path):
            found = Work(self._path / identifier.hex()).state(day)
        # Between the two looks the last piece may have made it a report.
        if found is None and (entry := self._ledger.entry(identifier)):
            return Upload(entry.size, entry.size, entry.day, entry.claimed)
        if found is None:
            raise Unknown("no such upload")
        return found

    def append(self, identifier: bytes, offset: int, content: bytes, chain: Chain, day: date) -> Upload:
        """Add at most a part's worth of bytes at `offset`; return when they are durable.

        With the last of them the report is entered, by the rules of a report that comes at once. Raises `Unknown`,
        `Locked`, `Misplaced`, `TooLong`, `Full`, and `Refused`, which ends the upload.
        """
        if len(content) > PART:
            raise TooLong("the piece is larger than a part")
        with self._writing(identifier, Misplaced("the upload is a report: it has ended")) as work:
            found = work.state(day)
            if found is None:
                raise Unknown("no such upload")
            if found.offset != offset:
                raise Misplaced("the piece does not begin where the upload ends")
            if not content:
                return found
            if offset + len(content) > found.size:
                raise TooLong("the piece reaches beyond the upload's size")
            try:
                found = _judged(found, work, content, chain, day)
            except Refused:
                self._end(identifier, work)
                raise
            self._make_room(len(content))
            after = replace(found, offset=offset + len(content), touched=day, settled=False)
            self._place(identifier, work, found, content)
            self._hash(identifier, offset, content)
            if after.offset == after.size:
                self._finish(identifier, work, after, day)
            else:
                move(work, found, after)
            return after

    def cancel(self, identifier: bytes, day: date) -> None:
        """Delete an unfinished upload. Raises `Unknown`, `Locked`, `Stored`."""
        with self._writing(identifier, Stored("the upload is a report")) as work:
            found = work.state(day)
            self._end(identifier, work)
            if found is None:
                raise Unknown("no such upload")

    def expire(self, day: date) -> None:
        """Delete what has not ended in time, and parts that belong to nothing (`sweep`)."""
        for identifier in self._ids():
            with suppress(Locked, Unknown), self._writing(identifier, Unknown("the upload is a report")) as work:
                if work.state(day) is None:
                    self._end(identifier, work)
        self._ledger.forsake(day)
        self.sweep()

    def sweep(self) -> None:
        """Delete parts that belong to no upload and no report: what a kill left of either."""
        for place in self._parts.ids():
            # In this order: an upload's folder goes only after the row was entered.
            if not (self._path / place.hex()).exists() and not self._ledger.keeps(place):
                self._parts.delete(place)

    def ready(self, day: date) -> None:
        """Make the folder, before anything comes into it; it tells `day`, and not when an upload began or ended."""
        dated_folder(self._path, day)

    def fold(self, today: date) -> None:
        """Write what is unfinished anew, in order of id, so that it tells the day it began and nothing finer.

        A request that writes to one of them meanwhile is told that it is locked.
        """
        for identifier in self._ids():
            with suppress(Locked, Unknown), self._writing(identifier, Unknown("a report by now"), wait=True) as work:
                found = work.stated()
                if found is None:
                    continue
                whole, settled = found.offset // PART, (found.touched or found.day) < today
                first = found.folded if found.settled == settled else 0
                self._parts.fold(found.where(identifier), range(first, whole), found.day, settled=settled)
                if (found.folded, found.settled) != (whole, settled):
                    work.keep(replace(found, folded=whole, settled=settled))
                work.fold(found, settled=settled)
        self.ready(today)

    def under_way(self, day: date) -> tuple[int, int]:
        """How many are unfinished, and the bytes that have come of them."""
        with disk(self._path):
            found = [Work(self._path / each.hex()).state(day) for each in self._ids()]
        offsets = [each.offset for each in found if each]
        return len(offsets), sum(offsets)

    def room(self) -> int:
        """Bytes that large reports may still use; what is left beyond is for small ones."""
        with disk(self._path):
            here = pieces.room(self._path.parent) - self._reserve
        # Tails and states lie here, wherever the parts do.
        return max(0, self._parts.room() - self._reserve) if here > PART else 0

    def _ids(self) -> list[bytes]:
        """Of all unfinished uploads, in order."""
        with disk(self._path):
            names = sorted(os.listdir(self._path)) if self._path.is_dir() else []  # noqa: PTH208  # names are enough
        return [bytes.fromhex(name) for name in names if _ID.fullmatch(name)]

    def _make_place(self, day: date) -> None:
        ids = self._ids()
        if len(ids) < self._unfinished:
            return
        gone = 0
        for identifier in ids:
            state = self._path / identifier.hex() / "state"
            with suppress(Locked, Unknown):
                if not state.exists() or self._now() - state.stat().st_mtime < IDLE:
                    continue
                with self._writing(identifier, Unknown("the upload is a report")) as work:
                    found = work.state(day)
                    if found is None or found.offset < PART:
                        self._end(identifier, work)
                        gone += 1
        if not gone:
            raise Full("too many uploads are under way")

    def _make_room(self, size: int) -> None:
        if size > self.room():
            raise Full("only the reserve for small reports would be left on the disk")

    def _place(self, identifier: bytes, work: Work, found: Upload, content: bytes) -> None:
        """Make bytes durable behind the offset: whole parts in their place, the others in the tail."""
        place = found.where(identifier)
        number, begun = divmod(found.offset, PART)
        taken = content[: PART - begun]
        if begun + len(taken) == PART or found.offset + len(taken) == found.size:
            self._parts.put(place, number, work.tail(number, begun) + taken)
            rest = content[len(taken) :]
            if rest and found.offset + len(content) == found.size:
                self._parts.put(place, number + 1, rest)
            elif rest:
                work.extend(number + 1, 0, rest)
        else:
            work.extend(number, begun, taken)

    def _finish(self, identifier: bytes, work: Work, after: Upload, day: date) -> None:
        place, count = after.where(identifier), pieces.count(after.size)
        if after.size <= sizes.sealed_size(after.reviewers, sizes.PUT_PLAINTEXT_LIMIT):
            body = b"".join(self._parts.get(place, number) for number in range(count))
            outcome = self._ledger.put(identifier, body, claimed=after.claimed, day=day)
            self._parts.delete(place)
        else:
            digest = self._digest(identifier, place, after.size, count)
            outcome = self._ledger.put_parts(
                identifier, after.size, digest, claimed=after.claimed, day=day, place=bytes.fromhex(after.place)
            )
        self._hashes.pop(identifier, None)
        if outcome is Outcome.OTHER:
            self._end(identifier, work)
            raise Refused(OTHER_BYTES)
        self._let_go(identifier, after)
        work.remove()

    def _end(self, identifier: bytes, work: Work) -> None:
        """Remove an upload that became no report."""
        self._hashes.pop(identifier, None)
        found = work.stated()
        work.forget()
        if found is not None and found.place:
            self._let_go(identifier, found)
        else:
            self._parts.delete(identifier)
        work.remove()

    def _let_go(self, identifier: bytes, ended: Upload) -> None:
        """Release the place of an upload that has ended; what lies there goes, unless the report is it.

        Another node may have entered the same report first, with parts of its own.
        """
        if ended.place:
            entry = self._ledger.entry(identifier)
            if entry is None or entry.place != bytes.fromhex(ended.place):
                self._parts.delete(bytes.fromhex(ended.place))
            self._ledger.release(bytes.fromhex(ended.place))

    def _hash(self, identifier: bytes, offset: int, content: bytes) -> None:
        """Hash along, so that the end of a large upload needs no second reading; the oldest of many are dropped."""
        done, running = self._hashes.pop(identifier, (0, hashlib.sha256()))
        if done == offset:
            running.update(content)
            self._hashes[identifier] = (offset + len(content), running)
            if len(self._hashes) > HASHES:
                self._hashes.popitem(last=False)

    def _digest(self, identifier: bytes, place: bytes, size: int, count: int) -> bytes:
        done, running = self._hashes.get(identifier, (0, hashlib.sha256()))
        if done == size:
            return running.digest()
        # The process began after the upload did.
        reader = PartsReader(self._parts, place, count)
        return hashlib.file_digest(reader, "sha256").digest()

    @contextmanager
    def _writing(self, identifier: bytes, ended: IntakeError, *, wait: bool = False) -> Iterator[Work]:
        """Hold an upload's folder. Raises `Unknown`, `Locked`, and `ended` when it has become a report."""
        path = self._path / identifier.hex()
        deadline = time.monotonic() + PATIENCE
        with disk(self._path):
            while (descriptor := _held(path, wait=wait)) is None:
                if not path.exists():
                    raise ended if self._ledger.entry(identifier) else Unknown("no such upload")
                if time.monotonic() > deadline:
                    raise Locked("another request writes to this upload")
                time.sleep(0.02)
        try:
            with disk(path):
                work = Work(path)
                if self._ledger.entry(identifier):
                    # The power failed before that, or the report came by another way or another node.
                    if (left := work.stated()) is not None:
                        self._let_go(identifier, left)
                    work.remove()
                    raise ended
                yield work
        finally:
            os.close(descriptor)


def _held(path: Path, *, wait: bool) -> int | None:
    """A descriptor that locks this folder until it is closed; None when there is none now, or another one holds it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        # Whoever held it before may have removed the folder, or put a new one in its place.
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _judged(found: Upload, work: Work, content: bytes, chain: Chain, day: date) -> Upload:
    """The upload with its header judged, if it is there now. Raises `Refused`."""
    refusal = judge_under_way(found.claimed, chain, day)
    if refusal:
        raise Refused(refusal.problem)
    if found.reviewers:
        return found
    head = work.tail(0, found.offset) + content
    reviewers = stanzas(head[:HEADER_LIMIT], found.size, chain)
    if reviewers == 0:
        raise Refused(NOT_SEALED)
    return replace(found, reviewers=reviewers or 0)
