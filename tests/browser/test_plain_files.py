"""Files from browsers without JavaScript, through the real server: stored, opened, and told when they are too large."""

import io
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from intake.drop.folder import DataFolder
from intake.drop.store import Store
from intake.report.package import read_package
from intake.sealing import open_bytes
from tests.harness.firefox import NO_SCRIPT, Firefox
from tests.harness.keys import World, make_world
from tests.harness.server import Running, running_drop

TOO_LARGE = "Файлҳо хеле калонанд"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


@pytest.fixture(scope="module")
def drop(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_drop(world, tmp_path_factory.mktemp("drop")) as running:
        yield running


@pytest.fixture
def chosen(tmp_path: Path) -> list[Path]:
    """Two files, together small enough, and one that is not."""
    paths = [tmp_path / "сурат аз Хоруғ.jpg", tmp_path / "b.bin", tmp_path / "c.bin"]
    for path, size in zip(paths, (3_000_000, 70_001, 12_000_000), strict=True):
        path.write_bytes(os.urandom(size))
    return paths


def newest(drop: Running, world: World, seen: set[bytes]) -> tuple[tuple[str, ...], list[bytes]]:
    """Names and bytes of the files of the one report that was not there before."""
    with Store(DataFolder.open(drop.data)) as store:
        (identifier,) = {entry.id for entry in store.entries()} - seen
        seen.add(identifier)
        package = read_package(io.BytesIO(open_bytes(store.body(identifier), world.reviewers[-1:])))
    return tuple(file.name for file in package.report.files), [stream.read() for _, stream in package]


SEEN: set[bytes] = set()


def test_chromium_without_scripts(browser: Browser, drop: Running, world: World, chosen: list[Path]) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(f"{drop.url}/tg")
    page.locator("section[data-section=files] summary").first.click()
    page.locator("input[type=file]").set_input_files(chosen[:2])
    page.click("button[formmethod=post]")
    assert page.locator("#code").is_visible()
    assert newest(drop, world, SEEN) == (("", ""), [path.read_bytes() for path in chosen[:2]])

    page.goto(f"{drop.url}/tg")
    page.locator("section[data-section=files] summary").first.click()
    page.locator("input[type=file]").set_input_files(chosen)
    page.click("button[formmethod=post]")
    assert page.locator("h1").inner_text() == TOO_LARGE
    context.close()


def test_firefox_without_scripts(drop: Running, world: World, chosen: list[Path], tmp_path: Path) -> None:
    with Firefox(NO_SCRIPT, profile=tmp_path) as firefox:
        for files in (chosen[:2], chosen):
            firefox.open(f"{drop.url}/tg")
            firefox.resize(900, 9000)
            firefox.click("section[data-section=files] summary")
            firefox.choose("input[type=file]", files)
            firefox.click("button[formmethod=post]")
            if files != chosen:
                firefox.wait_for("#code")
                assert newest(drop, world, SEEN) == (("", ""), [path.read_bytes() for path in files])
            else:
                firefox.wait_for("main .calm + p > a[href='/tg']")
                assert firefox.headed(TOO_LARGE)
