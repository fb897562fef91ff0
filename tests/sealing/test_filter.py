"""`python -m intake.sealing`: stdin to stdout, only what verified, one line of reason, the promised exit status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from intake.errors import Exit
from intake.sealing import HybridIdentity, ScryptRecipient, X25519Identity, seal_bytes
from tests.harness.node import run_node
from tests.harness.sealing import BOUNDARIES, pattern

IDENTITY = HybridIdentity(b"\x07" * 32)
CURVE = X25519Identity(b"\x07" * 32)


def run(*arguments: str, data: bytes = b"", passphrases: str = "") -> "subprocess.CompletedProcess[bytes]":
    read, write = os.pipe()
    os.write(write, passphrases.encode())
    os.close(write)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("INTAKE_")}
    try:
        return subprocess.run(
            [sys.executable, "-m", "intake.sealing", *arguments],
            input=data,
            capture_output=True,
            env=environment | {"INTAKE_PASSPHRASE_FD": str(read)},
            pass_fds=[read],
        )
    finally:
        os.close(read)


@pytest.fixture
def key(tmp_path: Path) -> str:
    path = tmp_path / "identity.txt"
    path.write_text(f"# reviewer\n{CURVE}\n{IDENTITY}\nPRIVATE+KEY+left+alone\n")
    return str(path)


@pytest.mark.parametrize("length", BOUNDARIES[::3])
@pytest.mark.parametrize("armor", [(), ("--armor",)], ids=["binary", "armored"])
def test_what_goes_in_comes_out(length: int, armor: tuple[str, ...], key: str) -> None:
    sealed = run("--encrypt", *armor, "-r", str(IDENTITY.recipient), data=pattern(length))
    assert (sealed.returncode, sealed.stderr) == (Exit.OK, b"")
    opened = run("--decrypt", "-i", key, data=sealed.stdout)
    assert (opened.returncode, opened.stderr) == (Exit.OK, b"")
    assert opened.stdout == pattern(length)


def test_typage_reads_and_writes_the_same_streams(key: str) -> None:
    sealed = run("-e", "-r", str(IDENTITY.recipient), data=pattern(200_000))
    assert run_node("filter.mjs", "open", str(IDENTITY), data=sealed.stdout) == pattern(200_000)
    theirs = run_node("filter.mjs", "seal", str(IDENTITY.recipient), data=pattern(200_000))
    assert run("-d", "-i", key, data=theirs).stdout == pattern(200_000)


def test_passphrases_of_files_and_of_identities_are_asked_for(tmp_path: Path) -> None:
    by_passphrase = seal_bytes(b"text", [ScryptRecipient("right", 4)])
    opened = run("-d", data=by_passphrase, passphrases="right\n")
    assert (opened.returncode, opened.stdout) == (Exit.OK, b"text")
    assert run("-d", data=by_passphrase, passphrases="wrong\n").returncode == Exit.NO_KEY
    path = tmp_path / "identity.age"
    path.write_bytes(seal_bytes(f"{IDENTITY}\n".encode(), [ScryptRecipient("right", 4)]))
    sealed = seal_bytes(b"text", [IDENTITY.recipient])
    assert run("-d", "-i", str(path), data=sealed, passphrases="right\n").stdout == b"text"
    refused = run("-d", "-i", str(path), data=sealed, passphrases="wrong\n")
    assert (refused.returncode, refused.stdout) == (Exit.NO_KEY, b"")
    written = run("-e", "-p", data=b"text", passphrases="new one\n")
    assert run("-d", data=written.stdout, passphrases="new one\n").stdout == b"text"


def _reason(done: "subprocess.CompletedProcess[bytes]") -> str:
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("intake.sealing: ")
    return line


def test_only_verified_chunks_come_out_of_a_broken_file(key: str) -> None:
    plain = pattern(200_000)
    data = bytearray(seal_bytes(plain, [IDENTITY.recipient]))
    data[-1] ^= 1
    done = run("-d", "-i", key, data=bytes(data))
    assert done.returncode == Exit.DAMAGED
    assert done.stdout == plain[: 3 * 65536]
    assert "chunk 4 does not verify" in _reason(done)


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"", Exit.DAMAGED, "empty"),
        (b"plain text", Exit.DAMAGED, "not sealed"),
        (seal_bytes(b"x", [IDENTITY.recipient])[:-1], Exit.DAMAGED, "cut off"),
        (seal_bytes(b"x", [IDENTITY.recipient])[:100], Exit.DAMAGED, "cut off"),
        (b"-----BEGIN AGE ENCRYPTED FILE-----\n", Exit.DAMAGED, "armor"),
        (seal_bytes(b"x", [HybridIdentity.generate().recipient]), Exit.NO_KEY, "none of the identities"),
    ],
)
def test_a_file_that_does_not_open_gives_nothing_and_a_reason(data: bytes, status: Exit, reason: str, key: str) -> None:
    done = run("-d", "-i", key, data=data)
    assert (done.returncode, done.stdout) == (status, b"")
    assert reason in _reason(done)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-d", "-e"),
        ("-e",),
        ("-e", "-r", "age1x"),
        ("-e", "-r", str(IDENTITY.recipient), "-r", str(CURVE.recipient)),
        ("-e", "-i", "x"),
        ("-d", "-r", "age1x"),
        ("-d", "-i", "/nonexistent\x1b[2J"),
        ("--nonsense",),
    ],
)
def test_a_wrong_command_line_is_usage(arguments: tuple[str, ...]) -> None:
    done = run(*arguments, data=b"x")
    assert (done.returncode, done.stdout) == (Exit.USAGE, b"")
    assert "\x1b" not in _reason(done)


def test_a_full_disk_is_a_fault_with_one_line(key: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "intake.sealing", "-e", "-r", str(IDENTITY.recipient)],
            input=pattern(200_000),
            stdout=full,
            stderr=subprocess.PIPE,
        )
    assert done.returncode == Exit.FAULT
    assert "No space left" in _reason(done)


def test_memory_stays_flat(key: str) -> None:
    def peak(length: int) -> int:
        """KiB of the larger of the two processes of a round trip."""
        script = (
            "import resource, subprocess, sys\n"
            "run = [sys.executable, '-m', 'intake.sealing']\n"
            "length = int(sys.argv[1])\n"
            "head = subprocess.Popen(['head', '-c', str(length), '/dev/zero'], stdout=subprocess.PIPE)\n"
            "seal = subprocess.Popen([*run, '-e', '-r', sys.argv[2]], stdin=head.stdout, stdout=subprocess.PIPE)\n"
            "done = subprocess.Popen([*run, '-d', '-i', sys.argv[3]], stdin=seal.stdout, stdout=subprocess.PIPE)\n"
            "count = 0\n"
            "while data := done.stdout.read(1 << 20):\n"
            "    count += len(data)\n"
            "assert (count, done.wait(), seal.wait(), head.wait()) == (length, 0, 0, 0)\n"
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
        )
        command = [sys.executable, "-c", script, str(length), str(IDENTITY.recipient), key]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert peak(200_000_000) - peak(1000) < 8_000
