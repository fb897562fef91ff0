r"""The door `intake keys`: make keys, write a keyring, sign it, check it. All of it works without a network.

    intake keys root-new --origin drop.example --label a --out KEYS           (each root holder, offline)
    intake keys reviewer-new --origin drop.example --label r1 --out KEYS      (each reviewer, offline)
    intake keys drop-new --origin drop.example --label d1 --out DATA          (the operator, on the server)
    intake keys keyring-new --origin drop.example --root root-a.vkey root-b.vkey --drop drop-d1.vkey \
        --reviewer reviewer-r1.card reviewer-r2.card --threshold 2 --out keyring.note
    intake keys keyring-sign keyring.note --key root-a.age                    (each root holder in turn)
    intake keys keyring-verify keyring.note --root 12345 12345 … --threshold 2

With `ceremonies`, which change a keyring, `recovery`, which keeps keys on paper, `vouching` for the form in one file,
and `files`, which all read with, this is the package's rim: the rest knows no clock, file or passphrase.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from intake.durable import write_private
from intake.errors import Closed, Exit, KeyringRefused, Usage
from intake.keyring.belief import root_option, threshold_option
from intake.keyring.card import Card
from intake.keyring.ceremonies import CEREMONIES, CLOSES_AFTER_MONTHS, EXPIRES_AFTER
from intake.keyring.change import retired_by
from intake.keyring.council import council
from intake.keyring.difference import differences, still_to_sign
from intake.keyring.files import (
    check_names,
    label_of,
    read_card,
    read_file,
    read_note,
    read_private,
    read_vkey,
    this_day,
    unsaved_in,
    untaken,
)
from intake.keyring.fingerprint import fingerprint, short
from intake.keyring.identity import PrivateFile
from intake.keyring.note import NOTE_LIMIT, SignedNote, SigningKey
from intake.keyring.recovery import backup, restore
from intake.keyring.summary import as_json, cautions, describe, signatures, urgency
from intake.keyring.text import Drop, Keyring, Reviewer, Root
from intake.keyring.trust import Pin, Roots, check_following, verify_chain
from intake.keyring.vouching import form_sign, form_verify
from intake.options import Command, Day, Several, months_after
from intake.sealing import HybridIdentity
from intake.terminal import passphrase, put, say

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


_origin = click.option("--origin", required=True, help="The name of the drop: a-z, 0-9, '.' and '-', at most 64.")
_label = click.option("--label", required=True, help="What to call the key: a-z, 0-9 and '-'. It is public: no names.")
_out_folder = click.option("--out", "folder", type=_FOLDER, required=True, help="The folder for the new files.")
_json = click.option("--json", "as_program", is_flag=True, help="Print JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def door() -> None:
    """Make, sign and check the keys (offline).

    Passphrases are asked for at the terminal, or read from INTAKE_PASSPHRASE_FD or INTAKE_PASSPHRASE_COMMAND.
    """


@door.command("root-new")
@_origin
@_label
@_out_folder
@_json
def root_new(origin: str, label: str, folder: Path, as_program: bool) -> None:
    """Make a root key, which signs keyrings.

    Writes root-LABEL.age (private, under a passphrase; age opens it) and root-LABEL.vkey (public, one line). Write the
    fingerprint on paper: it is how others come to trust the keyring.
    """
    check_names(origin, label)
    secret, public = untaken(folder, f"root-{label}.age", f"root-{label}.vkey")
    private = PrivateFile(SigningKey.generate(f"{origin}/{label}"))
    _write_sealed(secret, private, f"root key {label}")
    vkey = str(private.signing.verify_key)
    write_private(public, f"{vkey}\n".encode(), mode=0o644)
    _tell(as_program, {"label": label, "vkey": vkey, "fingerprint": fingerprint(vkey)}, [secret, public])
    say(f"Keep {secret} offline. Write the fingerprint on paper, and hand {public.name} to whoever makes the keyring.")


@door.command("reviewer-new")
@_origin
@_label
@_out_folder
@_json
def reviewer_new(origin: str, label: str, folder: Path, as_program: bool) -> None:
    """Make a reviewer's identity, which opens reports and signs what goes back.

    Writes reviewer-LABEL.age (private, under a passphrase; age opens it) and reviewer-LABEL.card (public, signed).
    """
    check_names(origin, label)
    secret, public = untaken(folder, f"reviewer-{label}.age", f"reviewer-{label}.card")
    identity = HybridIdentity.generate()
    private = PrivateFile(SigningKey.generate(f"{origin}/{label}"), (identity,))
    card = Card(origin, label, str(identity.recipient), private.signing.verify_key)
    _write_sealed(secret, private, f"reviewer {label}")
    write_private(public, card.sign(private.signing), mode=0o644)
    facts = {
        "label": label,
        "recipient": card.recipient,
        "fingerprint": fingerprint(card.recipient),
        "vkey": str(card.key),
        "vkey_fingerprint": fingerprint(str(card.key)),
    }
    _tell(as_program, facts, [secret, public])
    say(f"Keep {secret} offline. Hand {public.name} to the root holders, and read them both fingerprints yourself.")


@door.command("drop-new")
@_origin
@_label
@_out_folder
@_json
def drop_new(origin: str, label: str, folder: Path, as_program: bool) -> None:
    """Make the server's key, which signs bundles.

    Writes drop.key (private, without a passphrase: the server must start alone; give the server's data folder as --out)
    and drop-LABEL.vkey (public, one line).
    """
    check_names(origin, label)
    secret, public = untaken(folder, "drop.key", f"drop-{label}.vkey")
    private = PrivateFile(SigningKey.generate(f"{origin}/{label}"))
    vkey = str(private.signing.verify_key)
    write_private(secret, bytes(private))
    write_private(public, f"{vkey}\n".encode(), mode=0o644)
    _tell(as_program, {"label": label, "vkey": vkey, "fingerprint": fingerprint(vkey)}, [secret, public])
    say(f"Leave {secret.name} in the server's data folder, and hand {public.name} to whoever makes the keyring.")


@door.command("keyring-new", cls=Command)
@_origin
@click.option("--root", "roots", cls=Several, required=True, metavar="VKEY…", help="Files root-L.vkey, or the lines.")
@click.option("--drop", "drops", cls=Several, required=True, metavar="VKEY…", help="Files drop-L.vkey, or the lines.")
@click.option("--reviewer", "cards", cls=Several, required=True, metavar="CARD…", help="Files reviewer-L.card.")
@click.option("--threshold", type=click.IntRange(1, 16), required=True, help="How many of the roots must sign.")
@click.option("--site", "sites", cls=Several, metavar="URL…", help="Where the form is: https, or an .onion.")
@click.option("--previous", type=_FILE, help="The keyring that this one follows. Without it, keyring 1.")
@click.option("--issued", type=Day(), help="Default: today.")
@click.option("--expires", type=Day(), help="Warnings start. Default: 120 days after --issued.")
@click.option("--closes", type=Day(), help="Sealing stops. Default: 12 months after --issued.")
@click.option("--closed-through", type=int, help="Close this serial and all before it now. Default: as before, or 0.")
@click.option("--out", type=_NEW, required=True, help="The new file, still unsigned.")
@_json
def keyring_new(
    origin: str,
    roots: Sequence[str],
    drops: Sequence[str],
    cards: Sequence[str],
    threshold: int,
    sites: Sequence[str],
    previous: Path | None,
    issued: date | None,
    expires: date | None,
    closes: date | None,
    closed_through: int | None,
    out: Path,
    as_program: bool,
) -> None:
    """Write a keyring for the roots to sign.

    Options with "…" take several values in a row, or may be repeated: --root A B and --root A --root B mean the same.
    """
    check_names(origin)
    before = Keyring.parse(read_note(previous).text) if previous else None
    start = issued or this_day()
    members = [read_card(Path(card)) for card in cards]
    keyring = Keyring(
        origin=origin,
        serial=before.serial + 1 if before else 1,
        previous=before.hash if before else None,
        issued=start,
        expires=expires or start + EXPIRES_AFTER,
        closes=closes or months_after(start, CLOSES_AFTER_MONTHS),
        closed_through=closed_through if closed_through is not None else before.closed_through if before else 0,
        sites=tuple(sites),
        threshold=threshold,
        roots=tuple(Root(label_of(key, origin), key) for key in map(read_vkey, roots)),
        drops=tuple(Drop(label_of(key, origin), key) for key in map(read_vkey, drops)),
        reviewers=tuple(Reviewer(card.label, card.recipient, card.key) for card in members),
        duties=before.duties if before else (),
    )
    if before:
        keyring = replace(keyring, retired=retired_by(before, keyring))
    try:
        Keyring.parse(bytes(keyring))
        if before:
            check_following(keyring, before)
    except KeyringRefused as error:
        raise Usage(str(error), "Nothing was written: change the options and try again.") from error
    write_private(out, bytes(SignedNote(bytes(keyring))), mode=0o644)
    _show(SignedNote(bytes(keyring)), keyring, before, as_program, start)
    say(f"Written to {out}, unsigned. Each root holder signs it: intake keys keyring-sign {out} --key root-LABEL.age")


@door.command("keyring-sign")
@click.argument("file", type=_FILE)
@click.option("--key", type=_FILE, required=True, help="The root's private file, root-LABEL.age.")
@click.option("--previous", type=_FILE, help="The keyring before, to count the signatures of its roots too.")
@click.option("--out", type=_NEW, help="The new file. Default: FILE gets the signature.")
def keyring_sign(file: Path, key: Path, previous: Path | None, out: Path | None) -> None:
    """Show what the keyring says, then sign it: typing the passphrase is the consent.

    A root that FILE no longer names can sign it as a root of the keyring before: give that with --previous.
    """
    note = read_note(file, draft=True)
    keyring = Keyring.parse(note.text)
    before = Keyring.parse(read_note(previous).text) if previous else None
    if before:
        check_following(keyring, before)
    for line in [*describe(keyring, this_day()), *signatures(note, keyring, before)]:
        say(line)
    for line in _changes(note, keyring, before):
        say(line)
    for warning in cautions(keyring, this_day()):
        say(f"Warning: {warning}.")
    signing = read_private(key, f"Passphrase of {key.name}, to sign this").signing
    if signing.verify_key not in {*keyring.root_keys, *(before.root_keys if before else ())}:
        raise KeyringRefused(
            f"{signing.name} is not a root of this keyring",
            "If it is a root of the keyring before, give it with --previous; if it should be one, make a new keyring.",
        )
    signed = note.with_signature(signing)
    write_private(out or file, bytes(signed), mode=0o644, replace=out is None)
    say(f"Signed by {signing.name}, written to {out or file}.")
    for line in signatures(signed, keyring, before):
        say(line)
    say(f"  {still_to_sign(signed, keyring, before)}")


@door.command("keyring-verify", cls=Command)
@click.argument("files", type=_FILE, nargs=-1, required=True, metavar="FILE…")
@click.option("--pin", "pin_file", type=_FILE, help="What was believed the last time.")
@root_option
@threshold_option
@click.option("--at", type=Day(), help="The day to judge for. Default: today.")
@click.option("--pin-out", type=_NEW, help="Write the new pin here when the keyring is believed.")
@click.option("--alarm", is_flag=True, help="End with 10 in the last 30 days before it expires, 11 from the last 7 on.")
@_json
def keyring_verify(
    files: Sequence[Path],
    pin_file: Path | None,
    roots: Sequence[str],
    threshold: int | None,
    at: date | None,
    pin_out: Path | None,
    alarm: bool,
    as_program: bool,
) -> Exit:
    """Believe a keyring, or say why not.

    Give FILE, and the keyrings before it if there are any, in any order. Trust starts with --root, with --pin, or both.
    Ends with 0 when believed, 5 when refused, 6 when genuine and closed; --alarm is for a timer.
    """
    if threshold is not None and not roots:
        raise Usage("--threshold counts the fingerprints given with --root, and there are none")
    day = at or this_day()
    chain = verify_chain(
        [read_file(file, NOTE_LIMIT) for file in files],
        roots=Roots.typed(roots, threshold) if roots else None,
        pin=Pin.parse(read_file(pin_file, NOTE_LIMIT)) if pin_file else None,
        today=day,
    )
    newest = chain.newest
    if pin_out:
        write_private(pin_out, bytes(chain.pin), mode=0o644)
    closed = newest.is_closed(day)
    warnings = cautions(newest, day)
    if as_program:
        facts = {"verdict": "closed" if closed else "believed", "day": str(day), "warnings": warnings}
        put(json.dumps(as_json(newest) | facts, indent=2))
    elif not closed:
        put(f"Believed: keyring {newest.serial} of {newest.origin}, on {day}.")
        put(f"Reports are sealed to {', '.join(f'{r.label} ({short(r.recipient)} …)' for r in newest.reviewers)}.")
    if closed:
        raise Closed(f"keyring {newest.serial} of {newest.origin} is genuine and closed on {newest.closes}")
    for warning in warnings:
        say(f"Warning: {warning}.")
    return urgency(newest, day) if alarm else Exit.OK


@door.command("keyring-show", cls=Command)
@click.argument("file", type=_FILE)
@click.option("--previous", type=_FILE, help="The keyring before, to count the signatures of its roots too.")
@click.option("--keys", "folders", cls=Several, metavar="FOLDER…", help="Name the private files there without backup.")
@click.option("--alarm", is_flag=True, help="End with 10 in the last 30 days before it expires, 11 from the last 7 on.")
@_json
def keyring_show(file: Path, previous: Path | None, folders: Sequence[str], alarm: bool, as_program: bool) -> Exit:
    """Print what a keyring says of itself. That is no reason to believe it: see keyring-verify.

    Warnings name days that run out and whatever hangs on a single thread. Which keys are on paper stands beside the
    private files (reviewer-LABEL.backup), never in the keyring: --keys looks there.
    """
    note = read_note(file, draft=True)
    keyring = Keyring.parse(note.text)
    before = Keyring.parse(read_note(previous).text) if previous else None
    if before:
        check_following(keyring, before)
    unsaved = unsaved_in(map(Path, folders), keyring)
    _show(note, keyring, before, as_program, this_day(), unsaved)
    say("This is what the file says, not a proof: intake keys keyring-verify checks it against paper.")
    return urgency(keyring, this_day()) if alarm else Exit.OK


def _show(
    note: SignedNote,
    keyring: Keyring,
    before: Keyring | None,
    as_program: bool,
    day: date,
    unsaved: Sequence[str] = (),
) -> None:
    warnings = cautions(keyring, day, unsaved)
    if as_program:
        signers = [key.name for key in note.signers({*keyring.root_keys, *(before.root_keys if before else ())})]
        facts = {"signed_by": sorted(signers), "still_to_sign": still_to_sign(note, keyring, before)}
        changes = {"changes": differences(before, keyring)} if before else {}
        put(json.dumps(as_json(keyring) | facts | changes | {"warnings": warnings}, indent=2))
        return
    for line in [*describe(keyring, day), *signatures(note, keyring, before), *_changes(note, keyring, before)]:
        put(line)
    for warning in warnings:
        say(f"Warning: {warning}.")


def _changes(note: SignedNote, keyring: Keyring, before: Keyring | None) -> Iterator[str]:
    """What differs from the keyring before, when it is there, and who is still to sign."""
    if before is not None:
        yield f"What differs from keyring {before.serial}"
        yield from (f"  {line}" for line in differences(before, keyring))
    yield f"  {still_to_sign(note, keyring, before)}"


def _write_sealed(path: Path, private: PrivateFile, what: str) -> None:
    secret = passphrase(f"New passphrase for {what}", confirm=True)
    write_private(path, private.seal(secret))


def _tell(as_program: bool, facts: dict[str, str], files: Sequence[Path]) -> None:
    if as_program:
        put(json.dumps(facts | {"files": [str(file) for file in files]}, indent=2))
    else:
        put(f"{facts['label']}  {facts['fingerprint']}")
        if "vkey_fingerprint" in facts:
            put(f"{facts['label']}  {facts['vkey_fingerprint']}  (signs)")


for command in (*CEREMONIES, backup, restore, council, form_sign, form_verify):
    door.add_command(command)

__all__ = ["door"]
