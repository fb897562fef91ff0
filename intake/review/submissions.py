"""Submissions: what is read out of the sealed originals and never edited. What people say of them is in the logs.

The tables stand beside those of `intake.review.tables`: made by a step of `migrations`, filled by an import, and could
be made again from the originals and their file keys. Moments are whole seconds since 1970, UTC: a clock is one number.

An answer that a witness sent later by the code is a submission like any other, with `in_reply_to`: `thread` gathers
what belongs together. `reply_to` is where an answer of ours can be left.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    insert,
    or_,
    select,
    text,
)

from intake.errors import Usage
from intake.report.document import Json
from intake.report.package import ReplyTo, Report
from intake.review.opened import Contents
from intake.review.tables import metadata
from intake.review.triage import Tier, schedule

submission = Table(
    "submission",
    metadata,
    Column("number", Integer, primary_key=True),  # of this vault alone, in the order of import
    Column("id", String(32), nullable=False, unique=True),  # the report's own
    Column("original", LargeBinary(32), nullable=False, unique=True),
    Column("mac", LargeBinary(32), nullable=False, unique=True),
    Column("payload", LargeBinary(32), nullable=False, unique=True),
    Column("outer", String(32)),  # the drop's id
    Column("bundle", String(24)),  # <epoch>.<serial>; null for a loose file
    Column("imported", Integer, nullable=False),
    Column("day", String(10), nullable=False),
    Column("keyring", Integer, nullable=False),
    Column("language", String(64), nullable=False),
    Column("sealed_by", String(16), nullable=False),
    Column("in_reply_to", String(32)),
    Column("mailbox", String(32)),
    Column("recipient", Text),
    Column("files", Text, nullable=False),  # JSON: the SHA-256 of each attachment, in hex
    Column("marks", Text, nullable=False),  # JSON: sentences that a reader must see beside it
    # What the rules of triage said at the import: a tier, when T0 and T1 begin as a removal comes near, and its moment.
    Column("tier", Integer, nullable=False),
    Column("soon", Integer),
    Column("near", Integer),
    Column("event", Integer),
    Index("submission_mailbox", "mailbox", sqlite_where=text("mailbox IS NOT NULL")),
    Index("submission_outer", "outer"),
    # Lists stand in the order of the first of these, but for the few that the second names.
    Index("submission_timeless", "tier", "imported", sqlite_where=text("soon IS NULL")),
    Index("submission_timed", "soon", sqlite_where=text("soon IS NOT NULL")),
)
"""One row a report, however often it came."""

content = Table(
    "content",
    metadata,
    Column("number", Integer, ForeignKey("submission.number"), primary_key=True),
    Column("report", LargeBinary, nullable=False),
)
"""`report.json` of each submission as it was sealed, apart from what lists are made of."""

copy = Table(
    "copy",
    metadata,
    Column("sha256", LargeBinary(32), primary_key=True),
    Column("number", Integer, ForeignKey("submission.number"), nullable=False),
    Column("outer", String(32)),
    Column("bundle", String(24)),
    sqlite_with_rowid=False,
)
"""Other sealed files of a report that was here already: sent twice, or made for another reviewer."""

quarantine = Table(
    "quarantine",
    metadata,
    Column("sha256", LargeBinary(32), primary_key=True),  # of the sealed file
    Column("name", String, nullable=False),  # as a person is told of it
    Column("outer", String(32)),
    Column("bundle", String(24)),
    Column("claimed", Integer),
    Column("since", Integer, nullable=False),
    Column("waits", Boolean, nullable=False),  # for a key: else no key will help
    Column("reason", String, nullable=False),
    Column("advice", String, nullable=False),
    sqlite_with_rowid=False,
)
"""Sealed files that came and are no submission: kept as they are in sealed/, with the reason."""


def quarantined(connection: Connection) -> set[bytes]:
    """The hashes of the sealed files in quarantine: the vault keeps them as it keeps originals."""
    return {bytes(name) for name in connection.execute(select(quarantine.c.sha256)).scalars()}


@dataclass(frozen=True, slots=True)
class Submission:
    """One report as the desk keeps it. `marks` are sentences that a reader must see beside it."""

    number: int
    id: str
    original: bytes
    outer: str | None
    bundle: str | None
    imported: datetime
    marks: tuple[str, ...]
    files: tuple[str, ...]
    report: Report

    @property
    def answers(self) -> dict[str, Json]:
        """All of them, the hidden ones too: `intake.review.fields` tells them apart."""
        return self.report.answers

    @property
    def reply_to(self) -> ReplyTo | None:
        """Where an answer can be left."""
        return self.report.reply_to


def seconds(moment: datetime) -> int:
    """A moment as the tables have it."""
    return int(moment.timestamp())


def moment(told: int) -> datetime:
    """And back."""
    return datetime.fromtimestamp(told, UTC)


def row_of(contents: Contents, imported: datetime) -> dict[str, Any]:
    """A report as a row of `submission`, but for what its way here adds: number, original, outer, bundle and marks."""
    report = contents.report
    clock = schedule(report.answers, imported)
    return {
        "id": report.id,
        "mac": contents.mac,
        "payload": contents.payload,
        "imported": seconds(imported),
        "day": report.day.isoformat(),
        "keyring": report.keyring,
        "language": report.language,
        "sealed_by": report.sealed_by,
        "in_reply_to": report.in_reply_to,
        "mailbox": report.reply_to.mailbox if report.reply_to else None,
        "recipient": report.reply_to.recipient if report.reply_to else None,
        "files": json.dumps([digest.hex() for digest in contents.files]),
        "tier": clock.tier.value,
        "soon": seconds(clock.soon) if clock.soon else None,
        "near": seconds(clock.near) if clock.near else None,
        "event": seconds(clock.event) if clock.event else None,
    }


def tier_of(row: Mapping[str, Any], now: datetime) -> Tier:
    """The tier that the rules give a row at a moment that is not before its import."""
    at = seconds(now)
    for tier, since in ((Tier.T0, row["soon"]), (Tier.T1, row["near"])):
        if since is not None and since <= at and tier.value < row["tier"]:
            return tier
    return Tier(row["tier"])


def add(connection: Connection, rows: Sequence[tuple[dict[str, Any], bytes, str]]) -> None:
    """Put in submissions: each with its report.json and the words of the index."""
    if not rows:
        return
    connection.execute(insert(submission), [row for row, _, _ in rows])
    connection.execute(insert(content), [{"number": row["number"], "report": raw} for row, raw, _ in rows])
    connection.execute(
        text("INSERT INTO words (rowid, text) VALUES (:number, :text)"),
        [{"number": row["number"], "text": indexed} for row, _, indexed in rows],
    )


def like(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> Mapping[bytes | str, Any]:
    """What is here with the inner id, the header's MAC or the payload of one of these rows, by each of the three."""
    columns = (submission.c.number, submission.c.id, submission.c.mac, submission.c.payload)
    same = or_(*(submission.c[name].in_([each[name] for each in rows]) for name in ("id", "mac", "payload")))
    found = connection.execute(select(*columns).where(same)).all()
    return {key: row for row in found for key in (row.id, bytes(row.mac), bytes(row.payload))}


def known_files(connection: Connection) -> set[bytes]:
    """The SHA-256 of every sealed file that need not be looked at again: all but those that wait for a key."""
    settled = select(quarantine.c.sha256).where(~quarantine.c.waits)
    queries = (select(submission.c.original), select(copy.c.sha256), settled)
    return {bytes(each) for query in queries for each in connection.execute(query).scalars()}


def find(connection: Connection, spelled: str) -> Submission:
    """The submission of an id, or of the beginning of one (4 characters at least). Raises `Usage`."""
    wanted = spelled.strip().lower()
    if len(wanted) < 4 or not set(wanted) <= set("0123456789abcdef"):
        raise Usage(
            f"{spelled!r} is no id of a submission", "Give at least its first four characters, as lists show it."
        )
    rows = connection.execute(
        select(submission, content.c.report)
        .join(content, content.c.number == submission.c.number)
        .where(submission.c.id.like(f"{wanted}%"))
        .limit(2)
    ).all()
    if not rows:
        raise Usage(f"there is no submission {wanted}", "Look at `intake review list` for its id.")
    if len(rows) > 1:
        raise Usage(f"more than one submission begins with {wanted}", "Give more of its characters.")
    return _submission(rows[0])


def thread(connection: Connection, report_id: str) -> tuple[str, ...]:
    """The ids of the reports that belong together, the first one first: a report and what was sent by its code.

    They name one mailbox and one recipient. A server that saw the mailbox asked for can name it, but not the recipient,
    which travels inside the seal alone: what names another stays apart (`strays`).
    """
    own = connection.execute(
        select(submission.c.mailbox, submission.c.recipient).where(submission.c.id == report_id)
    ).first()
    if own is None or own.mailbox is None:
        return (report_id,)
    found = connection.execute(
        select(submission.c.id)
        .where(submission.c.mailbox == own.mailbox, submission.c.recipient == own.recipient)
        .order_by(submission.c.in_reply_to.is_not(None), submission.c.number)
    ).scalars()
    return tuple(found)


def reports(connection: Connection, ids: Sequence[str]) -> Mapping[str, Report]:
    """The reports of these submissions by their ids, in the order given; an id that is none is left out."""
    query = select(submission.c.id, content.c.report).join(content, content.c.number == submission.c.number)
    rows = connection.execute(query.where(submission.c.id.in_(ids))).all()
    found = {row.id: Report.parse(bytes(row.report)) for row in rows}
    return {each: found[each] for each in ids if each in found}


def strays(connection: Connection, report: Report) -> bool:
    """Whether a report claims a mailbox that is another's: it has not the code that it speaks by."""
    if report.in_reply_to is None:
        return False
    recipients = set(
        connection.execute(
            select(submission.c.recipient).where(
                submission.c.mailbox == report.in_reply_to, submission.c.in_reply_to.is_(None)
            )
        ).scalars()
    )
    return bool(recipients) and (report.reply_to is None or report.reply_to.recipient not in recipients)


def _submission(row: Any) -> Submission:
    return Submission(
        number=row.number,
        id=row.id,
        original=bytes(row.original),
        outer=row.outer,
        bundle=row.bundle,
        imported=moment(row.imported),
        marks=tuple(json.loads(row.marks)),
        files=tuple(json.loads(row.files)),
        report=Report.parse(bytes(row.report)),
    )
