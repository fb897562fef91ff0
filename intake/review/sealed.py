"""Sealed reports where they lie: in bundles, or loose as `.age` files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO

from intake.errors import ChainBroken, Fault, KeyringRefused
from intake.keyring.note import SignedNote
from intake.keyring.text import Keyring
from intake.keyring.trust import Pin, Roots, verify_chain
from intake.report.bundle import BundleReader, read_bundle
from intake.sealing import dearmor

_MAGIC_AT, _MAGIC = 257, b"ustar"


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed report. `id` and `origin` are what the drop says of it (None: a loose file, nobody says anything).

    `tick` is to be called now and then while `stream` is read: it moves the progress bar.
    """

    name: str
    stream: BinaryIO
    tick: Callable[[], None]
    id: str | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom the reader of a bundle trusts: typed root fingerprints, a pin, or neither (then nothing is proved)."""

    roots: Roots | None
    pin: Pin | None
    today: date

    @property
    def given(self) -> bool:
        """Whether there is anything to check a bundle against."""
        return self.roots is not None or self.pin is not None


def is_bundle(path: Path) -> bool:
    """Whether the file is a tar: told by its content, since names change on the way."""
    with readable(path) as file:
        file.seek(_MAGIC_AT)
        return file.read(len(_MAGIC)) == _MAGIC


def readable(path: Path) -> BinaryIO:
    """The file, open. Raises `Fault` in words."""
    try:
        return path.open("rb")
    except OSError as error:
        raise Fault(f"can't read {path}: {error.strerror}", "Check the path and that the file is yours.") from error


def check_index(reader: BundleReader, trust: Trust) -> str | None:
    """Check who signed a bundle's index. Returns a warning where that proves nothing, None where it is proved.

    Raises `KeyringRefused` when the bundle's keyrings don't follow from `trust`, `ChainBroken` when the index is not
    signed by a drop of its keyring.
    """
    if trust.given:
        chain = verify_chain(list(reader.keyrings.values()), roots=trust.roots, pin=trust.pin, today=trust.today)
        keyring = chain.newest
    else:
        keyring = Keyring.parse(SignedNote.parse(reader.keyrings[reader.index.keyring]).text)
    check_signature(reader, keyring)
    if trust.given:
        return None
    return "nobody was named to trust, so who made this bundle was not checked; --root or --pin does that"


def check_signature(reader: BundleReader, keyring: Keyring) -> None:
    """Raises `ChainBroken` unless a drop of `keyring`, which is believed already, signed the bundle's index."""
    if keyring.origin != reader.index.origin:
        raise ChainBroken("the bundle names another origin than its keyring")
    try:
        signed = reader.index_note.signers(drop.key for drop in keyring.drops)
    except KeyringRefused as error:
        raise ChainBroken(
            f"the bundle's index: {error}", "Keep it apart; it was altered or made by another."
        ) from error
    if not signed:
        raise ChainBroken(
            "the bundle's index is signed by no drop of its keyring", "Keep it apart; somebody else made it."
        )


def walk(path: Path, trust: Trust, *, heard: Callable[[str], None], advance: Callable[[int], None]) -> Iterator[Sealed]:
    """Each sealed report in a file. `heard` takes warnings, `advance` the bytes passed.

    A stream must be read before the next one is asked for. Raises `Fault`, `Damaged`, `KeyringRefused` or `ChainBroken`
    when the file as a whole can't be used further; what came before stays good.
    """
    with readable(path) as file:
        passed = 0

        def tick() -> None:
            nonlocal passed
            here = file.tell()
            advance(here - passed)
            passed = here

        if not is_bundle(path):
            yield Sealed(path.name, dearmor(file), tick)
            tick()
            return
        reader = read_bundle(file)
        if (warning := check_index(reader, trust)) is not None:
            heard(f"{path.name}: {warning}")
        for entry, stream in reader:
            yield Sealed(f"{path.name}: report {entry.id}", stream, tick, entry.id, reader.index.origin)
            tick()
        tick()
