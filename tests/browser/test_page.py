"""The form in Chromium: filled in, sent, opened offline; nothing readable on the wire, whatever is pressed when."""

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, Route

from intake.report.code import Code
from tests.harness.filling import ANSWERS, CANARY, ChromiumHands, fill
from tests.harness.recorder import Recorder
from tests.harness.site import Site

TALL = {"width": 900, "height": 9000}
LANGUAGES = ("tg", "ru", "en")
# Lines that were cut on purpose.
_EXPECTED = re.compile("Failed to load resource")
# The page says this by itself; a script that runs only ever takes its place.
NOT_YET = "The button to send appears here once the page has loaded."
BUTTONS = "button, input[type=submit], summary"


@contextmanager
def _page(browser: Browser, *, scripts: bool = True) -> Iterator[Page]:
    """A fresh page that fails the test on anything its console or its policy complains about."""
    context = browser.new_context(viewport=TALL, java_script_enabled=scripts)  # type: ignore[arg-type]  # a TypedDict
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert [one for one in complaints if not _EXPECTED.search(one)] == []


def _readable(sent: bytes) -> bool:
    """Whether the canary or a typed Cyrillic word is there as text, as percent code or as UTF-16."""
    words = (CANARY, "фурудгоҳ")
    spellings = [(word.encode(), quote(word).encode(), word.encode("utf-16le")) for word in words]
    return any(one.lower() in sent.lower() for spelled in spellings for one in spelled)


def _leaks(sent: bytes, code: str) -> bool:
    """Whether any two groups of a code in a row went over the wire."""
    groups = code.split(" ")
    pairs = [joint.join(pair).encode() for pair in itertools.pairwise(groups) for joint in (" ", "+", "%20", "")]
    return any(one in sent for one in pairs)


@pytest.mark.parametrize("language", LANGUAGES)
def test_with_scripts_the_report_is_sealed_here_and_opens_offline(browser: Browser, site: Site, language: str) -> None:
    with Recorder(site.port) as wire, _page(browser) as page:
        page.goto(f"{wire.url}/{language}")
        page.wait_for_selector("#send:enabled")
        hands = ChromiumHands(page)
        fill(hands)
        hands.click("#send")
        page.wait_for_selector("#received:not([hidden])")
        (put,) = [request for request in wire.requests() if request.method == "PUT"]
        assert CANARY not in page.content()
        assert page.locator("input, textarea, select").count() == 0
        code = page.inner_text("#code")
    report = site.newest()
    assert Code.parse(code).open(site.world.origin).reply_to == report.reply_to
    assert str(Code.parse(code)) == code
    assert not _leaks(wire.sent, code)
    assert report.answers == ANSWERS
    assert (report.sealed_by, report.language, report.keyring) == ("browser", language, 1)
    assert put.path == f"/reports/{report.id}"
    assert put.headers["keyring"] == "1"
    assert not _readable(wire.sent)


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_scripts_the_server_seals_the_same_answers(browser: Browser, site: Site, language: str) -> None:
    with Recorder(site.port) as wire, _page(browser, scripts=False) as page:
        page.goto(f"{wire.url}/{language}")
        hands = ChromiumHands(page)
        fill(hands)
        hands.click("button[formmethod=post]")
        page.wait_for_selector("main > #code")
        assert CANARY not in page.content()
        code = page.inner_text("#code")
    report = site.newest()
    assert Code.parse(code).open(site.world.origin).reply_to == report.reply_to
    assert report.answers == ANSWERS
    assert (report.sealed_by, report.language) == ("server", language)
    assert [request.method for request in wire.requests()].count("POST") == 1


def _press_everything(page: Page) -> None:
    """Type the canary into every field, Enter after it, and click whatever looks like a button."""
    fill(ChromiumHands(page))
    for field in page.locator("form input:visible:not([type=hidden]), form select").all():
        field.focus()
        page.keyboard.press("Enter")
    for button in page.locator(BUTTONS).all():
        button.dispatch_event("click")
        if button.is_visible():
            button.focus()
            page.keyboard.press("Enter")
            page.keyboard.press("Space")


def _never(route: Route) -> None:
    """Neither answer nor failure: a line that hangs."""


def _blocked(route: Route) -> None:
    route.abort()


@pytest.mark.parametrize(
    ("held", "how", "said"),
    [
        ("page", _never, NOT_YET),
        ("page", _blocked, NOT_YET),
        ("seal", _never, NOT_YET),
        ("seal", _blocked, "No connection yet."),
        ("keyring", _never, NOT_YET),
        ("keyring", _blocked, "No connection yet."),
    ],
)
def test_nothing_leaves_while_a_script_is_missing(
    browser: Browser, site: Site, held: str, how: object, said: str
) -> None:
    with Recorder(site.port) as wire, _page(browser) as page:
        page.route(re.compile(rf"/(a/)?{held}\."), how)  # type: ignore[arg-type]
        page.goto(f"{wire.url}/en", wait_until="commit")
        page.wait_for_selector("#where", timeout=10_000)
        _press_everything(page)
        assert page.url == f"{wire.url}/en"
        sentence = page.locator("#sending p:visible")
        sentence.filter(has_text=said).wait_for()
        assert sentence.count() == 1
        assert page.locator("#send:enabled").count() == 0
        assert page.input_value("#where") == ANSWERS["where"]["text"]
    assert {request.method for request in wire.requests()} == {"GET"}
    assert not _readable(wire.sent)


def test_nothing_readable_leaves_when_everything_is_pressed_with_scripts(browser: Browser, site: Site) -> None:
    with Recorder(site.port) as wire, _page(browser) as page:
        page.goto(f"{wire.url}/en")
        page.wait_for_selector("#send:enabled")
        fill(ChromiumHands(page))
        for field in page.locator("form input:visible, form select").all():
            field.focus()
            page.keyboard.press("Enter")
        assert page.url == f"{wire.url}/en"
        assert {request.method for request in wire.requests()} == {"GET"}
        page.locator("#send").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("#received:not([hidden])")
    assert site.newest().answers == ANSWERS
    assert not _readable(wire.sent)


def test_a_fields_enter_does_nothing_without_scripts(browser: Browser, site: Site) -> None:
    with Recorder(site.port) as wire, _page(browser, scripts=False) as page:
        page.goto(f"{wire.url}/en")
        hands = ChromiumHands(page)
        hands.click("#where")
        hands.write(f"{CANARY}\ue007")
        hands.click('[name="who.1.name"]')
        hands.write("\ue007")
        page.wait_for_timeout(300)
        assert page.url == f"{wire.url}/en"
    assert {request.method for request in wire.requests()} == {"GET"}
    assert not _readable(wire.sent)


def test_an_empty_form_is_not_sent_by_accident(browser: Browser, site: Site) -> None:
    with Recorder(site.port) as wire, _page(browser) as page:
        page.goto(f"{wire.url}/ru")
        page.click("#send:enabled")
        assert page.locator("[data-state=empty]").is_visible()
    assert {request.method for request in wire.requests()} == {"GET"}
