"""Lighthouse gives the pages full marks for accessibility and for best practices."""

import json
import subprocess

import pytest

from intake.locale import languages
from tests.harness.chromium import ARGUMENTS, PROGRAM
from tests.harness.node import CHECKERS, environment, node_command, node_modules
from tests.harness.site import Site


@pytest.mark.long
@pytest.mark.parametrize("path", ["", "/return", "/call"])
@pytest.mark.parametrize("language", [language.code for language in languages()])
def test_full_marks(site: Site, language: str, path: str) -> None:
    flags = " ".join(["--headless=new", *(one for one in ARGUMENTS if " " not in one)])
    program = str(node_modules(CHECKERS) / "lighthouse" / "cli" / "index.js")
    command = node_command(
        program,
        f"{site.url}/{language}{path}",
        "--only-categories=accessibility,best-practices",
        "--output=json",
        "--quiet",
        f"--chrome-flags={flags}",
    )
    chrome = environment() | {"CHROME_PATH": PROGRAM}
    done = subprocess.run(command, capture_output=True, env=chrome, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    below = {name: one["title"] for name, one in report["audits"].items() if one["score"] not in (None, 1)}
    assert {name: one["score"] for name, one in report["categories"].items()} == {
        "accessibility": 1,
        "best-practices": 1,
    }, below
