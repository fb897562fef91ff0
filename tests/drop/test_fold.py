"""What a fold does to large reports and to unfinished uploads: it leaves their day, and never loses a byte."""

import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from intake import durable
from intake.drop.fold import fold
from intake.drop.parts import FolderParts
from intake.durable import exchange
from tests.harness.keys import TODAY, World
from tests.harness.large import PART, pieces, seal_large
from tests.harness.uploads import Drop

LATER = TODAY + timedelta(days=1)
MIDNIGHT = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC).timestamp()


@pytest.fixture(scope="module")
def body(world: World) -> bytes:
    return seal_large(world)


@pytest.fixture
def drop(tmp_path: Path, world: World) -> Iterator[Drop]:
    found = Drop(tmp_path / "data", world)
    yield found
    found.store.close()


def tree(drop: Drop) -> list[Path]:
    """All folders and files of parts and unfinished uploads."""
    return [path for folder in (drop.folder.parts, drop.folder.uploads) for path in folder.rglob("*")]


def a_moment(drop: Drop, body: bytes) -> tuple[list[bytes], list[bytes]]:
    """Three reports and four unfinished uploads, come in any order: at their beginning, in a part, at a part's end."""
    whole, unfinished = [drop.begin(len(body)) for _ in range(3)], [drop.begin(len(body)) for _ in range(4)]
    for identifier in whole:
        drop.send_all(identifier, body)
    for identifier, offset in zip(unfinished, (0, 1000, PART, PART + 700_000), strict=True):
        for start, piece in pieces(body[:offset]):
            drop.send(identifier, start, piece)
    return whole, unfinished


@pytest.mark.parametrize("swaps", [True, False])
def test_a_fold_leaves_the_day_and_the_order_of_ids(
    drop: Drop, body: bytes, monkeypatch: pytest.MonkeyPatch, swaps: bool
) -> None:
    """Reports and what is unfinished alike, also where the file system can't exchange two folders."""
    whole, unfinished = a_moment(drop, body)
    offsets = {identifier: drop.uploads.find(identifier, TODAY).offset for identifier in unfinished}
    nodes = {path: path.stat().st_ino for path in tree(drop)}
    held = [path.open("rb") for path in tree(drop) if path.is_file()]  # so that no number is given out again
    renewed: list[str] = []

    def watched(one: Path, other: Path) -> bool:
        renewed.append(f"{other.parent.name}/{other.name}")
        return swaps and exchange(one, other)

    monkeypatch.setattr(durable, "exchange", watched)
    fold(drop.folder, drop.store, LATER)
    parts = sorted(f"parts/{each.hex()}" for each in unfinished[2:]) + sorted(f"parts/{each.hex()}" for each in whole)
    states = sorted(f"uploads/{each.hex()}" for each in unfinished)
    assert [name for name in renewed if name.startswith("parts/")] == parts
    assert [name for name in renewed if name.startswith("uploads/")] == states
    assert {path.stat().st_mtime for path in tree(drop)} == {MIDNIGHT}
    assert {path.stat().st_atime for path in tree(drop) if path.is_file()} == {MIDNIGHT}
    same = [path for path in tree(drop) if path.is_file() and path.stat().st_ino == nodes.get(path)]
    assert same == []
    for file in held:
        file.close()
    assert {stat.S_IMODE(path.stat().st_mode) for path in tree(drop)} == {0o700, 0o600}
    renewed.clear()
    fold(drop.folder, drop.store, LATER)
    assert renewed == []
    assert {identifier: drop.uploads.find(identifier, LATER).offset for identifier in unfinished} == offsets
    for identifier, offset in offsets.items():
        drop.send_all(identifier, body, start=offset)
    assert all(drop.store.body(identifier) == body for identifier in whole + unfinished)


def test_what_came_after_a_fold_is_folded_by_the_next(drop: Drop, body: bytes) -> None:
    _, (_, _, _, last) = a_moment(drop, body)
    fold(drop.folder, drop.store, LATER)
    drop.send(last, PART + 700_000, body[PART + 700_000 : 2 * PART + 10])
    fold(drop.folder, drop.store, LATER + timedelta(days=1))
    assert {path.stat().st_mtime for path in tree(drop)} == {MIDNIGHT}
    drop.send_all(last, body, start=2 * PART + 10)
    assert drop.store.body(last) == body


def test_what_an_export_folded_is_folded_again_when_the_day_is_over(drop: Drop, body: bytes) -> None:
    """Else the time at which it was last written anew tells that it came before that export, and not after it."""
    a_moment(drop, body)
    for today, again in ((TODAY, True), (TODAY, False), (LATER, True), (LATER, False)):
        before = {path: path.stat().st_ino for path in tree(drop) if path.is_file()}
        held = [path.open("rb") for path in before]
        fold(drop.folder, drop.store, today)
        assert {path.stat().st_ino != node for path, node in before.items()} == {again}
        for file in held:
            file.close()


def test_no_folder_tells_when_something_was_looked_at_or_ended(drop: Drop, body: bytes) -> None:
    _, (_, resting, _, going) = a_moment(drop, body)
    fold(drop.folder, drop.store, LATER)
    drop.uploads.find(resting, LATER)
    for entry in drop.store.entries():
        assert drop.store.body(entry.id) == body
    assert {path.stat().st_atime for path in tree(drop) if path.is_file()} == {MIDNIGHT}
    for identifier in (resting, going):
        drop.uploads.cancel(identifier, LATER)
    fold(drop.folder, drop.store, LATER)
    later = datetime(LATER.year, LATER.month, LATER.day, tzinfo=UTC).timestamp()
    assert {drop.folder.uploads.stat().st_mtime, drop.folder.parts.stat().st_mtime} == {later}


@pytest.mark.parametrize("ahead", [0, 400])
def test_a_report_entered_behind_the_fold_of_its_day_is_folded_by_the_next(drop: Drop, body: bytes, ahead: int) -> None:
    """Also behind one that a clock which was wrong by so many days made."""
    fold(drop.folder, drop.store, LATER + timedelta(days=ahead))
    identifier = drop.begin(len(body))
    drop.send_all(identifier, body)  # its day is TODAY
    fold(drop.folder, drop.store, LATER + timedelta(days=1))
    assert (drop.folder.parts / identifier.hex()).stat().st_mtime == MIDNIGHT


def test_no_part_is_folded_more_often_than_it_must(drop: Drop, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a bucket each time is a transfer: with every fold of its own day, and once when that is over."""
    identifier = drop.begin(len(body))
    drop.send_all(identifier, body)  # its day is TODAY
    times: list[bool] = []
    monkeypatch.setattr(FolderParts, "fold", lambda *_, settled: times.append(settled))
    for days in (0, 0, 1, 1, 2, 3):
        fold(drop.folder, drop.store, TODAY + timedelta(days=days))
    assert times == [False, False, True]
    # A clock that was wrong for a while, and is right again before that day is over.
    for days, expected in ((400, []), (-1, [False]), (0, [False]), (1, [True]), (2, [])):
        times.clear()
        fold(drop.folder, drop.store, TODAY + timedelta(days=days))
        assert times == expected


@pytest.mark.parametrize("swaps", [True, False])
def test_a_fold_that_is_cut_off_loses_nothing(
    drop: Drop, body: bytes, monkeypatch: pytest.MonkeyPatch, swaps: bool
) -> None:
    """The power goes before each step in turn; what was acknowledged is there at once, and the next fold ends it."""
    left = [0]

    class PowerError(Exception):
        pass

    def mortal(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if left[0] == 0:
                raise PowerError
            left[0] -= 1
            return real(*arguments, **named)

        return call

    identifier, unfinished = drop.begin(len(body)), drop.begin(len(body))
    drop.send_all(identifier, body)
    drop.send(unfinished, 0, body[:PART])
    drop.send(unfinished, PART, body[PART : PART + 9])
    for steps in range(100):
        with monkeypatch.context() as patch:
            left[0] = steps
            real = exchange if swaps else (lambda *_: False)
            patch.setattr(durable, "exchange", mortal(real))
            for place, name in (
                (Path, "replace"),
                (Path, "unlink"),
                (os, "utime"),
                (os, "fsync"),
                (os, "link"),
                (shutil, "rmtree"),
            ):
                patch.setattr(place, name, mortal(getattr(place, name)))
            try:
                fold(drop.folder, drop.store, LATER)
                break
            except PowerError:
                pass
        assert drop.store.body(identifier) == body
        drop.restart()
        assert drop.uploads.find(unfinished, LATER).offset == PART + 9
        for path in tree(drop):
            os.utime(path)  # as if it had come now
    assert steps > 20
    assert {path.name for path in drop.folder.parts.iterdir()} == {identifier.hex(), unfinished.hex()}
    assert {path.name for path in drop.folder.uploads.iterdir()} == {unfinished.hex()}
    drop.send_all(unfinished, body, start=PART + 9)
    assert drop.store.body(unfinished) == drop.store.body(identifier) == body


def test_a_fold_waits_for_who_writes(drop: Drop, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    identifier = drop.begin(len(body))
    inside, go = threading.Event(), threading.Event()
    real = FolderParts.put

    def slow(self: FolderParts, *arguments: Any) -> None:
        inside.set()
        assert go.wait(60)
        real(self, *arguments)

    monkeypatch.setattr(FolderParts, "put", slow)
    writer = threading.Thread(target=drop.send, args=(identifier, 0, body[:PART]))
    folder = threading.Thread(target=fold, args=(drop.folder, drop.store, LATER))
    writer.start()
    assert inside.wait(60)
    folder.start()
    go.set()
    for thread in (writer, folder):
        thread.join()
    assert drop.uploads.find(identifier, TODAY).folded == 1
    drop.send_all(identifier, body, start=PART)
    assert drop.store.body(identifier) == body
