r"""`intake review mark`: what reviewers say of submissions, of one or of many at once.

intake review mark 5f0c2b11 --tier T2 --reason "older than it seemed" --assign r2
intake review list --tag duplicate --json | jq -r '.submissions[].id' | intake review mark - --done "duplicate"
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from intake.errors import Usage
from intake.keyring.lines import named_badly
from intake.review import decisions, handling
from intake.review.entrance import enter, vault_option
from intake.review.journal import Journal
from intake.review.submissions import find
from intake.review.triage import Tier
from intake.terminal import safe, say

_RULES = "rules"


@click.command("mark")
@vault_option
@click.argument("ids", nargs=-1, required=True, metavar="ID…")
@click.option(
    "--tier", type=click.Choice([*(tier.name for tier in Tier), _RULES]), help="Set it; `rules` gives it back."
)
@click.option("--reason", default="", help="Why the tier, or why --holds: needed with either.")
@click.option("--holds", is_flag=True, help="After a change by the code: what this report allows is what holds now.")
@click.option("--confirmed", default="", metavar="HOW", help="With --holds: how, by another way than the code.")
@click.option("--flag", "flags", multiple=True, metavar="NAME", help="Put a flag on; repeatable.")
@click.option("--unflag", "unflags", multiple=True, metavar="NAME", help="Take a flag off.")
@click.option("--tag", "tags", multiple=True, metavar="NAME", help="Put a tag on; repeatable.")
@click.option("--untag", "untags", multiple=True, metavar="NAME", help="Take a tag off.")
@click.option("--assign", metavar="LABEL", help="Whose it is now; an empty text for nobody's.")
@click.option("--hold", metavar="WHY", help="Put it on hold; an empty text ends that.")
@click.option(
    "--done", metavar="WHAT", help="What was done with it: it leaves the inbox. An empty text brings it back."
)
@click.option("--seen", is_flag=True, help="Count it as read by you.")
def command(
    vault: Path,
    ids: tuple[str, ...],
    tier: str | None,
    reason: str,
    holds: bool,
    confirmed: str,
    flags: tuple[str, ...],
    unflags: tuple[str, ...],
    tags: tuple[str, ...],
    untags: tuple[str, ...],
    assign: str | None,
    hold: str | None,
    done: str | None,
    seen: bool,
) -> None:
    """Say something of submissions: all of it or nothing, signed in your log. ID - takes ids from standard input."""
    if not (
        tier or holds or flags or unflags or tags or untags or seen or any(v is not None for v in (assign, hold, done))
    ):
        raise Usage("nothing to say of them was given", "See intake review mark --help.")
    if assign and (wrong := named_badly(assign)):
        raise Usage(f"{assign} is no reviewer's label: it {wrong}", "Give the label that stands in the keyring.")
    wanted: list[str] = []
    for name in ids:
        wanted += _from_input() if name == "-" else [name]
    with enter(vault) as desk:
        with desk.reading() as connection:
            found = [find(connection, each).id for each in wanted]
        with desk.journal() as journal:
            for each in dict.fromkeys(found):
                if tier is not None:
                    handling.decide(journal, each, None if tier == _RULES else Tier[tier], reason)
                _marks(journal, each, "flag", flags, on=True)
                _marks(journal, each, "flag", unflags, on=False)
                _marks(journal, each, "tag", tags, on=True)
                _marks(journal, each, "tag", untags, on=False)
                for field, value in (("assigned", assign), ("hold", hold), ("done", done)):
                    if value is not None:
                        journal.record(handling.entity(each), field, value.strip() or None)
                if holds:
                    decisions.decide(journal, desk.label, each, reason, confirmed)
                if seen:
                    handling.see(journal, each, desk.label)
        say(f"{len(set(found))} marked.")
        if holds:
            with desk.reading() as connection:
                for each in dict.fromkeys(found):
                    say(f"{each[:8]}: {safe(str(decisions.standing_of(connection, each)))}.")


def _marks(journal: Journal, submission_id: str, kind: str, names: tuple[str, ...], *, on: bool) -> None:
    for name in names:
        handling.set_mark(journal, submission_id, kind, name, on=on)


def _from_input() -> list[str]:
    return [line.strip() for line in sys.stdin if line.strip()]
