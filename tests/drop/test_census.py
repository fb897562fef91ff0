"""A drop never holds more than a bundle can list, since then none could be made any more."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from intake.drop.census import LISTED, Census, caution
from intake.drop.entering import Outcome
from intake.drop.folder import DataFolder
from intake.drop.parts import Full
from intake.drop.store import Store
from intake.drop.tables import report
from intake.report.bundle import INDEX_LIMIT, IndexEntry

DAY = date(2026, 11, 23)


def test_an_index_has_room_for_all_that_may_be_held_and_a_tenth_more() -> None:
    longest = IndexEntry("f" * 32, DAY, 10**12, "f" * 64, 2**31, "held")
    assert LISTED * 1.09 * len(f"{longest}\n") < INDEX_LIMIT - 4096


@given(st.integers(0, 30_000), st.integers(0, 30_000))
def test_no_more_come_than_are_left_and_it_is_counted_seldom(held: int, more: int) -> None:
    counted = []

    def count() -> int:
        counted.append(held)
        return held

    census = Census(count, most=30_000, clock=lambda: 0.0)
    for _ in range(more):
        held += census.admits()
    assert held <= 30_000
    assert len(counted) <= 16


def test_a_purge_makes_room_within_a_minute() -> None:
    now, held = 0.0, 5
    census = Census(lambda: held, most=5, clock=lambda: now)
    assert not census.admits()
    held = 4
    assert not census.admits()
    now = 61.0
    assert census.admits()


def test_a_store_that_is_full_says_so_and_knows_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    with Store(DataFolder.open(tmp_path / "data", create=True)) as store:
        monkeypatch.setattr(store, "_census", Census(store.count, most=2, clock=lambda: now))
        first, second, third = (os.urandom(16) for _ in range(3))
        for each in (first, second):
            assert store.put(each, each, claimed=1, day=DAY) is Outcome.NEW
        with pytest.raises(Full, match="as many reports are held as a bundle can list"):
            store.put(third, third, claimed=1, day=DAY)
        with pytest.raises(Full):
            store.put_parts(third, 2**20, b"h" * 32, claimed=1, day=DAY)
        assert store.put(first, first, claimed=1, day=DAY) is Outcome.SAME
        with store.writing() as connection:
            connection.execute(delete(report).where(report.c.id == second))
        now = 61.0
        assert store.put(third, third, claimed=1, day=DAY) is Outcome.NEW
        assert store.count() == 2


def test_status_warns_long_before() -> None:
    assert caution(LISTED // 2) == ()
    (words,) = caution(LISTED * 4 // 5)
    assert f"{LISTED * 4 // 5} reports are held of {LISTED}" in words
