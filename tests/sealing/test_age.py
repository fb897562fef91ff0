"""Exchange with Debian's `age`: X25519 and passphrase files both ways, armor, and identity files as it writes them."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from intake.sealing import (
    ArmorWriter,
    ScryptIdentity,
    ScryptRecipient,
    Sealer,
    X25519Identity,
    dearmor,
    open_bytes,
    open_identity_file,
    open_sealed,
    parse_identities,
    seal_bytes,
)
from tests.harness.sealing import BOUNDARIES, pattern

PASSPHRASE = "correct horse дарё"


def age(*arguments: str, data: bytes) -> bytes:
    return subprocess.run(["age", *arguments], input=data, capture_output=True, check=True).stdout


def age_with_a_terminal(*arguments: str, answers: Sequence[str]) -> None:
    """Run age with a terminal of its own, and type an answer whenever it asks."""
    ours, theirs = pty.openpty()
    # A session leader takes the first terminal that it opens as its own; age asks there and nowhere else.
    start = "import os, sys; os.setsid(); os.open(sys.argv[1], os.O_RDWR); os.execvp(sys.argv[2], sys.argv[2:])"
    command = [sys.executable, "-c", start, os.ttyname(theirs), "age", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    left = list(answers)
    try:
        while select.select([ours], [], [], 60)[0]:
            try:
                seen += os.read(ours, 1000)
            except OSError:  # the terminal is gone with the last process that held it
                break
            if left and seen.rstrip().endswith(b":"):
                seen = b""
                os.write(ours, left.pop(0).encode() + b"\n")
        assert process.wait(60) == 0, seen
        assert not left
    finally:
        os.close(ours)


@pytest.fixture
def identity(tmp_path: Path) -> X25519Identity:
    """One that age-keygen made, from the file as it wrote it."""
    subprocess.run(["age-keygen", "-o", str(tmp_path / "identity.txt")], capture_output=True, check=True)
    (found,) = parse_identities((tmp_path / "identity.txt").read_text())
    assert isinstance(found, X25519Identity)
    assert f"# public key: {found.recipient}\n" in (tmp_path / "identity.txt").read_text()
    return found


@pytest.mark.parametrize("length", BOUNDARIES)
def test_files_go_both_ways(identity: X25519Identity, length: int, tmp_path: Path) -> None:
    plain = pattern(length)
    assert open_bytes(age("-r", str(identity.recipient), data=plain), [identity]) == plain
    ours = seal_bytes(plain, [X25519Identity.generate().recipient, identity.recipient])
    assert age("-d", "-i", str(tmp_path / "identity.txt"), data=ours) == plain


@pytest.mark.parametrize("length", [0, 20, 1000, 65537])
def test_armor_goes_both_ways(identity: X25519Identity, length: int, tmp_path: Path) -> None:
    plain = pattern(length)
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.write_bytes(age("-a", "-r", str(identity.recipient), data=plain))
    with theirs.open("rb") as source:
        assert open_sealed(dearmor(source), [identity]).read() == plain
    with ours.open("wb") as sink, ArmorWriter(sink) as armor, Sealer(armor, [identity.recipient]) as sealer:
        sealer.write(plain)
    assert age("-d", "-i", str(tmp_path / "identity.txt"), data=ours.read_bytes()) == plain


@pytest.mark.parametrize("armor", [[], ["-a"]], ids=["binary", "armored"])
def test_passphrase_files_go_both_ways(tmp_path: Path, armor: list[str]) -> None:
    plain, theirs, ours, back = (tmp_path / name for name in ("plain", "theirs", "ours", "back"))
    plain.write_bytes(pattern(70_000))
    age_with_a_terminal("-p", *armor, "-o", str(theirs), str(plain), answers=[PASSPHRASE, PASSPHRASE])
    with theirs.open("rb") as source:
        assert open_sealed(dearmor(source), [ScryptIdentity(PASSPHRASE)]).read() == plain.read_bytes()
    ours.write_bytes(seal_bytes(plain.read_bytes(), [ScryptRecipient(PASSPHRASE, 10)]))
    age_with_a_terminal("-d", "-o", str(back), str(ours), answers=[PASSPHRASE])
    assert back.read_bytes() == plain.read_bytes()


def test_an_identity_file_under_a_passphrase_goes_both_ways(identity: X25519Identity, tmp_path: Path) -> None:
    plain, theirs, ours = (tmp_path / name for name in ("identity.txt", "theirs.age", "ours.age"))
    age_with_a_terminal("-p", "-a", "-o", str(theirs), str(plain), answers=[PASSPHRASE, PASSPHRASE])
    assert open_identity_file(theirs.read_bytes(), lambda: PASSPHRASE) == (identity,)
    ours.write_bytes(seal_bytes(plain.read_bytes(), [ScryptRecipient(PASSPHRASE, 10)]))
    sealed, back = tmp_path / "sealed", tmp_path / "back"
    sealed.write_bytes(seal_bytes(b"text", [identity.recipient]))
    age_with_a_terminal("-d", "-i", str(ours), "-o", str(back), str(sealed), answers=[PASSPHRASE])
    assert back.read_bytes() == b"text"
