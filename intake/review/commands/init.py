r"""`intake review init`: makes a reviewer's vault, or one to practise in.

    intake review init --vault vault -i reviewer-r1.age --root 12345 12345 …
    intake review init --vault practice --practice

The second also makes practice-stick beside the vault: a bundle of invented reports, and the private file that opens it,
under the same passphrase. What comes next is done as with real ones.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

import click

from intake.durable import private_folder, write_private
from intake.errors import Usage
from intake.keyring.belief import root_option, threshold_option
from intake.keyring.files import read_private
from intake.keyring.trust import Roots
from intake.options import Command, Several
from intake.review import practice
from intake.review.entrance import vault_option, warn
from intake.review.sources import content
from intake.review.vault import Vault
from intake.terminal import passphrase, safe, say

_FILE = click.Path(path_type=Path)


@click.command("init", cls=Command)
@vault_option
@click.option(
    "-i",
    "--identity",
    "key",
    type=_FILE,
    metavar="FILE",
    help="Your reviewer-L.age: its signing key goes into the vault and signs your log. Its identity does not.",
)
@root_option
@threshold_option
@click.option(
    "--keyring", "notes", cls=Several, metavar="NOTE…", help="Keyrings to believe at once; bundles bring them too."
)
@click.option("--practice", "practising", is_flag=True, help="A vault for practice: thirty invented reports, no keys.")
def command(
    vault: Path,
    key: Path | None,
    roots: tuple[str, ...],
    threshold: int | None,
    notes: tuple[str, ...],
    practising: bool,
) -> None:
    """Make a vault: an encrypted folder for one reviewer, on a machine that is never online.

    Asks for the passphrase of your private file, then for a new one of the vault, twice. There is no way in without it.
    """
    if vault.exists() and (not vault.is_dir() or any(vault.iterdir())):
        raise Usage(f"{vault} exists already", "Give the name of a new folder.")
    if practising:
        if key or roots or threshold or notes:
            raise Usage("--practice makes keys of its own", "Leave out -i, --root, --threshold and --keyring.")
        _practice(vault)
        return
    if key is None or not roots:
        raise Usage("whose vault, and whom it trusts, is not said", "Give -i reviewer-L.age, and --root from paper.")
    believed = Roots.typed(roots, threshold)
    keyrings = [content(Path(note)) for note in notes]
    private = read_private(key, f"Passphrase of {safe(key.name)}")
    if private.signing.name.startswith(f"{practice.ORIGIN}/"):
        raise Usage("this key is for practice", "Give your own, or --practice alone.")
    warn()
    with Vault.create(vault, _new_passphrase(vault), signing=private.signing, roots=believed, notes=keyrings) as made:
        say(f"Made {safe(str(vault))}, the vault of {made.label} of {made.origin}.")
        if made.chain is None:
            say("It believes no keyring yet: the first bundle that follows from your roots brings one.")
    say("Nobody can help you if the passphrase is forgotten.")


def _practice(vault: Path) -> None:
    made = practice.make(datetime.now(UTC).date())
    stick = vault.with_name(f"{vault.name}-stick")
    if stick.exists():
        raise Usage(f"{stick} exists already", "Move it away, or choose another name for the vault.")
    warn()
    secret = _new_passphrase(vault)
    roots = Roots.of(made.vkeys, made.threshold)
    Vault.create(vault, secret, signing=made.private.signing, roots=roots, notes=[made.note]).close()
    private_folder(stick)
    private = stick / f"reviewer-{made.private.signing.name.partition('/')[2]}.age"
    write_private(private, made.private.seal(secret))
    write_private(stick / practice.BUNDLE, made.bundle)
    say(f"PRACTICE: made {safe(str(vault))}, a vault to practise in; everything that goes into it is invented.")
    say(f"The reports lie in {safe(str(stick))}, still sealed, as on a stick; {private.name} has the same passphrase.")
    paths = [quote(str(each)) for each in (stick, vault, private)]
    say("Next: intake review import {} --vault {} -i {}".format(*map(safe, paths)))


def _new_passphrase(vault: Path) -> str:
    return passphrase(f"New passphrase of the vault {safe(vault.name)}", confirm=True)
