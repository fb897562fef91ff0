"""What `inbox`, `list` and `search` have in common: the options of a list, and telling it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from shutil import get_terminal_size
from typing import Any, TypeVar

import click

from intake.errors import Usage
from intake.keyring.summary import cautions
from intake.locale import packaged_places
from intake.options import Day
from intake.review import alarms, bundles, inbox, listings, tongue
from intake.review.chain import silence
from intake.review.entrance import enter
from intake.review.handling import mark_name
from intake.review.inbox import Wanted
from intake.review.search import Gazette, query
from intake.review.triage import Readings, Tier
from intake.terminal import put, safe, say

Command = TypeVar("Command", bound=Callable[..., Any])

READ_AT = click.option(
    "--read-at",
    metavar="TIMES",
    default="",
    envvar="INTAKE_READ_AT",
    help='Reading times, UTC: "mon 18:00, daily 06:30".',
)
"""The option whose value goes to `readings`."""

_OPTIONS = (
    click.option("--tier", "tiers", multiple=True, type=click.Choice([tier.name for tier in Tier]), help="Only these."),
    click.option("--unread", is_flag=True, help="Only what you have not read."),
    click.option("--mine", is_flag=True, help="Only what is assigned to you."),
    click.option("--assigned", metavar="LABEL", help="Only what is assigned to this reviewer."),
    click.option("--unassigned", is_flag=True, help="Only what is assigned to nobody."),
    click.option("--flag", "flags", multiple=True, metavar="NAME", help="Only with this flag; repeatable."),
    click.option("--tag", "tags", multiple=True, metavar="NAME", help="Only with this tag; repeatable."),
    click.option("--on-hold/--not-on-hold", default=None, help="Only what is on hold, or only what is not."),
    click.option("--done/--not-done", default=None, help="Only what is dealt with, or only what is not."),
    click.option("--language", metavar="CODE", help="Only reports whose form was in this language."),
    click.option("--since", type=Day(), metavar="YYYY-MM-DD", help="Only what was imported on this day or later."),
)
_COMMON = (
    click.option("--limit", type=click.IntRange(1, 10_000), default=40, show_default=True, help="Lines at most."),
    click.option("--skip", type=click.IntRange(0), default=0, help="Leave out so many at the beginning."),
    READ_AT,
    click.option("--json", "as_json", is_flag=True, help="Tell it as JSON."),
)


def filtering(command: Command) -> Command:
    """The options that choose: given to the command as keyword arguments for `wanted`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def telling(command: Command) -> Command:
    """`--limit`, `--skip`, `--read-at` and `--json`."""
    for option in reversed(_COMMON):
        command = option(command)
    return command


def wanted(
    *,
    tiers: tuple[str, ...],
    unread: bool,
    mine: bool,
    assigned: str | None,
    unassigned: bool,
    flags: tuple[str, ...],
    tags: tuple[str, ...],
    on_hold: bool | None,
    done: bool | None,
    language: str | None,
    since: date | None,
) -> Wanted:
    """What the options ask for; "me" stands for this vault's reviewer."""
    return Wanted(
        tiers=frozenset(Tier[name] for name in tiers),
        unread_by="me" if unread else None,
        assigned="me" if mine else assigned,
        unassigned=unassigned,
        flags=frozenset(map(mark_name, flags)),
        tags=frozenset(map(mark_name, tags)),
        on_hold=on_hold,
        done=done,
        language=language,
        since=datetime.combine(since, time(), UTC) if since else None,
    )


def tell(
    vault: Path, asked: Wanted, *, limit: int, skip: int, read_at: str, as_json: bool, typed: str | None = None
) -> None:
    """Open the vault and print the list. `typed`: what somebody searches for."""
    told = readings(read_at)
    if typed is not None:
        found = query(typed, Gazette(packaged_places()))
        if not found:
            raise Usage("there is no word in that to search for", "Type a name, a place or a few words, in any script.")
        asked = replace(asked, query=found)
    with enter(vault) as desk:
        asked = replace(
            asked,
            unread_by=desk.label if asked.unread_by else None,
            assigned=desk.label if asked.assigned == "me" else asked.assigned,
        )
        now = desk.now()
        with desk.reading() as connection:
            lines = inbox.lines(connection, asked, now, limit, skip, told)
            counted = inbox.counts(connection, desk.label, now)
            everything = asked == Wanted(waiting=True)  # counted already
            total = sum(counted.waiting.values()) if everything else inbox.number_of(connection, asked, now)
            standing = alarms.standing(connection)
            quiet = silence(bundles.last_import(connection), desk.today())
        if (chain := desk.chain) is not None:
            for warning in cautions(chain.newest, desk.today()):
                say(f"{tongue.told(f'{tongue.WARNING}: {warning}')}.")
        for line in listings.heading(counted, standing, practice=desk.practice):
            say(line)
        if quiet is not None:
            say(f"{safe(tongue.told(f'{tongue.ALARM}: {quiet}'))}.")
        if as_json:
            facts = {"total": total, "practice": desk.practice, "submissions": [line.facts() for line in lines]}
            put(json.dumps(facts | {"alarms": [alarm.words for alarm in standing]}, indent=2, ensure_ascii=False))
            return
        for row in listings.rows(lines, desk.label, now, get_terminal_size((listings.WIDTH, 24)).columns):
            put(row)
        if total > skip + len(lines):
            say(f"{skip + len(lines)} of {total} shown; --limit or --skip shows more.")
        elif not total:
            say("Nothing of that kind.")


def readings(text: str) -> Readings:
    """When reports are read, as somebody typed it. Raises `Usage`."""
    try:
        return Readings.parse(text)
    except ValueError as error:
        raise Usage(f"{error} is no reading time", 'Write them like "mon 18:00, thu 18:00" or "daily 06:30".') from None
