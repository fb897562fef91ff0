"""What reviewers decided to erase, and what must stay. The deed itself is `intake.review.erasing`.

The fields of the entities `submission <id>` and, for what lies in quarantine, `sealed <SHA-256 of the file>`:

    erase/<label>    {"reason": "…", "day": "2026-11-25", "sealed": [SHA-256…], "cases": [id…], "thread": mark or null,
                     "refusals": [[who, day]…]}, or null: taken back
    erased/<label>   {"day": "2026-11-25", "sealed": [SHA-256…], "emptied": ["act 0123…"…]}: what this reviewer's desk
                     removed, and which entities it emptied with it
    retain           why it must stay, or null: it stops every erasure

Two reviewers must want it, or one where the keyring has no second. These fields are what the log keeps when all else
that it says of the thing is taken out: hashes, days, reasons and two names, and that somebody refused
(`intake.review.lasting`). So a reason never repeats what a report says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Column, Connection, Index, String, Table, Text, select

from intake.errors import Usage
from intake.keyring.trust import Chain
from intake.report.document import Json
from intake.review.journal import Journal
from intake.review.log import Entity
from intake.review.projections import Projection, State, metadata, replace

SUBMISSION, SEALED = "submission", "sealed"
"""The kinds of things that can be erased."""

_ENTITY = re.compile(r"[a-z]{1,32} [0-9a-f]{1,64}")
_DAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_ASKED, _DONE, _RETAIN = "erase/", "erased/", "retain"

erasure = Table(
    "erasure",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("reviewer", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("day", String(10), nullable=False),
    Column("sealed", Text, nullable=False),  # JSON
    Column("cases", Text, nullable=False),  # JSON
    Column("thread", String(64)),
    Column("refusals", Text, nullable=False),  # JSON
    Index("erasure_thread", "thread"),
    sqlite_with_rowid=False,
)
"""Who wants what erased, and why; and what of it must outlive that."""

erased = Table(
    "erased",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("reviewer", String(32), primary_key=True),
    Column("day", String(10), nullable=False),
    Column("sealed", Text, nullable=False),  # JSON
    Column("emptied", Text, nullable=False),  # JSON
    sqlite_with_rowid=False,
)
"""At whose desk it was done."""

retained = Table(
    "retained",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("reviewer", String(32), nullable=False),
    sqlite_with_rowid=False,
)
"""What must stay."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """What must outlive it. `thread`: the mark of the thread that it stops. `refusals`: who refused, on which day."""

    thread: str | None = None
    refusals: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Erasure:
    """One thing that somebody wants erased: the reason and day of each who does, by label; where it was done, by label.

    `sealed` are the hashes (hex) of the sealed files that were named or removed, `cases` the cases that go with it,
    `emptied` what was said elsewhere about it, such as an act: whatever is said of that later has to go as well.
    """

    entity: Entity
    wanted: Mapping[str, tuple[str, str]]
    done: Mapping[str, str]
    sealed: tuple[str, ...]
    cases: tuple[str, ...]
    retained: str | None = None
    emptied: tuple[Entity, ...] = ()

    def decided(self, needed: int) -> bool:
        """Whether it is to be done: enough reviewers want it, and nothing stops it."""
        return len(self.wanted) >= needed and self.retained is None

    def facts(self) -> dict[str, object]:
        """For programs."""
        return {
            "kind": self.entity.kind,
            "id": self.entity.id,
            "wanted": {label: {"reason": reason, "day": day} for label, (reason, day) in self.wanted.items()},
            "done": dict(self.done),
            "sealed": list(self.sealed),
            "cases": list(self.cases),
            "retained": self.retained,
        }


def needed(chain: Chain | None) -> int:
    """How many reviewers must want it."""
    return min(2, len(chain.newest.reviewers)) if chain else 1


def stays(field: str) -> bool:
    """Whether a field is one of those that outlive an erasure."""
    return field.startswith((_ASKED, _DONE)) or field == _RETAIN


def want(
    journal: Journal,
    entity: Entity,
    label: str,
    reason: str,
    day: str,
    sealed: Sequence[str],
    cases: Sequence[str],
    lasting: Lasting = Lasting(),
) -> None:
    """Say that a reviewer wants it erased. Raises `Usage` without a reason."""
    if not reason.strip():
        raise Usage("why is not said", "Give --reason; it stays in the log, so let it repeat nothing of the report.")
    told: dict[str, Json] = {"reason": reason, "day": day, "sealed": [*sealed], "cases": [*cases]}
    told |= {"thread": lasting.thread, "refusals": [[*each] for each in lasting.refusals]}
    journal.record(entity, f"{_ASKED}{label}", told)


def take_back(journal: Journal, entity: Entity, label: str) -> bool:
    """Say that this reviewer does not want it any more; whether they did."""
    return journal.record(entity, f"{_ASKED}{label}", None) is not None


def retain(journal: Journal, entity: Entity, reason: str | None) -> bool:
    """Say why it must stay, or (None) that it need not; whether that is news."""
    return journal.record(entity, _RETAIN, reason) is not None


def tell(
    journal: Journal, entity: Entity, label: str, day: str, sealed: Iterable[str], emptied: Iterable[Entity]
) -> None:
    """Say that this reviewer's desk has done it, with the hashes of what it removed and what it emptied ever since."""
    said = journal.state(entity).get(f"{_DONE}{label}")
    before = said.value if said and isinstance(said.value, dict) else {}
    gone = {*_texts(before.get("sealed")), *sealed}
    bare = {*_texts(before.get("emptied")), *(f"{each.kind} {each.id}" for each in emptied)}
    told: Json = {"day": before.get("day", day), "sealed": [*sorted(gone)], "emptied": [*sorted(bare)]}
    journal.record(entity, f"{_DONE}{label}", told)


def every(connection: Connection) -> tuple[Erasure, ...]:
    """All that anybody wants or wanted erased, in the order of their ids."""
    kept = {row.id: row.reason for row in connection.execute(select(retained))}
    done: dict[str, dict[str, tuple[str, list[str]]]] = {}
    bare: dict[str, set[str]] = {}
    for row in connection.execute(select(erased).order_by(erased.c.reviewer)):
        done.setdefault(row.id, {})[row.reviewer] = row.day, json.loads(row.sealed)
        bare.setdefault(row.id, set()).update(json.loads(row.emptied))
    asked: dict[tuple[str, str], list[tuple[str, str, str, list[str], list[str]]]] = {}
    for row in connection.execute(select(erasure).order_by(erasure.c.id, erasure.c.day, erasure.c.reviewer)):
        told = (row.reviewer, row.reason, row.day, json.loads(row.sealed), json.loads(row.cases))
        asked.setdefault((row.kind, row.id), []).append(told)
    return tuple(
        Erasure(
            Entity(kind, thing),
            {label: (reason, day) for label, reason, day, _, _ in wishes},
            {label: day for label, (day, _) in done.get(thing, {}).items()},
            _united([*(sealed for *_, sealed, _ in wishes), *(sealed for _, sealed in done.get(thing, {}).values())]),
            _united(cases for *_, cases in wishes),
            kept.get(thing),
            tuple(Entity(*each.split(" ", 1)) for each in sorted(bare.get(thing, ()))),
        )
        for (kind, thing), wishes in asked.items()
    )


def gone(connection: Connection, chain: Chain | None) -> tuple[frozenset[str], frozenset[bytes]]:
    """What must not come back: the ids of reports and the hashes of sealed files whose erasure is decided."""
    decided = [each for each in every(connection) if each.decided(needed(chain))]
    ids = frozenset(each.entity.id for each in decided if each.entity.kind == SUBMISSION)
    return ids, frozenset(bytes.fromhex(digest) for each in decided for digest in each.sealed)


def _united(lists: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(sorted({each for some in lists for each in some}))


def _texts(told: Json) -> list[str]:
    return [each for each in told if isinstance(each, str)] if isinstance(told, list) else []


def _hashes(told: Json) -> str:
    return json.dumps([each for each in _texts(told) if len(each) == 64 and not set(each) - set("0123456789abcdef")])


def _emptied(told: Json) -> str:
    """["kind id"…], whatever a colleague's log says."""
    return json.dumps([each for each in _texts(told) if _ENTITY.fullmatch(each)])


def _refusals(told: Mapping[str, Json]) -> str:
    """[[who, day]…], whatever a colleague's log says."""
    said = told.get("refusals")
    pairs = [_texts(each) for each in said] if isinstance(said, list) else []
    found = [each for each in pairs if len(each) == 2 and each[0] in ("person", "family") and _DAY.fullmatch(each[1])]
    return json.dumps(found)


def _project(kind: str, connection: Connection, thing: str, state: State) -> None:
    wishes: list[dict[str, str | None]] = []
    deeds: list[dict[str, str]] = []
    for name, said in state.items():
        told = said.value
        if not isinstance(told, dict):
            continue
        day = str(told.get("day"))
        if name.startswith(_ASKED):
            thread = told.get("thread")
            row: dict[str, str | None] = {"reviewer": name.removeprefix(_ASKED), "kind": kind, "day": day}
            row |= {"reason": str(told.get("reason")), "sealed": _hashes(told.get("sealed"))}
            row |= {"cases": json.dumps(_texts(told.get("cases"))), "refusals": _refusals(told)}
            row["thread"] = thread if isinstance(thread, str) else None
            wishes.append(row)
        elif name.startswith(_DONE):
            deed = {"reviewer": name.removeprefix(_DONE), "day": day}
            deeds.append(deed | {"sealed": _hashes(told.get("sealed")), "emptied": _emptied(told.get("emptied"))})
    # A name in a field is a claim: who wants it erased is who signed that.
    signed = {name: said.edits[-1].reviewer for name, said in state.items()}
    wishes = [row for row in wishes if signed[f"{_ASKED}{row['reviewer']}"] == row["reviewer"]]
    deeds = [row for row in deeds if signed[f"{_DONE}{row['reviewer']}"] == row["reviewer"]]
    kept = [edit for edit in (state[_RETAIN].edits if _RETAIN in state else ()) if isinstance(edit.value, str)]
    replace(connection, erasure, thing, wishes)
    replace(connection, erased, thing, deeds)
    stays_because = [{"reason": kept[-1].value, "reviewer": kept[-1].reviewer}] if kept else []
    replace(connection, retained, thing, stays_because)


PROJECTIONS = tuple(
    Projection(kind, (erasure, erased, retained), partial(_project, kind)) for kind in (SUBMISSION, SEALED)
)
