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
    *["random", "remote", "large", "full", "fault", "working"],
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
    """axe needs scripts, so it gets what a browser without them made of the page, <noscript> opened."""
    plain = browser.new_context(viewport={"width": 1280, "height": 800}, java_script_enabled=False).new_page()
    checked = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()

    def violations() -> list[Any]:
        seen = re.sub(r"</?noscript>|<script.*?</script>", "", plain.content())
        checked.route("**/seen", lambda route: route.fulfill(body=seen, content_type="text/html; charset=utf-8"))
        checked.goto(f"{site.url}/seen")
        return _violations(checked)

    plain.goto(f"{site.url}/{language}")
    assert plain.locator("noscript p").first.is_visible()
    assert plain.locator("#sending").is_hidden()
    assert violations() == []
    plain.fill("#account", "Хоруғ")
    plain.click("button[formmethod=post]")
    plain.wait_for_url(re.compile("/$"))
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
