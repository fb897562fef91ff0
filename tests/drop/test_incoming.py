"""`intake drop take`: what came by messenger goes from a folder into the store, and nothing else is touched."""

from __future__ import annotations

import json
import os
import random
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.drop.folder import DataFolder
from intake.drop.incoming import LIMIT, take_folder
from intake.drop.store import Store
from intake.errors import Exit, Fault
from intake.report.blocks import split
from intake.report.sizes import CARRIED
from intake.sealing import seal_bytes
from tests.harness.keys import TODAY, World, make_world
from tests.harness.server import command, running_drop


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("keys"), today=datetime.now(UTC).date())


@pytest.fixture(scope="module")
def reports(world: World) -> list[bytes]:
    recipients = [identity.recipient for identity in world.reviewers]
    return [seal_bytes(random.Random(number).randbytes(CARRIED), recipients) for number in range(4)]


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    (folder := tmp_path / "incoming").mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(DataFolder.open(tmp_path / "data", create=True))


def _held(store: Store) -> set[bytes]:
    return {store.body(entry.id) for entry in store.entries()}


def test_taken_files_go_and_the_rest_stays_and_is_named(
    world: World, reports: list[bytes], incoming: Path, store: Store
) -> None:
    blocks = split(reports[2])
    given = {
        "IMG-0001.dat": reports[0],
        "notes (2)": reports[0],
        "pieces.txt": "\n".join(blocks[:3]).encode(),
        "pieces 2.txt": "\r\n".join(blocks[2:]).encode(),
        "chat.txt": ("12:04 Акрам: " + " ".join(split(reports[3]))).encode(),
        "half.txt": " ".join(split(reports[1])[:2]).encode(),
        "cut.dat": reports[1][:-1],
        "photo.jpg": b"\xff\xd8\xff",
        "empty": b"",
        ".hidden": reports[1],
    }
    for name, content in given.items():
        (incoming / name).write_bytes(content)
    (incoming / "folder").mkdir()
    (incoming / "link").symlink_to(incoming / "photo.jpg")
    os.mkfifo(incoming / "pipe")
    found = {each.name: each for each in take_folder(incoming, store, world.chain(), TODAY)}
    assert _held(store) == {reports[0], reports[2], reports[3]}
    assert sum(each.new for each in found.values()) == 3
    assert sum(each.known for each in found.values()) == 1
    left = {name: each.left for name, each in found.items() if each.left}
    assert left.keys() == {"chat.txt", "half.txt", "cut.dat", "photo.jpg", "empty"}
    assert "holds other text too" in left["chat.txt"]
    assert "block 3, 4, 5 missing" in left["half.txt"]
    assert "damaged, cut off, or for somebody else" in left["cut.dat"]
    assert left["photo.jpg"] == left["empty"] == "nothing sealed was found in it"
    stayed = {path.name for path in incoming.iterdir()}
    assert stayed == left.keys() | {".hidden", "folder", "link", "pipe"}
    for name in left:
        assert (incoming / name).read_bytes() == given[name]
    store.close()


def test_keeping_leaves_all_and_taking_again_changes_nothing(
    world: World, reports: list[bytes], incoming: Path, store: Store
) -> None:
    (incoming / "a.dat").write_bytes(reports[0])
    first = take_folder(incoming, store, world.chain(), TODAY, keep=True)
    again = take_folder(incoming, store, world.chain(), TODAY)
    assert [(each.new, each.known, each.left) for each in (*first, *again)] == [(1, 0, ""), (0, 1, "")]
    assert list(incoming.iterdir()) == []
    store.close()


def test_a_file_that_is_not_in_the_store_never_goes(
    world: World, reports: list[bytes], incoming: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (incoming / "a.dat").write_bytes(reports[0])

    def fail(*_: object, **__: object) -> None:
        raise Fault("the database failed")

    monkeypatch.setattr(store, "put", fail)
    with pytest.raises(Fault):
        take_folder(incoming, store, world.chain(), TODAY)
    assert (incoming / "a.dat").read_bytes() == reports[0]
    store.close()


def test_a_file_that_changes_while_it_is_taken_stays(
    world: World, reports: list[bytes], incoming: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, put = incoming / "a.dat", store.put
    path.write_bytes(reports[0])

    def change(*given: object, **more: object) -> object:
        path.write_bytes(reports[1] + b"more")
        return put(*given, **more)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(store, "put", change)
    [found] = take_folder(incoming, store, world.chain(), TODAY)
    assert found.left == "it changed meanwhile: take it again"
    assert path.read_bytes() == reports[1] + b"more"
    store.close()


def test_what_changes_or_comes_after_it_was_read_is_never_taken_for_it(
    world: World, reports: list[bytes], incoming: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A messenger writes into the folder meanwhile: another report in the place of the first, and new texts."""
    text, put = incoming / "pasted.txt", store.put
    text.write_text(" ".join(split(reports[0])))
    (incoming / "going.dat").write_bytes(reports[2])

    def change(*given: object, **more: object) -> object:
        if text.read_text().startswith(split(reports[0])[0]):
            text.write_text(" ".join(split(reports[1])))
            (incoming / "new.txt").write_text(" ".join(split(reports[3])))
            (incoming / "going.dat").unlink()
        return put(*given, **more)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(store, "put", change)
    found = take_folder(incoming, store, world.chain(), TODAY)
    assert {each.name: each.left.partition(":")[0] for each in found} == {
        "new.txt": "it came meanwhile",
        "pasted.txt": "it changed meanwhile",
    }
    assert _held(store) == {reports[0]}
    take_folder(incoming, store, world.chain(), TODAY)
    assert _held(store) == {reports[0], reports[1], reports[3]}
    assert list(incoming.iterdir()) == []
    store.close()


def test_a_block_that_belongs_to_nothing_stays(
    world: World, reports: list[bytes], incoming: Path, store: Store
) -> None:
    """Its number was damaged: there is no block 9 of 5."""
    block = split(reports[0])[0]
    (incoming / "odd.txt").write_text(block.replace(" 1/", " 9/", 1))
    [found] = take_folder(incoming, store, world.chain(), TODAY)
    assert "damaged, cut off" in found.left
    assert (incoming / "odd.txt").exists()
    store.close()


def test_many_large_texts_are_never_held_together(
    world: World, reports: list[bytes], incoming: Path, store: Store
) -> None:
    """Photos that lie among them are texts without a block."""
    for number in range(8):
        (incoming / f"photo-{number}.jpg").write_bytes(bytes(8_000_000))
    (incoming / "a.txt").write_text(" ".join(split(reports[0])))
    tracemalloc.start()
    found = take_folder(incoming, store, world.chain(), TODAY)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 60_000_000
    assert [each.left for each in found] == ["", *["nothing sealed was found in it"] * 8]
    store.close()


def test_a_file_longer_than_any_chat_is_named_and_not_read_whole(world: World, incoming: Path, store: Store) -> None:
    with (incoming / "film.mp4").open("wb") as file:
        file.truncate(LIMIT + 1)
    [found] = take_folder(incoming, store, world.chain(), TODAY)
    assert "larger than anything" in found.left
    store.close()


def test_by_command_beside_a_running_server(world: World, reports: list[bytes], incoming: Path, tmp_path: Path) -> None:
    (incoming / "a\x1b[31m.dat").write_bytes(reports[0])
    (incoming / "b\x1b[31m.txt").write_text("nothing")
    with running_drop(world, tmp_path) as drop:
        done = command("take", incoming, "--data", drop.data)
        assert done.returncode == Exit.SOME_FAILED
        assert "1 new reports taken in, 0 were here before, 1 files left." in done.stderr
        assert "Left: b\\u{1b}[31m.txt: nothing sealed was found in it." in done.stderr
        assert "\x1b" not in done.stderr
        (incoming / "a.dat").write_bytes(reports[0])
        done = command("take", incoming, "--data", drop.data, "--json")
        assert [one["known"] for one in json.loads(done.stdout)] == [1, 0]
        missing = command("take", incoming / "nowhere", "--data", drop.data)
    assert missing.returncode == Exit.FAULT
    assert "can't be read" in missing.stderr
