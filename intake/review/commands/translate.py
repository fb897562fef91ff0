r"""`intake review translate`: puts a translation beside a submission; the original stays.

intake review translate 5f0c2b11 --into en < translation.txt
intake review translate 5f0c2b11 --into en --remove
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from intake.errors import Usage
from intake.review import submissions, translations
from intake.review.entrance import enter, vault_option
from intake.terminal import say


@click.command("translate")
@vault_option
@click.argument("submission_id", metavar="ID")
@click.option("--into", "language", required=True, metavar="CODE", help="The language of the translation: en, ru …")
@click.option("--remove", is_flag=True, help="Take that translation away; the log keeps it.")
def command(vault: Path, submission_id: str, language: str, remove: bool) -> None:
    """Write a translation beside a submission, from standard input. It is shown with who wrote it, and when."""
    text = ""
    if not remove:
        say("Type or paste the translation, then Ctrl+D on a line of its own.") if sys.stdin.isatty() else None
        text = sys.stdin.read(translations.LONGEST + 1)
        if not text.strip():
            raise Usage("there was no translation", "Give its text on standard input, or --remove.")
    with enter(vault) as desk:
        with desk.reading() as connection:
            found = submissions.find(connection, submission_id)
        with desk.journal() as journal:
            translations.translate(journal, found.id, language, text)
        say(f"{'Taken away' if remove else 'Written'}: {found.id[:8]} into {language}.")
