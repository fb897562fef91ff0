"""A flood of a hundred times the honest rate, while people send: they get through, and the flood pays or waits."""

import socket
from pathlib import Path

import pytest

from tests.harness.bundles import make_report, seal_report
from tests.harness.flooding import Flood, Met, beside_a_flood
from tests.harness.keys import make_world
from tests.harness.server import running_drop

HONEST = 2  # reports a second
FLOOD = 100 * HONEST


def _met(folder: Path, seconds: int, sources: int) -> Met:
    """People beside a flood from so many addresses, each with a connection of its own."""
    world = make_world(folder)
    body = seal_report(make_report(world), world.reviewers)
    with running_drop(world, folder / "drop", limits={"calm": f"{10 * HONEST}/minute"}) as drop:

        def connect(number: int) -> socket.socket:
            address = f"127.1.{number // 250}.{number % 250 + 1}" if sources > 1 else "127.0.0.1"
            return socket.create_connection(("127.0.0.1", drop.port), timeout=60, source_address=(address, 0))

        # One address may well have several connections.
        flood = Flood(connect, max(sources, 8), FLOOD, body)
        met = beside_a_flood(flood, lambda _: drop.connect(), body, rate=HONEST, seconds=seconds)
    print(met)
    assert met.flood["429"] > 10 * len(met.waits), "this was no flood"
    return met


@pytest.mark.parametrize("sources", [1, 1000])
def test_people_get_through_a_flood(tmp_path: Path, sources: int) -> None:
    assert _met(tmp_path, 5, sources).in_time > 0.9


@pytest.mark.long
@pytest.mark.parametrize("sources", [1, 1000])
def test_people_get_through_a_long_flood(tmp_path: Path, sources: int) -> None:
    assert _met(tmp_path, 120, sources).in_time >= 0.99
