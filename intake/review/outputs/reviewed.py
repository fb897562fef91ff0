"""What reviewers decided about one case's papers: what is left out, and who agreed to publish.

    redaction <case>    term/<words>, perpetrator/<name>: true; passage/<hash>: {"text": …}
                        done: {"reports": […]}: `harm` of these reports was read and turned into the above
    publication <hash>  agreed/<label>: true, once for each reviewer

No paper is made from a report that says who could be hurt until that is marked done.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Column, Connection, String, Table, Text, select

from intake.errors import Usage
from intake.review.cases import case_part
from intake.review.journal import Journal
from intake.review.log import Entity
from intake.review.projections import Projection, State, metadata, replace

KINDS = ("term", "perpetrator", "passage")

left_out = Table(
    "left_out",
    metadata,
    Column("case", String(16), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("text", Text, primary_key=True),
)
"""Terms, perpetrators' names and passages; and, as "done", the ids of reports whose `harm` is dealt with."""

agreed = Table(
    "agreed",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("reviewer", String(32), primary_key=True),
)
"""Who agreed to publish the paper of a hash."""


def leave_out(journal: Journal, case_id: str, kind: str, text: str) -> None:
    """Add a term, perpetrator or passage. Raises `Usage` for a text that is none."""
    words = " ".join(text.split())
    if not words or not words.isprintable() or len(words) > (200 if kind != "passage" else 20_000):
        raise Usage(f"that is no {kind}", "Give one line of at most 200 characters; a passage may be longer.")
    entity = Entity("redaction", case_id)
    if kind == "passage":
        short = hashlib.sha256(words.encode()).hexdigest()[:16]
        journal.record(entity, f"passage/{short}", {"text": words})
    else:
        journal.record(entity, f"{kind}/{words}", True)


def mark_done(journal: Journal, case_id: str, reports: Iterable[str]) -> None:
    """Say that what these reports ask to leave out was read and dealt with."""
    journal.record(Entity("redaction", case_id), "done", {"reports": [*sorted(reports)]})


def texts(connection: Connection, cases: Sequence[str], kind: str) -> tuple[str, ...]:
    """What is left out of a case's papers, of a kind; or, for "done", reports."""
    query = select(left_out.c.text).where(left_out.c.case.in_(cases), left_out.c.kind == kind)
    return tuple(connection.execute(query.order_by(left_out.c.text)).scalars())


def hanging(connection: Connection, submission_id: str) -> Iterator[Entity]:
    """What was left out for this report's sake, where its case has no other: it goes when the report is erased."""
    of = select(case_part.c.id).where(case_part.c.kind == "source", case_part.c.name == submission_id)
    for case_id in connection.execute(of).scalars().all():
        others = select(case_part.c.name).where(case_part.c.kind == "source", case_part.c.id == case_id)
        if set(connection.execute(others).scalars()) == {submission_id}:
            yield Entity("redaction", case_id)


def agree_to(journal: Journal, label: str, digest: str) -> tuple[str, ...]:
    """Say that this reviewer read the paper of this hash and agrees that it is published. Who has, now."""
    journal.record(Entity("publication", digest), f"agreed/{label}", True)
    return tuple(sorted({*agreeing(journal.connection, digest), label}))


def agreeing(connection: Connection, digest: str) -> tuple[str, ...]:
    """Who agreed to publish the paper of this hash."""
    return tuple(connection.execute(select(agreed.c.reviewer).where(agreed.c.id == digest)).scalars())


def _project_redaction(connection: Connection, case_id: str, state: State) -> None:
    rows = []
    for name, said in state.items():
        kind, _, rest = name.partition("/")
        # Two who don't know of each other leave out what either does.
        values = [edit.value for edit in said.edits if edit.value is not None]
        if kind in ("term", "perpetrator") and values:
            rows.append({"kind": kind, "text": rest})
        elif kind == "passage":
            found = {str(value["text"]) for value in values if isinstance(value, dict) and "text" in value}
            rows += [{"kind": kind, "text": text} for text in sorted(found)]
        elif name == "done":
            told = {json.dumps(value) for value in values}
            lists = [value.get("reports") for value in map(json.loads, told) if isinstance(value, dict)]
            reports = {str(each) for told_list in lists if isinstance(told_list, list) for each in told_list}
            rows += [{"kind": "done", "text": each} for each in sorted(reports)]
    replace(connection, left_out, case_id, rows)


def _project_publication(connection: Connection, digest: str, state: State) -> None:
    by = {
        edit.reviewer
        for name, said in state.items()
        for edit in said.edits
        if name == f"agreed/{edit.reviewer}" and edit.value is True
    }
    replace(connection, agreed, digest, [{"reviewer": each} for each in sorted(by)])


PROJECTIONS = (
    Projection("redaction", (left_out,), _project_redaction),
    Projection("publication", (agreed,), _project_publication),
)
