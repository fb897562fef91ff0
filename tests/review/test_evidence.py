"""The log for a court: checked by a program of its own, without this software; it shows what was asked for, no more."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from intake.errors import Exit
from intake.review import cases, handling, proof
from intake.review.evidence import write
from intake.review.importing import Import
from intake.review.ladder import Judgement
from intake.review.sync import read
from intake.review.sync import write as write_stick
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.desk import review
from tests.harness.keys import World, make_world
from tests.harness.vaults import make_vault, noon, open_vault

ABOUT, OTHER = f"{1:032x}", f"{2:032x}"
SHOWN, WITHHELD, SECRET = "shown-canary", "withheld-canary", "contact-canary"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def vault(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vault that holds two reviewers' logs."""
    folder = tmp_path_factory.mktemp("vaults")
    bundle = folder / "a.bundle"
    sealed = {f"{n:032x}": seal_report(make_report(world, n), world.reviewers) for n in (1, 2)}
    bundle.write_bytes(make_bundle(world, sealed))
    with make_vault(world, folder / "r1", 1) as one, make_vault(world, folder / "r2", 2) as two:
        with Import(one, world.reviewers[:1], workers=1) as work:
            assert len(list(work.take(bundle))) == 2
        with one.journal() as journal:
            handling.set_mark(journal, ABOUT, "tag", SHOWN, on=True)
            handling.set_mark(journal, OTHER, "tag", WITHHELD, on=True)
            handling.look(journal, ABOUT, "r1", noon(world), (SECRET,))
        with two.journal() as journal:
            case = cases.open_case(journal, WITHHELD)
            cases.judge(journal, case, OTHER, Judgement.PLAUSIBLE)
        path, _ = write_stick(two, folder)
        read(one, path, world.reviewers)
    return folder / "r1"


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    """The program in the folder, alone: it can import nothing of ours."""
    command = [sys.executable, "-I", "-S", str(folder / "verify.py")]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def text_of(folder: Path) -> str:
    return "".join(path.read_text() for path in sorted(folder.rglob("*")) if path.is_file())


def test_it_is_checked_without_us_and_shows_what_was_asked_for(world: World, vault: Path, tmp_path: Path) -> None:
    folder = tmp_path / "court"
    done = review(vault, "log export", "--to", folder, "--about", ABOUT, "--yes")
    assert done.returncode == Exit.OK, done.stderr
    found = checked(folder)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "All of it is as it was signed." in found.stdout
    for label, fingerprint in zip("abc", world.fingerprints, strict=True):
        assert f"root {label}: {fingerprint}" in found.stdout
    assert "r2: 2 events, 0 contents" in found.stdout
    told = text_of(folder)
    assert SHOWN in told
    assert WITHHELD not in told
    assert SECRET not in told
    with open_vault(world, vault) as opened:
        (digest, *_) = (bytes(each).hex() for each in opened.originals.all())
    assert digest in told, "custody: the sealed file by its hash"
    assert {path.stat().st_mode & 0o077 for path in folder.rglob("*")} == {0}
    again = review(vault, "log export", "--to", folder, "--yes")
    assert again.returncode == Exit.FAULT
    assert "exists already" in again.stderr


def test_by_default_it_shows_the_chain_alone_and_never_a_witness(world: World, vault: Path, tmp_path: Path) -> None:
    with open_vault(world, vault) as opened:
        bare, full = write(opened, tmp_path / "bare", ()), write(opened, tmp_path / "full", (), everything=True)
    assert (bare.shown, bare.events) == (0, full.events)
    assert 0 < full.shown < full.events
    told = text_of(tmp_path / "full")
    assert SHOWN in told
    assert WITHHELD in told
    assert SECRET not in told
    for name in ("bare", "full"):
        assert checked(tmp_path / name).returncode == 0


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


TAMPERED: dict[str, Callable[[Path], object]] = {
    "another day": lambda folder: change(folder / "log/r1/000000002.note", "utc 20", "utc 21"),
    "another content": lambda folder: change(next((folder / "log/r1").glob("*.json")), "content", "content "),
    "other words": lambda folder: change(
        next(path for path in (folder / "log/r1").glob("*.json") if SHOWN in path.read_text()), SHOWN, "another-word"
    ),
    "one left out": lambda folder: (folder / "log/r1/000000002.note").unlink(),
    "the first left out": lambda folder: (folder / "log/r1/000000001.note").unlink(),
    "another's log": lambda folder: change(folder / "log/r2/000000001.note", "reviewer r2", "reviewer r1"),
    "another keyring": lambda folder: change(folder / "keyring/000001.note", "threshold 2", "threshold 1"),
    "no log at all": lambda folder: [shutil.move(each, folder) for each in (folder / "log").iterdir()],
}


@pytest.fixture(scope="module")
def written(world: World, vault: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written") / "full"
    with open_vault(world, vault) as opened:
        write(opened, folder, (), everything=True)
    return folder


@pytest.mark.parametrize("how", TAMPERED)
def test_what_was_changed_is_found(written: Path, tmp_path: Path, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(written, tmp_path / "full")
    assert proof.main(tmp_path / "full") == 0
    TAMPERED[how](tmp_path / "full")
    try:
        assert proof.main(tmp_path / "full") == 1
    except (KeyError, ValueError) as error:
        assert how == "another content", error  # noqa: PT017  # no JSON of this shape: as plain a refusal
