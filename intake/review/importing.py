"""Import: bundles and sealed files go into the vault, each report once, and nothing that came is lost.

    with Import(vault, identities, heard=say, advance=bar) as work:
        arrivals = [*work.waiting(), *(arrival for path in paths for arrival in work.take(path))]

A bundle must be the drop's: its keyrings follow from what the vault trusts, its index is signed by a drop of them. What
is odd about its place in the chain is an alarm, and its reports are taken in all the same.

Each sealed file is put on disk as it came, before anything else; then all cores open what is new
(`intake.review.workers`), and every `LOT` of files goes into the vault in one transaction (`intake.review.lot`). So a
kill at any moment loses nothing, and the same import again goes on where it ended.

**One submission** per inner id, per header MAC and per payload. Another sealed file of the same report is kept as a
copy. Another report under the same id, or one that shares a header or payload with another, is forged by somebody: the
first that came stays the submission, the other is quarantined, and an alarm tells of both.

**What was erased** does not come back: neither the sealed file nor another one of the same report is kept.

**Quarantine** keeps what is no submission, still sealed, with the reason. What no key here opened is offered again to
every import; the rest is looked at by a person (`intake review open`) or not at all.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from sqlalchemy import select

from intake.errors import ChainBroken, Damaged, IntakeError
from intake.keyring.trust import Chain
from intake.report.bundle import BundleReader, read_bundle
from intake.report.places import Gazetteer
from intake.review import alarms, bundles, submissions, witnessed
from intake.review.chain import Kind, check_origin, compare, place
from intake.review.journal import Journal
from intake.review.lot import Arrival, Became, Lot, Way
from intake.review.originals import Batch, Kept
from intake.review.sealed import check_signature, is_bundle, readable
from intake.review.submissions import quarantine
from intake.review.vault import Vault
from intake.review.workers import Body, Opening, Prepared, Result
from intake.sealing import Identity, dearmor

__all__ = ["Arrival", "Became", "Import"]

LOT = 1024
"""Files that go into the vault in one transaction."""

LOT_BYTES = 32 << 20  # of report.json and words: a lot of very long reports is a smaller one

SMALL = 1 << 20  # bytes of a sealed file that waits for its lot to be put on disk for good


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
        self._opening = Opening(identities, workers, places=places, clock=vault.now)
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
        files: list[tuple[Way, Body]] = []
        for row in rows:
            path = self._vault.originals.path(bytes(row.sha256))
            if path.is_file():
                kept = Kept(bytes(row.sha256), path.stat().st_size)
                origin = self._vault.origin if row.bundle else None
                way = Way(row.name, kept, row.outer, origin, row.bundle, row.claimed, again=True)
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
            for arrival in self._open(iter([(Way(name, kept), body)]), batch):
                if arrival.became is Became.REFUSED:
                    batch.forget(kept.sha256)
                yield arrival

    def _keep(self, batch: Batch, stream: BinaryIO, size: int | None) -> tuple[Kept, Body]:
        """Put a sealed file on its way to the disk; a large one is there when this returns."""
        kept = batch.keep(stream)
        if size is None or size > SMALL:
            batch.settle()
        return kept, batch.place(kept.sha256)

    def _open(self, files: Iterator[tuple[Way, Body]], batch: Batch | None) -> Iterator[Arrival]:
        """Open files on all cores, and put what comes out into the vault, lot by lot, each in the order it came."""
        lot: list[tuple[int, Way, Result]] = []
        size = 0
        for (number, way), result in self._opening.each(
            ((number, way), body) for number, (way, body) in enumerate(files)
        ):
            lot.append((number, way, result))
            size += len(result.content) + len(result.text) if isinstance(result, Prepared) else 0
            if len(lot) == LOT or size >= LOT_BYTES:
                yield from self._commit(lot, batch)
                lot, size = [], 0
        if lot:
            yield from self._commit(lot, batch)

    def _commit(self, opened: Sequence[tuple[int, Way, Result]], batch: Batch | None) -> list[Arrival]:
        if batch is not None:
            batch.settle()
        lot = [(way, result) for _, way, result in sorted(opened, key=lambda each: each[0])]
        with self._vault.journal() as journal:
            work = Lot(journal, self._vault, self._recipients, lot)
            done = [work.take(way, result) for way, result in lot]
            work.finish()
        if any(arrival.became is Became.ERASED for arrival in done):
            self._vault.clean()
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

    def files(self, batch: Batch) -> Iterator[tuple[Way, Body]]:
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
                        way = Way(name, kept, entry.id, index.origin, bundle, entry.claimed, index.closed)
                        yield way, body
                self._tick()
        except IntakeError as error:
            self.broken = error
        self._tick()

    def _tick(self) -> None:
        here = self._file.tell()
        self._work._advance(here - self._passed)
        self._passed = here


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
