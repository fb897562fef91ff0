r"""A sealed file as text, in blocks short enough for any messenger, and back from whatever people paste.

    [K7QX9 2/5 9F3M] dGhpcyBpcyB0aGUgc2Vjb25k… [2/5]

`K7QX9` names the file (the first 25 bits of its SHA-256, in Crockford's base 32), `2/5` the block, `9F3M` checks this
block (the first 20 bits of the SHA-256 of its bytes). Between the brackets stands standard base64 without its padding.
White space means nothing, nor do the marks that mail and messengers put before quoted lines.

The blocks may come in any order, twice, mixed with those of other files and with chatter. `gather` puts together what
is whole and names what is missing or damaged, so that a courier can ask for "block 3 of K7QX9" and need know no more.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from intake.errors import Usage

TEXT_SIZE = 3_500
"""Characters of base64 in a block: with its brackets it stays below the 4,096 that the tightest messenger takes."""
BLOCK_SIZE = TEXT_SIZE * 3 // 4
MOST = 999
SIZE_LIMIT = BLOCK_SIZE * MOST
"""Bytes of the longest file that is worth sending so."""

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NOISE = r"[\s>|│\u200b\u200e\u200f\ufeff]"
_HEAD = re.compile(
    rf"\[([0-9A-HJKMNP-TV-Z]{{5}}){_NOISE}{{1,9}}([1-9][0-9]{{0,2}})/([1-9][0-9]{{0,2}}){_NOISE}{{1,9}}([0-9A-HJKMNP-TV-Z]{{4}})\]"
)
_REST = re.compile(rf"((?:[A-Za-z0-9+/]|{_NOISE})*)\[([1-9][0-9]{{0,2}})/([1-9][0-9]{{0,2}})\]")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+")


def _name(content: bytes, letters: int) -> str:
    bits = int.from_bytes(hashlib.sha256(content).digest()[:8], "big")
    return "".join(_LETTERS[bits >> (64 - 5 * (place + 1)) & 31] for place in range(letters))


def split(content: bytes) -> tuple[str, ...]:
    """The blocks of a sealed file. Raises `Usage` when it is empty or longer than `SIZE_LIMIT`."""
    if not 0 < len(content) <= SIZE_LIMIT:
        raise Usage("this file is too long to be sent as text", "Send it as a file.")
    pieces = [content[start : start + BLOCK_SIZE] for start in range(0, len(content), BLOCK_SIZE)]
    name, count = _name(content, 5), len(pieces)
    return tuple(
        f"[{name} {number}/{count} {_name(piece, 4)}] {base64.b64encode(piece).decode().rstrip('=')} [{number}/{count}]"
        for number, piece in enumerate(pieces, 1)
    )


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A file of which blocks are missing or damaged: its name, how many it has, and their numbers."""

    name: str
    count: int
    missing: tuple[int, ...]
    damaged: tuple[int, ...]

    def __str__(self) -> str:
        parts = [f"block {_numbers(self.missing)} missing" if self.missing else ""]
        parts.append(f"block {_numbers(self.damaged)} damaged" if self.damaged else "")
        return f"{self.name} (of {self.count}): {', '.join(filter(None, parts))}"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a heap of text held. `doubled` counts the blocks that came more than once."""

    files: tuple[bytes, ...] = field(repr=False)
    unfinished: tuple[Unfinished, ...]
    doubled: int


def gather(texts: Iterable[str], *, limit: int | None = None) -> Gathered:
    """Put the blocks in `texts` together again. Text without blocks gives nothing; nothing is an error here.

    A block counts for its file only when its check fits. Files come in the order in which they first appeared. Raises
    `Usage` when the blocks name more than `limit` files: whoever takes text from anybody gives one.
    """
    heaps: dict[tuple[str, int], _Heap] = {}
    doubled = 0
    for text in texts:
        for head in _HEAD.finditer(text):
            name, number, count = head[1], int(head[2]), int(head[3])
            if number > count:
                continue
            heap = heaps.setdefault((name, count), _Heap(name, count))
            if limit is not None and len(heaps) > limit:
                raise Usage(f"the text holds pieces of more than {limit} files", "Give fewer at a time.")
            piece = _piece(head, _REST.match(text, head.end()))
            if piece is None:
                heap.damaged.add(number)
            elif not heap.take(number, piece):
                doubled += 1
    files = []
    unfinished = []
    for heap in heaps.values():
        content = heap.whole()
        if content is not None:
            files.append(content)
        else:
            unfinished.append(heap.unfinished())
    return Gathered(tuple(files), tuple(unfinished), doubled)


def name_of(content: bytes) -> str:
    """What the blocks of a sealed file call it."""
    return _name(content, 5)


@dataclass(frozen=True, slots=True)
class Pasted:
    """What one text holds: the names of the files whose blocks stand in it, sound or not, and whether there is more."""

    names: frozenset[str]
    more: bool


def look(text: str) -> Pasted:
    """See `Pasted`. `more`: something besides sound blocks and white space, which would be lost with the text."""
    heads = list(_HEAD.finditer(text))
    rest, end = "", 0
    for head in heads:
        found = _REST.match(text, head.end())
        if found is not None and _piece(head, found) is not None:
            rest, end = rest + text[end : head.start()], found.end()
    return Pasted(frozenset(head[1] for head in heads), bool(re.sub(_NOISE, "", rest + text[end:])))


class _Heap:
    """The blocks of one file so far."""

    def __init__(self, name: str, count: int) -> None:
        self.name = name
        self.count = count
        self.damaged: set[int] = set()
        self._pieces: dict[int, list[bytes]] = {}

    def take(self, number: int, piece: bytes) -> bool:
        """Keep a sound block; whether it is new."""
        known = self._pieces.setdefault(number, [])
        if piece in known:
            return False
        known.append(piece)
        return True

    def whole(self) -> bytes | None:
        """The file, when every block is there once and together they have its name."""
        if len(self._pieces) < self.count or any(len(known) > 1 for known in self._pieces.values()):
            return None
        content = b"".join(self._pieces[number][0] for number in range(1, self.count + 1))
        return content if _name(content, 5) == self.name else None

    def unfinished(self) -> Unfinished:
        """What to ask for again: also the blocks of which two sound ones contradict each other."""
        contradicting = {number for number, known in self._pieces.items() if len(known) > 1}
        missing = set(range(1, self.count + 1)) - self._pieces.keys()
        damaged = contradicting | (self.damaged & missing)
        if not missing and not damaged:
            damaged = set(self._pieces)  # each is sound, and together they are another file
        return Unfinished(self.name, self.count, tuple(sorted(missing - damaged)), tuple(sorted(damaged)))


def _piece(head: re.Match[str], rest: re.Match[str] | None) -> bytes | None:
    """The bytes of a block, or None when it is cut off, altered, or not what its check says."""
    if rest is None or rest.groups()[1:] != head.groups()[1:3]:
        return None
    spelled = "".join(_BASE64.findall(rest[1]))
    try:
        piece = base64.b64decode(spelled + "=" * (-len(spelled) % 4), validate=True)
    except binascii.Error:
        return None
    return piece if _name(piece, 4) == head[4] else None


def _numbers(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))
