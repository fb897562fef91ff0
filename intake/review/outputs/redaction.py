"""Names and terms taken out of text, in any script and spelling. Pure.

    redaction = Redaction(names={"Фирдавс Раҳмонзода": "F. R."}, terms=("Porshinev",), passages=("the man who …",))
    redaction.apply("Рахмонова увезли из Поршнева")         # 'F. R. увезли из [left out]'

A word stands for a term's word when their search keys are the same, or the one in the text goes on (an ending, a case),
or differs by a slip. So it takes out rather more than less: what is left must not tell, and a reader sees the gap.
Where a name has several words, each of them alone is taken out too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import Levenshtein

from intake.report.folding import search_key

GAP = "[left out]"
_WORD = re.compile(r"[^\W_]+(?:['’‘`ʼʻ´-][^\W_]+)*")
_SHORTEST = 3
_FREE_END = 5
_VOWELS = "aeiou"


@dataclass(frozen=True, slots=True)
class Redaction:
    """`names`: each with what stands in its place; `terms`: words to leave out; `passages`: exact texts likewise."""

    names: Mapping[str, str] = field(default_factory=dict)
    terms: Sequence[str] = ()
    passages: Sequence[str] = ()

    def apply(self, text: str) -> str:
        """The text without them."""
        for passage in sorted(self.passages, key=len, reverse=True):
            text = re.sub(_spaced(passage), GAP, text) if passage.strip() else text
        for name, label in sorted(self.names.items(), key=lambda each: -len(each[0])):
            text = _replaced(text, name, label)
        for term in sorted(self.terms, key=len, reverse=True):
            text = _replaced(text, term, GAP)
        return text

    def found(self, text: str, ours: frozenset[str] = frozenset()) -> Iterator[str]:
        """What of it still stands in a text: names, terms and passages. Words of `ours` count as ours, so spelled."""
        there = words(text) - ours
        keys = {search_key(word) for word in there}
        low = {word.lower() for word in there}
        for wanted in (*self.names, *self.terms):
            sought = _Sought.of(wanted)
            if any(map(sought.matches_key, keys)) or not sought.short.isdisjoint(low):
                yield wanted
        for passage in self.passages:
            if passage.strip() and re.search(_spaced(passage), text):
                yield passage


def words(text: str) -> frozenset[str]:
    """The words of a text, as they are spelled."""
    return frozenset(_WORD.findall(text))


def initials(name: str) -> str:
    """Of a name, in its own script: "Фирдавс Раҳмонзода" becomes "Ф. Р."."""
    return " ".join(f"{word[0].upper()}." for word in _WORD.findall(name)) or "N."


def _spaced(passage: str) -> str:
    return r"\s+".join(map(re.escape, passage.split()))


def _replaced(text: str, wanted: str, label: str) -> str:
    """With each run of the words of `wanted` replaced by one label."""
    pieces, at = [], 0
    for start, end in _runs(text, wanted):
        pieces += [text[at:start], label]
        at = end
    return "".join([*pieces, text[at:]])


def _runs(text: str, wanted: str) -> list[tuple[int, int]]:
    """The spans of its words, those that stand side by side as one."""
    runs: list[tuple[int, int]] = []
    for start, end in _spans(text, wanted):
        if runs and not text[runs[-1][1] : start].strip(" \u00a0.-,"):
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return runs


def _spans(text: str, wanted: str) -> Iterator[tuple[int, int]]:
    sought = _Sought.of(wanted)
    for word in _WORD.finditer(text):
        if sought.matches_key(search_key(word[0])) or word[0].lower() in sought.short:
            yield word.start(), word.end()


@dataclass(frozen=True, slots=True)
class _Sought:
    """Words to look for: by their keys, or as they are where all of them are too short for that."""

    keys: tuple[str, ...]
    short: frozenset[str]

    @classmethod
    def of(cls, wanted: str) -> _Sought:
        parts = _WORD.findall(wanted)
        keys = tuple(key for word in parts if len(key := search_key(word)) >= _SHORTEST)
        return cls(keys, frozenset() if keys else frozenset(word.lower() for word in parts))

    def matches_key(self, key: str) -> bool:
        return any(_same(key, each) for each in self.keys)


def _bare(key: str) -> str:
    """A key without vowels behind its first letter."""
    return key[0] + "".join(each for each in key[1:] if each not in _VOWELS)


def _same(key: str, wanted: str) -> bool:
    if key == wanted:
        return True
    if not key or key[0] != wanted[0]:
        return False
    if key.startswith(wanted):
        return len(wanted) >= _FREE_END or len(key) - len(wanted) <= _SHORTEST
    stem = wanted.rstrip(_VOWELS)
    if len(stem) >= _SHORTEST and len(wanted) > len(stem) and key.startswith(stem) and len(key) - len(stem) <= 2:
        return True
    if len(wanted) < _FREE_END:
        return False
    bare, sought = _bare(key), _bare(wanted)
    if len(sought) >= _SHORTEST + 1 and bare.startswith(sought) and len(bare) - len(sought) <= 2:
        return True
    most = 1 if len(wanted) < 8 else 2
    return Levenshtein.distance(key[: len(wanted) + 1], wanted, score_cutoff=most) <= most
