"""The shapes of answers, as the desk checks them."""

from pathlib import Path

import pytest

from intake.report.document import Json
from intake.report.questionnaire import Questionnaire, Type
from intake.report.shapes import fits, mistakes

QUESTIONNAIRE = Questionnaire.parse(
    (Path(__file__).parents[2] / "intake" / "report" / "questionnaire.toml").read_bytes()
)

GOOD: list[tuple[Type, Json]] = [
    ("multi", ["a"]),
    ("single", "a"),
    ("number", 0),
    ("text", ""),
    ("text_list", ["a"]),
    ("year_or_age", {"year": 1990}),
    ("textdate", {"text": "", "date": "2022-05"}),
    ("fuzzydate", {"precision": "about", "date": "2022-05-17", "text": "night"}),
    ("fuzzydatetime", {"precision": "exact", "date": "2022", "time": "09:05", "zone": "Moscow", "text": "x"}),
    ("place", {"id": "khorog", "text": "Хоруғ"}),
    ("place_list", [{"place": {"text": "a"}, "from": {"precision": "unknown"}, "to": {"precision": "unknown"}}]),
    ("person_list", [{"name": "a", "age": "30?", "now": "held", "other": ["b"], "note": "c"}, {"name": "", "age": 3}]),
    ("file_list", [1, 2]),
]

BAD: list[tuple[Type, Json]] = [
    ("multi", "a"),
    ("multi", [1]),
    ("single", ["a"]),
    ("number", "1"),
    ("number", True),
    ("number", 1.5),
    ("longtext", None),
    ("text_list", {"a": "b"}),
    ("year_or_age", {}),
    ("year_or_age", {"year": "1990"}),
    ("textdate", {"date": "2022"}),
    ("textdate", {"text": "a", "date": "2022-13"}),
    ("fuzzydate", {"date": "2022"}),
    ("fuzzydate", {"precision": "month", "date": "5.2022"}),
    ("fuzzydate", {"precision": "month", "time": "10:00"}),
    ("fuzzydatetime", {"precision": "exact", "time": "24:00"}),
    ("fuzzydatetime", {"precision": "exact", "time": "9:00"}),
    ("place", {"id": "khorog"}),
    ("place", {"text": "a", "lat": 1}),
    ("place_list", [{"place": "a"}]),
    ("place_list", [{"place": {"text": "a"}, "from": "2022"}]),
    ("person_list", [{"age": 3}]),
    ("person_list", [{"name": "a", "age": 1.5}]),
    ("person_list", [{"name": "a", "other": "b"}]),
    ("person_list", ["a"]),
    ("file_list", [0]),
    ("file_list", [True]),
]


@pytest.mark.parametrize(("kind", "answer"), GOOD)
def test_it_fits(kind: Type, answer: Json) -> None:
    assert fits(kind, answer)


@pytest.mark.parametrize(("kind", "answer"), BAD)
def test_it_does_not_fit(kind: Type, answer: Json) -> None:
    assert not fits(kind, answer)


def test_what_is_odd_is_named_by_its_field_without_a_word_of_the_answer() -> None:
    answers: dict[str, Json] = {
        "urgent": ["me", "zzz", "yyy"],
        "account": "fine",
        "now": "somewhere",
        "who": "Ҷ",
        "gone": {"x": 1},
    }
    assert mistakes(QUESTIONNAIRE, answers) == (
        ("urgent", "2 of its codes are not in the list"),
        ("now", "1 of its codes are not in the list"),
        ("who", "not of the shape person_list"),
        ("gone", "the questionnaire has no such field"),
    )
