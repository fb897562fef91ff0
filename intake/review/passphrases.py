"""The passphrase on disk: which lock of vault.json opens vault.db, and how one passphrase takes another's place."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Engine

from intake.durable import write_private
from intake.errors import Damaged, Fault, Usage, WrongPassphrase
from intake.review.cipher import open_engine, rekey, settle
from intake.review.folder import VaultFolder
from intake.review.unlocking import Cost, Lock, Locks

LEAST = 8  # characters: less is a slip of the hand, whatever the work for each guess


def check_passphrase(passphrase: str) -> None:
    """Raises `Usage` for one that is a slip of the hand."""
    if len(passphrase) < LEAST:
        raise Usage(f"the passphrase has fewer than {LEAST} characters", "Take six words drawn by dice, or more.")


def locks_of(folder: VaultFolder) -> Locks:
    """What vault.json holds. Raises `Damaged`, `Fault`."""
    try:
        return Locks.parse(folder.parameters.read_bytes())
    except OSError as error:
        raise Fault(f"{folder.parameters} can't be read: {error.strerror}", "Check that it is yours.") from error


def unlocked(folder: VaultFolder, passphrase: str) -> Engine:
    """The database, by whichever lock the passphrase opens. Raises `WrongPassphrase`, `Damaged`.

    Two locks are what a change of the passphrase left that was killed: the database tells whether it was before or
    after, and the other lock goes.
    """
    locks = locks_of(folder)
    found = locks.keys(passphrase)
    if not found:
        raise WrongPassphrase("the passphrase does not open this vault")
    for lock, key in found:
        try:
            engine = open_engine(folder.database, key)
        except Damaged:
            if len(locks.locks) == 1:
                raise
            continue
        if len(locks.locks) > 1:
            settle(engine)  # no page stays under the other key
            _keep(folder, replace(locks, locks=(lock,)))
        return engine
    raise WrongPassphrase(
        "this passphrase was given up, or never came to be: a change of it was interrupted", "Type the other one."
    )


def change(folder: VaultFolder, passphrase: str, new: str, cost: Cost) -> None:
    """Encrypt vault.db anew under another passphrase; nothing may have it open.

    Both locks stand in vault.json until it is done. Raises `WrongPassphrase`, `Usage` for a new one that is too short,
    `Fault` when it could not be done: then the old one opens the vault as before.
    """
    check_passphrase(new)
    unlocked(folder, passphrase).dispose()
    locks = locks_of(folder)
    ((old_lock, old_key),) = locks.keys(passphrase)
    new_lock, new_key = Lock.new(new, cost)
    _keep(folder, replace(locks, locks=(old_lock, new_lock)))
    try:
        rekey(folder.database, old_key, new_key)
    except (Fault, Damaged):
        _keep(folder, replace(locks, locks=(old_lock,)))
        raise
    _keep(folder, replace(locks, locks=(new_lock,)))


def _keep(folder: VaultFolder, locks: Locks) -> None:
    write_private(folder.parameters, bytes(locks), replace=True)
