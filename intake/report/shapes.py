"""The shapes of answers, checked: for the desk to show what is odd. Nothing is refused for its shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from intake.report import dates
from intake.report.document import Json
from intake.report.questionnaire import Field, Questionnaire, Type

Check = Callable[[Json], bool]


def mistakes(questionnaire: Questionnaire, answers: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """(field id, what is odd) for each answer that isn't of its field's shape, or has codes that its list hasn't."""
    found = []
    for field_id, answer in answers.items():
        field = questionnaire.field(field_id)
        if field is None:
            found.append((field_id, "the questionnaire has no such field"))
        elif not fits(field.type, answer):
            found.append((field_id, f"not of the shape {field.type}"))
        elif unknown := _unknown_codes(questionnaire, field, answer):
            found.append((field_id, f"{unknown} of its codes are not in the list"))
    return tuple(found)


def fits(kind: Type, answer: Json) -> bool:
    """Whether an answer has the shape of this type. A plain text where another shape was meant does not."""
    match kind:
        case "number":
            return type(answer) is int
        case "text" | "longtext" | "single":
            return isinstance(answer, str)
        case "multi" | "text_list":
            return _all(answer, lambda item: isinstance(item, str))
        case "file_list":
            return _all(answer, lambda item: type(item) is int and item > 0)
        case "year_or_age":
            return _table(answer, {}, {"year": _int, "age": _int}) and bool(answer)
        case "textdate":
            return _table(answer, {"text": _str}, {"date": _date})
        case "place":
            return _table(answer, {"text": _str}, {"id": _str})
        case "fuzzydate":
            return _fuzzy(answer)
        case "fuzzydatetime":
            return _table(answer, {"precision": _str}, {"date": _date, "time": _time, "zone": _str, "text": _str})
        case "place_list":
            return _all(answer, _stay)
        case "person_list":
            return _all(answer, _person)


def _all(answer: Json, check: Check) -> bool:
    return isinstance(answer, list) and all(map(check, answer))


def _table(answer: Json, needed: Mapping[str, Check], optional: Mapping[str, Check]) -> bool:
    if not isinstance(answer, dict) or not needed.keys() <= answer.keys() <= needed.keys() | optional.keys():
        return False
    return all((needed.get(key) or optional[key])(value) for key, value in answer.items())


def _str(value: Json) -> bool:
    return isinstance(value, str)


def _int(value: Json) -> bool:
    return type(value) is int


def _date(value: Json) -> bool:
    return isinstance(value, str) and dates.read(value) == value != ""


def _time(value: Json) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value))


def _fuzzy(value: Json) -> bool:
    return _table(value, {"precision": _str}, {"date": _date, "text": _str})


def _stay(value: Json) -> bool:
    return _table(value, {"place": lambda place: fits("place", place)}, {"from": _fuzzy, "to": _fuzzy})


def _person(value: Json) -> bool:
    age: Check = lambda item: isinstance(item, str) or _int(item)  # noqa: E731
    other: Check = lambda item: fits("text_list", item)  # noqa: E731
    return _table(value, {"name": _str}, {"age": age, "now": _str, "other": other, "note": _str})


def _unknown_codes(questionnaire: Questionnaire, field: Field, answer: Json) -> int:
    codes = {choice.code for choice in questionnaire.choices(field)}
    if field.type == "single":
        return int(answer not in codes)
    if field.type == "multi" and isinstance(answer, list):
        return sum(item not in codes for item in answer)
    return 0
