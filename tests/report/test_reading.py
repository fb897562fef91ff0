"""report.txt: what a reviewer reads."""

import unicodedata
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.locale import catalog, packaged_places, packaged_questionnaire
from intake.report.document import Json
from intake.report.package import FileEntry, QuestionnaireRef, ReplyTo, Report
from intake.report.questionnaire import CODED, TYPES, English, Questionnaire
from intake.report.reading import LABELS, changes, render, visible

REPORT = Report(
    id="0" * 32,
    origin="demo",
    keyring=7,
    questionnaire=QuestionnaireRef("first", "1", "ab" * 32),
    language="tg",
    sealed_by="server",
    day=date(2026, 11, 23),
    answers={
        "urgent": ["removal", "zzz"],
        "account": "Сатри як.\nWho are you to this person?\nСатри се.",
        "who": [
            {"name": "Ҷӯра", "age": 34, "now": "held", "other": ["Jura", "Жура"], "note": "омӯзгор"},
            {"name": "", "now": "дар хона"},
        ],
        "when": {"precision": "month", "date": "2022-05", "text": "бегоҳӣ"},
        "where": {"id": "khorog", "text": "Хоруғ"},
        "now": "ҳеҷ кас намедонад",
        "older": {"a": [1, "б"]},
    },
    files=(FileEntry("акс 1.jpg", "image/jpeg", 1_234_567, True), FileEntry("x\n\x1b[2J", "", 0, False)),
    in_reply_to="1" * 32,
    reply_to=ReplyTo("2" * 32, "age1pq1qqqqqq"),
)

READ = """\
Report: 00000000000000000000000000000000
Day: 2026-11-23
Form: demo
Keyring: 7
Language of the form: tg
Sealed by: the server (JavaScript was off: the text passed through the server's memory) [server]
Questionnaire: first 1 abababababababababababababababababababababababababababababababab
In reply to: 11111111111111111111111111111111
A reply can be left: 22222222222222222222222222222222

Is someone in danger now?
    - May be sent to Tajikistan soon [removal]
    - zzz

What happened? Use your own words and any language.
    Сатри як.
    Who are you to this person?
    Сатри се.

Who was taken or harmed?
    - Ҷӯра
      age: 34
      now: Held in Tajikistan [held]
      other names: Jura, Жура
      note: омӯзгор
    - —
      now: дар хона

When did it happen?
    2022-05 · Month [month]
    бегоҳӣ

Where did it happen, or where was the person last seen?
    Khorog [khorog]
    Хоруғ

Where is the person now?
    ҳеҷ кас намедонад

[older] (not in this questionnaire)
    {
      "a": [
        1,
        "б"
      ]
    }

Files
    files/01  акс 1.jpg (image/jpeg, 1,234,567 B, hidden data removed)
    files/02  x\\n\\u{1b}[2J (?, 0 B)
              LOOK: the name holds characters that can't be seen, or that turn it round

Look closely
    [urgent] 1 of its codes are not in the list
    [now] 1 of its codes are not in the list
    [older] the questionnaire has no such field
"""


def names(language: str) -> dict[str, str]:
    return {place.id: place.name(language) for place in packaged_places().places}


def test_a_report_reads_like_this() -> None:
    assert render(REPORT, packaged_questionnaire(), English(), names("en")) == READ


@pytest.mark.parametrize(("language", "question", "code"), [
    ("ru", "Кому-то сейчас грозит опасность?", "Могут скоро отправить в Таджикистан [removal]"),
    ("tg", "Оё ҳоло ба касе хатар таҳдид мекунад?", "Мумкин аст ба зудӣ ба Тоҷикистон фиристанд [removal]"),
])  # fmt: skip
def test_labels_come_in_the_language_asked_for_and_answers_as_they_are(language: str, question: str, code: str) -> None:
    text = render(REPORT, packaged_questionnaire(), catalog(language))
    assert f"\n{question}\n    - {code}\n" in text
    assert "Сатри як." in text
    assert "Is someone" not in text
    assert "Report:" not in text


@pytest.mark.parametrize("language", ["en", "ru", "tg"])
@pytest.mark.parametrize("change", ["withdraw", "consent"])
def test_who_takes_back_or_changes_what_they_allowed_is_told_above_all_else(language: str, change: str) -> None:
    report = replace(REPORT, answers={"account": "second", "change": change, "consent": ["lawyer"]})
    words = catalog(language)
    first, empty, third, *rest = render(report, packaged_questionnaire(), words).splitlines()
    assert first == f"{words.gettext(LABELS[f'={change}'], f'={change}')} [{change}]"
    assert (language == "en") == (LABELS[f"={change}"] in first)
    assert empty == ""
    assert report.id in third
    assert "[lawyer]" in "".join(rest)
    assert "[change]" not in "".join(rest), "it is no unknown question"


@pytest.mark.parametrize("odd", ["", "stop", ["withdraw"], None])
def test_a_change_that_the_page_never_sends_is_shown_as_it_came(odd: Json) -> None:
    assert changes(replace(REPORT, answers={"change": odd})) is None
    text = render(replace(REPORT, answers={"change": odd}), packaged_questionnaire(), English())
    assert text.startswith("Report: ")
    assert "\n[change] (not in this questionnaire)\n" in text


def test_a_questionnaire_may_ask_of_a_change_itself() -> None:
    head = 'format = "amonat/questionnaire/1"\nname = "own"\nversion = "1"\n[[sections]]\nid = "s"\n'
    field = '[[fields]]\nid = "change"\nsection = "s"\nlayer = 1\ntype = "text"\nquestion = "What changed?"\n'
    text = render(
        replace(REPORT, answers={"change": "consent"}), Questionnaire.parse(f"{head}{field}".encode()), English()
    )
    assert text.startswith("Report: ")
    assert "\nWhat changed?\n    consent\n" in text


def test_nothing_answered_is_said() -> None:
    report = replace(REPORT, answers={}, files=(), in_reply_to=None, reply_to=None, sealed_by="browser")
    assert render(report, packaged_questionnaire(), English()).endswith(f"{'ab' * 32}\n\nNo question was answered.\n")


def full() -> Questionnaire:
    """A questionnaire with a field of every type."""
    fields = "".join(
        f'[[fields]]\nid = "{kind}"\nsection = "s"\nlayer = 1\ntype = "{kind}"\nquestion = "{kind}?"\n'
        + ('choices = "@list"\n' if kind in CODED else "")
        for kind in TYPES
    )
    head = 'format = "amonat/questionnaire/1"\nname = "full"\nversion = "1"\n[[sections]]\nid = "s"\n'
    return Questionnaire.parse(f'{head}{fields}[lists.list]\na = "A"\n'.encode())


def test_every_shape_is_readable() -> None:
    fuzzy: Json = {"precision": "exact", "date": "2026-11-24", "time": "09:05", "zone": "Moscow"}
    answers: dict[str, Json] = {
        "multi": ["a"],
        "single": "a",
        "number": 12,
        "year_or_age": {"year": 1990, "age": 36},
        "text_list": ["b", "c"],
        "textdate": {"text": "court", "date": "2026-03-01"},
        "fuzzydatetime": fuzzy,
        "place_list": [
            {"place": {"text": "СИЗО"}, "from": {"precision": "year", "date": "2022"}},
            {"place": {"text": ""}},
        ],
        "file_list": [1],
    }
    text = render(replace(REPORT, answers=answers), full(), English())
    for question, answer in {
        "multi": "- A [a]",
        "single": "A [a]",
        "number": "12",
        "year_or_age": "year of birth 1990, age 36",
        "text_list": "- b\n    - c",
        "textdate": "2026-03-01\n    court",
        "fuzzydatetime": "2026-11-24 · 09:05 · Moscow · exact",
        "place_list": "- СИЗО\n      from: 2022 · year\n    - —",
        "file_list": "files/01",
    }.items():
        assert f"\n{question}?\n    {answer}\n" in text


json_values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "age", "other", "place", "from", "text", "date", "\u202e"]), inner)
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from([*TYPES, "more"]), json_values, max_size=4), st.text(st.characters(), max_size=20)
)
def test_no_answer_can_move_the_terminal_turn_the_line_or_pose_as_a_heading(
    answers: dict[str, Json], name: str
) -> None:
    report = replace(REPORT, answers=answers, files=(FileEntry(name, name, 1, False),))
    text = render(report, full(), English())
    assert not {unicodedata.category(c) for c in text.replace("\n", "").replace("\t", "")} & {
        "Cc",
        "Cs",
        "Co",
        "Zl",
        "Zp",
    }
    assert all(c in "\u200c\u200d" for c in text if unicodedata.category(c) == "Cf")
    headings = {f"{kind}?" for kind in TYPES} | {"Files", "Look closely", "No question was answered.", ""}
    for line in text.split("\n")[9:]:
        assert line.startswith("    ") or line in headings or line == "[more] (not in this questionnaire)"


def test_only_what_is_dangerous_changes() -> None:
    fine = "Ӯро می\u200cبرند 👩🏽\u200d🦱 é\n\t中文 שלום"
    assert visible(fine) == fine
    assert visible("a\x1b[31m\u202eb\u2066\r\x85\u2028\ufeff\u00ad") == (
        "a\\u{1b}[31m\\u{202e}b\\u{2066}\\u{d}\\u{85}\\u{2028}\\u{feff}\\u{ad}"
    )
