"""The whole way out and back, with nothing played: four browsers, the server, the desk's and the operator's commands.

Each witness reports, keeps the code, comes back with it, reads the answer that a reviewer wrote, and writes again; the
reviewer finds both under one submission.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Page

from intake.errors import Exit
from intake.review.vault import Vault
from tests.harness.chromium import chromium
from tests.harness.desk import review
from tests.harness.firefox import NO_SCRIPT, Firefox
from tests.harness.keys import World, make_world
from tests.harness.server import Running, command, running_drop
from tests.harness.vaults import PASSPHRASE, QUICK

LANGUAGE = "ru"


class Window(Protocol):
    """A browser, as far as a witness sees it."""

    def open(self, url: str) -> None:
        """Type an address."""

    def wait_for(self, css: str) -> None:
        """Wait until something is there."""

    def click(self, css: str) -> None:
        """With the mouse."""

    def write(self, text: str) -> None:
        """With the keyboard."""

    def text(self, css: str) -> str:
        """Read."""


@dataclass
class Chromium:
    """A tall window of Chromium's: all of the form is in view."""

    page: Page

    def open(self, url: str) -> None:
        self.page.goto(url)

    def wait_for(self, css: str) -> None:
        self.page.wait_for_selector(css, state="attached")

    def click(self, css: str) -> None:
        self.page.click(css)

    def write(self, text: str) -> None:
        self.page.keyboard.insert_text(text)

    def text(self, css: str) -> str:
        return self.page.locator(css).text_content() or ""


@dataclass
class Witness:
    """Somebody with a browser, and what they know."""

    name: str
    window: Window
    scripts: bool
    url: str
    code: str = ""
    steps: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        plain = {"send": "button[formmethod=post]", "open": "button[formmethod=post]", "again": "button[name=send]"}
        self.steps = {"send": "#send", "open": "#open", "again": "#send"} if self.scripts else plain

    def report(self) -> None:
        self.window.open(f"{self.url}/{LANGUAGE}")
        self.window.wait_for("#send:enabled" if self.scripts else "#account")
        self.window.click("#account")
        self.window.write(f"Первое: {self.name}")
        self.window.click('[name="consent"][value="lawyer"]')
        self.window.click(self.steps["send"])
        self.window.wait_for("#received:not([hidden])" if self.scripts else "#code")
        self.code = self.window.text("#code").strip()

    def read(self) -> str:
        self.window.open(f"{self.url}/{LANGUAGE}/return")
        self.window.wait_for("#open" if self.scripts else "[data-group='1']")
        self.window.click("[data-group='1']")
        self.window.write(self.code)
        self.window.click(self.steps["open"])
        self.window.wait_for("[data-found=reply]:not([hidden])")
        return self.window.text("#text")

    def answer(self, change: str = "") -> None:
        self.window.click("#account")
        self.window.write(f"Второе: {self.name}")
        if change:
            self.window.click(f'[name="change"][value="{change}"]')
        self.window.click(self.steps["again"])
        self.window.wait_for("#received:not([hidden])" if self.scripts else "main > .calm")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("keys"), today=datetime.now(UTC).date())


@pytest.fixture
def witnesses(world: World, tmp_path: Path) -> Iterator[tuple[Running, list[Witness]]]:
    with ExitStack() as stack:
        drop = stack.enter_context(running_drop(world, tmp_path / "drop"))
        browser = stack.enter_context(chromium())
        yield (
            drop,
            [
                Witness("chromium", _chromium(browser, scripts=True), True, drop.url),
                Witness("chromium, no script", _chromium(browser, scripts=False), False, drop.url),
                Witness("firefox", _firefox(stack, tmp_path / "one", {}), True, drop.url),
                Witness("firefox, no script", _firefox(stack, tmp_path / "two", NO_SCRIPT), False, drop.url),
            ],
        )


def _chromium(browser: Browser, *, scripts: bool) -> Chromium:
    viewport: Any = {"width": 900, "height": 9000}
    return Chromium(browser.new_context(java_script_enabled=scripts, viewport=viewport).new_page())


def _firefox(stack: ExitStack, profile: Path, preferences: Mapping[str, object]) -> Firefox:
    profile.mkdir()
    firefox = stack.enter_context(Firefox(preferences, profile))
    firefox.resize(900, 9000)
    return firefox


def test_who_reports_is_answered_and_answers_in_every_browser(
    world: World, witnesses: tuple[Running, list[Witness]], tmp_path: Path
) -> None:
    drop, people = witnesses
    stick, vault = tmp_path / "stick", tmp_path / "vault"
    stick.mkdir()
    Vault.create(
        vault, PASSPHRASE, signing=world.reviewer_keys[0], roots=world.typed, notes=world.notes, cost=QUICK
    ).close()
    key = world.folder / "reviewer-r1.age"

    def brought() -> list[dict[str, Any]]:
        """All that the vault holds after the next bundle."""
        bundle = drop.export(stick)
        done = review(vault, "import", bundle, "-i", key, keys=1)
        assert done.returncode == Exit.OK, done.stderr
        told = review(vault, "list --json")
        return [dict(each) for each in json.loads(told.stdout)["submissions"]]

    for witness in people:
        witness.report()
    assert len({witness.code for witness in people}) == len(people)
    first = _by_name(brought(), people, "Первое")
    for witness in people:
        done = review(vault, "reply", first[witness.name], typed=[f"Мы прочли. {len(witness.name)}"])
        assert done.returncode == Exit.OK, done.stderr
    outbox = review(vault, "outbox", "--to", stick).stdout.strip()
    done = command("deliver", outbox, "--data", drop.data)
    assert done.returncode == Exit.OK, done.stderr
    for witness in people:
        assert witness.read() == f"Мы прочли. {len(witness.name)}"
        witness.answer("withdraw" if witness.name == "firefox" else "")
    second = _by_name(brought(), people, "Второе")
    for witness in people:
        shown = json.loads(review(vault, "show", second[witness.name], "--json").stdout)
        assert shown["thread"] == [first[witness.name], second[witness.name]]
        assert shown["sealed_by"] == ("browser" if witness.scripts else "server")
        assert shown["allowed"] == ([] if witness.name == "firefox" else ["lawyer"])
        assert (shown["stopped"] is not None) == (witness.name == "firefox")
    assert {drop.request("GET", "/en").status} == {200}


def _by_name(submissions: list[dict[str, Any]], people: list[Witness], word: str) -> dict[str, str]:
    """The id of each witness's report that begins with this word."""
    ids = {
        witness.name: [each["id"] for each in submissions if _says(each, f"{word}: {witness.name}")]
        for witness in people
    }
    assert all(len(found) == 1 for found in ids.values()), ids
    return {name: found[0] for name, found in ids.items()}


def _says(submission: Mapping[str, Any], text: str) -> bool:
    return str(submission["title"]).endswith(text)
