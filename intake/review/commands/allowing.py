"""`intake review dossier phone | exceptions | except | agree`: what people and reviewers allow, entered in the log.

intake review dossier phone 5f0c --speaker family --name … --how … --day 2026-11-20 --allows un_named
intake review dossier except 5f0c --for asylum --because "a flight tomorrow; nobody can be asked"
intake review dossier agree 0b1c…                                the paper of this hash may be published
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from intake.errors import Usage
from intake.options import Command, Day, Several
from intake.review import cases, submissions
from intake.review.entrance import enter, vault_option
from intake.review.outputs import permissions, reviewed
from intake.review.outputs.consent import TOLD, Recipient, Speaker, Spoken
from intake.terminal import agree, safe, say

_ID = click.argument("case_id", metavar="CASE")
_RECIPIENT = click.Choice([each.value for each in Recipient if each is not Recipient.STATISTICS])


@click.command("phone", cls=Command)
@vault_option
@_ID
@click.option("--speaker", type=click.Choice([each.value for each in Speaker]), required=True, help="Whose word it is.")
@click.option("--name", required=True, help="Who said it, as you know them.")
@click.option("--day", type=Day(), required=True, help="When.")
@click.option("--how", required=True, help="How: by telephone, face to face; and how you know that it was them.")
@click.option("--allows", cls=Several, type=_RECIPIENT, help="What they allow.")
@click.option("--refuses", cls=Several, type=_RECIPIENT, help="What they refuse.")
@click.option("--report", "reports", cls=Several, help="About which reports; about all of the case unless given.")
def phone(
    vault: Path,
    case_id: str,
    speaker: str,
    name: str,
    day: date,
    how: str,
    allows: tuple[str, ...],
    refuses: tuple[str, ...],
    reports: tuple[str, ...],
) -> None:
    """Enter consent, or a refusal, that was given by word of mouth."""
    with enter(vault) as desk:
        with desk.reading() as connection:
            case = cases.find(connection, case_id)
            about = {each for part in cases.family(connection, case) for each in part.sources}
            if reports:
                about &= {submissions.find(connection, each).id for each in reports}
        if Speaker(speaker) is Speaker.WITNESS and len(about) != 1:
            raise Usage("a witness speaks for one report", "Give it with --report.")
        if day > desk.today():
            raise Usage("that day has not come yet", "Give the day on which it was said.")
        said = Spoken(
            frozenset(about),
            Speaker(speaker),
            name,
            day,
            how,
            frozenset(map(Recipient, allows)),
            frozenset(map(Recipient, refuses)),
        )
        with desk.journal() as journal:
            permissions.record(journal, said)
        say(f"Entered for {len(about)} reports.")


@click.command("exceptions")
@vault_option
@click.option("--on/--off", "on", required=True, help="Whether two reviewers may make exceptions at all.")
def exceptions(vault: Path, on: bool) -> None:
    """Let two reviewers tell a lawyer, or an asylum office or UNHCR, where nobody can be asked. Off unless decided."""
    with enter(vault) as desk:
        with desk.journal() as journal:
            permissions.switch(journal, on=on)
        say(f"Exceptions are {'possible' if on else 'off'}.")


@click.command("except")
@vault_option
@_ID
@click.option("--for", "recipient", type=click.Choice(["lawyer", "asylum"]), required=True)
@click.option("--because", default="", help="What death or removal it prevents, and why nobody can be asked.")
@click.option("--yes", is_flag=True, help="Join a colleague's beforehand.")
def exempt(vault: Path, case_id: str, recipient: str, because: str, yes: bool) -> None:
    """Make an exception for a case, or join a colleague's, whose reason is shown: it counts once two have."""
    with enter(vault) as desk:
        with desk.reading() as connection:
            case = cases.find(connection, case_id)
            made = permissions.exemption_of(connection, case.id, Recipient(recipient))
        if made is not None and desk.label not in made.by:
            say(f"{' and '.join(sorted(made.by))}: {safe(made.reason)}")
            agree(f"May {TOLD[Recipient(recipient)]} be told the name for this reason?", yes=yes)
        with desk.journal() as journal:
            count = permissions.exempt(journal, desk.label, case.id, Recipient(recipient), because)
        say(f"{min(count, 2)} of 2 reviewers.")
        if count < 2:
            say("Nothing leaves by it yet. After a `sync` another reviewer joins it with the same command.")


@click.command("agree")
@vault_option
@click.argument("digest", metavar="HASH")
@click.option("--yes", is_flag=True, help="Agree beforehand.")
def agreed(vault: Path, digest: str, yes: bool) -> None:
    """Agree that the paper of this hash is published. It takes two reviewers, who read it: `dossier check --read`."""
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise Usage("that is no hash of a paper", "Copy all 64 characters that `dossier check` shows.")
    with enter(vault) as desk:
        agree("Have you read the paper of this hash whole, and may it be published?", yes=yes)
        with desk.journal() as journal:
            by = reviewed.agree_to(journal, desk.label, digest)
        say(f"Agreed by {', '.join(by)}: {min(len(by), 2)} of 2.")
        if len(by) < 2:
            say("Nothing is published yet. After a `sync` another reviewer reads it and agrees at their own desk.")


COMMANDS = (phone, exceptions, exempt, agreed)
