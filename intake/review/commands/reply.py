"""`intake review reply`: an answer for the next outbox."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from intake.errors import Usage
from intake.locale import packaged_places, packaged_questionnaire
from intake.review import replies, submissions
from intake.review.draft import check
from intake.review.entrance import enter, vault_option
from intake.review.phrases import DRAFTS, PHRASES
from intake.terminal import put, safe, say


@click.command("reply")
@vault_option
@click.argument("submission_id", metavar="ID")
@click.option("--phrase", type=click.Choice([*PHRASES]), help="A prepared answer, in the language of the report.")
@click.option("--language", type=click.Choice(["tg", "ru", "en"]), help="Of the prepared answer.")
@click.option("--anyway", is_flag=True, help="Keep it although the check points at something; that is logged.")
def command(vault: Path, submission_id: str, phrase: str | None, language: str | None, anyway: bool) -> None:
    """Answer a witness: a prepared answer, or your own on standard input.

    It is compared with all that the witness sent: whoever finds the code may read it, so it repeats no name, place or
    fact. It waits for `intake review outbox`.
    """
    own = None if phrase else sys.stdin.read().strip()
    if not phrase and not own:
        raise Usage("there is no answer", "Type it on standard input, or choose one with --phrase.")
    with enter(vault) as desk:
        with desk.reading() as connection:
            found = submissions.find(connection, submission_id)
            told = [submissions.find(connection, each).answers for each in submissions.thread(connection, found.id)]
        spoken = language or (found.report.language if found.report.language in ("tg", "ru") else "en")
        text = PHRASES[phrase][spoken] if phrase else own or ""
        findings = check(text, told, packaged_questionnaire(), packaged_places())
        against = [f"{each.passage}: {each.reason.value}" for each in findings]
        for each in against:
            say(f"Look at: {safe(each)}.")
        if against and not anyway:
            raise Usage("the answer tells something of the report", "Take it out, or keep it with --anyway.")
        replies.write(desk, found, text, [each.reason.value for each in findings])
        put(safe(text, lines=True))
        if phrase and spoken in DRAFTS:
            say("Draft: no native reader has checked these words yet.")
        say(f"It waits for the next outbox: intake review outbox --to STICK. Answer to {found.id[:8]}.")
