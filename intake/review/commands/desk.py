"""`intake review desk`: the vault on a full screen."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

import click

from intake.errors import Usage
from intake.review.commands.lists import READ_AT, readings
from intake.review.entrance import enter, vault_option

_LANGUAGES = ("en", "ru")


@click.command("desk")
@vault_option
@click.option("--language", type=click.Choice(_LANGUAGES), help="Its language. Default: that of this machine.")
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
    spoken = language or (os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "")[:2]
    told = readings(read_at)
    with enter(vault) as opened:
        from intake.review.desk.app import run  # a second that nobody waits before the passphrase is right

        run(opened, spoken if spoken in _LANGUAGES else "en", timedelta(minutes=lock_after), told)
