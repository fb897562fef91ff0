"""Disk full, database or object store down, a phone asleep, no network: it is said, what was written stays, it goes on.

Through the page and the plain form, to the real process and its store.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from intake.drop.bucket import PAUSE
from intake.report.bundle import read_bundle
from tests.harness.bucket import ObjectStore
from tests.harness.keys import World, make_world
from tests.harness.lone_chromium import LoneChromium
from tests.harness.outages import failing, fill, small_disk
from tests.harness.recorder import Recorder
from tests.harness.server import Running, running_drop

TEXT = "Дар фурудгоҳ боздошта шуд"
FILES = '[data-type="file_list"]'
ADD = f"{FILES} .pick label:not(.touch) input"
MB = 1_000_000

Outage = Callable[[], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


@contextmanager
def _full_disk(world: World, folder: Path) -> Iterator[tuple[Running, Outage]]:
    @contextmanager
    def outage() -> Iterator[None]:
        fill(drop.data / "filler")
        try:
            yield
        finally:
            (drop.data / "filler").unlink()

    with (
        small_disk(folder / "drop" / "data", 64),
        running_drop(world, folder / "drop", limits={"calm": "", "reserve": 16}) as drop,
    ):
        yield drop, outage


@contextmanager
def _database_down(world: World, folder: Path) -> Iterator[tuple[Running, Outage]]:
    with running_drop(world, folder / "drop") as drop:
        yield drop, lambda: failing(drop.pid)


@contextmanager
def _object_store_down(world: World, folder: Path) -> Iterator[tuple[Running, Outage]]:
    @contextmanager
    def outage() -> Iterator[None]:
        store.stop()
        try:
            yield
        finally:
            store.go_on()
            time.sleep(PAUSE + 0.1)

    with (
        ObjectStore() as store,
        store.known(),
        running_drop(world, folder / "drop", blobs=store.bucket("parts")) as drop,
    ):
        yield drop, outage


FAULTS = {
    "disk": (_full_disk, "full", 3 * MB),
    "database": (_database_down, "retrying", 0),
    "store": (_object_store_down, "retrying", 3 * MB),
}
"""Each with what the page shows meanwhile, and with how large a file: "full" is told and left to the witness, anything
else is tried again.
"""


def _film(folder: Path, size: int) -> list[Path]:
    """A file of noise, or none."""
    path = folder / "film.bin"
    path.write_bytes(os.urandom(size))
    return [path] if size else []


def _open(page: Page, url: str, films: list[Path]) -> None:
    page.goto(url)
    page.wait_for_selector("#send:enabled")
    page.fill("#account", TEXT)
    if films:
        page.locator(ADD).set_input_files(films)
        page.wait_for_selector(f"{FILES} li [data-file=kept]:not([hidden])")


def _arrived(drop: Running, folder: Path, size: int) -> bool:
    """Exactly one report, as large as it must be with a file of this size in it."""
    bundle = drop.export(folder, "--all")
    with bundle.open("rb") as file:
        (sealed,) = [len(stream.read()) for _, stream in read_bundle(file)]
    return size < sealed < 1.3 * size + 30_000


@pytest.mark.parametrize("fault", FAULTS)
def test_the_page_says_it_keeps_all_and_goes_on(browser: Browser, world: World, tmp_path: Path, fault: str) -> None:
    opened, state, size = FAULTS[fault]
    with opened(world, tmp_path) as (drop, outage):
        page = browser.new_context(viewport={"width": 360, "height": 800}).new_page()
        _open(page, f"{drop.url}/tg", _film(tmp_path, size))
        with outage():
            page.click("#send")
            page.wait_for_selector(f"[data-state={state}]:visible", timeout=60_000)
            assert page.input_value("#account") == TEXT
        if state == "full":
            page.click("#send:enabled")
        page.wait_for_selector("#received:not([hidden])", timeout=60_000)
        page.context.close()
        assert _arrived(drop, tmp_path, size)


@pytest.mark.parametrize("fault", FAULTS)
def test_without_scripts_a_page_says_it_and_hands_the_text_back(
    browser: Browser, world: World, tmp_path: Path, fault: str
) -> None:
    opened, state, size = FAULTS[fault]
    films = _film(tmp_path, size)
    with opened(world, tmp_path) as (drop, outage):
        page = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800}).new_page()
        page.goto(f"{drop.url}/tg")
        page.fill("#account", TEXT)

        if films:
            page.locator("section[data-section=files] summary").first.click()
            page.locator("input[type=file]").set_input_files(films)

        def send(button: str) -> int | None:
            with page.expect_navigation(timeout=60_000) as answer:
                page.click(button)
            return answer.value.status

        with outage():
            assert send("button[formmethod=post]") == (507 if state == "full" else 503)
            assert page.locator("input[name=account]").input_value() == TEXT
            assert page.locator(".warn p").count() == (2 if films else 1)  # that the files don't go along
        assert send("button[type=submit]") == 200
        assert page.locator("#code").is_visible()
        page.context.close()
        assert _arrived(drop, tmp_path, 0)


def _sending(page: LoneChromium, wire: Recorder, film: Path) -> None:
    """A film whose first parts have left."""
    page.open(f"{wire.url}/tg")
    _until(lambda: page.sees("#send:not(:disabled)"))
    page.choose(ADD, [film])
    _until(lambda: page.sees(f"{FILES} li [data-file=kept]:not([hidden])"))
    page.click("#send")
    _until(lambda: len(wire.sent) > 3 * MB)


def _until(done: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("seconds", [5, pytest.param(150, marks=pytest.mark.long)])
def test_a_phone_that_slept_goes_on(world: World, tmp_path: Path, seconds: int) -> None:
    """All processes of the browser stand still, longer than any connection lasts; then it sends the rest, once."""
    (film,) = _film(tmp_path, 20 * MB)
    with running_drop(world, tmp_path / "drop") as drop, Recorder(drop.port) as wire, LoneChromium() as page:
        _sending(page, wire, film)
        os.killpg(page.pid, signal.SIGSTOP)
        try:
            if seconds < 60:  # the server would not hang up yet
                wire.break_line()
                wire.break_line(False)
            time.sleep(seconds)
        finally:
            os.killpg(page.pid, signal.SIGCONT)
        _until(lambda: page.sees("#received:not([hidden])"), 120)
        assert _arrived(drop, tmp_path, film.stat().st_size)
        assert len(wire.sent) < 1.1 * film.stat().st_size


def test_after_a_time_without_network_it_goes_on(browser: Browser, world: World, tmp_path: Path) -> None:
    (film,) = _film(tmp_path, 3 * MB)
    with running_drop(world, tmp_path / "drop") as drop, Recorder(drop.port) as wire:
        context = browser.new_context(viewport={"width": 360, "height": 800})
        page = context.new_page()
        _open(page, f"{wire.url}/tg", [film])
        context.set_offline(True)
        wire.break_line()
        page.click("#send")
        page.wait_for_selector("[data-state=retrying]:visible", timeout=30_000)
        wire.break_line(False)
        context.set_offline(False)
        page.wait_for_selector("#received:not([hidden])", timeout=60_000)
        context.close()
        assert _arrived(drop, tmp_path, film.stat().st_size)
