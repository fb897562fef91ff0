"""What a first visit costs, in bytes as they cross the wire and in requests: three reviewers, any language."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.harness.recorder import Recorder
from tests.harness.site import Site

LANGUAGES = ("tg", "ru", "en")


def _visit(
    browser: Browser, site: Site, language: str, *, scripts: bool, file: Path | None = None
) -> tuple[int, list[str]]:
    """Bytes of all bodies, gzip as over an onion, and the paths asked for; `file` is chosen, too."""
    with Recorder(site.port) as wire:
        context = browser.new_context(java_script_enabled=scripts, extra_http_headers={"Accept-Encoding": "gzip"})
        page = context.new_page()
        page.goto(f"{wire.url}/{language}", wait_until="networkidle")
        if scripts:
            page.wait_for_selector("#send:enabled")
        if file:
            page.locator(".pick input").first.set_input_files(file)
            page.wait_for_selector("li [data-file=kept]:not([hidden])")
        context.close()
        answers = wire.answers()
        assert {answer.headers.get("content-encoding", "identity") for answer in answers} <= {"gzip", "identity"}
        return sum(len(answer.body) for answer in answers), [request.path for request in wire.requests()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_first_visit_with_scripts(browser: Browser, site: Site, language: str) -> None:
    size, paths = _visit(browser, site, language, scripts=True)
    assert len(paths) <= 5, paths
    assert size <= 62 * 1000
    assert "/favicon.ico" not in paths


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_first_visit_without_scripts(browser: Browser, site: Site, language: str) -> None:
    size, paths = _visit(browser, site, language, scripts=False)
    assert len(paths) <= 2, paths
    assert size <= 14 * 1000


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_first_file_costs_what_files_need_once(browser: Browser, site: Site, tmp_path: Path, language: str) -> None:
    (tmp_path / "paper.pdf").write_bytes(b"%PDF-1.7\n")
    before, paths = _visit(browser, site, language, scripts=True)
    assert not [path for path in paths if path.startswith(("/a/files.", "/a/later."))]
    after, more = _visit(browser, site, language, scripts=True, file=tmp_path / "paper.pdf")
    assert len(more) <= len(paths) + 2
    assert after - before <= 14 * 1000
