r"""`intake review case act | timeline | due`: what happened in a case, what is to come, and what rings.

intake review case act 5f0c arrest --when 2026-11-20 --person "…" --source 12ab34cd --code violation_status=likely
intake review case act 5f0c hearing --when "2026-12-04 10:00 +05:00"
intake review case timeline 5f0c
intake review case settle 9e01 "put off to January"
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import click

from intake.errors import Usage
from intake.review import acts, cases, submissions, timeline
from intake.review.entrance import enter, vault_option
from intake.review.timeline import Alarm, Entry
from intake.review.vault import Vault
from intake.terminal import put, safe, say

_CASE = click.argument("case_id", metavar="CASE")


@click.command("act")
@vault_option
@_CASE
@click.argument("what", metavar="WHAT")
@click.option("--when", metavar="DATE", help='2026-12-01, 2026-12, "about 2026-12", "2026-12-01 09:30 +05:00".')
@click.option("--person", help="To whom, as the case names them.")
@click.option("--place", help="Where.")
@click.option("--note", help="A few words.")
@click.option("--source", "sources", multiple=True, metavar="SUBMISSION", help="Which report says so; repeatable.")
@click.option("--code", "codes", multiple=True, metavar="LIST=WORD", help="A HURIDOCS code; repeatable. See `codes`.")
def act(
    vault: Path,
    case_id: str,
    what: str,
    when: str | None,
    person: str | None,
    place: str | None,
    note: str | None,
    sources: tuple[str, ...],
    codes: tuple[str, ...],
) -> None:
    """Write what happened to a person, or is to come: arrest, torture, hearing, removal … `case codes` lists all.

    Or give the id of an act instead of a case, and what it is, to change it: what is not given stays.
    """
    date = None if when is None else acts.date_of(when)
    chosen = [_code(each) for each in codes]
    with enter(vault) as desk:
        with desk.reading() as connection:
            said = [submissions.find(connection, each).id for each in sources]
            known: acts.Act | None = None
            try:
                case = cases.find(connection, case_id).id
            except Usage:
                known = acts.find(connection, case_id)
                case = known.case
        with desk.journal() as journal:
            if known is None:
                act_id = acts.add(journal, case, what, date)
            else:
                act_id = known.id
                acts.set_what(journal, act_id, what)
                if date is not None:
                    acts.set_when(journal, act_id, date)
            for name, text in (("person", person), ("place", place), ("note", note)):
                if text is not None:
                    acts.set_text(journal, act_id, name, text)
            for each in said:
                acts.set_source(journal, act_id, each, on=True)
            for name, word in chosen:
                acts.set_code(journal, act_id, name, word)
        put(act_id)


@click.command("settle")
@vault_option
@click.argument("act_id", metavar="ACT")
@click.argument("text", metavar="TEXT")
def settle(vault: Path, act_id: str, text: str) -> None:
    """Write what came of a date: it rings no more. An empty text lets it ring again."""
    with enter(vault) as desk:
        with desk.reading() as connection:
            found = acts.find(connection, act_id)
        with desk.journal() as journal:
            acts.set_text(journal, found.id, "settled", text)
        say("Settled." if text.strip() else "It rings again.")


@click.command("timeline")
@vault_option
@_CASE
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def show(vault: Path, case_id: str, as_json: bool) -> None:
    """Each person of a case: what happened in order, what comes next, and what rings."""
    with enter(vault) as desk:
        with desk.reading() as connection:
            found = timeline.of(connection, cases.find(connection, case_id).id)
        now = desk.now()
        if as_json:
            told = [
                {
                    "person": each.person,
                    "entries": [_facts(entry) for entry in each.entries],
                    "alarms": [alarm_words(alarm) for alarm in each.alarms(now)],
                }
                for each in found
            ]
            put(json.dumps({"practice": desk.practice, "timelines": told}, indent=2, ensure_ascii=False))
            return
        for each in found:
            put(f"{'PRACTICE: ' * desk.practice}{safe(each.person or 'Everybody of this case')}")
            for alarm in each.alarms(now):
                put(f"  !! {safe(alarm_words(alarm))}")
            for what, kind in acts.kinds().items():
                if kind.ahead is not None and (coming := each.next(what, now)):
                    put(f"  next {kind.words}: {safe(coming.day)}")
            for entry in each.entries:
                put(f"  {safe(_line(entry))}")


@click.command("due")
@vault_option
def due(vault: Path) -> None:
    """Every date of every case that is near, or has passed with nobody saying what came of it."""
    with enter(vault) as desk:
        _due(desk)


@click.command("codes")
def codes() -> None:
    """What an act can be, and the lists of HURIDOCS's codes."""
    for name, kind in acts.kinds().items():
        put(f"{name:<18} {kind.code or '-':<13} {kind.words}")
    for name, each in acts.lists().items():
        put(f"\n{name} (field {each.field}, list {each.number})")
        for word, code in each.codes.items():
            put(f"  {word:<18} {code}")


def alarm_words(alarm: Alarm) -> str:
    """What rings, in a sentence."""
    what, left = acts.kinds()[alarm.entry.what].words, _span(alarm.left)
    return f"{what} was {left} ago: what came of it?" if alarm.passed else f"{what} in {left}"


def _due(desk: Vault) -> None:
    with desk.reading() as connection:
        found = timeline.every_alarm(connection, desk.now())
        titles = {case_id: cases.find(connection, case_id).title or "" for case_id, _ in found}
    for case_id, alarm in found:
        put(safe(f"{case_id[:8]}  {alarm_words(alarm)}  ({titles[case_id]})  {alarm.entry.text}"))
    say(f"{len(found)} dates ring." if found else "Nothing rings.")


def _code(spelled: str) -> tuple[str, str | None]:
    name, equals, word = spelled.partition("=")
    if not equals:
        raise Usage(f"{spelled!r} is not LIST=WORD", "See `intake review case codes`; LIST= takes a code away.")
    return name, word or None


def _line(entry: Entry) -> str:
    words = acts.kinds()[entry.what].words
    coded = ", ".join(f"{name} {word}" for name, word in entry.act.codes.items()) if entry.act else ""
    source = entry.source[:8] or (f"{entry.act.id[:8]} by {entry.act.reviewer}" if entry.act else "")
    parts = [f"{entry.day or '-':<23}", words, " · ".join(filter(None, (entry.text, coded))), f"[{source}]"]
    return "  ".join(filter(None, parts))


def _facts(entry: Entry) -> dict[str, object]:
    codes_ = {
        name: {"word": word, "field": acts.lists()[name].field, "code": acts.lists()[name].codes[word]}
        for name, word in (entry.act.codes if entry.act else {}).items()
    }
    return {
        "what": entry.what,
        "huridocs": acts.kinds()[entry.what].code,
        "when": entry.when,
        "text": entry.text,
        "source": entry.source or None,
        "act": entry.act.id if entry.act else None,
        "settled": entry.act.settled if entry.act else None,
        "codes": codes_,
    }


def _span(length: timedelta) -> str:
    hours = int(length.total_seconds() // 3600)
    return f"{hours} h" if hours < 72 else f"{hours // 24} d"
