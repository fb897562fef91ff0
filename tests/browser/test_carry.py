"""The page on which couriers hand in: usable by everybody, on a small phone, with and without scripts."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from intake.report.blocks import split
from tests.harness.bundles import make_report, seal_report
from tests.harness.node import node_modules
from tests.harness.recorder import Recorder
from tests.harness.site import Site


def _look(page: Page) -> None:
    page.evaluate((node_modules() / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]") == ["", 0, 0]


@pytest.mark.parametrize("language", ["tg", "ru", "en"])
def test_axe_finds_nothing_and_nothing_is_wider_than_320_pixels(
    browser: Browser, site: Site, tmp_path: Path, language: str
) -> None:
    sealed = seal_report(make_report(site.world), site.world.reviewers)
    (tmp_path / "a").write_bytes(sealed)
    (tmp_path / "b").write_bytes(sealed[:-1])
    (tmp_path / "c").write_bytes(b"text")
    context = browser.new_context(viewport={"width": 320, "height": 700}, color_scheme="dark")
    page = context.new_page()
    page.goto(f"{site.url}/{language}/carry")
    _look(page)
    page.set_input_files("#file", [tmp_path / name for name in "abc"])
    page.fill("#text", " ".join(split(sealed)[1:]))
    page.click("button[type=submit]")
    page.wait_for_selector("main > .calm + .warn")
    assert page.locator("main > .calm ~ .warn").count() == 3
    _look(page)
    context.close()


def test_it_costs_two_requests_and_less_than_four_kilobytes(browser: Browser, site: Site) -> None:
    with Recorder(site.port) as wire:
        context = browser.new_context(extra_http_headers={"Accept-Encoding": "gzip"})
        page = context.new_page()
        page.goto(f"{wire.url}/tg/carry", wait_until="networkidle")
        context.close()
        assert len(wire.requests()) == 2
        assert sum(len(answer.body) for answer in wire.answers()) < 4_000
