r"""`intake review forget`: destroy an identity, once nothing that only it opens can still come.

    intake review forget reviewer-r1.age --vault vault

What it opened stays readable: the vault keeps the file key of every report. `intake.review.forgetting` is the rule.
"""

from __future__ import annotations

import os
from pathlib import Path

import click

from intake.durable import sync_folder
from intake.errors import ChainBroken, Fault, Usage
from intake.keyring.backups import SUFFIX
from intake.keyring.files import read_backups, read_private
from intake.keyring.fingerprint import fingerprint
from intake.keyring.identity import PrivateFile
from intake.review import bundles
from intake.review.entrance import enter, vault_option
from intake.review.forgetting import Evidence, hindrances
from intake.review.importing import Became, Import
from intake.review.log import Entity
from intake.review.vault import Vault
from intake.terminal import agree, put, safe, say

_PIECE = 1 << 16


@click.command("forget")
@vault_option
@click.argument("identity", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--now", is_flag=True, help="For a reviewer in danger: destroy it although something may be lost.")
@click.option("--yes", is_flag=True, help="Agree beforehand: ask nothing.")
def command(vault: Path, identity: Path, now: bool, yes: bool) -> None:
    """Destroy the private FILE of a key that was rotated or retired, when the bundles prove that it opens nothing more.

    Otherwise it says what is missing, and destroys nothing. Copies elsewhere and sheets of paper are yours to burn.
    """
    with enter(vault) as desk:
        private = read_private(identity, f"Passphrase of {safe(identity.name)}")
        if not private.identities:
            raise Usage(f"{identity} holds no identity", "Only what opens reports is forgotten here.")
        _open_what_waits(desk, private)
        missing = _missing(desk, private)
        sheets = read_backups(identity)
        for key in private.identities:
            say(f"Key {fingerprint(str(key.recipient))}")
        if missing and not now:
            for line in missing:
                say(f"Missing: {safe(line)}.")
            raise ChainBroken(
                f"{identity.name} can't be forgotten yet: {missing[0]}",
                "Import what is missing, and try again. In danger, --now destroys it all the same.",
            )
        if missing:
            say("What will be lost: whatever is sealed to this key and not in the vault, for whoever has no other key.")
            for line in missing:
                say(f"Not proved: {safe(line)}.")
        else:
            say("Proved: nothing that only this key opens can still come. What was imported stays readable.")
        agree(f"Destroy {safe(str(identity))}?", yes=yes)
        with desk.journal() as journal:
            for key in private.identities:
                entity = Entity("identity", fingerprint(str(key.recipient)).replace(" ", "-"))
                journal.record(entity, "forgotten", {"proved": not missing, "missing": [*missing]})
        _destroy(identity)
        put(f"Destroyed: {safe(str(identity))}")
        for each in sheets.sets if sheets else ():
            put(f"Burn: {each}")
        say("Burn every other copy too: sticks, backups of this machine, sheets and their PDFs.")
        say("A disk may keep old blocks that nobody can reach to wipe: that is why the file has a passphrase.")


def _open_what_waits(desk: Vault, private: PrivateFile) -> None:
    """Nothing that this key opens may stay in quarantine."""
    with Import(desk, private.identities, workers=1) as work:
        opened = sum(arrival.became is Became.NEW for arrival in work.waiting())
    if opened:
        say(f"{opened} that waited for this key were taken in first.")


def _missing(desk: Vault, private: PrivateFile) -> tuple[str, ...]:
    chain = desk.chain
    if chain is None:
        return ("no keyring was ever believed here",)
    with desk.reading() as connection:
        links = bundles.chain_of(bundles.links(connection))
    evidence = Evidence(chain.keyrings, links, ())
    said = (line for key in private.identities for line in hindrances(str(key.recipient), evidence))
    return tuple(dict.fromkeys(said))


def _destroy(path: Path) -> None:
    """Overwrite the file, and remove it with the list of its sheets. Raises `Fault`."""
    try:
        with path.open("r+b") as file:
            left = path.stat().st_size
            while left:
                left -= file.write(os.urandom(min(left, _PIECE)))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        path.with_suffix(SUFFIX).unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise Fault(f"can't destroy {path}: {error.strerror}", "Remove it yourself, and every copy.") from error
