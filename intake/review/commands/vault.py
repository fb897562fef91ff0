"""`intake review vault`: the folder itself: its passphrase, its backup, and whether it is whole."""

from __future__ import annotations

import json
from pathlib import Path

import click

from intake.errors import Damaged
from intake.review import backup as copying
from intake.review import verification
from intake.review.entrance import enter, vault_option
from intake.terminal import passphrase, progress, put, safe, say


@click.group("vault")
def command() -> None:
    """Look after the vault: change its passphrase, back it up, prove that it is whole."""


@command.command("passphrase")
@vault_option
def change(vault: Path) -> None:
    """Change the vault's passphrase: everything in it is encrypted anew.

    Asks for the passphrase, once to open the vault and once to change it, then for the new one. Backups made before
    open with the old one for ever: make a new one, and destroy those.
    """
    with enter(vault) as opened:
        old = passphrase("The passphrase of now, once more")
        new = passphrase("The new passphrase", confirm=True)
        opened.change_passphrase(old, new)
    say("The passphrase is changed. Backups made before still have the old one: make a new one, and destroy them.")


@command.command("backup")
@vault_option
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="A new folder, or that of an earlier backup, which is brought up to date.",
)
def backup(vault: Path, target: Path) -> None:
    """Copy the vault, encrypted as it is, to another disk. The same passphrase opens the copy."""
    with enter(vault) as opened, progress(copying.amount(opened), "Copying") as advance:
        done = copying.back_up(opened, target, advance)
    gone = f", {done.removed} erased" if done.removed else ""
    say(f"{safe(str(target))} holds the vault of now: {done.held} originals, {done.copied} of them new{gone}.")
    say(f"Prove it: intake review vault verify --vault {safe(str(target))} --lent")


@command.command("verify")
@vault_option
@click.option("--whole", is_flag=True, help="Decipher every original to its end, too, in memory.")
@click.option("--lent", is_flag=True, help="A backup on a stick: its file system may know no owners.")
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def verify(vault: Path, whole: bool, lent: bool, as_json: bool) -> None:
    """Prove that a vault, or a backup of one, is whole: every page, original, key and event, and the tables.

    Ends with 4 when something is damaged, and names it.
    """
    with enter(vault, lent=lent) as opened, progress(verification.amount(opened), "Verifying") as advance:
        found = verification.verify(opened, whole=whole, tick=advance)
    if as_json:
        told = {
            "events": found.audit.events,
            "without_content": found.audit.bare,
            "forks": found.audit.forks,
            "originals": found.originals,
            "unknown_files": found.unknown,
            "faults": found.faults,
        }
        put(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        put(f"{found.audit.events} events of {len(found.audit.lines)} logs, {found.originals} originals")
    for fork in found.audit.forks:
        say(f"ALARM: {fork}. Ask that reviewer: a backup may have been used beside the vault, or their key by another.")
    if found.unknown:
        say(f"Note: {found.unknown} files in it belong to nothing: an import was stopped then. They may be deleted.")
    for fault in found.faults:
        say(f"Damaged: {safe(fault)}.")
    if found.faults:
        raise Damaged(f"{len(found.faults)} things are damaged", "Keep it as it is, and go back to the newest backup.")
    say("All of it is whole.")
