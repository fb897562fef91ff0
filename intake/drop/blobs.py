"""Which place holds a drop's parts: its own folder, or a bucket. DATA/blobs says so once and for all.

Commands that are given DATA alone look there, and no change of a setting makes reports seem lost.
"""

from __future__ import annotations

import json
import secrets

from intake.drop.folder import DataFolder
from intake.drop.parts import FolderParts, Parts
from intake.drop.place import Place
from intake.durable import write_private
from intake.errors import Fault, Usage

FOLDER = "folder"


def opened(folder: DataFolder, wanted: str | None = None, mark: str = "") -> Parts:
    """Where the parts are. `wanted` is the setting of who serves, "folder" or s3://BUCKET/PREFIX; None: wherever.

    `mark` is that of the drop when several nodes share it; else DATA has one of its own.

    Raises `Usage` when the parts are elsewhere than wanted, or a bucket can't be used, and `Fault` when it fails.
    """
    found = _recorded(folder)
    if found is None and wanted in (None, FOLDER):
        return FolderParts(folder.parts)
    if found is None:
        if folder.parts.is_dir() and any(folder.parts.iterdir()):
            raise Usage(f"{folder.parts} holds reports already", 'Set blobs = "folder", or begin with a new DATA.')
        place, mark = Place.parse(str(wanted)), mark or secrets.token_hex(16)
    else:
        place, mark = found
    if wanted is not None and wanted != str(place):
        raise Usage(f"this drop's large reports lie in {place}, not in {wanted}", f'Set blobs = "{place}".')
    from intake.drop.bucket import BucketParts  # a large library, of use to few

    parts = BucketParts(place)
    if wanted is not None:
        if found is None:
            # Before the bucket is marked: a mark that nobody knows would shut this drop out of it.
            write_private(folder.blobs, json.dumps({"place": str(place), "mark": mark}).encode())
        try:
            parts.claim(mark)
        except BaseException:
            if found is None:
                folder.blobs.unlink()
            raise
    return parts


def marked(folder: DataFolder) -> str | None:
    """The mark under which this drop's parts lie in a bucket, if they do. Raises `Fault`."""
    found = _recorded(folder)
    return None if found is None else found[1]


def _recorded(folder: DataFolder) -> tuple[Place, str] | None:
    try:
        found = json.loads(folder.blobs.read_bytes())
        return Place.parse(found["place"]), str(found["mark"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Fault(f"{folder.blobs} can't be read", "Restore it from a backup of DATA.") from error
