"""How long things are kept: what is due and since when, by periods that reviewers set; what must stay says why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from intake.errors import Exit, Usage
from intake.options import months_after
from intake.report.document import Json
from intake.review import cases, erasures, handling, retention
from intake.review.importing import Import
from intake.review.ladder import Judgement
from intake.review.retention import PERIODS, due, periods
from intake.review.vault import Vault
from tests.harness.bundles import make_report, seal_report
from tests.harness.desk import review
from tests.harness.keys import World, make_world
from tests.harness.vaults import PASSPHRASE, QUICK, noon


class Clock:
    """A calendar whose pages are turned by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def turn(self, day: date) -> None:
        self.now = datetime.combine(day, time(12), self.now.tzinfo)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


def reports() -> Mapping[int, dict[str, Json]]:
    plain: dict[str, Json] = {"account": "They came at night.", "relation": "relative", "known": ["saw"]}
    return {
        1: {"account": "buy now"},
        2: plain | {"contact": "+992 000"},
        3: {"account": "nothing to reach anybody by"},
        4: {"account": "seen", "relation": "relative", "known": ["saw"]},
        5: {"account": "heard", "relation": "cellmate", "known": ["heard"]},
    }


def test_what_is_due_and_when(world: World, tmp_path: Path) -> None:
    clock, path, day = Clock(noon(world)), tmp_path / "vault", world.today
    keys = {"signing": world.reviewer_keys[0], "roots": world.typed, "notes": world.notes}
    with Vault.create(path, PASSPHRASE, cost=QUICK, clock=clock, **keys) as vault:  # type: ignore[arg-type]  # by name
        with Import(vault, world.reviewers[:1], workers=1) as work:
            for number, answers in reports().items():
                report = make_report(world, number, answers=answers)
                list(work.take_loose(f"{number}.age", seal_report(report, world.reviewers)))
        with vault.journal() as journal:
            handling.set_mark(journal, f"{1:032x}", "tag", "junk", on=True)
            for number in (2, 3):
                journal.record(handling.entity(f"{number:032x}"), "done", "appeal sent")
            case = cases.open_case(journal, "A case")
            for number in (4, 5):
                cases.judge(journal, case, f"{number:032x}", Judgement.PLAUSIBLE)
            cases.independent(journal, case, f"{4:032x}", f"{5:032x}", "two countries")

        def told(on: date, within: int = 0) -> list[tuple[str, str]]:
            with vault.reading() as connection:
                found = due(connection, on, timedelta(days=within))
            assert all(each.day <= on + timedelta(days=within) for each in found)
            return [(each.period, each.entity.id[-1:] if each.period != "cases" else "case") for each in found]

        with vault.reading() as connection:
            assert periods(connection) == PERIODS == {"junk": 3, "contact": 6, "unverified": 24, "cases": 24}
        assert told(day) == []
        three, six, long = (months_after(day, months) for months in (3, 6, 24))
        assert told(three - timedelta(days=1)) == []
        assert told(three - timedelta(days=1), within=1) == [("junk", "1")]
        assert told(three) == [("junk", "1")]
        assert told(six) == [("junk", "1"), ("contact", "2")]  # 3 tells no way to anybody
        everything = told(long)
        assert everything[:2] == [("junk", "1"), ("contact", "2")]
        assert sorted(everything[2:]) == [("cases", "case"), *(("unverified", each) for each in "123")]

        clock.turn(six)
        with vault.journal() as journal:
            retention.set_period(journal, "junk", 12)
            erasures.retain(journal, handling.entity(f"{2:032x}"), "a court asked")
            retention.reviewed(journal, case, vault.label, vault.today())
            with pytest.raises(Usage, match="there is no period"):
                retention.set_period(journal, "forever", 3)
            with pytest.raises(Usage, match="0 months are no period"):
                retention.set_period(journal, "junk", 0)
        assert told(six) == [("contact", "2")]
        assert ("cases", "case") not in told(long)
        with vault.reading() as connection:
            (first,) = due(connection, six)
            assert first.retained == "a court asked"
            assert first.since == day

    listed = review(path, "retention due", "--within", 3650)
    assert listed.returncode == Exit.OK, listed.stderr
    assert "must stay: a court asked" in listed.stdout
    changed = review(path, "retention periods", "--set", "junk=1")
    assert "junk        1 months" in changed.stdout
    assert review(path, "retention periods", "--set", "junk=soon").returncode == Exit.USAGE
