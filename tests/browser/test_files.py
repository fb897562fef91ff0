"""Files in the page: chosen or dropped, cleaned or kept, named or numbered; and what the reviewer finds of them."""

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from intake.report.package import Report, read_package
from intake.sealing import open_bytes
from tests.harness.samples import CANARY, jpegs
from tests.harness.site import Site

LANGUAGES = ("tg", "ru", "en")
FILES = '[data-type="file_list"]'
ADD = f"{FILES} .pick label:not(.touch) input"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A JPEG that tells where it was made and by whom."""
    folder = tmp_path_factory.mktemp("photo")
    name, content = next(iter(jpegs(folder)))
    assert CANARY.encode() in content
    (folder / name).write_bytes(content)
    return folder / name


def _open(page: Page, site: Site, language: str = "en") -> None:
    page.goto(f"{site.url}/{language}")
    page.wait_for_selector("#send:enabled")


def _choose(page: Page, *paths: Path) -> None:
    before = page.locator(f"{FILES} li").count()
    page.locator(ADD).set_input_files(list(paths))
    page.wait_for_function(
        f"""() => document.querySelectorAll('{FILES} li').length === {before + len(paths)}
          && !document.querySelector('{FILES} li [data-file=looking]:not([hidden])')"""
    )


def _received(page: Page, site: Site) -> tuple[Report, list[bytes]]:
    page.click("#send")
    page.wait_for_selector("#received:not([hidden])")
    (identifier,) = {entry.id for entry in site.store.entries()} - site.seen
    site.seen.add(identifier)
    plain = open_bytes(site.store.body(identifier), [site.world.reviewers[-1]])
    package = read_package(io.BytesIO(plain))
    return package.report, [stream.read() for _, stream in package]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_photo_alone_is_a_report_and_is_cleaned_unless_kept(
    page: Page, site: Site, photo: Path, tmp_path: Path, language: str
) -> None:
    _open(page, site, language)
    _choose(page, photo, photo)
    page.locator(f"{FILES} li").nth(1).locator("[value=keep]").check()
    page.locator(f"{FILES} li").nth(1).locator("[type=checkbox]").check()
    report, (cleaned, kept) = _received(page, site)
    assert kept == photo.read_bytes()
    assert CANARY.encode() not in cleaned
    (tmp_path / "clean.jpg").write_bytes(cleaned)
    told = subprocess.run(["exiftool", "-gps*", "-make", "-ownername", tmp_path / "clean.jpg"], capture_output=True)
    assert told.stdout == b""
    assert report.answers["files"] == [1, 2]
    assert [(file.name, file.type, file.cleaned) for file in report.files] == [
        ("", "image/jpeg", True),
        (photo.name, "image/jpeg", False),
    ]


def test_what_cannot_be_cleaned_is_said_before_it_is_sent(page: Page, site: Site, tmp_path: Path) -> None:
    paper = tmp_path / "a secret name.pdf"
    paper.write_bytes(b"%PDF-1.7\n" * 1000)
    _open(page, site)
    _choose(page, paper)
    assert page.locator(f"{FILES} [data-file=kept]").is_visible()
    assert page.locator(f"{FILES} [data-file=choice]").is_hidden()
    report, files = _received(page, site)
    assert files == [paper.read_bytes()]
    assert [(file.name, file.cleaned) for file in report.files] == [("", False)]


def test_a_file_is_removed_by_key_and_the_rest_is_numbered_anew(page: Page, site: Site, tmp_path: Path) -> None:
    first, second = tmp_path / "1.txt", tmp_path / "2.txt"
    first.write_bytes(b"one")
    second.write_bytes(b"two")
    _open(page, site)
    _choose(page, first, second)
    page.locator(f"{FILES} li button").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(f"{FILES} li").count() == 1
    assert page.evaluate("document.activeElement.type") == "file"
    report, files = _received(page, site)
    assert (files, report.answers["files"]) == ([b"two"], [1])


def test_a_file_dropped_anywhere_is_added_and_the_text_stays(page: Page, site: Site) -> None:
    _open(page, site)
    page.fill("#account", "text")
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["dropped"], "d.txt", { type: "text/plain" }));
          document.querySelector("#account").dispatchEvent(
            new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }));
        }"""
    )
    page.locator(f"{FILES} li .name", has_text="d.txt").wait_for()
    assert page.locator(f"{FILES} li").is_visible()
    report, files = _received(page, site)
    assert (report.answers, files) == ({"account": "text", "files": [1]}, [b"dropped"])
