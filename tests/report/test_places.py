"""The gazetteer: the packaged list, every way to find a place, and every mistake an operator can make."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Usage
from intake.report.folding import search_key
from intake.report.places import Gazetteer, Place

PACKAGED = Gazetteer.parse((Path(__file__).parents[2] / "intake" / "report" / "places.csv").read_bytes())
LANGUAGES = ("en", "ru", "tg")

OWN = """\
id,type,parent,en,fa,aliases,cert,from,to,note
xx,country,,Xland,خلند,,A,,,
town,city,xx,Old Town,شهر,Staraya|Eski,B,1991,2020-05,"moved, they say"
office,authority,xx,The Office,اداره,,A,,,
rumour,city,xx,Rumour,,,C,,,
bridge,crossing,xx-yy,Bridge,پل,,A,,,
"""


def changed(old: str, new: str) -> bytes:
    assert old in OWN
    return OWN.replace(old, new, 1).encode()


def test_the_packaged_list() -> None:
    assert len(PACKAGED.places) == 142
    assert Counter(place.certainty for place in PACKAGED.places) == {"A": 81, "B": 51, "C": 10}
    assert all(set(place.names) == set(LANGUAGES) for place in PACKAGED.places)
    for place in PACKAGED.places:
        for name in place.names.values():
            assert not any(year in name for year in ("2017", "2018", "2019", "2020", "2023")), "a remark is no name"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("horog", ["khorog"]),
        ("Хоруғ", ["khorog"]),
        ("Хорог", ["khorog"]),
        ("KHOROGH", ["khorog"]),
        ("Xaragh", ["khorog"]),
        ("ВМКБ", ["gbao"]),
        ("Kurgan-Tyube", ["bokhtar", "f_97"]),
        ("КГБ", ["a_gknb"]),
        ("Домодедово", ["dme"]),
        ("Братство", ["x_dusti"]),
        ("", []),
        ("…", []),
    ],
)
def test_a_place_is_found_by_any_name_in_any_script(typed: str, found: list[str]) -> None:
    assert [place.id for place in PACKAGED.find(typed)] == found


def test_every_name_and_alias_finds_its_place() -> None:
    for place in PACKAGED.places:
        for name in (*place.names.values(), *place.aliases):
            assert place in PACKAGED.find(name), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_authority_and_nothing_unverified_is_suggested(language: str) -> None:
    lines = [line.split("|") for line in PACKAGED.suggestions(language).split("\n")]
    offered = {line[0] for line in lines}
    assert len(lines) == len(offered) == 116
    for place in PACKAGED.places:
        assert (place.id in offered) == (place.kind != "authority" and place.certainty != "C")
    assert {line[1] for line in lines} <= offered | {""}
    assert all(line[2] == PACKAGED.place(line[0]).name(language) for line in lines)  # type: ignore[union-attr]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_of_every_name_is_still_there_in_the_suggestions(language: str) -> None:
    for line in PACKAGED.suggestions(language).split("\n"):
        identifier, _, *names = line.split("|")
        place = PACKAGED.place(identifier)
        assert place is not None
        words = {word for name in names for word in search_key(name).split()}
        every = {word for name in (*place.names.values(), *place.aliases) for word in search_key(name).split()}
        assert words == every, identifier


def test_an_operator_s_own_list() -> None:
    own = Gazetteer.parse(OWN.encode())
    assert own.place("town") == Place(
        "town",
        "city",
        "xx",
        {"en": "Old Town", "fa": "شهر"},
        ("Staraya", "Eski"),
        "B",
        "1991",
        "2020-05",
        "moved, they say",
    )
    assert own.place("gone") is None
    assert own.suggestions("fa").split("\n") == [
        "xx||خلند|Xland",
        "town|xx|شهر|Old Town|Staraya|Eski",
        "bridge||پل|Bridge",
    ]
    assert own.suggestions("tg").split("\n")[0] == "xx||Xland|خلند", "English where a language has no name"
    assert Gazetteer.parse(b"\xef\xbb\xbf" + OWN.replace("\n", "\r\n").encode()).places == own.places, (
        "as Excel saves it"
    )
    assert Gazetteer().suggestions("en") == ""


MISTAKES = [
    ("the heading: the column cert is missing", changed("aliases,cert", "aliases,certainty")),
    ("the heading: the column 'certainty' is neither known nor a language", changed("cert,", "cert,certainty,")),
    ("the heading: the column 'fa' is there twice", changed("en,fa", "fa,fa")),
    ("row 3: it has 11 columns, the heading has 10", changed("Staraya", "Staraya,Eski")),
    ("row 3 (Town): id 'Town' is not of the form", changed("town,", "Town,")),
    ("row 3 (no id): id '' is not of the form", changed("town,", ",")),
    ("row 3 (town): type 'big city' is not of the form", changed("town,city", "town,big city")),
    ("row 3 (town): cert 'D' is none of A, B, C", changed(",B,1991", ",D,1991")),
    ("row 3 (town): the English name is missing", changed("Old Town", "")),
    ("row 3 (town): the name '—' holds no letter or digit", changed("Old Town", "—")),
    ("row 3 (town): a name is longer than 200 characters", changed("Old Town", "x" * 201)),
    ("row 3 (town): a name is longer than 200 characters or holds", changed("Old Town", "Old\x1bTown")),
    ("row 3 (town): to '2020-13' is not of the form", changed("2020-05", "2020-13")),
    ("place xx: the id is used more than once", changed("town,", "xx,")),
    ("place town: parent 'zz' is no place of this list", changed("city,xx", "city,zz")),
    ("place town: it lies within itself", changed("city,xx", "city,town")),
    ("place xx: it lies within itself", changed("xx,country,", "xx,country,town")),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "content"), MISTAKES)
def test_a_mistake_is_named_with_its_place(mistake: str, content: bytes) -> None:
    with pytest.raises(Usage) as caught:
        Gazetteer.parse(content)
    assert f"  {mistake}" in str(caught.value)
    assert caught.value.advice


def test_all_mistakes_are_listed_at_once() -> None:
    content = changed("Old Town", "").replace(b"xx-yy", b"nowhere").replace(b",C,", b",X,")
    with pytest.raises(Usage) as caught:
        Gazetteer.parse(content)
    assert str(caught.value).split("\n") == [
        "the list of places has 3 mistakes:",
        "  row 3 (town): the English name is missing",
        "  row 5 (rumour): cert 'X' is none of A, B, C",
        "  place bridge: parent 'nowhere' is no place of this list",
    ]


@pytest.mark.parametrize("content", [b"", b"\xff", b'"a', b"x" * 4_194_305], ids=["empty", "bytes", "quote", "size"])
def test_what_is_no_csv_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(Usage, match="not a CSV file"):
        Gazetteer.parse(content)


@given(st.data())
def test_any_mutation_is_read_or_refused_in_words(data: st.DataObject) -> None:
    raw = bytearray(OWN.encode())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at : at + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=6))
    try:
        own = Gazetteer.parse(bytes(raw))
    except Usage:
        return
    for place in own.places:
        assert place in own.find(place.names["en"])
