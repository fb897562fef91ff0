"""A private Tor network on loopback: 3 authorities, 3 relays, one onion service, one client. Nothing leaves 127.0.0.1.

with TorNet(tmp_path, onion_service(tmp_path / "web", f"unix:{socket}")) as net:
    Visitor.to(f"http://{hostname(tmp_path / 'web')}", net.socks)

Settings follow tor's manual, section TESTING NETWORK OPTIONS. It needs Debian's `tor` (with `tor-gencert`), and about a
minute to agree on its first consensus.
"""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.harness.ports import free_ports

SECONDS = 300
"""How long it may take to know one another on a busy machine."""

_COMMON = """TestingTorNetwork 1
DataDirectory {folder}
Nickname {name}
Log notice file {folder}/notice.log
Address 127.0.0.1
AssumeReachable 1
TestingDirAuthVoteExit *
TestingDirAuthVoteHSDir *
TestingDirAuthVoteGuard *
V3AuthNIntervalsValid 2
TestingMinExitFlagThreshold 0
PathsNeededToBuildCircuits 0.67
ShutdownWaitLength 0
"""
_RELAY = "SocksPort 0\nORPort 127.0.0.1:{orport}\nDirPort 127.0.0.1:{dirport}\nExitPolicy reject *:*\n"
_AUTHORITY = """AuthoritativeDirectory 1
V3AuthoritativeDirectory 1
ContactInfo test@test.test
TestingV3AuthInitialVotingInterval 20
TestingV3AuthInitialVoteDelay 4
TestingV3AuthInitialDistDelay 4
V3AuthVotingInterval 20
V3AuthVoteDelay 4
V3AuthDistDelay 4
"""


@dataclass(frozen=True)
class _Node:
    folder: Path
    settings: str


def onion_service(folder: Path, target: str) -> str:
    """Lines of torrc for one onion service whose keys lie in `folder`, with proof of work."""
    return f"HiddenServiceDir {folder}\nHiddenServicePort 80 {target}\nHiddenServicePoWDefensesEnabled 1\n"


def hostname(folder: Path) -> str:
    """The address of the onion service whose keys lie in `folder`, once its tor runs."""
    return (folder / "hostname").read_text().strip()


class TorNet:
    """Starts and ends with the block. `services` are the lines of torrc that define the onion services."""

    def __init__(self, folder: Path, services: str) -> None:
        self._folder = folder
        self._services = services
        self._processes: list[subprocess.Popen[bytes]] = []
        self._ports = iter(free_ports(13))
        self.socks = ""

    def __enter__(self) -> Self:
        relays = [self._relay(f"auth{number}") for number in range(3)]
        directory = "".join(self._authority(*relay) for relay in relays)
        nodes = [_Node(node.folder, node.settings + _AUTHORITY) for node, _, _ in relays]
        nodes += [self._relay(f"relay{number}")[0] for number in range(3)]
        self.socks = f"127.0.0.1:{next(self._ports)}"
        client = self._node("client", f"SocksPort {self.socks}\n")
        try:
            for node in (*nodes, self._node("onion", f"SocksPort 0\n{self._services}"), client):
                torrc = node.folder / "torrc"
                torrc.write_text(node.settings + directory)
                self._processes.append(subprocess.Popen(["tor", "-f", torrc, "--quiet"]))
            self._wait(client.folder / "notice.log")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _node(self, name: str, settings: str) -> _Node:
        folder = self._folder / name
        folder.mkdir(mode=0o700)
        return _Node(folder, _COMMON.format(folder=folder, name=name) + settings)

    def _relay(self, name: str) -> tuple[_Node, int, int]:
        orport, dirport = next(self._ports), next(self._ports)
        return self._node(name, _RELAY.format(orport=orport, dirport=dirport)), orport, dirport

    def _authority(self, node: _Node, orport: int, dirport: int) -> str:
        """Make an authority's keys; returns the line by which everybody knows it."""
        keys = node.folder / "keys"
        keys.mkdir(mode=0o700)
        made = {"-i": "authority_identity_key", "-s": "authority_signing_key", "-c": "authority_certificate"}
        subprocess.run(
            ["tor-gencert", "--create-identity-key", "--passphrase-fd", "0", "-m", "12", "-a", f"127.0.0.1:{dirport}"]
            + [word for option, name in made.items() for word in (option, str(keys / name))],
            input=b"x\n",
            check=True,
            stderr=subprocess.DEVNULL,
        )
        certificate = (keys / "authority_certificate").read_text().splitlines()
        v3ident = next(line.split()[1] for line in certificate if line.startswith("fingerprint"))
        torrc = node.folder / "torrc"
        unknown = f"DirAuthority x orport={orport} v3ident={v3ident} 127.0.0.1:{dirport} {'f' * 40}\n"
        torrc.write_text(node.settings + _AUTHORITY + unknown)
        told = subprocess.run(
            ["tor", "-f", torrc, "--list-fingerprint", "--quiet"], capture_output=True, text=True, check=True
        ).stdout.split()
        name, *fingerprint = told
        where = f"127.0.0.1:{dirport} {''.join(fingerprint)}"
        return f"DirAuthority {name} orport={orport} no-v2 v3ident={v3ident} {where}\n"

    def _wait(self, log: Path) -> None:
        end = time.monotonic() + SECONDS
        while not (log.exists() and "Bootstrapped 100%" in log.read_text()):
            if time.monotonic() > end:
                raise TimeoutError(f"the private Tor network did not come up; see {self._folder}")
            time.sleep(1)

    def _end(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(30)
