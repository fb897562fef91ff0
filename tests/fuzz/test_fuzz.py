"""Every parser of bytes from strangers, fuzzed: nothing comes out but errors of the one tree, and no mistake hides."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fuzz.plants import PLANTS
from tests.fuzz.targets import TARGETS, make_scene

pytest.importorskip("atheris", reason="it has no wheel for this Python")

ROOT = Path(__file__).parents[2]
REFUSED = {"card": 2, "code": 1}
"""How many of the seeds are no sound ones: another's card, a code that is cut off."""


def fuzz(*arguments: str) -> tuple[int, Sequence[dict[str, object]]]:
    """The exit status, and what was found of each target."""
    command = [sys.executable, "-m", "tests.fuzz", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(TARGETS), done.stderr[-2000:]
    return done.returncode, found


def test_what_this_software_writes_is_understood(tmp_path: Path) -> None:
    assert [each.name for each in TARGETS] == [*PLANTS]
    scene = make_scene(tmp_path)
    for target in TARGETS:
        taken = [target.take(scene, seed) for seed in target.seeds(scene)]
        assert taken.count(False) == REFUSED.get(target.name, 0), target.name


def test_nothing_is_found() -> None:
    status, found = fuzz("--runs", "40000")
    assert [each for each in found if each["finding"]] == []
    assert status == 0


def test_a_mistake_planted_in_each_parser_is_found() -> None:
    status, found = fuzz("--runs", "150000", "--planted")
    assert [each["target"] for each in found if not each["finding"]] == []
    assert status == 0


@pytest.mark.long
def test_ten_million_executions_find_nothing() -> None:
    status, found = fuzz("--runs", "10000000", "--jobs", "2", "--seed", "7")
    assert [each for each in found if each["finding"]] == []
    assert sum(int(str(each["executions"])) for each in found) > 9_999_000
    assert status == 0
