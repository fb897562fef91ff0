"""Erasure: what two reviewers decide goes at every desk, to the last byte, and does not come back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from intake.errors import Exit, Usage
from intake.report.folding import word_key, words
from intake.review import acts, cases, erasures, handling, projections, replies, submissions, sync, translations
from intake.review.backup import back_up
from intake.review.erasing import carry_out, sealed_of
from intake.review.erasures import SEALED, SUBMISSION, every
from intake.review.importing import Arrival, Became, Import
from intake.review.ladder import Judgement
from intake.review.log import Entity
from intake.review.submissions import quarantine
from intake.review.sync import read, write
from intake.review.tables import event
from intake.review.vault import Vault
from intake.review.verification import verify
from intake.sealing import HybridIdentity
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.desk import review
from tests.harness.keys import World, make_world
from tests.harness.outboxes import holder
from tests.harness.pages import database_key, pages
from tests.harness.vaults import PASSPHRASE, make_vault, open_vault

ROOT = Path(__file__).parents[2]
CANARY = "Канарейкаева"
FOLDED = word_key(words(CANARY)[0])[2:]  # as the index has it, which leaves out what a word shares with the one before


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def imported(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two vaults, of r1 and r2, that took in one bundle."""
    folder = tmp_path_factory.mktemp("imported")
    path = bundle(world, folder)
    for number in (1, 2):
        with make_vault(world, folder / f"r{number}", number) as vault:
            take(world, vault, path)
    return folder


@pytest.fixture
def vaults(imported: Path, tmp_path: Path) -> Path:
    """A copy of them, closed."""
    shutil.copytree(imported, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def desks(world: World, vaults: Path) -> Iterator[tuple[Vault, Vault]]:
    """A copy of them, open."""
    with open_vault(world, vaults / "r1") as one, open_vault(world, vaults / "r2") as two:
        yield one, two


def canary(world: World, number: int = 7) -> bytes:
    answers = {"account": f"{CANARY} мегӯяд, №{number}", "who": [{"name": CANARY}], "contact": f"{CANARY} 4711"}
    report = make_report(world, number, answers=answers, reply_to=holder(world, number).reply_to)
    return seal_report(report, world.reviewers)


def bundle(world: World, folder: Path) -> Path:
    sealed = {f"{n:032x}": seal_report(make_report(world, n), world.reviewers) for n in range(1, 6)}
    path = folder / "a.bundle"
    path.write_bytes(make_bundle(world, sealed | {f"{7:032x}": canary(world)}))
    return path


def take(world: World, vault: Vault, path: Path) -> list[Arrival]:
    with Import(vault, [world.reviewers[int(vault.label[1:]) - 1]], workers=1) as work:
        return [*work.waiting(), *work.take(path)]


THING = Entity(SUBMISSION, f"{7:032x}")


def worked_on(vault: Vault) -> str:
    """Notes, a tag, an answer and a case, all with the canary in them; the case's id."""
    with vault.journal() as journal:
        handling.set_mark(journal, THING.id, "tag", CANARY, on=True)
        handling.decide(journal, THING.id, None, CANARY)
        case = cases.open_case(journal, f"about {CANARY}")
        cases.judge(journal, case, THING.id, Judgement.PLAUSIBLE)
    with vault.reading() as connection:
        found = submissions.find(connection, THING.id)
    replies.write(vault, found, f"An answer to {CANARY}")
    return case


def ask(
    vault: Vault, *, by_case: tuple[str, ...] = (), thing: Entity = THING, reason: str = "the family asked"
) -> None:
    with vault.journal() as journal:
        sealed = [each.hex() for each in sealed_of(journal.connection, thing)]
        erasures.want(journal, thing, vault.label, reason, vault.today().isoformat(), sealed, by_case)


def carry(world: World, sender: Vault, receiver: Vault, folder: Path, *, everything: bool = False) -> int:
    path, _ = write(sender, folder, everything=everything)
    merged = read(receiver, path, world.reviewers)
    assert (merged.gaps, merged.refused) == ([], [])
    return merged.erased


def nowhere(vault: Vault) -> None:
    """No page of the database and no file of the folder holds the canary, in any form."""
    key = database_key(vault.folder.path, PASSPHRASE)
    wanted = [CANARY.encode(), CANARY.lower().encode(), FOLDED.encode()]
    for page in pages(vault.folder.database, key):
        assert not any(each in page for each in wanted)
    with vault.reading() as connection:
        assert submissions.quarantined(connection) == set()
        assert connection.execute(select(submissions.submission.c.id)).scalars().all() == [
            f"{n:032x}" for n in range(1, 6)
        ]


def found(vault: Vault) -> bool:
    key = database_key(vault.folder.path, PASSPHRASE)
    joined = b"".join(pages(vault.folder.database, key))
    return CANARY.encode() in joined and FOLDED.encode() in joined


def test_two_want_it_and_it_is_gone_at_both_desks_to_the_last_byte(
    world: World, desks: tuple[Vault, Vault], tmp_path: Path
) -> None:
    one, two = desks
    for vault in desks:
        case = worked_on(vault)
        assert found(vault), "the scan sees what is there"
    carry(world, two, one, tmp_path)
    ask(one, by_case=(case,))
    assert carry_out(one) == ()
    assert found(one), "one alone erases nothing"
    carry(world, one, two, tmp_path)
    with two.reading() as connection:
        (original,) = sealed_of(connection, THING)
    assert two.originals.holds(original)
    ask(two, reason="agreed with r1", by_case=(case,))
    (done,) = carry_out(two)
    assert (done.entity, done.files) == (THING, 1)
    assert done.contents > 4
    assert carry_out(two) == ()
    assert carry(world, two, one, tmp_path) == 1
    for vault in desks:
        assert not vault.originals.holds(original)
        with vault.reading() as connection:
            assert case not in [each.id for each in cases.every(connection)]
    # The other case was made of it too, and nobody named it: it stays, with what its writers put into it.
    with one.journal() as journal:
        (left,) = (each.id for each in cases.every(journal.connection))
    ask(one, by_case=(case, left))
    carry_out(one)
    carry(world, one, two, tmp_path)
    for vault in desks:
        nowhere(vault)
        assert verify(vault, whole=True).faults == ()
        with vault.reading() as connection:
            (told,) = every(connection)
            assert told.wanted["r2"] == ("agreed with r1", world.today.isoformat())
            assert told.sealed == (original.hex(),)
            bare = connection.execute(select(event.c.id).where(event.c.content.is_(None))).all()
            assert len(bare) >= 5, "the chain keeps every event"
    carry(world, two, one, tmp_path)
    with one.reading() as connection:
        assert set(every(connection)[0].done) == {"r1", "r2"}


def test_what_a_colleague_still_says_or_brings_back_is_emptied_again(
    world: World, desks: tuple[Vault, Vault], tmp_path: Path
) -> None:
    one, two = desks
    carry(world, one, two, tmp_path)
    old, _ = write(two, tmp_path, everything=True)
    ask(one)
    carry(world, one, two, tmp_path)
    ask(two)
    carry_out(two)
    carry(world, two, one, tmp_path)
    nowhere(one)
    with two.journal() as journal:  # who has not heard of it, or does not care
        handling.set_mark(journal, THING.id, "tag", CANARY, on=True)
    assert carry(world, two, one, tmp_path) == 1
    read(one, old, world.reviewers)
    nowhere(one)
    assert verify(one, whole=True).faults == ()


def test_acts_and_translations_go_with_the_report_they_tell_of(
    world: World, desks: tuple[Vault, Vault], tmp_path: Path
) -> None:
    """Both desks show them, one erases, the other follows; the act that another report tells of stays."""
    one, two = desks
    with one.journal() as journal:
        case = cases.open_case(journal, "two at the bridge")
        of_it = acts.add(journal, case, "arrest", {"precision": "day", "date": "2026-11-20"})
        for name in ("person", "place", "note"):
            acts.set_text(journal, of_it, name, f"{CANARY} {name}")
        acts.set_source(journal, of_it, THING.id, on=True)
        other = acts.add(journal, case, "hearing", {"precision": "day", "date": "2026-12-01"})
        acts.set_source(journal, other, f"{1:032x}", on=True)
        translations.translate(journal, THING.id, "en", f"{CANARY} says, in English")
    carry(world, one, two, tmp_path)
    for vault in desks:
        with vault.reading() as connection:
            assert [each.id for each in acts.of_case(connection, (case,))] == [of_it, other]
            assert [each.language for each in translations.of_submission(connection, THING.id)] == ["en"]
        assert found(vault)
    ask(one)
    carry(world, one, two, tmp_path)
    with two.journal() as journal:  # the last word on it before the second hand agrees
        acts.set_text(journal, of_it, "note", f"{CANARY} was seen again")
    ask(two)
    carry_out(two)
    with one.journal() as journal:  # and one from where nobody has heard of that yet
        acts.set_text(journal, of_it, "settled", f"{CANARY} is free")
        translations.translate(journal, THING.id, "ru", f"{CANARY} по-русски")
    assert carry(world, two, one, tmp_path) == 1
    carry(world, one, two, tmp_path)
    for vault in desks:
        nowhere(vault)
        with vault.reading() as connection:
            assert [each.id for each in acts.of_case(connection, (case,))] == [other]
            assert translations.of_submission(connection, THING.id) == ()
            assert cases.find(connection, case).title == "two at the bridge"
        assert verify(vault, whole=True).faults == ()
    with two.journal() as journal:  # who writes once more of an act that shows nowhere
        acts.set_text(journal, of_it, "note", f"{CANARY} again")
    assert carry(world, two, one, tmp_path) == 1
    carry_out(two)
    for vault in desks:
        nowhere(vault)
        before = rows(vault)
        vault.rebuild()
        assert rows(vault) == before


def test_nothing_that_stands_goes_because_somebody_names_it(
    world: World, desks: tuple[Vault, Vault], tmp_path: Path
) -> None:
    """A reviewer who lies about what an erasure has emptied can't have another report's act emptied by it."""
    one, two = desks
    with one.journal() as journal:
        case = cases.open_case(journal, "two at the bridge")
        other = acts.add(journal, case, "arrest")
        acts.set_source(journal, other, f"{1:032x}", on=True)
    ask(one)
    carry(world, one, two, tmp_path)
    ask(two)
    with two.journal() as journal:
        erasures.tell(journal, THING, "r2", "2026-11-23", [], [acts.entity(other), cases.entity(case)])
    carry_out(two)
    carry(world, two, one, tmp_path)
    for vault in desks:
        with vault.reading() as connection:
            assert [each.id for each in acts.of_case(connection, (case,))] == [other]


def rows(vault: Vault) -> dict[str, list[tuple[object, ...]]]:
    """Every table that is made of the logs."""
    with vault.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in projections.metadata.sorted_tables
        }


def test_it_does_not_come_back_with_a_bundle_or_in_another_envelope(
    world: World, desks: tuple[Vault, Vault], tmp_path: Path
) -> None:
    one, two = desks
    ask(one)
    carry(world, one, two, tmp_path)
    ask(two)
    carry(world, two, one, tmp_path)
    nowhere(one)
    again = tmp_path / "again.age"
    again.write_bytes(canary(world))  # sealed anew: another hash, the same report
    (arrival,) = take(world, one, again)
    assert arrival.became is Became.ERASED
    other = tmp_path / "b.bundle"
    other.write_bytes(make_bundle(world, {f"{7:032x}": canary(world)}, serial=2))
    assert [each.became for each in take(world, one, other)] == [Became.ERASED]
    nowhere(one)
    assert len(list(one.originals.all())) == 5
    assert verify(one).faults == ()


def test_what_must_stay_stays(world: World, desks: tuple[Vault, Vault], tmp_path: Path) -> None:
    one, two = desks
    with one.journal() as journal:
        erasures.retain(journal, THING, "evidence for the hearing")
    ask(one)
    carry(world, one, two, tmp_path)
    ask(two)
    assert carry_out(two) == ()
    assert carry(world, two, one, tmp_path) == 0
    with one.journal() as journal:
        erasures.retain(journal, THING, None)
    assert len(carry_out(one)) == 1
    nowhere(one)


def test_one_reviewer_cannot_sign_for_two(world: World, desks: tuple[Vault, Vault], tmp_path: Path) -> None:
    one, _ = desks
    with one.journal() as journal:
        for label in ("r1", "r2", "r3"):
            erasures.want(journal, THING, label, "mine", "2026-01-01", [], [])
    assert carry_out(one) == ()
    with pytest.raises(Usage, match="why is not said"):
        ask(one, reason=" ")


def test_what_lies_in_quarantine_can_go_too(world: World, desks: tuple[Vault, Vault], tmp_path: Path) -> None:
    one, two = desks
    stranger = seal_report(make_report(world, 9), [HybridIdentity.generate()] * 3)
    path = tmp_path / "a.bundle"
    path.write_bytes(make_bundle(world, {f"{9:032x}": stranger}, serial=2))
    assert [each.became for each in take(world, one, path)] == [Became.WAITS]
    with one.reading() as connection:
        (digest,) = connection.execute(select(quarantine.c.sha256)).scalars()
    thing = Entity(SEALED, bytes(digest).hex())
    ask(one, thing=thing)
    carry(world, one, two, tmp_path)
    ask(two, thing=thing)
    carry(world, two, one, tmp_path)
    with one.reading() as connection:
        assert submissions.quarantined(connection) == set()
    assert not one.originals.holds(bytes(digest))
    assert take(world, one, path)[0].became in (Became.BEFORE, Became.ERASED)


KILLED = """
import os, signal, sys
from pathlib import Path
from intake.review.erasing import carry_out
from intake.review.vault import Vault
after = sys.argv[2]
original = getattr(Vault, after)
def killed(self, *arguments):
    if after == "must_clean":
        original(self, *arguments)
        self.clean = lambda: os.kill(os.getpid(), signal.SIGKILL)
    else:
        os.kill(os.getpid(), signal.SIGKILL)
setattr(Vault, after, killed)
with Vault.open(Path(sys.argv[1]), {passphrase!r}) as vault:
    carry_out(vault)
"""


@pytest.mark.parametrize("moment", ["must_clean", "_write_anew"])
def test_killed_in_the_middle_the_vault_does_the_rest(world: World, vaults: Path, tmp_path: Path, moment: str) -> None:
    with open_vault(world, vaults / "r1") as one, open_vault(world, vaults / "r2") as two:
        ask(one)
        carry(world, one, two, tmp_path)
        ask(two)
        path, _ = write(two, tmp_path)
        # Merged as `sync` does it, but not carried out: that is what is killed.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sync, "carry_out", lambda _: ())
            read(one, path, world.reviewers)
        with one.reading() as connection:
            (original,) = sealed_of(connection, THING)
    done = subprocess.run(
        [sys.executable, "-c", KILLED.format(passphrase=PASSPHRASE), str(vaults / "r1"), moment],
        cwd=ROOT,
        env=dict(os.environ),
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    with open_vault(world, vaults / "r1") as one:
        nowhere(one)
        assert not one.originals.holds(original)
        assert carry_out(one) == ()
        assert verify(one, whole=True).faults == ()


def test_the_command_asks_agrees_tells_and_names_what_to_burn(world: World, vaults: Path, tmp_path: Path) -> None:
    one, two = vaults / "r1", vaults / "r2"
    with open_vault(world, two) as vault:
        back_up(vault, tmp_path / "copy")
    short = THING.id[:32]
    refused = review(one, "erase", short, "--agree", "--yes")
    assert refused.returncode == Exit.USAGE
    assert "nobody else asked" in refused.stderr
    asked = review(one, "erase", short, "--reason", "the family asked", "--yes")
    assert asked.returncode == Exit.OK, asked.stderr
    assert "asked: a second reviewer must agree" in asked.stdout
    assert review(one, "sync", "--to", tmp_path / "new" / "stick").returncode == Exit.OK
    (stick,) = (tmp_path / "new" / "stick").glob("*.age")
    assert stick.parent.stat().st_mode & 0o777 == 0o700
    came = review(two, "sync", stick, "-i", world.folder / "reviewer-r2.age", keys=1)
    assert came.returncode == Exit.OK, came.stderr
    kept = review(two, "retention keep", short, "--because", "a court asked")
    assert kept.returncode == Exit.OK, kept.stderr
    refused = review(two, "erase", short, "--agree", "--yes")
    assert "must stay: a court asked" in refused.stderr
    assert review(two, "retention keep", short, "--release").returncode == Exit.OK
    agreed = review(two, "erase", short, "--agree", "--yes")
    assert agreed.returncode == Exit.OK, agreed.stderr
    assert "Erased here" in agreed.stderr
    assert f"the backup {tmp_path / 'copy'}" in agreed.stderr
    assert "erased: r2" in agreed.stdout
    assert "not heard of: r1" in agreed.stdout
    assert review(two, "show", short).returncode == Exit.USAGE
