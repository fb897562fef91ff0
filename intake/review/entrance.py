"""How the desk's commands come by an open vault: `--vault`, a passphrase, a word where this machine leaks memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from intake.review.doctor import Machine, leaks
from intake.review.erasing import carry_out
from intake.review.folder import VaultFolder
from intake.review.tongue import WARNING, heard, told
from intake.review.vault import Vault
from intake.terminal import passphrase, safe, say

Command = TypeVar("Command", bound=Callable[..., Any])


def vault_option(command: Command) -> Command:
    """`--vault DIR`, or INTAKE_VAULT: given to the command as `vault`, a path for `enter`."""
    return click.option(
        "--vault",
        type=click.Path(path_type=Path, file_okay=False),
        required=True,
        envvar="INTAKE_VAULT",
        show_envvar=True,
        help="The vault's folder.",
    )(command)


def enter(path: Path, *, lent: bool = False) -> Vault:
    """Ask for the passphrase and open the vault; a context manager. Raises as `Vault.open` does."""
    VaultFolder.open(path, lent=lent)  # no passphrase is typed in vain
    warn()
    vault = Vault.open(path, passphrase(f"Passphrase of the vault {safe(path.name)}"), lent=lent)
    if not lent:
        _erase(vault)
    if vault.practice:
        say("PRACTICE: everything in this vault is invented.")
    return vault


def _erase(vault: Vault) -> None:
    """Do what two reviewers decided and a command that was killed left undone."""
    try:
        done = carry_out(vault)
    except BaseException:
        vault.close()
        raise
    if done:
        say(f"{len(done)} erased here, as was decided.")


def warn() -> None:
    """Say what no vault can help against: memory that is written to the disk."""
    for finding in leaks(Machine(datetime.now(UTC))):
        say(f"{told(f'{WARNING}: {finding.found}')}. {heard(finding.advice)}")
