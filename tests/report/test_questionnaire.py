"""The questionnaire: the packaged one, the full one that is to come, and every mistake an operator can make."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Usage
from intake.report.questionnaire import PLACES, TYPES, Choice, Condition, English, Questionnaire

PACKAGED = Path(__file__).parents[2] / "intake" / "report" / "questionnaire.toml"

FULL = """
format = "amonat/questionnaire/1"
name = "own"
version = "2026.1"

[[sections]]
id = "first"

[[sections]]
id = "removal"
title = "Removal"

[[fields]]
id = "urgent"
section = "first"
layer = 1
type = "multi"
choices = "@urgent"
question = "Danger?"
hint = "Now."

[[fields]]
id = "files"
section = "removal"
layer = 3
type = "file_list"
question = "Files"
required = "account_or_files"
maps = ["D", "U2111_1", "A-II1"]
why = "originals"

[[fields]]
id = "removal_when"
section = "removal"
layer = 2
show_if = "urgent:removal or files:any"
type = "fuzzydatetime"
question = "When?"

[[fields]]
id = "removal_from"
section = "removal"
layer = 2
show_if = "urgent:removal"
type = "place"
choices = "gazetteer+text"
question = "Where?"

[lists.urgent]
removal = "May be sent away"
me = "Me"
"""


def changed(old: str, new: str, times: int = 1) -> bytes:
    assert FULL.count(old) >= times
    return FULL.replace(old, new, times).encode()


def test_the_packaged_one_asks_62_questions_and_twelve_of_them_first() -> None:
    questionnaire = Questionnaire.parse(PACKAGED.read_bytes())
    fields = questionnaire.fields
    assert len(fields) == 62
    assert Counter(field.layer for field in fields) == {1: 12, 2: 38, 3: 12}
    assert [field.id for field in fields if field.layer == 1] == [
        "urgent", "account", "kind", "who", "when", "where", "by_whom", "now", "relation", "consent", "harm", "contact",
    ]  # fmt: skip
    assert Counter(field.type for field in fields) == {
        "multi": 10, "single": 16, "number": 1, "year_or_age": 1, "text": 8, "longtext": 13, "text_list": 1,
        "textdate": 1, "fuzzydate": 3, "fuzzydatetime": 1, "place": 4, "place_list": 1, "person_list": 1,
        "file_list": 1,
    }  # fmt: skip
    assert {field.type for field in fields} == set(TYPES)
    assert [field.id for field in fields if field.required != "no"] == ["account"]
    assert all(field.why and field.show_if for field in fields if field.layer == 2)
    assert all(field.choices == "gazetteer+text" for field in fields if field.type in PLACES)
    assert questionnaire.sha256 == hashlib.sha256(PACKAGED.read_bytes()).hexdigest()


def test_every_list_of_the_packaged_one_is_used_and_whole() -> None:
    questionnaire = Questionnaire.parse(PACKAGED.read_bytes())
    assert {name: len(choices) for name, choices in questionnaire.lists.items()} == {
        "urgent": 9, "kind": 10, "precision": 5, "actor": 14, "status": 11, "relation": 7, "consent": 7, "contact": 3,
        "known": 7, "vconsent": 7, "yesno": 3, "nameform": 3, "ground": 9, "asylum": 7, "seized": 7, "famcontact": 4,
        "lawyeraccess": 5, "official": 6, "doctor": 5, "sex": 3, "country": 6, "activity": 14, "witnesses": 4,
        "fileorigin": 4, "told": 6,
    }  # fmt: skip
    assert {field.choices for field in questionnaire.fields if field.choices.startswith("@")} == {
        f"@{name}" for name in questionnaire.lists
    }


def test_layers_conditions_sections_and_maps_are_read() -> None:
    questionnaire = Questionnaire.parse(FULL.encode())
    urgent, files, when, where = questionnaire.fields
    assert when.show_if == (Condition("urgent", "removal"), Condition("files", "any"))
    assert (files.layer, files.required, files.maps, files.why) == (
        3,
        "account_or_files",
        ("D", "U2111_1", "A-II1"),
        "originals",
    )
    assert questionnaire.choices(urgent) == (Choice("removal", "May be sent away"), Choice("me", "Me"))
    assert questionnaire.choices(where) == questionnaire.choices(files) == ()
    assert questionnaire.field("files") is files
    assert questionnaire.field("nothing") is None
    assert questionnaire.messages() == (
        ("#removal", "Removal"), ("urgent", "Danger?"), ("urgent.hint", "Now."), ("files", "Files"),
        ("removal_when", "When?"), ("removal_from", "Where?"), ("@urgent.removal", "May be sent away"),
        ("@urgent.me", "Me"),
    )  # fmt: skip


def test_a_question_behind_add_more_may_have_a_condition_too() -> None:
    files = Questionnaire.parse(changed("layer = 3", 'layer = 3\nshow_if = "urgent:me"')).fields[1]
    assert files.show_if == (Condition("urgent", "me"),)


class Loud:
    """A translation into capitals of what has one."""

    def gettext(self, message: str, context: str | None = None) -> str:
        return message.upper() + ' "\\\n\u202eғ' if context == "urgent" else message


def test_the_digest_can_be_recomputed_from_its_description() -> None:
    questionnaire = Questionnaire.parse(FULL.encode())
    lines = ["amonat/questionnaire-shown/1", hashlib.sha256(FULL.encode()).hexdigest()]
    for context, message in questionnaire.messages():
        lines.append(json.dumps([context, message], ensure_ascii=False, separators=(",", ":")))
    plain = hashlib.sha256(("\n".join(lines) + "\n").encode()).hexdigest()
    assert questionnaire.digest(English()) == plain
    at = lines.index('["urgent","Danger?"]')
    lines[at] = '["urgent","DANGER? \\"\\\\\\n\u202eғ"]'
    assert questionnaire.digest(Loud()) == hashlib.sha256(("\n".join(lines) + "\n").encode()).hexdigest() != plain


def test_the_digest_changes_with_the_definition_even_where_no_word_does() -> None:
    other = Questionnaire.parse(changed('why = "originals"', 'why = "other"'))
    assert other.messages() == Questionnaire.parse(FULL.encode()).messages()
    assert other.digest(English()) != Questionnaire.parse(FULL.encode()).digest(English())


MISTAKES = [
    ("the file: format is not", changed("questionnaire/1", "questionnaire/9")),
    ("the file: format is missing", changed('format = "amonat/questionnaire/1"', "")),
    ("the file: name 'a b' is not of the form", changed('"own"', '"a b"')),
    ("the file: version is not a text", changed('"2026.1"', "2026")),
    ("the file: 'extra' is not a key", b"extra = 1\n" + FULL.encode()),
    ("sections 1 (first): 'name' is not a key", changed('id = "first"', 'id = "first"\nname = "x"')),
    ("sections 2 (removal): title is not a text", changed('title = "Removal"', 'title = " "')),
    ("section removal: the id is used more than once", changed('id = "first"', 'id = "removal"')),
    ("fields 1 (urgent): 'hints' is not a key", changed("hint =", "hints =")),
    ("fields 1 (Urgent): id 'Urgent' is not of the form", changed('id = "urgent"', 'id = "Urgent"')),
    ("field urgent: the id is used more than once", changed('id = "files"', 'id = "urgent"')),
    ("field language: the id is one that the form needs", changed('id = "files"', 'id = "language"')),
    ("fields 1 (urgent): layer is not 1, 2 or 3", changed("layer = 1", "layer = 4")),
    ("fields 1 (urgent): layer is not 1, 2 or 3", changed("layer = 1", "layer = true")),
    ("fields 1 (urgent): type 'many' is none of multi, single", changed('"multi"', '"many"')),
    ("fields 1 (urgent): question is missing", changed('question = "Danger?"', "")),
    ("fields 1 (urgent): question is longer", changed("Danger?", "x" * 2_001)),
    ("fields 1 (urgent): question is longer", changed("Danger?", "\\u001b[2J")),
    ("field urgent: section 'nowhere' is not defined", changed('section = "first"', 'section = "nowhere"')),
    ("field urgent: choices: the list @none is not defined", changed('"@urgent"', '"@none"')),
    ("field urgent: a field of type multi needs choices", changed('choices = "@urgent"', "")),
    ("field files: a field of type file_list has no list", changed('"file_list"', '"file_list"\nchoices = "@urgent"')),
    (
        "field files: choices 'gazetteer+text' is neither",
        changed('"file_list"', '"file_list"\nchoices = "gazetteer+text"'),
    ),
    ("field removal_from: choices 'any' is neither", changed('"gazetteer+text"', '"any"')),
    ("fields 2 (files): required is neither", changed('"account_or_files"', '"yes"')),
    ("fields 2 (files): maps is not a list", changed('["D", ', '["d", ')),
    ("fields 2 (files): maps is not a list", changed('["D", "U2111_1", "A-II1"]', '"D"')),
    ("fields 3 (removal_when): show_if 'files' is not of the form", changed("files:any", "files")),
    ("field removal_when: show_if names 'file'", changed("files:any", "file:any")),
    ("field removal_when: show_if names 'removal_when'", changed("files:any", "removal_when:any")),
    (
        "field files: show_if names 'removal_when', which is asked only later",
        changed("layer = 3", 'layer = 3\nshow_if = "removal_when:any"'),
    ),
    ("field removal_when: show_if: 'gone' is no answer of urgent", changed("urgent:removal or", "urgent:gone or")),
    ("field removal_when: show_if: 'gone' is no answer of files", changed("files:any", "files:gone")),
    ("field files: layer 1 is always shown", changed("layer = 3", 'layer = 1\nshow_if = "urgent:me"')),
    ("field files: layer 2 is what show_if opens", changed("layer = 3", "layer = 2")),
    ("lists.urgent: it holds no code", changed('removal = "May be sent away"\nme = "Me"', "")),
    ("lists.urgent: the code 'Me' is not of the form", changed('me = "Me"', 'Me = "Me"')),
    ("lists.urgent: the code 'any' is not of the form", changed('me = "Me"', 'any = "Me"')),
    ("lists.urgent: me is not a text", changed('me = "Me"', "me = 1")),
    ("lists.a-b: the name is not of the form", FULL.encode() + b'\n[lists.a-b]\nx = "y"\n'),
    ("the file: [[fields]] is missing", b'format = "amonat/questionnaire/1"\n[[sections]]\nid = "first"\n'),
    ("the file: [lists] is not made of tables", changed("[lists.urgent]", "[lists]")),
]


@pytest.mark.parametrize(("mistake", "definition"), MISTAKES)
def test_a_mistake_is_named_with_its_place(mistake: str, definition: bytes) -> None:
    with pytest.raises(Usage) as caught:
        Questionnaire.parse(definition)
    assert f"  {mistake}" in str(caught.value)


def test_all_mistakes_are_listed_at_once() -> None:
    definition = changed("layer = 1", "layer = 9").replace(b'"2026.1"', b'""').replace(b"files:any", b"urgent:x")
    with pytest.raises(Usage) as caught:
        Questionnaire.parse(definition)
    assert str(caught.value).split("\n") == [
        "the questionnaire has 3 mistakes:",
        "  the file: version is not a text",
        "  fields 1 (urgent): layer is not 1, 2 or 3",
        "  field removal_when: show_if: 'x' is no answer of urgent",
    ]
    assert caught.value.advice


@pytest.mark.parametrize("definition", [b"\xff", b"a = ", b"a = 1\na = 2", b"x" * 2**20 + b"y", b"a=" + b"[" * 9_999])
def test_what_is_no_toml_is_refused_as_a_whole(definition: bytes) -> None:
    with pytest.raises(Usage, match="not a TOML file"):
        Questionnaire.parse(definition)


@given(st.data())
def test_any_mutation_is_read_or_refused_in_words(data: st.DataObject) -> None:
    raw = bytearray(FULL.encode())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at : at + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=6))
    try:
        questionnaire = Questionnaire.parse(bytes(raw))
    except Usage:
        return
    assert {field.type for field in questionnaire.fields} <= set(TYPES)
