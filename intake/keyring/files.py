"""Keys, cards and notes as files, read for the commands: whatever is wrong with one is said with its name.

Part of the package's rim, as the commands are: it reads files, the clock and passphrases.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from intake.durable import private_folder, write_private
from intake.errors import Fault, IntakeError, KeyringRefused, Usage
from intake.keyring.backups import SUFFIX, Backups, SheetSet
from intake.keyring.card import Card
from intake.keyring.fingerprint import fingerprint
from intake.keyring.identity import FILE_LIMIT, PrivateFile, is_sealed, open_private
from intake.keyring.lines import named_badly
from intake.keyring.note import NOTE_LIMIT, SignedNote, VerifyKey
from intake.keyring.text import Keyring
from intake.sealing import HybridRecipient
from intake.terminal import passphrase, safe


def this_day() -> date:
    """Today in UTC, as all days of keyrings are."""
    return datetime.now(UTC).date()


def read_file(path: Path, limit: int) -> bytes:
    """All of a file of at most `limit` bytes. Raises `Fault` or `Usage`."""
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise Fault(f"{path} can't be read: {error.strerror}") from error
    if len(content) > limit:
        raise Usage(f"{path} is larger than {limit // 1024} KiB: this is another kind of file")
    return content


def read_note(path: Path, *, draft: bool = False) -> SignedNote:
    """A note; with `draft` it may be unsigned yet."""
    return SignedNote.parse(read_file(path, NOTE_LIMIT), draft=draft)


def read_private(path: Path, prompt: str) -> PrivateFile:
    """A private file, opened with the passphrase that `prompt` asks for when it is sealed."""
    data = read_file(path, FILE_LIMIT)
    return open_private(data, passphrase(prompt) if is_sealed(data) else None)


def read_vkey(given: str) -> VerifyKey:
    """A public key from a file of one line, or from the line itself."""
    path = Path(given)
    line = given
    if "+" not in given or path.is_file():
        if not path.is_file():
            raise Usage(f"{given} is neither a file nor a public key", "Give a .vkey file or its one line.")
        try:
            line = read_file(path, 4096).decode().removesuffix("\n")
        except UnicodeDecodeError:
            raise Usage(f"{given} holds no public key") from None
    try:
        return VerifyKey.parse(line)
    except KeyringRefused as error:
        raise Usage(f"{given}: {error}", error.advice) from error


def read_card(path: Path) -> Card:
    """A reviewer's card, proved to be sealable: some public keys parse and can't be used."""
    if not path.is_file():
        raise Usage(f"there is no file {path}", "Give the reviewer-LABEL.card files.")
    try:
        card = Card.parse(read_file(path, NOTE_LIMIT))
        HybridRecipient.parse(card.recipient).wrap(bytes(16))
    except IntakeError as error:
        raise KeyringRefused(
            f"{path}: {error}", "Ask the reviewer for the card again, and compare fingerprints."
        ) from error
    return card


def read_backups(private: Path) -> Backups | None:
    """The list of sheets beside a private file, None when there is none."""
    path = private.with_suffix(SUFFIX)
    try:
        return Backups.parse(read_file(path, NOTE_LIMIT)) if path.exists() else None
    except Usage as error:
        raise Usage(f"{path}: {error}", "Mend it by hand, or move it away and make a new backup.") from error


def note_backup(private: Path, texts: Sequence[str], made: SheetSet) -> Path:
    """Add a set of sheets to the list beside a private file, whose public halves are `texts`. Returns the list's path.

    Raises `Fault` when the list speaks of another key.
    """
    path, known = private.with_suffix(SUFFIX), read_backups(private)
    if known and not known.covers(texts):
        raise Fault(f"{path} lists the sheets of another key", "Move it away, with the file that it belonged to.")
    backups = (known or Backups(tuple(map(fingerprint, texts)))).adding(made)
    write_private(path, bytes(backups), replace=True)
    return path


def unsaved_in(folders: Iterable[Path], keyring: Keyring) -> tuple[str, ...]:
    """Which keys of the keyring have a private file in these folders and no sheets: "root a", "reviewer r1"."""
    owners: dict[tuple[str, str], list[str]] = {}
    for role, label, text in keyring.standing:
        owners.setdefault((role, label), []).append(text)
    found = []
    for (role, label), texts in owners.items():
        files = [file for folder in folders if (file := folder / f"{role}-{label}.age").is_file()]
        if files and not any(known.covers(texts) for known in map(read_backups, files) if known):
            found.append(f"{role} {label}")
    return tuple(found)


def label_of(key: VerifyKey, origin: str) -> str:
    """The label in a key's name, which is `origin/label`."""
    owner, _, label = key.name.partition("/")
    if owner != origin:
        raise Usage(f"the key {safe(key.name)} is for another origin than {origin}", "Keys are made for one origin.")
    return label


def check_names(origin: str, label: str | None = None) -> None:
    """Raises `Usage` unless both are names that a keyring may hold."""
    if reason := named_badly(origin, origin=True):
        raise Usage(f"the origin {reason}")
    if label is not None and (reason := named_badly(label)):
        raise Usage(f"the label {reason}")


def untaken(folder: Path, *names: str) -> list[Path]:
    """The paths in the folder, which is made. Asked before a passphrase is, so that none is typed in vain."""
    private_folder(folder)
    paths = [folder / name for name in names]
    for path in paths:
        if path.exists():
            raise Fault(f"{path} exists already", "A key is never overwritten: choose another label or folder.")
    return paths
