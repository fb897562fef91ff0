"""Everybody can use the page: axe-core finds nothing in any state, and nothing is wider than a small phone."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.harness.node import node_modules
from tests.harness.site import Site

LANGUAGES = ("tg", "ru", "en")
STATES = [
    *["loading", "unreachable", "ready", "empty", "sealing", "sending", "retrying", "keyring", "closed", "date"],
    *["random", "remote", "large", "full", "fault"],
]


def _violations(page: Page) -> list[Any]:
    page.evaluate((node_modules() / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]


def _show(page: Page, state: str) -> None:
    """Any state, as the page's own code would show it."""
    page.evaluate(
        """state => {
            for (const part of document.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== state;
            for (const part of document.querySelectorAll("[data-also]"))
              part.hidden = !part.dataset.also.split(" ").includes(state);
            document.getElementById("send").disabled = false;
        }""",
        state,
    )


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
        _show(page, state)
        assert _violations(page) == [], state
    _show(page, "ready")
    page.fill("#where", "Хоруғ")
    page.click("#send")
    page.wait_for_selector("#received:not([hidden])")
    assert _violations(page) == []
    page.goto(f"{site.url}/no-such-page")
    assert _violations(page) == []
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_without_scripts(browser: Browser, site: Site, language: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/{language}")
    assert page.locator("noscript p").first.is_visible()
    assert page.locator("#sending").is_hidden()
    assert _violations(page) == []
    page.fill("#account", "Хоруғ")
    page.click("button[formmethod=post]")
    page.wait_for_url(re.compile("/$"))
    assert _violations(page) == []
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_wider_than_320_pixels(browser: Browser, site: Site, language: str) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 700})
    page = context.new_page()
    page.goto(f"{site.url}/{language}")
    page.wait_for_selector("#send:enabled")
    for state in STATES:
        _show(page, state)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, state
    context.close()


def test_targets_are_large(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(f"{site.url}/en")
    page.wait_for_selector("#send:enabled")
    heights = page.eval_on_selector_all(
        ".choices label, button, #exit, nav a, select, textarea, input:not([type=checkbox]):not([type=radio])",
        "parts => parts.map(part => part.getBoundingClientRect().height).filter(Boolean)",
    )
    assert min(heights) >= 44
    assert len(heights) > 70
    context.close()
