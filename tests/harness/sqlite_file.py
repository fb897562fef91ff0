"""A SQLite file as whoever takes the disk reads it: by its pages, whatever SQL would say of them.

    file = SQLiteFile(Path("drop.db").read_bytes())
    file.rows("report")       # of a table without rowid: each key, and on which pages its row lies
    file.slack()              # bytes that belong to nothing, page by page

After https://sqlite.org/fileformat2.html: pages of a tree hold cells, what is too long for a cell goes on in a chain of
overflow pages, and pages that nothing uses any more hang on the freelist. None of them need be empty.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

_INNER_KEYS, _INNER_ROWS, _LEAF_KEYS, _LEAF_ROWS = 2, 5, 10, 13
_HEAD = 100
_WRITTEN = re.compile(rb"[^\0]{8}")
_SERIAL_SIZES = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8, 8: 0, 9: 0}


@dataclass(frozen=True)
class Row:
    """Where a row lies: the page and offset of its cell, and its overflow pages in order."""

    page: int
    offset: int
    overflow: tuple[int, ...]


class SQLiteFile:
    """A whole file without reserved bytes and without auto_vacuum. Pages are counted from 1."""

    def __init__(self, content: bytes) -> None:
        assert content.startswith(b"SQLite format 3\0"), "no SQLite file"
        self._content = content
        size = int.from_bytes(content[16:18], "big")
        self.size = 65536 if size == 1 else size
        assert not any((content[20], *content[52:56])), "reserved bytes or auto_vacuum"
        self.count = len(content) // self.size
        self._used: dict[int, list[tuple[int, int]]] = defaultdict(list)  # of each page, from where to where
        self._listed: dict[int, int] = {}  # where the list of a page's cells ends
        self._use(1, 0, _HEAD)

    def page(self, number: int) -> bytes:
        """Its bytes."""
        return self._content[(number - 1) * self.size : number * self.size]

    @cached_property
    def roots(self) -> Mapping[str, int]:
        """The first page of each table and index."""
        found = {}
        for _, _, payload in self._walk(1):
            kind, name, _, root, _ = _record(payload)
            if isinstance(root, int) and root and kind in ("table", "index"):
                found[str(name)] = root
        return found

    @cached_property
    def _trees(self) -> Mapping[str, list[tuple[bytes, Row]]]:
        return {
            name: [(payload, Row(*place)) for _, place, payload in self._walk(root)]
            for name, root in self.roots.items()
        }

    def rows(self, table: str) -> Mapping[bytes, Row]:
        """Of a table without rowid whose key is a BLOB: where each row lies."""
        return {key: row for payload, row in self._trees[table] if isinstance(key := _record(payload)[0], bytes)}

    def slack(self) -> Iterator[tuple[int, bytes]]:
        """What belongs to nothing and is not wiped, of every page: gaps, ends of chains, free pages.

        Not told is what SQLite never wipes and nobody learns from: numbers behind the list of a page's cells, which say
        where in the page some began once, and single bytes of their heads.
        """
        assert self._trees is not None
        self._free()
        for number in range(1, self.count + 1):
            page, at, found = self.page(number), 0, bytearray()
            for start, end in [*sorted(self._used[number]), (self.size, self.size)]:
                if at == self._listed.get(number):
                    while at + 1 < start and int.from_bytes(page[at : at + 2], "big") < self.size:
                        at += 2
                found += page[at:start] if start > at else b""
                at = max(at, end)
            if _WRITTEN.search(found):
                yield number, bytes(found)

    def _use(self, number: int, start: int, end: int) -> None:
        self._used[number].append((start, end))

    def _free(self) -> None:
        """Of the freelist only the numbers that SQLite needs are used, not what else stands on its pages."""
        trunk = int.from_bytes(self._content[32:36], "big")
        while trunk:
            page = self.page(trunk)
            self._use(trunk, 0, 8 + 4 * int.from_bytes(page[4:8], "big"))
            trunk = int.from_bytes(page[:4], "big")

    def _walk(self, number: int) -> Iterator[tuple[int, tuple[int, int, tuple[int, ...]], bytes]]:
        """Each cell of a tree that has a payload: page, place and payload."""
        page, start = self.page(number), _HEAD if number == 1 else 0
        kind = page[start]
        assert kind in (_INNER_KEYS, _INNER_ROWS, _LEAF_KEYS, _LEAF_ROWS), f"page {number} is of no tree"
        inner = kind in (_INNER_KEYS, _INNER_ROWS)
        cells = int.from_bytes(page[start + 3 : start + 5], "big")
        pointers = start + (12 if inner else 8)
        self._listed[number] = pointers + 2 * cells
        self._use(number, start, self._listed[number])
        self._blocks(number, page, int.from_bytes(page[start + 1 : start + 3], "big"))
        for each in range(cells):
            offset = at = int.from_bytes(page[pointers + 2 * each : pointers + 2 * each + 2], "big")
            child = None
            if inner:
                child, at = int.from_bytes(page[at : at + 4], "big"), at + 4
            length = 0
            if kind != _INNER_ROWS:
                length, at = _varint(page, at)
            if kind in (_INNER_ROWS, _LEAF_ROWS):
                _, at = _varint(page, at)
            here = self._local(length, kind)
            payload, chain = page[at : at + here], list[int]()
            end = at + here
            if here < length:
                payload, chain = self._chain(int.from_bytes(page[end : end + 4], "big"), payload, length)
                end += 4
            self._use(number, offset, max(end, offset + 4))  # the least that SQLite gives a cell
            if child is not None:
                yield from self._walk(child)
            if kind != _INNER_ROWS:
                yield number, (number, offset, tuple(chain)), payload
        if inner:
            yield from self._walk(int.from_bytes(page[start + 8 : start + 12], "big"))

    def _blocks(self, number: int, page: bytes, block: int) -> None:
        """Free blocks inside a page: only the four bytes that chain them are used."""
        while block:
            self._use(number, block, block + 4)
            block = int.from_bytes(page[block : block + 2], "big")

    def _local(self, length: int, kind: int) -> int:
        """How much of a payload stands in its cell."""
        most = self.size - 35 if kind == _LEAF_ROWS else (self.size - 12) * 64 // 255 - 23
        if length <= most:
            return length
        least = (self.size - 12) * 32 // 255 - 23
        here = least + (length - least) % (self.size - 4)
        return here if here <= most else least

    def _chain(self, following: int, payload: bytes, length: int) -> tuple[bytes, list[int]]:
        chain, gathered = list[int](), bytearray(payload)
        while following and len(gathered) < length:
            chain.append(following)
            page = self.page(following)
            some = page[4 : 4 + length - len(gathered)]
            gathered += some
            self._use(following, 0, 4 + len(some))
            following = int.from_bytes(page[:4], "big")
        return bytes(gathered), chain


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for number in range(9):
        byte = content[at + number]
        if number == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 127
        if byte < 128:
            return value, at + number + 1
    raise AssertionError


def _record(payload: bytes) -> list[bytes | str | int | None]:
    """The columns of a row: numbers, texts and bytes."""
    head, at = _varint(payload, 0)
    found: list[bytes | str | int | None] = []
    place = head
    while at < head:
        kind, at = _varint(payload, at)
        size = _SERIAL_SIZES[kind] if kind < 12 else (kind - 12) // 2
        content = payload[place : place + size]
        place += size
        if kind >= 12:
            found.append(content.decode() if kind % 2 else content)
        elif kind in (0, 7):
            found.append(None)
        else:
            found.append(kind - 8 if kind in (8, 9) else int.from_bytes(content, "big", signed=True))
    return found
