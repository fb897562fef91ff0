"""What may stand in the tree: its top level, lockfiles by integrity alone, no secret and no third party's code."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")[
    :-1
]
TOP = {"README.md", "intake", "keys", "pyproject.toml", "scripts", "templates", "tests"}


def test_the_top_level_is_the_agreed_one() -> None:
    assert {name.split("/")[0] for name in TRACKED if not name.startswith(".")} == TOP


def test_every_package_of_the_house_says_what_it_is() -> None:
    for package in (ROOT / "intake").glob("*/__init__.py"):
        assert package.read_text().startswith('"""'), package


@pytest.mark.parametrize("lock", [name for name in TRACKED if name.endswith("package-lock.json")])
def test_lockfiles_hold_integrity_and_no_address(lock: str) -> None:
    packages = json.loads((ROOT / lock).read_text())["packages"]
    assert all("resolved" not in each for each in packages.values())
    missing = [name for name, each in packages.items() if name and "integrity" not in each and not each.get("link")]
    assert missing == []


def test_no_secret_key_is_tracked() -> None:
    pattern = re.compile(
        r"AGE-SECRET-KEY-(PQ-)?1[02-9AC-HJ-NP-Z]{20}|PRIVATE\+KEY\+[a-z0-9./-]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{40}"
    )
    found = [name for name in TRACKED if (ROOT / name).is_file() and pattern.search((ROOT / name).read_text("latin-1"))]
    assert found == []
