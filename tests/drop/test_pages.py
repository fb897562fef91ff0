"""The pages: constant, complete in every language, and with no way to leak what is typed."""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from intake.drop.assets import Assets, Body
from intake.drop.pages import Pages, Setting
from intake.errors import Fault, Usage
from intake.keyring import fingerprint
from intake.locale import SOURCE, catalog, packaged_questionnaire
from intake.report.answers import from_form
from tests.harness.installation import LANGUAGES, LEAVE_URL, ORGANISATION

ROOT = Path(__file__).parents[2]
FIELDS = ("input", "textarea", "select")
TICKED = ("checkbox", "radio", "hidden", "file")
"""What HTML lets say nothing of autocomplete."""


class Elements(HTMLParser):
    """Every start tag with its attributes, and whether it stands inside <noscript>."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], bool]] = []
        self._scriptless = 0
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._scriptless += tag == "noscript"
        self.found.append((tag, dict(attrs), self._scriptless > 0))

    def handle_endtag(self, tag: str) -> None:
        self._scriptless -= tag == "noscript"

    def named(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes, _ in self.found if tag in tags]


def _all(pages: Pages) -> Iterator[Body]:
    for language in pages.languages:
        yield from (
            pages.form(language),
            Body.packed(pages.received(language, "1234 " * 6)),
            pages.call(language),
            pages.problem(language, "full"),
        )


def test_the_same_setting_gives_the_same_bytes(setting: Setting, pages: Pages) -> None:
    again = Pages(setting, Assets.load())
    assert list(_all(again)) == list(_all(pages))


def test_every_encoding_holds_the_same(pages: Pages) -> None:
    for body in _all(pages):
        assert gzip.decompress(body.gzip) == body.identity


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_roots_can_be_compared_with_paper(pages: Pages, setting: Setting, language: str) -> None:
    page = pages.form(language).identity.decode()
    shown = re.findall(r"<code>([0-9 ]+)</code>", page)
    assert shown == [fingerprint(root) for root in setting.roots]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(pages: Pages, language: str) -> None:
    for body in _all(pages):
        page = body.identity.decode()
        assert "<style" not in page
        assert not re.search(r"\son\w+=|\sstyle=|javascript:", page)
        assert not re.search(r"<script(?![^>]* src=)", page)
        links = re.findall(r'(?:src|href|action|formaction|data-seal)="([^"]*)"', page)
        assert {link for link in links if not link.startswith("/")} == {LEAVE_URL, "data:,"}
    assert 'rel="noreferrer"' in pages.form(language).identity.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_keeps_what_is_typed_off_the_disk(pages: Pages, language: str) -> None:
    for body in (pages.form(language), pages.returning(language).page):
        elements = Elements(body.identity)
        (form,) = elements.named("form")
        # The form's own word is for what is ticked, which can't say it in valid HTML; boxes need theirs as well.
        assert [form[name] for name in ("autocomplete", "spellcheck", "writingsuggestions")] == [
            "off",
            "false",
            "false",
        ]
        boxes = [field for field in elements.named(*FIELDS) if field.get("type") not in TICKED]
        assert len(boxes) >= 6
        assert [box for box in boxes if box.get("autocomplete") != "off"] == []
    (html,) = Elements(pages.form(language).identity).named("html")
    assert (html["translate"], html["lang"]) == ("no", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_the_button_in_noscript_posts(pages: Pages, language: str) -> None:
    elements = Elements(pages.form(language).identity)
    (form,) = elements.named("form")
    assert form["method"] == "dialog"
    assert "action" not in form
    buttons = [(attributes, scriptless) for tag, attributes, scriptless in elements.found if tag == "button"]
    posting = [(attributes, scriptless) for attributes, scriptless in buttons if "formmethod" in attributes]
    (posts,) = [(one["formmethod"], one["formaction"], scriptless) for one, scriptless in posting]
    assert posts == ("post", f"/{language}", True)
    submitting = [one for one, scriptless in buttons if one.get("type") == "submit" and not scriptless]
    assert len(submitting) == 1
    assert "disabled" in submitting[0]
    inputs = elements.named("input")
    assert {field.get("type", "text") for field in inputs} <= {"text", "checkbox", "radio", "hidden", "date", "file"}
    files = [scriptless for tag, attributes, scriptless in elements.found if attributes.get("type") == "file"]
    assert files == [True]


def test_without_a_plain_form_nothing_posts(setting: Setting) -> None:
    page = Pages(replace(setting, plain_form=False), Assets.load()).form("en").identity
    assert b"formmethod" not in page
    assert b"JavaScript is off" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_and_choice_is_there(pages: Pages, language: str) -> None:
    page = Elements(pages.form(language).identity)
    questionnaire = packaged_questionnaire()
    asked = [attributes for attributes in page.named("div", "fieldset") if "data-field" in attributes]
    assert [(one["data-field"], one["data-type"], one["data-layer"]) for one in asked] == [
        (field.id, field.type, str(field.layer)) for field in questionnaire.fields
    ]
    assert {one["data-field"]: one["data-show"] for one in asked if "data-show" in one} == {
        field.id: " or ".join(f"{condition.field}:{condition.code}" for condition in field.show_if)
        for field in questionnaire.fields
        if field.show_if
    }
    assert [one["data-section"] for one in page.named("section") if "data-section" in one] == [
        section.id for section in questionnaire.sections
    ]
    offered = {(one.get("name"), one.get("value")) for one in page.named("input")}
    for field in questionnaire.fields:
        if field.type in ("multi", "single"):
            assert {(field.id, choice.code) for choice in questionnaire.choices(field)} <= offered


def test_what_is_typed_into_any_box_reaches_the_report(pages: Pages) -> None:
    """Each control by itself: its name is one that `intake.report.answers` reads, and not a letter is lost."""
    page = Elements(pages.form("ru").identity)
    controls = {one["name"]: one for one in page.named(*FIELDS) if one.get("name") not in (None, "language")}
    controls = {name: one for name, one in controls.items() if one.get("type") != "file"}
    questionnaire = packaged_questionnaire()
    assert {str(name).partition(".")[0] for name in controls} == {
        field.id for field in questionnaire.fields if field.type != "file_list"
    }
    for name, control in controls.items():
        typed = str(control["value"]) if control.get("type") in ("checkbox", "radio") else "Ҷаҳони 7 ранг"
        answers = from_form(questionnaire, [(str(name), typed or "x")])
        assert list(answers) == [str(name).partition(".")[0]]
        assert (typed or "x") in json.dumps(answers, ensure_ascii=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_only_scripts_use_comes_with_the_script(pages: Pages, setting: Setting, language: str) -> None:
    page = pages.form(language).identity.decode()
    (path,) = re.findall(r'<script src="([^"]+)" defer>', page)
    asset = pages.script(path)
    assert asset is not None
    given, script = asset.body.identity.split(b"\n", 1)
    plain = Assets.load()
    assert script == plain.get(plain["page.js"]).body.identity  # type: ignore[union-attr]
    assert path == f"/a/page.{language}.{hashlib.sha256(asset.body.identity).hexdigest()[:16]}.js"
    said = _constants(given, "places", "sending", "pick", "files")
    assert said["places"] == setting.places.suggestions(language)
    states = Elements(said["sending"].encode()).named("p")
    assert len([one for one in states if "data-state" in one]) >= 15
    assert "data-state" not in page
    assert gzip.decompress(asset.body.gzip) == asset.body.identity
    assert "Xaragh" not in page
    assert pages.script("/a/page.js") is None
    assert [one["type"] for one in Elements(said["pick"].encode()).named("input")] == ["file"] * 3
    files = pages.script(said["files"])
    assert files is not None
    words = _constants(files.body.identity.split(b"\n", 1)[0], "list", "states", "long")
    assert "data-state" in words["states"]
    assert "<template>" in words["list"]


def _constants(given: bytes, *names: str) -> dict[str, str]:
    """What stands before a script, by name."""
    said = re.fullmatch("".join(rf'self\.{name}=(".*");' for name in names), given.decode())
    assert said is not None
    return dict(zip(names, map(json.loads, said.groups()), strict=True))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_call_sheet_has_six_questions_and_no_word_of_who_we_are(pages: Pages, language: str) -> None:
    sheet = pages.call(language).identity.decode()
    asked, never = re.findall(r"<[ou]l>.*?</[ou]l>", sheet, re.DOTALL)
    assert (asked.count("<li>"), never.count("<li>")) == (6, 5)
    assert sheet.count(f'href="/{language}/call" lang="{language}" aria-current="true"') == 1
    assert ORGANISATION[language].name not in sheet
    assert "<script" not in sheet
    assert f'href="/{language}/call"' in pages.form(language).identity.decode()


def test_ids_are_unique_and_every_label_has_its_field(pages: Pages) -> None:
    page = Elements(pages.form("tg").identity)
    ids = [one["id"] for _, one, _ in page.found if "id" in one]
    assert len(ids) == len(set(ids))
    for attribute in ("for", "aria-describedby", "aria-labelledby"):
        assert {one[attribute] for _, one, _ in page.found if attribute in one} <= set(ids)


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != SOURCE])
def test_every_sentence_is_translated(language: str, pages: Pages) -> None:
    words = catalog(language)
    sources = [*(ROOT / "templates").glob("*.html"), ROOT / "intake" / "drop" / "pages.py"]
    found = {one for path in sources for one in re.findall(r'_\(\s*"([^"]+)"\s*\)', path.read_text(encoding="utf-8"))}
    assert len(found) > 60
    assert {one for one in found if words.gettext(one) == one} == set()
    for one in found:
        assert set(re.findall(r"{\w+}", words.gettext(one))) == set(re.findall(r"{\w+}", one))


@pytest.mark.parametrize(
    ("language", "waits", "promise"),
    [
        ("en", "nothing more of your report is passed on until one of us has read this and decided.", "at once"),
        ("ru", "ничего не передадут дальше, пока кто-то из нас это не прочтёт и не решит.", "сразу останавливает"),
        ("tg", "дигар чизе ба касе дода намешавад, то яке аз мо инро хонда қарор диҳад.", "фавран бозмедорад"),
    ],
)
def test_who_comes_back_is_told_that_a_change_waits_for_a_reader(
    language: str, waits: str, promise: str, pages: Pages
) -> None:
    for shown in ("nothing", "reply"):
        text = pages.returning(language).plain[shown]
        assert waits in text
        assert promise not in text


def test_a_draft_says_so_and_needs_the_flag(setting: Setting, pages: Pages) -> None:
    band = {code: catalog(code).gettext("Draft: no native reader has checked these words yet.") for code in LANGUAGES}
    assert band["ru"] in pages.form("ru").identity.decode()
    assert band["en"] not in pages.form("en").identity.decode()
    signed = Pages(replace(setting, drafts=False), Assets.load())
    assert signed.languages == ("en",)
    with pytest.raises(Usage, match="draft"):
        Pages(replace(setting, drafts=False, languages=["tg", "ru"]), Assets.load())


def test_an_unknown_language_is_named(setting: Setting) -> None:
    with pytest.raises(Usage, match="xx"):
        Pages(replace(setting, languages=["en", "xx"]), Assets.load())


def test_the_operators_words_are_text_and_never_markup(setting: Setting) -> None:
    hostile: Any = dict.fromkeys(LANGUAGES, "<script>alert(1)</script> {0} {x}")
    page = Pages(replace(setting, reading_times=hostile), Assets.load()).form("en").identity
    assert b"<script>alert" not in page
    assert b"&lt;script&gt;alert(1)&lt;/script&gt; {0} {x}" in page


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br", "br"),
        ("BR;q=0.5", "br"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0.0", None),
        ("identity", None),
        (";;,,q=;\x00", None),
    ],
)
def test_the_encoding_follows_the_request(accept: str, encoding: str | None) -> None:
    body = Body(b"plain", b"gzipped", b"brotli")
    assert body.choose(accept) == ({None: b"plain", "gzip": b"gzipped", "br": b"brotli"}[encoding], encoding)
    assert Body(b"plain", b"gzipped").choose("br") == (b"plain", None)


def test_assets_that_were_not_built_are_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="not built"):
        Assets.load(tmp_path)


def test_only_listed_assets_are_served() -> None:
    assets = Assets.load()
    style = assets.get(assets["style.css"])
    assert style is not None
    assert style.content_type.startswith("text/css")
    assert assets.get("/a/manifest.json") is None
    assert assets.get("/a/../page.ts") is None
    with pytest.raises(Fault):
        assets["other.js"]
