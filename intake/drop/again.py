"""A plain report that was not taken goes back to whoever wrote it, whole: no browser brings the text back by itself,
because nothing may be stored and every box says autocomplete=off.

Made in memory for one answer, like the page that thanks.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from intake.report.answers import TEXT_LENGTH
from intake.report.questionnaire import Questionnaire, Words

Pair = tuple[str, str]

_HERE = re.compile("\x02([0-9]+)\x03")


@dataclass(frozen=True, slots=True)
class Box:
    """A text that must change: its name in the form, the words of its question, and a mark for what it holds."""

    name: str
    text: str
    value: str


def write_again(
    render: Callable[[Sequence[Pair], Sequence[Box]], str],
    questionnaire: Questionnaire,
    words: Words,
    word: str,
    pairs: Sequence[Pair],
) -> bytes:
    """The page that gives back `pairs`, refused for the reason `word` of `urn:amonat:<word>`.

    `render` fills the template in; it gets marks for the values, so that nothing strips or escapes them twice.
    """
    given = [(name, value) for name, value in pairs if value and name != "language"]
    if word == "empty":
        given = [(field.id, "") for field in questionnaire.fields if field.type == "longtext"][:1]
    blamed = _blamed(word, [value for _, value in given])
    values = [value for _, value in given]
    marked = [(name, f"\x02{number}\x03") for number, (name, _) in enumerate(given)]
    kept = [pair for number, pair in enumerate(marked) if number not in blamed]
    boxes = [
        Box(_plain(name), _asked(questionnaire, words, name), f"\n{mark}")  # HTML drops a line end that begins a text
        for number, (name, mark) in enumerate(marked)
        if number in blamed
    ]
    page = render([(_plain(name), mark) for name, mark in kept], boxes)
    return _HERE.sub(lambda here: html.escape(values[int(here[1])]), page).encode()


def _plain(name: str) -> str:
    """Without our marks, which nobody types."""
    return name.replace("\x02", "").replace("\x03", "")


def _blamed(word: str, values: Sequence[str]) -> set[int]:
    """Which must change: every text over the limit, or else the longest; of an empty form, the one to begin with."""
    if word == "empty":
        return {0}
    if word != "too-large":
        return set()
    long = {number for number, value in enumerate(values) if len(value) > TEXT_LENGTH}
    return long or set(sorted(range(len(values)), key=lambda number: len(values[number]))[-1:])


def _asked(questionnaire: Questionnaire, words: Words, name: str) -> str:
    field = questionnaire.field(name.partition(".")[0])
    return words.gettext(field.question, field.id) if field else _plain(name)
