"""Somebody who reads the README and types what stands there, in one folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from intake.keyring.fingerprint import fingerprint
from tests.harness.ports import free_ports

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
_BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
BLOCKS = [block for block in _BLOCKS if not block.startswith("# ")]
"""The story, in order."""
DAYS = {block.split("\n")[0].removeprefix("# "): block.split("\n", 1)[1] for block in _BLOCKS if block.startswith("# ")}
"""What is typed on certain days, by what the block says of itself."""


class Shell:
    """The reader's terminal: one folder, one environment, the passphrase typed by a command."""

    def __init__(self, folder: Path, passphrase: str) -> None:
        self.folder = folder
        (self.port,) = free_ports(1)
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "INTAKE_PASSPHRASE_COMMAND": f"echo {passphrase}",
        }

    def adapt(self, block: str) -> list[str]:
        return ["bash", "-euc", block.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")]

    def run(self, block: str) -> str:
        done = subprocess.run(
            self.adapt(block), cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{block}\n{done.stderr}"
        return done.stdout

    def learn_fingerprints(self) -> None:
        for label in "abc":
            vkey = (self.folder / "roots" / f"root-{label}.vkey").read_text().strip()
            self.environment[f"ROOT_{label.upper()}"] = fingerprint(vkey).replace(" ", "")


def answers(url: str, server: subprocess.Popen[bytes]) -> None:
    """Wait for the drop."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert server.poll() is None
        try:
            with urlopen(url, timeout=5):
                return
        except URLError:
            time.sleep(0.1)
    pytest.fail("the drop does not answer")
