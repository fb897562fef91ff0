"""`intake review list`: all submissions, or those that the options choose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from intake.review.commands.lists import filtering, tell, telling, wanted
from intake.review.entrance import vault_option


@click.command("list")
@vault_option
@filtering
@telling
def command(vault: Path, limit: int, skip: int, read_at: str, as_json: bool, **asked: Any) -> None:
    """All submissions, those on hold and dealt with too, unless options choose. Most urgent first."""
    tell(vault, wanted(**asked), limit=limit, skip=skip, read_at=read_at, as_json=as_json)
