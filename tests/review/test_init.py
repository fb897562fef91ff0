"""`intake review init`, as a person runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from intake.errors import Exit, KeyringRefused
from intake.keyring.identity import open_private
from intake.keyring.trust import Roots
from intake.review import practice
from intake.review.vault import Vault
from tests.harness.keys import PASSPHRASE as KEY_PASSPHRASE
from tests.harness.keys import World, make_world

PASSPHRASE = "six words drawn by dice"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


def review(*arguments: str | Path, secrets: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    reader, writer = os.pipe()
    os.write(writer, "".join(f"{secret}\n" for secret in secrets).encode())
    os.close(writer)
    try:
        return subprocess.run(
            [sys.executable, "-m", "intake", "review", *arguments],
            env={**os.environ, "INTAKE_PASSPHRASE_FD": str(reader)},
            pass_fds=[reader],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        os.close(reader)


def test_a_vault_is_made_from_a_private_file_and_paper(world: World, tmp_path: Path) -> None:
    key, folder = world.folder / "reviewer-r2.age", tmp_path / "vault"
    roots = [group for fingerprint in world.fingerprints for group in fingerprint.split()]
    made = ["init", "--vault", str(folder), "-i", str(key), "--root", *roots]
    done = review(
        *made,
        *("--keyring", str(world.folder / "keyring.note")),
        secrets=[KEY_PASSPHRASE, PASSPHRASE],
    )
    assert done.returncode == Exit.OK, done.stderr
    assert done.stdout == ""
    with Vault.open(folder, PASSPHRASE) as vault:
        assert (vault.origin, vault.label, vault.practice) == (world.origin, "r2", False)
        assert vault.signing == world.reviewer_keys[1]
        assert vault.roots == Roots(world.fingerprints, 2)
        assert vault.pin == world.pin
    before = (folder / "vault.db").read_bytes()
    again = review(*made, secrets=[KEY_PASSPHRASE, PASSPHRASE])
    assert again.returncode == Exit.USAGE
    assert (folder / "vault.db").read_bytes() == before


def test_a_keyring_that_is_not_on_the_paper_makes_no_vault(world: World, tmp_path: Path) -> None:
    stranger = make_world(tmp_path / "stranger")
    done = review(
        *("init", "--vault", str(tmp_path / "vault"), "-i", str(world.folder / "reviewer-r1.age")),
        *("--root", *world.fingerprints, "--keyring", str(stranger.folder / "keyring.note")),
        secrets=[KEY_PASSPHRASE, PASSPHRASE],
    )
    assert done.returncode == Exit.KEYRING, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["stranger"]


@pytest.mark.parametrize("given", [(), ("--practice", "--root", "12345"), ("-i", "reviewer-r1.age")])
def test_what_is_not_said_is_asked_for(given: Sequence[str], tmp_path: Path) -> None:
    done = review("init", "--vault", tmp_path / "vault", *given, secrets=[PASSPHRASE])
    assert done.returncode == Exit.USAGE
    assert not (tmp_path / "vault").exists()


def test_a_practice_vault_and_a_real_one_never_mix(world: World, tmp_path: Path) -> None:
    folder, stick = tmp_path / "vault", tmp_path / "vault-stick"
    done = review("init", "--vault", folder, "--practice", secrets=[PASSPHRASE])
    assert done.returncode == Exit.OK, done.stderr
    assert "PRACTICE" in done.stderr
    private = open_private((stick / "reviewer-r1.age").read_bytes(), PASSPHRASE)
    assert (stick / practice.BUNDLE).read_bytes()
    with Vault.open(folder, PASSPHRASE) as vault:
        assert vault.practice
        assert vault.signing == private.signing
        with pytest.raises(KeyringRefused):
            vault.believe(world.notes)
    done = review(
        *("init", "--vault", str(tmp_path / "real"), "-i", str(stick / "reviewer-r1.age")),
        *("--root", *world.fingerprints),
        secrets=[PASSPHRASE, PASSPHRASE],
    )
    assert done.returncode == Exit.USAGE, "a practice key makes no real vault"
