"""`intake review show`: one submission, to read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click
from sqlalchemy import Connection, select

from intake.locale import catalog, languages, packaged_places, packaged_questionnaire
from intake.report.reading import LABELS, changes, render
from intake.review import decisions, handling, inbox, listings, replies, submissions, translations
from intake.review.entrance import enter, vault_option
from intake.review.fields import hidden, shown
from intake.review.handling import Handling, handling_of
from intake.review.practice import exercise
from intake.review.standing import Decision, Standing
from intake.review.submissions import Submission
from intake.review.triage import Triage, as_of
from intake.review.vault import Vault
from intake.terminal import put, safe, say


@click.command("show")
@vault_option
@click.argument("submission_id", metavar="ID")
@click.option("--contact", is_flag=True, help="Also what tells who the witness is. Each look is written into the log.")
@click.option("--language", type=click.Choice([each.code for each in languages()]), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def command(vault: Path, submission_id: str, contact: bool, language: str, as_json: bool) -> None:
    """One submission: what came, how urgent it is, and what reviewers said of it. ID may be the beginning of one.

    Whoever is shown it has read it: that is noted.
    """
    with enter(vault) as desk:
        with desk.reading() as connection:
            found = submissions.find(connection, submission_id)
        secret = hidden(found.answers)
        with desk.journal() as journal:
            handling.see(journal, found.id, desk.label)
            if contact and secret:
                handling.look(journal, found.id, desk.label, desk.now(), tuple(secret))
        with desk.reading() as connection:
            said, thread = handling_of(connection, found.id), submissions.thread(connection, found.id)
            changed = _changed(connection, thread)
            standing = decisions.standings(connection, thread)[found.id]
            decided = decisions.decisions_of(connection, thread)
            crossed = replies.crossed(connection, thread)
            stray = submissions.strays(connection, found.report)
            numbers = connection.execute(
                select(submissions.copy.c.sha256).where(submissions.copy.c.number == found.number)
            ).all()
        told = inbox.triage_of(found.report, found.imported, said, desk.now(), None)
        answers = found.answers if contact else shown(found.answers)
        if stray:
            say("ALARM: it speaks for a mailbox whose code its writer has not. It joins nothing; don't believe it.")
        if as_json:
            put(
                json.dumps(
                    _facts(found, told, said, thread, answers) | {"changed": changed} | _consent(standing),
                    indent=2,
                    ensure_ascii=False,
                )
            )
            return
        for each, change in changed.items():
            put(safe(f"LOOK: {each[:8]}{' (this one)' * (each == found.id)}: {LABELS[f'={change}']}"))
        for line in _allowed(standing, decided, found.id) if changed else ():
            put(safe(line))
        for pair in crossed:
            put(safe(f"LOOK: {pair}."))
        for line in _head(desk, found, told, said, thread, copies=len(numbers)):
            put(safe(line))
        names = {place.id: place.name(language) for place in packaged_places().places}
        report = replace(found.report, answers=answers)
        put(safe(render(report, packaged_questionnaire(), catalog(language), names), lines=True))
        if secret and not contact:
            say(f"Not shown: {', '.join(map(safe, secret))}. --contact shows them, and the look is logged.")
        with desk.reading() as connection:
            for text in translations.of_submission(connection, found.id):
                put(f"\nTranslation into {text.language} by {text.reviewer}, {text.utc}")
                put(safe(text.text, lines=True))
        if desk.practice and (model := exercise(found.id)):
            put(f"PRACTICE, the model answer: {model.advice(language)}")


def _changed(connection: Connection, thread: tuple[str, ...]) -> dict[str, str]:
    """Which reports of a thread take it back or change what is allowed, and which of the two; the oldest first."""
    told = {each: changes(report) for each, report in submissions.reports(connection, thread).items()}
    return {each: change for each, change in told.items() if change is not None}


def _allowed(standing: Standing, decided: Sequence[Decision], report_id: str) -> Iterator[str]:
    """What holds now that something changed by the code, and who decided it."""
    if standing.duress:
        yield f"POSSIBLE DURESS: {', and '.join(standing.duress)}. Whoever has the witness may have written it."
    for each in decided:
        how = f" Confirmed: {each.confirmed}" if each.confirmed else ""
        yield f"{each.reviewer} decided: what {each.holds[:8]} allows holds. {each.reason}{how}"
    yield f"{'STOPPED' if standing.stopped else 'LOOK'}: {standing}."
    if standing.stopped:
        yield f"  Decide which report holds: intake review mark {report_id[:8]} --holds --reason WHY"


def _consent(standing: Standing) -> dict[str, object]:
    return {"allowed": sorted(standing.allowed), "stopped": standing.stopped, "duress": [*standing.duress]}


def _head(
    desk: Vault, found: Submission, told: Triage, said: Handling, thread: tuple[str, ...], *, copies: int
) -> list[str]:
    lines = [f"PRACTICE {found.id}" if desk.practice else found.id]
    left = listings.countdown(told, desk.now())
    lines.append(f"{told.tier.name} {left}: {listings.reasons(told)}")
    if said.decision is not None:
        lines.append(f"Tier set by {said.decided_by}: {said.reason}")
    if (day := as_of(found.answers, found.report.day, found.report.sealed_by)) is not None:
        lines.append(f"As of {day}: still true?")
    lines += [f"LOOK: {mark}" for mark in found.marks]
    came = f"in bundle {found.bundle}" if found.bundle else "as a loose file"
    lines.append(f"Imported {found.imported:%Y-%m-%d %H:%M} UTC, {came}; sealed file {found.original.hex()}")
    if copies:
        lines.append(f"{copies} further sealed file{'s' * (copies > 1)} of it came")
    if len(thread) > 1:
        lines.append("Belongs together: " + ", ".join(each[:8] for each in thread))
    lines += [f"File {number}: SHA-256 {digest}" for number, digest in enumerate(found.files, 1)]
    for name, value in (
        ("Read by", ", ".join(said.seen)),
        ("Flags", ", ".join(said.flags)),
        ("Tags", ", ".join(said.tags)),
        ("Assigned to", said.assigned),
        ("On hold", said.hold),
        ("Done", f"{said.done} ({said.done_by})" if said.done else None),
    ):
        if value:
            lines.append(f"{name}: {value}")
    return [*lines, ""]


def _facts(
    found: Submission, told: Triage, said: Handling, thread: tuple[str, ...], answers: dict[str, object] | object
) -> dict[str, object]:
    line = inbox.Line(found.id, found.imported, told, said, found.report)
    return line.facts() | {
        "marks": list(found.marks),
        "bundle": found.bundle,
        "original": found.original.hex(),
        "files": [
            {"name": entry.name, "type": entry.type, "size": entry.size, "sha256": digest}
            for entry, digest in zip(found.report.files, found.files, strict=True)
        ],
        "thread": list(thread),
        "day": found.report.day.isoformat(),
        "sealed_by": found.report.sealed_by,
        "keyring": found.report.keyring,
        "answers": answers,
    }
