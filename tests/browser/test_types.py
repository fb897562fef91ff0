"""The page's sources pass TypeScript's strict check."""

import subprocess

from tests.harness.node import environment
from tests.harness.page_code import BROWSER, browser_modules


def test_the_sources_are_well_typed() -> None:
    tsc = browser_modules() / ".bin" / "tsc"
    done = subprocess.run(
        [tsc, "--noEmit"], cwd=BROWSER, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
