"""Answers to witnesses: written at the desk, checked against their report, and carried out in signed outboxes.

The entity `reply <random>`, one for each answer, has the fields

    answer    {"submission": id, "text": "…", "against": ["why the check would not have it", …]}
    sent      {"outbox": serial, "number": n}, once an outbox holds it

and the entity `outbox <label>-<serial>` the field `written`, {"hash": hex, "number": n}: so the next outbox names the
one before, and numbers only rise, at any desk that has the log. Who wrote an answer carries it: their key signs it.

Two desks that have not exchanged their logs may both answer one witness, who is shown the newest answer only. So that
all agree which one that is, no two reviewers draw the same number (`_next`), and `crossed` tells both, once they have
exchanged their logs, until somebody who knows of both writes again.

An outbox is on the stick before the log speaks of it. Killed between the two, the next try finds the file, knows it by
its signature and its place, and takes it for what it is: no serial is ever used for two outboxes.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Integer, LargeBinary, String, Table, Text, func, select

from intake.durable import new_file
from intake.errors import ChainBroken, Fault, KeyringRefused, Usage
from intake.report.document import Json
from intake.report.outbox import Acknowledged, Outbox, OutboxReader, write_outbox
from intake.report.package import ReplyTo
from intake.report.reply import Reply
from intake.review import bundles, submissions
from intake.review.log import Clock, Entity
from intake.review.projections import Projection, State, metadata, replace
from intake.review.submissions import Submission, find
from intake.review.tables import event
from intake.review.vault import Vault
from intake.sealing import HybridRecipient

_STRIDE = 20
"""Each reviewer of a keyring draws numbers of one remainder. An outbox names its writer anyway."""

answer = Table(
    "answer",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("submission", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("reviewer", String(32), nullable=False),
    Column("event", LargeBinary(32), nullable=False),  # that wrote it
    Column("number", Integer),  # null while no outbox holds it
    sqlite_with_rowid=False,
)
"""Every answer that was written."""

written = Table(
    "written",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("reviewer", String(32), nullable=False),
    Column("serial", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""Every outbox that was written."""


@dataclass(frozen=True, slots=True)
class Written:
    """An outbox on the stick: how many answers and acknowledgements are in it. `found`: a killed try had made it."""

    path: Path
    serial: int
    answers: int
    bundles: int
    found: bool = False


def write(vault: Vault, submission: Submission, text: str, against: Sequence[str] = ()) -> str:
    """Keep an answer for the next outbox; returns its id. `against`: what the check of the draft had said.

    Raises `Usage` when the witness left no way back, or the text is none that can be shown.
    """
    to = _reply_to(submission)
    Reply(vault.origin, to.mailbox, 1, vault.today(), text)  # refuses what could not be sealed later
    name = secrets.token_hex(8)
    told: Json = {"submission": submission.id, "text": text, "against": list(against)}
    with vault.journal() as journal:
        journal.record(Entity("reply", name), "answer", told)
    return name


def waiting(connection: Connection, label: str) -> list[tuple[str, str, str]]:
    """(id, submission, text) of a reviewer's answers that no outbox holds yet, in the order of the log."""
    query = (
        select(answer.c.id, answer.c.submission, answer.c.text)
        .join(event, event.c.hash == answer.c.event)
        .where(answer.c.reviewer == label, answer.c.number.is_(None))
        .order_by(event.c.number)
    )
    return [(row.id, row.submission, row.text) for row in connection.execute(query)]


def write_next(vault: Vault, folder: Path) -> Written:
    """Write the next outbox into `folder`, also when no answer waits: what it acknowledges lets the drop purge.

    Raises `KeyringRefused` when the newest keyring doesn't name this reviewer, `Fault` and `ChainBroken` for another
    file that has its name.
    """
    if not folder.is_dir():
        raise Fault(f"{folder} is not a folder", "Make it first.")
    head, number, named = _next(vault)
    path = folder / f"{vault.origin}-{vault.label}-{head.serial:06d}.outbox"
    with vault.reading() as connection:
        queue = [
            (name, find(connection, submission), text) for name, submission, text in waiting(connection, vault.label)
        ]
    found = path.exists()
    if found:
        box = _same(path, vault, head)
        held = {left.mailbox for left in box.replies}
        queue = [each for each in queue if _reply_to(each[1]).mailbox in held]
    else:
        replies = {}
        for _, submission, text in queue:  # of several to one witness the newest is sent: no other would be shown
            to = _reply_to(submission)
            reply = Reply(vault.origin, to.mailbox, number, vault.today(), text)
            replies[to.mailbox] = reply.seal(vault.signing, HybridRecipient.parse(to.recipient))
        with new_file(path) as file:
            box = write_outbox(file, head, vault.signing, number, replies)
    _record(vault, box, queue, named)
    return Written(path, box.serial, len({_reply_to(each[1]).mailbox for each in queue}), len(box.acknowledged), found)


@dataclass(frozen=True, slots=True)
class Crossed:
    """Two answers to one witness, neither written in knowledge of the other: `shown` has the higher number."""

    submission: str
    shown: str
    hidden: str

    def __str__(self) -> str:
        return (
            f"{self.shown} and {self.hidden} answered {self.submission[:8]} without knowing of each other: "
            f"the witness is shown what {self.shown} wrote; write again if the other matters"
        )


def crossed(connection: Connection, thread: Sequence[str] = ()) -> tuple[Crossed, ...]:
    """Every pair of sent answers that crossed, or those of one thread, unless a later one knew of both."""
    told = submissions.submission
    query = (
        select(answer.c.submission, answer.c.reviewer, answer.c.number, told.c.mailbox, told.c.recipient)
        .add_columns(event.c.line, event.c.number.label("place"), event.c.clock)
        .join(event, event.c.hash == answer.c.event)
        .join(told, told.c.id == answer.c.submission)
        .order_by(answer.c.number, answer.c.reviewer)
    )
    if thread:
        query = query.where(answer.c.submission.in_(thread))
    sent: dict[tuple[str, str], list[Any]] = {}
    for row in connection.execute(query.where(answer.c.number.is_not(None))):
        sent.setdefault((row.mailbox, row.recipient), []).append(row)
    return tuple(
        Crossed(newer.submission, newer.reviewer, older.reviewer)
        for rows in sent.values()
        for older, newer in combinations(rows, 2)
        if older.reviewer != newer.reviewer
        and not _knew(newer, older)
        and not _knew(older, newer)
        and not any(_knew(each, older) and _knew(each, newer) for each in rows if each not in (older, newer))
    )


def _knew(one: Any, other: Any) -> bool:
    return Clock.parse(one.clock).covers(other.line, other.place)


def _next(vault: Vault) -> tuple[Outbox, int, Mapping[tuple[int, bytes], str]]:
    """The next outbox without its answers, their number, and the names of the bundles by serial and hash."""
    chain = vault.chain
    if chain is None or vault.label not in {each.label for each in chain.newest.reviewers}:
        raise KeyringRefused(
            f"{vault.label} is no reviewer of the newest keyring here", "Import the newest bundle first."
        )
    with vault.reading() as connection:
        last = connection.execute(
            select(written.c.serial, written.c.hash)
            .where(written.c.reviewer == vault.label)
            .order_by(written.c.serial.desc())
        ).first()
        newest = connection.execute(select(func.max(written.c.number))).scalar() or 0
        told = set(
            connection.execute(
                select(bundles.acknowledged.c.bundle).where(bundles.acknowledged.c.reviewer == vault.label)
            ).scalars()
        )
        links = [link for link in bundles.chain_of(bundles.links(connection)) if link.whole]
    fresh = {link.serial: link for link in links if f"{link.epoch}.{link.serial}" not in told}
    head = Outbox(
        vault.origin,
        vault.label,
        last.serial + 1 if last else 1,
        bytes.fromhex(last.hash) if last else None,
        chain.newest.serial,
        tuple(Acknowledged(serial, fresh[serial].hash) for serial in sorted(fresh)),
        (),
    )
    number = max(newest + 1, int(f"{vault.today():%y%m%d}") * 100 + 1)
    mine = [each.label for each in chain.newest.reviewers].index(vault.label)
    number += (mine - number) % _STRIDE
    return head, number, {(link.serial, link.hash): f"{link.epoch}.{link.serial}" for link in links}


def _same(path: Path, vault: Vault, head: Outbox) -> Outbox:
    """The outbox that a killed try had put in place; every byte of it is read."""
    with path.open("rb") as file:
        reader = OutboxReader(io.BytesIO(file.read()))
        for _ in reader:
            pass
    box = reader.outbox
    if (box.serial, box.previous, box.label) != (head.serial, head.previous, head.label) or not reader.note.signers(
        [vault.signing.verify_key]
    ):
        raise ChainBroken(f"{path.name} is there and is not your next outbox", "Move it away, and ask whose it is.")
    return box


def _record(
    vault: Vault, box: Outbox, queue: Sequence[tuple[str, Submission, str]], named: Mapping[tuple[int, bytes], str]
) -> None:
    number = box.replies[0].number
    with vault.journal() as journal:
        journal.record(
            Entity("outbox", f"{vault.label}-{box.serial}"), "written", {"hash": box.hash.hex(), "number": number}
        )
        for name, _, _ in queue:
            journal.record(Entity("reply", name), "sent", {"outbox": box.serial, "number": number})
        for each in box.acknowledged:
            if (bundle := named.get((each.serial, each.hash))) is not None:
                journal.record(Entity("bundle", bundle), bundles.acknowledged_field(vault.label), each.hash.hex())


def hanging(connection: Connection, submission_id: str) -> Iterator[Entity]:
    """The answers that were written to a submission: they go with it when it is erased."""
    query = select(answer.c.id).where(answer.c.submission == submission_id).order_by(answer.c.id)
    return (Entity("reply", each) for each in connection.execute(query).scalars().all())


def _reply_to(submission: Submission) -> ReplyTo:
    if submission.reply_to is None:
        raise Usage(f"{submission.id[:8]} left no way back", "Nobody can answer it: it came without a code.")
    return submission.reply_to


def _project_answer(connection: Connection, entity: str, state: State) -> None:
    row: dict[str, Any] = {}
    if (said := state.get("answer")) and isinstance(told := said.value, dict):
        first = said.edits[0]
        row = {"submission": str(told.get("submission")), "text": str(told.get("text"))}
        row |= {"reviewer": first.reviewer, "event": first.event, "number": None}
        if (sent := state.get("sent")) and isinstance(sent.value, dict):
            row["number"] = sent.value.get("number")
    replace(connection, answer, entity, [row] if row else [])


def _project_written(connection: Connection, entity: str, state: State) -> None:
    rows = []
    label, _, serial = entity.rpartition("-")
    if (said := state.get("written")) and isinstance(told := said.value, dict) and serial.isdecimal():
        rows = [{"reviewer": label, "serial": int(serial), "hash": told.get("hash"), "number": told.get("number")}]
    replace(connection, written, entity, rows)


PROJECTIONS = (
    Projection("reply", (answer,), _project_answer),
    Projection("outbox", (written,), _project_written),
)
