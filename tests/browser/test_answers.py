"""The page turns a form into the same answers as Python: the shared vectors, and pairs that nobody would think of."""

import json
import random
from pathlib import Path
from typing import Any

from intake.report.answers import from_fields
from tests.harness.page_code import run_page

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "report" / "form_vectors.json").read_text(encoding="utf-8")
)

FIELDS: dict[str, Any] = {
    "urgent": "multi",
    "account": "longtext",
    "who": "person_list",
    "when": "fuzzydate",
    "removal_when": "fuzzydatetime",
    "where": "place",
    "held_places": "place_list",
    "now": "single",
    "birth_year": "year_or_age",
    "other_names": "text_list",
    "decision_last": "textdate",
    "victims_count": "number",
    "files": "file_list",
}
RESTS = [
    *["year", "month", "day", "date", "text", "precision", "time", "zone", "id", "age", "more", "1", "2", "10", "01"],
    *["1.name", "2.name", "1.age", "1.now", "1.other", "1.note", "1.place", "1.place.text", "1.place.id"],
    *["1.from.year", "1.to", "1.to.date", "3.x"],
]
STRANGE = ["language", "", ".", "constructor", "__proto__", "strange", "strange.1", "Who.1.name", "who..name"]
VALUES = [
    *["2022", "2022-05", "2022-05-17", "17.5.2022", "31.2.2022", "5.2022", "1899", "2100", "12", "0", "05", "13", "31"],
    *["29", "130", "131", "9:05", "24:00", "removal", "x", "", "Фарзона, 34, Хоруғ", "A, B, C", "a\r\nb\rc"],
    *[" \u00a0x\t", "\u0439", "\ud800", "e\u0301", "٣٤", "🙂\u2028", "\x0b1"],
]


def _forms(count: int) -> list[list[tuple[str, str]]]:
    """The same random forms in every run, of names and values that lie near an edge."""
    draw = random.Random(7)

    def name() -> str:
        if draw.random() < 0.1:
            return draw.choice(STRANGE)
        field = draw.choice(list(FIELDS))
        return field if draw.random() < 0.3 else f"{field}.{draw.choice(RESTS)}"

    return [[(name(), draw.choice(VALUES)) for _ in range(draw.randrange(12))] for _ in range(count)]


def _task(fields: dict[str, Any], pairs: list[Any]) -> dict[str, Any]:
    return {"task": "answers", "kinds": list(fields.items()), "pairs": pairs}


def test_the_shared_vectors() -> None:
    said = run_page(_task(vector["fields"], vector["pairs"]) for vector in VECTORS)
    wrong = [
        (vector["name"], answer)
        for vector, answer in zip(VECTORS, said, strict=True)
        if answer != {"done": vector["answers"]} or list(answer["done"]) != list(vector["answers"])
    ]
    assert not wrong
    assert len(VECTORS) >= 80


def test_any_pairs_give_pythons_answers() -> None:
    forms = _forms(5_000)
    said = run_page(_task(FIELDS, pairs) for pairs in forms)
    for pairs, answer in zip(forms, said, strict=True):
        expected = from_fields(FIELDS, pairs)
        assert answer == {"done": expected}, pairs
        assert list(answer["done"]) == list(expected)


def test_a_text_of_too_many_characters_is_refused() -> None:
    fits, too_long = run_page(_task(FIELDS, [("account", "🙂" * count)]) for count in (100_000, 100_001))
    assert fits == {"done": {"account": "🙂" * 100_000}}
    assert too_long == {"refused": "large"}
