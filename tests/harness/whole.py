"""The whole form: every question of the questionnaire typed in one script, and the answers that must arrive.

What is typed differs from box to box, so that nothing can change places unseen; what is expected is written down here,
shape by shape, and not worked out by the code under test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from intake.locale import packaged_questionnaire
from intake.report.questionnaire import Field, Questionnaire
from tests.harness.filling import DOWN, ENTER, TAB, Hands

CANARY = "зарафшон7319"
"""Part of every text, in each language."""

_WORDS = {
    "tg": "Ҷӯра, бӣбӣ, ғӯраи қаҳ",
    "ru": "Съёмщик, объезд — это",
    "en": "it’s <b> & own word,",
}
_CODES: dict[str, str | None] = {"urgent": None, "kind": None, "consent": None, "now": "held", "contact": "safe"}
"""Answers that open all follow-ups; None ticks every code."""

FOLDED = "details:not([open]):not([hidden], [hidden] *) > summary"


class Eyes(Hands, Protocol):
    """Hands that can also look."""

    def sees(self, css: str) -> bool:
        """Whether the page has such an element, shown or not."""


@dataclass
class Whole:
    """What to do, step by step, and what must come of it."""

    language: str
    steps: list[tuple[str, str]] = field(default_factory=list)
    """What to click, and the keys to press then."""
    answers: dict[str, Any] = field(default_factory=dict)
    _said: int = 0

    def words(self) -> str:
        """A text that was not typed before."""
        self._said += 1
        return f"{_WORDS[self.language]} {CANARY} {self._said}"

    def name(self) -> str:
        """The same without a comma, which parts names from one another."""
        return self.words().replace(",", "")

    def type_into(self, name: str, keys: str) -> None:
        """Into the box of this name."""
        self.steps.append((f'[name="{name}"]', keys.replace("\n", ENTER)))

    def tick(self, name: str, value: str) -> None:
        """One of a field's codes."""
        self.steps.append((f'[name="{name}"][value="{value}"]', ""))


def whole(language: str) -> Whole:
    """Every question but files: those come from a disk and not from keys."""
    questionnaire = packaged_questionnaire()
    made = Whole(language)
    for number, asked in enumerate(questionnaire.fields):
        if asked.type != "file_list":
            made.answers[asked.id] = _TYPED[asked.type](made, asked, _codes(questionnaire, asked, number), number)
    return made


def fill_whole(hands: Eyes, made: Whole) -> None:
    """First the questions that are shown at once, then all that they open. The viewport must show the whole form."""
    first = {asked.id for asked in packaged_questionnaire().fields if asked.layer == 1}
    later = [step for step in made.steps if step[0].split('"')[1].partition(".")[0] not in first]
    _unfold(hands)
    for step in made.steps:
        if step not in later:
            _do(hands, step)
    _unfold(hands)
    for step in later:
        _do(hands, step)


def _do(hands: Hands, step: tuple[str, str]) -> None:
    hands.click(step[0])
    if step[1]:
        hands.write(step[1])


def _unfold(hands: Eyes) -> None:
    for _ in range(100):
        if not hands.sees(FOLDED):
            return
        hands.click(FOLDED)
    raise AssertionError("a fold did not open")


def _codes(questionnaire: Questionnaire, asked: Field, number: int) -> Sequence[str]:
    """The codes to tick: the routing ones as listed, else for `multi` the first and the last, for `single` any."""
    codes = [choice.code for choice in questionnaire.choices(asked)]
    if asked.id in _CODES:
        wanted = _CODES[asked.id]
        return codes if wanted is None else [wanted]
    if asked.type == "multi":
        return [codes[0], codes[-1]]
    return codes and [codes[number % len(codes)]]


Typing = Callable[[Whole, Field, Sequence[str], int], Any]


def _multi(made: Whole, asked: Field, codes: Sequence[str], number: int) -> Any:
    for code in codes:
        made.tick(asked.id, code)
    return list(codes)


def _single(made: Whole, asked: Field, codes: Sequence[str], number: int) -> Any:
    made.tick(asked.id, codes[0])
    return codes[0]


def _text(made: Whole, asked: Field, codes: Sequence[str], number: int) -> Any:
    words = made.words()
    made.type_into(asked.id, words)
    return words


def _longtext(made: Whole, asked: Field, codes: Sequence[str], number: int) -> Any:
    words = f"{made.words()}\n{made.words()}"
    made.type_into(asked.id, words)
    return words


def _text_list(made: Whole, asked: Field, codes: Sequence[str], number: int) -> Any:
    lines = [made.words(), made.words()]
    made.type_into(asked.id, "\n".join(lines))
    return lines


def _number(made: Whole, asked: Field, codes: Sequence[str], number: int) -> Any:
    made.type_into(asked.id, str(number))
    return number


def _year_or_age(made: Whole, asked: Field, codes: Sequence[str], number: int) -> Any:
    made.type_into(asked.id, str(1900 + number))
    return {"year": 1900 + number}


def _place(made: Whole, asked: Field, codes: Sequence[str], number: int) -> Any:
    words = made.words()
    made.type_into(f"{asked.id}.text", words)
    return {"text": words}


def _textdate(made: Whole, asked: Field, codes: Sequence[str], number: int) -> Any:
    words = made.words()
    made.type_into(f"{asked.id}.text", words)
    made.type_into(f"{asked.id}.date", "7.5.2022")
    return {"text": words, "date": "2022-05-07"}


def _fuzzydate(made: Whole, asked: Field, codes: Sequence[str], number: int) -> Any:
    """One is a month, one is exact, one is about: in turn."""
    words = made.words()
    day = ("", "17", "3")[number % 3]
    made.type_into(f"{asked.id}.day", f"{day}{TAB}{DOWN * 5}{TAB}2022")
    made.type_into(f"{asked.id}.text", words)
    precision = ("month", "exact", "about")[number % 3]
    if precision == "about":
        made.tick(f"{asked.id}.precision", "about")
    return {"precision": precision, "date": ("2022-05", "2022-05-17", "2022-05-03")[number % 3], "text": words}


def _fuzzydatetime(made: Whole, asked: Field, codes: Sequence[str], number: int) -> Any:
    found = _fuzzydate(made, asked, codes, number)
    made.type_into(f"{asked.id}.time", "9:05")
    return {**found, "time": "09:05"}


def _place_list(made: Whole, asked: Field, codes: Sequence[str], number: int) -> Any:
    first, second, third = made.words(), made.words(), made.words()
    made.type_into(f"{asked.id}.1.place.text", first)
    made.type_into(f"{asked.id}.1.from", "5.2022")
    made.type_into(f"{asked.id}.1.to", "17.6.2022")
    made.type_into(f"{asked.id}.2.place.text", second)
    made.type_into(f"{asked.id}.more", third)
    stay = {"from": {"precision": "month", "date": "2022-05"}, "to": {"precision": "exact", "date": "2022-06-17"}}
    return [{"place": {"text": first}, **stay}, {"place": {"text": second}}, {"place": {"text": third}}]


def _person_list(made: Whole, asked: Field, codes: Sequence[str], number: int) -> Any:
    names = [made.name() for _ in range(8)]
    made.type_into(f"{asked.id}.1.name", names[0])
    made.type_into(f"{asked.id}.1.age", "34")
    made.type_into(f"{asked.id}.1.other", f"{names[1]}, {names[2]}")
    made.type_into(f"{asked.id}.1.now", names[3])
    made.type_into(f"{asked.id}.2.name", names[4])
    made.type_into(f"{asked.id}.more", f"{names[5]}, 19, {names[6]}\n{names[7]}")
    return [
        {"name": names[0], "age": 34, "now": names[3], "other": names[1:3]},
        {"name": names[4]},
        {"name": names[5], "age": 19, "now": names[6]},
        {"name": names[7]},
    ]


_TYPED: dict[str, Typing] = {
    "multi": _multi,
    "single": _single,
    "text": _text,
    "longtext": _longtext,
    "text_list": _text_list,
    "number": _number,
    "year_or_age": _year_or_age,
    "place": _place,
    "textdate": _textdate,
    "fuzzydate": _fuzzydate,
    "fuzzydatetime": _fuzzydatetime,
    "place_list": _place_list,
    "person_list": _person_list,
}
