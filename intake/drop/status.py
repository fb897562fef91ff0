"""How a drop stands: what it holds, how long its keyring lasts, and what is weak about it."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from intake.drop.blobs import FOLDER
from intake.drop.census import caution
from intake.drop.counters import counters_of
from intake.drop.folder import DataFolder
from intake.drop.parts import kept_reserve
from intake.drop.store import Store
from intake.drop.uploads import Uploads
from intake.keyring import Chain
from intake.keyring.summary import cautions


@dataclass(frozen=True, slots=True)
class Status:
    """How the drop stands. Days count from `today`."""

    today: date
    origin: str
    keyring: int
    expires: date
    closes: date
    count_by_day: dict[date, int]
    bundle: int
    folded: date
    used: int
    free: int
    uploads: tuple[int, int]
    room: int
    blobs: str
    database: str
    counters: str
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, folder: DataFolder, chain: Chain, store: Store, today: date) -> Status:
        """Look at everything. Raises `Fault` for what can't be read."""
        counters = counters_of(folder)
        last, counted = store.last_bundle(), store.count_by_day()
        uploads = Uploads(folder, store.parts, store, reserve=kept_reserve(folder))
        return cls(
            today=today,
            origin=chain.origin,
            keyring=chain.newest.serial,
            expires=chain.newest.expires,
            closes=chain.newest.closes,
            count_by_day=counted,
            bundle=0 if last is None else last.serial,
            folded=store.folded(),
            used=_used(folder.path),
            free=shutil.disk_usage(folder.path).free,
            uploads=uploads.under_way(today),
            room=uploads.room(),
            blobs=str(getattr(store.parts, "place", FOLDER)),
            database=store.database.place,
            counters=counters.place or "memory",
            warnings=(
                *cautions(chain.newest, today),
                *store.database.cautions(),
                *counters.cautions(),
                *caution(sum(counted.values())),
            ),
        )

    def to_json(self) -> str:
        """For programs."""
        return json.dumps(
            {
                "today": str(self.today),
                "origin": self.origin,
                "keyring": self.keyring,
                "expires": str(self.expires),
                "days_to_expires": (self.expires - self.today).days,
                "closes": str(self.closes),
                "days_to_closes": (self.closes - self.today).days,
                "reports": sum(self.count_by_day.values()),
                "count_by_day": {str(day): count for day, count in self.count_by_day.items()},
                "bundle": self.bundle,
                "folded": str(self.folded),
                "bytes_used": self.used,
                "bytes_free": self.free,
                "uploads": self.uploads[0],
                "uploads_bytes": self.uploads[1],
                "blobs": self.blobs,
                "database": self.database,
                "counters": self.counters,
                "bytes_for_large": self.room,
                "warnings": self.warnings,
            },
            indent=2,
        )

    def to_text(self) -> str:
        """For people."""
        lines = [
            f"{self.origin}, keyring {self.keyring}",
            f"expires {self.expires} (in {(self.expires - self.today).days} days)",
            f"closes  {self.closes} (in {(self.closes - self.today).days} days)",
            f"disk    {self.used / 1e6:.1f} MB used, {self.free / 1e9:.1f} GB free",
            f"stored  in {self.database}",
            f"large   in {self.blobs}, {_room(self.room)}",
            f"counts  in {self.counters}",
            f"uploads {self.uploads[0]} unfinished, {self.uploads[1] / 1e6:.1f} MB of them have come",
            f"bundles {self.bundle}, last fold {self.folded}",
            f"reports {sum(self.count_by_day.values())}",
            *(f"  {day}  {count}" for day, count in self.count_by_day.items()),
        ]
        return "\n".join(lines)


def _room(size: int) -> str:
    if not size:
        return "no room: only the reserve for small reports is left"
    return f"room for {size / 1e9:.1f} GB" if size < 2**60 else "as much as the bucket takes"


def _used(data: Path) -> int:
    """Bytes of all files; one that goes meanwhile counts for nothing."""
    sizes = 0
    for path in data.rglob("*"):
        with suppress(FileNotFoundError):
            sizes += path.stat().st_size if path.is_file() else 0
    return sizes
