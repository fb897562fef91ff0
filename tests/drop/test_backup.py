"""A server is lost and comes back from its backup in a new epoch: the desks see what it lost, and no fork."""

import hashlib
import io
import os
import random
import shutil
import stat
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from intake.drop.backup import backup, begin_epoch, restore
from intake.drop.belief import Belief
from intake.drop.delivery import Forked, deliver
from intake.drop.export import export
from intake.drop.folder import DataFolder
from intake.drop.mailboxes import Mailboxes
from intake.drop.parts import Full
from intake.drop.store import Store
from intake.errors import Damaged, Fault, Usage
from intake.report.bundle import Index, read_bundle
from intake.report.outbox import Acknowledged
from intake.review.chain import Kind, place
from intake.review.forgetting import Link
from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import TODAY, World
from tests.harness.large import seal_large
from tests.harness.mortal import Mortal
from tests.harness.outboxes import make_outbox
from tests.harness.sqlite_file import SQLiteFile

Lay = Callable[[DataFolder], DataFolder]


def believing(folder: DataFolder, world: World) -> DataFolder:
    Belief(folder, world.folder / "keyring.note", world.typed, lambda: world.today)
    folder.drop_key.write_bytes((world.folder / "drop.key").read_bytes())
    folder.drop_key.chmod(0o600)
    return folder


@pytest.fixture
def folder(tmp_path: Path, world: World, lay: Lay) -> DataFolder:
    return believing(lay(DataFolder.open(tmp_path / "data", create=True)), world)


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    (tmp_path / "stick").mkdir()
    return tmp_path / "stick"


def put(store: Store, world: World, *numbers: int) -> list[bytes]:
    ids = []
    for number in numbers:
        report = make_report(world, number)
        ids.append(bytes.fromhex(report.id))
        store.put(ids[-1], seal_report(report, world.reviewers), claimed=1, day=TODAY)
    return ids


def bundled(folder: DataFolder, store: Store, stick: Path, day: date = TODAY) -> Index:
    with export(folder, store, stick, day)[-1].open("rb") as file:
        return read_bundle(file).index


def lost(world: World, folder: DataFolder, stick: Path) -> list[Index]:
    """Two bundles, a backup, and two more bundles with reports that the backup lacks. Then the server burns down."""
    with Store(folder) as store:
        Mailboxes(store)
        put(store, world, 1, 2)
        seen = [bundled(folder, store, stick)]
        put(store, world, 3)
        seen.append(bundled(folder, store, stick))
        backup(folder, store, stick, TODAY)
        put(store, world, 4)
        seen.append(bundled(folder, store, stick))
        put(store, world, 5)
        seen.append(bundled(folder, store, stick))
    shutil.rmtree(folder.path)
    return seen


def link(world: World, index: Index) -> Link:
    return Link.of(index, world.chain().keyrings, TODAY, whole=True)


def test_the_desks_see_a_restore_and_what_it_lost(
    folder: DataFolder, world: World, stick: Path, tmp_path: Path
) -> None:
    seen = lost(world, folder, stick)
    back = DataFolder.open(tmp_path / "new", create=True)
    assert restore(stick / f"drop.example-{TODAY}", back, TODAY) == 2
    believing(back, world)
    with Store(back) as store:
        assert len(store.entries()) == 3
        put(store, world, 6)
        first = bundled(back, store, stick)
        second = bundled(back, store, stick)
    assert (first.epoch, first.serial, first.previous) == (2, 3, seen[1].hash)
    assert sorted(path.name for path in stick.glob("*.bundle")) == [
        *(f"drop.example-{number:06d}.bundle" for number in range(1, 5)),
        "drop.example-e2-000003.bundle",
        "drop.example-e2-000004.bundle",
    ]
    known = [link(world, index) for index in seen]
    (alarm,) = place(first, known).alarms
    assert alarm.kind is Kind.RESTORED
    assert "knows nothing of bundles 3 to 4 of epoch 1" in str(alarm)
    assert place(second, [*known, link(world, first)]).alarms == ()
    # A desk that had imported no more than the backup knew is told of the restore alone.
    (alarm,) = place(first, known[:2]).alarms
    assert str(alarm).endswith("right after bundle 2")


def test_without_a_new_epoch_it_would_be_a_fork(folder: DataFolder, world: World, stick: Path, tmp_path: Path) -> None:
    """The control: a copy of the backup that just goes on."""
    seen = lost(world, folder, stick)
    copy = believing(DataFolder.open(Path(shutil.copytree(stick / f"drop.example-{TODAY}", tmp_path / "new"))), world)
    (tmp_path / "other").mkdir()
    with Store(copy) as store:
        put(store, world, 6)
        index = bundled(copy, store, tmp_path / "other")
    (alarm,) = place(index, [link(world, each) for each in seen]).alarms
    assert alarm.kind is Kind.FORKED


def test_reviewers_who_have_what_was_lost_can_still_answer(
    folder: DataFolder, world: World, stick: Path, tmp_path: Path
) -> None:
    """An outbox that acknowledges a bundle of before the restore, whose number was used again, is no fork."""
    seen = lost(world, folder, stick)
    back = DataFolder.open(tmp_path / "new", create=True)
    restore(stick / f"drop.example-{TODAY}", back, TODAY)
    believing(back, world)
    with Store(back) as store:
        bundled(back, store, stick)
        acks = [Acknowledged(each.serial, each.hash) for each in seen[:3]]
        found = deliver(store, world.chain(), io.BytesIO(make_outbox(world, acknowledged=acks)), TODAY)
        assert (found.bundles, found.strange) == (2, 1)
        forged = [Acknowledged(1, b"x" * 32)]
        with pytest.raises(Forked):
            deliver(store, world.chain(), io.BytesIO(make_outbox(world, acknowledged=forged, reviewer=1)), TODAY)


def test_a_server_that_came_back_otherwise_begins_one_epoch(folder: DataFolder, world: World, stick: Path) -> None:
    with Store(folder) as store:
        put(store, world, 1)
        bundled(folder, store, stick)
        with store.writing() as connection:
            assert begin_epoch(connection) == 2
        with pytest.raises(Usage, match="epoch 2 has begun already"), store.writing() as connection:
            begin_epoch(connection)
        assert bundled(folder, store, stick).epoch == 2
        with store.writing() as connection:
            assert begin_epoch(connection) == 3


def test_a_backup_is_private_and_has_no_key(folder: DataFolder, world: World, stick: Path) -> None:
    with Store(folder) as store:
        body = seal_large(world)
        identifier = os.urandom(16)
        for number in range(-(-len(body) // 2**20)):
            store.parts.put(identifier, number, body[number * 2**20 : (number + 1) * 2**20])
        store.put_parts(identifier, len(body), hashlib.sha256(body).digest(), claimed=1, day=TODAY)
        path = backup(folder, store, stick, TODAY)
        with pytest.raises(Fault, match="exists already"):
            backup(folder, store, stick, TODAY)
        backup(folder, store, stick, TODAY + timedelta(days=1))
    files = [each for each in path.rglob("*") if each.is_file()]
    assert {each.name for each in files} >= {"drop.db", "keyring.pin", "000001.note", "0"}
    assert not [each for each in files if each.name == "drop.key"]
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert (path / "parts" / identifier.hex() / "0").read_bytes() == body[: 2**20]


def test_what_a_backup_that_was_cut_off_left_goes_with_the_next(
    folder: DataFolder, world: World, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on another day: else a copy would stay that no purge and no list of backups knows of."""
    (stick / ".drop.example-notes").mkdir()

    def fail(*_: object, **__: object) -> None:
        raise Fault("the power is gone")

    with Store(folder) as store:
        put(store, world, 1)
        with monkeypatch.context() as patch:
            patch.setattr("intake.drop.copying.check", fail)
            with pytest.raises(Fault):
                backup(folder, store, stick, TODAY)
        assert {path.name for path in stick.iterdir()} == {".drop.example-notes", f".drop.example-{TODAY}"}
        kept = backup(folder, store, stick, TODAY + timedelta(days=1))
    assert {path.name for path in stick.iterdir()} == {".drop.example-notes", kept.name}


def test_a_backup_is_made_and_folded_where_the_store_can_not_be(
    folder: DataFolder, world: World, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise Full("the disk has no room")

    said: list[str] = []
    with Store(folder) as store:
        ids = put(store, world, *random.Random(3).sample(range(1, 400), 60))
        monkeypatch.setattr(store.database, "rewrite", fail)
        kept = backup(folder, store, stick, TODAY, warn=said.append)
    assert [each.partition(".")[0] for each in said] == ["Not folded: the disk has no room"]
    file = SQLiteFile((kept / "drop.db").read_bytes())
    lying = file.rows("report")
    assert sorted(ids) == sorted(ids, key=lambda each: lying[each].overflow)
    assert list(file.slack()) == []


def test_what_is_no_backup_or_damaged_or_too_late_is_refused(
    folder: DataFolder, world: World, stick: Path, tmp_path: Path
) -> None:
    lost(world, folder, stick)
    kept = stick / f"drop.example-{TODAY}"
    back = DataFolder.open(tmp_path / "new", create=True)
    with pytest.raises(Usage, match="no backup"):
        restore(tmp_path, back, TODAY)
    spoilt = Path(shutil.copytree(kept, tmp_path / "spoilt"))
    content = bytearray((spoilt / "drop.db").read_bytes())
    sealed = seal_report(make_report(world, 1), world.reviewers)
    at = content.rfind(b"mlkem768x25519")
    assert at > 0
    assert sealed
    content[at] ^= 1
    (spoilt / "drop.db").write_bytes(content)
    with pytest.raises((Fault, Damaged)):
        restore(spoilt, back, TODAY)
    assert not back.database.exists()
    restore(kept, back, TODAY)
    with pytest.raises(Usage, match="holds a drop already"):
        restore(kept, back, TODAY)


@pytest.mark.parametrize("kills", [3, pytest.param(40, marks=pytest.mark.long)])
def test_killed_at_any_moment_it_is_restored_once_or_not_at_all(world: World, tmp_path: Path, kills: int) -> None:
    folder = believing(DataFolder.open(tmp_path / "data", create=True), world)
    stick = tmp_path / "stick"
    stick.mkdir()
    with Store(folder) as store:
        put(store, world, *range(1, 30))
        bundled(folder, store, stick)
        held = {entry.id: store.body(entry.id) for entry in store.entries()}
    with Mortal() as mortal:
        mortal.run("backup", "--data", folder.path, "--to", stick)
        (kept,) = stick.glob("drop.example-2*")
        for turn in mortal.turns(kills, random.Random(kills)):
            to, new = tmp_path / f"{turn}", tmp_path / f"{turn}-new"
            to.mkdir()
            mortal.kill("backup", "--data", folder.path, "--to", to)
            for each in to.glob("drop.example-2*"):
                assert _held(each) == held
            mortal.kill("restore", kept, "--data", new)
            if not (new / "drop.db").exists():
                mortal.run("restore", kept, "--data", new)
            assert _held(new) == held
            with Store(DataFolder.open(new)) as store:
                assert store.epoch() == 2


def _held(path: Path) -> dict[bytes, bytes]:
    with Store(DataFolder.open(path)) as store:
        return {entry.id: store.body(entry.id) for entry in store.entries()}
