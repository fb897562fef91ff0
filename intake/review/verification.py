"""Whether a vault is whole: every page, every original and its key, every event, and the tables made of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from intake.errors import Damaged, IntakeError
from intake.review import projections
from intake.review.audit import Audit, audit, reviewer_keys
from intake.review.submissions import quarantined
from intake.review.tables import event, original
from intake.review.vault import Vault


@dataclass(frozen=True, slots=True)
class Verified:
    """How a vault stands: `faults` is empty when it is whole. `unknown` counts files that it does not speak of."""

    audit: Audit
    originals: int
    unknown: int
    faults: tuple[str, ...]


class _Undone(Exception):
    """Leaves a transaction without keeping what it did."""


def amount(vault: Vault) -> int:
    """How many things there are to check, for a progress bar."""
    with vault.reading() as connection:
        events = connection.execute(select(func.count()).select_from(event)).scalar_one()
        originals = connection.execute(select(func.count()).select_from(original)).scalar_one()
        return int(events) + int(originals) + len(quarantined(connection))


def verify(vault: Vault, *, whole: bool = False, tick: Callable[[int], None] = lambda _: None) -> Verified:
    """Check all of a vault. `whole` deciphers every original to its end; else each is hashed and its key tried.

    A hash proves that the bytes are those that came. `tick` takes the number of things done, of `amount`.
    """
    keys = reviewer_keys(vault.chain, vault.signing.verify_key)
    with vault.reading() as connection:
        faults = [*_pages(connection)]
        found = audit(connection, vault.origin, keys, tick)
        held = {bytes(name): size for name, size in connection.execute(select(original.c.sha256, original.c.size))}
        waiting = quarantined(connection)
    faults += found.faults
    present = set(vault.originals.all())
    for sha256, size in held.items():
        tick(1)
        try:
            _original(vault, sha256, size, whole=whole)
        except IntakeError as error:
            name = sha256.hex()
            faults.append(str(error) if name in str(error) else f"the original {name}: {error}")
    for sha256 in waiting:
        tick(1)
        try:
            vault.originals.check(sha256)
        except IntakeError as error:
            faults.append(f"in quarantine: {error}")
    if not found.faults and not _same(vault):
        faults.append("the tables are not those that the logs make: intake review log rebuild makes them anew")
    return Verified(found, len(held), len(present - held.keys() - waiting), tuple(faults))


def digest(connection: Connection) -> bytes:
    """SHA-256 of every row of every table that can be rebuilt."""
    total = hashlib.sha256()
    for table in projections.metadata.sorted_tables:
        total.update(table.name.encode())
        rows = connection.execute(select(table).order_by(*table.primary_key.columns, *table.c))
        for row in rows:
            total.update(repr(tuple(row)).encode())
    return total.digest()


def _pages(connection: Connection) -> Iterator[str]:
    for pragma in ("cipher_integrity_check", "integrity_check", "foreign_key_check"):
        for row in connection.exec_driver_sql(f"PRAGMA {pragma}").all():
            if tuple(row) != ("ok",):
                yield f"vault.db is damaged ({pragma}): {row[0]}"


def _original(vault: Vault, sha256: bytes, size: int, *, whole: bool) -> None:
    vault.originals.check(sha256)
    with vault.opened(sha256) as opened:
        if vault.originals.path(sha256).stat().st_size != size:
            raise Damaged(f"the original {sha256.hex()} has another length than it came with")
        while whole and opened.read1():
            pass


def _same(vault: Vault) -> bool:
    """Whether the tables are what the logs alone would make. Nothing is changed."""
    same = False
    try:
        with vault.writing() as connection:
            before = digest(connection)
            projections.rebuild(connection)
            same = digest(connection) == before
            raise _Undone
    except _Undone:
        return same
