"""Which keyring is served: by typed roots at first, never backwards after, and a bad one never replaces a good one."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from intake.drop.belief import Belief, stored_chain
from intake.drop.folder import DataFolder
from intake.errors import Fault, IntakeError, KeyringRefused
from intake.keyring import Roots
from tests.harness.keys import TODAY, World, make_world, new_key


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "keys")


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder.open(tmp_path / "data", create=True)


@pytest.fixture
def file(tmp_path: Path, world: World) -> Path:
    path = tmp_path / "keyring.note"
    path.write_bytes(world.note)
    return path


@pytest.fixture
def believe(folder: DataFolder, file: Path, world: World) -> Callable[[], Belief]:
    return lambda: Belief(folder, file, world.typed, lambda: TODAY)


def replace(file: Path, note: bytes) -> None:
    """As an editor or a copy does it: another file under the name."""
    beside = file.with_name("new")
    beside.write_bytes(note)
    beside.replace(file)


def test_the_chain_and_the_pin_are_kept(folder: DataFolder, world: World, believe: Callable[[], Belief]) -> None:
    assert believe().chain.newest.serial == 1
    assert (folder.keyrings / "000001.note").read_bytes() == world.note
    assert folder.pin.read_bytes() == bytes(world.pin)
    assert stored_chain(folder, TODAY).notes == world.notes


def test_a_new_keyring_is_taken_up(folder: DataFolder, file: Path, world: World, believe: Callable[[], Belief]) -> None:
    belief = believe()
    assert belief.refresh() is False
    later = world.next(reviewers=2)
    replace(file, later.note)
    assert belief.refresh() is True
    assert belief.chain.notes == later.notes
    assert stored_chain(folder, TODAY).newest.serial == 2
    assert believe().chain.notes == later.notes


@pytest.mark.parametrize(
    "spoil",
    [
        lambda world: world.next(signers=world.roots[:1]).note,
        lambda world: world.next(signers=[new_key("a"), new_key("b")]).note,
        lambda world: world.next().next().note,
        lambda world: world.next(origin="other.example").note,
        lambda _: b"amonat/keyring/1\n",
        lambda _: b"\xff",
    ],
    ids=["half signed", "strangers", "a gap", "another drop", "cut", "junk"],
)
def test_a_bad_keyring_is_refused_once_and_the_good_one_stays(
    file: Path, world: World, believe: Callable[[], Belief], spoil: Callable[[World], bytes]
) -> None:
    belief = believe()
    replace(file, spoil(world))
    with pytest.raises(KeyringRefused):
        belief.refresh()
    assert belief.refresh() is False
    assert belief.chain.notes == world.notes
    replace(file, world.next().note)
    assert belief.refresh() is True


def test_an_older_file_never_takes_the_drop_back(file: Path, world: World, believe: Callable[[], Belief]) -> None:
    replace(file, world.next().note)
    shutil.copy(world.folder / "keyring-1.note", file.with_name("keyring-1.note"))
    assert believe().chain.newest.serial == 2
    replace(file, world.note)
    assert believe().chain.newest.serial == 2


def test_a_first_start_needs_every_earlier_keyring(file: Path, world: World, believe: Callable[[], Belief]) -> None:
    replace(file, world.next().note)
    with pytest.raises(KeyringRefused, match=r"keyring 1 of drop\.example is missing"):
        believe()
    file.with_name("000001.note").write_bytes(world.note)
    assert len(believe().chain.keyrings) == 2


def test_wrong_roots_and_missing_files_are_refused(folder: DataFolder, file: Path, world: World) -> None:
    strangers = Roots.of([str(new_key("a").verify_key), str(new_key("b").verify_key)], 2)
    with pytest.raises(KeyringRefused):
        Belief(folder, file, strangers, lambda: TODAY)
    with pytest.raises(Fault, match="can't be read"):
        Belief(folder, file.with_name("none"), world.typed, lambda: TODAY)
    with pytest.raises(IntakeError, match="no keyring is known"):
        stored_chain(folder, TODAY)
