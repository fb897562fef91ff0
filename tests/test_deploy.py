"""A bare Debian becomes a running onion drop by one command, twice run without a difference; its units are tight."""

import hashlib
import io
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

import pytest

from intake.report.bundle import read_bundle
from intake.report.package import read_package
from intake.sealing import open_bytes
from tests.harness.bundles import make_report, seal_report
from tests.harness.filling import ANSWERS, fill
from tests.harness.firefox import Firefox, through_tor
from tests.harness.keys import World, make_world
from tests.harness.ports import free_ports
from tests.harness.server import running_drop
from tests.harness.tornet import SECONDS, TorNet, hostname

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "scripts" / "deploy"
SERVICES = ("intake.service", "intake-export.service")
EXPOSURE = {"intake.service": 1.0, "intake-export.service": 1.5}
"""Of 10, as `systemd-analyze security` counts."""


def run(*command: str | Path, stdin: bytes = b"", **environment: str) -> str:
    done = subprocess.run(
        [*map(str, command)], input=stdin, capture_output=True, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout.decode()


def test_the_scripts_have_no_slips() -> None:
    run("shellcheck", DEPLOY / "install")


@pytest.mark.parametrize("unit", SERVICES)
def test_the_units_are_tight(unit: str) -> None:
    told = run("systemd-analyze", "security", "--offline=true", DEPLOY / unit)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", told)
    assert found is not None
    assert float(found[1]) <= EXPOSURE[unit]


def test_the_server_lives_without_memory_that_is_both_written_and_run(tmp_path: Path) -> None:
    """What MemoryDenyWriteExecute= asks of it: PR_SET_MDWE of prctl(2)."""
    (tmp_path / "strictly").write_text(
        f"#!{sys.executable}\nimport ctypes, os, sys\n"
        "assert ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0\nos.execv(sys.argv[1], sys.argv[1:])\n"
    )
    (tmp_path / "strictly").chmod(0o700)
    world = make_world(tmp_path / "keys")
    with running_drop(world, tmp_path / "drop", wrapper=[str(tmp_path / "strictly")]) as drop:
        assert drop.request("GET", "/keyring.note").body == drop.keyring.read_bytes()
        report = seal_report(make_report(world), world.reviewers)
        assert drop.put("11" * 16, report).status == 201
    assert drop.process.returncode == 0


@dataclass(frozen=True)
class Server:
    """A Debian in a folder, where the script has been."""

    root: Path
    settings: Path

    def install(self, *options: str) -> None:
        run(DEPLOY / "install", *options, self.settings, INTAKE_ROOT=str(self.root))

    def state(self) -> dict[str, tuple[object, ...]]:
        """All that the script may have touched."""
        found: dict[str, tuple[object, ...]] = {}
        for top in ("etc", "opt/intake/wheels", "srv", "var/lib/intake"):
            for path in (self.root / top, *sorted((self.root / top).rglob("*"))):
                seen = path.lstat()
                digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
                name = str(path.relative_to(self.root))
                found[name] = (seen.st_mode, seen.st_uid, seen.st_gid, seen.st_mtime_ns, digest)
        return found

    def inside(self, *command: str, groups: str = "") -> list[str]:
        """A command as systemd would run it for a unit: as its user, in its environment."""
        variables = (self.root / "etc/intake/environment").read_text().splitlines()
        user = ["--userspec=intake:intake", *([f"--groups={groups}"] if groups else [])]
        return ["chroot", *user, str(self.root), "env", "-i", *variables, *command]

    def unit(self, name: str, setting: str) -> str:
        """What a unit says."""
        lines = (self.root / "etc/systemd/system" / name).read_text().splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith(f"{setting}="))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


@pytest.fixture(scope="module")
def server(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = tmp_path_factory.mktemp("settings")
    shutil.copy(world.folder / "keyring.note", settings)
    shutil.copy(world.folder / "drop.key", settings)
    (settings / "drop.toml").write_text("drafts = true\n" + (ROOT / "scripts" / "drop.toml").read_text())
    (settings / "roots").write_text("".join(f"{root}\n" for root in world.fingerprints))
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", settings / "carrier")
    run(sys.executable, "-m", "pip", "wheel", "-q", "-w", settings, ROOT)
    release = run("sh", "-c", ". /etc/os-release && echo $VERSION_CODENAME").strip()
    (site, *_) = run("apt-get", "indextargets", "--format", "$(SITE)", "Label: Debian").split()
    with tempfile.TemporaryDirectory(prefix="d") as folder:  # a Unix socket's path has 107 bytes at most
        root = Path(folder) / "r"
        run("debootstrap", "--variant=minbase", release, root, site)
        run("mount", "-t", "proc", "proc", root / "proc")
        try:
            yield Server(root, settings)
        finally:
            run("umount", root / "proc")


@contextmanager
def process(command: Sequence[str | Path]) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen([*map(str, command)])
    try:
        yield running
    finally:
        running.terminate()
        running.wait(30)


@pytest.mark.long
def test_a_bare_debian_becomes_an_onion_drop(world: World, server: Server, tmp_path: Path) -> None:
    server.install()
    before = server.state()
    server.install()
    assert server.state() == before
    assert "intake" in run("chroot", server.root, "id", "-nG", "debian-tor").split()
    (port,) = free_ports(1)
    address = server.root / "run/intake/socket"
    made = ("chroot", server.root, "install", "-d", "-m")
    run(*made, "0750", "-o", "intake", "-g", "intake", "/run/intake")
    run(*made, "0755", "/run/sshd")
    services = (server.root / "etc/tor/intake/torrc").read_text()
    services = services.replace("/var/lib/tor", str(tmp_path)).replace("unix:/run/intake/socket", f"unix:{address}")
    services = services.replace("127.0.0.1:22", f"127.0.0.1:{port}").replace("SocksPort 0\n", "")
    sshd: list[str | Path] = ["chroot", server.root, "/usr/sbin/sshd", "-D", "-p", str(port)]
    sshd += ["-o", "ListenAddress=127.0.0.1"]
    serve = server.inside(*shlex.split(server.unit("intake.service", "ExecStart")))
    with process(serve), process(sshd), TorNet(tmp_path, services) as net:
        with Firefox(through_tor(net.socks)) as firefox:
            firefox.resize(900, 26_000)
            firefox.open(f"http://{hostname(tmp_path / 'intake-web')}/tg")
            firefox.wait_for("#send:enabled", SECONDS)
            fill(firefox)
            firefox.click("#send")
            firefox.wait_for("#received:not([hidden])", SECONDS)
        for setting in ("ExecStart", "ExecStartPost"):
            run(*server.inside(*shlex.split(server.unit("intake-export.service", setting)), groups="carrier"))
        bundle = _fetched(net.socks, hostname(tmp_path / "intake-sftp"), server.settings / "carrier", tmp_path)
    with bundle.open("rb") as file:
        (sealed,) = [stream.read() for _, stream in read_bundle(file)]
    assert read_package(io.BytesIO(open_bytes(sealed, [world.reviewers[0]]))).report.answers == ANSWERS


@pytest.mark.long
def test_a_bare_debian_becomes_a_drop_on_postgresql(world: World, server: Server) -> None:
    """Another machine than the one before: its DATA is empty."""
    shutil.rmtree(server.root / "var/lib/intake", ignore_errors=True)
    for bundle in (server.root / "srv/intake").glob("bundles/*.bundle"):
        bundle.unlink()
    server.install("--postgresql")
    before = server.state()
    server.install("--postgresql")
    assert server.state() == before
    (cluster,) = [path.name for path in (server.root / "etc/postgresql").iterdir()]
    assert not list((server.root / "run/postgresql").glob("*.pid")), "nothing is left running"
    run("chroot", server.root, "install", "-d", "-m", "0750", "-o", "intake", "-g", "intake", "/run/intake")
    control = ("chroot", server.root, "pg_ctlcluster", cluster, "main")
    run(*control, "start")
    try:
        serve = server.inside(*shlex.split(server.unit("intake.service", "ExecStart")))
        running = subprocess.Popen(serve, stderr=subprocess.PIPE, text=True)
        assert running.stderr is not None
        try:
            said = list(iter(lambda: running.stderr.readline().rstrip(), "serving unix:/run/intake/socket"))  # type: ignore[union-attr]
            assert not [line for line in said if "PostgreSQL" in line], said
            report = seal_report(make_report(world), world.reviewers)
            statuses = [_put(server.root / "run/intake/socket", "1" * 32, report) for _ in range(2)]
        finally:
            running.terminate()
            running.wait(30)
            running.stderr.close()
        assert statuses == [201, 200]
        for setting in ("ExecStart", "ExecStartPost"):
            run(*server.inside(*shlex.split(server.unit("intake-export.service", setting)), groups="carrier"))
    finally:
        run(*control, "stop")
    assert not (server.root / "var/lib/intake/drop.db").exists()
    (bundle,) = (server.root / "srv/intake/bundles").glob("*.bundle")
    with bundle.open("rb") as file:
        assert [stream.read() for _, stream in read_bundle(file)] == [report]


def _put(path: Path, identifier: str, body: bytes) -> int:
    """A sealed report through a Unix socket; the status of the answer."""
    link = HTTPConnection("localhost", timeout=60)
    link.sock = socket.socket(socket.AF_UNIX)
    link.sock.connect(str(path))
    link.request("PUT", f"/reports/{identifier}", body)
    status = link.getresponse().status
    link.close()
    return status


def _fetched(socks: str, onion: str, key: Path, folder: Path) -> Path:
    """What the carrier does: look, fetch, and be refused anything else."""
    options = [
        f"ProxyCommand=nc -X 5 -x {socks} %h %p",
        f"UserKnownHostsFile={folder / 'known'}",
        "StrictHostKeyChecking=accept-new",
        "BatchMode=yes",
    ]
    told = [word for option in options for word in ("-o", option)]
    run("sftp", "-q", *told, "-i", key, "-b", "-", f"carrier@{onion}", stdin=f"get bundles/* {folder}\n".encode())
    (bundle,) = folder.glob("*.bundle")
    for wish in (f"put {key}.pub bundles/x", f"rm bundles/{bundle.name}", "put /etc/hostname x"):
        refused = subprocess.run(
            ["sftp", "-q", *told, "-i", str(key), "-b", "-", f"carrier@{onion}"],
            input=wish.encode(),
            capture_output=True,
            check=False,
        )
        assert refused.returncode != 0, wish
    shell = subprocess.run(["ssh", *told, "-i", str(key), f"carrier@{onion}", "id"], capture_output=True, check=False)
    assert b"uid=" not in shell.stdout
    return bundle
