"""A refusal outlives the report that says it: erasing a withdrawal frees nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from intake.errors import Usage
from intake.report.package import Report
from intake.review import cases, decisions, erasures, standing, sync
from intake.review.decisions import standing_of
from intake.review.erasing import carry_out, lasting, sealed_of
from intake.review.erasures import SUBMISSION
from intake.review.importing import Became, Import
from intake.review.ladder import Judgement
from intake.review.log import Entity
from intake.review.outputs import permissions
from intake.review.outputs.consent import Naming, Recipient, Speaker, Spoken, Use
from intake.review.standing import Decision
from intake.review.vault import Vault
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.desk import review
from tests.harness.keys import World, make_world
from tests.harness.outboxes import holder
from tests.harness.vaults import make_vault

NAMED = Use(Recipient.LAWYER, Naming.FULL)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def reports(world: World) -> tuple[Report, Report]:
    """A report that allows two things, and its withdrawal by the code."""
    asked = holder(world, 1)
    first = make_report(world, 1 << 100, reply_to=asked.reply_to, answers={"consent": ["lawyer", "count"]})
    back = make_report(
        world, 2 << 100, reply_to=asked.reply_to, in_reply_to=asked.mailbox, answers={"change": "withdraw"}
    )
    return first, back


@pytest.fixture
def desks(world: World, tmp_path: Path) -> Iterator[tuple[Vault, Vault]]:
    with make_vault(world, tmp_path / "r1", 1) as one, make_vault(world, tmp_path / "r2", 2) as two:
        yield one, two


def take(world: World, vault: Vault, folder: Path, *reports: Report, serial: int = 1) -> list[Became]:
    path = folder / "a.bundle"
    sealed = {each.id: seal_report(each, world.reviewers) for each in reports}
    path.write_bytes(make_bundle(world, sealed, serial=serial))
    with Import(vault, [world.reviewers[int(vault.label[1:]) - 1]], workers=1) as work:
        return [each.became for each in work.take(path)]


def erase(world: World, desks: tuple[Vault, Vault], report: Report, folder: Path) -> None:
    """As `intake review erase` does it, at both desks."""
    one, two = desks
    for vault, other in (desks, (two, one)):
        with vault.journal() as journal:
            thing = Entity(SUBMISSION, report.id)
            sealed = [each.hex() for each in sealed_of(journal.connection, thing)]
            outlives = lasting(journal.connection, thing)
            erasures.want(journal, thing, vault.label, "they asked", vault.today().isoformat(), sealed, [], outlives)
        carry_out(vault)
        sync.read(other, sync.write(vault, folder)[0], world.reviewers)
    sync.read(two, sync.write(one, folder)[0], world.reviewers)


def allowed(vault: Vault, report: Report) -> bool:
    with vault.reading() as connection:
        return standing_of(connection, report.id).permits("lawyer")


def test_erasing_a_withdrawal_frees_no_earlier_consent(
    world: World, desks: tuple[Vault, Vault], reports: tuple[Report, Report], tmp_path: Path
) -> None:
    first, back = reports
    one, two = desks
    for vault in desks:
        take(world, vault, tmp_path, first)
        assert allowed(vault, first)
        take(world, vault, tmp_path, first, back, serial=2)
        assert not allowed(vault, first)
    erase(world, desks, back, tmp_path)
    for vault in desks:
        assert not allowed(vault, first), "the withdrawal is gone, and that it came is not"
        vault.rebuild()
        assert not allowed(vault, first)
        with vault.reading() as connection:
            told = "".join(map(repr, erasures.every(connection)))
            assert first.reply_to is not None
            assert first.reply_to.mailbox not in told
    # Two who know of it may still set it aside, as they might have before; one alone may not.
    for vault, other, enough in ((one, two, False), (two, one, True)):
        with vault.journal() as journal:
            decisions.decide(journal, vault.label, first.id, "forced, as the family told us")
        sync.read(other, sync.write(vault, tmp_path)[0], world.reviewers)
        assert allowed(other, first) is enough


def test_a_first_report_that_comes_after_its_withdrawal_was_erased_is_stopped_too(
    world: World, desks: tuple[Vault, Vault], reports: tuple[Report, Report], tmp_path: Path
) -> None:
    first, back = reports
    for vault in desks:
        take(world, vault, tmp_path, back)
    erase(world, desks, back, tmp_path)
    for vault in desks:
        assert take(world, vault, tmp_path, first, back, serial=2) == [Became.NEW, Became.ERASED]
        assert not allowed(vault, first)


def test_another_witness_is_not_stopped(
    world: World, desks: tuple[Vault, Vault], reports: tuple[Report, Report], tmp_path: Path
) -> None:
    first, back = reports
    other = make_report(world, 3 << 100, reply_to=holder(world, 2).reply_to, answers={"consent": ["lawyer"]})
    plain = make_report(world, 4 << 100, answers={"consent": ["lawyer"]})
    for vault in desks:
        take(world, vault, tmp_path, first, back, other, plain)
    erase(world, desks, back, tmp_path)
    assert allowed(desks[0], other)
    assert allowed(desks[0], plain)
    with desks[0].journal() as journal, pytest.raises(Usage, match="no change came"):
        decisions.decide(journal, "r1", other.id, "why not")


@pytest.mark.parametrize("by_telephone", [False, True])
def test_a_refusal_stops_what_names_anybody_after_its_report_is_gone(
    world: World, desks: tuple[Vault, Vault], tmp_path: Path, by_telephone: bool
) -> None:
    agrees = make_report(world, 5 << 100, answers={"consent": ["lawyer"], "victim_consent": "family_agrees"})
    said = {} if by_telephone else {"victim_consent": "person_refuses"}
    refuses = make_report(world, 6 << 100, answers={"consent": ["count"], **said})
    one, two = desks
    for vault in desks:
        take(world, vault, tmp_path, agrees, refuses)
    with one.journal() as journal:
        case = cases.open_case(journal, "one of them")
        for each in (agrees, refuses):
            cases.judge(journal, case, each.id, Judgement.PLAUSIBLE)
    ids = (agrees.id, refuses.id)
    if by_telephone:
        assert verdict(one, ids, case), "nobody refused yet"
        word = Spoken(
            frozenset({refuses.id}), Speaker.PERSON, "herself", world.today, "by telephone",
            refuses=frozenset({Recipient.LAWYER}),
        )  # fmt: skip
        with one.journal() as journal:
            permissions.record(journal, word)
    sync.read(two, sync.write(one, tmp_path)[0], world.reviewers)
    assert not verdict(one, ids, case)
    assert not verdict(two, ids, case)
    erase(world, desks, refuses, tmp_path)
    for vault in desks:
        assert not verdict(vault, ids, case)
    word = Spoken(
        frozenset({agrees.id}), Speaker.PERSON, "herself", world.today + timedelta(days=1), "by telephone",
        allows=frozenset({Recipient.LAWYER}),
    )  # fmt: skip
    with one.journal() as journal:
        permissions.record(journal, word)
    assert verdict(one, ids, case), "who refused may say otherwise later"


def verdict(vault: Vault, reports: tuple[str, ...], case: str) -> bool:
    with vault.reading() as connection:
        return permissions.circumstances(connection, reports, [case]).verdict(NAMED, reports[0]).allowed


def test_the_rule_itself(reports: tuple[Report, Report]) -> None:
    first, _ = reports
    gone = frozenset({"f" * 32})
    thread = {first.id: first}
    assert standing.standing(first.id, thread).permits("lawyer")
    assert not standing.standing(first.id, thread, gone=gone).permits("lawyer")

    def decision(label: str, holds: str, seen: frozenset[str]) -> Decision:
        return Decision(label, holds, seen, "why")

    both = [decision(each, first.id, gone) for each in ("r1", "r2")]
    assert standing.standing(first.id, thread, both, gone).permits("lawyer")
    assert not standing.standing(first.id, thread, both[:1], gone).permits("lawyer")
    unknowing = [decision(each, first.id, frozenset()) for each in ("r1", "r2")]
    assert not standing.standing(first.id, thread, unknowing, gone).permits("lawyer")
    for_true = [decision(each, "f" * 32, gone) for each in ("r1", "r2")]
    assert not standing.standing(first.id, thread, for_true, gone).permits("lawyer")


def test_the_command_says_what_stays_known(
    world: World, desks: tuple[Vault, Vault], reports: tuple[Report, Report], tmp_path: Path
) -> None:
    first, back = reports
    one, _ = desks
    take(world, one, tmp_path, first, back)
    folder = one.folder.path
    one.close()
    asked = review(folder, "erase", back.id, "--reason", "they asked", "--yes")
    assert "That it takes back or changes what is allowed stays known" in asked.stderr
