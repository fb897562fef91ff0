"""Opening a sealed report into a folder of plain files, whole or not at all.

    <id>/report.json      as it was sealed, byte for byte
    <id>/report.txt       the same for reading
    <id>/files/01 …       the attachments; their names stand in report.txt and are never used as paths

Everything is written to a hidden folder first, which takes its name only when the last byte has verified and is on
disk. A report that was opened before costs no second time; what an end in the middle left behind is cleared away.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from intake.durable import private_folder, sync_folder, write_private
from intake.errors import Damaged, Fault
from intake.report.package import PackageReader, Report, member_name
from intake.review.sealed import Sealed
from intake.sealing import Identity, open_sealed

_PIECE = 1 << 18
_HIDDEN = ".opening-"


@dataclass(frozen=True, slots=True)
class OpenedReport:
    """A report opened into `folder`. `alarms`: what contradicts what the drop said of it. `before`: it was there."""

    report: Report
    folder: Path
    alarms: tuple[str, ...]
    before: bool = False


def open_into(
    target: Path, sealed: Sealed, identities: Sequence[Identity], render: Callable[[Report, Sequence[str]], str]
) -> OpenedReport:
    """Open one report below `target`; `render` makes report.txt from the report and its alarms.

    The folder is named by the drop's id, or by the report's own when no drop spoke. A report that was opened there
    before is left as it is. Raises `NoKeyFits`, `NotSealed`, `Damaged`, and `Fault` for the disk.
    """
    private_folder(target)
    held: int | None = None
    hidden = target / f"{_HIDDEN}{secrets.token_hex(8)}"
    try:
        package = PackageReader(open_sealed(sealed.stream, identities))
        report = package.report
        alarms = contradictions(report, sealed.id, sealed.origin)
        folder = target / (sealed.id or report.id)
        if folder.exists():
            return OpenedReport(_same(folder, package.content, report), folder, alarms, before=True)
        private_folder(hidden)
        held = _hold(hidden)
        write_private(hidden / "report.json", package.content)
        for number, (_, stream) in enumerate(package, 1):
            _copy(stream, private_folder(hidden / "files").parent / member_name(number), sealed.tick)
        write_private(hidden / "report.txt", render(report, alarms).encode())
        if (hidden / "files").is_dir():
            sync_folder(hidden / "files")
        sync_folder(hidden)
        hidden.rename(folder)
        sync_folder(target)
        return OpenedReport(report, folder, alarms)
    except OSError as error:
        raise Fault(f"can't write to {target}: {error.strerror}", "Make room, or choose another folder.") from error
    finally:
        if hidden.exists():
            shutil.rmtree(hidden)
        if held is not None:
            os.close(held)


def tidy(target: Path) -> None:
    """Clear away what openings into `target` left that ended in the middle, and nothing that is still at work."""
    for left in target.glob(f"{_HIDDEN}*") if target.is_dir() else ():
        with suppress(OSError):
            held = _hold(left)
            shutil.rmtree(left)
            os.close(held)


def _hold(folder: Path) -> int:
    """A descriptor by which others see that this folder is worked in; it goes with the process. Raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class Named(Protocol):
    """What a sealed report says of itself."""

    @property
    def id(self) -> str:
        """Its own id."""

    @property
    def origin(self) -> str:
        """The drop that it was made for."""

    @property
    def sealed_by(self) -> str:
        """Where it was sealed."""


def contradictions(report: Named, outer: str | None, origin: str | None) -> tuple[str, ...]:
    """What a sealed report says against what the drop says, its id and its own origin: never an accident.

    None where nobody says anything, as of a loose file.
    """
    alarms = []
    if outer is not None and report.sealed_by != "carried-form" and report.id != outer:
        alarms.append(f"the drop gave this report the id {outer}, but its own is {report.id}")
    if origin is not None and report.origin != origin:
        alarms.append(f"this report was made for {report.origin}, not for {origin}")
    return tuple(alarms)


def _same(folder: Path, content: bytes, report: Report) -> Report:
    present = folder / "report.json"
    sizes = {folder / member_name(number): entry.size for number, entry in enumerate(report.files, 1)}
    whole = all(path.is_file() and path.stat().st_size == size for path, size in sizes.items())
    if not whole or not present.is_file() or present.read_bytes() != content:
        raise Damaged(
            f"another report stands in {folder} already",
            "Two reports claim one id; open this one into an empty folder.",
        )
    return report


def _copy(source: BinaryIO, path: Path, tick: Callable[[], None]) -> None:
    with path.open("xb") as file:
        path.chmod(0o600)
        while piece := source.read(_PIECE):
            file.write(piece)
            tick()
        file.flush()
        os.fsync(file.fileno())
