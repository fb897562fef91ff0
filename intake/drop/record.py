"""DATA/database: in which database a drop's reports are, once and for all; and that database, opened.

Commands that are given DATA alone look there, and no change of a setting makes reports seem lost.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import Self

from intake.drop.database import SQLITE, Database
from intake.drop.folder import DataFolder
from intake.drop.sqlite import SQLite
from intake.durable import write_private
from intake.errors import Fault, Usage


@dataclass(frozen=True, slots=True)
class Record:
    """Where the reports are. `mark` is that of the drop, `node` that of this DATA; both mean nothing."""

    place: str
    mark: str
    node: str

    @classmethod
    def read(cls, folder: DataFolder) -> Self | None:
        """None for a drop whose reports are in DATA/drop.db. Raises `Fault`."""
        try:
            return cls(**json.loads(folder.where.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise Fault(f"{folder.where} can't be read", "Restore it from a backup of DATA.") from error

    def keep(self, folder: DataFolder) -> None:
        """Write it down."""
        write_private(folder.where, json.dumps(asdict(self)).encode(), replace=True)


def opened(folder: DataFolder, wanted: str | None = None, *, room: int = 0) -> Database:
    """The database of a drop. `wanted` is the setting of who serves; None: wherever the reports are.

    `room` is how many bytes PostgreSQL may take, 0 for as many as there are. Raises `Usage` when the reports are
    elsewhere than wanted, and `Fault` when the database fails.
    """
    record = Record.read(folder)
    if record is None and wanted in (None, SQLITE):
        return SQLite(folder)
    if record is None and folder.database.exists():
        raise Usage(
            f"{folder.database} holds reports already",
            'Set database = "sqlite", or bring them over with `intake drop move`.',
        )
    if record is None:
        record = Record(str(wanted), "", secrets.token_hex(16))
    if wanted is not None and wanted != record.place:
        raise Usage(
            f"this drop's reports lie in {record.place}, not in {wanted}",
            f'Set database = "{record.place}", or move them with `intake drop move`.',
        )
    from intake.drop.postgres import Postgres  # a large library, of use to few

    return Postgres(record.place, room=room)
