"""Taking in a reviewer's outbox: answers into mailboxes, and which bundles the reviewer has.

An outbox counts whole or not at all: its signature, every answer's hash and its place in the reviewer's series are
checked before anything is written, and then it is one transaction. The same outbox again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

from sqlalchemy import Connection, select

from intake.drop.store import Store
from intake.drop.tables import acknowledged, bundle, chain, outbox, reply
from intake.errors import ChainBroken, Damaged
from intake.keyring import Chain
from intake.report.outbox import Left, Outbox, OutboxReader
from intake.report.reply import is_sealed

_KEEP = "Keep the file, change nothing, and tell the reviewers: somebody copied, altered or mixed up outboxes."


class Replayed(ChainBroken):
    """An outbox older than one that was delivered already."""

    advice = _KEEP


class Forked(ChainBroken):
    """Two outboxes, or two bundles, claim the same place in a series."""

    advice = _KEEP


@dataclass(frozen=True, slots=True)
class Delivered:
    """What an outbox brought. Counts of answers include the decoys: the drop can't tell them apart."""

    label: str
    serial: int
    before: bool = False  # this very outbox was delivered already
    missing: int = 0  # outboxes of this reviewer in between that never came
    bundles: int = 0  # acknowledged now, and not before
    strange: int = 0  # acknowledged bundles that this drop doesn't know, as after a restore
    left: int = 0
    superseded: int = 0  # a newer answer waits in that mailbox already


def deliver(store: Store, chain: Chain, source: BinaryIO, today: date) -> Delivered:
    """Take in the outbox that `source` (seekable) holds.

    Raises `Damaged` for what is no whole outbox, `KeyringRefused` when no reviewer of the newest keyring signed it,
    `ChainBroken` when it is for another drop, `Replayed` and `Forked` for one out of its place.
    """
    reader = OutboxReader(source)
    box = reader.outbox
    box.check_signature(reader.note, chain.newest)
    if chain.by_serial(box.keyring) is None:
        raise ChainBroken(
            f"the outbox speaks of keyring {box.keyring}, and the newest here is {chain.newest.serial}",
            "Give the drop the newest keyring first, then deliver again.",
        )
    for _, sealed in reader:
        if not is_sealed(sealed):
            raise Damaged("the outbox holds an answer that is not sealed as answers are")
    source.seek(0)
    again = OutboxReader(source)
    if again.outbox != box:  # what is signed is the first reading; each answer is held to the note it is read with
        raise Damaged("the outbox changed while it was read")
    with store.writing() as connection:
        found = _place(connection, box)
        if found.before:
            return found
        bundles, strange = _acknowledge(store, connection, box, today)
        left, superseded = _leave(store, connection, iter(again), today)
        newest = {"label": box.label, "serial": box.serial, "hash": box.hash}
        known = store.insert(outbox).values(newest)
        connection.execute(known.on_conflict_do_update(index_elements=["label"], set_=newest))
    return Delivered(box.label, box.serial, False, found.missing, bundles, strange, left, superseded)


def _place(connection: Connection, box: Outbox) -> Delivered:
    """Where the outbox stands in its reviewer's series. Raises `Replayed`, `Forked`."""
    row = connection.execute(select(outbox.c.serial, outbox.c.hash).where(outbox.c.label == box.label)).first()
    serial, digest = (0, None) if row is None else (row.serial, bytes(row.hash))
    if box.serial < serial:
        raise Replayed(f"this is outbox {box.serial} of {box.label}, and {serial} was delivered already")
    if box.serial == serial:
        if box.hash != digest:
            raise Forked(f"another outbox {serial} of {box.label} was delivered before")
        return Delivered(box.label, box.serial, before=True)
    if box.serial == serial + 1 and box.previous != digest:
        raise Forked(f"outbox {box.serial} of {box.label} does not follow the outbox {serial} that was delivered")
    return Delivered(box.label, box.serial, missing=box.serial - serial - 1)


def _acknowledge(store: Store, connection: Connection, box: Outbox, today: date) -> tuple[int, int]:
    """Record the bundles; (new ones, ones that this drop doesn't know). Raises `Forked`."""
    hashes = {row.serial: bytes(row.hash) for row in connection.execute(select(bundle.c.serial, bundle.c.hash))}
    epoch = connection.execute(select(chain.c.epoch, chain.c.begins)).one()
    fresh = strange = 0
    for each in box.acknowledged:
        if each.serial not in hashes:
            strange += 1
        elif hashes[each.serial] != each.hash and epoch.epoch > 1 and each.serial >= epoch.begins:
            strange += 1  # of before the restore: the number was used again
        elif hashes[each.serial] != each.hash:
            raise Forked(f"{box.label} has another bundle {each.serial} than this drop wrote")
        else:
            row = {"serial": each.serial, "label": box.label, "day": today.isoformat()}
            known = store.insert(acknowledged).values(row)
            entered = known.on_conflict_do_nothing().returning(acknowledged.c.serial)
            fresh += len(connection.execute(entered).all())
    return fresh, strange


def _leave(store: Store, connection: Connection, answers: Iterable[tuple[Left, bytes]], today: date) -> tuple[int, int]:
    """Put each answer in its mailbox unless a newer one is there; (left, superseded)."""
    left = superseded = 0
    for each, sealed in answers:
        row = {
            "mailbox": bytes.fromhex(each.mailbox),
            "number": each.number,
            "day": today.isoformat(),
            "body": sealed,
        }
        done = connection.execute(
            store.insert(reply)
            .values(row)
            .on_conflict_do_update(index_elements=["mailbox"], set_=row, where=reply.c.number < each.number)
            .returning(reply.c.mailbox)
        )
        changed = len(done.all())
        left += changed
        superseded += 1 - changed
    return left, superseded
