"""A change by the code at two desks: it stops at each, decisions travel with the logs, and the commands tell it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.errors import Exit, Usage
from intake.report.package import Report
from intake.review import decisions, sync
from intake.review.decisions import standing_of
from intake.review.importing import Import
from intake.review.vault import Vault
from intake.review.verification import verify
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.desk import review
from tests.harness.keys import World, make_world
from tests.harness.outboxes import holder
from tests.harness.vaults import PASSPHRASE, QUICK, make_vault


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


@pytest.fixture
def reports(world: World) -> tuple[Report, Report]:
    """A report that allows two things, and its withdrawal by the code."""
    asked = holder(world, 1)
    first = make_report(
        world, 1 << 100, reply_to=asked.reply_to, answers={"consent": ["lawyer", "count"], "now": "held"}
    )
    back = make_report(
        world, 2 << 100, reply_to=asked.reply_to, in_reply_to=asked.mailbox, answers={"change": "withdraw"}
    )
    return first, back


@pytest.fixture
def desks(world: World, tmp_path: Path) -> Iterator[tuple[Vault, Vault]]:
    with make_vault(world, tmp_path / "a", 1) as one, make_vault(world, tmp_path / "b", 2) as two:
        yield one, two


def take(world: World, vault: Vault, path: Path, reviewer: int, *reports: Report, serial: int = 1) -> None:
    path.write_bytes(make_bundle(world, {each.id: seal_report(each, world.reviewers) for each in reports}))
    with Import(vault, [world.reviewers[reviewer - 1]], workers=1) as work:
        assert all(each.error is None for each in work.take(path))


def carry(world: World, sender: Vault, receiver: Vault, folder: Path) -> None:
    assert sync.read(receiver, sync.write(sender, folder)[0], world.reviewers).gaps == []


def decide(vault: Vault, holds: Report, confirmed: str = "") -> None:
    with vault.journal() as journal:
        decisions.decide(journal, vault.label, holds.id, "read by both", confirmed)


def stands(vault: Vault, report: Report) -> tuple[bool, set[str]]:
    with vault.reading() as connection:
        told = standing_of(connection, report.id)
    return told.stopped is None, set(told.allowed)


def test_a_withdrawal_stops_at_every_desk_and_two_set_it_aside(
    world: World, desks: tuple[Vault, Vault], reports: tuple[Report, Report], tmp_path: Path
) -> None:
    first, back = reports
    one, two = desks
    take(world, one, tmp_path / "a.bundle", 1, first)
    assert stands(one, first) == (True, {"lawyer", "count"})
    take(world, two, tmp_path / "b.bundle", 2, first, back)
    assert stands(two, first) == stands(two, back) == (False, set())
    decide(two, first)
    assert stands(two, first) == (False, set())
    carry(world, two, one, tmp_path)
    take(world, one, tmp_path / "c.bundle", 1, back)
    assert stands(one, first) == (False, set())
    decide(one, first)
    assert stands(one, first) == (True, {"lawyer", "count"})
    carry(world, one, two, tmp_path)
    assert stands(two, first) == stands(two, back) == (True, {"lawyer", "count"})
    decide(one, back)
    assert stands(one, first) == (False, set()), "now they differ"
    carry(world, one, two, tmp_path)
    decide(two, back)
    assert stands(two, first) == (True, set())
    for desk in desks:
        assert verify(desk).faults == ()


def test_a_stopped_report_stays_whole(
    world: World, desks: tuple[Vault, Vault], reports: tuple[Report, Report], tmp_path: Path
) -> None:
    one, _ = desks
    take(world, one, tmp_path / "a.bundle", 1, *reports)
    decide(one, reports[1])
    assert stands(one, reports[0]) == (True, set())
    found = verify(one, whole=True)
    assert (found.faults, found.originals) == ((), 2), "only a person deletes, by another command"


def test_what_can_not_be_decided_says_why(
    world: World, desks: tuple[Vault, Vault], reports: tuple[Report, Report], tmp_path: Path
) -> None:
    first, back = reports
    one, two = desks
    take(world, one, tmp_path / "a.bundle", 1, first)
    with pytest.raises(Usage, match="no change came by the code"):
        decide(one, first)
    with pytest.raises(Usage, match="no such submission"):
        stands(one, back)
    statement = replace(first, answers={"consent": ["un_named"], "fear_statement": "Бовар накунед."})
    take(world, two, tmp_path / "b.bundle", 2, statement, back)
    with pytest.raises(Usage, match="not cancelled by the code alone"):
        decide(two, back)
    decide(two, back, confirmed="a relative abroad, by telephone")
    assert stands(two, first) == (True, set())


def test_as_a_reviewer_types_it(world: World, reports: tuple[Report, Report], tmp_path: Path) -> None:
    first, back = reports
    folder = tmp_path / "vault"
    keys = {"signing": world.reviewer_keys[0], "roots": world.typed, "notes": world.notes}
    with Vault.create(folder, PASSPHRASE, cost=QUICK, **keys) as vault:  # type: ignore[arg-type]  # by name
        take(world, vault, tmp_path / "a.bundle", 1, first, back)
    shown = review(folder, "show", first.id[:8]).stdout
    assert "POSSIBLE DURESS: the person is held or missing." in shown
    assert "STOPPED: nothing new goes out: a change by the code waits for a reviewer's decision." in shown
    told = json.loads(review(folder, "show", back.id[:8], "--json").stdout)
    assert (told["allowed"], told["duress"]) == ([], ["the person is held or missing"])
    refused = review(folder, "mark", back.id[:8], "--holds")
    assert refused.returncode == Exit.USAGE
    assert "Give --reason" in refused.stderr
    aside = review(folder, "mark", first.id[:8], "--holds", "--reason", "she was made to")
    assert "nothing new goes out: setting a change by the code aside takes a second reviewer" in aside.stderr
    done = review(folder, "mark", back.id[:8], "--holds", "--reason", "she wants it")
    assert done.returncode == Exit.OK, done.stderr
    assert "allowed now: nothing; only the review team reads it" in done.stderr
    assert f"r1 decided: what {back.id[:8]} allows holds. she wants it" in review(folder, "show", first.id).stdout
