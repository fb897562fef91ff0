"""`intake review desk`: the vault on a full screen."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import click

from intake.errors import Usage
from intake.review.commands.lists import READ_AT, readings
from intake.review.entrance import enter, vault_option
from intake.review.tongue import LANGUAGES, of_this_machine


@click.command("desk")
@vault_option
@click.option("--language", type=click.Choice(LANGUAGES), help="Its language. Default: that of this machine.")
@click.option(
    "--lock-after",
    type=click.IntRange(1, 240),
    default=5,
    show_default=True,
    metavar="MINUTES",
    help="Lock when nobody touched it for so long.",
)
@READ_AT
def command(vault: Path, language: str | None, lock_after: int, read_at: str) -> None:
    """Read, sort and link reports on a full screen. ? shows all keys there, F2 changes the language."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Usage("the desk needs a terminal", "Run it in a window of its own; `intake review inbox` needs none.")
    told = readings(read_at)
    with enter(vault) as opened:
        from intake.review.desk.app import run  # a second that nobody waits before the passphrase is right

        run(opened, language or of_this_machine(), timedelta(minutes=lock_after), told)
