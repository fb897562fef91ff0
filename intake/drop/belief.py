"""Which keyring the drop serves, and why it is believed: root fingerprints typed by the operator, then a pin.

The operator's keyring file holds the newest note. Every note that was believed is kept in DATA/keyring, so that anyone
can walk the chain, and DATA/keyring.pin keeps the highest serial: an older file never takes the drop back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

from intake.drop.folder import DataFolder
from intake.durable import private_folder, write_private
from intake.errors import Fault
from intake.keyring import Chain, Keyring, Pin, Roots, SignedNote, verify_chain


class Belief:
    """The chain that is believed now. `refresh` looks at the file again; a bad one never replaces a good one."""

    def __init__(self, folder: DataFolder, file: Path, roots: Roots, today: Callable[[], date]) -> None:
        self._folder = folder
        self._file = file
        self._roots = roots
        self._today = today
        self._lock = threading.Lock()
        self._seen = self._stamp()
        self._chain = self._believe()

    @property
    def chain(self) -> Chain:
        """The verified chain, oldest keyring first."""
        return self._chain

    def refresh(self) -> bool:
        """Read the file again if it changed since the last look. True when another chain is believed now.

        Raises `KeyringRefused` or `Fault`, once for each change, when the new file can't be believed; the chain before
        goes on being served.
        """
        with self._lock:
            stamp = self._stamp()
            if stamp == self._seen:
                return False
            self._seen = stamp
            self._chain = self._believe()
            return True

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _believe(self) -> Chain:
        pin = stored_pin(self._folder)
        try:
            earlier = earlier_notes(self._file, pin.serial if pin else 0)
            notes = [*stored_notes(self._folder), *earlier, self._file.read_bytes()]
        except OSError as error:
            raise Fault(f"{self._file} can't be read: {error.strerror}", "Give the newest keyring's note.") from error
        chain = verify_chain(
            notes,
            roots=self._roots,
            pin=pin,
            today=self._today(),
        )
        if pin is None or chain.pin != pin:
            self._keep(chain)
        return chain

    def _keep(self, chain: Chain) -> None:
        """Notes first, the pin last: a pin never speaks of a note that is not there."""
        private_folder(self._folder.keyrings)
        for keyring, note in zip(chain.keyrings, chain.notes, strict=True):
            path = self._folder.keyrings / f"{keyring.serial:06d}.note"
            write_private(path, note, replace=True)
        write_private(self._folder.pin, bytes(chain.pin), replace=True)


def stored_chain(folder: DataFolder, today: date) -> Chain:
    """The chain that `serve` believed last. Raises `Fault` when it never ran here."""
    pin = stored_pin(folder)
    if pin is None:
        raise Fault(f"no keyring is known in {folder.path} yet", "Start `intake drop serve` once with --keyring.")
    return verify_chain(stored_notes(folder), roots=None, pin=pin, today=today)


def stored_pin(folder: DataFolder) -> Pin | None:
    """DATA/keyring.pin, or None before the first start."""
    try:
        return Pin.parse(folder.pin.read_bytes())
    except FileNotFoundError:
        return None


def stored_notes(folder: DataFolder) -> list[bytes]:
    """Every note in DATA/keyring, in order of serial."""
    return [path.read_bytes() for path in sorted(folder.keyrings.glob("[0-9]*.note"))]


def earlier_notes(file: Path, stored: int) -> list[bytes]:
    """Notes of the serials after `stored` that lie beside the operator's file as keyring-6.note, 6.note or 000006.note.

    A first start with keyring 7, or one after missed rotations, needs them: the chain may have no gap. Raises
    `KeyringRefused` when the operator's file itself is no keyring.
    """
    newest = Keyring.parse(SignedNote.parse(file.read_bytes()).text).serial
    candidates = (
        file.parent / name
        for serial in range(stored + 1, newest)
        for name in (f"keyring-{serial}.note", f"{serial}.note", f"{serial:06d}.note")
    )
    return [path.read_bytes() for path in candidates if path.is_file()]
