"""A flood through Tor, from one circuit and from many, that does no work: people still get through."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from socket import socket

import pytest
from python_socks import ProxyType
from python_socks.sync import Proxy

from tests.harness.bundles import make_report, seal_report
from tests.harness.flooding import Flood, beside_a_flood
from tests.harness.keys import make_world
from tests.harness.server import running_drop
from tests.harness.tornet import TorNet, hostname, onion_service

pytestmark = pytest.mark.long

HONEST = 0.2
"""Reports a second: seven processes of tor share two cores here, and each byte goes through six of them."""
FLOOD = 100 * HONEST
SECONDS = 120


@dataclass(frozen=True)
class Site:
    """A drop behind an onion service, and a report for it."""

    onion: str
    socks: tuple[str, int]
    body: bytes

    def connect(self, who: str) -> socket:
        """A connection on a circuit that is nobody else's: tor keeps those with other names apart."""
        found: socket = Proxy(ProxyType.SOCKS5, *self.socks, username=who, password="x", rdns=True).connect(
            self.onion, 80, timeout=120
        )
        return found

    def person(self, who: str) -> HTTPConnection:
        link = HTTPConnection(self.onion, timeout=120)
        link.sock = self.connect(who)
        return link


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    world = make_world(folder / "keys", today=datetime.now(UTC).date())
    with tempfile.TemporaryDirectory(prefix="onion") as short:  # a Unix socket's path has 107 bytes at most
        address = f"unix:{short}/s"
        with (
            running_drop(world, folder / "drop", listen=address, limits={"calm": f"{10 * HONEST:.0f}/minute"}),
            TorNet(folder, onion_service(folder / "web", address)) as net,
        ):
            host, _, port = net.socks.partition(":")
            body = seal_report(make_report(world), world.reviewers)
            yield Site(hostname(folder / "web"), (host, int(port)), body)


@pytest.mark.parametrize("circuits", [1, 1000])
def test_people_get_through(site: Site, circuits: int) -> None:
    """From one source all connections are on one circuit; from many each has its own."""
    links = max(circuits, 8)
    flood = Flood(lambda number: site.connect(f"flood{number % circuits}"), links, FLOOD, site.body)
    met = beside_a_flood(flood, lambda number: site.person(f"person{number}"), site.body, rate=HONEST, seconds=SECONDS)
    print(f"{circuits} circuits: {met}")
    assert met.flood["429"] > 10 * len(met.waits), "this was no flood"
    assert met.in_time >= 0.99
