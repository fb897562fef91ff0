"""Vaults for tests: quick to open, because Argon2id's work is turned down."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

from intake.review.unlocking import Cost
from intake.review.vault import Vault
from tests.harness.keys import World

PASSPHRASE = "correct horse battery"
QUICK = Cost(1, 8192)


def make_vault(world: World, folder: Path, reviewer: int = 1) -> Vault:
    """An open vault of the reviewer r1, r2 …, at noon of the world's day, with its keyrings believed."""
    return Vault.create(
        folder,
        PASSPHRASE,
        signing=world.reviewer_keys[reviewer - 1],
        roots=world.typed,
        notes=world.notes,
        cost=QUICK,
        clock=lambda: noon(world),
    )


def open_vault(world: World, folder: Path) -> Vault:
    return Vault.open(folder, PASSPHRASE, clock=lambda: noon(world))


def noon(world: World) -> datetime:
    return datetime.combine(world.today, time(12), UTC)
