"""What the drop does without being asked, at the end of a UTC day."""

import os
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from intake.drop.assets import Assets
from intake.drop.belief import Belief
from intake.drop.config import load
from intake.drop.folder import DataFolder
from intake.drop.mailboxes import Mailboxes
from intake.drop.service import Caretaker, PageShelf
from intake.drop.store import Store
from intake.drop.uploads import Uploads
from tests.harness.keys import TODAY, World, make_world
from tests.harness.server import SETTINGS, toml


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "keys")


def test_the_day_ends_with_a_fold_and_counts(tmp_path: Path, world: World) -> None:
    clock: list[date] = [TODAY]
    said: list[str] = []
    failures = Counter({"422 not-sealed": 3})
    folder = DataFolder.open(tmp_path / "data", create=True)
    belief = Belief(folder, world.folder / "keyring.note", world.typed, lambda: clock[0])
    flags = {"data": folder.path, "keyring": world.folder / "keyring.note", "root": world.fingerprints}
    pages = PageShelf(load(flags, {}, toml(SETTINGS).encode()), Assets.load(), belief.chain)
    with Store(folder) as store:
        caretaker = Caretaker(
            folder,
            store,
            Mailboxes(store),
            Uploads(folder, store.parts, store),
            belief,
            pages,
            lambda: failures,
            said.append,
            lambda: clock[0],
        )
        store.put(os.urandom(16), b"x", claimed=1, day=TODAY)
        caretaker.look()
        assert (said, store.folded()) == ([], date.min)
        clock[0] += timedelta(days=1)
        caretaker.look()
        assert said == ["since yesterday: 422 not-sealed x 3"]
        assert store.folded() == clock[0]
        failures["422 not-sealed"] += 1
        caretaker.look()
        clock[0] += timedelta(days=1)
        caretaker.look()
        assert said[1:] == ["since yesterday: 422 not-sealed x 1"]


def test_the_pages_follow_the_roots(tmp_path: Path, world: World) -> None:
    flags = {"data": tmp_path, "keyring": tmp_path / "k", "root": world.fingerprints}
    shelf = PageShelf(load(flags, {}, toml(SETTINGS).encode()), Assets.load(), world.chain())
    before = shelf()
    shelf.follow(world.next().chain())
    assert shelf() is before
    shelf.follow(world.next(threshold=3, signers=world.roots).chain())
    assert b'data-threshold="3"' in shelf().form("en").identity
