"""`intake review preview`: plain pixels at the terminal or in a folder in memory, or a refusal in clear words."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.errors import Exit
from intake.review.handling import handling_of
from intake.review.importing import Import
from intake.review.preview import Picture
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.desk import review
from tests.harness.keys import World, make_world
from tests.harness.vaults import make_vault, open_vault

PHOTO = Picture(1, 64, 32, 3, bytes((200, 30, 30)) * 64 * 16 + bytes((0, 0, 60)) * 64 * 16).png() + b"a serial number"
ID, BARE = f"{1:032x}", f"{2:032x}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def vault(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    files = [PHOTO, b"\xff\xd8\xff no photo at all"]
    sealed = {
        ID: seal_report(make_report(world, 1, files), world.reviewers, files),
        BARE: seal_report(make_report(world, 2), world.reviewers),
    }
    bundle = folder / "a.bundle"
    bundle.write_bytes(make_bundle(world, sealed))
    with make_vault(world, folder / "vault") as made, Import(made, world.reviewers[:1], workers=1) as work:
        assert len([*work.take(bundle)]) == 2
    return folder / "vault"


@pytest.fixture
def memory() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield folder / "look"
    shutil.rmtree(folder)


def test_a_picture_is_drawn_in_letters_and_looking_counts_as_reading(world: World, vault: Path) -> None:
    done = review(vault, "preview", ID, "--file", 1)
    assert done.returncode == Exit.OK, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head == "file 1 (photo 1.jpg), page 1 of 1"
    assert len({len(row) for row in rows}) == 1
    assert set(rows[0]) != set(rows[-1]), "the upper half is brighter"
    with open_vault(world, vault) as desk, desk.reading() as connection:
        assert handling_of(connection, ID).seen == ("r1",)


def test_what_is_malformed_is_named_and_the_rest_shown(vault: Path) -> None:
    done = review(vault, "preview", ID)
    assert done.returncode == Exit.SOME_FAILED
    assert "file 1 (photo 1.jpg)" in done.stdout
    assert "file 2: it is malformed" in done.stderr
    assert review(vault, "preview", ID, "--file", 2).returncode == Exit.FAULT
    assert "there is no file 3: it has 2" in review(vault, "preview", ID, "--file", 3).stderr
    assert "it has no files" in review(vault, "preview", BARE).stderr


def test_new_files_are_written_to_memory_and_never_to_a_disk_by_accident(vault: Path, memory: Path) -> None:
    done = review(vault, "preview", ID, "--file", 1, "--to", memory, "--colour")
    assert done.returncode == Exit.OK, done.stderr
    written = memory / "01-001.png"
    assert written.read_bytes().startswith(b"\x89PNG")
    assert b"a serial number" not in written.read_bytes(), "our own pixels, not the original"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(memory.stat().st_mode) == 0o700
    refused = review(vault, "preview", ID, "--file", 1, "--to", vault.parent / "look")
    assert refused.returncode == Exit.USAGE
    assert "is on a disk" in refused.stderr
    assert not (vault.parent / "look").exists()


def test_without_the_sandbox_nothing_is_shown(vault: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("bwrap", path=os.environ["PATH"]) is None
    done = review(vault, "preview", ID, "--file", 1)
    assert done.returncode == Exit.FAULT
    assert "bubblewrap is missing" in done.stderr
    assert "are not shown in any other way" in done.stderr
    assert done.stdout == ""
