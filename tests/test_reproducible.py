"""Whoever has the release can make the very bytes that are served and carried: on any machine, at any time."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.drop.belief import Belief
from intake.drop.folder import DataFolder
from tests.harness.keys import World, make_world
from tests.harness.server import SETTINGS, toml

ROOT = Path(__file__).parent.parent
LONG_AGO = datetime(2001, 9, 9, tzinfo=UTC).timestamp()


@pytest.mark.long
def test_two_fresh_clones_give_the_same_bytes(tmp_path: Path) -> None:
    """Other paths, other times of every file, another clock zone, language and umask."""
    world = make_world(tmp_path / "keys", today=datetime.now(UTC).date())
    (tmp_path / "drop.toml").write_text(toml(SETTINGS))
    made = [
        _made(world, tmp_path, tmp_path / "a", {"TZ": "Asia/Dushanbe", "LC_ALL": "C"}, umask=0o077),
        _made(
            world, tmp_path, tmp_path / "another" / "much longer path", {"TZ": "America/Lima"}, umask=0o022, aged=True
        ),
    ]
    assert made[0] == made[1]
    assert len(made[0]) >= 15
    assert {"form.html", "manifest.json"} <= made[0].keys()


def _made(
    world: World, folder: Path, clone: Path, environment: dict[str, str], *, umask: int, aged: bool = False
) -> dict[str, str]:
    """SHA-256 of everything that this clone builds, and of the form in one file that it writes."""
    _run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], folder, {})
    if aged:
        for path in clone.rglob("*"):
            os.utime(path, (LONG_AGO, LONG_AGO))
    clean = {**os.environ, **environment, "PYTHONPATH": str(clone), "PYTHONDONTWRITEBYTECODE": "1"}
    build = "import assets, pathlib; assets.build(pathlib.Path('intake/browser'))"
    _run([sys.executable, "-c", f"import sys; sys.path.insert(0, 'scripts'); {build}"], clone, clean, umask)
    data = DataFolder.open(clone / "data", create=True)
    Belief(data, world.folder / "keyring.note", world.typed, lambda: world.today)
    out = clone / "form.html"
    command = ["drop", "form-file", "--data", str(data.path), "--config", str(folder / "drop.toml"), "--out", str(out)]
    said = _run([sys.executable, "-m", "intake", *command], clone, clean, umask)
    content = out.read_bytes()
    assert said.split()[0] == hashlib.sha256(content).hexdigest()
    built = {path.name: path.read_bytes() for path in (clone / "intake" / "browser" / "dist").iterdir()}
    return {name: hashlib.sha256(each).hexdigest() for name, each in {**built, "form.html": content}.items()}


def _run(command: list[str], folder: Path, environment: dict[str, str], umask: int = -1) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment or None, umask=umask, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
