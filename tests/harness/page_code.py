"""The page's own TypeScript under node, to be compared with Python: tests/browser/driver.mjs, bundled like the page."""

import json
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.harness.node import environment

BROWSER = Path(__file__).parents[2] / "intake" / "browser"
_SCRIPTS = Path(__file__).parents[1] / "browser"


@cache
def browser_modules() -> Path:
    """What the page is built and checked with; the build hook installs it, a test only when that never ran here."""
    modules = BROWSER / "node_modules"
    if not (modules / ".bin" / "tsc").exists():
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=BROWSER, env=environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"npm ci failed:\n{done.stderr}"
    return modules


@cache
def bundle(script: str) -> str:
    """A script of tests/browser with the page's code that it imports, as one module for node."""
    esbuild = browser_modules() / ".bin" / "esbuild"
    done = subprocess.run(
        [esbuild, _SCRIPTS / script, "--bundle", "--platform=node", "--format=esm", "--log-level=error"],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def run_page(tasks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the page's code makes of each task of the driver: {"done": …} or {"refused": reason}."""
    with tempfile.NamedTemporaryFile("w", suffix=".mjs") as script:
        script.write(bundle("driver.mjs"))
        script.flush()
        done = subprocess.run(
            ["node", script.name],
            input=json.dumps(list(tasks)),
            env=environment(),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers
