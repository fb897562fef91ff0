"""Everybody can use the page: axe-core finds nothing in any state, and nothing is wider than a small phone."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.harness.axe import STATES, show_state, violations_of
from tests.harness.samples import picture
from tests.harness.site import Site

LANGUAGES = ("tg", "ru", "en")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing(browser: Browser, site: Site, language: str, scheme: Any) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{site.url}/{language}")
    page.wait_for_selector("#send:enabled")
    assert sorted(STATES) == sorted(
        page.eval_on_selector_all("[data-state]", "parts => parts.map(part => part.dataset.state)")
    )
    for state in STATES:
        show_state(page, state)
        assert violations_of(page) == [], state
    show_state(page, "ready")
    page.click("#send")
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    page.check('[name=urgent][value="removal"]')
    assert page.locator("#account[aria-invalid]").is_visible()
    assert violations_of(page) == []
    page.fill("#where", "Хоруғ")
    page.click("#send")
    page.wait_for_selector("#received:not([hidden])")
    assert violations_of(page) == []
    page.goto(f"{site.url}/no-such-page")
    assert violations_of(page) == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_with_files(browser: Browser, site: Site, tmp_path: Path, language: str, scheme: Any) -> None:
    """One that can be cleaned, one that can't, one that can't be read; and the states that only files know."""
    photo, paper = tmp_path / "photo.jpg", tmp_path / ("long-name-" * 12 + ".pdf")
    picture().save(photo)
    paper.write_bytes(b"%PDF-1.7\n" * 1000)
    context = browser.new_context(viewport={"width": 360, "height": 800}, color_scheme=scheme, has_touch=True)
    page = context.new_page()
    page.goto(f"{site.url}/{language}")
    page.wait_for_selector("#send:enabled")
    assert violations_of(page) == []
    page.locator(".pick input").first.set_input_files([photo, paper, photo])
    page.locator("[data-file=kept]:visible").wait_for()
    page.wait_for_function("!document.querySelector('li [data-file=looking]:not([hidden])')")
    page.evaluate(
        """() => { for (const part of document.querySelectorAll("li:last-child [data-file]"))
          part.hidden = part.dataset.file !== "unreadable"; }"""
    )
    assert violations_of(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for state in ("stopping", "stopped", "unreadable", "sending"):
        show_state(page, state)
        page.evaluate("document.getElementById('long').hidden = false")
        assert violations_of(page) == [], state
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_without_scripts(browser: Browser, site: Site, language: str) -> None:
    """axe needs scripts, so it gets what a browser without them made of the page, <noscript> opened."""
    plain = browser.new_context(viewport={"width": 1280, "height": 800}, java_script_enabled=False).new_page()
    checked = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()

    def violations() -> list[Any]:
        seen = re.sub(r"</?noscript>|<script.*?</script>", "", plain.content())
        checked.route("**/seen", lambda route: route.fulfill(body=seen, content_type="text/html; charset=utf-8"))
        checked.goto(f"{site.url}/seen")
        return violations_of(checked)

    plain.goto(f"{site.url}/{language}")
    assert plain.locator("noscript p").first.is_visible()
    assert plain.locator("#sending").is_hidden()
    assert violations() == []
    plain.fill("#account", "Хоруғ")
    plain.click("button[formmethod=post]")
    plain.wait_for_selector("main > #code")
    assert violations() == []
    plain.context.close()
    checked.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_wider_than_320_pixels(browser: Browser, site: Site, language: str) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 700})
    page = context.new_page()
    page.goto(f"{site.url}/{language}")
    page.wait_for_selector("#send:enabled")
    for state in STATES:
        show_state(page, state)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, state
    context.close()


SIZES = [(360, 800), (320, 568), (1280, 800), (320, 256), (640, 360), (180, 400)]
"""Of phones and of a window; the last three are 1280 x 1024 at 400 %, and 1280 x 720 and 360 x 800 at 200 %."""


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_languages_and_exit_stay_in_view_and_cover_nothing_that_has_the_focus(
    browser: Browser, site: Site, width: int, height: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.goto(f"{site.url}/tg")
    page.wait_for_selector("#send:enabled")
    for _ in range(40):
        page.keyboard.press("Tab")
        top, bottom = page.evaluate(
            """() => {
                const { top, bottom } = document.activeElement.getBoundingClientRect();
                const bar = document.querySelector("header");
                if (bar.contains(document.activeElement)) return [0, 0];
                return [top - bar.getBoundingClientRect().bottom, innerHeight - bottom];
            }"""
        )
        assert top >= 0 or bottom >= 0, page.evaluate("document.activeElement.outerHTML")
        assert top >= 0
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    for part in ("#exit", "nav"):
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["x"] >= 0
        assert box["y"] + box["height"] <= height
        assert box["x"] + box["width"] <= width
    bar = page.locator("header").bounding_box()
    assert bar is not None
    assert bar["height"] <= min(110, 0.3 * height)
    for other in ("ru", "tg"):
        page.locator(f"nav [lang={other}]").scroll_into_view_if_needed()
        page.click(f"nav [lang={other}]")
        page.wait_for_url(f"{site.url}/{other}")
    context.close()


def test_targets_are_large(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(f"{site.url}/en")
    page.wait_for_selector("#send:enabled")
    heights = page.eval_on_selector_all(
        ".choices label, .pick label, button, #exit, nav a, select, textarea, "
        "input:not([type=checkbox]):not([type=radio]):not(.pick input)",
        "parts => parts.map(part => part.getBoundingClientRect().height).filter(Boolean)",
    )
    assert min(heights) >= 44
    assert len(heights) > 70
    context.close()
