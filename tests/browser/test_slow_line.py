"""The whole form over a line that is slow and breaks while it is being sent: it arrives, and it arrives once."""

import time

import pytest
from playwright.sync_api import Browser, Page

from tests.harness.filling import ChromiumHands
from tests.harness.site import Site
from tests.harness.slow_line import ANSWER, SlowLine
from tests.harness.whole import Whole, fill_whole, whole


def _send_over(line: SlowLine, page: Page, made: Whole, cuts: int) -> None:
    """Fills in and sends the form, and looks at the text after each cut."""
    started = time.monotonic()
    page.goto(f"{line.url}/{made.language}")
    page.wait_for_selector("#send:enabled", timeout=120_000)
    print(f"ready to send after {time.monotonic() - started:.1f} s")
    hands = ChromiumHands(page)
    fill_whole(hands, made)
    started = time.monotonic()
    hands.click("#send")
    # Chromium repeats by itself, saying nothing, what it sent over a line used before: not each cut is told.
    deadline = time.monotonic() + 240
    while not page.is_visible("#received"):
        assert time.monotonic() < deadline, f"{len(line.sendings)} sendings of {cuts + 1}"
        if page.is_visible("[data-state=retrying]"):
            assert page.input_value("#account") == made.answers["account"]
        page.wait_for_timeout(100)
    print(f"arrived {time.monotonic() - started:.1f} s after the click")


@pytest.mark.parametrize(
    ("cuts", "speed", "round_trip"),
    [
        pytest.param([9_000, ANSWER], None, 0.0, id="fast, cut twice"),
        pytest.param(
            [4_000, 12_000, ANSWER], 50_000, 0.4, id="50 kbit/s, 400 ms, cut three times", marks=pytest.mark.long
        ),
        pytest.param([ANSWER] * 3, 50_000, 0.4, id="50 kbit/s, 400 ms, three answers lost", marks=pytest.mark.long),
    ],
)
def test_the_report_arrives_once(
    browser: Browser, site: Site, cuts: list[int], speed: float | None, round_trip: float
) -> None:
    made = whole("tg")
    page = browser.new_page()
    with SlowLine(site.port, cuts, speed, round_trip) as line:
        _send_over(line, page, made, len(cuts))
        page.close()
    assert len(line.sendings) == len(cuts) + 1
    assert len(set(line.sendings)) == 1
    assert site.newest().answers == made.answers
