"""All questions at once: typed in each language into each browser, sealed, opened offline, compared one by one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from intake.locale import packaged_questionnaire
from tests.harness.chromium import chromium
from tests.harness.filling import ChromiumHands
from tests.harness.firefox import NO_JIT, NO_SCRIPT, NO_WASM, Firefox
from tests.harness.recorder import Recorder
from tests.harness.site import Site
from tests.harness.whole import CANARY, Whole, fill_whole, whole

HEIGHT = 26_000
"""Firefox must see all of the form: without scripts nothing scrolls to what is clicked."""
LANGUAGES = ("tg", "ru", "en")
PLAIN = "button[formmethod=post]"


def _in_chromium(url: str, made: Whole, folder: Path) -> None:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 900, "height": 900})
        page.goto(url)
        page.wait_for_selector("#send:enabled")
        hands = ChromiumHands(page)
        fill_whole(hands, made)
        hands.click("#send")
        page.wait_for_selector("#received:not([hidden])")


def _in_chromium_without_scripts(url: str, made: Whole, folder: Path) -> None:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 900, "height": 900}, java_script_enabled=False)
        page.goto(url)
        hands = ChromiumHands(page)
        fill_whole(hands, made)
        hands.click(PLAIN)
        page.wait_for_selector("main > #code")


def _in_firefox(preferences: dict[str, object]) -> Callable[[str, Whole, Path], None]:
    def run(url: str, made: Whole, folder: Path) -> None:
        with Firefox(preferences, folder) as firefox:
            firefox.resize(900, HEIGHT)
            firefox.open(url)
            firefox.wait_for("#send:enabled")
            assert firefox.evaluate("typeof WebAssembly") == ("undefined" if preferences else "object")
            fill_whole(firefox, made)
            firefox.click("#send")
            firefox.wait_for("#received:not([hidden])")
            assert not firefox.sees("input, textarea, select")

    return run


def _in_firefox_without_scripts(url: str, made: Whole, folder: Path) -> None:
    with Firefox(NO_SCRIPT, folder) as firefox:
        firefox.resize(900, HEIGHT)
        firefox.open(url)
        fill_whole(firefox, made)
        firefox.click(PLAIN)
        firefox.wait_for("main > #code")


RUNS = {
    "Chromium": (_in_chromium, "browser"),
    "Chromium without scripts": (_in_chromium_without_scripts, "server"),
    "Firefox": (_in_firefox({}), "browser"),
    "Firefox without scripts": (_in_firefox_without_scripts, "server"),
    "Firefox without WebAssembly": (_in_firefox({**NO_WASM}), "browser"),
    "Firefox without JIT": (_in_firefox({**NO_JIT}), "browser"),
}


def _square() -> list[object]:
    """Each browser in one language by default, each language in two; the full product is for the long run."""
    return [
        pytest.param(setting, language, marks=[] if row % 3 == column else [pytest.mark.long])
        for row, setting in enumerate(RUNS)
        for column, language in enumerate(LANGUAGES)
    ]


@pytest.mark.parametrize(("setting", "language"), _square())
def test_every_answer_arrives_as_it_was_typed(site: Site, tmp_path: Path, setting: str, language: str) -> None:
    run, sealed_by = RUNS[setting]
    made = whole(language)
    with Recorder(site.port) as wire:
        run(f"{wire.url}/{language}", made, tmp_path)
    report = site.newest()
    assert (report.sealed_by, report.language) == (sealed_by, language)
    for field, answer in made.answers.items():
        assert report.answers.get(field) == answer, field
    assert list(report.answers) == list(made.answers)
    assert (CANARY.encode() in wire.sent) == (sealed_by == "server")


def test_every_question_is_typed_but_the_files() -> None:
    fields = packaged_questionnaire().fields
    assert len(fields) == 62
    for language in LANGUAGES:
        made = whole(language)
        assert [field.id for field in fields if field.id not in made.answers] == ["files"]
