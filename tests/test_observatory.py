"""What a scanner says of a drop behind Caddy over TLS: the example of scripts/deploy, in a network of its own."""

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.harness.front import DEBIANS, EXAMPLE, adapted, certified, for_years, newest, shipped, without
from tests.harness.keys import make_world
from tests.harness.node import CHECKERS, environment, node_modules
from tests.harness.offline import COMMAND
from tests.harness.server import running_drop

pytestmark = pytest.mark.long

SCAN = """
ip link set lo up
"$1" run --config Caddyfile --adapter caddyfile 2>caddy.log & caddy=$!
for _ in $(seq 60); do nc -z localhost 443 && break; sleep 0.5; done
NODE_EXTRA_CA_CERTS=ca.pem node "$2" localhost
kill $caddy
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A drop that serves at folder/s, and a certificate for this machine."""
    world = make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())
    with tempfile.TemporaryDirectory(prefix="caddy") as name:  # a Unix socket's path has 107 bytes at most
        folder = Path(name)
        certified(folder, "localhost")
        with running_drop(world, folder / "drop", listen=f"unix:{folder}/s"):
            yield folder


def scanned(folder: Path, example: str) -> dict[str, Any]:
    """The verdict on the drop behind Caddy with these settings."""
    (folder / "Caddyfile").write_text(adapted(example, folder, "localhost"))
    node_modules(CHECKERS)
    done = subprocess.run(
        [*COMMAND, "sh", "-c", SCAN, "scan", newest(), str(CHECKERS / "observatory.mjs")],
        cwd=folder,
        env=environment() | {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr + (folder / "caddy.log").read_text()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("program", [newest(), DEBIANS], ids=["newest", "Debian's"])
def test_the_example_is_valid_and_writes_no_line_of_a_visit(folder: Path, program: str) -> None:
    done = subprocess.run(
        [program, "adapt", "--validate", "--config", EXAMPLE, "--adapter", "caddyfile"],
        env=environment() | {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["logging"]["logs"]["default"]["writer"] == {"output": "discard"}
    assert all("logs" not in server for server in told["apps"]["http"]["servers"].values())


@pytest.mark.parametrize(
    ("example", "failed", "grade"),
    [
        pytest.param(shipped, ["hsts-implemented-max-age-less-than-six-months"], ("A+", 120), id="as shipped"),
        pytest.param(for_years, [], ("A+", 130), id="with what an operator may choose"),
        pytest.param(without, ["hsts-not-implemented"], ("B+", 80), id="without either"),
    ],
)
def test_the_observatory_gives_its_best_grade(
    folder: Path, example: Callable[[], str], failed: list[str], grade: tuple[str, int]
) -> None:
    """Also to a header that lets nothing stay on the phone; the rest of what it looks at is right in any case."""
    found = scanned(folder, example())
    assert [test["result"] for test in found["tests"].values() if not test["pass"]] == failed
    assert (found["scan"]["grade"], found["scan"]["score"]) == grade
