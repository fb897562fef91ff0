"""A plain report that is refused comes back whole, is mended where the page says, and arrives with all its answers."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.harness.axe import violations_of
from tests.harness.site import Site


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 320, "height": 700}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def _seen(browser: Browser, page: Page, site: Site) -> None:
    """What axe says of the page, which needs scripts and therefore another window; and nothing is too wide."""
    checked = browser.new_context(viewport={"width": 320, "height": 700}).new_page()
    content = page.content()
    checked.route("**/seen", lambda route: route.fulfill(body=content, content_type="text/html; charset=utf-8"))
    checked.goto(f"{site.url}/seen")
    assert violations_of(checked) == []
    assert checked.evaluate("document.documentElement.scrollWidth") <= 320
    checked.context.close()


def test_a_text_over_the_limit_is_shortened_and_the_rest_goes_along(page: Page, site: Site) -> None:
    account = "Моро боздоштанд\n«Хоруғ» <b>&amp;</b>"
    page.goto(f"{site.url}/tg")
    page.fill("#account", account)
    page.fill("#harm", "ӣ" * 100_001)
    page.check('[name=urgent][value="removal"]')
    page.click("button[formmethod=post]")
    page.wait_for_selector(".wrong")
    assert page.locator(".warn:has(h1)").get_by_role("link").inner_text() == page.inner_text("label")
    page.fill("textarea[aria-invalid]", "кӯтоҳ")
    page.click("button[type=submit]")
    page.wait_for_selector("main > #code")
    assert site.newest().answers == {"urgent": ["removal"], "account": account, "harm": "кӯтоҳ"}


def test_an_empty_form_asks_for_one_answer(browser: Browser, page: Page, site: Site) -> None:
    page.goto(f"{site.url}/ru")
    page.click("button[formmethod=post]")
    page.wait_for_selector(".wrong")
    _seen(browser, page, site)
    page.fill("textarea[name=account]", "Нас задержали")
    page.click("button[type=submit]")
    page.wait_for_selector("main > #code")
    report = site.newest()
    assert (report.answers, report.language) == ({"account": "Нас задержали"}, "ru")
