"""The page's solver: it pays what an honest drop asks, and lets no drop keep a phone busy for ever."""

from pathlib import Path
from typing import Any

import pytest
from altcha import create_challenge
from playwright.sync_api import Browser

from intake.drop.config import Limits
from tests.harness.page_code import run_page
from tests.harness.site import running_site

HONEST = create_challenge("PBKDF2/SHA-256", 10, counter=40).to_dict()


def solved_by_the_page(challenge: dict[str, Any], *, without: bool = False) -> str:
    """The header `Work`; `without` the browser's own PBKDF2."""
    (answer,) = run_page([{"task": "solve", "challenge": challenge, "without": without}])
    return str(answer["done"])


@pytest.mark.parametrize(
    "change",
    [{"algorithm": "SHA-256"}, {"cost": 5000}, {"cost": "many"}, {"keyPrefix": ""}, {"keyPrefix": "zz"}],
    ids=str,
)
def test_what_no_honest_drop_asks_is_refused(change: dict[str, Any]) -> None:
    challenge = {"parameters": HONEST["parameters"] | change}
    (answer,) = run_page([{"task": "solve", "challenge": challenge, "without": False}])
    assert answer == {"refused": "fault"}


def test_a_witness_who_comes_during_a_flood_works_and_is_heard(browser: Browser, tmp_path: Path) -> None:
    with running_site(tmp_path, limits=Limits(calm="1/hour")) as site:
        page = browser.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url.removeprefix(site.url)))
        for number in range(3):
            page.goto(f"{site.url}/tg")
            page.fill("#account", f"Моро боздоштанд {number}")
            page.click("#send:enabled")
            page.wait_for_selector("#received:not([hidden])", timeout=60_000)
            assert site.newest().answers == {"account": f"Моро боздоштанд {number}"}
        assert "/challenge" in asked
        page.close()
