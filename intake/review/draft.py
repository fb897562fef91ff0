"""What a draft of an answer must not say: the names, places and facts of the report it answers.

An answer may be read by whoever finds the code. So it holds nothing that shows which report it belongs to, and nothing
that could be used as a lure. `check` compares a draft with every report of the thread, across scripts, spellings and
the endings of cases, and names each passage with the reason. It errs on the side of asking: a person decides, and what
is sent against its advice is logged by whoever sends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from intake.report.document import Json
from intake.report.folding import word_key, words
from intake.report.places import Gazetteer, Place
from intake.report.questionnaire import Questionnaire


class Reason(Enum):
    """Why a passage is pointed out."""

    NAME = "a name that stands in the report"
    PLACE = "a place that stands in the report"
    DATE = "a date that stands in the report"
    NUMBER = "a number that stands in the report"
    QUOTE = "words taken from the report"
    LINK = "an address or a number to call: witnesses are told never to follow one"


@dataclass(frozen=True, slots=True)
class Finding:
    """A passage of the draft, and why it should go."""

    passage: str
    reason: Reason


NAME_FIELDS = frozenset({"who", "other_names", "lawyer", "fear_release", "contact_safe", "contact_via"})
"""Fields whose words are names of people. Of `who` only the names count."""

_SHORTEST = 3  # letters of a folded word that is worth comparing: "Ali" is, "to" is not
_STEM = 4  # letters of a name that is known again with another ending
_ENDING = 4  # letters of the longest ending: Шоназаров, Шоназаровой
_VOWELS = "aeiou"
_QUOTED = 4  # words in a row that are no accident
_WORD = re.compile(r"\w+(?:['’ʼ-]\w+)*")
_NUMBER = re.compile(r"\d{3,}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_DAY = re.compile(
    r"(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)(?:-(?P<d>\d\d))?"
    r"|(?<!\d)(?P<d2>\d{1,2})[./](?P<m2>\d{1,2})(?:[./](?P<y2>(?:19|20)?\d\d))?(?!\d)"
)
_LINK = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\S+|(?<!\w)@\w{3,}|t\.me/\S+")
_CALL = re.compile(r"\+?(?:\d[ ()-]{0,2}){8,}\d")


def check(
    draft: str, reports: Iterable[Mapping[str, Json]], questionnaire: Questionnaire, places: Gazetteer
) -> tuple[Finding, ...]:
    """What to take out of `draft`, in its order; `reports` are the answers of each report of the thread."""
    told = _Told(questionnaire, places)
    for answers in reports:
        told.learn(answers)
    return tuple(dict.fromkeys(told.findings(draft)))


class _Told:
    """Everything that the reports tell, in the forms in which a draft could repeat it."""

    def __init__(self, questionnaire: Questionnaire, places: Gazetteer) -> None:
        self._questionnaire = questionnaire
        self._gazetteer = places
        self._names: set[str] = set()
        self._places: set[str] = set()
        self._days: set[tuple[int, ...]] = set()
        self._numbers: set[str] = set()
        self._quotes: set[tuple[str, ...]] = set()

    def learn(self, answers: Mapping[str, Json]) -> None:
        """Take in one report's answers, whatever their shape."""
        for field_id, answer in answers.items():
            field = self._questionnaire.field(field_id)
            coded = field is not None and field.choices.startswith("@") and field.type in ("multi", "single")
            if coded:
                continue
            for text in _texts(answer):
                self._learn_text(text)
                if field_id in NAME_FIELDS:
                    self._names |= _keys(text)
                if field is not None and field.type == "place":
                    self._learn_place(text)
            for place in _named_places(answer):
                self._learn_place(place)

    def _learn_text(self, text: str) -> None:
        folded = words(text)
        self._quotes |= {tuple(folded[at : at + _QUOTED]) for at in range(len(folded) - _QUOTED + 1)}
        self._days |= set(_days(text))
        self._numbers |= set(_NUMBER.findall(text))

    def _learn_place(self, named: str) -> None:
        found = self._gazetteer.place(named)
        known = (found,) if found else self._gazetteer.find(named)
        if not known:
            self._places |= _keys(named)
        for place in known:
            self._places |= {key for name in _all_names(place) for key in _keys(name)}

    def findings(self, draft: str) -> Iterator[Finding]:
        """Each passage with its reason, in the order of the draft."""
        found = [
            *((match.start(), Finding(match[0], Reason.LINK)) for match in _LINK.finditer(draft)),
            *(
                (match.start(), Finding(match[0], Reason.LINK))
                for match in _CALL.finditer(draft)
                if not _DAY.search(match[0])
            ),
            *self._days_in(draft),
            *(
                (match.start(), Finding(match[0], Reason.NUMBER))
                for match in _NUMBER.finditer(draft)
                if match[0] in self._numbers and not _YEAR.fullmatch(match[0])
            ),
            *self._words_in(draft),
        ]
        return (finding for _, finding in sorted(found, key=lambda each: each[0]))

    def _days_in(self, draft: str) -> Iterator[tuple[int, Finding]]:
        for match in _DAY.finditer(draft):
            day = _day(match)
            if any(_agrees(day, told) for told in self._days):
                yield match.start(), Finding(match[0], Reason.DATE)

    def _words_in(self, draft: str) -> Iterator[tuple[int, Finding]]:
        matches = list(_WORD.finditer(draft))
        folded = [words(match[0]) for match in matches]
        for match, parts in zip(matches, folded, strict=True):
            keys = {word_key(part) for part in parts if _is_name(part)}
            if any(_inflected(key, name) for key in keys for name in self._names):
                yield match.start(), Finding(match[0], Reason.NAME)
            elif any(_inflected(key, name) for key in keys for name in self._places):
                yield match.start(), Finding(match[0], Reason.PLACE)
        flat = [(part, match) for match, parts in zip(matches, folded, strict=True) for part in parts]
        at = 0
        while at <= len(flat) - _QUOTED:
            if tuple(part for part, _ in flat[at : at + _QUOTED]) not in self._quotes:
                at += 1
                continue
            end = at + _QUOTED
            while end < len(flat) and tuple(part for part, _ in flat[end - _QUOTED + 1 : end + 1]) in self._quotes:
                end += 1
            start = flat[at][1].start()
            yield start, Finding(draft[start : flat[end - 1][1].end()], Reason.QUOTE)
            at = end


def _texts(answer: Json) -> Iterator[str]:
    """Every text in an answer, but for the keys of its tables and the ids of places."""
    if isinstance(answer, str):
        yield answer
    elif isinstance(answer, list):
        for each in answer:
            yield from _texts(each)
    elif isinstance(answer, dict):
        for key, value in answer.items():
            if key not in ("id", "precision"):
                yield from _texts(value)


def _named_places(answer: Json) -> Iterator[str]:
    """Ids of places, and what was written for the place of a stay."""
    if isinstance(answer, list):
        for each in answer:
            yield from _named_places(each)
    elif isinstance(answer, dict):
        if isinstance(identifier := answer.get("id"), str):
            yield identifier
        if isinstance(place := answer.get("place"), dict):
            yield from filter(lambda each: isinstance(each, str), _texts(place))
            yield from _named_places(place)


def _is_name(word: str) -> bool:
    return len(word) >= _SHORTEST and word.isalpha()


def _keys(text: str) -> set[str]:
    return {word_key(word) for word in words(text) if _is_name(word)}


def _inflected(key: str, name: str) -> bool:
    """Whether a word can be this name in some case: the same stem and a short ending; Ёр- and Yor- begin alike."""
    if key == name:
        return True
    key, name = (each[1:] if each[0] in _VOWELS and len(each) > _STEM else each for each in (key, name))
    stem = name.rstrip(_VOWELS)
    return len(stem) >= _STEM and key.startswith(stem) and len(key) - len(stem) <= _ENDING


def _all_names(place: Place) -> tuple[str, ...]:
    return (*place.names.values(), *place.aliases)


def _days(text: str) -> Iterator[tuple[int, ...]]:
    for match in _DAY.finditer(text):
        yield _day(match)


def _day(match: re.Match[str]) -> tuple[int, ...]:
    """(year or 0, month, day or 0)."""
    if match["y"]:
        return int(match["y"]), int(match["m"]), int(match["d"] or 0)
    year = int(match["y2"] or 0)
    return year + 2000 if 0 < year < 100 else year, int(match["m2"]), int(match["d2"])


def _agrees(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two dates can be the same: what one of them leaves open does not part them. A month alone is no fact."""
    if one[1] != other[1] or (one[0] and other[0] and one[0] != other[0]):
        return False
    if one[2] and other[2]:
        return one[2] == other[2]
    return bool(one[0] and other[0])
