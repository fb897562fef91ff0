"""A language that is written from right to left: an invented one, made by the command that translators use, in which
every sentence is complete and no Latin letter may be left.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from intake.drop.config import Organisation
from intake.locale import catalog, catalog_in
from scripts import catalogs
from tests.harness.axe import STATES, show_state, violations_of
from tests.harness.installation import ORGANISATION, READING_TIMES, URGENT_CONTACTS
from tests.harness.site import Site, running_site

CODE = catalogs.PSEUDO


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("mirror")
    assert catalogs.main(["--pseudo", str(folder / CODE)]) == 0
    said = catalogs.mirrored
    english = ORGANISATION["en"]
    names = ("name", "who_reads", "retention", "withdraw", "check")
    organisation = Organisation(*(said(getattr(english, name)) for name in names))
    with running_site(
        folder,
        languages=(CODE, "tg"),
        catalogs={CODE: catalog_in(folder / CODE, CODE), "tg": catalog("tg")},
        reading_times={**READING_TIMES, CODE: said(READING_TIMES["en"])},
        urgent_contacts={**URGENT_CONTACTS, CODE: said(URGENT_CONTACTS["en"])},
        organisation={**ORGANISATION, CODE: organisation},
    ) as site:
        yield site


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 320, "height": 700})
    page = context.new_page()
    page.goto(f"{site.url}/{CODE}")
    page.wait_for_selector("#send:enabled")
    yield page
    context.close()


def _unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")


def test_axe_finds_nothing_in_any_state_and_nothing_sticks_out(page: Page, site: Site) -> None:
    for state in STATES:
        show_state(page, state)
        assert violations_of(page) == [], state
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, state
    show_state(page, "ready")
    page.click("#send")
    assert violations_of(page) == []
    _unfold(page)
    page.check('[name=urgent][value="removal"]')
    assert violations_of(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.fill("#account", "حسن")
    page.click("#send")
    page.wait_for_selector("#received:not([hidden])")
    assert violations_of(page) == []
    for path in ("return", "call", "no-such-page"):
        page.goto(f"{site.url}/{CODE}/{path}")
        assert violations_of(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_everything_stands_on_the_other_side(page: Page) -> None:
    assert page.get_attribute("html", "dir") == "rtl"
    box = page.locator(".choices input").first.bounding_box()
    label = page.locator(".choices label").first.bounding_box()
    first, second = (page.locator("nav a").nth(at).bounding_box() for at in (0, 1))
    assert box
    assert label
    assert first
    assert second
    assert box["x"] + box["width"] == pytest.approx(label["x"] + label["width"], abs=1)
    assert first["x"] > second["x"]
    edges = page.eval_on_selector(".calm", "part => getComputedStyle(part).borderWidth").split()
    assert (edges[1] != "0px", edges[3]) == (True, "0px")
    page.fill("#account", "حسن")
    page.click("#send")
    page.wait_for_selector("#received:not([hidden])")
    assert page.eval_on_selector("#code", "part => getComputedStyle(part).direction") == "ltr"


def test_no_sentence_escapes_the_translators(page: Page, site: Site) -> None:
    _unfold(page)
    page.evaluate("document.querySelectorAll('[hidden]').forEach(part => { part.hidden = false; })")
    assert _latin(page) == set()
    for path in ("return", "call", "no-such-page"):
        page.goto(f"{site.url}/{CODE}/{path}")
        page.evaluate("document.querySelectorAll('[hidden]').forEach(part => { part.hidden = false; })")
        assert _latin(page) == set(), path


def _latin(page: Page) -> set[str]:
    """Words in Latin letters, shown or spoken, but for what is no language: a file's name, an address."""
    spoken = page.eval_on_selector_all("[aria-label]", "all => all.map(part => part.ariaLabel)")
    return set(re.findall("[A-Za-z]{2,}", " ".join([page.title(), page.inner_text("body"), *spoken])))


def test_without_scripts_too(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 700}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/{CODE}")
    assert not re.findall("[A-Za-z]{2,}", page.inner_text("body"))
    site.seen.update(entry.id for entry in site.store.entries())
    page.fill("#account", "حسن")
    page.click("button[formmethod=post]")
    page.wait_for_selector("main > #code")
    assert not re.findall("[A-Za-z]{2,}", page.inner_text("body"))
    assert site.newest().answers == {"account": "حسن"}
    context.close()


def test_the_command_makes_a_complete_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert catalogs.main(["--pseudo", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert re.search(r"page\.po: (\d+) of \1\n", said)
    assert "missing" not in said
    words = catalog_in(tmp_path, CODE)
    assert words.language.direction == "rtl"
    assert words.draft
    assert "{reading_times}" in "".join(words.messages.values())
