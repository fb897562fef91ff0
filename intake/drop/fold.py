"""The fold: after it, nothing that the drop keeps tells more than the day (DESIGN §6)."""

from __future__ import annotations

from datetime import date

from intake.drop.folder import DataFolder
from intake.drop.store import Store
from intake.drop.uploads import Uploads


def fold(folder: DataFolder, store: Store, today: date) -> None:
    """Rewrite what is unfinished and what is held. Raises `Fault`; what is cut off is done again by the next one."""
    Uploads(folder, store.parts, store).fold(today)
    store.fold(today)
