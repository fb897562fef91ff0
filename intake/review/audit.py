"""Whether the logs of a vault are what their writers signed: every event of every line, from the first to the last.

1. Each event follows the one before it, by number and hash; a line that forks off follows the event it forks off.
2. Each is signed by a key that a believed keyring gave this reviewer (or by the vault's own), and no older key signs
   after a newer one.
3. Each content that is here is the one that was signed. (Contents that are withheld or erased are counted.)
4. Each head that an event names as seen is here, and what it is known to come after is as the heads say.
5. What stands beside the text, to be found by, is what the text says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, select

from intake.errors import IntakeError
from intake.keyring.note import VerifyKey
from intake.keyring.trust import Chain
from intake.review.log import Clock, Entry, Event, Keys, check_following, signer
from intake.review.tables import event, line


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log: whose, from which event to which, and from which line it forks off (None: it does not)."""

    id: int
    reviewer: str
    start: int
    end: int
    parent: int | None

    def __str__(self) -> str:
        if self.parent is None:
            return f"the log of {self.reviewer} begins twice" if self.start == 1 else f"line {self.id}"
        return f"the log of {self.reviewer} forks behind event {self.start - 1}"


@dataclass(frozen=True, slots=True)
class Audit:
    """How the logs stand. `faults` is empty when all is proved; `forks` are genuine, and somebody has to explain them.

    `bare` counts events whose content is not here: withheld by whoever passed them on, or erased.
    """

    events: int
    bare: int
    lines: tuple[Line, ...]
    forks: tuple[str, ...]
    faults: tuple[str, ...]


def reviewer_keys(chain: Chain | None, own: VerifyKey) -> Keys:
    """Every key that each reviewer ever had, oldest first: by all keyrings believed, and this vault's own."""
    found: dict[str, dict[VerifyKey, None]] = {}
    for keyring in chain.keyrings if chain else ():
        for reviewer in keyring.reviewers:
            found.setdefault(reviewer.label, {})[reviewer.key] = None
    found.setdefault(own.name.partition("/")[2], {}).setdefault(own)
    return {label: tuple(keys) for label, keys in found.items()}


def lines_of(connection: Connection) -> tuple[Line, ...]:
    """Every line of every log, in the order in which they came here."""
    rows = connection.execute(
        select(line.c.id, line.c.reviewer, line.c.start, line.c.parent, func.max(event.c.number).label("end"))
        .join(event, event.c.line == line.c.id)
        .group_by(line.c.id)
        .order_by(line.c.id)
    )
    return tuple(Line(row.id, row.reviewer, row.start, row.end, row.parent) for row in rows)


def forks_of(lines: tuple[Line, ...]) -> tuple[str, ...]:
    """Each fork of a log in words: a backup that was used again beside the vault, or a second hand with the key."""
    first: set[str] = set()
    said = []
    for each in lines:
        if each.reviewer in first:
            said.append(str(each))
        first.add(each.reviewer)
    return tuple(said)


def audit(connection: Connection, origin: str, keys: Keys, tick: Callable[[int], None] = lambda _: None) -> Audit:
    """Check all logs. `tick` takes the number of events checked since its last call."""
    lines = lines_of(connection)
    checker = _Checker(connection, origin, keys)
    faults: list[str] = []
    for each in lines:
        faults.extend(checker.check(each, tick))
    return Audit(checker.events, checker.bare, lines, forks_of(lines), tuple(faults))


def entry_of(row: Row[tuple[object, ...]]) -> Entry:
    """A row of `event` as it was signed. Raises `Damaged`."""
    content = None if row.content is None else row.content.encode()
    return Entry(Event.parse(bytes(row.text)), bytes(row.signature), row.salt, content)


class _Checker:
    def __init__(self, connection: Connection, origin: str, keys: Keys) -> None:
        self._connection, self._origin, self._keys = connection, origin, keys
        self._newest_key: dict[int, int] = {}
        self.events = self.bare = 0

    def check(self, each: Line, tick: Callable[[int], None]) -> Iterator[str]:
        before, clock = None, Clock({})
        if each.parent is not None:
            parent = self._at(each.parent, each.start - 1)
            if parent is None:
                yield f"{each}, and that event is not here"
            else:
                before, clock = Event.parse(bytes(parent.text)), Clock.parse(parent.clock)
        rows = self._connection.execute(
            select(event).where(event.c.line == each.id).order_by(event.c.number).execution_options(yield_per=500)
        )
        for row in rows:
            tick(1)
            self.events += 1
            self.bare += row.content is None
            try:
                entry = entry_of(row)
                clock = self._one(row, entry, before, clock)
                before = entry.event
            except IntakeError as error:
                yield f"event {row.number} of {row.reviewer}: {error}"
                return  # all that follows hangs on it

    def _one(self, row: Row[tuple[object, ...]], entry: Entry, before: Event | None, clock: Clock) -> Clock:
        told = entry.event
        check_following(told, before)
        if told.origin != self._origin:
            raise _Fault(f"it is of {told.origin}")
        place = signer(entry, self._keys)
        if place < self._newest_key.setdefault(row.line, place):
            raise _Fault("it is signed by an older key than an event before it")
        self._newest_key[row.line] = place
        entry.read()
        for head in told.seen:
            seen = self._connection.execute(
                select(event.c.line, event.c.number, event.c.reviewer, event.c.clock).where(event.c.hash == head.hash)
            ).first()
            if seen is None or (seen.reviewer, seen.number) != (head.reviewer, head.number):
                raise _Fault(f"it names event {head.number} of {head.reviewer} as seen, which is not here")
            clock = clock.joined(Clock.parse(seen.clock))
        clock = clock.at(row.line, row.number)
        written = (row.hash, row.number, row.reviewer, row.utc, row.kind, row.entity, Clock.parse(row.clock))
        utc = f"{told.utc:%Y-%m-%dT%H:%M:%SZ}"
        if written != (told.hash, told.number, told.reviewer, utc, told.entity.kind, told.entity.id, clock):
            raise _Fault("what stands beside its text is not what the text says")
        return clock

    def _at(self, line_id: int, number: int) -> Row[tuple[object, ...]] | None:
        found: Row[tuple[object, ...]] | None = self._connection.execute(
            select(event).where(event.c.line == line_id, event.c.number == number)
        ).first()
        return found


class _Fault(IntakeError):
    """Why one event is not believed."""
