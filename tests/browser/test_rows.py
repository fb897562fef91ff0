"""As many people and places as are needed: rows that a button adds, with everything that the first ones have."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.harness.site import Site


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 320, "height": 700})
    page = context.new_page()
    page.goto(f"{site.url}/en")
    page.wait_for_selector("#send:enabled")
    yield page
    context.close()


def test_people_beyond_three_arrive_in_their_order(page: Page, site: Site) -> None:
    for number in range(1, 13):
        if number > 3:
            page.get_by_role("button", name="Add a person").click()
            expect(page.locator(f'[name="who.{number}.name"]')).to_be_focused()
            page.keyboard.type(f"Саид {number}")
        else:
            page.get_by_label(f"{number}. Name").fill(f"Саид {number}")
    page.get_by_label("12. Name").fill("Ҷамила")
    page.locator("[data-row='12'] summary").first.click()
    page.fill('[name="who.12.other"]', "Djamila, Джамила")
    page.fill('[name="who.12.age"]', "34")
    page.fill('[name="who.more"]', "ду нафари дигар")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.click("#send")
    page.wait_for_selector("#received:not([hidden])")
    people: Any = site.newest().answers["who"]
    assert [one["name"] for one in people] == [
        *(f"Саид {number}" for number in range(1, 12)),
        "Ҷамила",
        "ду нафари дигар",
    ]
    assert people[11] == {"name": "Ҷамила", "age": 34, "other": ["Djamila", "Джамила"]}


def test_a_row_that_is_added_is_empty_and_suggests_places_too(page: Page, site: Site) -> None:
    page.click("[data-section=held] summary")
    page.fill('[name="held_places.3.place.text"]', "Душанбе")
    page.locator("[role=option]").first.click()
    page.get_by_role("button", name="Add a place").click()
    added = page.locator('[name="held_places.4.place.text"]')
    expect(added).to_be_focused()
    expect(added).to_have_value("")
    added.press_sequentially("horog")
    page.locator("[role=option]").first.click()
    page.click("#send")
    page.wait_for_selector("#received:not([hidden])")
    assert site.newest().answers == {
        "held_places": [
            {"place": {"id": "dushanbe", "text": "Dushanbe"}},
            {"place": {"id": "khorog", "text": "Khorog"}},
        ]
    }


def test_without_scripts_no_button_adds_rows(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/en")
    assert page.locator("button.add").count() == 0
    assert page.locator('[name="who.3.name"]').is_visible()
    assert page.locator('[name="who.more"]').is_visible()
    context.close()
