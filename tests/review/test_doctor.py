"""Machines as they are found, made of a few files below a folder, and what is said about each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from intake.errors import Exit, Fault
from intake.review.doctor import Finding, Machine, State, examine, in_memory

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SAFE = {
    "proc/swaps": "Filename Type Size Used Priority\n",
    "proc/mounts": "/dev/sda1 / ext4 rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n",
    "proc/sys/kernel/core_pattern": "|/bin/false\n",
    "sys/power/state": "freeze mem disk\n",
    "sys/power/resume": "0:0\n",
    "sys/class/net/lo/operstate": "unknown\n",
    "sys/class/net/eth0/operstate": "down\n",
    "dev/shm/.keep": "",
    "usr/share/fonts/truetype/dejavu/DejaVuSans.ttf": "",
}


def machine(folder: Path, more: Mapping[str, str] | None = None) -> Machine:
    for name, text in {**SAFE, **(more or {})}.items():
        path = folder / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    vault = folder / "vault"
    vault.mkdir(mode=0o700, exist_ok=True)
    return Machine(NOW, folder / "root", vault, date(2026, 11, 23), date(2026, 11, 20), sandbox=lambda: None)


def state(machine: Machine, what: str) -> Finding:
    return next(finding for finding in examine(machine) if finding.what == what)


def test_a_machine_as_it_should_be(tmp_path: Path) -> None:
    findings = examine(machine(tmp_path))
    assert {finding.what for finding in findings if finding.state is not State.GOOD} <= {"free space"}
    assert len(findings) == 10


@pytest.mark.parametrize(
    ("what", "files"),
    [
        ("swap", {"proc/swaps": "Filename Type\n/dev/sda2 partition 1 0 -2\n"}),
        ("swap", {"proc/swaps": "Filename Type\n/swapfile file 1 0 -2\n"}),
        ("hibernation", {"sys/power/resume": "8:2\n"}),
        ("network", {"sys/class/net/wlan0/operstate": "up\n"}),
        ("network", {"sys/class/net/usb0/operstate": "unknown\n"}),
        ("/dev/shm", {"proc/mounts": "/dev/sda1 / ext4 rw 0 0\n"}),
    ],
)
def test_what_endangers_a_vault_is_named_with_what_to_do(what: str, files: dict[str, str], tmp_path: Path) -> None:
    found = state(machine(tmp_path, files), what)
    assert found.state is State.BAD
    assert found.advice


@pytest.mark.parametrize(
    "files",
    [
        {"proc/swaps": "Filename Type\n/dev/zram0 partition 1 0 100\n"},
        {"proc/swaps": "Filename Type\n/dev/dm-1 partition 1 0 1\n", "sys/block/dm-1/dm/uuid": "CRYPT-LUKS2-0-swap\n"},
    ],
)
def test_swap_in_memory_or_under_a_key_is_no_danger(files: dict[str, str], tmp_path: Path) -> None:
    assert state(machine(tmp_path, files), "swap").state is State.GOOD


def test_a_clock_behind_a_signature_is_wrong(tmp_path: Path) -> None:
    late = replace(machine(tmp_path), signed=date(2026, 11, 25))
    assert state(late, "date").state is State.BAD


def test_a_vault_that_others_can_enter(tmp_path: Path) -> None:
    found = machine(tmp_path)
    assert found.vault is not None
    found.vault.chmod(0o750)
    assert state(found, "vault").state is State.BAD
    assert state(replace(found, vault=tmp_path / "none"), "vault").state is State.BAD


def test_a_backup_grows_old(tmp_path: Path) -> None:
    found = machine(tmp_path)
    assert state(replace(found, backup=date(2026, 11, 1)), "backup").state is State.ADVICE
    assert state(replace(found, backup=None), "backup").state is State.ADVICE


def test_without_a_sandbox_its_own_words_are_given(tmp_path: Path) -> None:
    found = state(replace(machine(tmp_path), sandbox=lambda: Fault("it is missing", "Install it.")), "sandbox")
    assert (found.state, found.found, found.advice) == (State.BAD, "it is missing", "Install it.")


def test_a_missing_font_is_advice(tmp_path: Path) -> None:
    found = machine(tmp_path)
    (found.root / "usr/share/fonts/truetype/dejavu/DejaVuSans.ttf").unlink()
    assert "fonts-dejavu-core" in state(found, "sandbox").found


def test_crash_reports_are_named(tmp_path: Path) -> None:
    found = machine(tmp_path, {"proc/sys/kernel/core_pattern": "|/usr/lib/systemd/systemd-coredump %P\n"})
    assert state(found, "crash reports").state is State.ADVICE


def test_the_machine_of_the_tests_has_a_folder_in_memory() -> None:
    mounts = Path("/proc/mounts").read_text()
    assert in_memory(Path("/dev/shm"), mounts)
    assert not in_memory(Path("/usr"), mounts)
    assert not in_memory(Path("/dev/shm"), "")


def test_the_command_tells_the_same_to_people_and_programs(tmp_path: Path) -> None:
    told = {}
    for form in ("", "--json"):
        done = subprocess.run(
            [sys.executable, "-m", "intake", "review", "doctor", "--vault", str(tmp_path), *form.split()],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (Exit.OK, Exit.SOME_FAILED)
        told[form] = done.stdout
    for finding in json.loads(told["--json"]):
        assert finding["what"] in told[""]
        assert finding["found"] in told[""]
