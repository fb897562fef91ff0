"""The whole way over Tor: an onion service on a Unix socket with its proof of work, a report by Firefox, a check."""

import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from intake.errors import Exit
from intake.report.bundle import read_bundle
from intake.report.package import read_package
from intake.sealing import open_bytes
from tests.harness.filling import ANSWERS, fill
from tests.harness.firefox import NO_SCRIPT, Firefox, through_tor
from tests.harness.keys import World, make_world
from tests.harness.server import Running, command, running_drop
from tests.harness.tornet import SECONDS, TorNet, hostname, onion_service

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


@pytest.fixture(scope="module")
def drop(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Behind no port at all."""
    with tempfile.TemporaryDirectory(prefix="onion") as short:  # a Unix socket's path has 107 bytes at most
        folder = tmp_path_factory.mktemp("drop")
        with running_drop(world, folder, listen=f"unix:{short}/s") as running:
            yield running


@dataclass(frozen=True)
class Onion:
    """A site in a private Tor network."""

    url: str
    socks: str


@pytest.fixture(scope="module")
def onion(drop: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Onion]:
    (serving,) = [line for line in drop.said if line.startswith("serving ")]
    folder = tmp_path_factory.mktemp("tor")
    with TorNet(folder, onion_service(folder / "web", serving.removeprefix("serving "))) as net:
        yield Onion(f"http://{hostname(folder / 'web')}", net.socks)


@pytest.mark.parametrize(
    ("preferences", "button", "done"),
    [({}, "#send", "#received:not([hidden])"), (NO_SCRIPT, "button[formmethod=post]", "main > #code")],
    ids=["scripts", "no scripts"],
)
def test_a_report_goes_through_tor_and_is_opened_offline(
    world: World,
    drop: Running,
    onion: Onion,
    tmp_path: Path,
    preferences: dict[str, Any],
    button: str,
    done: str,
) -> None:
    with Firefox({**through_tor(onion.socks), **preferences}) as firefox:
        firefox.resize(900, 26_000)
        firefox.open(f"{onion.url}/tg")
        if not preferences:
            firefox.wait_for("#send:enabled", SECONDS)
        fill(firefox)
        firefox.click(button)
        firefox.wait_for(done, SECONDS)
    with drop.export(tmp_path).open("rb") as bundle:
        (sealed,) = [stream.read() for entry, stream in read_bundle(bundle) if entry.state == "new"]
    report = read_package(io.BytesIO(open_bytes(sealed, [world.reviewers[0]]))).report
    assert report.sealed_by == ("server" if preferences else "browser")
    assert report.answers == ANSWERS


def test_the_live_onion_is_compared_with_the_release(drop: Running, onion: Onion) -> None:
    settings = ("--data", drop.data, "--config", drop.folder / "drop.toml")
    done = command("check", onion.url, "--socks", onion.socks, *settings)
    assert done.returncode == Exit.OK, done.stdout + done.stderr
