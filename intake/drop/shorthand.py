"""A text in which what is said again and again stands once: for a page that must be small before anything packs it.

Larsson and Moffat, "Offline Dictionary-Based Compression" (Re-Pair, 1999), on words and signs instead of bytes: the
pair of neighbours that costs most becomes one sign, until nothing is gained. Reading it takes one line of script, and
gzip still finds what is left.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

_SIGNS = tuple(map(chr, range(0x100, 0x250)))  # two bytes each in UTF-8
_PARTS = re.compile(r"\w+|\W")
_RULE_COST = 5  # the sign itself, and what separates rules in JSON
_AT_ONCE = 8  # pairs that are taken from one count: the text is counted that many times less often

Pair = tuple[str, str]


def shorten(text: str) -> tuple[list[str], str]:
    """The rules, each a sign and what it stands for, in the order in which they were made; and the text with them.

    The same text gives the same result everywhere. Signs that the text itself uses stand for nothing.
    """
    signs = iter([sign for sign in _SIGNS if sign not in text])
    parts = _PARTS.findall(text)
    rules: list[str] = []
    while pairs := dict(zip(_worth_most(parts), signs, strict=False)):
        rules += [sign + "".join(pair) for pair, sign in pairs.items()]
        parts = list(_replaced(parts, pairs))
    return rules, "".join(parts)


def expand(rules: Sequence[str], text: str) -> str:
    """The text as it was. The script of the form does the same (browser/source/carried/open.ts)."""
    for rule in reversed(rules):
        text = text.replace(rule[0], rule[1:])
    return text


def _worth_most(parts: Sequence[str]) -> list[Pair]:
    """The pairs whose rules save most bytes, no part in two of them."""
    counted = Counter(pairwise(parts))
    gains = {pair: _gain(pair, count) for pair, count in counted.items() if count > 1}
    found: list[Pair] = []
    for pair in sorted(gains, key=lambda pair: (-gains[pair], pair)):
        if gains[pair] <= 0 or len(found) == _AT_ONCE:
            break
        if not set(pair) & {part for other in found for part in other}:
            found.append(pair)
    return found


def _gain(pair: Pair, count: int) -> int:
    size = len("".join(pair).encode())
    return count * (size - 2) - size - _RULE_COST


def _replaced(parts: Sequence[str], pairs: dict[Pair, str]) -> Iterator[str]:
    place = 0
    while place < len(parts):
        sign = pairs.get((parts[place], parts[place + 1])) if place + 1 < len(parts) else None
        yield parts[place] if sign is None else sign
        place += 1 if sign is None else 2
