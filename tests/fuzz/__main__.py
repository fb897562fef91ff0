"""Fuzzing by coverage: `python -m tests.fuzz TARGET… --runs N` lets libFuzzer (through atheris) change the seeds.

Each target runs in a process of its own, forked when everything is imported and instrumented. It ends with a line of
JSON: the target, how many executions there were, how many inputs were understood, seconds of CPU, and the finding, if
any: the input (base64) and what was raised. `--runs` are the executions of all targets together, spread by weight.

`--planted` runs against a copy of the package in which every target's mistake is planted, and wants each one found
in at most `--runs` executions.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import atheris

from tests.fuzz.plants import PLANTS

if TYPE_CHECKING:
    from tests.fuzz.seeds import Scene
    from tests.fuzz.targets import Target

HANG = 20  # seconds that one input may take
MEMORY = 2048  # MiB
LONGEST = 16384  # bytes of an input


def main() -> int:
    """0 when what was wanted is so: no finding, or with `--planted` each mistake found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("names", nargs="*", metavar="TARGET", help="all of them by default")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--planted", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        if wanted.planted:
            _plant(folder)
        with atheris.instrument_imports(include=["intake"]):
            module = importlib.import_module("tests.fuzz.targets")
        targets = [each for each in module.TARGETS if not wanted.names or each.name in wanted.names]
        whole = sum(each.weight for each in targets)
        running: dict[int, Target] = {}
        left, bad = [*targets], 0
        scene = module.make_scene(folder / "scene")
        while left or running:
            while left and len(running) < wanted.jobs:
                target = left.pop(0)
                runs = wanted.runs if wanted.planted else wanted.runs * target.weight // whole
                if child := os.fork():
                    running[child] = target
                else:
                    _child(target, scene, folder, runs, wanted.seed, wanted.planted)
            child, status = os.wait()
            target = running.pop(child)
            report = folder / f"{target.name}.json"
            found = json.loads(report.read_text()) if report.exists() else None
            if found is None:
                tail = (folder / f"{target.name}.log").read_bytes()[-2000:].decode(errors="replace")
                found = {"target": target.name, "finding": f"ended with status {status}: {tail}"}
            bad += (found["finding"] is None) == wanted.planted
            print(json.dumps(found, ensure_ascii=True), flush=True)
    return 1 if bad else 0


def _plant(folder: Path) -> None:
    """Copy the package without its mistakes' checks, and let it be imported from there."""
    import intake  # before anything is instrumented

    source = Path(intake.__file__).parent
    del sys.modules["intake"]
    shutil.copytree(source, folder / "intake", ignore=shutil.ignore_patterns("node_modules", "__pycache__", "source"))
    (folder / "templates").symlink_to(source.parent / "templates")
    (folder / "keys").symlink_to(source.parent / "keys")
    sys.path.insert(0, str(folder))
    for module, old, new in PLANTS.values():
        path = folder.joinpath(*module.split(".")).with_suffix(".py")
        text = path.read_text()
        assert text.count(old) == 1, (module, old)
        path.write_text(text.replace(old, new))


class _Watch:
    """One target in this process: counts, and ends it at the last execution or the first finding."""

    def __init__(self, target: Target, scene: Scene, report: Path, runs: int, plant: str | None) -> None:
        self._target, self._scene, self._report, self._runs, self._plant = target, scene, report, runs, plant
        self._count = self._understood = 0

    def take(self, data: bytes) -> None:
        """One execution."""
        self._count += 1
        try:
            self._understood += self._target.take(self._scene, data)
        except Exception as error:
            if self._plant is None or self._is_planted(error):
                told = "".join(traceback.format_exception(error)[-6:])
                self._end({"input": b64encode(data).decode(), "raised": told})
        if self._count >= self._runs:
            self._end(None)

    def _is_planted(self, error: BaseException) -> bool:
        """Raised by the mistake of this target, not by one of those planted in what it uses."""
        frames = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
        ours = [name for name in frames if name.startswith("intake.")]
        return isinstance(error, AssertionError) or (bool(ours) and ours[-1] == self._plant)

    def _end(self, finding: dict[str, Any] | None) -> None:
        facts = {
            "target": self._target.name,
            "executions": self._count,
            "understood": self._understood,
            "seconds": round(time.process_time(), 1),
            "finding": finding,
        }
        self._report.write_text(json.dumps(facts))
        os._exit(0)


def _child(target: Target, scene: Scene, folder: Path, runs: int, seed: int, planted: bool) -> None:
    log = os.open(folder / f"{target.name}.log", os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    corpus = folder / f"{target.name}.corpus"
    corpus.mkdir()
    bounds = {
        "seed": seed,
        "max_len": LONGEST,
        "timeout": HANG,
        "rss_limit_mb": MEMORY,
        "artifact_prefix": f"{folder}/",
    }
    try:
        for number, content in enumerate(target.seeds(scene)):
            (corpus / str(number)).write_bytes(content)
        plant = PLANTS[target.name][0] if planted else None
        watch = _Watch(target, scene, folder / f"{target.name}.json", runs, plant)
        atheris.Setup(["fuzz", *(f"-{name}={value}" for name, value in bounds.items()), str(corpus)], watch.take)
        atheris.Fuzz()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)  # what the parent holds is its to clear away


if __name__ == "__main__":
    sys.exit(main())
