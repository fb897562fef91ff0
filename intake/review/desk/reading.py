"""One submission as the desk shows it: a card before it is opened, and all of it after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rich.text import Text
from sqlalchemy import func, select

from intake.locale import packaged_questionnaire
from intake.report.document import Json
from intake.report.reading import LABELS, changes, render
from intake.review import cases, decisions, handling, inbox, submissions, translations
from intake.review.desk.texts import (
    ACCENT,
    DIM,
    HEADING,
    URGENT,
    WARN,
    Block,
    blank,
    block,
    pairs,
    paragraphs,
    plain,
    tier_style,
)
from intake.review.desk.words import Words
from intake.review.fields import hidden, shown
from intake.review.handling import Handling
from intake.review.inbox import Line
from intake.review.practice import exercise
from intake.review.standing import Standing
from intake.review.submissions import Submission
from intake.review.translations import Translation
from intake.review.triage import Triage, as_of
from intake.review.vault import Vault


@dataclass(frozen=True, slots=True)
class Opened:
    """A submission with all that stands beside it."""

    found: Submission
    triage: Triage
    said: Handling
    thread: tuple[str, ...]
    changed: dict[str, str]
    standing: Standing
    stray: bool
    copies: int
    cases: tuple[tuple[str, str], ...]
    translations: tuple[Translation, ...]
    now: datetime


def opened(vault: Vault, report_id: str) -> Opened:
    """Read it. Raises `Usage` when there is none (any more)."""
    with vault.reading() as connection:
        found = submissions.find(connection, report_id)
        said = handling.handling_of(connection, found.id)
        thread = submissions.thread(connection, found.id)
        told = {each: changes(report) for each, report in submissions.reports(connection, thread).items()}
        copies = select(func.count()).where(submissions.copy.c.number == found.number)
        now = vault.now()
        return Opened(
            found,
            inbox.triage_of(found.report, found.imported, said, now, None),
            said,
            thread,
            {each: change for each, change in told.items() if change},
            decisions.standings(connection, thread)[found.id],
            submissions.strays(connection, found.report),
            int(connection.execute(copies).scalar_one()),
            cases.of_submission(connection, found.id),
            translations.of_submission(connection, found.id),
            now,
        )


def headline(line: Line, words: Words) -> str:
    """What a submission is about in one row: who, where, its first words. Anybody's text."""
    answers = line.report.answers
    account = answers.get("account")
    first = account if isinstance(account, str) else ""
    parts = [names(answers), words.place(answers.get("where")), " ".join(first[:300].split())]
    return " · ".join(filter(None, parts)) or words.codes("kind", answers.get("kind") or []) or words.say("(no words)")


def names(answers: dict[str, Json]) -> str:
    """Who it is about."""
    told = answers.get("who")
    found = [each.get("name") for each in told if isinstance(each, dict)] if isinstance(told, list) else []
    return ", ".join(name for name in found if isinstance(name, str) and name)


def card(line: Line, words: Words, now: datetime) -> list[Block]:
    """What shows of a submission that this reviewer has not opened yet."""
    answers = line.report.answers
    say = words.say
    left = words.left(line.triage, now)
    when = answers.get("when")
    day = str(when.get("date") or when.get("text") or "") if isinstance(when, dict) else ""
    rows = [
        (say("who"), names(answers)),
        (say("where"), words.place(answers.get("where"))),
        (say("when"), day),
        (say("what"), words.codes("kind", answers.get("kind") or [])),
        (say("now"), words.codes("now", answers.get("now") or [])),
        (say("files"), str(len(line.report.files) or "")),
        (say("language"), line.report.language),
        (say("arrived"), f"{line.report.day}"),
    ]
    return [
        Block(
            Text.assemble(
                (f"{line.triage.tier.name} ", tier_style(line.triage.tier)),
                plain(" · ".join(filter(None, (left, words.reasons(line.triage))))),
            )
        ),
        blank(),
        *pairs(rows),
        blank(),
        block(say("Not opened yet. Enter opens it; the log notes who opened what."), DIM),
    ]


def whole(read: Opened, words: Words, *, contact: bool, practice: bool) -> list[Block]:
    """All of a submission. `contact`: with the hidden answers; whoever asks for that has written it into the log."""
    return [
        *_warnings(read, words),
        *_head(read, words),
        blank(),
        *_answers(read, words, contact=contact),
        *_beside(read, words),
        *(_model(read, words) if practice else ()),
    ]


def _warnings(read: Opened, words: Words) -> Iterator[Block]:
    say = words.say
    if read.stray:
        yield block(
            say("ALARM: it speaks for a mailbox whose code its writer has not. It joins nothing; don't believe it."),
            URGENT,
        )
    for each, change in read.changed.items():
        label = f"={change}"
        told = words.form.gettext(LABELS[label], label)
        yield block(f"{each[:8]}: {told}" if each != read.found.id else told, WARN)
    if read.changed:
        yield from _standing(read.standing, words)
    for mark in read.found.marks:
        yield block(say("LOOK: {mark}", mark=words.heard(mark)), WARN)
    if (day := as_of(read.found.answers, read.found.report.day, read.found.report.sealed_by)) is not None:
        yield block(say("As of {day}: still true?", day=day), WARN)


def _standing(standing: Standing, words: Words) -> Iterator[Block]:
    """What holds after a change by the code."""
    say = words.say
    if standing.duress:
        yield block(
            say(
                "POSSIBLE DURESS: the person is held or missing, or left an advance statement. "
                "Whoever has them may have written this."
            ),
            URGENT,
        )
    if standing.stopped:
        yield block(say("STOPPED: nothing new goes out before reviewers decide which report holds."), URGENT)
        return
    codes = [choice.code for choice in packaged_questionnaire().lists["consent"] if choice.code in standing.allowed]
    yield block(say("Decided. Allowed now: {codes}", codes=", ".join(codes) or say("nothing")), WARN)


def _head(read: Opened, words: Words) -> Iterator[Block]:
    say, said, triage = words.say, read.said, read.triage
    left = words.left(triage, read.now)
    yield Block(
        Text.assemble(
            (f"{triage.tier.name} ", tier_style(triage.tier)),
            plain(" · ".join(filter(None, (left, words.reasons(triage))))),
        )
    )
    marks = [*(f"!{name}" for name in said.flags), *(f"#{name}" for name in said.tags)]
    rows = [
        (say("set by"), f"{said.decided_by}: {said.reason}" if said.decision else ""),
        (say("marks"), "  ".join(marks)),
        (say("assigned to"), said.assigned or ""),
        (say("on hold"), said.hold or ""),
        (say("done"), f"{said.done} ({said.done_by})" if said.done else ""),
        (say("read by"), ", ".join(said.seen)),
        (say("case"), ", ".join(f"{title} ({case_id[:8]})" for case_id, title in read.cases)),
        (say("belongs to"), ", ".join(each[:8] for each in read.thread if each != read.found.id)),
        (say("imported"), f"{read.found.imported:%Y-%m-%d %H:%M} UTC · {read.found.id[:8]}"),
        (say("came again"), str(read.copies or "")),
    ]
    yield from pairs(rows)


def _answers(read: Opened, words: Words, *, contact: bool) -> Iterator[Block]:
    secret = hidden(read.found.answers)
    answers = read.found.answers if contact else shown(read.found.answers)
    report = replace(read.found.report, answers=answers)
    text = render(report, packaged_questionnaire(), words.form, words.places)
    more = words.say("… and more: `intake review show {id}` shows all of it.", id=read.found.id[:8])
    if len(text) > 200_000:
        text = text[:200_000] + "\n" + more
    lines = text.rstrip("\n").split("\n")
    head = lines.index("") if "" in lines else 0  # what the form says of itself: below, it is nothing to begin with
    if lines[0].startswith(
        tuple(words.form.gettext(LABELS[f"={each}"], f"={each}") for each in ("withdraw", "consent"))
    ):
        lines, head = lines[head + 1 :], lines[head + 1 :].index("")  # it stands above all already
    for line in lines[head + 1 :]:
        if line.startswith("    "):
            yield from paragraphs(line[4:], hang=3, more=more)
        elif line:
            yield block(line, HEADING)
        else:
            yield blank()
    yield blank()
    for line in lines[:head]:
        yield block(line, DIM)
    if secret and not contact:
        yield blank()
        yield block(words.say("Hidden: who the witness is or how to reach them. c shows it; the look is logged."), DIM)


def _beside(read: Opened, words: Words) -> Iterator[Block]:
    for each in read.translations:
        yield blank()
        yield block(
            words.say(
                "Translation into {language} by {reviewer}, {utc}",
                language=each.language, reviewer=each.reviewer, utc=each.utc[:16].replace("T", " "),
            ),
            HEADING,
        )  # fmt: skip
        yield from paragraphs(each.text, hang=3)


def _model(read: Opened, words: Words) -> Sequence[Block]:
    if not (model := exercise(read.found.id)):
        return ()
    return (
        blank(),
        block(words.say("PRACTICE: what a good reviewer does with this"), ACCENT),
        block(model.advice(words.language), hang=3),
    )
