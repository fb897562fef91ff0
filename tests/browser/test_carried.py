"""The form in one file, opened from a disk where there is no network: it seals as the page does, and asks nobody."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from intake.keyring import fingerprint
from intake.report.blocks import gather
from intake.report.sizes import CARRIED, sealed_size
from tests.harness.attacks import make_strangers
from tests.harness.carried import TALL, carried_file, offline_chromium, opened, opened_form
from tests.harness.filling import ANSWERS, CANARY, ChromiumHands, fill
from tests.harness.keys import TODAY, World, make_world
from tests.harness.node import node_modules
from tests.harness.offline import run_offline

LANGUAGES = ("tg", "ru", "en")
TEXT = "Моро дар фурудгоҳ боздоштанд"
YOUNGER = [
    *["Array.prototype.at", "Array.prototype.findLast", "Array.prototype.toSorted", "String.prototype.at"],
    *["String.prototype.replaceAll", "Element.prototype.replaceChildren", "Object.hasOwn", "Promise.any"],
    *["Promise.withResolvers", "structuredClone", "crypto.randomUUID", "WeakRef", "AggregateError"],
    *["Uint8Array.prototype.toHex", "Uint8Array.prototype.toBase64", "Uint8Array.fromHex", "Uint8Array.fromBase64"],
]
"""What browsers got after Chrome 80, Firefox 74 and Safari 14."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with offline_chromium(tmp_path_factory.mktemp("program")) as browser:
        yield browser


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def form(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return carried_file(world, tmp_path_factory.mktemp("form"))


@pytest.mark.parametrize("reviewers", [1, 3, 6])
def test_filled_in_offline_in_tajik_it_opens_for_every_reviewer(
    browser: Browser, tmp_path: Path, reviewers: int
) -> None:
    world = make_world(tmp_path / "keys", reviewers=reviewers)
    with opened_form(browser, carried_file(world, tmp_path)) as form:
        assert form.state() == "ready"
        fill(ChromiumHands(form.page))
        form.seal()
        name, sealed = form.save()
        texts = form.texts()
        assert CANARY not in form.page.content()
    assert name == "notes.dat"
    assert gather(reversed(texts)).files == (sealed,)
    reports = opened(sealed, world)
    assert len(reports) == reviewers
    for report in reports:
        assert report.answers == ANSWERS
        assert (report.sealed_by, report.language, report.keyring, report.day) == ("carried-form", "tg", 1, TODAY)


@pytest.mark.parametrize(
    "reviewers", [3, pytest.param(1, marks=pytest.mark.long), pytest.param(6, marks=pytest.mark.long)]
)
def test_firefox_seals_the_same_offline(tmp_path: Path, reviewers: int) -> None:
    world = make_world(tmp_path / "keys", reviewers=reviewers)
    (folder := tmp_path / "saved").mkdir()
    [texts] = json.loads(run_offline("tests.browser.carried_firefox", carried_file(world, tmp_path), folder))
    sealed = (folder / "notes.dat").read_bytes()
    assert gather(texts).files == (sealed,)
    reports = opened(sealed, world)
    assert len(reports) == reviewers
    for report in reports:
        assert report.answers == ANSWERS
        assert (report.sealed_by, report.language) == ("carried-form", "tg")


def test_a_short_report_is_five_messages_for_three_reviewers(browser: Browser, world: World, form: Path) -> None:
    with opened_form(browser, form) as here:
        here.page.fill("#account", TEXT)
        here.seal()
        texts = here.texts()
        assert len(here.save()[1]) == sealed_size(3, CARRIED)
    assert len(texts) == 5
    assert max(map(len, texts)) < 4096


def test_the_witness_names_the_file(browser: Browser, form: Path) -> None:
    with opened_form(browser, form) as here:
        here.page.fill("#account", TEXT)
        here.seal()
        for typed, saved in (("ошхона.bin", "ошхона.bin"), ("../a/b", "a-b"), (" ", "notes.dat"), (".x", "x")):
            here.page.fill("#filename", typed)
            assert here.save()[0] == saved


@pytest.mark.parametrize("agent", ["Mozilla/5.0 (Linux; Android 10; wv) Chrome/80.0 Mobile", "Telegram-Android/9.0"])
def test_inside_an_app_the_text_is_there_at_once(browser: Browser, form: Path, agent: str) -> None:
    with opened_form(browser, form, user_agent=agent) as here:
        here.page.fill("#account", TEXT)
        here.seal()
        assert here.page.locator(".blocks textarea:visible").count() == 5


def test_under_an_address_of_a_viewers_own_the_text_is_there_at_once(browser: Browser, form: Path) -> None:
    """As content: is on a phone; data: is what a browser here knows."""
    context = browser.new_context(viewport=TALL)  # type: ignore[arg-type]  # a TypedDict
    page = context.new_page()
    page.clock.install(time=f"{TODAY}T12:00:00Z")
    page.goto(f"data:text/html;charset=utf-8;base64,{base64.b64encode(form.read_bytes()).decode()}")
    page.clock.resume()
    page.fill("#account", TEXT)
    page.click("#send:enabled")
    page.wait_for_selector("#received:not([hidden])")
    assert page.locator(".blocks textarea:visible").count() == 5
    context.close()


def test_elsewhere_the_text_is_one_press_away_and_comes_with_saving(browser: Browser, form: Path) -> None:
    with opened_form(browser, form) as here:
        here.page.fill("#account", TEXT)
        here.seal()
        assert here.page.locator(".blocks textarea:visible").count() == 0
        here.page.click("#texts summary")
        assert here.page.locator(".blocks textarea:visible").count() == 5
        here.page.click("#texts summary")
        here.save()
        assert here.page.locator(".blocks textarea:visible").count() == 5


def test_copying_gives_the_whole_block(browser: Browser, form: Path) -> None:
    with opened_form(browser, form) as here:
        page = here.page
        page.fill("#account", TEXT)
        here.seal()
        page.click("#texts summary")
        page.evaluate("addEventListener('copy', () => { window.copied = getSelection().toString(); })")
        page.locator(".blocks button").nth(1).click()
        assert page.locator(".blocks button[aria-pressed=true]").count() == 1
        selected = "[document.activeElement.selectionStart, document.activeElement.selectionEnd]"
        assert page.evaluate(selected) == [0, len(here.texts()[1])]


def test_another_language_keeps_what_was_written(browser: Browser, world: World, form: Path) -> None:
    with opened_form(browser, form) as here:
        page = here.page
        fill(ChromiumHands(page))
        for language in ("ru", "en"):
            page.click(f"nav a[lang={language}]")
            assert here.state() == "ready"
            assert page.get_attribute("html", "lang") == language
        here.seal()
        _, sealed = here.save()
    (report, *_) = opened(sealed, world)
    assert report.answers == ANSWERS
    assert report.language == "en"


def test_it_says_the_keyrings_days_and_fingerprint(browser: Browser, world: World, form: Path) -> None:
    with opened_form(browser, form) as here:
        here.state()
        said = here.page.locator("[data-keyring]").all_text_contents()
        assert here.page.locator("#expired").is_hidden()
        proof = here.page.locator("main").inner_text()
    days = [f"{day.day}.{day.month}.{day.year}" for day in (TODAY, world.keyring.expires, world.keyring.closes)]
    assert said == ["1", *days, fingerprint(bytes(world.keyring).decode()), ""]
    assert "ҳеҷ чизро исбот намекунад" in proof


def test_it_says_where_the_keyring_has_it_handed_in(browser: Browser, world: World, tmp_path: Path) -> None:
    sites = ("https://one.example", f"http://{'a' * 56}.onion")
    for given, shown in (((), False), (sites, True)):
        (folder := tmp_path / str(shown)).mkdir()
        elsewhere = replace(world, folder=folder).next(sites=given)
        with opened_form(browser, carried_file(elsewhere, folder)) as here:
            here.page.fill("#account", TEXT)
            here.seal()
            here.save()
            assert here.page.locator("[data-sites]").is_visible() == shown
            assert here.page.locator("[data-keyring=sites]").text_content() == " ".join(given)


def test_after_the_day_for_a_newer_form_it_warns_and_seals(browser: Browser, world: World, form: Path) -> None:
    day = world.keyring.expires
    with opened_form(browser, form, day) as here:
        assert here.state() == "ready"
        assert here.page.locator("#expired").is_visible()
        here.page.fill("#account", TEXT)
        here.seal()
        _, sealed = here.save()
    assert opened(sealed, world)[0].day == day


def test_after_its_last_day_it_asks_for_the_date_and_refuses(browser: Browser, world: World, form: Path) -> None:
    with opened_form(browser, form, world.keyring.closes) as here:
        assert here.state() == "date"
        here.page.fill("#today", str(world.keyring.closes))
        here.page.click("#dated")
        here.page.wait_for_selector("[data-state=closed]:visible")
        assert here.page.locator("#send:enabled").count() == 0


def test_a_wrong_clock_is_asked_about(browser: Browser, world: World, form: Path) -> None:
    with opened_form(browser, form, date(1999, 1, 1)) as here:
        assert here.state() == "date"
        here.page.fill("#today", str(TODAY + timedelta(days=3)))
        here.page.click("#dated")
        here.page.fill("#account", TEXT)
        here.seal()
        _, sealed = here.save()
    assert opened(sealed, world)[0].day == TODAY + timedelta(days=3)


def test_another_keyring_is_refused(browser: Browser, world: World, tmp_path: Path) -> None:
    """Another's in its place, and a line changed in ours: the text stays, and nothing is sealed."""
    changed = world.note.replace(b"threshold 2", b"threshold 1")
    for number, note in enumerate((make_strangers(world), changed)):
        (folder := tmp_path / str(number)).mkdir()
        with opened_form(browser, carried_file(world, folder, note)) as here:
            here.page.fill("#account", TEXT)
            assert here.state() == "keyring"
            assert here.page.locator("#send:enabled").count() == 0
            assert here.page.input_value("#account") == TEXT


def test_a_changed_script_does_not_run(browser: Browser, world: World, tmp_path: Path) -> None:
    path = carried_file(world, tmp_path)
    path.write_text(path.read_text().replace("carried-form", "carried-fore", 1))
    context = browser.new_context()
    page = context.new_page()
    blocked: list[str] = []
    page.on("console", lambda message: blocked.append(message.text))
    page.goto(path.as_uri())
    assert page.locator("form").count() == 0
    assert any("Content Security Policy" in line for line in blocked)
    context.close()


def test_without_scripts_it_says_so_in_every_language(browser: Browser, form: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(form.as_uri())
    assert page.locator("noscript p:visible").evaluate_all("all => all.map(one => one.lang)") == list(LANGUAGES)
    context.close()


def test_it_runs_on_what_browsers_had_in_2020(browser: Browser, form: Path) -> None:
    context = browser.new_context(viewport=TALL)  # type: ignore[arg-type]  # a TypedDict
    context.add_init_script("".join(f"try {{ delete {name}; }} catch {{}}\n" for name in YOUNGER))
    page = context.new_page()
    page.clock.install(time=f"{TODAY}T12:00:00Z")
    page.goto(form.as_uri())
    page.clock.resume()
    assert (
        page.evaluate("typeof [].at + typeof ''.replaceAll + typeof document.body.replaceChildren") == "undefined" * 3
    )
    page.fill("#account", TEXT)
    page.click("#send:enabled")
    page.wait_for_selector("#received:not([hidden])")
    assert page.locator(".blocks textarea").count() == 5
    context.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_and_nothing_is_wider_than_320_pixels(browser: Browser, form: Path, language: str) -> None:
    axe = (node_modules() / "axe-core" / "axe.min.js").read_text(encoding="utf-8")

    def look(page: Page) -> None:
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320

    with opened_form(browser, form, viewport={"width": 320, "height": 700}) as here:
        here.page.click(f"nav a[lang={language}]")
        here.state()
        look(here.page)
        here.page.fill("#account", TEXT)
        here.seal()
        look(here.page)
        here.page.click("#texts summary")
        look(here.page)


def test_every_sentence_of_a_language_is_in_that_language(browser: Browser, form: Path) -> None:
    """No slot is left open, and none is filled with the words of another language."""
    with opened_form(browser, form) as here:
        seen = {}
        for language in LANGUAGES:
            here.page.click(f"nav a[lang={language}]")
            here.state()
            seen[language] = here.page.locator("body").inner_text()
    assert not any(re.search("[¤¦\u0100-\u024f]", text) for text in seen.values())
    assert not re.search("[ыщ]", seen["tg"].replace("Русский", ""))
    assert set("ғӣқӯҳҷ") <= set(seen["tg"].lower())
    assert not re.search("[ғӣқӯҳҷ]", seen["ru"].replace("Тоҷикӣ", ""))
    assert base64.b64encode(seen["en"].encode()) != base64.b64encode(seen["ru"].encode())
