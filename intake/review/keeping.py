"""What could not be opened is kept, still sealed, beside the reason."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from intake.durable import new_file, private_folder, write_private
from intake.errors import Damaged, IntakeError
from intake.report import ustar
from intake.review.sealed import is_bundle, readable

FOLDER = "not-opened"


def keep(bundle: Path, failed: Mapping[str, IntakeError], target: Path) -> dict[str, Path]:
    """Copy the failed reports (by the drop's id) out of a bundle, byte for byte, with the reason as text.

    In one pass, and without asking whether the bytes are the listed ones: those that are not are worth keeping too. A
    bundle that is itself cut off gives what stands before the cut. Returns the copies made, by id.
    """
    kept: dict[str, Path] = {}
    if not failed or not is_bundle(bundle):
        return kept
    folder = private_folder(private_folder(target) / FOLDER)
    with readable(bundle) as file:
        reader = ustar.Reader(file)
        try:
            while len(kept) < len(failed) and (member := reader.next()) is not None:
                name = member.name.removeprefix("reports/").removesuffix(".age")
                if name in failed:
                    with new_file(folder / f"{name}.age", replace=True) as copy:
                        shutil.copyfileobj(member, copy)
                    write_private(folder / f"{name}.txt", _reason(failed[name]), replace=True)
                    kept[name] = folder / f"{name}.age"
        except Damaged:
            pass  # the walk over this bundle has already said so
    return kept


def _reason(error: IntakeError) -> bytes:
    return f"{error}\n{error.advice}\n".encode()
