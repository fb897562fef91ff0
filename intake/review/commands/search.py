"""`intake review search`: by words in any script, names in any spelling, places by any of their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from intake.review.commands.lists import filtering, tell, telling, wanted
from intake.review.entrance import vault_option


@click.command("search")
@vault_option
@click.argument("words", nargs=-1, required=True, metavar="WORDS…")
@filtering
@telling
def command(
    vault: Path, words: tuple[str, ...], limit: int, skip: int, read_at: str, as_json: bool, **asked: Any
) -> None:
    """Submissions that hold all these words, in any script, spelling and order. Хоруғ finds Khorog, and so on.

    Answers about the witness (contact, relation) are never searched.
    """
    tell(vault, wanted(**asked), limit=limit, skip=skip, read_at=read_at, as_json=as_json, typed=" ".join(words))
