r"""Answers: from the names and values of a form to the shapes that desk, statement and exports share.

The page turns its controls into the same (name, value) pairs as the plain form posts, and both turn them into answers
by these rules; `tests/report/form_vectors.json` holds examples that each implementation must meet.

**Text.** Lone surrogates become U+FFFD, line ends `\n`, the whole is NFC, and spaces, tabs, line ends and no-break
spaces at its ends fall away. What is empty then is absent. A text of more than 100,000 characters (code points) is
refused: nothing else ever is. A value that doesn't parse is kept as text. Of several values for one name the first that
is not empty counts, except where every value does.

**Names** (`F` is the field's id, N a row from 1 to 9999; rows keep their order, empty ones fall away) and shapes:

- multi: `F`, every value, each once → [code] · single: `F` → code; codes need not be known
- number: `F`, up to nine digits → int, else text
- text, longtext: `F` · text_list: `F` and `F.N`, one item a line → [text]
- year_or_age: `F.year`, `F.age`, or `F` for either → {year} (1900 to 2100), {age} (up to 130), or text
- textdate: `F.text`, `F.date`, or `F` for the text → {text, date?}; a date that is none goes into the text
- place: `F.text` (or `F`), `F.id` → {id?, text}
- fuzzydate: `F.text`, `F.year`, `F.month`, `F.day`, `F.date` (or `F`), `F.precision` → {precision, date?, text?}
- fuzzydatetime: as well `F.time`, `F.zone` → {…, time?, zone?}
- place_list: `F.N.place.…` as a place, `F.N.from.…` and `F.N.to.…` as fuzzy dates, `F.more` (or `F`), one a line
  → [{place, from?, to?}]
- person_list: `F.N.name`, `.age`, `.now`, `.other`, `.note`, and `F.more` (or `F`), one person a line
  → [{name, age?, now?, other?, note?}]; a row without a name has the name ""
- file_list: `F`, every value → [number]; the page and the server fill it

**Dates.** "Month and year are enough": the page asks for day, month (a list) and year, has a tick for "about then", and
one free box for whatever else is known ("at night"; "before the new year"). No calendar to fight with, nothing that
must be filled, and the old phone's own keyboard. `date` is for a date in one box. A date is read
from `date` (2022, 2022-05, 2022-05-17, 5.2022, 17.5.2022), else built from year, month and day as far as they fit
together. What can't be used goes into the text, a line each: `date` as it stands, others as `year: …`, `month: …`.
Without `precision`: a day is exact, a month is month, a year is year, and no date is unknown.

**People.** A line of the "more people" box is split at commas (also ؛ ، ;) only when its second part is an age:
name, age, and the rest is `now`. Otherwise the whole line is the name. `age` is a number up to 130, else text. `other`
is split at commas and line ends. `now` is a code or text.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from intake.errors import Usage
from intake.report import dates
from intake.report.document import Json, well_formed
from intake.report.questionnaire import Questionnaire, Type

TEXT_LENGTH = 100_000

Group = Mapping[str, list[str]]
"""The values of one field by the rest of their name: "" for the bare id, "1.name", "text"."""

_ENDS = " \t\n\r\u00a0"
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ROW = re.compile(r"([1-9][0-9]{0,3})(?:\.(.+))?", re.DOTALL)
_NUMBER = re.compile(r"[0-9]{1,9}")
_AGE = re.compile(r"[0-9]{1,2}|1[0-2][0-9]|130")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_COMMAS = re.compile(r"[,;،؛]")
_COMMAS_OR_LINES = re.compile(r"[,;،؛\n]")
_FILE = re.compile(r"[1-9][0-9]?")


class TooLong(Usage):
    """One text has more characters than any report may hold."""

    advice = "Write less in this box, or send a second report."


def clean(value: str) -> str:
    """A text as it is kept. Raises `TooLong`."""
    lines = well_formed(value).replace("\r\n", "\n").replace("\r", "\n")
    text = unicodedata.normalize("NFC", lines).strip(_ENDS)
    if len(text) > TEXT_LENGTH:
        raise TooLong(f"a text is longer than {TEXT_LENGTH} characters")
    return text


def from_form(questionnaire: Questionnaire, pairs: Sequence[tuple[str, str]]) -> dict[str, Json]:
    """The answers that a form's pairs give, in the order of the questionnaire, whatever any `show_if` says.

    Fields that the questionnaire doesn't have (a form that was open while the operator changed it) are kept as text, in
    order, after the others; names that no field can have, and `language`, are not answers. Raises `TooLong`.
    """
    return from_fields({field.id: field.type for field in questionnaire.fields}, pairs)


def from_fields(fields: Mapping[str, Type], pairs: Sequence[tuple[str, str]]) -> dict[str, Json]:
    """`from_form` for field ids and their types."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, value in pairs:
        base, _, rest = name.partition(".")
        if _FIELD.fullmatch(base) and base != "language" and (text := clean(value)):
            groups[base][rest].append(text)
    answers: dict[str, Json] = {}
    for field, kind in fields.items():
        if field in groups and (answer := _SHAPES[kind](groups[field])) not in (None, "", [], {}):
            answers[field] = answer
    for field, group in groups.items():
        if field not in fields:
            answers[field] = "\n".join(text for values in group.values() for text in values)
    return answers


def _first(group: Group, *names: str) -> str:
    return next((group[name][0] for name in names if group.get(name)), "")


def _every(group: Group) -> Json:
    return list(dict.fromkeys(group.get("", [])))


def _text(group: Group) -> Json:
    return _first(group, "")


def _number(group: Group) -> Json:
    text = _first(group, "")
    return int(text) if _NUMBER.fullmatch(text) else text


def _lines(values: Iterable[str]) -> list[str]:
    return [line for value in values for part in value.split("\n") if (line := part.strip(_ENDS))]


def _rows(group: Group) -> list[dict[str, list[str]]]:
    rows: dict[int, dict[str, list[str]]] = defaultdict(dict)
    for name, values in group.items():
        if row := _ROW.fullmatch(name):
            rows[int(row[1])][row[2] or ""] = values
    return [rows[number] for number in sorted(rows)]


def _more(group: Group) -> list[str]:
    return _lines([*group.get("more", []), *group.get("", [])])


def _text_list(group: Group) -> Json:
    return [*_lines(group.get("", [])), *_lines(text for row in _rows(group) for text in row.get("", []))]


def _year_or_age(group: Group) -> Json:
    year, age, either = _first(group, "year"), _first(group, "age"), _first(group, "")
    if either and not (year or age):
        year, age = (either, "") if dates.YEAR.fullmatch(either) else ("", either)
    found: dict[str, Json] = {}
    if dates.YEAR.fullmatch(year):
        found["year"] = int(year)
    if _AGE.fullmatch(age):
        found["age"] = int(age)
    return found or "\n".join(filter(None, (year, age)))


def _textdate(group: Group) -> Json:
    text, spelled = _first(group, "text", ""), _first(group, "date")
    day = dates.read(spelled)
    if not text and not spelled:
        return None
    if day:
        return {"text": text, "date": day}
    return {"text": "\n".join(filter(None, (text, spelled)))}


def _place(group: Group) -> Json:
    text, known = _first(group, "text", ""), _first(group, "id")
    if known:
        return {"id": known, "text": text}
    return {"text": text} if text else None


def _fuzzydate(group: Group) -> Json:
    parts = {name: _first(group, name) for name in ("year", "month", "day")}
    spelled = _first(group, "date", "")
    left = [_first(group, "text")]
    day = dates.read(spelled)
    if spelled and not day:
        left.append(spelled)
    if not day:
        day = dates.build(parts)
        used = len(day.split("-")) if day else 0
        parts = dict(list(parts.items())[used:])
    left += [f"{name}: {value}" for name, value in parts.items() if value]
    precision = _first(group, "precision")
    text = "\n".join(filter(None, left))
    if not (precision or day or text):
        return None
    found: dict[str, Json] = {"precision": precision or ("unknown", "year", "month", "exact")[dates.depth(day)]}
    if day:
        found["date"] = day
    if text:
        found["text"] = text
    return found


def _fuzzydatetime(group: Group) -> Json:
    time, zone = _first(group, "time"), _first(group, "zone")
    read = _TIME.fullmatch(time)
    found = _fuzzydate(group)
    if found is None and not (time or zone):
        return None
    answer: dict[str, Json] = found if isinstance(found, dict) else {"precision": "unknown"}
    text = answer.pop("text", "")
    if read:
        answer["time"] = f"{int(read[1]):02}:{read[2]}"
    elif time:
        text = "\n".join(filter(None, (str(text), f"time: {time}")))
    if zone:
        answer["zone"] = zone
    if text:
        answer["text"] = text
    return answer


def _below(row: Group, name: str) -> Group:
    """The part of a row under `name`, its own bare value included."""
    start = f"{name}."
    found = {key.removeprefix(start): values for key, values in row.items() if key.startswith(start)}
    return {**found, "": row[name]} if name in row else found


def _place_list(group: Group) -> Json:
    stays: list[Json] = []
    for row in _rows(group):
        place = _place(_below(row, "place"))
        since, until = (_fuzzydate(_below(row, name)) for name in ("from", "to"))
        if place or since or until:
            stay: dict[str, Json] = {"place": place or {"text": ""}}
            if since:
                stay["from"] = since
            if until:
                stay["to"] = until
            stays.append(stay)
    stays += [{"place": {"text": line}} for line in _more(group)]
    return stays


def _age(text: str) -> Json:
    return int(text) if _AGE.fullmatch(text) else text


def _person_list(group: Group) -> Json:
    people: list[Json] = []
    for row in _rows(group):
        person: dict[str, Json] = {"name": _first(row, "name", "")}
        if age := _first(row, "age"):
            person["age"] = _age(age)
        if now := _first(row, "now"):
            person["now"] = now
        if other := _split(_COMMAS_OR_LINES, "\n".join(row.get("other", []))):
            person["other"] = list(other)
        if note := _first(row, "note"):
            person["note"] = note
        if person != {"name": ""}:
            people.append(person)
    return [*people, *map(_person_line, _more(group))]


def _person_line(line: str) -> Json:
    name, age, *rest = [part.strip(_ENDS) for part in _COMMAS.split(line)] + ["", ""]
    if not (name and _AGE.fullmatch(age)):
        return {"name": line}
    now = ", ".join(filter(None, rest))
    return {"name": name, "age": int(age), "now": now} if now else {"name": name, "age": int(age)}


def _split(at: re.Pattern[str], text: str) -> list[str]:
    return [item for part in at.split(text) if (item := part.strip(_ENDS))]


def _file_list(group: Group) -> Json:
    return [int(text) if _FILE.fullmatch(text) else text for text in dict.fromkeys(group.get("", []))]


_SHAPES: Mapping[Type, Callable[[Group], Json]] = {
    "multi": _every,
    "single": _text,
    "number": _number,
    "year_or_age": _year_or_age,
    "text": _text,
    "longtext": _text,
    "text_list": _text_list,
    "textdate": _textdate,
    "fuzzydate": _fuzzydate,
    "fuzzydatetime": _fuzzydatetime,
    "place": _place,
    "place_list": _place_list,
    "person_list": _person_list,
    "file_list": _file_list,
}
