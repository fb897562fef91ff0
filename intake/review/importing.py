"""Import: bundles and sealed files go into the vault, each report once, and nothing that came is lost.

    with Import(vault, identities, heard=say, advance=bar) as work:
        arrivals = [*work.waiting(), *(arrival for path in paths for arrival in work.take(path))]

A bundle must be the drop's: its keyrings follow from what the vault trusts, its index is signed by a drop of them. What
is odd about its place in the chain is an alarm, and its reports are taken in all the same.

Each sealed file is put on disk as it came, before anything else; then all cores open what is new
(`intake.review.workers`), and every `LOT` of reports goes into the vault in one transaction with its events. So a kill
at any moment loses nothing, and the same import again goes on where it ended.

**One submission** per inner id, per header MAC and per payload. Another sealed file of the same report is kept as a
copy. Another report under the same id, or one that shares a header or payload with another, is forged by somebody: the
first that came stays the submission, the other is quarantined, and an alarm tells of both.

**Quarantine** keeps what is no submission, still sealed, with the reason. What no key here opened is offered again to
every import; the rest is looked at by a person (`intake review open`) or not at all.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from sqlalchemy import Connection, delete, func, insert, select

from intake.errors import ChainBroken, Damaged, Fault, IntakeError, NoKeyFits
from intake.keyring.trust import Chain
from intake.report.bundle import BundleReader, read_bundle
from intake.report.document import Json
from intake.report.places import Gazetteer
from intake.review import alarms, bundles, submissions, witnessed
from intake.review.chain import Kind, check_origin, compare, place
from intake.review.journal import Journal
from intake.review.log import Entity
from intake.review.opened import Contents, should_open
from intake.review.opening import contradictions
from intake.review.originals import Batch, Kept
from intake.review.sealed import Sealed, check_signature, is_bundle, readable
from intake.review.submissions import quarantine, seconds, submission
from intake.review.tables import original
from intake.review.triage import Tier, schedule
from intake.review.vault import Vault
from intake.review.workers import Body, Opening, Prepared, Result
from intake.sealing import Identity, dearmor

LOT = 256
"""Reports that go into the vault in one transaction."""

SMALL = 1 << 20  # bytes of a sealed file that is handed to a worker in memory


class Became(StrEnum):
    """What a sealed file became."""

    NEW = "new"
    COPY = "copy"
    BEFORE = "before"
    WAITS = "waits"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One sealed file and what became of it. `id` is the submission's; `alarms` are sentences."""

    name: str
    became: Became
    id: str | None = None
    tier: Tier | None = None
    alarms: tuple[str, ...] = ()
    error: IntakeError | None = None

    def facts(self) -> dict[str, object]:
        """For programs."""
        return {
            "name": self.name,
            "became": self.became.value,
            "id": self.id,
            "tier": self.tier.name if self.tier is not None else None,
            "alarms": list(self.alarms),
            "error": None if self.error is None else str(self.error),
        }


@dataclass(frozen=True, slots=True)
class _Way:
    """How a sealed file came: `outer`, `origin` and `claimed` are what the drop says of it."""

    name: str
    kept: Kept
    outer: str | None = None
    origin: str | None = None
    bundle: str | None = None
    claimed: int | None = None
    closed: tuple[int, ...] = ()
    again: bool = False  # it waited in quarantine


class Import:
    """One import, with its workers. `heard` takes sentences, `advance` the bytes that were passed."""

    def __init__(
        self,
        vault: Vault,
        identities: Sequence[Identity],
        *,
        heard: Callable[[str], None] = lambda _: None,
        advance: Callable[[int], None] = lambda _: None,
        workers: int | None = None,
        places: Gazetteer | None = None,
    ) -> None:
        self._vault = vault
        self._recipients = {str(each.recipient) for each in identities if hasattr(each, "recipient")}
        self._heard, self._advance = heard, advance
        self._opening = Opening(identities, workers, places=places)
        with vault.reading() as connection:
            self._known = submissions.known_files(connection)

    def __enter__(self) -> Self:
        self._opening.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opening.__exit__(kind, error, trace)

    def waiting(self) -> Iterator[Arrival]:
        """What waits in quarantine for a key, offered to those at hand."""
        with self._vault.reading() as connection:
            rows = connection.execute(select(quarantine).where(quarantine.c.waits)).all()
        files: list[tuple[_Way, Body]] = []
        for row in rows:
            path = self._vault.originals.path(bytes(row.sha256))
            if path.is_file():
                kept = Kept(bytes(row.sha256), path.stat().st_size)
                origin = self._vault.origin if row.bundle else None
                way = _Way(row.name, kept, row.outer, origin, row.bundle, row.claimed, again=True)
                files.append((way, path))
        yield from self._open(iter(files), None)

    def take(self, path: Path) -> Iterator[Arrival]:
        """Everything in one file; a loose one is none of the drop's.

        Raises `Fault`, `Damaged`, `KeyringRefused` or `ChainBroken` for the file as a whole: what came before stays.
        """
        with readable(path) as file:
            if is_bundle(path):
                yield from self._bundle(path.name, file)
            else:
                yield from self._loose(path.name, file)

    def take_loose(self, name: str, content: bytes) -> Iterator[Arrival]:
        """One sealed file that came by hand and is in no file of its own, such as pasted text."""
        yield from self._loose(name, io.BytesIO(content))

    def _bundle(self, name: str, file: BinaryIO) -> Iterator[Arrival]:
        reader = read_bundle(file)
        index = reader.index
        check_origin(index, self._vault.origin)
        chain = self._vault.believe(list(reader.keyrings.values()))
        keyring = chain.by_serial(index.keyring)
        if keyring is None:
            raise ChainBroken("the bundle names a keyring that it does not bring")
        check_signature(reader, keyring)
        self._place(name, reader, chain)
        coming = _Coming(self, name, file, reader)
        failed = False
        with self._vault.originals.batch() as batch:
            for arrival in self._open(coming.files(batch), batch):
                failed = failed or arrival.became is Became.FAILED
                yield arrival
        yield from coming.arrivals
        if coming.broken is not None:
            raise coming.broken
        if not failed and not any(each.became is Became.FAILED for each in coming.arrivals):
            with self._vault.writing() as connection:
                bundles.set_whole(connection, index.hash)

    def _place(self, name: str, reader: BundleReader, chain: Chain) -> None:
        """Write down that this bundle came, and what is odd about it."""
        index = reader.index
        with self._vault.journal() as journal:
            connection = journal.connection
            seen = bundles.links(connection)
            unfinished = any(link.hash == index.hash and not link.whole for link in seen)
            placed = place(index, [link for link in seen if not (unfinished and link.hash == index.hash)])
            if placed.again:
                self._heard(f"{name}: {placed.alarms[0]}")
                return
            told = list(placed.alarms)
            is_acknowledged = bundles.acknowledging(connection)
            if placed.earlier and (earlier := bundles.index_of(connection, placed.earlier.hash)):
                told += compare(earlier, index, is_acknowledged)
            if placed.later and (later := bundles.index_of(connection, placed.later.hash)):
                told += compare(index, later, is_acknowledged)
            bundles.add(connection, index, reader.index_note, chain.keyrings, self._vault.now())
            entity = witnessed.bundle(index.epoch, index.serial)
            journal.record(entity, witnessed.field_of(self._vault.label), index.hash.hex())
            alarms.raise_all(journal, told, index.hash)
            _settle_gaps(journal)
        for alarm in told:
            self._heard(f"ALARM: {name}: {alarm}")

    def _loose(self, name: str, file: BinaryIO) -> Iterator[Arrival]:
        with self._vault.originals.batch() as batch:
            kept, body = self._keep(batch, dearmor(file), None)
            self._advance(kept.size)
            if kept.sha256 in self._known:
                yield Arrival(name, Became.BEFORE)
                return
            for arrival in self._open(iter([(_Way(name, kept), body)]), batch):
                if arrival.became is Became.REFUSED:
                    batch.forget(kept.sha256)
                yield arrival

    def _keep(self, batch: Batch, stream: BinaryIO, size: int | None) -> tuple[Kept, Body]:
        """Put a sealed file on its way to the disk; a large one is there when this returns."""
        if size is not None and size <= SMALL:
            body = stream.read()
            return batch.keep(io.BytesIO(body)), body
        kept = batch.keep(stream)
        batch.settle()
        return kept, self._vault.originals.path(kept.sha256)

    def _open(self, files: Iterator[tuple[_Way, Body]], batch: Batch | None) -> Iterator[Arrival]:
        """Open files on all cores, and put what comes out into the vault, lot by lot."""
        lot: list[tuple[_Way, Result]] = []
        for each in self._opening.each(files):
            lot.append(each)
            if len(lot) == LOT:
                yield from self._commit(lot, batch)
                lot = []
        if lot:
            yield from self._commit(lot, batch)

    def _commit(self, lot: Sequence[tuple[_Way, Result]], batch: Batch | None) -> list[Arrival]:
        if batch is not None:
            batch.settle()
        with self._vault.journal() as journal:
            work = _Lot(journal, self._vault, self._recipients, lot)
            done = [work.take(way, result) for way, result in lot]
            work.finish()
        self._known |= {
            way.kept.sha256
            for (way, _), arrival in zip(lot, done, strict=True)
            if arrival.became not in (Became.WAITS, Became.FAILED)
        }
        return done


class _Coming:
    """The files of a bundle on their way to the workers; those that need no opening are in `arrivals`."""

    def __init__(self, work: Import, name: str, file: BinaryIO, reader: BundleReader) -> None:
        self.arrivals: list[Arrival] = []
        self.broken: IntakeError | None = None
        self._work, self._name, self._file, self._reader = work, name, file, reader
        self._passed = 0

    def files(self, batch: Batch) -> Iterator[tuple[_Way, Body]]:
        """Each new file, kept."""
        work, index = self._work, self._reader.index
        bundle = bundles.name_of(index)
        try:
            for entry, stream in self._reader:
                name = f"{self._name}: report {entry.id}"
                if bytes.fromhex(entry.sha256) in work._known:
                    self.arrivals.append(Arrival(name, Became.BEFORE))
                else:
                    try:
                        kept, body = work._keep(batch, stream, entry.size)
                    except Damaged as error:
                        self.arrivals.append(Arrival(name, Became.FAILED, error=error))
                    else:
                        way = _Way(name, kept, entry.id, index.origin, bundle, entry.claimed, index.closed)
                        yield way, body
                self._tick()
        except IntakeError as error:
            self.broken = error
        self._tick()

    def _tick(self) -> None:
        here = self._file.tell()
        self._work._advance(here - self._passed)
        self._passed = here


class _Lot:
    """One transaction of an import."""

    def __init__(
        self, journal: Journal, vault: Vault, recipients: set[str], lot: Sequence[tuple[_Way, Result]]
    ) -> None:
        self._journal, self._vault, self._recipients = journal, vault, recipients
        self._connection: Connection = journal.connection
        self._now = vault.now()
        self._chain = vault.chain
        found = [result.contents for _, result in lot if isinstance(result, Prepared)]
        self._like: dict[bytes | str, Any] = dict(submissions.like(self._connection, found))
        self._next = (self._connection.execute(select(func.max(submission.c.number))).scalar() or 0) + 1
        self._rows: list[tuple[dict[str, Any], bytes, str]] = []
        self._copies: list[dict[str, Any]] = []
        self._refused: list[dict[str, Any]] = []
        self._held: list[dict[str, Any]] = []
        self._freed: list[bytes] = []
        self._came: dict[str | None, dict[str, Json]] = {}

    def take(self, way: _Way, result: Result) -> Arrival:
        """One file."""
        if isinstance(result, Fault):
            return Arrival(way.name, Became.FAILED, error=result)
        if isinstance(result, IntakeError):
            return self._refuse(way, result)
        contents = result.contents
        same = [self._like[key] for key in (contents.report.id, contents.mac, contents.payload) if key in self._like]
        if same:
            return self._like_another(way, contents, same)
        marks, told = _oddities(contents, way, self._chain)
        number, self._next = self._next, self._next + 1
        row = submissions.row_of(
            number, contents, way.kept.sha256, self._now, outer=way.outer, bundle=way.bundle, marks=[*told, *marks]
        )
        self._rows.append((row, contents.content, result.text))
        here = _Here(number, contents.report.id, contents.content)
        self._like |= dict.fromkeys((contents.report.id, contents.mac, contents.payload), here)
        self._hold(way, contents)
        for words in told:
            alarms.raise_alarm(self._journal, "report", f"report {contents.report.id}: {words}", (contents.report.id,))
        planned = schedule(contents.report.answers, self._now)
        return Arrival(way.name, Became.NEW, contents.report.id, planned.at(self._now), tuple(told))

    def finish(self) -> None:
        """Write the tables, and into the log what came: one event for all of a bundle in this lot."""
        for bundle, files in self._came.items():
            told: dict[str, Json] = {"bundle": bundle, "files": files}
            self._journal.record(Entity("import", secrets.token_hex(16)), "received", told)
        if self._freed:
            self._connection.execute(delete(quarantine).where(quarantine.c.sha256.in_(self._freed)))
        for rows, table in ((self._held, original), (self._refused, quarantine)):
            if rows:
                self._connection.execute(insert(table).prefix_with("OR REPLACE"), rows)
        submissions.add(self._connection, self._rows)
        if self._copies:
            self._connection.execute(insert(submissions.copy).prefix_with("OR IGNORE"), self._copies)

    def _like_another(self, way: _Way, contents: Contents, same: Sequence[Any]) -> Arrival:
        first = same[0]
        if all(each.number == first.number for each in same) and self._content(first) == contents.content:
            row = {"sha256": way.kept.sha256, "number": first.number, "outer": way.outer, "bundle": way.bundle}
            self._copies.append(row)
            self._hold(way, contents)
            return Arrival(way.name, Became.COPY, first.id)
        words = f"another report than {first.id} claims to be it: one of the two is forged"
        alarms.raise_alarm(self._journal, "clash", f"{words}; {way.kept.sha256.hex()[:16]} came second", (first.id,))
        error = Damaged(words, "Open both with intake review open, and compare. The first that came stays as it is.")
        return replace(self._refuse(way, error), alarms=(words,))

    def _content(self, like: Any) -> bytes:
        if isinstance(like, _Here):
            return like.content
        query = select(submissions.content.c.report).where(submissions.content.c.number == like.number)
        return bytes(self._connection.execute(query).scalar_one())

    def _refuse(self, way: _Way, error: IntakeError) -> Arrival:
        waits = isinstance(error, NoKeyFits)
        told: tuple[str, ...] = ()
        if waits and way.claimed is not None and self._chain and (keyring := self._chain.by_serial(way.claimed)):
            mine = self._recipients.intersection(keyring.recipients)
            if mine:
                words = (
                    f"report {way.outer} was sent as sealed under keyring {way.claimed}, "
                    "which names a key that is here, and that key does not open it"
                )
                alarms.raise_alarm(self._journal, "unreadable", words, (way.outer or "",))
                told = (words,)
        became = Became.WAITS if waits else Became.REFUSED
        if way.bundle is None and not waits:
            return Arrival(way.name, became, error=error, alarms=told)  # a loose file stays where it is
        if not (way.again and waits):
            self._refused.append(
                {
                    "sha256": way.kept.sha256,
                    "name": way.name,
                    "outer": way.outer,
                    "bundle": way.bundle,
                    "claimed": way.claimed,
                    "since": seconds(self._now),
                    "waits": waits,
                    "reason": str(error),
                    "advice": error.advice,
                }
            )
            self._received(way)
        return Arrival(way.name, became, error=error, alarms=told)

    def _hold(self, way: _Way, contents: Contents) -> None:
        self._held.append({"sha256": way.kept.sha256, "size": way.kept.size, "file_key": contents.file_key})
        if way.again:
            self._freed.append(way.kept.sha256)
        else:
            self._received(way)

    def _received(self, way: _Way) -> None:
        """Custody begins: which bytes, how many, by which way."""
        told: dict[str, Json] = {"size": way.kept.size, "report": way.outer}
        self._came.setdefault(way.bundle, {})[way.kept.sha256.hex()] = told


@dataclass(frozen=True, slots=True)
class _Here:
    """A submission of this very lot."""

    number: int
    id: str
    content: bytes


def _oddities(contents: Contents, way: _Way, chain: Chain | None) -> tuple[list[str], list[str]]:
    """(what to show beside a report, what is an alarm): sentences about keyrings and the drop's words, not its own."""
    report = contents.report
    sealed = Sealed(way.name, io.BytesIO(), lambda: None, way.outer, way.origin)
    told = list(contradictions(report, sealed))
    marks: list[str] = []
    if chain is None:
        return marks, told
    keyring = chain.by_serial(report.keyring)
    if keyring is None:
        if report.keyring > chain.newest.serial:
            told.append(f"it names keyring {report.keyring}, which is not known here")
        return marks, told
    if (wrong := should_open(contents.stanzas, len(keyring.reviewers))) is not None:
        told.append(wrong)
    if way.claimed is not None and way.claimed != report.keyring:
        marks.append(f"it was sent as sealed under keyring {way.claimed}, and says {report.keyring}")
    if report.keyring in way.closed:
        marks.append(f"it is sealed under keyring {report.keyring}, which was closed")
    left = [each.label for each in keyring.reviewers if each.recipient not in chain.newest.recipients]
    if left:
        marks.append(f"keys that are no longer in the keyring open it, too: {', '.join(left)}")
    return marks, told


def _settle_gaps(journal: Journal) -> None:
    """Alarms about missing bundles go by themselves when the bundles have come."""
    connection = journal.connection
    links = bundles.links(connection)
    for alarm in alarms.standing(connection):
        if alarm.kind != Kind.GAP or alarm.bundle is None:
            continue
        digest = bytes.fromhex(alarm.bundle)
        index = bundles.index_of(connection, digest)
        if index and not any(
            each.kind is Kind.GAP for each in place(index, [link for link in links if link.hash != digest]).alarms
        ):
            alarms.settle(journal, alarm.id, "the missing bundles came")
