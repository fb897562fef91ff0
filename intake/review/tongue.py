"""The language of this machine, for what must be understood at a command: alarms, and what machine and keyring warn of.

Everything else that a command says is English, and the full screen has its own choice. Nothing is loaded for English.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intake.review.desk.words import Words

LANGUAGES = ("en", "ru")
"""Those that the desk speaks."""

ALARM, WARNING = "ALARM", "Warning"
"""What a line begins with that nobody may overlook; an alarm's id may follow."""


def of_this_machine() -> str:
    """The language that the environment asks for, English where the desk doesn't speak it."""
    asked = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return asked[:2] if asked[:2] in LANGUAGES else LANGUAGES[0]


def heard(sentence: str) -> str:
    """A sentence of `intake.review.desk.heard` in the language of this machine; any other as it is."""
    language = of_this_machine()
    return sentence if language == LANGUAGES[0] else _words(language).heard(sentence)


def told(line: str) -> str:
    """A line that begins with `ALARM` or `WARNING` and a colon, with the sentence behind it, without a full stop."""
    mark, colon, sentence = line.partition(": ")
    word, space, identifier = mark.partition(" ")
    if not colon or word not in (ALARM, WARNING):
        return line
    return f"{heard(word)}{space}{identifier}: {heard(sentence)}"


@cache
def _words(language: str) -> Words:
    from intake.review.desk.words import Words

    return Words(language)
