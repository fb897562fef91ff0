"""A backup: a second vault folder, encrypted as the first is and opened by the same passphrase.

Only ciphertext is copied: vault.db as it lies on disk, at a moment when all is in it, and the sealed files that the
backup does not have yet, what waits in quarantine among them. What was erased here is erased there. A backup that is
interrupted leaves the one before, and the next goes on where it ended.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from intake.durable import new_file, private_folder, sync_folder, write_private
from intake.errors import Fault, Usage
from intake.review.folder import VaultFolder
from intake.review.originals import Originals
from intake.review.passphrases import locks_of
from intake.review.submissions import quarantined
from intake.review.tables import original, setting
from intake.review.vault import Vault

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup did: originals copied now, held in all, and removed because they were erased."""

    copied: int
    held: int
    removed: int


def amount(vault: Vault) -> int:
    """How many originals there are, for a progress bar."""
    with vault.reading() as connection:
        return len(_kept(connection))


def _kept(connection: Connection) -> set[bytes]:
    """The hashes of all sealed files that the vault speaks of."""
    return {bytes(name) for name in connection.execute(select(original.c.sha256)).scalars()} | quarantined(connection)


def back_up(vault: Vault, target: Path, tick: Callable[[int], None] = lambda _: None) -> Copied:
    """Make `target` a copy of the vault: a new folder, or an earlier backup of the same vault.

    Raises `Usage` when it is something else, `Fault` for the disk, and when either is in use.
    """
    folder = _target(vault, target)
    try:
        with folder.held():
            done = _copy(vault, folder, tick)
        _remember(vault, folder.path)
        return done
    except OSError as error:
        raise Fault(f"can't write to {target}: {error.strerror}", "Make room, or take another stick.") from error


def made(connection: Connection) -> dict[str, str]:
    """Where backups of this vault were written, and on which day last: to be brought up to date or burnt."""
    told = connection.execute(select(setting.c.value).where(setting.c.name == _BACKUPS)).scalar()
    return dict(json.loads(told)) if told is not None else {}


def _remember(vault: Vault, path: Path) -> None:
    with vault.writing() as connection:
        known = made(connection) | {str(path.resolve()): vault.today().isoformat()}
        connection.execute(delete(setting).where(setting.c.name == _BACKUPS))
        connection.execute(insert(setting).values(name=_BACKUPS, value=json.dumps(known).encode()))


_BACKUPS = "backups"


def _target(vault: Vault, target: Path) -> VaultFolder:
    if target.exists() and not all(map(_begun, target.iterdir())):
        folder = VaultFolder.open(target, lent=True)
        if folder.path.samefile(vault.folder.path):
            raise Usage("this is the vault itself", "Give a folder on another disk.")
        if locks_of(folder).vault != locks_of(vault.folder).vault:
            raise Usage(f"{target} is another vault", "Give a new folder, or the one of an earlier backup.")
        return folder
    try:
        return VaultFolder(private_folder(target))
    except OSError as error:
        raise Fault(f"can't make {target}: {error.strerror}", "Choose another folder.") from error


def _begun(path: Path) -> bool:
    """Whether it is what a backup that was killed in its first moment leaves."""
    return path.name == "lock" or path.name.startswith(".vault.json.")


def _copy(vault: Vault, folder: VaultFolder, tick: Callable[[int], None]) -> Copied:
    if not folder.parameters.exists():  # first of all: so it is known whose backup this is, whenever it is stopped
        write_private(folder.parameters, bytes(locks_of(vault.folder)))
    there = Originals(private_folder(folder.sealed))
    there.clean()
    for leftover in (*folder.path.glob(".vault.*"), *folder.sealed.glob("*/.*")):
        leftover.unlink()  # half a copy that was stopped: it may hold what was erased since
    # Nobody writes while the database is copied; the originals it speaks of are there before it is.
    with vault.still() as database:
        with vault.reading() as connection:
            held = _kept(connection)
        copied = 0
        for sha256 in sorted(held):
            if not there.holds(sha256):
                _copy_file(vault.originals.path(sha256), there.path(sha256))
                copied += 1
            tick(1)
        locks = locks_of(vault.folder)
        both = dict.fromkeys((*locks_of(folder).locks[-1:], *locks.locks))
        write_private(folder.parameters, bytes(replace(locks, locks=tuple(both)[-2:])), replace=True)
        for suffix in ("wal", "shm"):
            (folder.path / f"{folder.database.name}-{suffix}").unlink(missing_ok=True)
        _copy_file(database, folder.database)
        write_private(folder.parameters, bytes(locks), replace=True)
    gone = set(there.all()) - held
    for sha256 in gone:
        there.remove(sha256)
    return Copied(copied, len(held), len(gone))


def _copy_file(source: Path, target: Path) -> None:
    private_folder(target.parent)
    with source.open("rb") as file, new_file(target, replace=True) as copy:
        shutil.copyfileobj(file, copy, _PIECE)
    sync_folder(target.parent.parent)
