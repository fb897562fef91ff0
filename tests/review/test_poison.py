"""Forty reports made to harm: each is contained and named, the rest is imported, and reading them moves nothing."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from intake.errors import Exit
from intake.review.submissions import quarantine
from intake.review.vault import Vault
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.desk import review
from tests.harness.keys import World, make_world
from tests.harness.poison import Poison, poisons
from tests.harness.vaults import PASSPHRASE, QUICK


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


def harmless(text: str) -> bool:
    """Nothing in it moves a terminal, hides or turns the line round."""
    return not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and c != "\n" for c in text)


def test_forty_are_contained_and_named_and_the_rest_imported(world: World, tmp_path: Path) -> None:
    bad = list(poisons(world))
    assert len(bad) >= 40
    assert len({each.id for each in bad}) == len({each.name for each in bad}) == len(bad)
    good = [make_report(world, number) for number in range(1, 21)]
    sealed = {each.id: seal_report(each, world.reviewers) for each in good} | {each.id: each.sealed for each in bad}
    (tmp_path / "usb").mkdir()
    (tmp_path / "usb" / "a.bundle").write_bytes(make_bundle(world, sealed))
    vault = tmp_path / "vault"
    keys = {"signing": world.reviewer_keys[0], "roots": world.typed, "notes": world.notes}
    Vault.create(vault, PASSPHRASE, cost=QUICK, **keys).close()  # type: ignore[arg-type]  # by name
    outside = {path for path in tmp_path.rglob("*") if vault not in path.parents}
    done = review(vault, "import", tmp_path / "usb", "-i", world.folder / "reviewer-r1.age", "--json", keys=1)
    assert done.returncode == Exit.SOME_FAILED, done.stderr
    assert harmless(done.stderr)
    assert {path for path in tmp_path.rglob("*") if vault not in path.parents} == outside, "nothing was written outside"
    for each in bad:
        _named(each, done.stderr)
    taken = [each for each in bad if each.became == "new"]
    assert f"{len(good) + len(taken)} new" in done.stderr
    with Vault.open(vault, PASSPHRASE) as opened, opened.reading() as connection:
        kept = {row.outer: row for row in connection.execute(select(quarantine))}
        assert kept.keys() == {each.id for each in bad if each.became != "new"}
        for each in bad:
            if each.id in kept:
                assert opened.originals.path(bytes(kept[each.id].sha256)).read_bytes() == each.sealed
    listed = review(vault, "list", "--limit", "1000")
    assert harmless(listed.stdout)
    assert len(listed.stdout.splitlines()) == len(good) + len(taken)
    for each in taken:
        shown = review(vault, "show", each.id)
        assert shown.returncode == Exit.OK, (each.name, shown.stderr)
        assert harmless(shown.stdout), each.name


def _named(each: Poison, said: str) -> None:
    lines = [line for line in said.splitlines() if each.id in line]
    if each.became != "new" or each.words:
        assert lines, each.name
        assert each.words in " ".join(lines), (each.name, lines)
