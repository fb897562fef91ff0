"""The bundle: how sealed reports travel from the drop to the desks, offline and by any way.

A tar like the package: `index.note`, the keyring's chain as `keyring/<serial>.note` from the oldest on, then
`reports/<id>.age` in order of id. The index is signed by the drop and lists *everything held*, one line each:

    amonat/bundle/1
    origin gbao
    epoch 1
    serial 12
    previous <base64 SHA-256 of index 11's text, or "-">
    keyring 7
    closed 1 2 3                  (the serials that seal no more, rising, or "-")
    count 1
    report <id> <day> <size> <SHA-256 in hex> <serial that the sender claimed, or "-"> <new or held>

`new` reports are always carried; `held` ones, listed before, only when all were asked for. Who signed the index, and
whether the chain of bundles is whole, is the desk's to judge: this module checks form, order, sizes and hashes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from io import BufferedReader
from typing import BinaryIO, Literal

from intake.errors import Damaged, Fault, KeyringRefused
from intake.keyring.note import NOTE_LIMIT, SignedNote
from intake.report import ustar

FORMAT = "amonat/bundle/1"
INDEX_LIMIT = 64 * 2**20
CHAIN_LIMIT = 10_000

_HASH_BYTES = 32
_REPORT = re.compile(
    r"report (?P<id>[0-9a-f]{32}) (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}) (?P<size>[1-9][0-9]{0,9})"
    r" (?P<sha256>[0-9a-f]{64}) (?P<claimed>-|[1-9][0-9]{0,8}) (?P<state>new|held)"
)
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_COUNT = re.compile(r"0|[1-9][0-9]{0,8}")
_ORIGIN = re.compile(r"[a-z0-9.-]{1,64}")
_CLOSED = re.compile(r"-|[1-9][0-9]{0,8}( [1-9][0-9]{0,8})*")
_KEYRING = re.compile(r"keyring/([1-9][0-9]{0,8})\.note")
_MEMBER = re.compile(r"reports/([0-9a-f]{32})\.age")


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One report held by the drop. `size` in bytes and `sha256` in hex are of the sealed file; `day` is its arrival."""

    id: str
    day: date
    size: int
    sha256: str
    claimed: int | None
    state: Literal["new", "held"]

    def __str__(self) -> str:
        claimed = "-" if self.claimed is None else self.claimed
        return f"report {self.id} {self.day} {self.size} {self.sha256} {claimed} {self.state}"


@dataclass(frozen=True, slots=True)
class Index:
    """The text of `index.note`. `previous` is the SHA-256 (32 bytes) of the index before; reports rise by id."""

    origin: str
    epoch: int
    serial: int
    previous: bytes | None
    keyring: int
    closed: tuple[int, ...]
    reports: tuple[IndexEntry, ...]

    @property
    def count(self) -> int:
        """How many reports the drop holds."""
        return len(self.reports)

    @property
    def hash(self) -> bytes:
        """SHA-256 of the text: what the next index names as `previous`."""
        return hashlib.sha256(bytes(self)).digest()

    def __bytes__(self) -> bytes:
        previous = "-" if self.previous is None else base64.b64encode(self.previous).decode()
        lines = [
            FORMAT,
            f"origin {self.origin}",
            f"epoch {self.epoch}",
            f"serial {self.serial}",
            f"previous {previous}",
            f"keyring {self.keyring}",
            f"closed {' '.join(map(str, self.closed)) or '-'}",
            f"count {self.count}",
            *map(str, self.reports),
        ]
        return "".join(f"{line}\n" for line in lines).encode("ascii")

    @classmethod
    def parse(cls, text: bytes) -> Index:
        """Read the text line by line; there is one spelling of each index. Raises `Damaged`."""
        lines = _Lines(text)
        lines.exactly(FORMAT)
        origin = lines.value("origin", _ORIGIN)
        epoch = int(lines.value("epoch", _NUMBER))
        serial = int(lines.value("serial", _NUMBER))
        previous = _previous(lines.value("previous", re.compile(r"-|[A-Za-z0-9+/]{43}=")))
        keyring = int(lines.value("keyring", _NUMBER))
        spelled = lines.value("closed", _CLOSED)
        closed = () if spelled == "-" else tuple(map(int, spelled.split()))
        if any(later <= earlier for earlier, later in itertools.pairwise(closed)):
            raise Damaged("the index: closed serials don't rise")
        count = int(lines.value("count", _COUNT))
        reports = tuple(lines.reports())
        if len(reports) != count:
            raise Damaged(f"the index lists {len(reports)} reports where it announces {count}")
        return cls(origin, epoch, serial, previous, keyring, closed, reports)


def write_bundle(
    sink: BinaryIO, index_note: bytes, chain: Mapping[int, bytes], reports: Iterable[tuple[str, int, BinaryIO]]
) -> None:
    """Write a bundle: the signed index, the keyring notes by serial, and (id, size, stream) of each report to carry.

    Reports must come in order of id, and each one that the index calls new must come. Raises `Damaged` when the index
    is not one, `Fault` when the notes or reports don't fit it: a bundle that a desk would refuse is never finished.
    """
    index = Index.parse(_note(index_note).text)
    listed = {entry.id: entry for entry in index.reports}
    due = {entry.id for entry in index.reports if entry.state == "new"}
    if sorted(chain) != list(range(min(chain, default=1), index.keyring + 1)):
        raise Fault("the chain of keyrings does not lead to the one that the index names")
    writer = ustar.Writer(sink)
    writer.add_bytes("index.note", index_note)
    for serial in sorted(chain):
        writer.add_bytes(f"keyring/{serial}.note", chain[serial])
    last = ""
    for name, size, stream in reports:
        entry = listed.get(name)
        if entry is None or entry.size != size or name <= last:
            raise Fault("a report to be carried is not listed so, or out of order")
        writer.add(f"reports/{name}.age", size, stream)
        due.discard(name)
        last = name
    if due:
        raise Fault(f"{len(due)} new reports are listed but not carried")
    writer.close()


class BundleReader:
    """A bundle being read: index and keyrings at once, then iterate once over (entry, stream).

    A stream raises `Damaged` instead of giving its last bytes when its size or hash is not the listed one; that spoils
    this report only, and the iteration can go on. The iteration itself raises `Damaged` when the bundle as a whole is
    not what its index says: something unlisted, out of order, missing or left over.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._reader = ustar.Reader(source)
        first = self._reader.next()
        if first is None or first.name != "index.note":
            raise Damaged("the bundle does not begin with its index")
        if first.size > INDEX_LIMIT:
            raise Damaged("the index is larger than 64 MiB")
        self.index_note = _note(_content(first))
        self.index = Index.parse(self.index_note.text)
        self.keyrings: dict[int, bytes] = {}
        member = self._reader.next()
        while member is not None and (found := _KEYRING.fullmatch(member.name)):
            self._keep(int(found[1]), member)
            member = self._reader.next()
        self._next = member
        if self.index.keyring not in self.keyrings or max(self.keyrings) != self.index.keyring:
            raise Damaged("the bundle's keyrings don't end with the one that its index names")

    def __iter__(self) -> Iterator[tuple[IndexEntry, BinaryIO]]:
        """Each report carried, in order of id. Raises `Damaged`."""
        due = iter(self.index.reports)
        while (member := self._next) is not None:
            found = _MEMBER.fullmatch(member.name)
            if found is None:
                raise Damaged("the bundle holds a member that is no report")
            for entry in due:
                if entry.id == found[1]:
                    break
                _not_new(entry)
            else:
                raise Damaged("the bundle holds a report that its index does not list, or one out of order")
            member.sha256, member.expected = entry.sha256, entry.size
            yield entry, BufferedReader(member)
            self._next = self._reader.next()
        for entry in due:
            _not_new(entry)
        self._reader.finish()

    def _keep(self, serial: int, member: ustar.Member) -> None:
        if self.keyrings and serial != max(self.keyrings) + 1:
            raise Damaged("the bundle's keyrings are not in order")
        if member.size > NOTE_LIMIT or len(self.keyrings) >= CHAIN_LIMIT:
            raise Damaged("the bundle's keyrings are larger or more than any chain")
        self.keyrings[serial] = _content(member)


def read_bundle(source: BinaryIO) -> BundleReader:
    """Begin to read a bundle. Raises `Damaged`."""
    return BundleReader(source)


class _Lines:
    """Lines taken one by one, each ended by a newline and ASCII only."""

    def __init__(self, text: bytes) -> None:
        if not text.isascii() or not text.endswith(b"\n"):
            raise Damaged("the index is not lines of plain text")
        self._lines = iter(text.decode().split("\n")[:-1])

    def exactly(self, line: str) -> None:
        if next(self._lines, None) != line:
            raise Damaged(f"the index is not of the format {line}", "A newer version of this software may read it.")

    def value(self, key: str, pattern: re.Pattern[str]) -> str:
        name, _, value = next(self._lines, "").partition(" ")
        if name != key or not pattern.fullmatch(value):
            raise Damaged(f"the index: {key} is missing or not what it should be")
        return value

    def reports(self) -> Iterator[IndexEntry]:
        last = ""
        for line in self._lines:
            found = _REPORT.fullmatch(line)
            if found is None:
                raise Damaged("the index: a line is not that of a report")
            if found["id"] <= last:
                raise Damaged("the index: reports are not in order of id")
            last = found["id"]
            try:
                day = date.fromisoformat(found["day"])
            except ValueError:
                raise Damaged("the index: a day is not a day") from None
            claimed = None if found["claimed"] == "-" else int(found["claimed"])
            state: Literal["new", "held"] = "new" if found["state"] == "new" else "held"
            yield IndexEntry(last, day, int(found["size"]), found["sha256"], claimed, state)


def _previous(spelled: str) -> bytes | None:
    if spelled == "-":
        return None
    try:
        raw = base64.b64decode(spelled, validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != _HASH_BYTES or base64.b64encode(raw).decode() != spelled:
        raise Damaged("the index: previous is not a hash")
    return raw


def _not_new(entry: IndexEntry) -> None:
    if entry.state == "new":
        raise Damaged("the bundle lacks a report that its index calls new, or holds it out of order")


def _content(member: ustar.Member) -> bytes:
    return BufferedReader(member).read()


def _note(content: bytes) -> SignedNote:
    """The note, its signatures read but not verified."""
    try:
        return SignedNote.parse(content, limit=INDEX_LIMIT)
    except KeyringRefused as error:
        raise Damaged(f"the index is not a signed note: {error}") from None
