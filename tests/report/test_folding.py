"""One spelling for many: vectors shared with the page's script, and what holds for any text at all."""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from intake.report.folding import fold, search_key, skeleton, word_key, word_skeleton, words

VECTORS = json.loads(Path(__file__).with_name("folding_vectors.json").read_text("utf-8"))
ALPHABETS = "абвгғдеёжзийӣкқлмнопрстуӯфхҳцчҷшщъыьэюя" + "abcdefghijklmnopqrstuvwxyz" + "'’ʼ- .o\u0304\u0306\u00b4"
TEXTS = st.text() | st.text(ALPHABETS) | st.text("aeiouykhgdzjpscvw", min_size=6)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["text"] for vector in VECTORS])
def test_vectors(vector: dict[str, str]) -> None:
    text = vector["text"]
    found = {"text": text, "fold": fold(text), "key": search_key(text), "skeleton": skeleton(text)}
    assert found == vector


def test_the_vectors_use_every_letter_and_rule() -> None:
    assert len(VECTORS) >= 60
    used = unicodedata.normalize("NFC", "".join(vector["text"] for vector in VECTORS)).lower()
    assert set("абвгғдеёжзийӣкқлмнопрстуӯфхҳцчҷшщъыьэюяabcdefghijklmnopqrstuvwxyz") <= set(used)


SAME = (
    ("fold", "Хуҷанд Khujand Khudzhand Худжанд"),
    ("fold", "Раҳмонзода Рахмонов Rahmonov Rakhmonova Rahmonzod Rahmoniyon Раҳмониён Rahmonpur Rahmonfar"),
    ("fold", "Муродзода Муродов Murodzoda Murodova Муродиён"),
    ("fold", "Ҳафиззода Хафизов Hafizzoda"),
    ("fold", "Шоҳмансур Schohmansur Shokhmansur Шохмансур"),
    ("fold", "Ҷамшед Djamshed Dzhamshed Zhamshed Джамшед Дзамшед"),
    ("fold", "Юсуф Yusuf Yousouf Usuf"),
    ("fold", "Роштқалъа Roshtqal'a Roshtqal’a Roshtkala Рошткала"),
    ("search_key", "Хоруғ Хорог Khorog Khorugh Khorogh Xorog"),
    ("search_key", "Рӯшон Rushon Roshon"),
    ("skeleton", "Хоруғ Khorog Xaragh"),
    ("skeleton", "Ванҷ Vanj Ванч Vanch Wanj"),
    ("skeleton", "Мурғоб Murghob Мургаб Murgab"),
)


@pytest.mark.parametrize(("name", "spellings"), SAME, ids=[spellings for _, spellings in SAME])
def test_spellings_of_one_name_meet(name: str, spellings: str) -> None:
    key = {"fold": fold, "search_key": search_key, "skeleton": skeleton}[name]
    assert len({key(spelling) for spelling in spellings.split()}) == 1


def test_different_names_stay_apart() -> None:
    names = ["Раҳимов", "Раҳмонов", "Каримов", "Карамов", "Шариф", "Шароф", "Далер", "Диловар", "Зайнаб", "Зебо"]
    assert len({fold(name) for name in names}) == len(names)


def test_the_fold_alone_does_not_join_u_and_o() -> None:
    assert fold("Хоруғ") != fold("Khorog")


@given(TEXTS)
@example("ovov" * 16)
@example("aƏ\u0301khʼkh")
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert search_key(search_key(text)) == search_key(text) == search_key(fold(text))
    assert skeleton(fold(text)) == skeleton(text)


@given(TEXTS)
def test_composed_and_decomposed_texts_are_one(text: str) -> None:
    for key in (fold, search_key, skeleton):
        assert key(unicodedata.normalize("NFD", text)) == key(unicodedata.normalize("NFC", text)) == key(text)


@given(st.lists(st.text(ALPHABETS, min_size=1)))
def test_the_order_of_the_words_does_not_count(names: list[str]) -> None:
    for key in (fold, search_key, skeleton):
        assert key(" ".join(names)) == key(" ".join(reversed(names)))


@given(TEXTS)
def test_keys_are_words_of_letters_and_digits(text: str) -> None:
    assert fold(text) == " ".join(sorted(words(text)))
    assert search_key(text) == " ".join(sorted(map(word_key, words(text))))
    assert skeleton(text) == " ".join(sorted(map(word_skeleton, words(text))))
    assert {unicodedata.category(c)[0] for c in fold(text).replace(" ", "")} <= {"L", "N"}


def test_every_character_folds_to_something_stable() -> None:
    for plane in range(0, sys.maxunicode + 1, 0x1000):
        text = " ".join(f"a{chr(point)}o" for point in range(plane, plane + 0x1000))
        assert fold(fold(text)) == fold(text)
        assert fold(unicodedata.normalize("NFD", text)) == fold(text)


@pytest.mark.parametrize("piece", ["ov", "zoda", "y", "kh", "o", "а\u0301", "d", "a "])
def test_a_huge_text_takes_no_longer_than_its_length(piece: str) -> None:
    """A quadratic rule would never come to its end here."""
    text = piece * (100_000 // len(piece))
    assert fold(fold(text)) == fold(text)
    assert search_key(search_key(text)) == search_key(text)
