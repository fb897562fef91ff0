"""Desks exchange their logs by stick: what one has and another may lack, sealed, and merged as a union.

A stick carries an age file with a neutral name, sealed to the other reviewers of the newest keyring. Inside, a JSON
object a line: first {"format": "amonat/sync/1", "origin": …}, then an event each, in an order in which nothing comes
before what it builds on:

    {"text": …, "signature": "<base64, 68 bytes>", "salt": "<base64, 16 bytes>", "content": …}

Nobody is believed who passes it on: every event is proved by its writer's own signature, and a reviewer's log by its
chain. So a file may come twice, late, by anyone, or never: what a colleague has is read from the heads that their own
signed events name, and whatever those don't show goes onto the next stick again.

Edits without an order stay side by side (`intake.review.projections`). A log that forks is taken whole, both lines, and
named. Events that hang on one that is missing are not taken, and the gap is named: the next stick brings both.

Contents of the fields that tell who a witness is are withheld unless asked for; their events travel, so that no chain
has a hole.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Row, func, insert, select, update

from intake.durable import new_file, private_folder
from intake.errors import ChainBroken, Damaged, IntakeError, Usage
from intake.report.document import dump, parse
from intake.review.audit import entry_of, reviewer_keys
from intake.review.erasing import carry_out
from intake.review.journal import row_of
from intake.review.log import Clock, Content, Entry, Event, Keys, signer
from intake.review.projections import Edit, Placed, Registers
from intake.review.sealed import readable
from intake.review.tables import event, line
from intake.review.vault import Vault
from intake.sealing import HybridRecipient, Identity, Sealer, open_sealed

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FORM = "amonat/sync/1"
LINE_LIMIT = 4 << 20  # bytes of one event, content and all

_PRIVATE = re.compile(r"(^|[/_.-])contact|(^|/)(relation|known)($|/)")


def private(name: str) -> bool:
    """Whether a field tells who a witness is: it stays at the desk where it was written, by default."""
    return bool(_PRIVATE.search(name))


@dataclass(slots=True)
class Merged:
    """What a stick brought: events new here, contents that were missing, and what was refused or hangs in the air.

    `erased`: how many things two reviewers had decided to erase, and were then erased here.
    """

    events: int = 0
    contents: int = 0
    before: int = 0
    erased: int = 0
    gaps: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    forks: list[str] = field(default_factory=list)


def write(vault: Vault, folder: Path, *, everything: bool = False, contacts: bool = False) -> tuple[Path, int]:
    """Seal for the other reviewers what they may not have; all of it with `everything`. The file, and how many events.

    `contacts` sends the contents, too, of fields that tell who a witness is. Raises `Usage` when there is no other.
    """
    chain = vault.chain
    others = [each for each in chain.newest.reviewers if each.label != vault.label] if chain else []
    if not others:
        raise Usage("there is no other reviewer to give the log to", "A newer keyring may name one: import a bundle.")
    recipients = [HybridRecipient.parse(each.recipient) for each in others]
    path, count = private_folder(folder) / f"{secrets.token_hex(8)}.age", 0
    with vault.reading() as connection, new_file(path) as file, Sealer(file, recipients) as sealer:
        sealer.write(dump({"format": FORM, "origin": vault.origin}) + b"\n")
        had = Clock({}) if everything else _had_by_all(connection, [each.label for each in others])
        rows = connection.execute(select(event).order_by(event.c.id).execution_options(yield_per=500))
        for row in rows:
            if not had.covers(row.line, row.number):
                sealer.write(_told(entry_of(row), contacts=contacts))
                count += 1
    return path, count


def read(vault: Vault, path: Path, identities: Sequence[Identity]) -> Merged:
    """Merge a colleague's file into the vault, in one transaction; then erase what is decided.

    Raises `NoKeyFits`, `Damaged`, `Usage`.
    """
    with readable(path) as file:
        entries = _entries(io.BufferedReader(_Raw(open_sealed(file, identities))), vault.origin)
        keys = reviewer_keys(vault.chain, vault.signing.verify_key)
        with vault.writing() as connection:
            merging = _Merging(connection, vault.origin, keys)
            for entry in entries:
                merging.take(entry)
            merging.registers.finish()
    merging.merged.erased = len(carry_out(vault))
    return merging.merged


class _Raw(io.RawIOBase):
    """What a sealed file holds, for a buffer that cuts it into lines."""

    def __init__(self, opened: io.BufferedIOBase) -> None:
        self._opened = opened

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """The next bytes, at most as many as the buffer takes."""
        with memoryview(buffer) as view:
            part = self._opened.read1(len(view))
            view[: len(part)] = part
            return len(part)


class _Merging:
    """One transaction that takes events from elsewhere."""

    def __init__(self, connection: Connection, origin: str, keys: Keys) -> None:
        self.registers = Registers(connection)
        self.merged = Merged()
        self._connection, self._origin, self._keys = connection, origin, keys
        self._stopped: set[str] = set()  # reviewers of whose log nothing more is taken from this file

    def take(self, entry: Entry) -> None:
        """One event: new, or one whose content was missing, or one that is here already."""
        told = entry.event
        known = self._known(told.hash)
        try:
            content = entry.read()
            if known is not None:
                if known.content is None and content is not None:
                    self._fill(entry, content, known.line, Clock.parse(known.clock))
                else:
                    self.merged.before += 1
            elif told.reviewer not in self._stopped:
                self._add(entry, content)
        except IntakeError as error:
            self._stopped.add(told.reviewer)
            self.merged.refused.append(str(error))

    def _add(self, entry: Entry, content: Content | None) -> None:
        told = entry.event
        if told.origin != self._origin:
            raise ChainBroken(f"event {told.number} of {told.reviewer} is of {told.origin}")
        signer(entry, self._keys)
        clock, before = Clock({}), None
        if told.previous is not None:
            before = self._known(told.previous)
            if before is None:
                self._gap(told, told.reviewer, told.number - 1)
                return
            if (before.reviewer, before.number) != (told.reviewer, told.number - 1):
                raise ChainBroken(f"event {told.number} of {told.reviewer} follows one that is not its own")
            clock = Clock.parse(before.clock)
        for head in told.seen:
            seen = self._known(head.hash)
            if seen is None or (seen.reviewer, seen.number) != (head.reviewer, head.number):
                self._gap(told, head.reviewer, head.number)
                return
            clock = clock.joined(Clock.parse(seen.clock))
        line_id = self._line(told, None if before is None else before.line)
        clock = clock.at(line_id, told.number)
        self._connection.execute(insert(event), [row_of(entry, told.hash, line_id, clock)])
        self.merged.events += 1
        if content is not None:
            self._merge(told, content, line_id, clock)

    def _fill(self, entry: Entry, content: Content, line_id: int, clock: Clock) -> None:
        raw = (entry.content or b"").decode()
        changed = update(event).where(event.c.hash == entry.event.hash).values(salt=entry.salt, content=raw)
        self._connection.execute(changed)
        self.merged.contents += 1
        self._merge(entry.event, content, line_id, clock)

    def _merge(self, told: Event, content: Content, line_id: int, clock: Clock) -> None:
        edit = Edit(content.new, told.reviewer, f"{told.utc:%Y-%m-%dT%H:%M:%SZ}", told.hash)
        self.registers.merge(told.entity, content.field, Placed(edit, line_id, told.number, clock))

    def _known(self, digest: bytes) -> Row[int, int, str, str, str | None] | None:
        columns = (event.c.line, event.c.number, event.c.reviewer, event.c.clock, event.c.content)
        return self._connection.execute(select(*columns).where(event.c.hash == digest)).first()

    def _gap(self, told: Event, missing: str, number: int) -> None:
        self._stopped.add(told.reviewer)
        self.merged.gaps.append(
            f"event {number} of {missing} is missing, so events of {told.reviewer} from {told.number} on were not taken"
        )

    def _line(self, told: Event, before: int | None) -> int:
        """The line that an event goes on, or a new one where its log begins or forks."""
        if before is not None:
            end = select(func.max(event.c.number)).where(event.c.line == before)
            if self._connection.execute(end).scalar_one() == told.number - 1:
                return before
            self.merged.forks.append(f"the log of {told.reviewer} forks behind event {told.number - 1}")
        elif self._connection.execute(select(line.c.id).where(line.c.reviewer == told.reviewer)).first():
            self.merged.forks.append(f"the log of {told.reviewer} begins twice")
        made = self._connection.execute(
            insert(line).values(reviewer=told.reviewer, start=told.number, parent=before).returning(line.c.id)
        )
        return int(made.scalar_one())


def _had_by_all(connection: Connection, labels: Sequence[str]) -> Clock:
    """What every one of these reviewers is known, by their own signed events, to have."""
    had: Clock | None = None
    for label in labels:
        newest = connection.execute(
            select(event.c.clock).where(event.c.reviewer == label).order_by(event.c.id.desc()).limit(1)
        ).scalar()
        clock = Clock({}) if newest is None else Clock.parse(newest)
        had = clock if had is None else Clock({k: min(v, clock.lines.get(k, 0)) for k, v in had.lines.items()})
    return had or Clock({})


def _told(entry: Entry, *, contacts: bool) -> bytes:
    content = entry.read()
    kept = content is not None and (contacts or not private(content.field))
    return (
        dump(
            {
                "text": bytes(entry.event).decode(),
                "signature": base64.b64encode(entry.signature).decode(),
                "salt": base64.b64encode(entry.salt or b"").decode() if kept else None,
                "content": (entry.content or b"").decode() if kept else None,
            }
        )
        + b"\n"
    )


def _entries(source: io.BufferedReader, origin: str) -> Iterator[Entry]:
    first = parse(source.readline(LINE_LIMIT), "the stick's file")
    if not isinstance(first, dict) or first.get("format") != FORM:
        raise Damaged(
            f"the file is not of the format {FORM}", "It may be from a newer version, or another kind of file."
        )
    if first.get("origin") != origin:
        raise Usage("the file is of another drop than this vault", "Give it to that drop's reviewers.")
    while raw := source.readline(LINE_LIMIT):
        yield _entry(raw)


def _entry(raw: bytes) -> Entry:
    what = "a line of the stick's file"
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Damaged(f"{what} is no event")
    text, signature, salt, content = (told.get(name) for name in ("text", "signature", "salt", "content"))
    if not isinstance(text, str) or not isinstance(signature, str):
        raise Damaged(f"{what} is no event")
    try:
        if isinstance(salt, str) and isinstance(content, str):
            return Entry(Event.parse(text.encode()), _decode(signature, 68), _decode(salt, 16), content.encode())
        return Entry(Event.parse(text.encode()), _decode(signature, 68))
    except (ValueError, binascii.Error):
        raise Damaged(f"{what} is no event") from None


def _decode(text: str, size: int) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if len(raw) != size:
        raise ValueError("another length")
    return raw
