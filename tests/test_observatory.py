"""What a scanner says of a drop behind Caddy over TLS: the example of scripts/deploy, in a network of its own."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.harness.keys import make_world
from tests.harness.node import CHECKERS, environment, node_modules
from tests.harness.offline import COMMAND
from tests.harness.server import running_drop

pytestmark = pytest.mark.long

EXAMPLE = Path(__file__).parent.parent / "scripts" / "deploy" / "Caddyfile"
CHOICE = "# header Strict-Transport-Security"
"""A line of it that an operator may uncomment."""
SCAN = """
ip link set lo up
caddy run --config Caddyfile --adapter caddyfile 2>caddy.log & caddy=$!
for _ in $(seq 60); do nc -z localhost 443 && break; sleep 0.5; done
NODE_EXTRA_CA_CERTS=ca.pem node "$1" localhost
kill $caddy
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A drop that serves at folder/s, and a certificate for this machine."""
    world = make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())
    with tempfile.TemporaryDirectory(prefix="caddy") as name:  # a Unix socket's path has 107 bytes at most
        folder, authority = Path(name), trustme.CA()
        leaf = authority.issue_cert("localhost")
        authority.cert_pem.write_to_path(folder / "ca.pem")
        leaf.private_key_pem.write_to_path(folder / "key.pem")
        leaf.cert_chain_pems[0].write_to_path(folder / "cert.pem")
        with running_drop(world, folder / "drop", listen=f"unix:{folder}/s"):
            yield folder


def scanned(folder: Path, example: str) -> dict[str, Any]:
    """The verdict on the drop behind Caddy with these settings."""
    here = example.replace("drop.example {", f"localhost {{\n\ttls {folder}/cert.pem {folder}/key.pem")
    (folder / "Caddyfile").write_text(here.replace("unix//run/intake/socket", f"unix/{folder}/s"))
    node_modules(CHECKERS)
    done = subprocess.run(
        [*COMMAND, "sh", "-c", SCAN, "scan", str(CHECKERS / "observatory.mjs")],
        cwd=folder,
        env=environment() | {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr + (folder / "caddy.log").read_text()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_example_is_valid_and_writes_no_line_of_a_visit(folder: Path) -> None:
    done = subprocess.run(
        ["caddy", "adapt", "--validate", "--config", EXAMPLE, "--adapter", "caddyfile"],
        env=environment() | {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["logging"]["logs"]["default"]["writer"] == {"output": "discard"}
    assert all("logs" not in server for server in told["apps"]["http"]["servers"].values())


def test_the_observatory_finds_one_thing_that_is_missing_on_purpose(folder: Path) -> None:
    """HSTS, which browsers write down on the phone: without it B+, and nothing else is found."""
    found = scanned(folder, EXAMPLE.read_text())
    failed = [test["result"] for test in found["tests"].values() if not test["pass"]]
    assert failed == ["hsts-not-implemented"]
    assert (found["scan"]["grade"], found["scan"]["score"]) == ("B+", 80)


def test_the_observatory_gives_the_best_grade_with_the_line_that_an_operator_may_choose(folder: Path) -> None:
    example = EXAMPLE.read_text()
    assert CHOICE in example
    found = scanned(folder, example.replace(CHOICE, CHOICE.removeprefix("# ")))
    assert [test["result"] for test in found["tests"].values() if not test["pass"]] == []
    assert (found["scan"]["grade"], found["scan"]["score"]) == ("A+", 130)
