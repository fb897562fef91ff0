"""What a site behind the example of Caddy agrees on with real browsers, and what its headers leave on a phone.

Browsers take no Strict-Transport-Security from an address, from localhost, or under a certificate that they don't
trust: so the site has a name here, and an authority that each browser's profile believes.
"""

import re
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from intake.errors import Exit
from tests.harness.firefox import Firefox
from tests.harness.front import DEBIANS, NAME, certified, for_years, front, newest, shipped, trust, without
from tests.harness.keys import make_world
from tests.harness.profiles import holding, kept_chromium
from tests.harness.recorder import Recorder
from tests.harness.server import command, running_drop

pytestmark = pytest.mark.long

HASHED = b64encode(sha256(b"".join(bytes([len(label)]) + label.encode() for label in NAME.split(".")) + b"\0").digest())
"""How Chromium writes a name down for which it will ask for nothing but TLS."""
STORES = {"TransportSecurity", "SiteSecurityServiceState.bin"}
SOON = 3


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A drop that serves at folder/s, with a certificate."""
    with tempfile.TemporaryDirectory(prefix="caddy") as name:  # a Unix socket's path has 107 bytes at most
        folder = Path(name)
        world = make_world(folder / "keys", today=datetime.now(UTC).date())
        certified(folder, NAME, "localhost")
        with running_drop(world, folder / "drop", listen=f"unix:{folder}/s"):
            yield folder


def _in_chromium(url: str, person: Path, authority: Path) -> None:
    if not (person / "home").exists():
        trust(person / "home" / ".pki" / "nssdb", authority)
    where = f"--host-resolver-rules=MAP {NAME} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with kept_chromium(person, where) as browser:
        browser.page.goto(url)
        browser.page.wait_for_selector("#send:enabled")
        browser.close()


def _in_firefox(url: str, person: Path, authority: Path) -> None:
    if not (person / "cert9.db").exists():
        trust(person, authority)
    # By itself it writes this store every five minutes, and a driver that leaves in order has it emptied.
    told = {"network.dns.localDomains": NAME, "test.datastorage.write_timer_ms": 500}
    with Firefox(told, person) as firefox:
        firefox.open(url)
        firefox.wait_for("#send:enabled")
        time.sleep(SOON)
        firefox.kill()


@pytest.fixture
def people() -> Iterator[Path]:
    """Where profiles are: Chromium puts a socket there, too."""
    with tempfile.TemporaryDirectory(prefix="p", ignore_cleanup_errors=True) as short:
        yield Path(short)


Visit = Callable[[str, Path, Path], None]
BROWSERS = {"Chromium": _in_chromium, "Firefox": _in_firefox}


@pytest.fixture(params=BROWSERS)
def visit(request: pytest.FixtureRequest) -> Visit:
    """Opens the form with a profile that stays."""
    return BROWSERS[request.param]


def kinds(person: Path) -> set[str]:
    """The files of a profile that hold the site's name in any spelling, without what numbers and journals add."""
    found = holding(person, [NAME, HASHED.decode()])
    return {re.sub(r"[0-9a-f]{16,}|\d{8,}|-\d+(?=\.)|-wal$", "", path) for path in found}


def test_nothing_of_transport_security_stays_on_the_phone(folder: Path, visit: Visit, people: Path) -> None:
    """As shipped, no file more than without the header; years of it, the store of such names, which is then dropped."""
    left = {}
    for what, example in (("nothing", without()), ("shipped", shipped()), ("years", for_years())):
        with front(folder, example, newest()) as port:
            visit(f"https://{NAME}:{port}/en", people / what, folder / "ca.pem")
        left[what] = kinds(people / what)
    assert left["nothing"], "a history at least"
    assert left["shipped"] == left["nothing"]
    (store,) = left["years"] - left["nothing"]
    assert Path(store).name in STORES
    with front(folder, shipped(), newest()) as port:
        visit(f"https://{NAME}:{port}/en", people / "years", folder / "ca.pem")
    assert kinds(people / "years") == left["nothing"]


SERVER_SHARE = bytes.fromhex("0033 0464 11ec 0460")
"""In a ServerHello: the extension key_share, its length, X25519MLKEM768, and the length of what follows
(RFC 8446, 4.2.8; draft-ietf-tls-ecdhe-mlkem: 1,088 bytes of ciphertext and 32 of X25519)."""


def test_browsers_agree_on_post_quantum_keys_with_a_caddy_that_can(folder: Path, visit: Visit, people: Path) -> None:
    """Read off the wire; Debian's Caddy is too old, so the same example gives X25519 there."""
    for program, agreed in ((newest(), True), (DEBIANS, False)):
        with front(folder, shipped(), program) as port, Recorder(port) as wire:
            through = wire.url.rpartition(":")[2]
            visit(f"https://{NAME}:{through}/en", people / str(agreed), folder / "ca.pem")
            assert (SERVER_SHARE in wire.answered) is agreed


def test_the_site_is_as_released_behind_it_unless_it_leaves_its_name(folder: Path) -> None:
    settings: list[str | Path] = ["--data", folder / "drop" / "data", "--config", folder / "drop" / "drop.toml"]
    for example, more in ((shipped(), None), (for_years(), "there is a header more: strict-transport-security")):
        with front(folder, example, newest(), "localhost") as port:
            trusting = {"SSL_CERT_FILE": str(folder / "ca.pem")}
            told = command("check", f"https://localhost:{port}", *settings, environment=trusting)
        if more is None:
            assert told.returncode == Exit.OK, told.stdout + told.stderr
        else:
            assert told.returncode == Exit.DAMAGED
            assert more in told.stdout
