"""What is found by what is typed, in an index of SQLite's own: every place by every name, in every script."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import pytest

from intake.locale import packaged_places
from intake.report.document import Json
from intake.report.places import Place
from intake.review.search import LIMIT, Gazette, query, text_of

PLACES = packaged_places()
GAZETTE = Gazette(PLACES)


class Index:
    """FTS5 as the vault has it."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute("CREATE VIRTUAL TABLE words USING fts5 (text, prefix = '3 4')")

    def add(self, number: int, answers: Mapping[str, Json], *names: str) -> None:
        row = (number, text_of(answers, names, GAZETTE))
        self._connection.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", row)

    def found(self, typed: str) -> set[int]:
        if not (asked := query(typed, GAZETTE)):
            return set()
        return {row[0] for row in self._connection.execute("SELECT rowid FROM words WHERE words MATCH ?", (asked,))}


@pytest.fixture
def index() -> Index:
    return Index()


def names_of(place: Place) -> tuple[str, ...]:
    return (*place.names.values(), *place.aliases)


def test_every_place_is_found_by_every_name_wherever_a_report_names_it() -> None:
    chosen, typed, told = Index(), Index(), Index()
    names = [(place, name) for place in PLACES.places for name in names_of(place)]
    for number, place in enumerate(PLACES.places):
        chosen.add(number, {"where": {"id": place.id, "text": ""}})
    for number, (_, name) in enumerate(names):
        typed.add(number, {"where": {"text": name}})
        told.add(number, {"account": f"Двое в форме отвезли его; {name}, потом ничего не известно."})
    for number, place in enumerate(PLACES.places):
        mine = {each for each, (other, _) in enumerate(names) if other is place}
        for name in names_of(place):
            assert number in chosen.found(name), (place.id, name)
            assert mine <= typed.found(name), (place.id, name)
            assert mine <= told.found(name), (place.id, name)


@pytest.mark.parametrize("typed", ["Хоруғ", "хорог", "Khorog", "HORUGH", "Khorugh", "в Хороге", "из Хорога"])
@pytest.mark.parametrize("told", ["Хоруғ", "Хорог", "Khorog", "в Хороге", "Khorugh"])
def test_a_place_is_one_word_in_any_script_and_case(index: Index, told: str, typed: str) -> None:
    index.add(1, {"account": f"Его увезли {told} ночью."})
    index.add(2, {"account": "Его увезли ночью в Душанбе."})
    assert index.found(typed.split()[-1]) == {1}


@pytest.mark.parametrize(
    "typed", ["Раҳмонзода", "Рахмонов", "rakhmonov", "Rahmonzoda", "раҳмон фирдавс", "Firdavs Rakhmonov"]
)
def test_a_name_is_found_by_any_spelling_and_ending(index: Index, typed: str) -> None:
    index.add(1, {"who": [{"name": "Фирдавс Раҳмонзода", "age": 31}]})
    index.add(2, {"who": [{"name": "Фаррух Каримзода"}]})
    assert index.found(typed) == {1}


def test_all_words_must_be_there_and_order_is_no_matter(index: Index) -> None:
    index.add(1, {"account": "A grey car stood at the bridge"})
    index.add(2, {"account": "A grey house"})
    assert index.found("bridge grey") == {1}
    assert index.found("grey") == {1, 2}
    assert index.found("grey train") == set()


def test_codes_files_and_numbers_are_found(index: Index) -> None:
    index.add(1, {"kind": ["taken"], "case_no": "12-345/26", "victims_count": 17}, "Фото моста.jpg")
    for typed in ("taken", "345", "17", "фото", "mosta"):
        assert index.found(typed) == {1}, typed


def test_what_is_hidden_is_never_found(index: Index) -> None:
    index.add(
        1, {"contact": "phone", "contact_detail": "+992 900 555 123", "known": ["qalandar"], "relation": "brother"}
    )
    for typed in ("992", "555", "phone", "qalandar", "brother"):
        assert index.found(typed) == set(), typed


@pytest.mark.parametrize(
    "typed", ['"', "*", "a AND", "NEAR(x y)", "text:x", "- -", "^x", "' OR 1=1 --", "q", "()", "\x00"]
)
def test_nothing_that_is_typed_is_an_operator(index: Index, typed: str) -> None:
    index.add(1, {"account": "harmless"})
    assert index.found(typed) == set()


def test_a_flood_of_words_costs_no_more_than_its_bound() -> None:
    assert len(text_of({"account": "слово " * 3 * LIMIT}, (), GAZETTE).split()) == LIMIT
    assert query("word " * 1000, GAZETTE).count("AND") == 15


def test_no_text_can_pose_as_a_place() -> None:
    for place in PLACES.places:
        sign = GAZETTE.sign(place.id) or ""
        assert sign in text_of({"where": {"id": place.id}}, (), GAZETTE).split()
        told = text_of({"account": f"{sign}x", "where": {"text": f"x{sign}"}}, (), GAZETTE)
        assert not any("q" in line for line in told.split("\n")[:2]), "no word of a text folds to a sign"
