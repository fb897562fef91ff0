"""`intake review alarm`: all alarms there ever were, and settling one."""

from __future__ import annotations

from pathlib import Path

import click

from intake.errors import Usage
from intake.review import alarms
from intake.review.entrance import enter, vault_option
from intake.review.tongue import heard
from intake.terminal import put, safe, say


@click.command("alarm")
@vault_option
@click.argument("alarm_id", metavar="[ID]", required=False)
@click.option("--settle", metavar="WHY", help="Why it need not be shown any more: who looked into it, what was found.")
def command(vault: Path, alarm_id: str | None, settle: str | None) -> None:
    """All alarms there ever were; or settle one, which stays in the log with your reason."""
    with enter(vault) as desk:
        with desk.reading() as connection:
            every = alarms.standing(connection, settled=True)
        if alarm_id is None:
            for each in every:
                end = f"  (settled by {each.settled_by}: {safe(each.settled)})" if each.settled else ""
                put(f"{each.id[:8]}  {each.utc}  {each.reviewer}  {safe(heard(each.words))}{end}")
            return
        found = [each.id for each in every if each.id.startswith(alarm_id.lower())]
        if len(found) != 1 or not settle or not settle.strip():
            raise Usage("give the id of one alarm, and --settle with why", "intake review alarm lists them.")
        with desk.journal() as journal:
            alarms.settle(journal, found[0], settle.strip())
        say("Settled.")
