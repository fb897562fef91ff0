"""The questionnaire: which questions, in which order, with which coded answers. It is data; operators bring their own.

The file is TOML, in English; translations are `.po` files beside it. Every key not marked optional must be there:

    format = "amonat/questionnaire/1"
    name, version            what a report names: letters, digits, ".", "_", "-"
    [[sections]]             id; title (optional: a section without one has no heading)
    [[fields]]               in the order asked:
      id, section, layer     layer 1 is shown first, 2 is opened by show_if, 3 stands behind "add more"
      type                   one of TYPES, the shapes of `intake.report.answers`
      choices                "@list" (multi and single must have one; fuzzydate may, for its precision), or
                             "gazetteer+text" on places; else left out
      required               "account_or_files" (this or a file makes a report) or "no", the default; it never refuses
      show_if                "field:code or field:code", "field:any", of fields asked before; on layer 2, allowed on 3
      question, hint (opt.)  what the witness reads
      why, maps (optional)   for reviewers: why it is asked, and which bodies' forms it feeds
    [lists.name]             code = "words", in the order shown

`Questionnaire.messages` lists each text a witness reads with its context in the `.po` file: `urgent` (question),
`urgent.hint`, `#first` (a section's title), `@urgent.removal` (the words of a code).
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

from intake.errors import Usage

FORMAT = "amonat/questionnaire/1"
DIGEST = "amonat/questionnaire-shown/1"
SIZE_LIMIT = 1_048_576

Type = Literal[
    "multi",
    "single",
    "number",
    "year_or_age",
    "text",
    "longtext",
    "text_list",
    "textdate",
    "fuzzydate",
    "fuzzydatetime",
    "place",
    "place_list",
    "person_list",
    "file_list",
]
TYPES: tuple[Type, ...] = get_args(Type)
CODED = ("multi", "single")
PLACES = ("place", "place_list")
RESERVED = ("language",)
"""Names that the plain form uses for itself."""

_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_MAP = re.compile(r"[A-Z][A-Za-z0-9_-]{0,31}")
_WORDS_LENGTH = 2_000


class Words(Protocol):
    """A translation: `intake.locale.Catalog`, or anything like it."""

    def gettext(self, message: str, context: str | None = None) -> str:
        """The words of this language for an English message, or the message itself."""


class English:
    """The source language: every message as it stands."""

    def gettext(self, message: str, context: str | None = None) -> str:
        """The message itself."""
        del context
        return message


@dataclass(frozen=True, slots=True)
class Choice:
    """A coded answer and its English words."""

    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Section:
    """A group of questions; a section without title has no heading."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One part of `show_if`: the field holds this code, or anything at all when `code` is "any"."""

    field: str
    code: str

    def holds(self, answers: Mapping[str, object]) -> bool:
        """Whether these answers meet it. The page has the same rule: intake/browser/source/conditions.ts."""
        if self.field not in answers:
            return False
        answer = answers[self.field]
        return self.code == "any" or (self.code in answer if isinstance(answer, list) else self.code == answer)


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `choices` is the name of a list with its "@", "gazetteer+text", or empty."""

    id: str
    section: str
    layer: int
    type: Type
    choices: str
    required: str
    show_if: tuple[Condition, ...]
    question: str
    hint: str
    why: str
    maps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """The parsed definition; `sha256` is the hex SHA-256 of its file."""

    name: str
    version: str
    sha256: str
    sections: tuple[Section, ...]
    fields: tuple[Field, ...]
    lists: Mapping[str, tuple[Choice, ...]]

    @classmethod
    def parse(cls, definition: bytes) -> Questionnaire:
        """Read a definition. Raises `Usage` that lists every mistake found, one a line."""
        return _Parser(definition).questionnaire()

    def field(self, field_id: str) -> Field | None:
        """The field of this id, if there is one."""
        return next((field for field in self.fields if field.id == field_id), None)

    def choices(self, field: Field) -> tuple[Choice, ...]:
        """The coded answers of a field, in order; none for other fields."""
        return self.lists.get(field.choices.removeprefix("@"), ()) if field.choices.startswith("@") else ()

    def opened(self, answers: Mapping[str, object]) -> frozenset[str]:
        """The ids of the questions that these answers open by `show_if`; an unanswered field is absent from them."""
        return frozenset(
            field.id for field in self.fields if any(condition.holds(answers) for condition in field.show_if)
        )

    def messages(self) -> tuple[tuple[str, str], ...]:
        """(context, English) of everything a witness reads, in the order of the file: the source of the `.po` files."""
        found = [(f"#{section.id}", section.title) for section in self.sections if section.title]
        for field in self.fields:
            found.append((field.id, field.question))
            if field.hint:
                found.append((f"{field.id}.hint", field.hint))
        for name, choices in self.lists.items():
            found += [(f"@{name}.{choice.code}", choice.words) for choice in choices]
        return tuple(found)

    def digest(self, words: Words) -> str:
        """SHA-256, in hex, of the definition and the translation shown: what was asked and in which words.

        It is taken over UTF-8 lines, each ended by a newline: `amonat/questionnaire-shown/1`, then the hex SHA-256 of
        the definition file, then for each of `messages` the JSON list [context, words shown] with no space outside its
        texts, nothing escaped but the quotation mark, the backslash and control characters.
        """
        lines = [DIGEST, self.sha256]
        for context, message in self.messages():
            shown = [context, words.gettext(message, context)]
            lines.append(json.dumps(shown, ensure_ascii=False, separators=(",", ":")))
        return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


class _Parser:
    """Reads a definition, gathering mistakes instead of stopping at the first."""

    def __init__(self, definition: bytes) -> None:
        self._definition = definition
        self._mistakes: list[str] = []

    def questionnaire(self) -> Questionnaire:
        top = self._table()
        self._known(top, "the file", {"format", "name", "version", "sections", "fields", "lists"})
        if self._text(top, "the file", "format") not in ("", FORMAT):
            self._wrong("the file", f'format is not "{FORMAT}"')
        name, version = (self._matching(top, "the file", key, _NAME) for key in ("name", "version"))
        lists = self._lists(top.get("lists", {}))
        sections = tuple(self._section(where, table) for where, table in self._tables(top, "sections"))
        fields = tuple(self._field(where, table) for where, table in self._tables(top, "fields"))
        self._whole(sections, fields, lists)
        if self._mistakes:
            some = "1 mistake" if len(self._mistakes) == 1 else f"{len(self._mistakes)} mistakes"
            raise Usage(
                f"the questionnaire has {some}:\n" + "\n".join(f"  {mistake}" for mistake in self._mistakes),
                "Correct the file; intake/report/questionnaire.toml shows the form.",
            )
        sha256 = hashlib.sha256(self._definition).hexdigest()
        return Questionnaire(name, version, sha256, sections, fields, lists)

    def _table(self) -> dict[str, Any]:
        try:
            if len(self._definition) > SIZE_LIMIT:
                raise ValueError("it is larger than 1 MiB")
            return tomllib.loads(self._definition.decode())
        except (ValueError, RecursionError) as error:  # TOMLDecodeError and UnicodeDecodeError are both ValueErrors
            raise Usage(f"the questionnaire is not a TOML file: {error}", "Correct the file.") from None

    def _wrong(self, where: str, what: str) -> None:
        self._mistakes.append(f"{where}: {what}")

    def _known(self, table: Mapping[str, Any], where: str, keys: set[str]) -> None:
        for key in table:
            if key not in keys:
                self._wrong(where, f"{key!r} is not a key that it can have")

    def _text(self, table: Mapping[str, Any], where: str, key: str, *, optional: bool = False) -> str:
        value = table.get(key)
        if value is None:
            if not optional:
                self._wrong(where, f"{key} is missing")
            return ""
        if not isinstance(value, str) or not value.strip():
            self._wrong(where, f"{key} is not a text")
            return ""
        if len(value) > _WORDS_LENGTH or any(unicodedata.category(c) == "Cc" for c in value):
            self._wrong(where, f"{key} is longer than {_WORDS_LENGTH} characters or holds control characters")
        return value

    def _matching(self, table: Mapping[str, Any], where: str, key: str, pattern: re.Pattern[str]) -> str:
        value = self._text(table, where, key)
        if value and not pattern.fullmatch(value):
            self._wrong(where, f"{key} {value!r} is not of the form {pattern.pattern}")
        return value

    def _tables(self, top: Mapping[str, Any], key: str) -> list[tuple[str, Mapping[str, Any]]]:
        value = top.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            self._wrong("the file", f"[[{key}]] is missing or not a list of tables")
            return []
        return [(f"{key} {number} ({item.get('id', 'no id')})", item) for number, item in enumerate(value, 1)]

    def _lists(self, value: object) -> dict[str, tuple[Choice, ...]]:
        if not isinstance(value, dict) or not all(isinstance(table, dict) for table in value.values()):
            self._wrong("the file", "[lists] is not made of tables")
            return {}
        found = {}
        for name, table in value.items():
            where = f"lists.{name}"
            if not _ID.fullmatch(name):
                self._wrong(where, f"the name is not of the form {_ID.pattern}")
            if not table:
                self._wrong(where, "it holds no code")
            for code in table:
                if not _ID.fullmatch(code) or code == "any":
                    self._wrong(where, f"the code {code!r} is not of the form {_ID.pattern}, or is the word any")
            found[name] = tuple(Choice(code, self._text(table, where, code)) for code in table)
        return found

    def _section(self, where: str, table: Mapping[str, Any]) -> Section:
        self._known(table, where, {"id", "title"})
        return Section(self._matching(table, where, "id", _ID), self._text(table, where, "title", optional=True))

    def _field(self, where: str, table: Mapping[str, Any]) -> Field:
        self._known(table, where, set(Field.__slots__))
        kind = self._text(table, where, "type")
        if kind and kind not in TYPES:
            self._wrong(where, f"type {kind!r} is none of {', '.join(TYPES)}")
        layer = table.get("layer")
        if type(layer) is not int or layer not in (1, 2, 3):
            self._wrong(where, "layer is not 1, 2 or 3")
            layer = 1
        required = self._text(table, where, "required", optional=True) or "no"
        if required not in ("no", "account_or_files"):
            self._wrong(where, 'required is neither "no" nor "account_or_files"')
        maps = table.get("maps", [])
        if not isinstance(maps, list) or not all(isinstance(item, str) and _MAP.fullmatch(item) for item in maps):
            self._wrong(where, f"maps is not a list of texts of the form {_MAP.pattern}")
            maps = []
        return Field(
            id=self._matching(table, where, "id", _ID),
            section=self._text(table, where, "section"),
            layer=layer,
            type=next((known for known in TYPES if known == kind), "text"),
            choices=self._text(table, where, "choices", optional=True),
            required=required,
            show_if=self._show_if(table, where),
            question=self._text(table, where, "question"),
            hint=self._text(table, where, "hint", optional=True),
            why=self._text(table, where, "why", optional=True),
            maps=tuple(maps),
        )

    def _show_if(self, table: Mapping[str, Any], where: str) -> tuple[Condition, ...]:
        spelled = self._text(table, where, "show_if", optional=True)
        conditions = []
        for part in spelled.split(" or ") if spelled else ():
            field, _, code = part.partition(":")
            if _ID.fullmatch(field) and _ID.fullmatch(code):
                conditions.append(Condition(field, code))
            else:
                self._wrong(where, f"show_if {part!r} is not of the form field:code")
        return tuple(conditions)

    def _whole(
        self, sections: tuple[Section, ...], fields: tuple[Field, ...], lists: Mapping[str, tuple[Choice, ...]]
    ) -> None:
        """What can be wrong only between the parts."""
        for kind, ids in (("section", [s.id for s in sections]), ("field", [f.id for f in fields])):
            for twice in sorted({name for name in ids if name and ids.count(name) > 1}):
                self._wrong(f"{kind} {twice}", "the id is used more than once")
        known = {field.id: field for field in fields}
        for field in fields:
            where = f"field {field.id}"
            if field.id in RESERVED:
                self._wrong(where, "the id is one that the form needs for itself")
            if field.section not in {section.id for section in sections}:
                self._wrong(where, f"section {field.section!r} is not defined")
            self._check_choices(where, field, lists)
            if field.layer == 2 and not field.show_if:
                self._wrong(where, "layer 2 is what show_if opens, and there is none")
            if field.layer == 1 and field.show_if:
                self._wrong(where, "layer 1 is always shown: show_if has no place there")
            for condition in field.show_if:
                other = known.get(condition.field)
                codes = [c.code for c in lists.get(other.choices.removeprefix("@"), ())] if other else []
                if other is None or other is field:
                    self._wrong(where, f"show_if names {condition.field!r}, which is no other field")
                elif fields.index(other) > fields.index(field):
                    self._wrong(where, f"show_if names {condition.field!r}, which is asked only later")
                elif condition.code != "any" and condition.code not in codes:
                    self._wrong(where, f"show_if: {condition.code!r} is no answer of {condition.field}")

    def _check_choices(self, where: str, field: Field, lists: Mapping[str, tuple[Choice, ...]]) -> None:
        if field.choices.startswith("@"):
            if field.choices[1:] not in lists:
                self._wrong(where, f"choices: the list {field.choices} is not defined")
            if field.type not in (*CODED, "fuzzydate", "fuzzydatetime"):
                self._wrong(where, f"a field of type {field.type} has no list")
        elif field.type in CODED:
            self._wrong(where, f"a field of type {field.type} needs choices: a list with its @")
        elif field.choices and not (field.choices == "gazetteer+text" and field.type in PLACES):
            self._wrong(where, f"choices {field.choices!r} is neither a list with its @ nor gazetteer+text on a place")
