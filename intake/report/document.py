"""JSON from strangers: UTF-8, bounded in depth, number and length of its values, and with one meaning only.

What `json` would let through and two readers could understand differently is refused: doubled keys, NaN and infinities,
numbers beyond what a double holds exactly. Lone surrogates, which no text file can hold, become U+FFFD.
"""

from __future__ import annotations

import json
import math
import re

from intake.errors import Damaged

DEPTH = 32
VALUES = 20_000
KEY_LENGTH = 128
TEXT_LENGTH = 100_000

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

_SURROGATES = re.compile("[\ud800-\udfff]")
# A string is taken whole, also one that never ends, so that brackets inside it don't count and the scan stays linear.
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKETS = re.compile(rb"[\[{\]}]")
_EXACT = 2**53


def well_formed(text: str) -> str:
    """The text with lone surrogates replaced by U+FFFD, and those that make a pair joined, as browsers do."""
    if not _SURROGATES.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def dump(value: Json) -> bytes:
    """Compact UTF-8 JSON, keys in the order given."""
    return well_formed(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)).encode()


def parse(content: bytes, what: str) -> Json:
    """The value that `content` holds. Raises `Damaged` naming `what` and the reason, never a word of the content."""
    _bound(content, what)

    def pairs(found: list[tuple[str, Json]]) -> dict[str, Json]:
        value = {well_formed(key): item for key, item in found}
        if len(value) != len(found):
            raise Damaged(f"{what} holds the same key twice")
        if any(len(key) > KEY_LENGTH for key in value):
            raise Damaged(f"{what} holds a key of more than {KEY_LENGTH} characters")
        return value

    def constant(_: str) -> Json:
        raise Damaged(f"{what} holds a number that is none")

    def number(digits: str) -> int:
        if len(digits) > 17 or abs(int(digits)) > _EXACT:
            raise Damaged(f"{what} holds a number that is too big")
        return int(digits)

    def fraction(digits: str) -> float:
        value = float(digits)
        if len(digits) > 64 or not math.isfinite(value) or abs(value) > _EXACT:
            raise Damaged(f"{what} holds a number that is too big")
        return value

    try:
        value: Json = json.loads(
            content.decode(),
            object_pairs_hook=pairs,
            parse_constant=constant,
            parse_int=number,
            parse_float=fraction,
        )
    except UnicodeDecodeError:
        raise Damaged(f"{what} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise Damaged(f"{what} is not JSON: broken at character {error.pos}") from None
    # No text is longer than all of it, and a lone surrogate comes by an escape only: UTF-8 has none.
    return value if len(content) <= TEXT_LENGTH and b"\\u" not in content else _texts(value, what)


def _bound(content: bytes, what: str) -> None:
    """Refuse what would cost stack or memory before the parser sees it."""
    opened = content.count(b"[") + content.count(b"{")
    if opened <= DEPTH and opened + content.count(b",") <= VALUES:
        return  # what stands in strings counted in, as most reports are
    bare = _STRINGS.sub(b"", content)
    depth = 0
    for bracket in _BRACKETS.finditer(bare):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > DEPTH:
            raise Damaged(f"{what} is nested more than {DEPTH} deep")
    if sum(map(bare.count, (b"[", b"{", b","))) > VALUES:
        raise Damaged(f"{what} holds more than {VALUES} values")


def _texts(value: Json, what: str) -> Json:
    if isinstance(value, str):
        if len(value) > TEXT_LENGTH:
            raise Damaged(f"{what} holds a text of more than {TEXT_LENGTH} characters")
        return well_formed(value)
    if isinstance(value, list):
        return [_texts(item, what) for item in value]
    if isinstance(value, dict):
        return {key: _texts(item, what) for key, item in value.items()}
    return value
