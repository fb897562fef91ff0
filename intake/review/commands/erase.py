r"""`intake review erase`: what two reviewers want gone goes, at every desk.

intake review erase 5f0c2b11 --vault vault --reason "the family asked for it"      (at one desk)
intake review erase 5f0c2b11 --vault vault --agree                                 (at another, after a sync)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
from sqlalchemy import Connection, func, select

from intake.errors import Usage
from intake.review import backup, cases, erasures, submissions
from intake.review.entrance import enter, vault_option
from intake.review.erasing import carry_out, cases_of, lasting, sealed_of
from intake.review.erasures import SEALED, SUBMISSION, Erasure, erasure
from intake.review.log import Entity
from intake.review.submissions import quarantine, submission
from intake.review.vault import Vault
from intake.terminal import agree, put, safe, say


@click.command("erase")
@vault_option
@click.argument("ids", nargs=-1, metavar="[ID]…")
@click.option("--reason", metavar="WHY", help="Stays in the log for ever: repeat nothing of the report.")
@click.option("--case", "with_cases", multiple=True, metavar="CASE", help="Erase this case too; repeatable.")
@click.option("--agree", "agreed", is_flag=True, help="Agree with the reviewer who asked.")
@click.option("--take-back", is_flag=True, help="Don't want it any more.")
@click.option("--yes", is_flag=True, help="Agree beforehand: ask nothing.")
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def command(
    vault: Path,
    ids: tuple[str, ...],
    reason: str | None,
    with_cases: tuple[str, ...],
    agreed: bool,
    take_back: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase reports for good: the sealed file, its key, every word of it, the index, answers and notes about it.

    It is done when a second reviewer agrees, at both desks and, by the log, at every other. The log keeps the hash of
    the sealed file, the days, your reasons and the two names. ID may be the beginning of one, or of the hash of a file
    in quarantine. Without ID: what is asked for, and where it is done.
    """
    with enter(vault) as desk:
        if ids:
            if [reason is not None, agreed, take_back].count(True) != 1:
                raise Usage("what to do with it is not said", "Give --reason, --agree or --take-back.")
            with desk.reading() as connection:
                things = [find_thing(connection, each) for each in ids]
                linked = tuple(cases.find(connection, each).id for each in with_cases)
                if not take_back:
                    for thing in things:
                        _explain(connection, thing, linked)
            if not take_back:
                agree("Erase for good?", yes=yes)
            _record(desk, things, reason, linked, take_back=take_back)
            done = carry_out(desk)
            for each in done:
                say(f"Erased here: {each.entity.id[:16]}, {each.files} sealed files, {each.contents} notes of the log.")
            if done:
                _burn(desk)
        _tell(desk, as_json=as_json)


def find_thing(connection: Connection, spelled: str) -> Entity:
    """What an id stands for: a submission, a file in quarantine, or something that a colleague wants erased."""
    wanted = spelled.strip().lower()
    try:
        return Entity(SUBMISSION, submissions.find(connection, spelled).id)
    except Usage as error:
        if len(wanted) < 4 or set(wanted) - set("0123456789abcdef"):
            raise
        digest = func.lower(func.hex(quarantine.c.sha256))
        found = {Entity(SEALED, each.hex()) for each in _quarantined(connection, digest.startswith(wanted))}
        rows = connection.execute(select(erasure.c.kind, erasure.c.id).where(erasure.c.id.startswith(wanted)))
        found |= {Entity(row.kind, row.id) for row in rows}
        if len(found) != 1:
            raise error from None
        return found.pop()


def _quarantined(connection: Connection, condition: object) -> Sequence[bytes]:
    query = select(quarantine.c.sha256).where(condition)  # type: ignore[arg-type]  # an expression of SQLAlchemy
    return [bytes(each) for each in connection.execute(query).scalars()]


def _explain(connection: Connection, thing: Entity, linked: Sequence[str]) -> None:
    here = connection.execute(select(submission.c.number).where(submission.c.id == thing.id)).first()
    what = "a submission" if here else "a file in quarantine" if thing.kind == SEALED else "nothing that is here"
    say(f"{thing.id[:16]}: {what}; {len(sealed_of(connection, thing))} sealed files.")
    for each in submissions.thread(connection, thing.id) if here else ():
        if each != thing.id:
            say(f"{each[:8]} came by the same code, and stays: what it takes back or allows holds on.")
    outlives = lasting(connection, thing)
    if outlives.thread is not None:
        say("That it takes back or changes what is allowed stays known: it stops the others until reviewers decide.")
    for who, day in outlives.refusals:
        say(f"That the {who} refused on {day} stays known, and stops what names anybody.")
    for each in cases_of(connection, thing):
        said = "goes with it" if each in linked else f"stays, with what it took from this: or give --case {each[:8]}"
        say(f"Case {each[:8]} was made of it, and {said}.")


def _record(
    desk: Vault, things: Sequence[Entity], reason: str | None, linked: Sequence[str], *, take_back: bool
) -> None:
    today = desk.today().isoformat()
    with desk.journal() as journal:
        asked = {each.entity: each for each in erasures.every(journal.connection)}
        for thing in things:
            if take_back:
                if not erasures.take_back(journal, thing, desk.label):
                    raise Usage(f"you did not ask to erase {thing.id[:8]}", "See intake review erase without an id.")
                continue
            others = [label for label in asked[thing].wanted if label != desk.label] if thing in asked else []
            if reason is None and not others:
                raise Usage(f"nobody else asked to erase {thing.id[:8]}", "Give --reason to ask, or sync first.")
            if thing in asked and asked[thing].retained is not None:
                raise Usage(f"{thing.id[:8]} must stay: {asked[thing].retained}", "See intake review retention keep.")
            why = reason if reason is not None else f"agreed with {others[0]}"
            sealed = [each.hex() for each in sealed_of(journal.connection, thing)]
            outlives = lasting(journal.connection, thing)
            erasures.want(journal, thing, desk.label, why, today, sealed, linked, outlives)


def _burn(desk: Vault) -> None:
    with desk.reading() as connection:
        copies = backup.made(connection)
    for path, day in sorted(copies.items()):
        say(f"Burn or bring up to date: the backup {safe(path)} of {day} still holds it.")
    say("Bundles on sticks and the server may hold it still, sealed; whoever keeps an identity can open those.")
    say("A disk may keep old blocks, as ciphertext, that nobody can reach to wipe.")


def _tell(desk: Vault, *, as_json: bool) -> None:
    with desk.reading() as connection:
        all_of_it = erasures.every(connection)
    if as_json:
        put(json.dumps([each.facts() for each in all_of_it], indent=2))
        return
    needed = erasures.needed(desk.chain)
    for each in all_of_it:
        put(f"{each.entity.id[:16]}  {_state(each, needed, desk)}")
        for label, (why, day) in each.wanted.items():
            put(f"    {day} {safe(label)}: {safe(why)}")


def _state(each: Erasure, needed: int, desk: Vault) -> str:
    if each.retained is not None:
        return f"must stay: {safe(each.retained)}"
    if not each.decided(needed):
        return "asked: a second reviewer must agree"
    labels = [reviewer.label for reviewer in desk.chain.newest.reviewers] if desk.chain else [desk.label]
    waiting = [label for label in labels if label not in each.done]
    done = ", ".join(f"{safe(label)} {day}" for label, day in each.done.items()) or "nowhere yet"
    return f"erased: {done}" + (f"; not heard of: {', '.join(map(safe, waiting))}" if waiting else "")
