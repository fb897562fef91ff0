"""Runs `intake drop …` in children that have everything imported, and kills them with SIGKILL at any moment.

    with Mortal() as mortal:
        mortal.run("purge", "--yes", "--data", folder)
        for turn in mortal.turns(50, chance):          # until so many were killed under way
            mortal.kill("purge", "--yes", "--data", copy)

Run as a program it is the parent of these children: each line of stdin is JSON, a list of arguments and seconds or
null; the answer is the exit status, null for a child that was killed, and the seconds that it lived.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]


class Mortal:
    """The process that forks; one command after the other."""

    def __init__(self) -> None:
        self.killed = 0
        self._usual = 0.0
        self._chance = random.Random(0)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.harness.mortal"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def turns(self, kills: int, chance: random.Random) -> Iterator[int]:
        """Numbers of the turns, until so many commands were killed under way; one that ends before doesn't count.

        How long a command takes is learnt from the first one run, and from each that ended by itself.
        """
        self._chance = chance
        for turn in itertools.count():
            if self.killed >= kills:
                return
            yield turn

    def kill(self, *arguments: str | Path) -> None:
        """Run a command and kill it at a moment drawn by chance, if it has not ended by then."""
        before = self.killed
        took = self.run(*arguments, after=self._chance.uniform(0, self._usual))
        if self.killed == before:
            self._usual = took

    def run(self, *arguments: str | Path, after: float | None = None, ends: Collection[int] = (0,)) -> float:
        """Run a command of `intake drop` to its end, or kill it `after` so many seconds. Returns how long it lived.

        `ends`: the exit statuses that are right.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([[str(each) for each in arguments], after]) + "\n")
        self._process.stdin.flush()
        status, took = json.loads(self._process.stdout.readline())
        self.killed += status is None
        self._usual = self._usual or float(took)
        assert status is None or status in ends, f"{arguments} ended with {status}"
        return float(took)


def main() -> None:
    from intake.drop import export, purging
    from intake.drop.commands import door

    assert export
    assert purging
    for line in sys.stdin:
        arguments, after = json.loads(line)
        began = time.monotonic()
        child = os.fork()
        if child == 0:
            quiet = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(quiet, descriptor)
            os._exit(door.main(arguments, standalone_mode=False) or 0)
        ended = os.pidfd_open(child)
        if not select.select([ended], [], [], after)[0]:
            os.kill(child, signal.SIGKILL)
        os.close(ended)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(json.dumps([None if status == -signal.SIGKILL else status, time.monotonic() - began]), flush=True)


if __name__ == "__main__":
    main()
