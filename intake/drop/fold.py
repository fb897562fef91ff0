"""The fold: after it, nothing that the drop keeps tells more than the day (DESIGN §6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from intake.drop.folder import DataFolder
from intake.drop.parts import Full
from intake.drop.store import Store
from intake.drop.uploads import Uploads


def fold(folder: DataFolder, store: Store, today: date) -> None:
    """Rewrite what is unfinished and what is held. Raises `Fault`; what is cut off is done again by the next one."""
    Uploads(folder, store.parts, store).fold(today)
    store.fold(today)


def fold_if_there_is_room(folder: DataFolder, store: Store, today: date, warn: Callable[[str], object]) -> None:
    """The same; `warn` is told of a disk too full for it, since what empties a disk must go on. Raises `Fault`."""
    try:
        fold(folder, store, today)
    except Full as error:
        warn(f"Not folded: {error}. {error.advice}")
