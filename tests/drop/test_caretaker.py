"""What the drop does without being asked, at the end of a UTC day."""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from intake.drop import caretaker as caretaking
from intake.drop.assets import Assets
from intake.drop.belief import Belief
from intake.drop.caretaker import AGAIN, Caretaker
from intake.drop.config import load
from intake.drop.folder import DataFolder
from intake.drop.mailboxes import Mailboxes
from intake.drop.shelf import PageShelf
from intake.drop.store import Store
from intake.drop.uploads import Uploads
from intake.errors import Fault
from tests.harness.keys import TODAY, World, make_world
from tests.harness.server import SETTINGS, toml


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "keys")


class Household:
    """A caretaker with what it looks after, and a clock for it."""

    def __init__(self, path: Path, world: World) -> None:
        self.today = TODAY
        self.said: list[str] = []
        self.failures: Counter[str] = Counter()
        folder = DataFolder.open(path / "data", create=True)
        belief = Belief(folder, world.folder / "keyring.note", world.typed, lambda: self.today)
        flags = {"data": folder.path, "keyring": world.folder / "keyring.note", "root": world.fingerprints}
        pages = PageShelf(load(flags, {}, toml(SETTINGS).encode()), Assets.load(), belief.chain)
        self.store = Store(folder)
        self.caretaker = Caretaker(
            folder,
            self.store,
            Mailboxes(self.store),
            Uploads(folder, self.store.parts, self.store),
            belief,
            pages,
            lambda: self.failures,
            self.said.append,
            lambda: self.today,
        )

    def night(self) -> None:
        self.today += timedelta(days=1)
        self.caretaker.look()


@pytest.fixture
def house(tmp_path: Path, world: World) -> Iterator[Household]:
    household = Household(tmp_path, world)
    with household.store:
        yield household


def test_the_day_ends_with_a_fold_and_counts(house: Household) -> None:
    house.failures["422 not-sealed"] = 3
    house.store.put(os.urandom(16), b"x", claimed=1, day=TODAY)
    house.caretaker.look()
    assert (house.said, house.store.folded()) == ([], date.min)
    house.night()
    assert house.said == ["since yesterday: 422 not-sealed x 3"]
    assert house.store.folded() == house.today
    house.failures["422 not-sealed"] += 1
    house.caretaker.look()
    house.night()
    assert house.said[1:] == ["since yesterday: 422 not-sealed x 1"]


def test_a_fold_that_failed_is_tried_again_until_it_is_done(house: Household, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one that was down for a minute at midnight would tell the order of that day until the next is over."""
    tried: list[date] = []

    def fail(today: date) -> None:
        tried.append(today)
        raise Fault("s3://bucket does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(house.store, "fold", fail)
        house.night()
        for _ in range(2 * AGAIN):
            house.caretaker.look()
        assert tried == [house.today] * 3
    trouble = "the store could not be folded: s3://bucket does not answer"
    assert house.said == [trouble]
    for _ in range(2 * AGAIN):
        house.caretaker.look()
    assert house.said == [trouble, f"over: {trouble}"]
    assert house.store.folded() == house.today


def test_an_error_that_nobody_foresaw_is_counted_and_the_caretaker_goes_on(
    house: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda error: counted.append(error.exc_type.__name__))
    monkeypatch.setattr(caretaking, "AGAIN", 1)
    folded = threading.Event()
    fold, rounds = house.store.fold, [KeyError("a witness's word"), None]

    def surprising(today: date) -> None:
        if (error := rounds.pop(0)) is not None:
            raise error
        fold(today)
        folded.set()

    monkeypatch.setattr(house.store, "fold", surprising)
    house.caretaker.start()
    assert folded.wait(30)
    house.caretaker.end()
    assert (counted, house.said) == (["KeyError"], [])
    assert house.store.folded() == house.today


def test_the_pages_follow_the_roots(tmp_path: Path, world: World) -> None:
    flags = {"data": tmp_path, "keyring": tmp_path / "k", "root": world.fingerprints}
    shelf = PageShelf(load(flags, {}, toml(SETTINGS).encode()), Assets.load(), world.chain())
    before = shelf()
    shelf.follow(world.next().chain())
    assert shelf() is before
    shelf.follow(world.next(threshold=3, signers=world.roots).chain())
    assert b'data-threshold="3"' in shelf().form("en").identity
