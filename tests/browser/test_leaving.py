"""The quick exit, and the question before leaving with unsent text."""

import socket
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page

from tests.harness.filling import CANARY
from tests.harness.firefox import Firefox
from tests.harness.installation import LEAVE_URL
from tests.harness.site import Site


def _open(browser: Browser, site: Site, *, scripts: bool = True) -> tuple[Page, list[str]]:
    """A page with the canary typed; the list gets each question that the browser asks on leaving."""
    page = browser.new_context(java_script_enabled=scripts).new_page()
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.route(f"{LEAVE_URL}**", lambda route: route.fulfill(body="<title>elsewhere</title>", content_type="text/html"))
    page.goto(f"{site.url}/en")
    page.click("#account")
    page.keyboard.type(CANARY)
    return page, asked


def test_the_exit_leaves_without_a_question_and_without_a_way_back(browser: Browser, site: Site) -> None:
    page, asked = _open(browser, site)
    page.click("#exit")
    page.wait_for_url(LEAVE_URL)
    assert asked == []
    page.go_back()
    assert CANARY not in page.content()
    assert page.url != f"{site.url}/en"
    page.context.close()


def test_the_screen_is_blank_before_the_network_answers(site: Site, tmp_path: Path) -> None:
    """In Firefox: while a navigation hangs, Chromium answers no debugger."""
    with socket.create_server(("127.0.0.1", 0)) as silent, Firefox(profile=tmp_path) as firefox:
        firefox.resize(900, 9000)
        firefox.open(f"{site.url}/en")
        firefox.wait_for("#send:enabled")
        firefox.click("#account")
        firefox.write(CANARY)
        firefox.evaluate(f"document.getElementById('exit').href = 'http://127.0.0.1:{silent.getsockname()[1]}/'")
        firefox.click("#exit")
        assert firefox.evaluate("document.body === null && document.documentElement.hidden && !document.title")
        assert firefox.url == f"{site.url}/en"


def test_shift_three_times_leaves(browser: Browser, site: Site) -> None:
    page, asked = _open(browser, site)
    for key in ("Shift", "Shift", "a", "Shift", "Shift"):
        page.keyboard.press(key)
    assert page.url == f"{site.url}/en"
    page.keyboard.press("Shift")
    page.wait_for_url(LEAVE_URL)
    assert asked == []
    page.context.close()


def test_without_scripts_the_exit_is_a_plain_link(browser: Browser, site: Site) -> None:
    page, _ = _open(browser, site, scripts=False)
    page.click("#exit")
    page.wait_for_url(LEAVE_URL)
    page.context.close()


@pytest.mark.parametrize("typed", [True, False])
def test_leaving_otherwise_asks_only_when_something_is_written(browser: Browser, site: Site, typed: bool) -> None:
    page, asked = _open(browser, site)
    page.wait_for_selector("#send:enabled")
    if not typed:
        page.fill("#account", "")
    page.goto(f"{site.url}/ru")
    assert asked == (["beforeunload"] if typed else [])
    page.context.close()


def test_leaving_after_sending_asks_nothing(browser: Browser, site: Site) -> None:
    page, asked = _open(browser, site)
    page.click("#send:enabled")
    page.wait_for_selector("#received:not([hidden])")
    page.goto(f"{site.url}/ru")
    assert asked == []
    page.context.close()
