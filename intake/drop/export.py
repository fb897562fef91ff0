"""Bundles: everything held, listed and signed, and the files that no bundle carried before.

The chain of indexes must never fork, and a report must never lose its turn, wherever the power fails:

1. the store is folded, if the disk has room for that: reports must get out of one that is full, too;
2. the signed index of bundle N is written into the store: from now on it is *the* bundle N;
3. the bundle's file is made from that index, fsync'd and renamed into place;
4. the store marks N as finished and its new reports as carried.

An export that finds an N between 2 and 4 makes the same file again, byte for byte, before it begins N+1.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Literal

from intake.drop.belief import stored_chain
from intake.drop.fold import fold_if_there_is_room
from intake.drop.folder import DataFolder
from intake.drop.store import Entry, Store
from intake.durable import new_file
from intake.errors import Damaged, Fault, KeyringRefused
from intake.keyring import Chain, PrivateFile, SignedNote, SigningKey
from intake.report.bundle import INDEX_LIMIT, Index, IndexEntry, read_bundle, write_bundle


def export(
    folder: DataFolder,
    store: Store,
    to: Path,
    today: date,
    *,
    everything: bool = False,
    warn: Callable[[str], object] = str,
) -> list[Path]:
    """Write the next bundle into the folder `to`, after one that was left unfinished. Returns the files, oldest first.

    `everything` carries also what earlier bundles carried; `warn` is told why the store was not folded. Raises `Fault`
    when `to` can't be written or holds another file of that name, `KeyringRefused` when no newest keyring names
    DATA/drop.key.
    """
    chain = stored_chain(folder, today)
    key = drop_key(folder, chain)
    if not to.is_dir():
        raise Fault(f"{to} is not a folder", "Make it first.")
    fold_if_there_is_room(folder, store, today, warn)
    files = []
    last = store.last_bundle()
    if last is not None and last.note is not None:
        files.append(_finish(store, to, chain, last.note, everything=last.everything))
    index = _next(store, chain, today)
    note = bytes(SignedNote.sign(bytes(index), key))
    store.begin_bundle(index.serial, index.hash, note, day=today, everything=everything)
    files.append(_finish(store, to, chain, note, everything=everything))
    return files


def drop_key(folder: DataFolder, chain: Chain) -> SigningKey:
    """DATA/drop.key. Raises `Fault` when it is missing, `KeyringRefused` when the newest keyring does not name it."""
    try:
        key = PrivateFile.parse(folder.drop_key.read_bytes()).signing
    except OSError as error:
        raise Fault(
            f"{folder.drop_key} can't be read: {error.strerror}",
            "Make it with: intake keys drop-new --origin ORIGIN --label LABEL --out DATA",
        ) from error
    if key.verify_key not in {drop.key for drop in chain.newest.drops}:
        raise KeyringRefused(
            f"keyring {chain.newest.serial} does not name this drop's key {key.name}",
            "Ask the root holders for a keyring that has the line of drop-LABEL.vkey, or put the right drop.key here.",
        )
    return key


def _next(store: Store, chain: Chain, today: date) -> Index:
    last = store.last_bundle()
    return Index(
        origin=chain.origin,
        epoch=store.epoch(),
        serial=1 if last is None else last.serial + 1,
        previous=None if last is None else last.hash,
        keyring=chain.newest.serial,
        closed=chain.closed_serials(today),
        reports=tuple(_listed(entry) for entry in store.entries()),
    )


def _listed(entry: Entry) -> IndexEntry:
    state: Literal["new", "held"] = "held" if entry.carried else "new"
    return IndexEntry(entry.id.hex(), entry.day, entry.size, entry.sha256.hex(), entry.claimed, state)


def _finish(store: Store, to: Path, chain: Chain, note: bytes, *, everything: bool) -> Path:
    """Steps 3 and 4 for an index that the store holds already."""
    index = Index.parse(SignedNote.parse(note, limit=INDEX_LIMIT).text)
    # After a restore numbers are used again: bundles of before may lie in the same folder.
    epoch = f"-e{index.epoch}" if index.epoch > 1 else ""
    path = to / f"{index.origin}{epoch}-{index.serial:06d}.bundle"
    carried = [entry for entry in index.reports if everything or entry.state == "new"]
    if not _is_there(path, note):
        notes = {k.serial: n for k, n in zip(chain.keyrings, chain.notes, strict=True) if k.serial <= index.keyring}
        with new_file(path) as file:
            write_bundle(
                file,
                note,
                notes,
                ((e.id, e.size, store.open(bytes.fromhex(e.id))) for e in carried),
            )
    store.finish_bundle(index.serial, [bytes.fromhex(e.id) for e in index.reports if e.state == "new"])
    return path


def _is_there(path: Path, note: bytes) -> bool:
    """Whether this very bundle was put in place before the power failed. A file appears whole or not at all."""
    try:
        with path.open("rb") as file:
            return bytes(read_bundle(file).index_note) == note
    except (OSError, Damaged):
        return False
