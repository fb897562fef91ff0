"""The offline kit: what is on the stick is checked before anything of it is used, and it installs without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import offline_kit

ROOT = Path(__file__).parent.parent


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    """A kit with nothing to install in it."""
    folder = tmp_path / "stick with a space"
    (folder / "wheels").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "kit-start", folder / "start")
    (folder / "keyring.note").write_text("a keyring\n")
    offline_kit.sums(folder)
    return folder


def start(stick: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HOME": str(stick.parent), "PATH": "/usr/bin:/bin"}
    return subprocess.run(["sh", str(stick / "start")], env=environment, capture_output=True, text=True, check=False)


def test_a_stick_that_was_altered_is_not_used(stick: Path) -> None:
    (stick / "keyring.note").write_text("another keyring\n")
    done = start(stick)
    assert done.returncode == 1
    assert "Use nothing of this stick" in done.stderr
    assert not (stick.parent / ".local").exists()


def test_nor_is_one_with_a_file_that_nobody_listed(stick: Path) -> None:
    (stick / "wheels" / "evil.whl").write_bytes(b"x")
    done = start(stick)
    assert done.returncode == 1
    assert "files that nobody listed lie here: wheels/evil.whl" in done.stderr


def test_a_whole_one_is_used(stick: Path) -> None:
    done = start(stick)
    assert "checking every file" in done.stderr
    assert "this kit has n" in done.stderr, "no packages for this Debian, or nothing for this Python: it came that far"


def test_wheels_are_demanded_by_their_hashes(tmp_path: Path) -> None:
    wheel = tmp_path / "pynacl-1.6.2-cp38-abi3-manylinux_2_34_x86_64.whl"
    wheel.write_bytes(b"wheel")
    (line,) = offline_kit.requirements([wheel])
    assert line == f"pynacl==1.6.2 --hash=sha256:{offline_kit.digest(wheel)}\n"


def test_an_index_of_packages_names_each_with_its_hash(tmp_path: Path) -> None:
    control = tmp_path / "made" / "DEBIAN"
    control.mkdir(parents=True)
    (control / "control").write_text("Package: made\nVersion: 1\nArchitecture: all\nMaintainer: x\nDescription: y\n")
    package = tmp_path / "made_1_all.deb"
    subprocess.run(["dpkg-deb", "-b", tmp_path / "made", package], check=True, capture_output=True)
    told = offline_kit.stanza(package)
    assert told.startswith("Package: made\nVersion: 1\n")
    assert (
        f"Filename: ./made_1_all.deb\nSize: {package.stat().st_size}\nSHA256: {offline_kit.digest(package)}\n" in told
    )


@pytest.mark.long
@pytest.mark.parametrize("number", ["12", "13"])
def test_it_installs_in_a_bare_debian_without_any_network(number: str, tmp_path: Path) -> None:
    """A minimal system in a folder, no network interface: the kit, then a practice vault and a picture out of it."""
    release = offline_kit.RELEASES[number]
    stick, system = tmp_path / "stick", tmp_path / "system"
    offline_kit.main(["--to", str(stick), "--release", number])
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--keyring={offline_kit.KEYRING}", release.name, system,
         offline_kit.mirror("Debian")],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    shutil.copytree(stick, system / "stick")
    script = """
set -e
mkdir -p /dev/shm
mount -t proc proc /proc
mount -t tmpfs tmpfs /dev/shm
export HOME=/root INTAKE_PASSPHRASE_COMMAND='echo correct horse battery' PATH=/root/.local/bin:$PATH
sh /stick/start
cd /root
intake review init --vault practice --practice
intake review import practice-stick --vault practice -i practice-stick/reviewer-r1.age
intake review inbox --vault practice | head -3
"""
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "chroot", system, "sh", "-c", script],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Installed." in done.stderr
    assert "30 new" in done.stderr + done.stdout
    assert len([line for line in done.stdout.splitlines() if line.startswith("* T0")]) == 3


def test_the_module_is_what_the_script_runs() -> None:
    told = (ROOT / "scripts" / "kit").read_text()
    assert "python -m scripts.offline_kit" in told
    done = subprocess.run(
        [sys.executable, "-m", "scripts.offline_kit", "--help"], cwd=ROOT, capture_output=True, check=False
    )
    assert b"--release" in done.stdout
