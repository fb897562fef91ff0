"""Writing the log: events and the tables made of them change together, in one transaction, or not at all.

    with vault.journal() as journal:
        case = Entity("case", secrets.token_hex(8))
        journal.record(case, "title", "Two taken at the bridge")
        journal.record(case, "tag/urgent", True)
        journal.connection.execute(…)           # other tables, in the same transaction
    # on disk, signed and chained

`record` finds `old` by itself and writes nothing when nothing changes. An entity of many facts that never change apart
is best one field with a JSON object. `undo` writes the inverse of an event. Nothing is ever taken out of a log.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from intake.errors import Fault, Usage
from intake.keyring.note import SigningKey
from intake.report.document import Json
from intake.review.log import Clock, Content, Entity, Entry, Head, Pen, plain
from intake.review.originals import Kept
from intake.review.projections import Edit, Registers, State, canonical
from intake.review.tables import event, line, original


class Journal:
    """One transaction of a vault. Use `connection` for reading and for tables that are no projections.

    The tables of projections change at the end only; `state` knows what was recorded before that.
    """

    def __init__(self, connection: Connection, key: SigningKey, now: Callable[[], datetime]) -> None:
        self.connection = connection
        self._registers = Registers(connection)
        self._now = now
        self._rows: list[dict[str, Any]] = []
        self._label = key.name.partition("/")[2]
        own = connection.execute(
            select(event.c.line, event.c.number, event.c.hash, event.c.clock)
            .where(event.c.reviewer == self._label)
            .order_by(event.c.id.desc())
            .limit(1)
        ).first()
        self._line = own.line if own else None
        self._clock = Clock.parse(own.clock) if own else Clock({})
        self._pen = Pen(key, Head(self._label, own.number, own.hash) if own else None)
        self._news: dict[int, Head] | None = None

    def state(self, entity: Entity) -> State:
        """All fields of an entity, with what was recorded here."""
        return self._registers.state(entity)

    @property
    def recorded(self) -> tuple[bytes, ...]:
        """The hashes of the events written here so far, in order: what a person may want to take back together."""
        return tuple(row["hash"] for row in self._rows)

    def record(self, entity: Entity, field: str, new: Json) -> bytes | None:
        """Say that a field is `new` now. Returns the event's hash; None when it was so before, without conflict.

        `new` is JSON within the bounds of `intake.report.document`; None for a value that is taken away. Raises
        ValueError for a field of another shape, `Damaged` for a value that could not be read again.
        """
        new = plain(new)
        current = self.state(entity).get(field)
        old = current.value if current else None
        if canonical(old) == canonical(new) and not (current and current.conflict):
            return None
        return self._write(entity, Content(field, old, new))

    def undo(self, undone: bytes) -> bytes | None:
        """Take back an event, given by its hash: its field gets the old value. Returns like `record`.

        Raises `Usage` when the field was changed since, or the event is unknown, withheld or erased.
        """
        row = self.connection.execute(select(event).where(event.c.hash == undone)).first()
        if row is None or row.content is None:
            raise Usage("there is no such event to undo", "It may be erased, or not have come with a stick yet.")
        content, entity = Content.parse(row.content.encode()), Entity(row.kind, row.entity)
        current = self.state(entity).get(content.field)
        if current is None or [edit.event for edit in current.edits] != [undone]:
            raise Usage("this was changed again since", "Undo the later change first, or write the value you want.")
        return self._write(entity, Content(content.field, content.new, content.old, undone))

    def hold(self, kept: Kept, file_key: bytes) -> None:
        """Keep the file key (16 bytes) of a sealed original, which must be settled before this transaction ends."""
        if len(file_key) != 16:
            raise ValueError("a file key has 16 bytes")
        if self.connection.execute(select(original.c.size).where(original.c.sha256 == kept.sha256)).first() is None:
            self.connection.execute(
                insert(original).values(sha256=kept.sha256, size=kept.size, file_key=file_key),
            )

    def finish(self) -> None:
        """Write what was recorded. The vault calls it."""
        if self._rows:
            self.connection.execute(insert(event), self._rows)
            self._rows = []
        self._registers.finish()

    def _write(self, entity: Entity, content: Content) -> bytes:
        line_id, news = self._own_line(), self._seen()
        entry = self._pen.write(entity, content, self._now(), tuple(news.values()))
        head = entry.event.head
        for foreign, seen in news.items():
            self._clock = self._clock.at(foreign, seen.number)
        news.clear()
        self._clock = self._clock.at(line_id, head.number)
        self._rows.append(row_of(entry, head.hash, line_id, self._clock))
        edit = Edit(content.new, head.reviewer, self._rows[-1]["utc"], head.hash)
        self._registers.write(entity, content.field, edit)
        return head.hash

    def _own_line(self) -> int:
        if self._line is None:
            made = self.connection.execute(insert(line).values(reviewer=self._label, start=1, parent=None))
            if made.inserted_primary_key is None:
                raise Fault("the vault gave no number to a line of the log")
            self._line = int(made.inserted_primary_key[0])
        return self._line

    def _seen(self) -> dict[int, Head]:
        """The newest event of each line that the own log does not know of yet."""
        if self._news is None:
            newest = select(event.c.line, func.max(event.c.number).label("number")).group_by(event.c.line).subquery()
            rows = self.connection.execute(
                select(event.c.line, event.c.reviewer, event.c.number, event.c.hash).join(
                    newest, (newest.c.line == event.c.line) & (newest.c.number == event.c.number)
                )
            ).all()
            self._news = {
                row.line: Head(row.reviewer, row.number, row.hash)
                for row in rows
                if row.line != self._line and not self._clock.covers(row.line, row.number)
            }
        return self._news


def row_of(entry: Entry, digest: bytes, line_id: int, clock: Clock) -> dict[str, Any]:
    """An event as a row of `event`; `digest` is its hash."""
    told = entry.event
    return {
        "line": line_id,
        "number": told.number,
        "hash": digest,
        "clock": str(clock),
        "reviewer": told.reviewer,
        "utc": f"{told.utc:%Y-%m-%dT%H:%M:%SZ}",
        "kind": told.entity.kind,
        "entity": told.entity.id,
        "text": bytes(told),
        "signature": entry.signature,
        "salt": entry.salt,
        "content": None if entry.content is None else entry.content.decode(),
    }
