"""The form in Debian's Firefox ESR: with scripts, without them, and with JIT and WebAssembly off, as in Tor Browser."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.harness.filling import ANSWERS, CANARY, fill
from tests.harness.firefox import NO_JIT, NO_SCRIPT, Firefox
from tests.harness.recorder import Recorder
from tests.harness.site import Site


@pytest.mark.parametrize("preferences", [{}, NO_JIT], ids=["as it comes", "no JIT, no WebAssembly"])
def test_with_scripts_the_report_is_sealed_here(site: Site, tmp_path: Path, preferences: Mapping[str, object]) -> None:
    with Recorder(site.port) as wire, Firefox(preferences, tmp_path) as firefox:
        firefox.resize(900, 9000)
        firefox.open(f"{wire.url}/tg")
        firefox.wait_for("#send:enabled")
        fill(firefox)
        firefox.click("#send")
        firefox.wait_for("#received:not([hidden])")
        assert firefox.find("input, textarea, select") == []
    report = site.newest()
    assert report.answers == ANSWERS
    assert (report.sealed_by, report.language) == ("browser", "tg")
    assert CANARY.encode() not in wire.sent


def test_without_scripts_the_server_seals_the_same_answers(site: Site, tmp_path: Path) -> None:
    with Recorder(site.port) as wire, Firefox(NO_SCRIPT, tmp_path) as firefox:
        firefox.resize(900, 9000)
        firefox.open(f"{wire.url}/ru")
        fill(firefox)
        firefox.click("button[formmethod=post]")
        firefox.wait_for("main > h1 + .calm + ul")
        assert firefox.url == f"{wire.url}/"
    report = site.newest()
    assert report.answers == ANSWERS
    assert (report.sealed_by, report.language) == ("server", "ru")
