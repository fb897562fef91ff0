"""`intake review log`: proves what reviewers signed, and makes the tables anew from it."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import click
from sqlalchemy import Connection

from intake.errors import ChainBroken, Usage
from intake.report.document import Json
from intake.review import cases, evidence, handling, submissions, verification
from intake.review.audit import audit, reviewer_keys
from intake.review.entrance import enter, vault_option
from intake.review.erasing import sealed_of
from intake.review.log import Entity
from intake.terminal import agree, progress, put, safe, say


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


@command.command("export")
@vault_option
@click.option(
    "--to", "target", type=click.Path(path_type=Path), required=True, metavar="DIR", help="A new folder to write."
)
@click.option(
    "--about", multiple=True, metavar="ID", help="Show what was done with this submission or case; repeatable."
)
@click.option("--everything", is_flag=True, help="Show what was done with all of them.")
@click.option("--yes", is_flag=True, help="Agree beforehand: ask nothing.")
def export(vault: Path, target: Path, about: tuple[str, ...], everything: bool, yes: bool) -> None:
    """Write the log as plain files for a court: every event, its signature and chain, and instructions to check them.

    What an event says is shown only with --about or --everything, and never what tells who a witness is. The folder is
    readable by whoever has it: the export is itself written into the log.
    """
    with enter(vault) as opened:
        with opened.reading() as connection:
            things = [_thing(connection, each) for each in about]
            sealed = [Entity("sealed", each.hex()) for thing in things for each in sealed_of(connection, thing)]
        shown = "everything" if everything else f"{len(things)} things" if things else "nothing but the chain"
        say(f"{safe(str(target))} will be plain to read for whoever has it; it shows {shown}.")
        agree("Write it?", yes=yes)
        with opened.journal() as journal:
            told: dict[str, Json] = {"about": [str(each) for each in things], "everything": everything}
            journal.record(Entity("export", secrets.token_hex(8)), "log", told)
        written = evidence.write(opened, target, {*things, *sealed}, everything=everything)
    say(f"{written.events} events, {written.shown} of them with what they say.")
    say(f"Check it: python3 {safe(str(target))}/verify.py")
    put(str(target))


def _thing(connection: Connection, spelled: str) -> Entity:
    try:
        return handling.entity(submissions.find(connection, spelled).id)
    except Usage:
        return cases.entity(cases.find(connection, spelled).id)


@command.command("rebuild")
@vault_option
def rebuild(vault: Path) -> None:
    """Make every table that comes from the logs anew, from the logs alone."""
    with enter(vault) as opened:
        opened.rebuild()
    say("Made anew from the logs.")
