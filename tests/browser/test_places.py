"""Places in the page: folded as in Python, found by any name in any script, chosen with mouse, finger or keys alone."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from intake.locale import packaged_places
from intake.report.folding import search_key, words
from tests.harness.page_code import run_page
from tests.harness.site import Site

VECTORS: list[dict[str, str]] = json.loads(
    (Path(__file__).parents[1] / "report" / "folding_vectors.json").read_text(encoding="utf-8")
)
LANGUAGES = ("tg", "ru", "en")
LETTERS = (
    "абвгғдеёжзийӣкқлмнопрстуӯфхҳцчҷшщъыьэюя"
    + "aeiouykhgdzjpscvwqx" * 2
    + "'’ʼ- .o\u0304\u0306\u00b4\u200bİΣßǰ٣🙂\ud800"
)


def _strings(count: int) -> list[str]:
    """The same random texts in every run, many of them near a rule."""
    draw = random.Random(11)
    return ["".join(draw.choices(LETTERS, k=draw.randrange(1, 14))) for _ in range(count)] + ["ov" * 32, "ov" * 33]


def test_the_pages_folding_is_pythons() -> None:
    texts = [vector["text"] for vector in VECTORS] + _strings(4_000)
    said = [answer["done"] for answer in run_page({"task": "words", "text": text} for text in texts)]
    for vector, found in zip(VECTORS, said, strict=False):
        assert (" ".join(sorted(found["fold"])), " ".join(sorted(found["key"]))) == (vector["fold"], vector["key"])
    for text, found in zip(texts, said, strict=True):
        assert found["fold"] == words(text), text
        assert " ".join(sorted(found["key"])) == search_key(text), text
    assert len(VECTORS) >= 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_place_is_found_by_each_of_its_names(language: str) -> None:
    gazetteer = packaged_places()
    typed = [(place, name) for place in gazetteer.places for name in (*place.names.values(), *place.aliases)]
    places = gazetteer.suggestions(language)
    [said] = run_page([{"task": "suggest", "places": places, "typed": [name for _, name in typed]}])
    for (place, name), found in zip(typed, said["done"], strict=True):
        assert len(found) <= 6
        assert (place.id in found) == place.suggested, (name, found)


def test_the_carried_forms_table_gives_what_the_page_is_given() -> None:
    gazetteer = packaged_places()
    for served in (LANGUAGES, LANGUAGES[:1], ("ru", "xx")):
        table = gazetteer.table(served)
        said = run_page({"task": "places in", "table": table, "language": language} for language in served)
        assert [answer["done"] for answer in said] == [gazetteer.suggestions(language) for language in served]


@pytest.mark.parametrize("typed", ["horog", "Хоруғ", "Хорог", "khorugh", "XOROG", "хор", "kho", "Xaragh"])
def test_one_town_in_any_script(typed: str) -> None:
    tasks = [
        {"task": "suggest", "places": packaged_places().suggestions(language), "typed": [typed]}
        for language in LANGUAGES
    ]
    for said in run_page(tasks):
        assert said["done"][0][0] == "khorog"


def test_one_letter_and_no_name_suggest_nothing() -> None:
    typed = ["", " ", "х", "k", "—", "zzzz", "Хоруғ zzzz", "🙂"]
    [said] = run_page([{"task": "suggest", "places": packaged_places().suggestions("tg"), "typed": typed}])
    assert said["done"] == [[]] * len(typed)
    [said] = run_page([{"task": "suggest", "places": "", "typed": ["Хоруғ"]}])
    assert said["done"] == [[]]


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 800}, has_touch=True)
    page = context.new_page()
    page.goto(f"{site.url}/tg")
    page.wait_for_selector("#send:enabled")
    yield page
    context.close()


def _options(page: Page) -> list[str]:
    return [text.split("\n")[0] for text in page.locator("[role=option]").all_inner_texts()]


def _sent(page: Page, site: Site) -> dict[str, Any]:
    page.click("#send:enabled")
    page.wait_for_selector("#received:not([hidden])")
    return dict(site.newest().answers)


def test_with_the_keyboard_alone(page: Page, site: Site) -> None:
    box = page.locator("#where")
    box.focus()
    expect(box).to_have_attribute("aria-expanded", "false")
    page.keyboard.type("horog")
    expect(box).to_have_attribute("aria-expanded", "true")
    assert _options(page)[:2] == ["Хоруғ", "Фурудгоҳи Хоруғ"]
    page.keyboard.press("ArrowUp")
    last = page.locator("[role=option]").last
    expect(last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    first = page.locator("[role=option]").first
    expect(first).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == first.get_attribute("id")
    assert page.locator(f"#{box.get_attribute('aria-controls')}").get_attribute("role") == "listbox"
    page.keyboard.press("Enter")
    expect(box).to_have_value("Хоруғ")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_be_focused()
    assert _sent(page, site) == {"where": {"id": "khorog", "text": "Хоруғ"}}


def test_with_a_finger(page: Page, site: Site) -> None:
    page.locator("#where").tap()
    page.keyboard.type("душ")
    page.locator("[role=option]").filter(has_text="Фурудгоҳи Душанбе").tap()
    assert page.locator("[role=option]").count() == 0
    page.locator("#where").press_sequentially(", долони 2")
    assert _sent(page, site) == {"where": {"id": "dyu", "text": "Фурудгоҳи Душанбе, долони 2"}}


def test_what_is_typed_stands_and_another_text_has_no_id(page: Page, site: Site) -> None:
    page.fill("#where", "хорог")
    page.locator("[role=option]").first.click()
    page.locator("#where").press_sequentially("иён, деҳа")
    page.keyboard.press("Escape")
    assert _sent(page, site) == {"where": {"text": "Хоруғиён, деҳа"}}


def test_escape_and_leaving_the_box_close_the_list_and_change_nothing(page: Page) -> None:
    box = page.locator("#where")
    box.press_sequentially("хор")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator("[role=listbox]:visible")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(page.locator("[role=option]").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("[role=listbox]:visible")).to_have_count(0)
    expect(box).to_have_value("хор")


def test_a_screen_reader_hears_how_many(page: Page) -> None:
    page.locator("#where").press_sequentially("rushon")
    said = f"Ҷойҳои пешниҳодшуда: {len(_options(page))}"
    expect(page.get_by_role("status").filter(has_text=said)).to_have_count(1)


def test_a_list_of_stays_has_them_too(page: Page, site: Site) -> None:
    page.click("[data-section=held] summary")
    page.locator('[name="held_places.2.place.text"]').press_sequentially("Vamar")
    page.locator("[role=option]").first.click()
    assert _sent(page, site) == {"held_places": [{"place": {"id": "vamar", "text": "Вамар"}}]}
