"""Who may be the same person, and what the same event: suggestions with their reasons, for a human to decide.

Pure: what is known of each mention comes in, pairs with a score and reasons in plain words come out. Nothing is ever
joined here.

**Names.** A name is two to five words in any order, script and spelling, each folded (`intake.report.folding`) and then
made coarser by what custom does to names: the ending of a patronymic away, an ending of a five-letter surname away, a
closing h away (Shoh, Sho), Mamad for Muhammad, ё as Latin has it. Its *code* is the skeleton without h, with one sign
for any vowel in front. Two words agree when their codes do and their letters are close, or when one letter is missing
or another and the rest is closer still.

One word in common proves nothing, be it a surname or a given name: two must agree, or the mentions share an alias (a
pen name, a channel). Where both names have a word left over that nothing answers to, they may be brothers, or father
and son: hardly one person.

**Context** raises or lowers what names say: days within 30 of each other, a place, a year of birth (two years of slack,
since ages are guessed), an alias, a man's ending and a woman's.

**Blocking.** Only mentions that share a block are ever compared: two codes, each whole or one of them less a letter; or
a whole alias. The desk stores the blocks of each mention, so that one new report meets 100,000 in milliseconds.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from itertools import combinations
from operator import attrgetter

from rapidfuzz.distance import Levenshtein

from intake.report.folding import search_key, word_key, words

WINDOW = 30
"""Days between two events that may be one."""

CLOSE = 3
"""Days between two reports of one event where nothing but the place and the kind speaks for it."""

SLACK = 2
"""Years between two years of birth that may be one: ages are guessed."""

FLOOR = 0.75
"""The score from which a pair is suggested."""

CROWD = 200
"""Mentions that a block keeps: where more share one, later ones meet the first of them, and no flood is quadratic."""

_WORDS = 5
_EXPANDED = 3
_JOINERS = {"ibn", "ibni", "bin", "binti", "bint", "ugli", "ogli", "kizi", "kyzy", "va"}
_FATHERS = re.compile("(?<=..)(?:[aeou]v[ei]?t?ch|[aeou]vn[ao]|ich)$")
_SURNAMES = re.compile("(?<=..)(?:ova?|eva?|zoda?)$")
_MUHAMMAD = re.compile("m[auo]?h?[ao]m+[ae]d")
_WOMAN = re.compile(r"(?:[оеё]в|ин)а\b|[оеё]вна\b|[oe][vw](?:na|a)\b", re.IGNORECASE)
_MAN = re.compile(r"[оеё]в(?:ич)?\b|[oe][vw](?:i[ct]|it?s?ch)?\b", re.IGNORECASE)
_VOWELS = frozenset("aeiou")
_NO_CODE = re.compile("[aeiouh]")
_DOUBLED = re.compile(r"(.)\1+")


@dataclass(frozen=True, slots=True)
class Person:
    """What one report says of one person. `key` is whatever the caller knows the mention by.

    `names` are spellings of the name, `aliases` what else the person goes by. `days` is the first and the last day on
    which it can have happened, `born` the first and the last year; None where nothing is known. `places` are ids.
    `statement` tells an advance statement ("if I turn up there, I was taken"), `video` a forced one.
    """

    key: str
    names: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    places: frozenset[str] = frozenset()
    days: tuple[date, date] | None = None
    born: tuple[int, int] | None = None
    statement: bool = False
    video: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two mentions that may be one: a score from 0 to 1, and why."""

    left: str
    right: str
    score: float
    reasons: tuple[str, ...]


class _Word:
    """One word of a name: what letters are compared by, and what it is gathered by."""

    __slots__ = ("code", "key", "near")

    def __init__(self, folded: str) -> None:
        stem = _FATHERS.sub("", folded)
        if len(stem) >= 5:
            stem = _SURNAMES.sub("", stem)
        stem = _MUHAMMAD.sub("mamad", stem)
        if len(stem) > 3:
            stem = stem.removesuffix("h")
        self.key = word_key(stem).replace("a", "o")
        hard = stem.replace("ch", "j").replace("sh", "$")
        front = "a" if hard[0] in _VOWELS else hard[0]
        self.code = _DOUBLED.sub(r"\1", front + _NO_CODE.sub("", hard[1:]))
        self.near = frozenset(self.code[:at] + self.code[at + 1 :] for at in range(1, len(self.code)))


_word = lru_cache(maxsize=1 << 17)(_Word)


@lru_cache(maxsize=1 << 17)
def _parts(name: str) -> tuple[_Word, ...]:
    """The words of a name that say something: no initials, no "son of"."""
    spoken = name.replace("ё", "йо").replace("Ё", "Йо")
    said = [word for word in dict.fromkeys(words(spoken)) if len(word) > 1 and word not in _JOINERS]
    return tuple(map(_word, said[:_WORDS]))


@dataclass(frozen=True, slots=True)
class Blocks:
    """Under which keys a mention is kept, and under which others those are that it may be compared to."""

    kept: frozenset[str]
    sought: frozenset[str]


def blocks(person: Person) -> Blocks:
    """The keys of a mention; two mentions meet when one's `sought` holds one of the other's `kept`."""
    return _Profile(person).blocks()


def known_aliases(people: Iterable[Person]) -> dict[str, tuple[str, ...]]:
    """The alias table: by the search key of each alias the names of the one who is said to go by it.

    An alias of two whose names don't agree tells nothing, and is left out.
    """
    table: dict[str, dict[str, None]] = defaultdict(dict)
    for person in people:
        for key in _aliases(person):
            table[key].update(dict.fromkeys(person.names))
    return {key: tuple(names)[:_EXPANDED] for key, names in table.items() if _of_one(tuple(names))}


def _of_one(names: tuple[str, ...]) -> bool:
    first, *others = map(_parts, names)
    return all(_names(first, other)[0] >= FLOOR for other in others)


def expanded(person: Person, table: Mapping[str, tuple[str, ...]]) -> Person:
    """The mention with names that others know for its aliases, or for its name where that is an alias."""
    keys = [*_aliases(person), *map(search_key, person.names)]
    known = dict.fromkeys(name for key in keys for name in table.get(key, ()) if name not in person.names)
    return replace(person, names=(*person.names, *known)) if known else person


@lru_cache(maxsize=1 << 18)
def _agreement(left: _Word, right: _Word) -> float:
    """How much two words agree, from 0 to 1; below `_AGREED` they are two words."""
    if left.key == right.key:
        return 1.0
    close = Levenshtein.normalized_similarity(left.key, right.key)
    if left.code == right.code:
        return 0.5 + close / 2 if close >= 0.5 else 0.0
    if left.code in right.near or right.code in left.near:
        return close - 0.1 if close >= 0.78 else 0.0
    if left.near & right.near:
        return close - 0.1 if close >= 0.85 else 0.0
    return 0.0


def _names(left: tuple[_Word, ...], right: tuple[_Word, ...]) -> tuple[float, int]:
    """(score, words that agree) of two spellings."""
    pairs = [(value, i, j) for i, a in enumerate(left) for j, b in enumerate(right) if (value := _agreement(a, b))]
    if len(pairs) < 2:
        return 0.0, len(pairs)
    pairs.sort(reverse=True)
    rows: set[int] = set()
    columns: set[int] = set()
    score = 0.0
    for value, i, j in pairs:
        if i not in rows and j not in columns:
            rows.add(i)
            columns.add(j)
            score += value
    agreed = len(rows)
    if agreed < 2:
        return 0.0, agreed
    score /= agreed
    if len(left) > agreed < len(right):
        rest = [b for j, b in enumerate(right) if j not in columns]
        alike = any(
            a.code[:1] == b.code[:1] and Levenshtein.normalized_similarity(a.key, b.key) >= 0.75
            for i, a in enumerate(left)
            if i not in rows
            for b in rest
        )
        score -= 0.1 if alike else 0.6
    return score, agreed


@lru_cache(maxsize=1 << 17)
def _sex(names: tuple[str, ...]) -> str:
    """What the endings tell: "woman", "man", or "" for nothing."""
    if any(map(_WOMAN.search, names)):
        return "woman"
    return "man" if any(map(_MAN.search, names)) else ""


class _Profile:
    """What comparing needs of a mention, worked out once. Aliases that spell the name are spellings of it."""

    __slots__ = ("aliases", "keys", "parts", "person", "sex")

    def __init__(self, person: Person) -> None:
        self.person = person
        self.keys = frozenset(filter(None, map(search_key, person.names)))
        self.aliases = _aliases(person)
        spelled = (alias for alias in person.aliases if search_key(alias) not in self.aliases)
        self.parts = tuple(dict.fromkeys(map(_parts, (*person.names, *spelled))))
        self.sex = _sex(person.names)

    def shares_an_alias(self, other: _Profile) -> bool:
        """A name that both bear is none, but one that is the other's alias is."""
        if not (self.aliases or other.aliases):
            return False
        return not (
            self.aliases.isdisjoint(other.aliases)
            and self.aliases.isdisjoint(other.keys)
            and other.aliases.isdisjoint(self.keys)
        )

    def blocks(self) -> Blocks:
        """See `blocks`."""
        pairs: set[str] = set()
        for parts in self.parts:
            for left, right in combinations(sorted(parts, key=_code), 2):
                pairs.add(f"{left.code} {right.code}")
                if len(left.code) > 2:
                    pairs.update([f"{near} {right.code}" for near in left.near])
                if len(right.code) > 2:
                    pairs.update([f"{left.code} {near}" for near in right.near])
        aliases = {f"@{key}" for key in self.aliases}
        return Blocks(
            frozenset(pairs | aliases | {f"={key}" for key in self.keys}),
            frozenset(pairs | aliases | {f"={key}" for key in self.aliases} | {f"@{key}" for key in self.keys}),
        )


_code = attrgetter("code")


def _aliases(person: Person) -> frozenset[str]:
    """The keys of aliases that are more than another spelling of the name, or of a part of it."""
    if not person.aliases:
        return frozenset()
    own = [word for name in person.names for word in _parts(name)]
    return frozenset(
        key
        for alias in person.aliases
        if (key := search_key(alias)) and not all(any(_agreement(a, b) for b in own) for a in _parts(alias))
    )


def compare(left: Person, right: Person) -> Suggestion | None:
    """What speaks for these two being one, or None when less than `FLOOR` does."""
    return _compare(_Profile(left), _Profile(right))


def _compare(left: _Profile, right: _Profile) -> Suggestion | None:
    score, agreed = 0.0, 0
    for ours in left.parts:
        for theirs in right.parts:
            score, agreed = max((score, agreed), _names(ours, theirs))
    reasons = [f"{agreed} words of their names agree"] if agreed > 1 else []
    if left.shares_an_alias(right):
        score = max(score, 0.85)
        reasons.append("both go by the same alias")
    if not reasons:
        return None
    if {left.sex, right.sex} == {"man", "woman"}:
        score -= 0.2
        reasons.append("one name has a man's ending, the other a woman's")
    for weight, reason in _context(left.person, right.person):
        score += weight
        reasons.append(reason)
    if score < FLOOR:
        return None
    return Suggestion(left.person.key, right.person.key, round(min(score, 1.0), 3), tuple(reasons))


def _context(left: Person, right: Person) -> Iterator[tuple[float, str]]:
    if left.born and right.born:
        years = f"born {_years(left.born)} and {_years(right.born)}"
        if left.born[0] - SLACK <= right.born[1] and right.born[0] - SLACK <= left.born[1]:
            yield 0.05, years
        else:
            yield -0.3, f"{years}: that differs"
    if left.days and right.days and (apart := _apart(left.days, right.days)) <= WINDOW:
        yield 0.05, f"{apart} days apart" if apart else "perhaps the same day"
    if shared := left.places & right.places:
        yield 0.05, f"the same place: {', '.join(sorted(shared))}"
    for before, after in ((left, right), (right, left)):
        if before.statement and after.video and not (before.days and after.days and before.days[0] > after.days[1]):
            yield 0.1, "an advance statement, and a forced video"


def _years(span: tuple[int, int]) -> str:
    return f"{span[0]}" if span[0] == span[1] else f"{span[0]}-{span[1]}"


def _apart(left: tuple[date, date], right: tuple[date, date]) -> int:
    """Days between two spans; 0 when they touch."""
    return max(0, (right[0] - left[1]).days, (left[0] - right[1]).days)


def same_people(people: Sequence[Person], heard: Callable[[int], None] = lambda _: None) -> Iterator[Suggestion]:
    """Every pair of these mentions that may be one person, each once. `heard` is told of each mention done."""
    kept: dict[str, list[int]] = defaultdict(list)
    profiles: list[_Profile] = []
    for at, person in enumerate(people):
        profile = _Profile(person)
        keys = profile.blocks()
        found: set[int] = set()
        for key in keys.sought:
            if key in kept:
                found.update(kept[key])
        for key in keys.kept:
            if len(kept[key]) < CROWD:
                kept[key].append(at)
        profiles.append(profile)
        for other in sorted(found):
            if suggestion := _compare(profiles[other], profile):
                yield suggestion
        heard(1)


@dataclass(frozen=True, slots=True)
class Event:
    """What one report says of what happened. `kinds` are the codes of the questionnaire's `kind`."""

    key: str
    places: frozenset[str] = frozenset()
    days: tuple[date, date] | None = None
    kinds: frozenset[str] = frozenset()
    people: tuple[Person, ...] = ()


def same_event(left: Event, right: Event, *, joined: bool = False) -> Suggestion | None:
    """What speaks for two reports telling of one event, or None.

    People (`joined` when a person has linked them already) and days within 30; or, without people, the same place and
    kind within 3 days. A place alone is no event, nor is a person.
    """
    if not (left.days and right.days) or (apart := _apart(left.days, right.days)) > WINDOW:
        return None
    score, reasons = 0.0, [f"{apart} days apart" if apart else "perhaps the same day"]
    people = [found for a in left.people for b in right.people if (found := compare(a, b))]
    if joined or people:
        score = 0.65 + 0.1 * (1.0 if joined else max(found.score for found in people))
        reasons.append("the same person" if joined else "perhaps the same person")
    if shared := left.places & right.places:
        score += 0.15 if score else 0.55
        reasons.append(f"the same place: {', '.join(sorted(shared))}")
    if kinds := left.kinds & right.kinds:
        score += 0.1
        reasons.append(f"both tell of {', '.join(sorted(kinds))}")
    if apart <= CLOSE:
        score += 0.1
    return Suggestion(left.key, right.key, round(min(score, 1.0), 3), tuple(reasons)) if score >= FLOOR else None
