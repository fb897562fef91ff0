"""Makes the offline kit. What `scripts/kit` runs; see there.

    FOLDER/start            one command: verify, install, look at the machine
    FOLDER/READ-ME.txt      what to do, in English and Russian
    FOLDER/SHA256SUMS       of every other file; the fingerprint of this file is what is passed on by another way
    FOLDER/keyring.note     the published keyring, where there is one
    FOLDER/debs/<release>/  Debian's packages as a repository of its own, with all that they need
    FOLDER/wheels/          for each Python, with the list of hashes that pip demands

apt fetches and verifies Debian's packages with Debian's own keys, from Debian's own sources, into a folder that knows
nothing of this machine: so each release gets its own, and everything that they depend on.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PACKAGES = ("python3", "python3-venv", "bubblewrap", "ffmpeg", "fonts-dejavu-core")
"""What the desk needs of Debian: Python, the sandbox, and what decodes in it."""


@dataclass(frozen=True)
class Release:
    """One Debian: its number, its name, and the Python that it brings."""

    number: str
    name: str
    python: str
    platforms: tuple[str, ...]


def platforms(glibc: int) -> tuple[str, ...]:
    """The tags that fit a system with glibc 2.`glibc`, the newest first (PEP 600)."""
    return (*(f"manylinux_2_{minor}_x86_64" for minor in range(glibc, 4, -1)), "manylinux2014_x86_64")


RELEASES = {
    "12": Release("12", "bookworm", "3.11", platforms(36)),
    "13": Release("13", "trixie", "3.13", platforms(41)),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Make it, whole or not at all."""
    parser = argparse.ArgumentParser(prog="scripts/kit", description="Make the offline kit.")
    parser.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="a new folder, on the stick")
    parser.add_argument(
        "--release", nargs="+", choices=sorted(RELEASES), default=sorted(RELEASES), help="for which Debian"
    )
    parser.add_argument(
        "--keyring", type=Path, metavar="NOTE", help="a keyring to take along (default: keys/keyring.note)"
    )
    parser.add_argument("--without-debs", action="store_true", help="for a machine that has Debian's packages already")
    options = parser.parse_args(arguments)
    if options.to.exists():
        raise SystemExit(f"{options.to} exists already: give the name of a new folder")
    hidden = options.to.with_name(f".{options.to.name}.making")
    shutil.rmtree(hidden, ignore_errors=True)
    hidden.mkdir(parents=True)
    try:
        wheel = own_wheel(hidden / "wheels")
        for release in (RELEASES[number] for number in options.release):
            tell(f"wheels for Python {release.python}")
            wheels(release, hidden / "wheels", wheel)
            if not options.without_debs:
                tell(f"packages of Debian {release.number}")
                debs(release, hidden / "debs" / release.number)
        note = options.keyring or ROOT / "keys" / "keyring.note"
        if note.is_file():
            shutil.copyfile(note, hidden / "keyring.note")
        elif options.keyring:
            raise SystemExit(f"{note} is not there")
        (hidden / "start").write_text((ROOT / "scripts" / "kit-start").read_text())
        (hidden / "READ-ME.txt").write_text((ROOT / "scripts" / "kit-readme.txt").read_text())
        total = sums(hidden)
        hidden.rename(options.to)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    size = sum(path.stat().st_size for path in options.to.rglob("*") if path.is_file())
    tell(f"{options.to}: {size >> 20} MiB. SHA-256 of SHA256SUMS, to be passed on by another way:")
    print(total)
    return 0


def tell(message: str) -> None:
    """Progress, for the person who waits."""
    print(f"· {message}", file=sys.stderr)


def run(*command: str | Path, cwd: Path | None = None) -> None:
    """A command that has to succeed; what it says is shown when it does not."""
    done = subprocess.run([str(each) for each in command], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command[:4]))} … failed:\n{done.stdout}{done.stderr}")


def own_wheel(folder: Path) -> Path:
    """The package of this tree."""
    folder.mkdir(parents=True)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT)
    (found,) = folder.glob("intake-*.whl")
    return found


def wheels(release: Release, folder: Path, own: Path) -> None:
    """Every wheel that the package needs on this release, and the list of their hashes for pip."""
    with tempfile.TemporaryDirectory() as there:
        fetched = Path(there)
        platforms = [part for each in release.platforms for part in ("--platform", each)]
        run(
            *(sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:", "--implementation", "cp"),
            *("--python-version", release.python, *platforms, "--abi", f"cp{release.python.replace('.', '')}"),
            *("--abi", "abi3", "--abi", "none", "-d", fetched, own),
        )
        found = sorted(fetched.glob("*.whl"))
        (folder / f"requirements-{release.python}.txt").write_text("".join(requirements(found)))
        for each in found:
            shutil.move(each, folder / each.name)


def requirements(found: Sequence[Path]) -> Iterator[str]:
    """Lines for `pip install --require-hashes`: exactly these versions, with exactly these bytes."""
    for each in found:
        name, version = each.name.split("-")[:2]
        yield f"{name.replace('_', '-')}=={version} --hash=sha256:{digest(each)}\n"


def debs(release: Release, folder: Path) -> None:
    """Debian's packages and all that they need, fetched and verified by apt, with an index of their own."""
    if not KEYRING.is_file():
        raise SystemExit(f"{KEYRING} is missing: apt-get install debian-archive-keyring")
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as there:
        root = Path(there)
        for name in ("state/lists/partial", "cache/archives/partial", "etc/preferences.d", "etc/apt.conf.d"):
            (root / name).mkdir(parents=True)
        (root / "status").touch()
        signed = f"[signed-by={KEYRING} arch=amd64]"
        (root / "sources.list").write_text(
            f"deb {signed} {mirror('Debian')} {release.name} main\n"
            f"deb {signed} {mirror('Debian-Security')} {release.name}-security main\n"
        )
        options = [
            f"-o{name}={value}"
            for name, value in (
                ("Dir::Etc::sourcelist", root / "sources.list"),
                ("Dir::Etc::sourceparts", "/dev/null"),
                ("Dir::Etc::preferencesparts", root / "etc/preferences.d"),
                ("Dir::State", root / "state"),
                ("Dir::State::status", root / "status"),
                ("Dir::Cache", root / "cache"),
                ("APT::Architecture", "amd64"),
                ("APT::Architectures", "amd64"),
                ("APT::Sandbox::User", "root"),
                ("Debug::NoLocking", "1"),
            )
        ]
        run("apt-get", *options, "-qq", "update")
        run("apt-get", *options, "-qq", "-y", "--no-install-recommends", "--download-only", "install", *PACKAGES)
        for each in sorted((root / "cache/archives").glob("*.deb")):
            shutil.move(each, folder / each.name)
    index = "\n".join(stanza(each) for each in sorted(folder.glob("*.deb")))
    (folder / "Packages").write_text(index)
    (folder / "Packages.gz").write_bytes(gzip.compress(index.encode(), mtime=0))


def mirror(label: str) -> str:
    """Where this machine's own apt fetches the archive of that label from."""
    command = ["apt-get", "indextargets", "--format", "$(SITE)", f"Label: {label}"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    if not found:
        raise SystemExit(f"this machine's apt knows no mirror of {label}: run apt-get update on a Debian")
    return found[0]


def stanza(package: Path) -> str:
    """One package in the index of a repository (deb822), as dpkg-scanpackages writes it."""
    told = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True, check=True).stdout
    return f"{told.rstrip()}\nFilename: ./{package.name}\nSize: {package.stat().st_size}\nSHA256: {digest(package)}\n"


def sums(folder: Path) -> str:
    """Write SHA256SUMS over every file; its own SHA-256."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    text = "".join(f"{digest(path)}  {path.relative_to(folder)}\n" for path in files)
    (folder / "SHA256SUMS").write_text(text)
    return digest(folder / "SHA256SUMS")


def digest(path: Path) -> str:
    """SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
