"""How roots vouch for the form in one file: `intake keys form-sign`, and `form-verify` for whoever holds a copy.

Part of the package's rim; `form` knows what is signed and what is believed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from intake.durable import write_private
from intake.errors import Fault, KeyringRefused, Usage
from intake.keyring.belief import root_option, threshold_option
from intake.keyring.files import read_file, read_note, read_private, this_day
from intake.keyring.form import FORM_LIMIT, FormNote, check_form, keyring_in
from intake.keyring.note import NOTE_LIMIT, SignedNote
from intake.keyring.text import Keyring
from intake.keyring.trust import Pin, Roots, signed_by, verify_chain
from intake.options import Command, Day, Several
from intake.terminal import put, say

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW = click.Path(dir_okay=False, path_type=Path)

NOTE = ".note"


@click.command("form-sign")
@click.argument("form", type=_FILE)
@click.option("--key", type=_FILE, required=True, help="The root's private file, root-LABEL.age.")
@click.option(
    "--out", type=_NEW, help="The note; one that is there gets this signature too. Default: FORM's name, .note"
)
def form_sign(form: Path, key: Path, out: Path | None) -> None:
    """Vouch for a form file: sign a note with its SHA-256. Typing the passphrase is the consent.

    Sign only a file that you made yourself from the release, or whose SHA-256 you compared with such a one: the same
    release, settings and keyring give the same bytes on any machine.
    """
    path = out or form.with_suffix(NOTE)
    content = read_file(form, FORM_LIMIT)
    said = FormNote.of(content)
    keyring = Keyring.parse(SignedNote.parse(keyring_in(content)).text)
    note = read_note(path) if path.exists() else SignedNote(bytes(said))
    if note.text != bytes(said):
        raise Fault(f"{path} speaks of another form", "Compare the SHA-256 of both; move the old note away first.")
    for line in bytes(said).decode().splitlines()[1:]:
        say(f"  {line}")
    say(f"  the keyring in it expires {keyring.expires}, closes {keyring.closes}")
    signing = read_private(key, f"Passphrase of {key.name}, to sign this").signing
    if signing.verify_key not in keyring.root_keys:
        raise KeyringRefused(
            f"{signing.name} is not a root of the keyring in this form", "A root that this keyring names must sign."
        )
    signed = note.with_signature(signing)
    write_private(path, bytes(signed), mode=0o644, replace=True)
    count = len(signed_by(signed, keyring))
    say(f"Signed by {signing.name}, written to {path}: {count} of the {keyring.threshold} signatures it needs.")


@click.command("form-verify", cls=Command)
@click.argument("form", type=_FILE)
@click.option("--note", "note_file", type=_FILE, help="The roots' note. Default: FORM's name with .note")
@click.option("--pin", "pin_file", type=_FILE, help="What was believed the last time.")
@root_option
@threshold_option
@click.option("--keyring", "others", cls=Several, metavar="FILE…", help="Other keyrings of the chain, in any order.")
@click.option("--at", type=Day(), help="The day to judge for. Default: today.")
@click.option("--json", "as_program", is_flag=True, help="Print JSON.")
def form_verify(
    form: Path,
    note_file: Path | None,
    pin_file: Path | None,
    roots: Sequence[str],
    threshold: int | None,
    others: Sequence[str],
    at: date | None,
    as_program: bool,
) -> None:
    """Tell whether a form file is ours: the roots signed its SHA-256, and the keyring that it seals to.

    Trust starts with --root, with --pin, or both; what the form shows of itself proves nothing. When roots were
    replaced since the paper was written, give the keyrings between with --keyring.
    """
    if threshold is not None and not roots:
        raise Usage("--threshold counts the fingerprints given with --root, and there are none")
    beside = note_file or form.with_suffix(NOTE)
    if not beside.exists():
        raise Usage(f"there is no note {beside}", "Get the note that came with the form, and give it with --note.")
    day = at or this_day()
    content = read_file(form, FORM_LIMIT)
    chain = verify_chain(
        [keyring_in(content), *(read_file(Path(other), NOTE_LIMIT) for other in others)],
        roots=Roots.typed(roots, threshold) if roots else None,
        pin=Pin.parse(read_file(pin_file, NOTE_LIMIT)) if pin_file else None,
        today=day,
    )
    said, signers = check_form(content, read_note(beside), chain, day)
    keyring = chain.by_serial(said.keyring)
    assert keyring is not None
    if as_program:
        days = {"expires": str(keyring.expires), "closes": str(keyring.closes)}
        facts = {"verdict": "genuine", "signed_by": [root.label for root in signers]}
        put(json.dumps(asdict(said) | days | facts, indent=2))
    else:
        put(f"Genuine: roots {', '.join(root.label for root in signers)} signed this form of {said.origin}.")
        put(f"It seals to keyring {said.keyring} until {keyring.closes}. SHA-256 {said.sha256}")
    if keyring.serial < chain.newest.serial:
        say(f"Warning: keyring {chain.newest.serial} is newer: a newer form should be there.")
    elif day >= keyring.expires:
        say(f"Warning: a newer form was due on {keyring.expires}.")
