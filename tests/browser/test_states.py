"""What the page says and does when sealing or sending can't go on: the text stays, and the words say what to do."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, Route

from tests.harness.attacks import make_strangers
from tests.harness.recorder import Recorder
from tests.harness.site import Site

TEXT = "Моро боздоштанд"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    yield context.new_page()
    context.close()


def _answering(status: int, word: str = "") -> Callable[[Route], None]:
    body = json.dumps({"type": f"urn:amonat:{word}", "status": status})
    return lambda route: route.fulfill(status=status, body=body, content_type="application/problem+json")


def _state(page: Page, name: str) -> None:
    page.wait_for_selector(f"[data-state={name}]:visible", timeout=15_000)
    assert page.locator("#sending [data-state]:visible").count() == 1


def _write_and_send(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/tg")
    page.fill("#account", TEXT)
    page.click("#send:enabled")


def _kept(page: Page) -> None:
    assert page.input_value("#account") == TEXT
    assert page.locator("#account").is_enabled()


@pytest.mark.parametrize(
    ("status", "word", "state"),
    [(413, "too-large", "large"), (507, "full", "full"), (422, "not-sealed", "fault"), (400, "bad-request", "fault")],
)
def test_a_refusal_keeps_the_text(page: Page, site: Site, status: int, word: str, state: str) -> None:
    page.route("**/reports/*", _answering(status, word))
    _write_and_send(page, site)
    _state(page, state)
    _kept(page)
    page.unroute("**/reports/*")
    page.click("#send:enabled")
    page.wait_for_selector("#received:not([hidden])")
    assert site.newest().answers == {"account": TEXT}


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_the_same_bytes_are_sent_again_until_they_arrive(page: Page, site: Site, status: int) -> None:
    tries: list[Request] = []

    def fail_once(route: Route) -> None:
        tries.append(route.request)
        if len(tries) > 1:
            route.continue_()
        elif status:
            _answering(status)(route)
        else:
            route.abort("connectionreset")

    page.route("**/reports/*", fail_once)
    _write_and_send(page, site)
    _state(page, "retrying")
    assert page.input_value("#account") == TEXT
    page.wait_for_selector("#received:not([hidden])", timeout=15_000)
    assert len({(one.url, one.post_data_buffer) for one in tries}) == 1
    assert len(tries) == 2
    assert site.newest().answers == {"account": TEXT}


def test_a_lost_answer_makes_no_double(page: Page, site: Site) -> None:
    """The report is stored, the answer is cut off; the second try is told that it is there."""
    lost: list[int] = []

    def lose(route: Route) -> None:
        answer = route.fetch()
        lost.append(answer.status)
        if len(lost) == 1:
            route.abort("connectionreset")
        else:
            route.fulfill(response=answer)

    page.route("**/reports/*", lose)
    _write_and_send(page, site)
    page.wait_for_selector("#received:not([hidden])", timeout=15_000)
    assert lost == [201, 200]
    assert site.newest().answers == {"account": TEXT}


def test_a_line_that_breaks_is_tried_again(page: Page, site: Site) -> None:
    with Recorder(site.port) as wire:
        page.goto(f"{wire.url}/tg")
        page.fill("#account", TEXT)
        page.wait_for_selector("#send:enabled")
        wire.break_line()
        page.click("#send")
        _state(page, "retrying")
        wire.break_line(False)
        page.wait_for_selector("#received:not([hidden])", timeout=20_000)
    assert site.newest().answers == {"account": TEXT}


def test_seal_again_fetches_the_newer_keyring_and_keeps_the_id(page: Page, site: Site, tmp_path: Path) -> None:
    later = site.world_copy(tmp_path).next(reviewers=2)
    seen: list[Request] = []

    def answer(route: Route) -> None:
        seen.append(route.request)
        if len(seen) == 1:
            page.route("**/keyring.note", lambda route: route.fulfill(body=later.note))
            _answering(409, "seal-again")(route)
        else:
            _answering(201)(route)

    page.route("**/reports/*", answer)
    _write_and_send(page, site)
    page.wait_for_selector("#received:not([hidden])")
    assert [one.headers["keyring"] for one in seen] == ["1", "2"]
    assert seen[0].url == seen[1].url
    sizes = [len(one.post_data_buffer or b"") for one in seen]
    assert sizes[0] - sizes[1] == 1557


def test_a_serial_closed_early_is_closed_in_words(page: Page, site: Site) -> None:
    page.route("**/reports/*", _answering(410, "closed"))
    _write_and_send(page, site)
    _state(page, "closed")
    _kept(page)


def test_forged_keys_are_refused_at_once(page: Page, site: Site) -> None:
    forged = make_strangers(site.world)
    page.route("**/keyring.note", lambda route: route.fulfill(body=forged))
    page.goto(f"{site.url}/en")
    _state(page, "keyring")
    assert page.locator("#send:visible").count() == 0


def test_without_a_line_the_page_waits_for_its_keys(page: Page, site: Site) -> None:
    page.route("**/keyring.note", lambda route: route.abort())
    page.goto(f"{site.url}/en")
    _state(page, "unreachable")
    page.unroute("**/keyring.note")
    _state(page, "ready")


@pytest.mark.parametrize(("came", "state"), [(None, "unreachable"), ("const half = ", "random")])
def test_a_sealing_script_that_did_not_come_whole_is_asked_for_again(
    page: Page, site: Site, came: str | None, state: str
) -> None:
    def break_off(route: Route) -> None:
        if came:
            route.fulfill(response=route.fetch(), body=came)
        else:
            route.abort()

    page.route(re.compile("/a/seal"), break_off)
    page.goto(f"{site.url}/tg")
    page.fill("#account", TEXT)
    _state(page, state)
    assert page.locator("#send:visible").count() == 0
    page.unroute(re.compile("/a/seal"))
    _state(page, "ready")
    page.click("#send")
    page.wait_for_selector("#received:not([hidden])")
    assert site.newest().answers == {"account": TEXT}


def _blamed(page: Page, box: str, said: str) -> None:
    """The sentence stands at the top, has the focus, leads to the box, and stands beside it."""
    top = page.locator("main > :first-child")
    assert top.evaluate("part => part === document.activeElement")
    assert said in top.inner_text()
    field = page.locator(box)
    assert field.get_attribute("aria-invalid") == "true"
    described = (field.get_attribute("aria-describedby") or "").split()
    assert said in " ".join(page.text_content(f"#{one}") or "" for one in described)
    top.get_by_role("link").click()
    assert field.evaluate("part => part === document.activeElement && part.checkVisibility()")


def test_an_empty_form_says_so_at_the_top_and_beside_the_first_box(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/en")
    page.click("#send:enabled")
    _state(page, "empty")
    _blamed(page, "#account", "Every answer is empty. One is enough.")
    page.keyboard.type(TEXT)
    page.click("#send")
    page.wait_for_selector("#received:not([hidden])")
    assert page.locator(".wrong, [aria-invalid]").count() == 0
    assert site.newest().answers == {"account": TEXT}


def test_a_text_over_the_limit_is_named_wherever_it_stands_and_kept(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/en")
    page.wait_for_selector("#send:enabled")
    page.fill("#account", TEXT)
    page.click("[data-section=treatment] summary")
    page.fill("#injuries", "ӣ" * 100_001)
    page.check('[name=urgent][value="removal"]')
    assert page.locator("#removal_to").is_visible()
    page.click("[data-section=treatment] summary")
    page.click("#send")
    _state(page, "large")
    _blamed(page, "#injuries", "This is too long for one report")
    page.fill("#injuries", "ӣ" * 100_000)
    page.click("#send")
    page.wait_for_selector("#received:not([hidden])")
    assert len(str(site.newest().answers["injuries"])) == 100_000


def test_what_is_no_date_of_today_is_asked_for_again(page: Page, site: Site) -> None:
    page.route(re.compile("/a/seal"), lambda route: _with_clock(route, 4000))
    page.goto(f"{site.url}/en")
    _state(page, "date")
    page.click("#dated")
    _state(page, "day")
    assert page.evaluate("document.activeElement.id") == "today"
    page.fill("#today", "2001-02-03")
    page.click("#dated")
    _state(page, "day")
    page.fill("#today", site.world.today.isoformat())
    page.click("#dated")
    _state(page, "ready")


@pytest.mark.parametrize("days", [-4000, 4000])
def test_a_wrong_clock_asks_for_the_date(page: Page, site: Site, days: int) -> None:
    page.route(re.compile("/a/seal"), lambda route: _with_clock(route, days))
    page.goto(f"{site.url}/en")
    page.fill("#account", TEXT)
    _state(page, "date")
    page.fill("#today", site.world.today.isoformat())
    page.click("#dated")
    _state(page, "ready")
    page.click("#send")
    page.wait_for_selector("#received:not([hidden])")
    assert site.newest().day == site.world.today


def _with_clock(route: Route, days: int) -> None:
    """The worker as it is, on a device whose clock is off by so many days."""
    clock = f"super(...(a.length ? a : [D.now() + {days} * 864e5]))"
    answer = route.fetch()
    shift = f"{{ const D = Date; self.Date = class extends D {{ constructor(...a) {{ {clock}; }} }}; }}"
    route.fulfill(response=answer, body=shift + answer.text())


def test_a_date_after_the_closing_day_is_closed(page: Page, site: Site) -> None:
    page.route(re.compile("/a/seal"), lambda route: _with_clock(route, 4000))
    page.goto(f"{site.url}/en")
    _state(page, "date")
    page.fill("#today", site.world.keyring.closes.isoformat())
    page.click("#dated")
    _state(page, "closed")


def test_a_browser_without_randomness_is_told(page: Page, site: Site) -> None:
    def without(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body="crypto.getRandomValues = () => { throw 0; };" + answer.text())

    page.route(re.compile("/a/seal"), without)
    page.goto(f"{site.url}/en")
    _state(page, "random")


def test_opera_mini_is_refused(page: Page, site: Site) -> None:
    page.add_init_script("window.operamini = { get [Symbol.toStringTag]() { return 'OperaMini'; } };")
    page.goto(f"{site.url}/en")
    _state(page, "remote")
    assert page.locator("#send:visible").count() == 0
