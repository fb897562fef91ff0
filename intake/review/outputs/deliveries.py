"""What went to whom: an event for each document that left the desk, and what it was made of.

    delivery <id>     told: {"output", "recipient", "naming", "to", "case", "reports", "files", "sealed", "grounds"}

`to` is who got it, in the reviewer's words; `files` names each with its SHA-256; `sealed` is "passphrase", "key" or
"plain"; `grounds` says what of the permission rests on words by telephone or an exception. Nothing takes a delivery
back: what was handed over can't be called back, and whoever decides about the next must see it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Column, Connection, Index, LargeBinary, String, Table, Text, select

from intake.report.document import Json
from intake.review.journal import Journal
from intake.review.log import Entity
from intake.review.projections import Projection, State, metadata, replace
from intake.review.tables import event

delivery = Table(
    "delivery",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("case", String(16)),
    Column("recipient", String(16), nullable=False),
    Column("utc", String(20), nullable=False),
    Column("reviewer", String(32), nullable=False),
    Column("event", LargeBinary(32), nullable=False),
    Column("told", Text, nullable=False),  # JSON
    Index("delivery_case", "case"),
)
"""One row for each."""


@dataclass(frozen=True, slots=True)
class Handed:
    """One file that left: its name, SHA-256 in hex, and size in bytes, before it was sealed."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one output was. `reports`: the ids of the submissions whose facts are in it."""

    output: str
    recipient: str
    naming: str
    to: str
    sealed: str
    reports: tuple[str, ...]
    files: tuple[Handed, ...]
    case: str | None = None
    grounds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery, by whom and when."""

    delivery: Delivery
    reviewer: str
    utc: str


def handed(files: Mapping[str, bytes]) -> tuple[Handed, ...]:
    """Files as the log names them."""
    return tuple(Handed(name, hashlib.sha256(raw).hexdigest(), len(raw)) for name, raw in files.items())


def record(journal: Journal, made: Delivery) -> None:
    """Write down what leaves. To be done before it does: a name too many is no harm, one too few is."""
    told: Json = json.loads(json.dumps(asdict(made)))
    journal.record(Entity("delivery", secrets.token_hex(8)), "told", told)


def delivered(connection: Connection, cases: Sequence[str] | None = None) -> Iterator[Delivered]:
    """All that left, the oldest first; of these cases alone where they are given."""
    written = delivery.join(event, event.c.hash == delivery.c.event)  # clocks tell seconds: within one, the log's order
    query = select(delivery).select_from(written).order_by(delivery.c.utc, delivery.c.reviewer, event.c.number)
    for row in connection.execute(query if cases is None else query.where(delivery.c.case.in_(cases))).all():
        yield Delivered(_delivery(json.loads(row.told)), row.reviewer, row.utc)


def _delivery(told: dict[str, Any]) -> Delivery:
    return Delivery(
        output=told["output"],
        recipient=told["recipient"],
        naming=told["naming"],
        to=told["to"],
        sealed=told["sealed"],
        reports=tuple(told["reports"]),
        files=tuple(Handed(each["name"], each["sha256"], each["size"]) for each in told["files"]),
        case=told["case"],
        grounds=tuple(told["grounds"]),
    )


def _project(connection: Connection, entity: str, state: State) -> None:
    rows = []
    if "told" in state and isinstance(told := state["told"].value, dict):
        try:
            made = _delivery(told)
        except (KeyError, TypeError):  # another version's: the log has it
            made = None
        if made:
            edit = state["told"].edits[0]
            text = json.dumps(told, ensure_ascii=False, sort_keys=True)
            by = {"utc": edit.utc, "reviewer": edit.reviewer, "event": edit.event}
            rows = [{"case": made.case, "recipient": made.recipient, **by, "told": text}]
    replace(connection, delivery, entity, rows)


PROJECTIONS = (Projection("delivery", (delivery,), _project),)
