"""From a form to answers: the vectors that the page meets too, and that nothing but size is ever refused."""

import json
import string
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from intake.report import document
from intake.report.answers import TooLong, clean, from_fields, from_form
from intake.report.document import Json
from intake.report.questionnaire import TYPES, Questionnaire, Type
from intake.report.shapes import fits, mistakes

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "form_vectors.json").read_text())
PACKAGED = Path(__file__).parents[2] / "intake" / "report" / "questionnaire.toml"
FIELDS: dict[str, Type] = {kind: kind for kind in TYPES}

parts = st.sampled_from(
    ["1", "2", "10", "0", "more", "text", "id", "year", "month", "day", "date", "precision", "time", "zone", "name"]
) | st.sampled_from(["age", "now", "other", "note", "place", "from", "to"])
names = st.builds(
    lambda base, rest: ".".join([base, *rest]), st.sampled_from([*TYPES, "other", "X"]), st.lists(parts, max_size=3)
)
dates = st.sampled_from(
    ["2022", "5", "05", "31", "2022-02-30", "2022-02-28", "1.2.2022", "99.99.2022", "24:00", "7:30"]
)
values = st.text(st.characters(), max_size=30) | st.text(string.digits + ".,-:;\r\n ", max_size=12) | dates
forms = st.lists(st.tuples(names, values), max_size=25)


def texts(value: Json) -> Iterator[str]:
    """Every text inside an answer."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_vector(vector: dict[str, Any]) -> None:
    answers = from_fields(vector["fields"], [(name, value) for name, value in vector["pairs"]])
    assert answers == vector["answers"]
    assert list(answers) == list(vector["answers"]), "in the order of the questionnaire"


def test_the_vectors_cover_every_shape() -> None:
    used = {kind for vector in VECTORS for field, kind in vector["fields"].items() if field in vector["answers"]}
    assert used == set(TYPES)
    assert len(VECTORS) == 87


def test_every_question_of_the_packaged_questionnaire_is_answered_in_its_shape() -> None:
    questionnaire = Questionnaire.parse(PACKAGED.read_bytes())
    vector = next(vector for vector in VECTORS if vector["name"].startswith("every question of the packaged"))
    assert list(vector["fields"].items()) == [(field.id, field.type) for field in questionnaire.fields]
    answers = from_form(questionnaire, [(name, value) for name, value in vector["pairs"]])
    assert answers == vector["answers"]
    assert len(answers) == 62
    assert mistakes(questionnaire, answers) == ()


@given(forms)
@example([("fuzzydate.date", "٣.5.2022"), ("number", "²"), ("person_list.1.age", "٣")])
def test_no_form_is_refused_and_what_comes_out_is_a_report_s(form: list[tuple[str, str]]) -> None:
    answers = from_fields(FIELDS, form)
    assert document.parse(document.dump(dict(answers)), "answers") == answers
    for field, answer in answers.items():
        assert answer not in (None, "", [], {})
        for text in texts(answer):
            assert text == unicodedata.normalize("NFC", text)
        if field in FIELDS:
            assert fits(FIELDS[field], answer) or isinstance(answer, str | list), "the shape, or the text as it came"


@given(forms)
def test_no_word_is_lost_from_a_field_s_own_boxes(form: list[tuple[str, str]]) -> None:
    boxes = {"longtext", "fuzzydate.text", "place.text", "person_list.1.note", "fuzzydate.year", "number", "single"}
    taken: dict[str, str] = {}
    for name, value in form:
        if name in boxes and clean(value):
            taken.setdefault(name, clean(value))
    answers = from_fields(FIELDS, list(taken.items()))
    told = "\n".join(text for answer in answers.values() for text in texts(answer))
    for name, value in taken.items():
        if name in ("number", "fuzzydate.year"):
            assert value in told or not value.strip(string.digits)
        else:
            assert value in told


@given(st.text(st.characters()))
def test_cleaning_settles(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert cleaned.encode().decode() == cleaned


def test_size_and_only_size_refuses() -> None:
    assert from_fields({"a": "longtext"}, [("a", "🇹" * 100_000)]) == {"a": "🇹" * 100_000}
    assert from_fields({"a": "longtext"}, [("a", " " * 5 + "ӯ" * 100_000 + "\r\n")]) == {"a": "ӯ" * 100_000}
    for name in ("a", "b", "a.1.x"):
        with pytest.raises(TooLong, match="longer than 100000 characters") as caught:
            from_fields({"a": "longtext"}, [(name, "ӯ" * 100_001)])
        assert caught.value.advice
