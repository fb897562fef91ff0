"""The form in one file as a drop gives it, for any world of keys, opened without a network, and what came out of it."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from intake.drop.assets import Assets, Body
from intake.drop.pages import Pages
from intake.report.package import Report, read_package
from intake.sealing import open_bytes
from tests.harness.chromium import ARGUMENTS, PROGRAM
from tests.harness.installation import setting_of
from tests.harness.keys import TODAY, World
from tests.harness.offline import offline

TALL = {"width": 900, "height": 20_000}


def carried_bytes(world: World, note: bytes | None = None) -> bytes:
    """The file in Tajik, Russian and English; with `note` in place of the keyring that the world has."""
    return carried_body(world, note).identity


def carried_body(world: World, note: bytes | None = None) -> Body:
    """The same with its packed copy, as it is served."""
    return Pages(setting_of(world), Assets.load()).carried(note or world.note)


def carried_file(world: World, folder: Path, note: bytes | None = None) -> Path:
    """The same on disk, under a name that says nothing."""
    path = folder / "form.html"
    path.write_bytes(carried_bytes(world, note))
    return path


def opened(sealed: bytes, world: World) -> list[Report]:
    """What each reviewer reads in a sealed file."""
    return [read_package(io.BytesIO(open_bytes(sealed, [one]))).report for one in world.reviewers]


@contextmanager
def offline_chromium(folder: Path) -> Iterator[Browser]:
    """In an empty network namespace: Playwright speaks to it through pipes."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=offline(PROGRAM, folder), args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page with the form, and everything it asked for or complained about."""

    page: Page
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def state(self) -> str:
        """The one state that is shown, once the page has made up its mind."""
        self.page.wait_for_selector("[data-state]:not([data-state=loading]):visible")
        shown = self.page.locator("[data-state]:visible")
        assert shown.count() == 1
        return str(shown.get_attribute("data-state"))

    def seal(self) -> None:
        self.page.click("#send:enabled")
        self.page.wait_for_selector("#received:not([hidden])")

    def save(self) -> tuple[str, bytes]:
        """The name and the bytes of the file that the witness gets."""
        with self.page.expect_download() as download:
            self.page.click("#save")
        return download.value.suggested_filename, Path(download.value.path()).read_bytes()

    def texts(self) -> list[str]:
        found: list[str] = self.page.eval_on_selector_all(".blocks textarea", "all => all.map(one => one.value)")
        return found


@contextmanager
def opened_form(browser: Browser, form: Path, day: date = TODAY, **options: Any) -> Iterator[Watched]:
    """The form on that day of the device's clock. Fails on any request, and on any complaint of console or policy."""
    context = browser.new_context(**({"viewport": TALL} | options))
    page = context.new_page()
    watched = Watched(page)
    page.clock.install(time=f"{day}T12:00:00Z")
    page.on("request", lambda request: watched.asked.append(request.url))
    page.on("console", lambda message: watched.complaints.append(message.text))
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.goto(form.as_uri())
    page.clock.resume()
    yield watched
    stored = page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]")
    assert stored == ["", 0, 0]
    assert page.evaluate("indexedDB.databases().then(all => all.length)") == 0
    assert context.cookies() == []
    context.close()
    # A blob is the sealed file on its way to the disk.
    assert [url for url in watched.asked if not url.startswith("blob:")] == [form.as_uri()]
    assert watched.complaints == []
