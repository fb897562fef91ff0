"""Translations beside the original: who wrote which, and when. The original is never replaced.

The fields of the entity `translation <submission>`:

    text/<language>     the words in that language, or null

The language is a code such as `en`. Whoever writes it again takes the place of the one before, which stays in the log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Column, Connection, String, Table, Text, select

from intake.errors import Usage
from intake.review.journal import Journal
from intake.review.log import Entity
from intake.review.projections import Projection, State, metadata, replace

LONGEST = 100_000
"""Characters, as of an answer."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})?", re.ASCII)

translation = Table(
    "translation",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("language", String(12), primary_key=True),
    Column("text", Text, nullable=False),
    Column("reviewer", String(32), nullable=False),
    Column("utc", String(20), nullable=False),
    sqlite_with_rowid=False,
)
"""One row for each submission and language."""


@dataclass(frozen=True, slots=True)
class Translation:
    """One text, whose it is, and when it was written (UTC, by the writer's clock)."""

    language: str
    text: str
    reviewer: str
    utc: str


def entity(submission_id: str) -> Entity:
    """The entity of a submission's translations."""
    return Entity("translation", submission_id)


def translate(journal: Journal, submission_id: str, language: str, text: str) -> None:
    """Put a translation beside a submission; an empty text takes it away. Raises `Usage`."""
    code = language.strip().lower()
    if not _LANGUAGE.fullmatch(code):
        raise Usage(f"{language!r} is no code of a language", "Give one such as en, ru or tg.")
    if len(text) > LONGEST:
        raise Usage(f"it is longer than {LONGEST:,} characters", "Leave out what nobody needs.")
    journal.record(entity(submission_id), f"text/{code}", text.strip() or None)


def hanging(_: Connection, submission_id: str) -> Iterator[Entity]:
    """What has to go when a submission is erased: whatever was translated of it."""
    yield entity(submission_id)


def of_submission(connection: Connection, submission_id: str) -> tuple[Translation, ...]:
    """All translations of a submission, in order of language."""
    query = select(translation).where(translation.c.id == submission_id).order_by(translation.c.language)
    return tuple(Translation(row.language, row.text, row.reviewer, row.utc) for row in connection.execute(query))


def _project(connection: Connection, submission_id: str, state: State) -> None:
    rows = []
    for name, said in state.items():
        kind, _, language = name.partition("/")
        if kind == "text" and isinstance(said.value, str) and _LANGUAGE.fullmatch(language):
            edit = said.edits[-1]
            rows.append({"language": language, "text": said.value, "reviewer": edit.reviewer, "utc": edit.utc})
    replace(connection, translation, submission_id, rows)


PROJECTIONS = (Projection("translation", (translation,), _project),)
