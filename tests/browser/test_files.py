"""Files in the page: chosen or dropped, cleaned or kept, named or numbered; and what the reviewer finds of them.

What is long goes in parts: over a line that breaks, stopped by the witness, to a server that fell behind, from a file
that changed meanwhile. Every byte that leaves is looked at: no key ever made two ciphertexts.
"""

import io
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route

from intake.report.package import Report, read_package
from intake.sealing import open_bytes
from tests.harness.recorder import Message, Recorder
from tests.harness.samples import CANARY, jpegs
from tests.harness.site import Site

LANGUAGES = ("tg", "ru", "en")
PART = 1_048_576
FILES = '[data-type="file_list"]'
ADD = f"{FILES} .pick label:not(.touch) input"
LEAVING = """() => {
  const leaving = new Event("beforeunload", { cancelable: true });
  dispatchEvent(leaving);
  return leaving.defaultPrevented;
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    complaints: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        # What the browser itself says of a request that got no answer, or a refusal.
        if not message.text.startswith("Failed to load resource"):
            complaints.append(message.text)

    page.on("console", complain)
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


def _received(page: Page, site: Site, *, click: bool = True) -> tuple[Report, list[bytes]]:
    if click:
        page.click("#send:enabled")
    page.wait_for_selector("#received:not([hidden])", timeout=60_000)
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


@pytest.mark.parametrize(
    ("name", "start"), [("a secret name.pdf", b"%PDF-1.7\n"), ("IMG_1.heic", b"\0\0\0\x1cftypheic\0\0\0\0mif1heic")]
)
def test_what_cannot_be_cleaned_is_said_before_it_is_sent(
    page: Page, site: Site, tmp_path: Path, name: str, start: bytes
) -> None:
    paper = tmp_path / name
    paper.write_bytes(start + bytes(9000))
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


def test_what_files_need_is_asked_for_until_it_comes_and_the_choice_is_kept(
    page: Page, site: Site, photo: Path
) -> None:
    refused: list[str] = []

    def refuse_twice(route: Route) -> None:
        name = route.request.url.rpartition("/")[2].partition(".")[0]
        if refused.count(name) < 2:
            refused.append(name)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/a/files.*", refuse_twice)
    page.route("**/a/later.*", refuse_twice)
    _open(page, site, "tg")
    page.locator(ADD).set_input_files(photo)
    page.locator("[data-waiting]").wait_for()
    assert page.evaluate(LEAVING) is True
    page.locator(f"{FILES} [data-file=choice]").wait_for(timeout=30_000)
    assert sorted(refused) == ["files", "files", "later", "later"]
    assert page.locator("[data-waiting]").is_hidden()
    report, _ = _received(page, site)
    assert report.answers == {"files": [1]}


def test_who_sends_before_what_files_need_has_come_sends_the_file(page: Page, site: Site, photo: Path) -> None:
    held: list[Route] = []
    page.route("**/a/files.*", lambda route: held.append(route))
    _open(page, site)
    page.locator(ADD).set_input_files(photo)
    page.click("#send")
    page.locator("[data-state=sealing]").wait_for()
    held[0].continue_()
    report, (cleaned,) = _received(page, site, click=False)
    assert (report.files[0].cleaned, CANARY.encode() in cleaned) == (True, False)


def test_the_page_asks_before_it_is_left_with_a_file(page: Page, site: Site, photo: Path) -> None:
    _open(page, site)
    assert page.evaluate(LEAVING) is False
    _choose(page, photo)
    assert page.evaluate(LEAVING) is True
    page.locator(f"{FILES} li button").click()
    assert page.evaluate(LEAVING) is False


def test_all_of_it_is_reached_by_key(page: Page, site: Site, photo: Path) -> None:
    _open(page, site)
    _choose(page, photo)
    page.locator(f"{FILES} [value=clean]").focus()
    page.keyboard.press("ArrowDown")
    assert page.locator(f"{FILES} [value=keep]").is_checked()
    reached = []
    for _ in range(3):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.type"))
    assert reached == ["checkbox", "button", "file"]
    ring = page.locator(".pick label").first.evaluate("label => getComputedStyle(label).outlineStyle")
    assert ring == "solid"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Nine parts of noise."""
    path = tmp_path / "film.bin"
    path.write_bytes(os.urandom(9 * PART))
    return path


def _at_patch(page: Page, number: int, act: Callable[[Route], None]) -> None:
    """Let `act` see to one PATCH, counted from 1; all others go on."""
    seen: list[str] = []

    def see(route: Route) -> None:
        seen.append(route.request.method)
        if seen[-1] == "PATCH" and seen.count("PATCH") == number:
            act(route)
        else:
            route.continue_()

    page.route("**/uploads/*", see)


def _under_way(site: Site) -> list[Path]:
    return [path for path in site.store.folder.uploads.glob("*") if len(path.name) == 32]


def _ciphertexts(requests: list[Message]) -> dict[str, bytes]:
    """What left in parts, by upload. Fails when two ciphertexts left for one place, or one key served two uploads."""
    found: dict[str, bytearray] = {}
    known: dict[str, bytearray] = {}
    for one in requests:
        if one.start.startswith("PATCH "):
            whole, have = found.setdefault(one.path, bytearray()), known.setdefault(one.path, bytearray())
            at = int(one.headers["upload-offset"])
            end = at + len(one.body)
            whole.extend(bytes(max(0, end - len(whole))))
            have.extend(bytes(max(0, end - len(have))))
            both = [i for i in range(at, end) if have[i]]
            assert bytes(whole[i] for i in both) == bytes(one.body[i - at] for i in both)
            whole[at:end] = one.body
            have[at:end] = b"\1" * len(one.body)
    heads = [bytes(whole[:1600]) for whole in found.values()]
    assert len(set(heads)) == len(heads)
    return {path.rpartition("/")[2]: bytes(whole) for path, whole in found.items()}


def test_after_a_cut_the_very_same_bytes_go_again(page: Page, site: Site, film: Path) -> None:
    with Recorder(site.port) as wire:
        page.goto(f"{wire.url}/en")
        page.wait_for_selector("#send:enabled")
        _choose(page, film)

        def cut(route: Route) -> None:
            route.continue_()
            page.wait_for_timeout(50)
            wire.break_line()

        _at_patch(page, 6, cut)
        page.click("#send")
        page.locator("[data-state=retrying]").wait_for()
        wire.break_line(False)
        report, files = _received(page, site, click=False)
        (sealed,) = _ciphertexts(wire.requests()).items()
    assert sealed == (report.id, site.store.body(bytes.fromhex(report.id)))
    assert files == [film.read_bytes()]


def test_a_server_that_fell_behind_gets_another_ciphertext_under_another_key_and_id(
    page: Page, site: Site, film: Path
) -> None:
    def rewind(route: Route) -> None:
        (upload,) = _under_way(site)
        state = json.loads((upload / "state").read_bytes())
        (upload / "state").write_text(json.dumps({**state, "offset": PART}))
        route.abort("connectionreset")

    with Recorder(site.port) as wire:
        page.goto(f"{wire.url}/en")
        page.wait_for_selector("#send:enabled")
        _choose(page, film)
        _at_patch(page, 8, rewind)
        page.click("#send")
        report, files = _received(page, site, click=False)
        sealed = _ciphertexts(wire.requests())
    assert len(sealed) == 2
    assert sealed[report.id] == site.store.body(bytes.fromhex(report.id))
    assert files == [film.read_bytes()]
    assert _under_way(site) == []


def test_a_file_that_changes_while_it_is_sent_is_refused_in_words(page: Page, site: Site, film: Path) -> None:
    def change(route: Route) -> None:
        film.write_bytes(os.urandom(8 * PART))
        route.continue_()

    with Recorder(site.port) as wire:
        page.goto(f"{wire.url}/en")
        page.fill("#account", "text")
        page.wait_for_selector("#send:enabled")
        _choose(page, film)
        _at_patch(page, 6, change)
        page.click("#send")
        page.locator("[data-state=unreadable]").wait_for()
        assert len(_ciphertexts(wire.requests())) == 1
        assert _under_way(site) == []
        # It is removed, chosen again, and sent.
        page.locator(f"{FILES} li button").click()
        _choose(page, film)
        report, files = _received(page, site)
        assert len(_ciphertexts(wire.requests())) == 2
    assert (report.answers, files) == ({"account": "text", "files": [1]}, [film.read_bytes()])


def test_the_witness_stops_it_and_nothing_is_left(page: Page, site: Site, film: Path) -> None:
    held: list[Route] = []
    _open(page, site)
    page.fill("#account", "text")
    _choose(page, film)
    _at_patch(page, 6, lambda route: held.append(route))
    page.click("#send")
    page.locator("#stop").wait_for()
    page.wait_for_function("/9|10/.test(document.querySelector('#pace').textContent)")
    page.wait_for_timeout(200)
    assert len(_under_way(site)) == 1
    page.click("#stop")
    page.locator("[data-state=stopped]").wait_for()
    assert _under_way(site) == []
    assert page.input_value("#account") == "text"
    page.unroute("**/uploads/*")
    report, files = _received(page, site)
    assert (report.answers, files) == ({"account": "text", "files": [1]}, [film.read_bytes()])
