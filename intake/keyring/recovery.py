r"""Backup on paper, and the way back: `intake keys backup` and `intake keys restore`.

    intake keys backup reviewer-r1.age --shares 5 --threshold 3 --out /dev/shm/sheets
    intake keys restore --origin drop.example --label r1 --out KEYS --card reviewer-r1.card --prove report.age

Words are shown and typed at the terminal alone (`intake.screen`). A ceremony without one gives restore its shares by a
descriptor of its own, INTAKE_SHARES_FD, one share a line; backup has no such way, since typing back is its proof.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click
from nacl.utils import random

from intake.durable import private_folder, write_private
from intake.errors import Damaged, Fault, IntakeError, KeyringRefused, Usage
from intake.keyring.backups import SheetSet
from intake.keyring.files import check_names, note_backup, read_card, read_private, read_vkey, this_day, untaken
from intake.keyring.fingerprint import GROUPS, differing, is_digits
from intake.keyring.identity import PrivateFile, open_private
from intake.keyring.note import SignedNote
from intake.keyring.shares import (
    SHARES_LIMIT,
    SIZES,
    Gathering,
    Share,
    fingerprints,
    public_texts,
    rebuild,
    split,
    words_of,
)
from intake.keyring.sheet import Sheet
from intake.options import Command, Several
from intake.screen import Screen, second_page
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
    paths: list[Path] = []
    with _undone(paths, shares[0].set_name), second_page() as screen:
        for sheet in sheets:
            if folder:
                paths.append(_printable(folder, sheet))
            _show(screen, sheet, paths[-1] if paths else None)
            _typed_back(screen, sheet)
        listed = note_backup(file, public_texts(private), sheets[0].whole_set)
    for path in paths:
        put(str(path))
    for line in _advice(file, sheets, paths):
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
    belongs=is_digits,
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
    shares = _gather()
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


@contextmanager
def _undone(paths: Sequence[Path], name: str) -> Iterator[None]:
    """A set that was not typed back to its end is no backup: take its files away, even when the window is closed."""
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        yield
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        say(f"Set {name} is not finished and no backup. Burn what was printed or written down of it.")
        raise


def _stop(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001  # the signature is signal's
    raise click.Abort


def _printable(folder: Path, sheet: Sheet) -> Path:
    from intake.keyring.paper import pdf  # takes half a second to load, which no other command should wait for

    path = private_folder(folder) / sheet.name
    write_private(path, pdf(sheet))
    return path


def _show(screen: Screen, sheet: Sheet, path: Path | None) -> None:
    screen.page(sheet.text())
    screen.add(f"Print {path}, or copy this by hand." if path else "Copy this by hand.")
    _line(screen, "Press Enter when it is on paper; the words are then wiped from the screen. ")
    screen.page(f"Sheet {sheet.share.number} of {sheet.count}: type its words from the paper. A ? shows them again.")


def _typed_back(screen: Screen, sheet: Sheet) -> None:
    """Until every word of the sheet was typed; what was right before a wrong word stays."""
    share, done = sheet.share, 0
    while done < len(share.words):
        line = _line(screen, f"From word {done + 1}: ")
        if line.strip() == "?":
            _show(screen, sheet, None)
            continue
        words = words_of(line)
        wrong = share.wrong(words, done)
        if wrong is None:
            done += len(words)
        elif wrong > len(share.words):
            screen.add(f"That is more than the {len(share.words)} words of this sheet. Type the last ones again.")
        else:
            done = wrong - 1
            screen.add(f"Word {wrong} is another one. Look at the paper, and mend it there if it is wrong.")


def _line(screen: Screen, prompt: str) -> str:
    line = screen.ask(prompt)
    if line is None:
        raise click.Abort
    return line


def _advice(file: Path, sheets: Sequence[Sheet], paths: Sequence[Path]) -> Iterator[str]:
    share, count = sheets[0].share, len(sheets)
    yield f"Set {share.set_name} is a backup: all {count} sheets were typed back. Any {share.threshold} rebuild it."
    yield "Each sheet is a part of the key. Give each to another person or place, and keep none beside the machine."
    if share.threshold == count:
        yield "All of them are needed: one lost sheet loses the backup."
    if paths:
        yield f"Print and then delete the {count} PDFs: they are the key in the clear. What is deleted from a disk or"
        yield "stick can be found again, and printers remember pages. A folder in memory ends with the machine's power."
    yield "When the key is retired:"
    yield f"  burn sheets 1 to {count} of set {share.set_name}, and those of every other set of this key;"
    for path in [file, *paths]:
        yield f"  delete {path} and every copy of it;"
    yield "  burn or break the sticks and disks that held one."


def _gather() -> list[Share]:
    """Shares until they are enough, from the descriptor or typed. A bad one is told at once and stops nothing."""
    descriptor = os.environ.get("INTAKE_SHARES_FD")
    gathering = Gathering()
    if not descriptor:
        with second_page() as screen:
            while gathering.missing != 0:
                try:
                    screen.add(_take(gathering, _typed_share(screen, gathering)))
                except IntakeError as error:
                    screen.add(f"No: {error}. {error.advice}")
        return gathering.shares
    damaged = False
    for number, line in enumerate(_lines(descriptor), 1):
        if gathering.missing != 0 and line.strip():
            try:
                say(f"Line {number}: {_take(gathering, words_of(line))}")
            except IntakeError as error:
                damaged = damaged or isinstance(error, Damaged)
                say(f"Line {number}: {error}.")
    if gathering.missing != 0:
        missing = f"{gathering.missing} more" if gathering.missing else "all"
        kind = Damaged if damaged else Usage
        raise kind(f"not enough shares: {missing} needed", "Nothing was written. Find more sheets of the same set.")
    return gathering.shares


def _take(gathering: Gathering, words: Sequence[str]) -> str:
    share = Share.parse(words)
    gathering.add(share)
    still = f"{gathering.missing} more needed" if gathering.missing else "that is enough"
    return f"share {share.number} of set {share.set_name} is good, {still}."


def _typed_share(screen: Screen, gathering: Gathering) -> tuple[str, ...]:
    """The words of one share, in one line or several. The first share of a set also tells how many words all have."""
    size = len(gathering.shares[0].words) if gathering.shares else SIZES[-1]
    words: tuple[str, ...] = ()
    while True:
        more = words_of(_line(screen, f"Next sheet, from word {len(words) + 1} (Enter alone: that was all): "))
        words += more
        if words and (not more or len(words) >= size or _is_whole(words)):
            return words


def _is_whole(words: Sequence[str]) -> bool:
    try:
        Share.parse(words)
    except Damaged:
        return False
    return True


def _lines(descriptor: str) -> Iterator[str]:
    if not descriptor.isdigit():
        raise Usage("INTAKE_SHARES_FD is not a number", "Set it to an open file descriptor, such as 4.")
    try:
        with os.fdopen(int(descriptor), "r", encoding="utf-8", errors="replace", closefd=False) as source:
            yield from source
    except OSError as error:
        raise Usage(
            f"INTAKE_SHARES_FD can't be read: {error.strerror}", "Open it for reading before the command."
        ) from error


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
