r"""The log as the truth: who said what about which thing, after having seen what. Pure: bytes in, bytes out.

Each reviewer has one log, a chain of signed events. An event's text is one fact a line, as in every note here, and
with its signature it is a C2SP signed note, so that any tool for those can check it:

    amonat/event/1
    origin drop.example
    reviewer r1
    number 17
    previous <base64 SHA-256 of the text of event 16, or - for event 1>
    utc 2026-11-25T22:14:09Z
    entity case 5f0c2b…
    content <base64 SHA-256 of "amonat/content/1\n", 16 bytes of salt, and the content>
    seen r2 40 <base64 SHA-256 of the text of r2's event 40>      (0 or more)

The *content* is a JSON object of `field`, `old` and `new` (and `undoes`, the event taken back). It lies beside the
text and not in it, so that a witness's words can be erased, or withheld from a colleague's stick, while the chain goes
on to verify: what is left names an entity, a moment, a reviewer, and a hash that nobody can guess words against.

`seen` names the newest event of every other log that this one's writer had before them, where that is news since their
last event. So of two events it is known whether one was written in knowledge of the other (`Clock`). Where neither was,
they have no order, whatever the clocks of two laptops say.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import nacl.exceptions
import nacl.signing
import nacl.utils

from intake.errors import ChainBroken, Damaged
from intake.keyring.lines import Line, Lines
from intake.keyring.note import Signature, SignedNote, SigningKey, VerifyKey
from intake.report.document import Json, dump, parse

FORM = "amonat/event/1"
SALT_SIZE = 16
CONTENT_LIMIT = 1 << 20  # bytes
NUMBER_LIMIT = 999_999_999

_WORDS = ("origin", "reviewer", "number", "previous", "utc", "entity", "content", "seen")
_UTC = "%Y-%m-%dT%H:%M:%SZ"
_KIND = re.compile(r"[a-z][a-z-]{0,31}", re.ASCII)
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}", re.ASCII)
_FIELD = re.compile(r"[a-z][a-z0-9_-]{0,63}(/[^\x00-\x1f\x7f]{1,200})?")


@dataclass(frozen=True, slots=True, order=True)
class Entity:
    """A thing that events speak of: its kind (`case`) and an id that tells nothing, best random or a hash.

    Both stay in the log when the thing is erased, so no name, place or word of a report belongs into them.
    """

    kind: str
    id: str

    def __post_init__(self) -> None:
        if not _KIND.fullmatch(self.kind) or not _ID.fullmatch(self.id):
            raise ValueError("an entity is a kind of a-z and -, and an id of a-z, 0-9, '.', '_' and '-'")

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


@dataclass(frozen=True, slots=True, order=True)
class Head:
    """One event by its place: whose it is, its number, the hash of its text."""

    reviewer: str
    number: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.reviewer} {self.number} {_encode(self.hash)}"


@dataclass(frozen=True, slots=True)
class Content:
    """What an event says: `field` of its entity went from `old` to `new`. `undoes`: the hash of the event taken back.

    A field is a word, or a word and a name after a slash: `title`, `tag/urgent`. A set is a field for each member
    (`new` true or null), so that two reviewers who add two members never contradict each other.
    """

    field: str
    old: Json
    new: Json
    undoes: bytes | None = None

    def __post_init__(self) -> None:
        if not _FIELD.fullmatch(self.field):
            raise ValueError("a field is a word of a-z, 0-9, _ and -, and perhaps a name after a slash")

    def __bytes__(self) -> bytes:
        told: dict[str, Json] = {"field": self.field, "old": self.old, "new": self.new}
        if self.undoes is not None:
            told["undoes"] = _encode(self.undoes)
        return dump(told)

    @classmethod
    def parse(cls, content: bytes) -> Content:
        """Raises `Damaged`; the message never holds a word of the content."""
        what = "an event's content"
        if len(content) > CONTENT_LIMIT:
            raise Damaged(f"{what} is longer than {CONTENT_LIMIT} bytes")
        told = parse(content, what)
        if not isinstance(told, dict) or not {"field", "old", "new"} <= told.keys() <= {
            "field",
            "old",
            "new",
            "undoes",
        }:
            raise Damaged(f"{what} is not an object of field, old and new")
        field, undoes = told["field"], told.get("undoes")
        if not isinstance(field, str) or not isinstance(undoes, str | None):
            raise Damaged(f"{what} holds a value of another type")
        try:
            return cls(field, told["old"], told["new"], None if undoes is None else _decode(undoes))
        except ValueError as error:
            raise Damaged(f"{what}: {error}") from None


def plain(value: Json) -> Json:
    """A value as it will be read again. Raises `Damaged` when it is too deep, too long or of too many parts."""
    if value is None or isinstance(value, bool) or (isinstance(value, str) and len(value) < 1000 and value.isascii()):
        return value
    return parse(dump(value), "a value for the log")


def commitment(salt: bytes, content: bytes) -> bytes:
    """What an event's text says of its content: binding, and silent to who does not have the salt."""
    return hashlib.sha256(b"amonat/content/1\n" + salt + content).digest()


@dataclass(frozen=True, slots=True)
class Event:
    """One event's text. `previous` is None for number 1; `utc`, in whole seconds, is what the writer's clock said."""

    origin: str
    reviewer: str
    number: int
    previous: bytes | None
    utc: datetime
    entity: Entity
    content: bytes
    seen: tuple[Head, ...] = ()

    def __bytes__(self) -> bytes:
        seen = "".join(f"seen {head}\n" for head in self.seen)
        return (
            f"{FORM}\norigin {self.origin}\nreviewer {self.reviewer}\nnumber {self.number}\n"
            f"previous {_encode(self.previous) if self.previous else '-'}\nutc {self.utc:{_UTC}}\n"
            f"entity {self.entity}\ncontent {_encode(self.content)}\n{seen}"
        ).encode()

    @property
    def hash(self) -> bytes:
        """SHA-256 of the text: what the next event and those who saw this one name."""
        return hashlib.sha256(bytes(self)).digest()

    @property
    def head(self) -> Head:
        """Its own place."""
        return Head(self.reviewer, self.number, self.hash)

    @classmethod
    def parse(cls, text: bytes) -> Event:
        """Read strictly: what reads is written back byte for byte. Raises `Damaged` naming the line."""
        lines = Lines(text, FORM, _WORDS, what="event", error=Damaged)
        origin = lines.one("origin").origin()
        reviewer = lines.one("reviewer").label()
        number = lines.one("number").number(1, NUMBER_LIMIT)
        previous = _previous(lines.one("previous"), number)
        utc = _utc(lines.one("utc"))
        entity = _entity(lines.one("entity"))
        content = lines.one("content").digest()
        seen = tuple(_head(line) for line in lines.many("seen", 0, 64))
        lines.end()
        if list(seen) != sorted(set(seen)):
            raise Damaged("event: the heads seen are not in order")
        return cls(origin, reviewer, number, previous, utc, entity, content, seen)


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it stands in a log: its text, signature (4 bytes of the key's hash, 64 of Ed25519), and content.

    `salt` and `content` are None together: withheld by whoever passed it on, or erased.
    """

    event: Event
    signature: bytes
    salt: bytes | None = None
    content: bytes | None = None

    def __post_init__(self) -> None:
        if (self.salt is None) != (self.content is None):
            raise ValueError("a content goes with its salt")
        if self.salt is not None and self.content is not None and len(self.salt) != SALT_SIZE:
            raise ValueError(f"a salt has {SALT_SIZE} bytes")

    @property
    def note(self) -> SignedNote:
        """The event as a C2SP signed note."""
        name = f"{self.event.origin}/{self.event.reviewer}"
        return SignedNote(bytes(self.event), (Signature(name, self.signature[:4], self.signature[4:]),))

    def read(self) -> Content | None:
        """What it says, proved to be what was signed; None when that is not here. Raises `Damaged`."""
        if self.salt is None or self.content is None:
            return None
        if commitment(self.salt, self.content) != self.event.content:
            raise Damaged(f"the content of event {self.event.number} of {self.event.reviewer} is not what was signed")
        return Content.parse(self.content)


class Pen:
    """Writes one reviewer's log: makes, chains and signs events. Not for two threads at once."""

    def __init__(self, key: SigningKey, last: Head | None) -> None:
        self.origin, _, self.reviewer = key.name.partition("/")
        self.last = last
        self._key = nacl.signing.SigningKey(key.seed)
        self._key_hash = key.verify_key.key_hash

    def write(self, entity: Entity, content: Content, utc: datetime, seen: Sequence[Head] = ()) -> Entry:
        """The next event. Raises ValueError when the content is too long."""
        raw, salt = bytes(content), nacl.utils.random(SALT_SIZE)
        if len(raw) > CONTENT_LIMIT:
            raise ValueError("an event's content is too long")
        number, previous = (self.last.number + 1, self.last.hash) if self.last else (1, None)
        event = Event(
            self.origin,
            self.reviewer,
            number,
            previous,
            utc.astimezone(UTC).replace(microsecond=0),
            entity,
            commitment(salt, raw),
            tuple(sorted(seen)),
        )
        text = bytes(event)
        self.last = Head(self.reviewer, number, hashlib.sha256(text).digest())
        return Entry(event, self._key_hash + self._key.sign(text).signature, salt, raw)


Keys = Mapping[str, Sequence[VerifyKey]]
"""Every key that a reviewer's label ever had, oldest first."""


def signer(entry: Entry, keys: Keys) -> int:
    """Which of its reviewer's keys signed an event, by its place in `keys`. Raises `ChainBroken` when none did."""
    event = entry.event
    for place, key in enumerate(keys.get(event.reviewer, ())):
        if key.key_hash == entry.signature[:4]:
            try:
                nacl.signing.VerifyKey(key.public).verify(bytes(event), entry.signature[4:])
            except (nacl.exceptions.BadSignatureError, ValueError):
                continue
            return place
    raise ChainBroken(
        f"event {event.number} of {event.reviewer} is not signed by that reviewer",
        "Nobody may write as another: keep the file, and ask that reviewer.",
    )


def check_following(event: Event, before: Event | None) -> None:
    """Refuse an event that does not follow `before` in one log. Raises `ChainBroken`."""
    if before is None:
        if event.number != 1:
            raise ChainBroken(f"the log of {event.reviewer} begins with event {event.number}: those before are missing")
        return
    if (event.origin, event.reviewer) != (before.origin, before.reviewer):
        raise ChainBroken(f"event {event.number} of {event.reviewer} stands in the log of {before.reviewer}")
    if event.number != before.number + 1:
        raise ChainBroken(f"after event {before.number} of {event.reviewer} comes event {event.number}")
    if event.previous != before.hash:
        raise ChainBroken(f"event {event.number} of {event.reviewer} follows another event {before.number} than this")


@dataclass(frozen=True, slots=True)
class Clock:
    """All that went before an event, itself included: for each line of events, up to which number.

    A *line* is an unbroken run of one log, named by a number of the desk's own. A log has one, and one more for each
    time that it forked; the line that forks off begins behind the last event that both share.
    """

    lines: Mapping[int, int]

    def covers(self, line: int, number: int) -> bool:
        """Whether the event at this place went before (or is it)."""
        return self.lines.get(line, 0) >= number

    def joined(self, other: Clock) -> Clock:
        """What went before either."""
        return Clock(
            {line: max(self.lines.get(line, 0), other.lines.get(line, 0)) for line in {*self.lines, *other.lines}}
        )

    def at(self, line: int, number: int) -> Clock:
        """The same, with one more event."""
        return Clock({**self.lines, line: number})

    def __str__(self) -> str:
        return " ".join(f"{line}:{number}" for line, number in sorted(self.lines.items()))

    @classmethod
    def parse(cls, text: str) -> Clock:
        """From what `str` made of one."""
        return cls({int(line): int(number) for line, _, number in (part.partition(":") for part in text.split())})


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decode(text: str) -> bytes:
    raw = base64.b64decode(text, validate=True)
    if len(raw) != 32:
        raise ValueError("a hash of another length")
    return raw


def _previous(line: Line, number: int) -> bytes | None:
    if line.values == ("-",):
        if number != 1:
            line.refuse(f"event {number} names no event before it")
        return None
    if number == 1:
        line.refuse("the first event can't have one before it")
    return line.digest()


def _utc(line: Line) -> datetime:
    (written,) = line.text(1)
    try:
        found = datetime.strptime(written, _UTC).replace(tzinfo=UTC)
    except ValueError:
        line.refuse("'utc' is not a moment as YYYY-MM-DDTHH:MM:SSZ")
    if f"{found:{_UTC}}" != written:
        line.refuse("'utc' is not a moment as YYYY-MM-DDTHH:MM:SSZ")
    return found


def _entity(line: Line) -> Entity:
    kind, identifier = line.text(2)
    try:
        return Entity(kind, identifier)
    except ValueError as error:
        line.refuse(str(error))


def _head(line: Line) -> Head:
    reviewer, number, encoded = line.text(3)
    return Head(line.label(reviewer), line.number(1, NUMBER_LIMIT, number), line.digest(encoded))
