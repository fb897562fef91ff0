"""Many sealed reports opened at once: each told by its key, and none that can stop another."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import threading
import time
from multiprocessing import active_children
from pathlib import Path

import pytest

from intake.errors import Damaged, Fault, NoKeyFits, NotSealed
from intake.review.opened import contents_of, should_open
from intake.review.workers import BATCH, Body, Opening, Prepared
from intake.sealing import Guess, Header, HybridIdentity, open_with_file_key, rewrap
from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import World, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


def test_what_is_kept_of_a_report(world: World) -> None:
    files = [b"\xff\xd8 one", os.urandom(300_000)]
    report = make_report(world, 7, files)
    sealed = seal_report(report, world.reviewers, files)
    held = contents_of(sealed, world.reviewers[1:2])
    header = Header.parse(sealed)
    assert held.report == report
    assert held.content == report.to_json()
    assert held.mac == header.mac
    assert held.payload == hashlib.sha256(sealed[header.size :]).digest()
    assert held.files == tuple(hashlib.sha256(content).digest() for content in files)
    assert held.stanzas == 3
    with_key = open_with_file_key(io.BytesIO(sealed), held.file_key)
    assert report.to_json() in with_key.read()


def test_a_copy_for_another_reviewer_is_known_by_its_payload(world: World) -> None:
    newcomer = HybridIdentity.generate()
    sealed = seal_report(make_report(world), world.reviewers)
    copy = io.BytesIO(b"")
    rewrap(io.BytesIO(sealed), copy, world.reviewers, [newcomer.recipient])
    first, second = contents_of(sealed, world.reviewers), contents_of(copy.getvalue(), [newcomer])
    assert first.payload == second.payload
    assert first.mac != second.mac


def test_a_file_for_fewer_than_its_keyring_names_is_told() -> None:
    assert should_open(3, 3) is None
    assert should_open(1, 3) == (
        "it is sealed to 1 of the 3 reviewers of its keyring: others may not be able to read it"
    )


def test_a_guess_changes_no_outcome(world: World) -> None:
    guess = Guess()
    strangers = [HybridIdentity.generate(), world.reviewers[2]]
    for number, readers in enumerate((world.reviewers, world.reviewers[::-1], [world.reviewers[2]]), 1):
        report = make_report(world, number)
        assert contents_of(seal_report(report, readers), strangers, guess).report == report
    with pytest.raises(NoKeyFits):
        contents_of(seal_report(make_report(world), world.reviewers[:2]), strangers, guess)


def test_each_is_opened_or_named_with_its_reason(world: World, tmp_path: Path) -> None:
    files: dict[str, Body] = {}
    for number in range(1, 3 * BATCH):
        files[f"sound {number}"] = seal_report(make_report(world, number), world.reviewers)
    large = make_report(world, 900, [bytes(3 << 20)])
    (tmp_path / "large.age").write_bytes(seal_report(large, world.reviewers, [bytes(3 << 20)]))
    files["large"] = tmp_path / "large.age"
    sealed = seal_report(make_report(world, 901), world.reviewers)
    files["a stranger's"] = seal_report(make_report(world, 902), [HybridIdentity.generate()])
    files["cut"] = sealed[:-1]
    files["altered"] = sealed[:9000] + bytes([sealed[9000] ^ 1]) + sealed[9001:]
    files["no report"] = seal_report(make_report(world, 903), world.reviewers, spoil=b"../../etc/passwd")
    files["no sealed file"] = b"PK\x03\x04"
    files["nothing"] = b""
    files["gone"] = tmp_path / "nowhere.age"
    with Opening(world.reviewers[:1], workers=2) as opening:
        found = dict(opening.each(files.items()))
    assert found.keys() == files.keys()
    for name, result in found.items():
        if name.startswith("sound"):
            assert isinstance(result, Prepared)
            assert result.id == f"{int(name.split()[1]):032x}"
    reasons = {
        "large": Prepared,
        "a stranger's": NoKeyFits,
        "cut": Damaged,
        "altered": Damaged,
        "no report": Damaged,
        "no sealed file": NotSealed,
        "nothing": NotSealed,
        "gone": Fault,
    }
    assert {name: type(found[name]) for name in reasons} == reasons
    assert all(result.advice for result in found.values() if not isinstance(result, Prepared))
    assert not active_children()


def _holds_files(pid: int) -> bool:
    try:
        return any(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def test_one_that_ends_its_worker_is_named_and_the_others_are_opened(world: World, tmp_path: Path) -> None:
    fifo = tmp_path / "poison"
    os.mkfifo(fifo)
    over = threading.Event()

    def kill() -> None:
        """Each worker that has begun to read the poison."""
        while not over.is_set():
            try:
                os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:
                time.sleep(0.01)
                continue
            dying = [child.pid or 0 for child in active_children()]
            for pid in dying:
                os.kill(pid, signal.SIGKILL)
            while any(map(_holds_files, dying)):  # or the next worker would be killed for what this one still reads
                time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        sealed = {number: seal_report(make_report(world, number), world.reviewers) for number in range(1, 6)}
        files: dict[int, Body] = {**sealed, 0: fifo}
        with Opening(world.reviewers[:1], workers=1) as opening:
            found = dict(opening.each(files.items()))
    finally:
        over.set()
        killer.join()
    poisoned = found.pop(0)
    assert isinstance(poisoned, Damaged)
    assert all(isinstance(result, Prepared) for result in found.values())
    assert found.keys() == sealed.keys()


def test_one_that_never_ends_is_named(world: World, tmp_path: Path) -> None:
    fifo = tmp_path / "endless"
    os.mkfifo(fifo)
    with Opening(world.reviewers[:1], workers=1, patience=0.2) as opening:
        ((_, result),) = opening.each([("endless", fifo)])
    assert isinstance(result, Damaged)
    assert "never ended" in str(result)
