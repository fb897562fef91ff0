"""The sheet for a phone call, as a browser prints it: one page, all of its words, and no address of ours."""

from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Browser

from tests.harness.site import Site

LANGUAGES = ("tg", "ru", "en")


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_fits_on_one_page(browser: Browser, site: Site, language: str, paper: str, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/{language}/call")
    pdf = page.pdf(format=paper, prefer_css_page_size=True)
    shown = page.inner_text(".sheet")
    context.close()
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    printed = document[0].get_textpage().get_text_bounded()
    document.close()
    assert [word for word in shown.split() if word not in printed] == []
    assert "127.0.0.1" not in printed
    assert str(site.port) not in printed


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_it_fits_on_a_screen(browser: Browser, site: Site, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(f"{site.url}/tg/call")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
