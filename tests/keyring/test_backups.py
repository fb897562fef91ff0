"""The list of sheets beside a private file: what it says, what it refuses, and who is warned for want of one."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Fault, Usage
from intake.keyring import fingerprint
from intake.keyring.backups import SETS_LIMIT, Backups, SheetSet
from intake.keyring.files import note_backup, read_backups, unsaved_in
from intake.keyring.summary import cautions
from tests.harness.keys import TODAY, World, make_world
from tests.keyring.test_ceremonies import keys

SET = SheetSet("04711", 3, 5, TODAY)
_KEYS = ("recipient", "vkey")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def texts_of(world: World, place: int) -> list[str]:
    reviewer = world.keyring.reviewers[place]
    return [reviewer.recipient, str(reviewer.key)]


_SETS = st.builds(
    SheetSet,
    st.from_regex(r"[0-9]{5}", fullmatch=True),
    st.integers(2, 9),
    st.none() | st.integers(9, 16),
    st.dates(min_value=date(1000, 1, 1)),
)


@given(sets=st.lists(_SETS, min_size=1, max_size=SETS_LIMIT), keys=st.lists(st.text(), min_size=1, max_size=4))
def test_a_list_is_read_as_it_was_written(sets: list[SheetSet], keys: list[str]) -> None:
    backups = Backups(tuple(map(fingerprint, keys)), tuple(sets))
    assert Backups.parse(bytes(backups)) == backups
    assert backups.covers(keys)
    assert not backups.covers([*keys, "another key"])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("backup/1", "backup/2", "a newer format"),
        ("set 04711", "set 4711", "a number of five digits"),
        ("set 04711", "set 0471٣", "a number of five digits"),
        (" 3 5 ", " 6 5 ", "a number of 'set' is not between 2 and 5"),
        (" 3 5 ", " 3 17 ", "not between 2 and 16"),
        (" 3 5 ", " 1 5 ", "not between 2 and 5"),
        (" 3 5 ", " 1 - ", "not between 2 and 16"),
        (" 3 5 ", " 03 5 ", "not a plain number"),
        (" 3 5 ", " 3 05 ", "not a plain number"),
        (" 3 5 ", " 3 x ", "not a plain number"),
        (" 3 5 ", " 3 ", "takes 4 values"),
        ("2026-11-23", "2026-11-32", "no day"),
        ("key ", "key 1", "not 8 groups of 5 digits"),
        ("set ", "sheet ", "an unknown line"),
    ],
)
def test_each_bad_line_is_named(old: str, new: str, words: str) -> None:
    text = bytes(Backups((fingerprint("x"),), (SET,))).decode()
    assert old in text
    with pytest.raises(Usage, match=words):
        Backups.parse(text.replace(old, new, 1).encode())


def test_a_set_is_listed_once_and_an_endless_list_is_refused() -> None:
    backups = Backups(("x",), (SET,))
    assert backups.adding(SheetSet("04711", 3, None, TODAY)) == backups
    for number in range(SETS_LIMIT - 1):
        backups = backups.adding(SheetSet(f"{number:05d}", 2, 3, TODAY))
    with pytest.raises(Usage, match="50 sets of sheets already"):
        backups.adding(SheetSet("99999", 2, 3, TODAY))


def test_a_set_reads_as_what_to_burn() -> None:
    assert str(SET) == "sheets 1 to 5 of set 04711, made on 2026-11-23 (any 3 rebuild the key)"
    assert str(SheetSet("04711", 3, None, TODAY)).startswith("all sheets of set 04711")


def test_keys_at_hand_without_sheets_are_named(world: World) -> None:
    r1 = world.folder / "reviewer-r1.age"
    everything = ("root a", "root b", "root c", "reviewer r1", "reviewer r2", "reviewer r3")
    assert unsaved_in([world.folder], world.keyring) == everything
    listed = note_backup(r1, texts_of(world, 0), SET)
    assert listed.stat().st_mode & 0o777 == 0o600
    assert unsaved_in([world.folder], world.keyring) == tuple(name for name in everything if name != "reviewer r1")
    (world.folder / "elsewhere").mkdir()
    assert unsaved_in([world.folder / "elsewhere"], world.keyring) == ()
    assert cautions(world.keyring, TODAY, ["reviewer r2"]) == (
        "reviewer r2 has no backup on paper: intake keys backup makes one",
    )


def test_sheets_of_the_key_before_are_no_backup(world: World) -> None:
    r1 = world.folder / "reviewer-r1.age"
    note_backup(r1, texts_of(world, 1), SET)
    assert "reviewer r1" in unsaved_in([world.folder], world.keyring)
    with pytest.raises(Fault, match="lists the sheets of another key"):
        note_backup(r1, texts_of(world, 0), SET)
    known = read_backups(r1)
    assert known is not None
    assert known.covers(texts_of(world, 1))


def test_a_list_that_can_not_be_read_is_said_with_its_name(world: World) -> None:
    (world.folder / "reviewer-r1.backup").write_text("amonat/backup/1\nhello\n")
    with pytest.raises(Usage, match=r"reviewer-r1\.backup: list of backups, line 2: an unknown line"):
        unsaved_in([world.folder], world.keyring)


def test_show_warns_and_tells_a_timer(tmp_path: Path) -> None:
    world = make_world(tmp_path, reviewers=1, roots=1, threshold=1, today=date(2020, 1, 1))
    note_backup(world.folder / "reviewer-r1.age", texts_of(world, 0), SET)
    shown = keys(tmp_path, "keyring-show", "keyring.note", "--keys", tmp_path, "--alarm", "--json")
    assert shown.returncode == 11
    warnings = json.loads(shown.stdout)["warnings"]
    for words in ("closed on 2020-12-31", "only one root", "only one reviewer", "root a has no backup on paper"):
        assert any(words in warning for warning in warnings), warnings
    assert "reviewer r1 has no" not in shown.stdout
    assert keys(tmp_path, "keyring-show", "keyring.note").returncode == 0
