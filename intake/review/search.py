"""Search in any script: a report as words that an index holds, and what somebody types as a query on that index.

Both become search keys (`intake.report.folding`), so that Хоруғ, Хорог, Khorog and Horog are one word. A key is matched
by its beginning, which takes care of the endings of Russian and Tajik. A place is found by any of its names: wherever a
report names one, in an answer or in running text, the index holds the place's sign beside the words, and a query that
names it, whatever the name, asks for the sign too.

The hidden answers (`intake.review.fields`) are not in the index: nobody is found by their telephone number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from intake.report.document import Json
from intake.report.folding import word_key, words
from intake.report.places import Gazetteer, Place
from intake.review.fields import shown

LIMIT = 20_000
"""Words of a report that are indexed. A report holds 1 MiB at most, and nobody looks for the last word of a flood."""

QUERY_WORDS = 16
_PREFIX = 3  # letters from which a key is matched by its beginning
_ENDING = re.compile("(?<=...)(?:[aeiou]|om|oi|ai|ami|ah)$")
_SIGN = re.compile("[^a-z0-9]")
_KEYS = frozenset({"id", "precision", "date", "time", "zone"})  # parts of answers that are no words


class Gazette:
    """The gazetteer as search needs it."""

    def __init__(self, places: Gazetteer) -> None:
        self._signs = {place.id: _sign(place) for place in places.places}
        self._named: dict[str, set[str]] = {}
        self._words: set[str] = set()  # that any name is made of: most words of a report are not
        self._known = lru_cache(maxsize=1 << 16)(lambda key: key in self._words or _stem(key) in self._words)
        self._longest = 0
        for place in places.places:
            for name in (*place.names.values(), *place.aliases):
                keys = [word_key(word) for word in words(name)]
                self._named.setdefault(" ".join(sorted(keys)), set()).add(self._signs[place.id])
                self._words.update(keys)
                self._longest = max(self._longest, len(keys))

    def sign(self, place_id: str) -> str | None:
        """The word that stands for a place in the index."""
        return self._signs.get(place_id)

    def named(self, keys: Sequence[str]) -> Iterator[tuple[int, int, frozenset[str]]]:
        """Each name of a place in a row of keys: where it begins and ends, and the signs of those called so."""
        known = [*map(self._known, keys)]
        for begin, starts in enumerate(known):
            if not starts:
                continue
            for end in range(begin + 1, min(begin + self._longest, len(keys)) + 1):
                if not known[end - 1]:
                    break
                part = keys[begin:end]
                found = self._named.get(" ".join(sorted(part))) or self._named.get(" ".join(sorted(map(_stem, part))))
                if found:
                    yield begin, end, frozenset(found)


def text_of(answers: Mapping[str, Json], names: Iterable[str], gazette: Gazette) -> str:
    """What the index holds of a report: its keys in order, then the signs of the places that it names.

    `names` are those of its files. One line for each answer, so that no name runs from one answer into another.
    """
    lines: list[str] = []
    signs: dict[str, None] = {}
    left = LIMIT
    for text in (*_texts(shown(answers)), *names):
        keys = [word_key(word) for word in words(text)[:left]]
        left -= len(keys)
        if keys:
            lines.append(" ".join(keys))
            for _, _, found in gazette.named(keys):
                signs.update(dict.fromkeys(sorted(found)))
    for place_id in _places(dict(answers)):
        if (sign := gazette.sign(place_id)) is not None:
            signs[sign] = None
    return "\n".join([*lines, " ".join(signs)] if signs else lines)


def query(typed: str, gazette: Gazette) -> str:
    """What FTS5 is asked for what somebody typed; "" for a text without a letter or digit.

    All words must be there, in any order and with any ending; a place by any of its names. Nothing typed is ever taken
    for an operator of FTS5.
    """
    keys = [word_key(word) for word in words(typed)][:QUERY_WORDS]
    named: dict[int, tuple[int, frozenset[str]]] = {}
    for begin, end, signs in gazette.named(keys):
        if begin not in named or named[begin][0] < end:
            named[begin] = end, signs
    terms, place = [], 0
    while place < len(keys):
        end, signs = named.get(place, (place + 1, frozenset()))
        literal = " AND ".join(map(_term, keys[place:end]))
        if signs:
            literal = " OR ".join([f"({literal})", *(f'"{sign}"' for sign in sorted(signs))])
        terms.append(f"({literal})")
        place = end
    return " AND ".join(terms)


def _term(key: str) -> str:
    stem = _stem(key)
    return f'"{stem}"*' if len(stem) >= _PREFIX else f'"{key}"'


@lru_cache(maxsize=1 << 16)
def _stem(key: str) -> str:
    """The key without the ending of a case, where enough stays."""
    return _ENDING.sub("", key)


def _sign(place: Place) -> str:
    """A word that no text folds to: folding leaves no "q"."""
    return "q" + _SIGN.sub("q", place.id)


def _texts(answer: Json) -> Iterator[str]:
    """Every text of an answer, codes included; dates and ids are no words."""
    if isinstance(answer, str):
        yield answer
    elif isinstance(answer, int) and not isinstance(answer, bool):
        yield str(answer)
    elif isinstance(answer, list):
        for item in answer:
            yield from _texts(item)
    elif isinstance(answer, dict):
        for key, item in answer.items():
            if key not in _KEYS:
                yield from _texts(item)


def _places(answer: Json) -> Iterator[str]:
    """The id of every place that was chosen from the list."""
    if isinstance(answer, list):
        for item in answer:
            yield from _places(item)
    elif isinstance(answer, dict):
        if isinstance(identifier := answer.get("id"), str):
            yield identifier
        for item in answer.values():
            yield from _places(item)
