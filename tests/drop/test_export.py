"""Bundles: everything held is listed, what is new is carried, and the chain survives a kill at every step."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import pytest

from intake.drop.belief import Belief
from intake.drop.export import export
from intake.drop.folder import DataFolder
from intake.drop.store import Store
from intake.errors import Fault, KeyringRefused
from intake.report.bundle import BundleReader, read_bundle
from tests.harness.keys import TODAY, World, make_world, new_key


class Killed(Exception):
    """Stands for the power going at this point."""


class Mortal(Store):
    """A store under which the process ends before or after a step."""

    at = ""

    def begin_bundle(self, serial: int, digest: bytes, note: bytes, *, day: date, everything: bool = False) -> None:
        self._reach("before begin")
        super().begin_bundle(serial, digest, note, day=day, everything=everything)
        self._reach("after begin")

    def finish_bundle(self, serial: int, carried: list[bytes]) -> None:  # type: ignore[override]  # what export gives
        self._reach("before finish")
        super().finish_bundle(serial, carried)
        self._reach("after finish")

    def open(self, identifier: bytes) -> BinaryIO:
        self._reach("while writing")
        return super().open(identifier)

    def _reach(self, step: str) -> None:
        if step == self.at:
            raise Killed


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "keys")


@pytest.fixture
def folder(tmp_path: Path, world: World, lay: Callable[[DataFolder], DataFolder]) -> DataFolder:
    folder = lay(DataFolder.open(tmp_path / "data", create=True))
    Belief(folder, world.folder / "keyring.note", world.typed, lambda: TODAY)
    folder.drop_key.write_bytes((world.folder / "drop.key").read_bytes())
    return folder


@pytest.fixture
def store(folder: DataFolder) -> Iterator[Mortal]:
    with Mortal(folder) as found:
        yield found


@pytest.fixture
def to(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def put(store: Store, count: int = 1) -> dict[str, bytes]:
    reports = {os.urandom(16).hex(): os.urandom(1000) for _ in range(count)}
    for identifier, body in reports.items():
        store.put(bytes.fromhex(identifier), body, claimed=1, day=TODAY)
    return reports


def read(path: Path) -> tuple[BundleReader, dict[str, bytes]]:
    reader = read_bundle(io.BytesIO(path.read_bytes()))
    return reader, {entry.id: stream.read() for entry, stream in reader}


def test_new_reports_are_carried_and_old_ones_listed(folder: DataFolder, store: Mortal, to: Path, world: World) -> None:
    first = put(store, 5)
    (one,) = export(folder, store, to, TODAY)
    second = put(store, 3)
    (two,) = export(folder, store, to, TODAY)
    (three,) = export(folder, store, to, TODAY)
    (everything,) = export(folder, store, to, TODAY, everything=True)
    assert [path.name for path in (one, two)] == ["drop.example-000001.bundle", "drop.example-000002.bundle"]
    carried = [first, second, {}, first | second]
    previous = None
    for serial, (path, reports) in enumerate(zip((one, two, three, everything), carried, strict=True), 1):
        reader, found = read(path)
        assert found == reports
        index = reader.index
        assert (index.origin, index.epoch, index.serial, index.previous) == (world.origin, 1, serial, previous)
        assert reader.index_note.signers([world.drop_key.verify_key]) == (world.drop_key.verify_key,)
        assert reader.keyrings == {1: world.note}
        assert [entry.id for entry in index.reports] == sorted(first if serial == 1 else first | second)
        assert {entry.sha256 for entry in index.reports} >= {hashlib.sha256(b).hexdigest() for b in reports.values()}
        assert path.stat().st_mode & 0o777 == 0o600
        previous = index.hash


@pytest.mark.parametrize("step", ["before begin", "after begin", "while writing", "before finish", "after finish"])
def test_a_kill_at_any_step_neither_forks_the_chain_nor_loses_a_report(
    folder: DataFolder, store: Mortal, to: Path, step: str
) -> None:
    (one,) = export(folder, store, to, TODAY)
    early = put(store, 3)
    store.at = step
    with pytest.raises(Killed):
        export(folder, store, to, TODAY)
    store.at = ""
    before = {path.name: path.read_bytes() for path in to.iterdir()}
    late = put(store, 2)
    export(folder, store, to, TODAY)
    files = sorted(to.iterdir())
    for name, content in before.items():
        assert (to / name).read_bytes() == content
    readers = [read(path) for path in files]
    assert [reader.index.serial for reader, _ in readers] == list(range(1, len(files) + 1))
    for (earlier, _), (later, _) in pairwise(readers):
        assert later.index.previous == earlier.index.hash
    carried: list[str] = [identifier for _, found in readers for identifier in found]
    assert sorted(carried) == sorted(early | late)
    assert one in files


def test_a_kept_bundle_is_finished_in_another_folder_too(
    folder: DataFolder, store: Mortal, to: Path, tmp_path: Path
) -> None:
    reports = put(store)
    store.at = "before finish"
    with pytest.raises(Killed):
        export(folder, store, to, TODAY)
    store.at = ""
    (tmp_path / "other").mkdir()
    again, _ = export(folder, store, tmp_path / "other", TODAY)
    assert again.read_bytes() == (to / again.name).read_bytes()
    assert read(again)[1] == reports


def test_another_file_of_that_name_is_never_replaced(folder: DataFolder, store: Mortal, to: Path) -> None:
    (to / "drop.example-000001.bundle").write_bytes(b"of another epoch")
    with pytest.raises(Fault, match="exists already"):
        export(folder, store, to, TODAY)
    (to / "drop.example-000001.bundle").unlink()
    first, second = export(folder, store, to, TODAY)
    assert read(second)[0].index.previous == read(first)[0].index.hash


def test_a_key_that_the_keyring_does_not_name_signs_nothing(folder: DataFolder, store: Mortal, to: Path) -> None:
    folder.drop_key.write_text(f"{new_key('d1')}\n")
    with pytest.raises(KeyringRefused, match="does not name this drop's key"):
        export(folder, store, to, TODAY)
    folder.drop_key.unlink()
    with pytest.raises(Fault, match="can't be read") as caught:
        export(folder, store, to, TODAY)
    assert "drop-new" in caught.value.advice
    assert store.last_bundle() is None


def test_a_missing_folder_is_said(folder: DataFolder, store: Mortal, to: Path) -> None:
    with pytest.raises(Fault, match="not a folder"):
        export(folder, store, to / "none", TODAY)
