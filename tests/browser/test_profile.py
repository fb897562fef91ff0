"""What a browser keeps on disk: nothing that was typed or ticked, and no storage of ours.

The search is shown to find both, in the same page once its fields are ordinary ones.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.harness.filling import CANARY, ChromiumHands, Hands, fill
from tests.harness.firefox import Firefox
from tests.harness.profiles import KeptChromium, cookies, holding, kept_chromium, stores
from tests.harness.site import Site

TYPED = (CANARY, "фурудгоҳ", "Фарзона", "Хоҳарам")
NAMES = ("by_whom", "contact_detail", "who.more")
"""Of controls: they stand beside their values wherever a browser remembers a form, ticks too."""
OURS = ("Your safety comes first", "data-questionnaire", "The server can't take more just now")
"""From the page and its script, found only where those were stored."""
A_MINUTE = 60
SOON = 8
ORDINARY = "document.querySelectorAll('[autocomplete]').forEach(part => part.removeAttribute('autocomplete'))"


class Kept(Hands, Protocol):
    """A browser whose folder is read once it has ended."""

    def evaluate(self, expression: str) -> object:
        """In the page."""

    def wait_for(self, css: str) -> None:
        """Until the page has it."""

    def kill(self) -> None:
        """Without a chance to write anything."""


class _Chromium(ChromiumHands):
    def __init__(self, browser: KeptChromium) -> None:
        super().__init__(browser.page)
        self.evaluate, self.kill = browser.page.evaluate, browser.kill

    def wait_for(self, css: str) -> None:
        self._page.wait_for_selector(css)


Use = Callable[[Kept], None]


def _in_chromium(url: str, folder: Path, seconds: int, use: Use) -> None:
    with kept_chromium(folder) as browser:
        browser.page.goto(url)
        use(_Chromium(browser))
        browser.close()


def _in_firefox(url: str, folder: Path, seconds: int, use: Use) -> None:
    # By itself it writes every 15 s, which is soon enough in a minute.
    hurried: dict[str, object] = {} if seconds == A_MINUTE else {"browser.sessionstore.interval": 1000}
    with Firefox(hurried, folder) as firefox:
        firefox.resize(900, 26_000)
        firefox.open(url)
        use(firefox)


BROWSERS = {"Chromium": _in_chromium, "Firefox": _in_firefox}


@pytest.fixture(params=BROWSERS)
def browse(request: pytest.FixtureRequest) -> Callable[[str, Path, int, Use], None]:
    """Opens a page in a browser with a profile of its own, uses it, and closes it."""
    return BROWSERS[request.param]


@pytest.fixture
def folder() -> Iterator[Path]:
    """With a short name: Chromium puts a socket there, whose address may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="p", ignore_cleanup_errors=True) as short:
        yield Path(short)


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        pytest.param(False, SOON, id="killed after a moment"),
        pytest.param(False, A_MINUTE, id="killed after a minute", marks=pytest.mark.long),
        pytest.param(True, A_MINUTE, id="sent and closed after a minute", marks=pytest.mark.long),
    ],
)
def test_nothing_typed_or_ticked_is_on_disk(
    site: Site, folder: Path, browse: Callable[[str, Path, int, Use], None], sent: bool, seconds: int
) -> None:
    def use(browser: Kept) -> None:
        browser.wait_for("#send:enabled")
        fill(browser)
        time.sleep(seconds)
        if sent:
            browser.click("#send")
            browser.wait_for("#received:not([hidden])")
            time.sleep(min(seconds, SOON))
        else:
            browser.kill()

    browse(f"{site.url}/en", folder, seconds, use)
    assert holding(folder, [*TYPED, *NAMES, *OURS]) == {}
    assert cookies(folder) == 0
    assert stores(folder, site.port) == []


def test_the_search_finds_what_ordinary_fields_leave_and_what_a_page_stores(
    site: Site, folder: Path, browse: Callable[[str, Path, int, Use], None]
) -> None:
    def use(browser: Kept) -> None:
        browser.wait_for("#send:enabled")
        browser.evaluate(ORDINARY)
        browser.evaluate("localStorage.setItem('a', '1'); document.cookie = 'a=1; max-age=99999'")
        fill(browser)
        time.sleep(SOON)

    browse(f"{site.url}/en", folder, SOON, use)
    found = holding(folder, [*TYPED, *NAMES])
    assert {"by_whom", CANARY} <= set().union(*found.values())
    assert stores(folder, site.port) != []
    assert cookies(folder) == 1
