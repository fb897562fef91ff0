"""Every page is HTML as the standard wants it: html-validate in every run, the Nu checker too in the long one."""

import json
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from intake.locale import languages
from tests.harness.node import CHECKERS, FOLDER, environment, node_command, node_modules
from tests.harness.site import Site

LANGUAGES = [language.code for language in languages()]
PAGES = {"form": "", "return": "/return", "call": "/call", "problem": "/no-such-page"}
_KNOWN = ("Inline script violates Content Security Policy", "Inline style violates Content Security Policy")
"""The Nu checker on the form in one file: it compares no hashes, by which its one script and style are allowed."""


@pytest.fixture(scope="module")
def pages(site: Site, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with each page in each language: as it is served, as a script completed it, and the answers to posts."""
    folder = tmp_path_factory.mktemp("pages")
    context = browser.new_context()
    page = context.new_page()
    plain = browser.new_context(java_script_enabled=False).new_page()
    html = {"Accept": "text/html"}
    for language in LANGUAGES:
        for name, path in PAGES.items():
            served = context.request.get(f"{site.url}/{language}{path}", headers=html).text()
            (folder / f"{language}-{name}.html").write_text(served)
        for name, ready in (("form", "#send:enabled"), ("return", "#open:visible")):
            page.goto(f"{site.url}/{language}{PAGES[name]}")
            page.wait_for_selector(ready)
            (folder / f"{language}-{name}-scripted.html").write_text(page.content())
        for name, account in (("received", "a"), ("empty", "")):
            plain.goto(f"{site.url}/{language}")
            plain.fill("#account", account)
            with plain.expect_navigation() as answer:
                plain.click("button[formmethod=post]")
            (folder / f"{language}-{name}.html").write_text(answer.value.text())
    (folder / "carried.html").write_text(context.request.get(f"{site.url}/form.html").text())
    context.close()
    plain.context.close()
    return folder


def test_html_validate_finds_nothing(pages: Path, tmp_path: Path) -> None:
    said = tmp_path / "said.json"  # more than a pipe holds would be cut off
    served = sorted(path for path in pages.glob("*.html") if "scripted" not in path.name)
    assert len(served) == 6 * len(LANGUAGES) + 1
    program = str(node_modules() / "html-validate" / "bin" / "html-validate.mjs")
    command = node_command(
        program, "--config", str(FOLDER / "html.json"), "--formatter", f"json={said}", *map(str, served)
    )
    subprocess.run(command, capture_output=True, env=environment(), check=False)
    found = [
        (Path(one["filePath"]).name, message["line"], message["ruleId"], message["message"])
        for one in json.loads(said.read_text())
        for message in one["messages"]
    ]
    assert found == []


@pytest.mark.long
def test_the_nu_checker_finds_nothing(pages: Path) -> None:
    checked = sorted(pages.glob("*.html"))
    assert len(checked) == 8 * len(LANGUAGES) + 1
    jar = node_modules(CHECKERS) / "vnu-jar" / "build" / "dist" / "vnu.jar"
    command = ["java", "-jar", str(jar), "--format", "json", *map(str, checked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [
        (one["url"].rpartition("/")[2], one.get("lastLine"), one["message"])
        for one in json.loads(done.stderr)["messages"]
        if not one["message"].startswith(_KNOWN)
    ]
    assert found == []
