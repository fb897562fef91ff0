"""`intake review forget`, as a reviewer types it: a key goes when the bundles prove it, and not before."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from intake.errors import Exit
from intake.keyring.backups import SheetSet
from intake.keyring.files import note_backup
from intake.keyring.identity import open_private
from intake.keyring.shares import public_texts
from intake.review.importing import Import
from intake.review.log import Content
from intake.review.tables import event
from intake.review.vault import Vault
from intake.sealing import HybridIdentity
from tests.harness.bundles import index_of, make_bundle, make_report, seal_report
from tests.harness.desk import review
from tests.harness.keys import PASSPHRASE as KEY_PASSPHRASE
from tests.harness.keys import World, make_world
from tests.harness.vaults import PASSPHRASE, QUICK


@dataclass(frozen=True)
class Desk:
    """r1's vault and private file; r1 was rotated in keyring 2, which closed keyring 1. Three bundles came."""

    vault: Path
    key: Path
    world: World
    sticks: tuple[bytes, ...]

    def take(self, *numbers: int) -> None:
        with Vault.open(self.vault, PASSPHRASE) as vault, Import(vault, self.world.reviewers[:1], workers=1) as work:
            for number in numbers:
                path = self.vault.with_name(f"{number}.bundle")
                path.write_bytes(self.sticks[number - 1])
                list(work.take(path))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    world = make_world(tmp_path / "keys", today=datetime.now(UTC).date())
    reports = [make_report(world, number) for number in (1, 2)]
    sealed = [{each.id: seal_report(each, world.reviewers)} for each in reports]
    later = world.next(reviewers=[HybridIdentity.generate(), *world.reviewers[1:]], closed_through=1)
    first = make_bundle(world, sealed[0])
    both = {**sealed[0], **sealed[1]}
    second = make_bundle(world, both, serial=2, previous=index_of(first).hash)
    third = make_bundle(later, both, serial=3, previous=index_of(second).hash, closed=(1,))
    Vault.create(
        tmp_path / "vault", PASSPHRASE, signing=world.reviewer_keys[0], roots=world.typed, notes=world.notes, cost=QUICK
    ).close()
    (tmp_path / "mine").mkdir()
    key = tmp_path / "mine" / "reviewer-r1.age"
    shutil.copy(world.folder / "reviewer-r1.age", key)
    return Desk(tmp_path / "vault", key, world, (first, second, third))


def forget(desk: Desk, *arguments: str) -> tuple[int, str, str]:
    done = review(desk.vault, "forget", desk.key, *arguments, keys=1)
    return done.returncode, done.stdout, done.stderr


def test_with_one_bundle_withheld_it_refuses_and_names_it(desk: Desk) -> None:
    before = desk.key.read_bytes()
    desk.take(1, 3)
    status, _, said = forget(desk, "--yes")
    assert status == Exit.CHAIN, said
    assert "Missing: bundle 2 is missing: it may carry reports sealed to it." in said
    assert desk.key.read_bytes() == before
    desk.take(2)
    status, told, said = forget(desk, "--yes")
    assert status == Exit.OK, said
    assert "Proved" in said
    assert told == f"Destroyed: {desk.key}\n"
    assert list(desk.key.parent.iterdir()) == []
    for number in (1, 2):
        shown = review(desk.vault, "show", f"{number:032x}")
        assert f"№{number}" in shown.stdout, "what was imported stays readable"


def test_the_end_of_the_chain_must_call_its_keyrings_closed(desk: Desk) -> None:
    desk.take(1, 2)
    status, _, said = forget(desk, "--yes")
    assert status == Exit.CHAIN
    assert "keyring 1, the newest, still names it: rotate or retire it first" in said
    assert desk.key.exists()


def test_nobody_is_asked_without_a_terminal_and_nothing_is_destroyed(desk: Desk) -> None:
    desk.take(1, 2, 3)
    status, _, said = forget(desk)
    assert status == Exit.USAGE
    assert "Proved" in said
    assert desk.key.exists()


def test_in_danger_it_says_what_is_lost_and_lists_what_to_burn(desk: Desk) -> None:
    private = open_private(desk.key.read_bytes(), KEY_PASSPHRASE)
    note_backup(desk.key, public_texts(private), SheetSet("04711", 3, 5, date(2026, 11, 24)))
    status, told, said = forget(desk, "--now", "--yes")
    assert status == Exit.OK, said
    assert "What will be lost: whatever is sealed to this key and not in the vault" in said
    assert "Not proved: no bundle was imported here" in said
    assert "Burn: sheets 1 to 5 of set 04711" in told
    assert list(desk.key.parent.iterdir()) == []
    with Vault.open(desk.vault, PASSPHRASE) as vault, vault.reading() as connection:
        row = connection.execute(select(event).where(event.c.kind == "identity")).one()
    told_so = Content.parse(row.content.encode()).new
    assert isinstance(told_so, dict)
    assert told_so["proved"] is False


def test_what_waited_for_the_key_is_taken_in_before_it_goes(desk: Desk) -> None:
    with Vault.open(desk.vault, PASSPHRASE) as vault, Import(vault, desk.world.reviewers[2:], workers=1) as work:
        path = desk.vault.with_name("only.age")
        path.write_bytes(seal_report(make_report(desk.world, 9), desk.world.reviewers[:1]))
        assert [arrival.became for arrival in work.take(path)] == ["waits"]
    status, _, said = forget(desk, "--now", "--yes")
    assert status == Exit.OK
    assert "1 that waited for this key were taken in first." in said
    assert "№9" in review(desk.vault, "show", f"{9:032x}").stdout
