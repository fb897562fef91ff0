r"""`intake review case …`: what reviewers make of submissions. Every fact is signed in the log, and can be undone.

intake review case new "Two taken at the bridge"
intake review case judge 5f0c 12ab34cd plausible
intake review case judge 5f0c 99ff00aa plausible
intake review case independent 5f0c 12ab34cd 99ff00aa --because "a cellmate in another country, a neighbour"
intake review case show 5f0c
"""

from __future__ import annotations

import json
from pathlib import Path

import click
from sqlalchemy import select

from intake.errors import Usage
from intake.locale import packaged_places
from intake.review import acts, cases, submissions
from intake.review.commands import act, earlier
from intake.review.entrance import enter, vault_option
from intake.review.ladder import Judgement
from intake.review.log import Content
from intake.review.matching import Person, expanded, known_aliases, same_people
from intake.review.tables import event
from intake.review.vault import Vault
from intake.terminal import progress, put, safe, say

_ID = click.argument("case_id", metavar="CASE")
_OUT = "out"


@click.group("case", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Cases: sources, how far they are verified, people who may be one. Submissions stay as they came."""


for each in (act.act, act.settle, act.show, act.due, act.codes, earlier.command):
    command.add_command(each)


@command.command("new")
@vault_option
@click.argument("title")
def new(vault: Path, title: str) -> None:
    """Open a case; prints its id."""
    with enter(vault) as desk, desk.journal() as journal:
        put(cases.open_case(journal, title.strip()))


@command.command("list")
@vault_option
def listing(vault: Path) -> None:
    """All cases, and how far each is verified."""
    with enter(vault) as desk, desk.reading() as connection:
        for each in cases.every(connection):
            level = cases.verified(connection, each).level
            put(f"{each.id[:8]}  {level.name}  {len(each.sources)} sources  {safe(each.title or '')}")


@command.command("show")
@vault_option
@_ID
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def show(vault: Path, case_id: str, as_json: bool) -> None:
    """One case: its parts, how far it is verified and why, and who said what when."""
    with enter(vault) as desk, desk.reading() as connection:
        found = cases.find(connection, case_id)
        verified = cases.verified(connection, found)
        facts = {
            "id": found.id,
            "title": found.title,
            "note": found.note,
            "admitted": found.admitted,
            "merged": found.merged,
            "level": verified.level.name,
            "reasons": list(verified.reasons),
            "parts": {kind: dict(parts) for kind, parts in found.parts.items()},
        }
        if as_json:
            put(json.dumps(facts, indent=2, ensure_ascii=False))
            return
        put(f"{found.id}  {safe(found.title or '')}")
        put(f"{verified.level.name}, {verified.level.value}: {safe('; '.join(verified.reasons))}")
        for kind, parts in found.parts.items():
            for name, value in parts.items():
                put(f"{kind}: {safe(name)}{'' if value == 'true' else f' ({safe(value)})'}")
        for name, told in (("note", found.note), ("admitted", found.admitted), ("merged", found.merged)):
            if told:
                put(f"{name}: {safe(told)}")
        put("")
        for row in _history(desk, found.id):
            put(row)


@command.command("judge")
@vault_option
@_ID
@click.argument("submission_id", metavar="SUBMISSION")
@click.argument("judgement", type=click.Choice([*(each.value for each in Judgement), _OUT]))
def judge(vault: Path, case_id: str, submission_id: str, judgement: str) -> None:
    """Put a submission into a case with what you think of it; `out` takes it out."""
    with enter(vault) as desk:
        with desk.reading() as connection:
            found = cases.find(connection, case_id).id, submissions.find(connection, submission_id).id
        with desk.journal() as journal:
            cases.judge(journal, *found, None if judgement == _OUT else Judgement(judgement))
        _told(desk, found[0])


@command.command("independent")
@vault_option
@_ID
@click.argument("left", metavar="SUBMISSION")
@click.argument("right", metavar="SUBMISSION")
@click.option("--because", required=True, help="Why neither has it from the other, nor both from a third.")
def independent(vault: Path, case_id: str, left: str, right: str, because: str) -> None:
    """Say why two sources are independent: without that a case never comes beyond V1."""
    with enter(vault) as desk:
        with desk.reading() as connection:
            found = cases.find(connection, case_id)
            first, second = (submissions.find(connection, each).id for each in (left, right))
        if not because.strip() or first == second or not {first, second} <= set(found.sources):
            raise Usage("that is no pair of sources of this case", "Give two of its submissions, and --because.")
        with desk.journal() as journal:
            cases.independent(journal, found.id, first, second, because.strip())
        _told(desk, found.id)


@command.command("set")
@vault_option
@_ID
@click.option("--title", help="What it is called.")
@click.option("--note", help="A note; an empty text takes it away.")
@click.option("--admitted", help="Who admitted it officially, where and when; an empty text takes it away.")
@click.option("--document", "documents", multiple=True, help="What a document is and where it lies; repeatable.")
@click.option("--person", "persons", multiple=True, help="Who it is about; repeatable.")
def change(
    vault: Path,
    case_id: str,
    title: str | None,
    note: str | None,
    admitted: str | None,
    documents: tuple[str, ...],
    persons: tuple[str, ...],
) -> None:
    """Write what a case is about. `case undo` takes a fact back."""
    with enter(vault) as desk:
        with desk.reading() as connection:
            entity = cases.entity(cases.find(connection, case_id).id)
        with desk.journal() as journal:
            for field, value in (("title", title), ("note", note), ("admitted", admitted)):
                if value is not None:
                    journal.record(entity, field, value.strip() or None)
            for kind, names in (("document", documents), ("person", persons)):
                for name in names:
                    cases.name_part(journal, entity.id, kind, name)
        _told(desk, entity.id)


@command.command("merge")
@vault_option
@_ID
@click.argument("into", metavar="INTO")
def merge(vault: Path, case_id: str, into: str) -> None:
    """Let one case go on as part of another. Nothing is lost: `case undo` brings it back as it was."""
    with enter(vault) as desk:
        with desk.reading() as connection:
            found, kept = cases.find(connection, case_id), cases.find(connection, into)
        if found.id == kept.id or kept.merged or found.merged:
            raise Usage("these two can't be merged", "Give two cases, neither of which is merged already.")
        with desk.journal() as journal:
            hashed = journal.record(cases.entity(found.id), "merged", kept.id)
        say(f"Merged. To undo it: intake review case undo {(hashed or b'').hex()[:12]}")
        _told(desk, kept.id)


@command.command("undo")
@vault_option
@click.argument("spelled", metavar="EVENT")
def undo(vault: Path, spelled: str) -> None:
    """Take back one fact of a case, given by its event as `case show` lists it. The log keeps both."""
    with enter(vault) as desk:
        with desk.reading() as connection:
            hashes = connection.execute(select(event.c.hash).where(event.c.kind.in_(("case", "act")))).scalars()
            found = [bytes(each) for each in hashes if bytes(each).hex().startswith(spelled.lower())]
        if len(spelled) < 4 or len(found) != 1:
            raise Usage(f"{spelled} is not the beginning of one event of a case", "See `intake review case show`.")
        with desk.journal() as journal:
            journal.undo(found[0])
        say("Undone.")


@command.command("suggest")
@vault_option
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Pairs at most.")
def suggest(vault: Path, limit: int) -> None:
    """People of different submissions who may be one, the likeliest first. A human decides: nothing is joined."""
    with enter(vault) as desk:
        with desk.reading() as connection:
            people = list(cases.mentions(connection, packaged_places()))
        table = known_aliases(people)
        people = [expanded(person, table) for person in people]
        named = {person.key: person for person in people}
        with progress(len(people), "Comparing") as heard:
            pairs = [pair for pair in same_people(people, heard) if _report(pair.left) != _report(pair.right)]
        pairs.sort(key=lambda pair: (-pair.score, pair.left, pair.right))
        for pair in pairs[:limit]:
            put(f"{pair.score:.2f}  {_side(named[pair.left])}  |  {_side(named[pair.right])}")
            put(f"      {safe('; '.join(pair.reasons))}")
        say(f"{min(limit, len(pairs))} of {len(pairs)} pairs. Read both before you put them into one case.")


def _told(desk: Vault, case_id: str) -> None:
    with desk.reading() as connection:
        verified = cases.verified(connection, cases.find(connection, case_id))
    say(f"{case_id[:8]} is {verified.level.name}, {verified.level.value}: {safe('; '.join(verified.reasons))}.")


def _history(desk: Vault, case_id: str) -> list[str]:
    with desk.reading() as connection:
        own = event.c.entity.in_([case_id, *(each.id for each in acts.of_case(connection, (case_id,)))])
        query = select(event).where(event.c.kind.in_(("case", "act")), own).order_by(event.c.id)
        rows = connection.execute(query).all()
    told = []
    for row in rows:
        said = Content.parse(row.content.encode()) if row.content is not None else None
        words = f"{said.field}: {said.old!r} -> {said.new!r}" if said else "erased"
        undone = "  (takes back an event)" if said and said.undoes else ""
        told.append(f"{bytes(row.hash).hex()[:12]}  {row.utc}  {row.reviewer}  {safe(words)}{undone}")
    return told


def _report(key: str) -> str:
    return key.partition("/")[0]


def _side(person: Person) -> str:
    return f"{_report(person.key)[:8]} {safe(', '.join(person.names))}"
