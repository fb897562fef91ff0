r"""report.txt: a report as a person reads it, in the words of a chosen language.

Headings stand at the start of a line and answers are indented, so that an answer can't pose as another question.
Answers are verbatim but for control and invisible characters, which show as `\u{…}`: nothing turns the line round or
moves a terminal. Coded answers stand in words with their code; what the questionnaire doesn't know is shown as it came.
Whoever comes back by the code may change or take back what they allowed (`changes`): that stands above all else.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from intake.report.document import Json
from intake.report.filenames import tricks
from intake.report.package import FileEntry, Report, member_name
from intake.report.questionnaire import Field, Questionnaire, Words
from intake.report.shapes import fits, mistakes

LABELS = {
    "=report": "Report",
    "=day": "Day",
    "=origin": "Form",
    "=keyring": "Keyring",
    "=language": "Language of the form",
    "=sealed_by": "Sealed by",
    "=browser": "the witness's browser",
    "=server": "the server (JavaScript was off: the text passed through the server's memory)",
    "=carried-form": "a carried form",
    "=cli": "the command line",
    "=questionnaire": "Questionnaire",
    "=in_reply_to": "In reply to",
    "=reply_to": "A reply can be left",
    "=files": "Files",
    "=cleaned": "hidden data removed",
    "=path": "LOOK: the name is a path",
    "=hidden": "LOOK: the name holds characters that can't be seen, or that turn it round",
    "=reserved": "LOOK: the name is one that some systems can't store or keep for devices",
    "=double": "LOOK: the name has two endings; the last one counts",
    "=program": "LOOK: the name ends like a program's",
    "=none": "No question was answered.",
    "=unknown": "not in this questionnaire",
    "=odd": "Look closely",
    "=withdraw": "WITHDRAWN: whoever wrote this takes their report back. "
    "Don't use it further before you decide what happens to it.",
    "=consent": "CONSENT CHANGED: only what whoever wrote this allows here holds now. "
    "If they tick nothing, nothing is allowed.",
    "=age": "age",
    "=year": "year of birth",
    "=now": "now",
    "=other": "other names",
    "=note": "note",
    "=from": "from",
    "=to": "to",
}
"""Context and English of the reader's own words, for the `.po` files."""

CHANGE = "change"
"""The answer of the page for coming back that no questionnaire asks for: see `templates/adding.html`."""

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"  # Persian spelling and composed emoji need them; they move nothing


def visible(text: str) -> str:
    """The text with every control, format and private character written out; line ends and tabs stay."""
    return "".join(
        c if c in "\n\t" or c in _JOINERS or unicodedata.category(c) not in _HIDDEN else f"\\u{{{ord(c):x}}}"
        for c in text
    )


def changes(report: Report) -> str | None:
    """Whether it takes the report back, "withdraw", or changes what is allowed, "consent"; None for neither.

    Only who comes back by the code changes anything. Ticks are a change by themselves: without JavaScript they can be
    given beside "it stays as it was", and whoever ticks wants something that a person must look at.
    """
    if report.in_reply_to is None:
        return None
    told = report.answers.get(CHANGE)
    if isinstance(told, str) and told in ("withdraw", "consent"):
        return told
    return "consent" if report.answers.get("consent") else None


def render(
    report: Report, questionnaire: Questionnaire, words: Words, places: Mapping[str, str] = MappingProxyType({})
) -> str:
    """The whole text. `questionnaire` should be the one that the report names; a different one only costs labels.

    `places` gives the names of places by their ids, in the language of `words`; an id that it hasn't stands alone.
    """
    return "\n".join(_Reading(report, questionnaire, words, places).lines()) + "\n"


class _Reading:
    def __init__(self, report: Report, questionnaire: Questionnaire, words: Words, places: Mapping[str, str]) -> None:
        self._report = report
        self._questionnaire = questionnaire
        self._words = words
        self._places = places
        self._change = changes(report) if questionnaire.field(CHANGE) is None else None

    def lines(self) -> Iterator[str]:
        report = self._report
        if self._change:
            yield f"{self._label(f'={self._change}')} [{self._change}]"
            yield ""
        yield from self._head()
        for field in self._questionnaire.fields:
            if field.id in report.answers:
                yield ""
                yield visible(self._words.gettext(field.question, field.id))
                yield from _indented(self._answer(field, report.answers[field.id]))
        for field_id, answer in report.answers.items():
            if self._questionnaire.field(field_id) is None and not self._told(field_id):
                yield ""
                yield f"[{field_id}] ({self._label('=unknown')})"
                yield from _indented(_raw(answer))
        if not report.answers:
            yield ""
            yield self._label("=none")
        if report.files:
            yield ""
            yield self._label("=files")
            for number, file in enumerate(report.files, 1):
                yield from _indented(self._file(number, file))
        if odd := [each for each in mistakes(self._questionnaire, report.answers) if not self._told(each[0])]:
            yield ""
            yield self._label("=odd")
            for field_id, what in odd:
                yield from _indented(f"[{field_id}] {what}")

    def _head(self) -> Iterator[str]:
        report = self._report
        ref = report.questionnaire
        facts = [
            ("=report", report.id),
            ("=day", report.day.isoformat()),
            ("=origin", report.origin),
            ("=keyring", str(report.keyring)),
            ("=language", report.language),
            ("=sealed_by", f"{self._label(f'={report.sealed_by}')} [{report.sealed_by}]"),
            ("=questionnaire", f"{ref.name} {ref.version} {ref.sha256}"),
        ]
        if report.in_reply_to:
            facts.append(("=in_reply_to", report.in_reply_to))
        if report.reply_to:
            facts.append(("=reply_to", report.reply_to.mailbox))
        for label, fact in facts:
            yield f"{self._label(label)}: {visible(fact)}"

    def _told(self, field_id: str) -> bool:
        """Whether it stands at the top already."""
        return self._change is not None and field_id == CHANGE

    def _label(self, context: str) -> str:
        return self._words.gettext(LABELS[context], context)

    def _answer(self, field: Field, answer: Json) -> str:
        if not fits(field.type, answer):
            return answer if isinstance(answer, str) else _raw(answer)
        if field.type == "single":
            return self._code(field.choices, answer)
        if isinstance(answer, list):
            return "\n".join(self._item(field, item) for item in answer)
        return self._item(field, answer)

    def _item(self, field: Field, item: Json) -> str:
        """One item of a shape that fits."""
        if field.type == "multi":
            return f"- {self._code(field.choices, item)}"
        if field.type == "text_list":
            return f"- {item}"
        if field.type == "file_list":
            return member_name(item) if isinstance(item, int) else str(item)
        if not isinstance(item, dict):
            return str(item)
        if field.type == "person_list":
            return f"- {self._person(item)}"
        if field.type == "place_list":
            return f"- {self._stay(field, item)}"
        if field.type == "year_or_age":
            return ", ".join(f"{self._label(f'={key}')} {value}" for key, value in item.items())
        return self._plain(field, item)

    def _plain(self, field: Field, item: dict[str, Json]) -> str:
        """A date or a place: its parts in one line, its text below them."""
        parts = [str(item[key]) for key in ("date", "time", "zone") if key in item]
        if "precision" in item:
            parts.append(self._code(field.choices or "@precision", item["precision"]))
        if "id" in item:
            parts.append(f"{self._places.get(str(item['id']), '')} [{item['id']}]".lstrip())
        return "\n".join(filter(None, (" · ".join(parts), str(item.get("text", "")))))

    def _person(self, person: dict[str, Json]) -> str:
        lines = [str(person["name"]) or "—"]
        for key in ("age", "now", "other", "note"):
            if (value := person.get(key)) is not None:
                if isinstance(value, list):
                    value = ", ".join(map(str, value))
                text = self._code("@status", value) if key == "now" else str(value)
                lines.append(f"  {self._label(f'={key}')}: {text}")
        return "\n".join(lines)

    def _stay(self, field: Field, stay: dict[str, Json]) -> str:
        lines = []
        for key in ("place", "from", "to"):
            if isinstance(value := stay.get(key), dict):
                text = self._plain(field, value).replace("\n", " · ")
                lines.append(text or "—" if key == "place" else f"  {self._label(f'={key}')}: {text}")
        return "\n".join(lines)

    def _code(self, choices: str, code: Json) -> str:
        """A code in words; one that the list hasn't, or free text, as it is."""
        for choice in self._questionnaire.lists.get(choices.removeprefix("@"), ()):
            if choice.code == code:
                return f"{self._words.gettext(choice.words, f'{choices}.{code}')} [{code}]"
        return str(code)

    def _file(self, number: int, file: FileEntry) -> str:
        name = file.name.replace("\n", "\\n").replace("\t", "\\t") or "—"
        cleaned = f", {self._label('=cleaned')}" if file.cleaned else ""
        kind = file.type.replace("\n", " ") or "?"
        told = [f"{member_name(number)}  {name} ({kind}, {file.size:,} B{cleaned})"]
        return "\n".join([*told, *(f"          {self._label(f'={trick}')}" for trick in tricks(file.name))])


def _raw(answer: Json) -> str:
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False, indent=2)


def _indented(text: str) -> Iterator[str]:
    for line in visible(text).split("\n"):
        yield f"    {line}"
