"""What about this machine could give a vault away, or lose it: looked at, told in plain words, never changed.

Each check looks at one thing below a root ("/", or a folder that a test made) and says what it found and what to do.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path

from intake.errors import Fault
from intake.review.preview import why_not

ROOM = 2 << 30
"""Bytes that should be free for the vault and its backup."""
BACKUP_DAYS = 14
MEMORY = "/dev/shm"  # noqa: S108 - its name, for people
TOOLS = {"ffmpeg": "ffmpeg", "ffprobe": "ffmpeg"}
FONT = "usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


class State(Enum):
    """How a check came out."""

    GOOD = "good"
    ADVICE = "advice"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, how it is, and what to do about it (nothing where it is good)."""

    what: str
    state: State
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the checks look at: the file system below `root`, the clock, and what is known of the vault.

    `signed` is the newest signed day that the vault has seen, `backup` the day of its last backup; None: not known.
    """

    now: datetime
    root: Path = Path("/")
    vault: Path | None = None
    signed: date | None = None
    backup: date | None = None
    sandbox: Callable[[], Fault | None] = why_not

    def text(self, path: str) -> str:
        """What a small file of the system says; nothing where it can't be read."""
        try:
            return (self.root / path).read_text("utf-8", "replace")
        except OSError:
            return ""


def examine(machine: Machine) -> tuple[Finding, ...]:
    """Every check in order: what endangers most comes first."""
    return tuple(finding for check in _CHECKS for finding in check(machine))


def leaks(machine: Machine) -> tuple[Finding, ...]:
    """What writes memory to the disk: said each time that a vault is opened, since no vault can help against it."""
    return tuple(each for check in (_swap, _hibernation) for each in check(machine) if each.state is State.BAD)


def _swap(machine: Machine) -> Iterator[Finding]:
    devices = [line.split()[0] for line in machine.text("proc/swaps").splitlines()[1:] if line.strip()]
    bare = [device for device in devices if not _sealed_device(machine, device)]
    if bare:
        yield Finding(
            "swap",
            State.BAD,
            f"memory may be written to the disk in the clear ({', '.join(bare)})",
            "Switch it off: sudo swapoff -a, and take its line out of /etc/fstab.",
        )
    else:
        yield Finding("swap", State.GOOD, "it is encrypted" if devices else "there is none")


def _sealed_device(machine: Machine, device: str) -> bool:
    """Whether it lives in memory (zram) or is an encrypted volume (dm-crypt)."""
    name = os.path.realpath(machine.root / device.lstrip("/")).rpartition("/")[2]
    return name.startswith("zram") or machine.text(f"sys/block/{name}/dm/uuid").startswith("CRYPT-")


def _hibernation(machine: Machine) -> Iterator[Finding]:
    resume = machine.text("sys/power/resume").strip()
    if "disk" in machine.text("sys/power/state").split() and resume not in ("", "0:0"):
        yield Finding(
            "hibernation",
            State.BAD,
            "this machine may write all of its memory to the disk when it sleeps",
            "Switch it off: sudo systemctl mask hibernate.target hybrid-sleep.target suspend-then-hibernate.target.",
        )
    else:
        yield Finding("hibernation", State.GOOD, "it is off")


def _network(machine: Machine) -> Iterator[Finding]:
    up = [
        each.name
        for each in sorted((machine.root / "sys/class/net").glob("*"))
        if each.name != "lo" and machine.text(f"sys/class/net/{each.name}/operstate").strip() not in ("down", "")
    ]
    if up:
        yield Finding(
            "network",
            State.BAD,
            f"this machine has a network that is on: {', '.join(up)}",
            "A desk is never online. Pull the cable, switch radio off in the BIOS, or take the card out.",
        )
    else:
        yield Finding("network", State.GOOD, "none is on")


def _date(machine: Machine) -> Iterator[Finding]:
    if machine.signed and machine.now.date() < machine.signed:
        yield Finding(
            "date",
            State.BAD,
            f"the clock says {machine.now:%Y-%m-%d}, but the vault has seen something signed on {machine.signed}",
            "Set it: sudo timedatectl set-time 'YYYY-MM-DD HH:MM'. Every deadline hangs on it.",
        )
    else:
        yield Finding(
            "date", State.GOOD, f"{machine.now:%Y-%m-%d %H:%M} UTC", "Compare it with a watch: nothing here can tell."
        )


def _sandbox(machine: Machine) -> Iterator[Finding]:
    reason = machine.sandbox()
    if reason:
        yield Finding("sandbox", State.BAD, str(reason), reason.advice)
        return
    missing = sorted({package for tool, package in TOOLS.items() if shutil.which(tool) is None})
    if not (machine.root / FONT).exists():
        missing.append("fonts-dejavu-core")
    if missing:
        yield Finding(
            "sandbox",
            State.ADVICE,
            f"it stands, but some files can't be shown: {', '.join(missing)} missing",
            f"sudo apt-get install {' '.join(missing)}, from the kit.",
        )
    else:
        yield Finding("sandbox", State.GOOD, "it stands, and shows images, PDF, video and text")


def _memory_folder(machine: Machine) -> Iterator[Finding]:
    if in_memory(machine.root / MEMORY.lstrip("/"), machine.text("proc/mounts"), machine.root):
        yield Finding(MEMORY, State.GOOD, "what is put there never reaches the disk")
    else:
        yield Finding(
            MEMORY,
            State.BAD,
            "what is put there would stay on the disk",
            "Add to /etc/fstab: tmpfs /dev/shm tmpfs nosuid,nodev,noexec 0 0",
        )


def _core_dumps(machine: Machine) -> Iterator[Finding]:
    pattern = machine.text("proc/sys/kernel/core_pattern").strip()
    if pattern.startswith("|") and "false" not in pattern:
        yield Finding(
            "crash reports",
            State.ADVICE,
            "a program that crashes has its memory kept by this system",
            "sudo sysctl kernel.core_pattern='|/bin/false', and the same line in /etc/sysctl.d/.",
        )
    else:
        yield Finding("crash reports", State.GOOD, "none are kept elsewhere")


def _vault(machine: Machine) -> Iterator[Finding]:
    if machine.vault is None:
        return
    try:
        mode = machine.vault.stat()
    except OSError as error:
        yield Finding("vault", State.BAD, f"{machine.vault} can't be looked at: {error.strerror}", "Give its folder.")
        return
    if stat.S_IMODE(mode.st_mode) & 0o077 or mode.st_uid != os.getuid():
        yield Finding(
            "vault",
            State.BAD,
            "other users of this machine may look into its folder",
            f"chmod 700 {machine.vault}, as the user that it belongs to.",
        )
    else:
        yield Finding("vault", State.GOOD, "its folder is yours alone")
    free = shutil.disk_usage(machine.vault).free
    if free < ROOM:
        yield Finding(
            "free space",
            State.BAD,
            f"{free >> 20:,} MiB are free where the vault lies",
            f"Make room for at least {ROOM >> 30} GiB: a backup is a second copy of everything.",
        )
    else:
        yield Finding("free space", State.GOOD, f"{free >> 30:,} GiB")
    if machine.backup is None or machine.now.date() - machine.backup > timedelta(days=BACKUP_DAYS):
        found = "it was never backed up" if machine.backup is None else f"the last one is of {machine.backup}"
        yield Finding("backup", State.ADVICE, found, "intake review vault backup, onto a stick that lies elsewhere.")
    else:
        yield Finding("backup", State.GOOD, f"the last one is of {machine.backup}")


def in_memory(folder: Path, mounts: str, root: Path = Path("/")) -> bool:
    """Whether a folder lies on a file system in memory, by the text of /proc/mounts."""
    found, kind = "", ""
    place = "/" + str(Path(os.path.realpath(folder)).relative_to(os.path.realpath(root))).lstrip("/.")
    for line in mounts.splitlines():
        parts = line.split()
        if len(parts) < 3:
            continue
        point = parts[1].replace("\\040", " ")
        if (place == point or place.startswith(point.rstrip("/") + "/")) and len(point) >= len(found):
            found, kind = point, parts[2]
    return kind in ("tmpfs", "ramfs")


_CHECKS: tuple[Callable[[Machine], Iterator[Finding]], ...] = (
    _network,
    _swap,
    _hibernation,
    _date,
    _vault,
    _sandbox,
    _memory_folder,
    _core_dumps,
)
