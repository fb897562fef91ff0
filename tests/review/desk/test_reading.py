"""What stands above a report whose witness changed what is allowed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.review import decisions
from intake.review.desk.reading import opened, whole
from intake.review.desk.words import Words
from intake.review.importing import Import
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.keys import World, make_world
from tests.harness.outboxes import holder
from tests.harness.vaults import make_vault


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


def test_a_change_by_the_code_says_that_everything_stopped_and_that_it_may_be_forced(
    world: World, tmp_path: Path
) -> None:
    asked, words = holder(world, 1), Words("en")
    first = make_report(world, 1, reply_to=asked.reply_to, answers={"consent": ["lawyer", "count"], "now": "held"})
    back = make_report(
        world,
        2,
        reply_to=asked.reply_to,
        in_reply_to=asked.mailbox,
        answers={"change": "consent", "consent": ["count"]},
    )
    bundle = tmp_path / "a.bundle"
    with make_vault(world, tmp_path / "vault") as vault, Import(vault, world.reviewers[:1], workers=1) as work:

        def shown() -> str:
            return "\n".join(
                str(each.text) for each in whole(opened(vault, first.id), words, contact=False, practice=False)
            )

        bundle.write_bytes(make_bundle(world, {first.id: seal_report(first, world.reviewers)}))
        assert len([*work.take(bundle)]) == 1
        assert "STOPPED" not in shown()
        assert "DURESS" not in shown()
        bundle.write_bytes(make_bundle(world, {back.id: seal_report(back, world.reviewers)}, serial=2))
        assert len([*work.take(bundle)]) == 1
        assert "STOPPED: nothing new goes out" in shown()
        assert "POSSIBLE DURESS: the person is held or missing" in shown()
        with vault.journal() as journal:
            decisions.decide(journal, "r1", back.id, "she wrote it")
        assert "Decided. Allowed now: count" in shown()
        assert "STOPPED" not in shown()
