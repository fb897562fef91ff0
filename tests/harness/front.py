"""Caddy with the example of scripts/deploy in front of a drop: over TLS, under a name, with an authority of its own.

certified(folder, NAME)
with running_drop(world, folder / "drop", listen=f"unix:{folder}/s"), front(folder, shipped(), newest()) as port:
    browser.open(f"https://{NAME}:{port}/en")     # one that trusts folder/ca.pem and finds NAME on this machine
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from ssl import create_default_context

import trustme

from tests.harness.ports import free_ports
from tests.harness.profiles import home

EXAMPLE = Path(__file__).parents[2] / "scripts" / "deploy" / "Caddyfile"
NAME = "drop.example"
FORGET = '\theader Strict-Transport-Security "max-age=0"\n'
"""A line of it, and the other that an operator may put in its place."""
YEARS = '\theader Strict-Transport-Security "max-age=63072000"\n'
SOCKET = "s"
"""Where in the folder the drop listens: a Unix socket's path has 107 bytes at most."""
DEBIANS = "/usr/bin/caddy"


def newest() -> str:
    """Caddy as the test group brings it; Debian's is older."""
    return str(Path(sys.executable).parent / "caddy")


def certified(folder: Path, *names: str) -> None:
    """Put cert.pem and key.pem for these names into a folder, and ca.pem of who signed them."""
    authority = trustme.CA()
    leaf = authority.issue_cert(*names)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    leaf.cert_chain_pems[0].write_to_path(folder / "cert.pem")


def shipped() -> str:
    """The example as it is."""
    return EXAMPLE.read_text()


def without() -> str:
    """The example with no word of Strict-Transport-Security."""
    assert FORGET in shipped()
    return shipped().replace(FORGET, "")


def for_years() -> str:
    """The example with the line that an operator may choose."""
    choice = YEARS.replace("\t", "\t# ")
    assert choice in shipped()
    return without().replace(choice, YEARS)


def adapted(example: str, folder: Path, address: str) -> str:
    """The example for a site at this address, with the folder's certificate and the drop at the folder's socket."""
    here = example.replace(f"{NAME} {{", f"{address} {{\n\ttls {folder}/cert.pem {folder}/key.pem")
    here = here.replace("unix//run/intake/socket", f"unix/{folder}/{SOCKET}")
    assert f"unix/{folder}" in here
    assert f"tls {folder}" in here
    return here


def trust(database: Path, authority: Path) -> None:
    """Make a browser's own database of certificates, which believes this authority."""
    database.mkdir(parents=True, exist_ok=True)
    for arguments in (["-N", "--empty-password"], ["-A", "-n", "authority", "-t", "C,,", "-i", str(authority)]):
        subprocess.run(["certutil", *arguments, "-d", f"sql:{database}"], check=True)


@contextmanager
def front(folder: Path, example: str, program: str, name: str = NAME) -> Iterator[int]:
    """This program with these settings in front of the drop at the folder's socket, for a name; the port of TLS."""
    plain, port = free_ports(2)
    here = adapted(example, folder, f"{name}:{port}")
    settings = folder / "Caddyfile"
    settings.write_text(here.replace("admin off", f"admin off\n\thttp_port {plain}\n\thttps_port {port}"))
    own = home(folder) | {"XDG_DATA_HOME": str(folder / "data")}
    with (folder / "caddy.log").open("wb") as log:
        command = [program, "run", "--config", str(settings), "--adapter", "caddyfile"]
        process = subprocess.Popen(command, env=own, stdout=log, stderr=log)
        try:
            _await(port, folder, name)
            yield port
        finally:
            process.terminate()
            process.wait(20)


def _await(port: int, folder: Path, name: str) -> None:
    """Until the site has agreed on TLS with somebody. Raises `TimeoutError` with what Caddy said."""
    end, trusted = time.monotonic() + 60, create_default_context(cafile=folder / "ca.pem")
    while True:
        try:
            with (
                socket.create_connection(("127.0.0.1", port), 10) as link,
                trusted.wrap_socket(link, server_hostname=name),
            ):
                return
        except OSError as error:
            if time.monotonic() > end:
                raise TimeoutError((folder / "caddy.log").read_text()) from error
            time.sleep(0.1)
