"""`intake review log`: proves what reviewers signed, and makes the tables anew from it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from intake.errors import ChainBroken
from intake.review import verification
from intake.review.audit import audit, reviewer_keys
from intake.review.entrance import enter, vault_option
from intake.terminal import progress, put, safe, say


@click.group("log")
def command() -> None:
    """The log of who did what: signed by each reviewer, and the source of all that the desk shows."""


@command.command("verify")
@vault_option
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def verify(vault: Path, as_json: bool) -> None:
    """Check every event of every reviewer: signatures, chain, contents, and what was seen when.

    Ends with 7 when one is not as it was signed. A log that forked is named, and is no damage.
    """
    with (
        enter(vault) as opened,
        progress(verification.amount(opened), "Verifying") as advance,
        opened.reading() as connection,
    ):
        keys = reviewer_keys(opened.chain, opened.signing.verify_key)
        found = audit(connection, opened.origin, keys, advance)
    if as_json:
        logs = [
            {"reviewer": each.reviewer, "first": each.start, "last": each.end, "fork": each.parent is not None}
            for each in found.lines
        ]
        told = {"logs": logs, "without_content": found.bare, "forks": found.forks, "faults": found.faults}
        put(json.dumps(told, indent=2))
    else:
        for each in found.lines:
            put(f"{each.reviewer}  {each.start} to {each.end}")
    for fork in found.forks:
        say(f"ALARM: {fork}. Ask that reviewer: a backup may have been used beside the vault, or their key by another.")
    for fault in found.faults:
        say(f"Not as it was signed: {safe(fault)}.")
    if found.faults:
        raise ChainBroken("a log is not what its reviewer signed", "Go back to the newest backup that verifies.")
    say(f"{found.events} events are as they were signed.")


@command.command("rebuild")
@vault_option
def rebuild(vault: Path) -> None:
    """Make every table that comes from the logs anew, from the logs alone."""
    with enter(vault) as opened:
        opened.rebuild()
    say("Made anew from the logs.")
