"""Suggestions: measured on people whose names the rules never saw, and held to what they must never say."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.review.matching import (
    CROWD,
    FLOOR,
    Event,
    Person,
    blocks,
    compare,
    expanded,
    known_aliases,
    same_event,
    same_people,
)
from tests.harness.names import invent, mentions, spell

HELD_OUT = 1
PEOPLE = 600
PAIRS = PEOPLE * 8 * 7 // 2

MAY, JUNE, LATER = date(2022, 5, 18), date(2022, 6, 10), date(2024, 1, 9)


def measure(found: Sequence[tuple[int, Person]]) -> tuple[float, float]:
    """(recall, wrong joins among what is suggested) over every pair of mentions."""
    whose = {person.key: who for who, person in found}
    pairs = [(whose[pair.left], whose[pair.right]) for pair in same_people([person for _, person in found])]
    right = sum(a == b for a, b in pairs)
    return right / PAIRS, (len(pairs) - right) / len(pairs)


def test_eight_spellings_of_a_name_find_each_other() -> None:
    recall, wrong = measure(list(mentions(invent(PEOPLE, HELD_OUT), by_alias=False)))
    assert recall >= 0.97
    assert wrong <= 0.01


def test_names_alone_do_without_any_context() -> None:
    bare = [
        (who, Person(person.key, person.names)) for who, person in mentions(invent(PEOPLE, HELD_OUT), by_alias=False)
    ]
    recall, wrong = measure(bare)
    assert recall >= 0.97
    assert wrong <= 0.015


def test_pen_names_are_found_by_the_alias_table_and_by_nothing_else() -> None:
    found = list(mentions(invent(PEOPLE, HELD_OUT)))
    table = known_aliases(person for _, person in found)
    recall, wrong = measure([(who, expanded(person, table)) for who, person in found])
    assert recall >= 0.95
    assert wrong <= 0.01
    recall, wrong = measure([(who, replace(person, aliases=())) for who, person in found])
    assert 0.8 <= recall < 0.9
    assert wrong <= 0.01


def test_the_rules_were_written_on_other_roots() -> None:
    ours, theirs = (
        {word for person in invent(2000, part) for word in (person.given, person.surname)} for part in (0, 1)
    )
    assert len(ours) > 500
    assert not ours & theirs


def test_the_spellings_are_of_many_systems() -> None:
    spelled = spell(invent(1, HELD_OUT)[0], random.Random(1))
    assert len(set(spelled)) == 8
    assert sum(name.isascii() for name in spelled) >= 4


ONE = (
    ("Қурбоншо Фарҳодзода", "Kurbonsho Farkhadov"),
    ("Курбоншо Фархадович Мирзоев", "Мирзозода Қурбоншо"),
    ("Шоҳзамон Ёрбеков", "Yorbekzoda Shozamon"),
    ("Mamadsho Dilovarov", "Муҳаммадшо Диловарзода"),
    ("Джонибек Ғуломҳайдаров", "JONIBEK GULOMHAYDAR"),
    ("Ҷонибек ибни Одил Саидзода", "Jonibek Saidov"),
    ("Nigora Zardusht", "Зардуштова Нигора Ҳотамовна"),
)


@pytest.mark.parametrize(("left", "right"), ONE)
def test_one_name_in_two_hands(left: str, right: str) -> None:
    found = compare(Person("a", (left,)), Person("b", (right,)))
    assert found is not None
    assert found.reasons[0] == "2 words of their names agree"


TWO = (
    ("Фарҳодзода", "Farkhadov"),  # a surname
    ("Қурбоншо", "Kurbonsho"),  # a given name
    ("Қурбоншо Фарҳодзода", "Фарҳодов"),
    ("Қурбоншо Фарҳодзода", "Давлат Фарҳодзода"),
    ("Қурбоншо Мирзоев Одилович", "Давлат Мирзоев Одилович"),  # brothers
    ("К. Фарҳодов", "К. Фарҳодзода"),
    ("Рустами Карим", "Рустам Салимов"),
    ("", ""),
    ("...", "…"),
)


@pytest.mark.parametrize(("left", "right"), TWO)
def test_one_word_in_common_suggests_nothing_whatever_else_agrees(left: str, right: str) -> None:
    context = Person("", (), places=frozenset({"khorog"}), days=(MAY, MAY), born=(1980, 1980))
    assert compare(replace(context, key="a", names=(left,)), replace(context, key="b", names=(right,))) is None


def test_a_surname_among_the_other_names_is_no_alias() -> None:
    ours = Person("a", ("Қурбоншо Фарҳодзода",), aliases=("Farkhadov",))
    assert compare(ours, Person("b", ("Фарҳодов",))) is None
    assert compare(ours, Person("b", ("Давлат Фарҳодов",), aliases=("Фарҳодзода",))) is None
    assert blocks(ours).kept.isdisjoint(blocks(Person("b", ("Фарҳодов",))).sought)


def test_context_is_told_and_weighed() -> None:
    ours = Person("a", ("Шоҳзамон Ёрбеков",), (), frozenset({"khorog", "gbao"}), (MAY, MAY), (1980, 1980))
    same = Person("b", ("Yorbekzoda Shozamon",), (), frozenset({"khorog"}), (JUNE, JUNE), (1981, 1982))
    found = compare(ours, same)
    assert found is not None
    assert found.reasons == (
        "2 words of their names agree",
        "born 1980 and 1981-1982",
        "23 days apart",
        "the same place: khorog",
    )
    bare = compare(replace(ours, born=None, days=None), replace(same, places=frozenset()))
    assert bare is not None
    assert bare.score < found.score
    assert compare(ours, replace(same, born=(1995, 1995), days=None, places=frozenset())) is None
    assert compare(ours, Person("c", ("Ёрбекова Шозамон",), born=(1995, 1995))) is None


def test_an_alias_joins_what_no_spelling_could() -> None:
    named = Person("a", ("Шоҳзамон Ёрбеков",), aliases=("Садои кӯҳ",))
    found = compare(named, Person("b", ("Sadoi kuh",)))
    assert found is not None
    assert found.reasons == ("both go by the same alias",)
    assert compare(named, Person("b", ("Шозамон",))) is None
    table = known_aliases([named])
    assert expanded(Person("c", ("САДОИ КУХ",)), table).names == ("САДОИ КУХ", "Шоҳзамон Ёрбеков")
    assert known_aliases([named, Person("d", ("Давлат Фарҳодзода",), aliases=("Садои кӯҳ",))]) == {}


def test_an_advance_statement_and_a_forced_video_find_each_other() -> None:
    statement = Person("a", ("Шоҳзамон Ёрбеков",), days=(MAY, MAY), statement=True)
    video = Person("b", ("Shozamon Yorbekov",), days=(LATER, LATER), video=True)
    reason = "an advance statement, and a forced video"
    assert [
        reason in found.reasons for pair in ((statement, video), (video, statement)) if (found := compare(*pair))
    ] == [
        True,
        True,
    ]
    before = compare(replace(statement, days=(LATER, LATER)), replace(video, days=(MAY, MAY)))
    assert before is not None
    assert reason not in before.reasons


def test_events() -> None:
    person = Person("p", ("Шоҳзамон Ёрбеков",))
    ours = Event("a", frozenset({"khorog"}), (MAY, MAY), frozenset({"detained"}), (person,))
    found = same_event(ours, replace(ours, key="b", days=(JUNE, JUNE)))
    assert found is not None
    assert found.reasons == (
        "23 days apart",
        "perhaps the same person",
        "the same place: khorog",
        "both tell of detained",
    )
    nobody = replace(ours, people=())
    assert same_event(nobody, replace(nobody, key="b")) is not None
    assert same_event(nobody, replace(nobody, key="b", days=(JUNE, JUNE))) is None
    assert same_event(nobody, replace(nobody, key="b", places=frozenset({"vamar"}))) is None
    assert same_event(nobody, replace(nobody, key="b", kinds=frozenset({"killed"}))) is None
    assert same_event(ours, replace(ours, key="b", days=(LATER, LATER))) is None
    assert same_event(ours, replace(ours, key="b", days=None)) is None
    assert same_event(replace(nobody, places=frozenset()), replace(nobody, key="b"), joined=True) is not None


def test_a_flood_of_one_name_is_not_quadratic() -> None:
    flood = [Person(str(at), ("Шоҳзамон Ёрбеков",)) for at in range(3 * CROWD)]
    found = list(same_people(flood))
    assert len(found) < 3 * CROWD * CROWD
    assert {pair.right for pair in found} == {person.key for person in flood[1:]}


NAMES = st.text("абҷоиёвШzoda' ", max_size=30) | st.text(max_size=20)
PERSONS = st.builds(
    Person,
    key=st.just("x"),
    names=st.lists(NAMES, max_size=3).map(tuple),
    aliases=st.lists(NAMES, max_size=2).map(tuple),
    born=st.none() | st.tuples(st.integers(1900, 2000), st.integers(2000, 2100)),
)


@given(PERSONS, PERSONS)
def test_any_two_are_compared_alike_in_both_orders_and_meet_in_a_block(left: Person, right: Person) -> None:
    found, other = compare(left, right), compare(right, left)
    assert (found is None) == (other is None)
    if found and other:
        assert FLOOR <= found.score <= 1
        assert abs(found.score - other.score) < 1e-9
        assert blocks(left).kept & blocks(right).sought
        assert blocks(right).kept & blocks(left).sought
