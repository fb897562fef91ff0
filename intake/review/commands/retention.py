"""`intake review retention`: what is due to be erased or looked at again, for how long things are kept, what stays."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import click

from intake.errors import Usage
from intake.review import cases, erasures, retention
from intake.review.commands.erase import find_thing
from intake.review.entrance import enter, vault_option
from intake.terminal import put, safe, say


@click.group("retention", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """How long things are kept. Nothing goes by itself: `intake review erase` erases."""


@command.command("due")
@vault_option
@click.option("--within", type=click.IntRange(0, 3650), default=0, metavar="DAYS", help="Also what will be by then.")
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def due(vault: Path, within: int, as_json: bool) -> None:
    """What was kept for as long as it should be: to erase, to keep with a reason, or, a case, to look at again."""
    with enter(vault) as desk, desk.reading() as connection:
        found = retention.due(connection, desk.today(), timedelta(days=within))
        months = retention.periods(connection)
    if as_json:
        put(json.dumps({"periods": months, "due": [each.facts() for each in found]}, indent=2))
        return
    for each in found:
        stays = f"; must stay: {safe(each.retained)}" if each.retained is not None else ""
        put(f"{each.day}  {each.entity.kind} {each.entity.id[:8]}  {each.why}, since {each.since}{stays}")
    say(f"{len(found)} due." if found else "Nothing is due.")


@command.command("periods")
@vault_option
@click.option("--set", "changed", multiple=True, metavar="NAME=MONTHS", help="Keep these for another time; repeatable.")
def periods(vault: Path, changed: tuple[str, ...]) -> None:
    """For how many months each kind of thing is kept, at all desks."""
    with enter(vault) as desk:
        with desk.journal() as journal:
            for each in changed:
                name, _, months = each.partition("=")
                if not months.isdecimal():
                    raise Usage(f"{each!r} is no period", "Write it like unverified=24.")
                retention.set_period(journal, name, int(months))
        with desk.reading() as connection:
            for name, number in retention.periods(connection).items():
                put(f"{name:<12}{number} months")


@command.command("keep")
@vault_option
@click.argument("thing", metavar="ID")
@click.option("--because", metavar="WHY", help="Stays in the log: repeat nothing of the report.")
@click.option("--release", is_flag=True, help="It need not stay any longer.")
def keep(vault: Path, thing: str, because: str | None, release: bool) -> None:
    """Say that something must stay, such as evidence before a court: nothing erases it until that is taken back."""
    if (because is None or not because.strip()) != release:
        raise Usage("why it must stay is not said", "Give --because, or --release to end it.")
    with enter(vault) as desk, desk.journal() as journal:
        entity = find_thing(journal.connection, thing)
        erasures.retain(journal, entity, because)
    say(f"{entity.id[:8]} {'need not stay' if release else 'stays'}.")


@command.command("reviewed")
@vault_option
@click.argument("case_id", metavar="CASE")
def reviewed(vault: Path, case_id: str) -> None:
    """Say that you looked at a case and that it is right to keep it."""
    with enter(vault) as desk, desk.journal() as journal:
        retention.reviewed(journal, cases.find(journal.connection, case_id).id, desk.label, desk.today())
