"""The languages of the form and their words: `.po` files read as they are; the packaged questionnaire and places.

A language is a folder beside this file with `questionnaire.po` (contexts as `Questionnaire.messages` lists them, and
the labels of `intake.report.reading`), `page.po` (plain messages) and `statement.po` (the words of the published
statement, `intake.review.outputs.wording`). The comment at the top of `questionnaire.po` says

    # Language: Тоҷикӣ            the language's own name
    # Direction: ltr              or rtl
    # Native reader: NAME         only once a native reader has signed the safety and consent texts

`desk.po`, where there is one, has the words of the reviewers' desk. A language is a draft until each of its other files
names its native reader. English is the source and has no files.

An operator's own questionnaire, `own.toml`, is in English too; beside it `own.ru.po` holds what Russian witnesses read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from pathlib import Path
from typing import Literal

from babel.messages.catalog import Catalog as Po
from babel.messages.pofile import PoFileError, read_po

from intake.errors import Fault, Usage
from intake.report.places import Gazetteer
from intake.report.questionnaire import Questionnaire

SOURCE = "en"
FILES = ("questionnaire.po", "page.po", "statement.po")
DESK = "desk.po"

_REMARK = re.compile(r"# *([A-Za-z ]+): *(\S.*)")
_LINE = re.compile(r'\s*(?:#.*|(?:msg(?:ctxt|id|id_plural|str(?:\[\d\])?)\s+)?"(?:[^"\\]|\\.)*")?\s*')
_ADVICE = "Install the software again, or correct the file."

Direction = Literal["ltr", "rtl"]
Key = tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the form: its code (BCP 47), its name in itself, and the direction it is written in."""

    code: str
    own_name: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class Catalog:
    """The words of one language. Satisfies `intake.report.questionnaire.Words`."""

    language: Language
    draft: bool
    messages: Mapping[Key, str] = field(default_factory=dict, repr=False)

    def gettext(self, message: str, context: str | None = None) -> str:
        """The translation, or the English message where there is none."""
        return self.messages.get((context, message), message)


@cache
def languages() -> tuple[Language, ...]:
    """English and every language that has a folder here, in order of code."""
    found = [folder.name for folder in files(__name__).iterdir() if folder.joinpath(FILES[0]).is_file()]
    return tuple(catalog(code).language for code in (SOURCE, *sorted(found)))


@cache
def catalog(code: str) -> Catalog:
    """The words of a language. Raises `Usage` when there is no such language, `Fault` when its files can't be read."""
    if code == SOURCE:
        return Catalog(Language(SOURCE, "English", "ltr"), draft=False)
    folder = files(__name__).joinpath(code)
    if not (re.fullmatch(r"[A-Za-z0-9-]{2,35}", code) and folder.joinpath(FILES[0]).is_file()):
        raise Usage(f"there is no translation {code!r}", "Choose one of the languages that are installed.")
    return catalog_in(folder, code)


def catalog_in(folder: Traversable, code: str) -> Catalog:
    """The words of a language from a folder with its files. Raises `Fault`."""
    catalogs = [_read(path) for name in FILES if (path := folder.joinpath(name)).is_file()]
    remarks = [_remarks(po) for po in catalogs]
    own_name, direction = remarks[0].get("Language"), remarks[0].get("Direction")
    if own_name is None or direction not in ("ltr", "rtl"):
        raise Fault(f"{code}/{FILES[0]} doesn't say its language's own name and direction", _ADVICE)
    side: Direction = "rtl" if direction == "rtl" else "ltr"
    draft = len(catalogs) < len(FILES) or not all("Native reader" in said for said in remarks)
    return Catalog(Language(code, own_name, side), draft, {k: v for po in catalogs for k, v in _words(po).items()})


@cache
def desk_words(code: str) -> Catalog:
    """The words of the reviewers' desk, in `desk.po`: English where a language has none. Raises `Fault`."""
    path = files(__name__).joinpath(code, DESK)
    if code == SOURCE or not path.is_file():
        return Catalog(catalog(code).language, draft=code != SOURCE)
    po = _read(path)
    return Catalog(catalog(code).language, "Native reader" not in _remarks(po), _words(po))


def beside(definition: Path, code: str) -> Path:
    """Where the translation of an operator's own questionnaire into this language lies."""
    return definition.with_name(f"{definition.stem}.{code}.po")


def with_own(words: Catalog, content: bytes, questionnaire: Questionnaire) -> Catalog:
    """A language with an operator's own translation of an own questionnaire; a draft unless both are signed.

    Raises `Usage` when it is no translation file, or when a text of the questionnaire has no translation in either.
    """
    try:
        po = _parse(content)
    except ValueError as error:
        raise Usage(f"it is no translation file: {error}", "Correct the file.") from error
    merged = {**words.messages, **_words(po)}
    missing = [context for context, message in questionnaire.messages() if (context, message) not in merged]
    if missing:
        named = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
        raise Usage(f"{len(missing)} of its texts have no translation: {named}", "Translate them.")
    return replace(words, draft=words.draft or "Native reader" not in _remarks(po), messages=merged)


@cache
def packaged_questionnaire() -> Questionnaire:
    """The questionnaire that comes with this software."""
    return Questionnaire.parse(files("intake.report").joinpath("questionnaire.toml").read_bytes())


@cache
def packaged_places() -> Gazetteer:
    """The list of places that comes with this software."""
    return Gazetteer.parse(files("intake.report").joinpath("places.csv").read_bytes())


def _read(path: Traversable) -> Po:
    try:
        return _parse(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Fault(f"the translation {path} can't be read: {error}", _ADVICE) from error


def _parse(content: bytes) -> Po:
    """A `.po` file. Raises `ValueError` with the line; Babel alone would take a letter for a missing quotation mark."""
    for number, line in enumerate(content.decode().splitlines(), 1):
        if not _LINE.fullmatch(line):
            raise ValueError(f"line {number} is neither a comment nor a text in quotation marks")
    try:
        return read_po(BytesIO(content), abort_invalid=True)
    except PoFileError as error:
        raise ValueError(str(error)) from error


def _remarks(po: Po) -> dict[str, str]:
    return {found[1]: found[2].strip() for line in po.header_comment.splitlines() if (found := _REMARK.fullmatch(line))}


def _words(po: Po) -> dict[Key, str]:
    return {
        (message.context, message.id): message.string
        for message in po
        if message.id and isinstance(message.id, str) and isinstance(message.string, str) and message.string
        if not message.fuzzy
    }
