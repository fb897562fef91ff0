r"""Backup on paper, and the way back: `intake keys backup` and `intake keys restore`.

    intake keys backup reviewer-r1.age --shares 5 --threshold 3 --out /dev/shm/sheets
    intake keys restore --origin drop.example --label r1 --out KEYS --card reviewer-r1.card --prove report.age

`intake.keyring.sitting` is how people and paper meet at the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from nacl.utils import random

from intake.durable import write_private
from intake.errors import Fault, KeyringRefused, Usage
from intake.keyring.backups import SheetSet
from intake.keyring.files import check_names, note_backup, read_card, read_private, read_vkey, this_day, untaken
from intake.keyring.fingerprint import GROUPS, differing, is_candidate
from intake.keyring.identity import PrivateFile, open_private
from intake.keyring.note import SignedNote
from intake.keyring.shares import (
    SHARES_LIMIT,
    fingerprints,
    public_texts,
    rebuild,
    split,
)
from intake.keyring.sheet import Sheet
from intake.keyring.sitting import gather, on_paper
from intake.options import Command, Several
from intake.sealing import dearmor, open_bytes, open_sealed, seal_bytes
from intake.terminal import passphrase, put, say

_BLOCK = 1 << 20
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--shares", "count", type=click.IntRange(2, SHARES_LIMIT), required=True, help="How many sheets to make.")
@click.option("--threshold", type=click.IntRange(2, SHARES_LIMIT), required=True, help="How many of them rebuild FILE.")
@click.option("--out", "folder", type=_FOLDER, help="Write a PDF a sheet here, to print. Default: copy them by hand.")
def backup(file: Path, count: int, threshold: int, folder: Path | None) -> None:
    """Split root-LABEL.age or reviewer-LABEL.age into words on paper, any --threshold sheets of which rebuild it.

    Each sheet is shown at the terminal, and typed back from the paper before the next one: a sheet that was never read
    is no backup. Capitals and numbers don't matter, and four letters of a word are enough. A printed sheet is a key,
    and so is its PDF: let --out be a folder in memory (below /dev/shm), and print over a cable.
    """
    if threshold > count:
        raise Usage(f"{threshold} of {count} sheets can't be asked for", "Let --threshold be at most --shares.")
    private = read_private(file, f"Passphrase of {file.name}")
    shares = split(private, count, threshold)
    if rebuild(shares[-threshold:], private.signing.name) != private:
        raise Fault("the shares don't rebuild the key", "Nothing was written. Report this with the version you use.")
    sheets = [Sheet(share, count, fingerprints(private), this_day()) for share in shares]
    with on_paper(sheets, folder) as paths:
        listed = note_backup(file, public_texts(private), sheets[0].whole_set)
    for path in paths:
        put(str(path))
    for line in advice(sheets, [file, *paths], paths):
        say(line)
    say(f"{listed} now lists the set: it is how intake knows that this key has a backup, and what to burn one day.")


@click.command(cls=Command)
@click.option("--origin", required=True, help="The name of the drop that the key is for.")
@click.option("--label", required=True, help="The key's label, as the keyring names it.")
@click.option("--out", "folder", type=_FOLDER, required=True, help="The folder for the new file.")
@click.option(
    "--fingerprint",
    "typed",
    cls=Several,
    belongs=is_candidate,
    metavar="DIGITS…",
    help="A fingerprint from the sheets or the keyring, 40 digits, in groups or not.",
)
@click.option("--vkey", help="The key's root-LABEL.vkey, or its line, to compare with.")
@click.option("--card", type=_FILE, help="The reviewer's reviewer-LABEL.card, to compare with.")
@click.option("--prove", type=_FILE, help="A sealed report (.age) that the rebuilt identity must open.")
def restore(
    origin: str,
    label: str,
    folder: Path,
    typed: Sequence[str],
    vkey: str | None,
    card: Path | None,
    prove: Path | None,
) -> None:
    """Rebuild a private file from its sheets, under a new passphrase, and prove that it works.

    Words are typed at the terminal, or read from the descriptor INTAKE_SHARES_FD, one share a line. The origin and the
    label are not on the sheets: find the fingerprint in the keyring (intake keys keyring-show).
    """
    check_names(origin, label)
    untaken(folder, f"root-{label}.age", f"reviewer-{label}.age")
    shares = gather()
    private = rebuild(shares, f"{origin}/{label}")
    *opening, signing = fingerprints(private)
    for digits in opening:
        say(f"Opening key  {digits}")
    say(f"Signing key  {signing}")
    compared = _compare(private, " ".join(typed), vkey, card)
    proof = _proof(private, prove)
    kind = "reviewer" if private.identities else "root"
    secret = passphrase(f"New passphrase for {kind} {label}", confirm=True)
    sealed = private.seal(secret)
    if open_private(sealed, secret) != private:
        raise Fault("the new file does not hold what was put into it", "Nothing was written. Try another machine.")
    path = folder / f"{kind}-{label}.age"
    write_private(path, sealed)
    made = SheetSet(shares[0].set_name, shares[0].threshold, None, this_day())
    note_backup(path, public_texts(private), made)
    put(str(path))
    say(f"Rebuilt: {proof}.")
    if not compared:
        say("Nothing was given to compare with: read these digits against the sheets. A wrong label alters the last.")
    say("The sheets are as good as before. If strangers may have seen them, make a new key and retire this one.")


def advice(sheets: Sequence[Sheet], copies: Sequence[Path], printed: Sequence[Path]) -> Iterator[str]:
    """What to do with a set that was typed back; `copies` are the files to delete one day, of which some `printed`."""
    share, count = sheets[0].share, len(sheets)
    yield f"Set {share.set_name} is a backup: all {count} sheets were typed back. Any {share.threshold} rebuild it."
    yield "Each sheet is a part of the key. Give each to another person or place, and keep none beside the machine."
    if share.threshold == count:
        yield "All of them are needed: one lost sheet loses the backup."
    if printed:
        yield f"Print and then delete the {count} PDFs: they are the key in the clear. What is deleted from a disk or"
        yield "stick can be found again, and printers remember pages. A folder in memory ends with the machine's power."
    yield "When the key is retired:"
    yield f"  burn sheets 1 to {count} of set {share.set_name}, and those of every other set of this key;"
    for path in copies:
        yield f"  delete {path} and every copy of it;"
    yield "  burn or break the sticks and disks that held one."


def _compare(private: PrivateFile, typed: str, vkey: str | None, card: Path | None) -> bool:
    """Whether there was anything to compare with. Raises `KeyringRefused` when it differs."""
    if typed:
        groups = min((differing(typed, text) for text in public_texts(private)), key=len)
        if len(groups) == GROUPS:
            raise _other("the fingerprint typed is not of the rebuilt key")
        if groups:
            raise _other(f"the fingerprint typed differs in group {', '.join(map(str, groups))} of {GROUPS}")
    if vkey and read_vkey(vkey) != private.signing.verify_key:
        raise _other("the rebuilt key is not the one of --vkey")
    if card:
        known = read_card(card)
        if (known.key, [known.recipient]) != (private.signing.verify_key, list(public_texts(private)[:-1])):
            raise _other(f"the rebuilt key is not the one of {card.name}")
    return bool(typed or vkey or card)


def _other(message: str) -> KeyringRefused:
    return KeyringRefused(
        message, "Nothing was written. Check --origin and --label, which are part of it, and that the sheets are right."
    )


def _proof(private: PrivateFile, sealed: Path | None) -> str:
    """What was done with the rebuilt key. Raises what goes wrong with it: `NoKeyFits`, `Damaged`, `Fault`, `Usage`."""
    note = SignedNote.sign(b"test\n", private.signing)
    if note.signers([private.signing.verify_key]) != (private.signing.verify_key,):
        raise Fault("the rebuilt key signs and the signature does not verify", "Nothing was written.")
    if not private.identities:
        if sealed:
            raise Usage("a root opens nothing", "Leave --prove out: it signs a test instead.")
        return "it signed a test, and the signature verifies"
    if sealed is None:
        test = random(32)
        for identity in private.identities:
            if open_bytes(seal_bytes(test, [identity.recipient]), [identity]) != test:
                raise Fault("the rebuilt key does not open what is sealed to it", "Nothing was written.")
        return "it opened a test sealed to it, and its signature verifies"
    try:
        with sealed.open("rb") as source:
            opened = open_sealed(dearmor(source), private.identities)
            while opened.read(_BLOCK):
                pass
    except OSError as error:
        raise Fault(f"{sealed} can't be read: {error.strerror}") from error
    return f"it opened {sealed.name} to the last byte, and its signature verifies"
