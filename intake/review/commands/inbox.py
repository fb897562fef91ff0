"""`intake review inbox`: what waits for a person, the most urgent first."""

from __future__ import annotations

from pathlib import Path

import click

from intake.review.commands.lists import tell, telling
from intake.review.entrance import vault_option
from intake.review.inbox import Wanted


@click.command("inbox")
@vault_option
@telling
def command(vault: Path, limit: int, skip: int, read_at: str, as_json: bool) -> None:
    """What nobody has dealt with yet: T0 first, and of each tier what is due soonest. A star: you have not read it."""
    tell(vault, Wanted(waiting=True), limit=limit, skip=skip, read_at=read_at, as_json=as_json)
