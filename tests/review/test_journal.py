"""Events and the tables made of them: together or not at all, and the same when they are made anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from intake.errors import Damaged, Usage
from intake.report.document import Json
from intake.review import projections
from intake.review.log import Clock, Content, Entity, Entry, Event, check_following, signer
from intake.review.projections import Edit, Placed, settle
from intake.review.tables import event
from intake.review.vault import Vault
from intake.review.witnessed import bundle, field_of, witnessed
from tests.harness.keys import World, make_world
from tests.harness.vaults import make_vault, open_vault

CASE = Entity("case", "5f0c")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def vault(world: World, tmp_path: Path) -> Vault:
    return make_vault(world, tmp_path / "vault")


def entries(vault: Vault) -> list[Entry]:
    with vault.reading() as connection:
        rows = connection.execute(select(event).order_by(event.c.id)).all()
    return [
        Entry(Event.parse(row.text), row.signature, row.salt, None if row.content is None else row.content.encode())
        for row in rows
    ]


def tables(vault: Vault) -> dict[str, list[Any]]:
    """Every row of every table that can be rebuilt."""
    with vault.reading() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table)).all()), key=repr)
            for table in projections.metadata.sorted_tables
        }


def test_what_is_recorded_is_signed_chained_and_says_what_changed(world: World, vault: Vault) -> None:
    with vault, vault.journal() as journal:
        journal.record(CASE, "title", "one")
        journal.record(CASE, "title", "two")
        assert journal.record(CASE, "title", "two") is None, "nothing changed"
        assert journal.record(CASE, "note", None) is None, "nothing was there"
    with vault, open_vault(world, vault.folder.path) as again:
        with again.journal() as journal:
            journal.record(CASE, "tag/urgent", True)
            assert {name: field.value for name, field in journal.state(CASE).items()} == {
                "title": "two",
                "tag/urgent": True,
            }
        found = entries(again)
    assert [entry.read() for entry in found] == [
        Content("title", None, "one"),
        Content("title", "one", "two"),
        Content("tag/urgent", None, True),
    ]
    for number, entry in enumerate(found):
        check_following(entry.event, found[number - 1].event if number else None)
        assert signer(entry, {"r1": [world.reviewer_keys[0].verify_key]}) == 0


def test_undo_is_an_inverse_event(vault: Vault) -> None:
    with vault:
        with vault.journal() as journal:
            journal.record(CASE, "title", "one")
            changed = journal.record(CASE, "title", "two")
        assert changed is not None
        with vault.journal() as journal:
            taken_back = journal.undo(changed)
            assert journal.state(CASE)["title"].value == "one"
        assert taken_back is not None
        assert entries(vault)[-1].read() == Content("title", "two", "one", changed)
        with vault.journal() as journal:
            with pytest.raises(Usage, match="changed again since"):
                journal.undo(changed)
            journal.undo(taken_back)
            assert journal.state(CASE)["title"].value == "two"
            with pytest.raises(Usage, match="no such event"):
                journal.undo(bytes(32))


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -5, 1.5, "Ӯро бурданд\n", "\ud83d", "x" * 99_000, [1, ["a"], {}], {"б": 1, "а": {"x": None}}],
)
def test_a_value_comes_back_as_it_went_in(world: World, vault: Vault, value: Json) -> None:
    with vault, vault.journal() as journal:
        journal.record(CASE, "other", 1)
        journal.record(CASE, "title", value)
        inside = journal.state(CASE).get("title")
    with open_vault(world, vault.folder.path) as again, again.journal() as journal:
        outside = journal.state(CASE).get("title")
    assert (inside.value if inside else None) == (outside.value if outside else None)
    assert (outside.value if outside else None) == ("\ufffd" if value == "\ud83d" else value)


def test_a_value_that_could_not_be_read_again_is_refused(vault: Vault) -> None:
    deep: Json = []
    for _ in range(40):
        deep = [deep]
    with vault, vault.journal() as journal:
        many: Json = [None] * 30_000
        for value in (deep, "x" * 100_001, many):
            with pytest.raises(Damaged):
                journal.record(CASE, "title", value)
        for field in ("", "Title", "a/", "a/b\x1bc", "a" * 65):
            with pytest.raises(ValueError, match="a field is"):
                journal.record(CASE, field, 1)


def test_tables_made_anew_are_the_same(vault: Vault) -> None:
    with vault:
        for number in range(20):
            with vault.journal() as journal:
                for each in range(5):
                    journal.record(Entity("case", f"{each}"), f"field{number % 3}", number)
                journal.record(bundle(1, number), field_of("r1"), f"{number:064x}")
        before = tables(vault)
        assert len(before["witnessed"]) == 20
        assert len(before["register"]) == 5 * 3 + 20
        with vault.writing() as connection:
            connection.exec_driver_sql("DELETE FROM register")
            connection.exec_driver_sql("UPDATE witnessed SET hash = 'other'")
        assert tables(vault) != before
        vault.rebuild()
        assert tables(vault) == before


def test_a_table_of_another_shape_is_made_anew_when_the_vault_opens(world: World, vault: Vault) -> None:
    with vault:
        with vault.journal() as journal:
            journal.record(bundle(1, 7), field_of("r1"), "ab" * 32)
        before = tables(vault)
        with vault.writing() as connection:
            connection.exec_driver_sql("DROP TABLE witnessed")
            connection.exec_driver_sql("CREATE TABLE witnessed (older INTEGER)")
            row = connection.exec_driver_sql("SELECT value FROM setting WHERE name = 'projections'").scalar_one()
            changed = bytes(row).replace(b'"digest": "', b'"digest": "0')
            connection.exec_driver_sql("UPDATE setting SET value = ? WHERE name = 'projections'", (changed,))
    with open_vault(world, vault.folder.path) as again:
        assert tables(again) == before
        with again.reading() as connection:
            assert connection.execute(select(witnessed.c.hash)).scalars().all() == ["ab" * 32]


def placed(line: int, number: int, clock: dict[int, int], value: int) -> Placed:
    return Placed(Edit(value, f"r{line}", "2026", bytes([line, number])), line, number, Clock(clock))


@st.composite
def histories(draw: st.DrawFn) -> list[Placed]:
    """Edits of one field by three reviewers, each of whom has seen some of the others' before each edit."""
    clocks = {line: Clock({}) for line in (1, 2, 3)}
    made: list[Placed] = []
    for value in range(draw(st.integers(1, 8))):
        line = draw(st.sampled_from((1, 2, 3)))
        for earlier in made:
            if draw(st.booleans()):
                clocks[line] = clocks[line].joined(earlier.clock)
        number = clocks[line].lines.get(line, 0) + 1
        clocks[line] = clocks[line].at(line, number)
        made.append(placed(line, number, dict(clocks[line].lines), value))
    return made


@settings(max_examples=200)
@given(history=histories(), order=st.randoms(use_true_random=False))
def test_the_order_in_which_edits_come_changes_nothing(history: list[Placed], order: Any) -> None:
    def state(edits: list[Placed]) -> set[bytes]:
        current: tuple[Placed, ...] = ()
        for edit in edits:
            current = settle(current, edit)
        return {each.edit.event for each in current}

    shuffled = list(history)
    order.shuffle(shuffled)
    last = {
        each.edit.event
        for each in history
        if not any(other is not each and other.clock.covers(each.line, each.number) for other in history)
    }
    assert state(history) == state(shuffled) == last
