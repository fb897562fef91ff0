"""`intake review import`, as a reviewer types it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.errors import Exit
from intake.report.blocks import split
from intake.review.vault import Vault
from tests.harness.bundles import index_of, make_bundle, make_report, seal_report
from tests.harness.desk import review
from tests.harness.keys import World, make_world
from tests.harness.vaults import PASSPHRASE, QUICK


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


@pytest.fixture
def vault(world: World, tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    Vault.create(
        folder, PASSPHRASE, signing=world.reviewer_keys[0], roots=world.typed, notes=world.notes, cost=QUICK
    ).close()
    return folder


def test_a_stick_is_taken_in_and_what_is_urgent_said(world: World, vault: Path, tmp_path: Path) -> None:
    (tmp_path / "usb").mkdir()
    reports = [make_report(world, 1, answers={"urgent": ["child"]}), make_report(world, 2)]
    first = make_bundle(world, {each.id: seal_report(each, world.reviewers) for each in reports})
    second = make_bundle(world, {}, serial=3, previous=bytes(32), reports=index_of(first).reports[:0])
    (tmp_path / "usb" / "a.bundle").write_bytes(first)
    key = world.folder / "reviewer-r1.age"
    done = review(vault, "import", tmp_path / "usb", "-i", key, keys=1)
    assert done.returncode == Exit.OK, done.stderr
    assert "2 new." in done.stderr
    assert "T0: 1 can't wait. Read them now: intake review inbox" in done.stderr
    (tmp_path / "usb" / "b.bundle").write_bytes(second)
    done = review(vault, "import", tmp_path / "usb", "-i", key, "--json", keys=1)
    assert done.returncode == Exit.CHAIN, done.stderr
    assert "ALARM: b.bundle: bundle 2 is missing before bundle 3" in done.stderr
    told = json.loads(done.stdout)
    assert [each["became"] for each in told["reports"]] == ["before", "before"]


def test_nothing_a_report_says_moves_the_terminal(world: World, vault: Path, tmp_path: Path) -> None:
    (tmp_path / "\x1b[31m.age").write_bytes(b"no sealed file")
    done = review(vault, "import", tmp_path / "\x1b[31m.age", "-i", world.folder / "reviewer-r1.age", keys=1)
    assert done.returncode == Exit.SOME_FAILED
    assert "\x1b" not in done.stderr
    assert "not sealed" in done.stderr


def test_the_same_report_by_bundle_file_and_pasted_text_is_one_submission(
    world: World, vault: Path, tmp_path: Path
) -> None:
    report = make_report(world, 1)
    body = seal_report(report, world.reviewers)
    (tmp_path / "usb").mkdir()
    (tmp_path / "usb" / "a.bundle").write_bytes(make_bundle(world, {report.id: body}))
    (tmp_path / "usb" / "b.age").write_bytes(body)
    (tmp_path / "usb" / "c.txt").write_text("\n".join(reversed(split(body))))
    other = split(seal_report(make_report(world, 2), world.reviewers))
    (tmp_path / "usb" / "d.txt").write_text("\n".join(other[:-1]))
    key = world.folder / "reviewer-r1.age"
    done = review(vault, "import", tmp_path / "usb", "-i", key, "--json", keys=1)
    told = json.loads(done.stdout)
    assert sorted(each["became"] for each in told["reports"]) == ["before", "before", "new"]
    assert [f"block {len(other)} missing" in each["error"] for each in told["files"]] == [True]


def test_a_sealed_file_counts_under_any_name_and_other_files_are_passed_over(
    world: World, vault: Path, tmp_path: Path
) -> None:
    (usb := tmp_path / "usb").mkdir()
    for number, name in enumerate(("notes.dat", "ошхона.txt", "IMG-1", "a.age"), 1):
        (usb / name).write_bytes(seal_report(make_report(world, number), world.reviewers))
    (usb / "photo.jpg").write_bytes(b"no sealed file")
    (usb / "folder.dat").mkdir()
    (usb / "nowhere").symlink_to(tmp_path / "nothing")
    done = review(vault, "import", usb, "-i", world.folder / "reviewer-r1.age", keys=1)
    assert done.returncode == Exit.OK, done.stderr
    assert "4 new." in done.stderr


def test_what_waits_in_quarantine_is_backed_up_and_verified(world: World, vault: Path, tmp_path: Path) -> None:
    stranger = make_world(tmp_path / "strangers", reviewers=1)
    (tmp_path / "usb").mkdir()
    (tmp_path / "usb" / "a.age").write_bytes(seal_report(make_report(world, 1), stranger.reviewers))
    (tmp_path / "usb" / "b.age").write_bytes(seal_report(make_report(world, 2), world.reviewers))
    done = review(vault, "import", tmp_path / "usb", "-i", world.folder / "reviewer-r1.age", keys=1)
    assert "1 new, 1 waiting for a key." in done.stderr
    (tmp_path / "copy").mkdir()
    assert review(vault, "vault backup", "--to", tmp_path / "copy").returncode == Exit.OK
    assert len(list((tmp_path / "copy" / "sealed").glob("*/*.age"))) == 2
    for folder, flag in ((vault, []), (tmp_path / "copy", ["--lent"])):
        checked = review(folder, "vault verify", *flag)
        assert (checked.returncode, "belong to nothing" in checked.stdout + checked.stderr) == (Exit.OK, False)
    damaged = next(
        (vault / "sealed").glob(f"*/{hashlib.sha256((tmp_path / 'usb' / 'a.age').read_bytes()).hexdigest()}.age")
    )
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert review(vault, "vault verify").returncode == Exit.DAMAGED
