"""Uploads without HTTP: offsets that tell the truth whatever fails, and reports only when they are whole."""

import os
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from intake.drop import problems
from intake.drop.blobs import FOLDER
from intake.drop.entering import Outcome
from intake.drop.parts import FolderParts, Full, PartsReader, count
from intake.drop.store import Store
from intake.drop.unfinished import LIFETIME
from intake.drop.uploads import IDLE, Locked, Misplaced, Refused, Stored, TooLong, Unknown, Uploads
from intake.errors import Fault
from intake.report.sizes import CLASSES, sealed_size
from intake.sealing import X25519Identity, seal_bytes
from tests.harness.bucket import ObjectStore
from tests.harness.keys import TODAY, World
from tests.harness.large import PART, PLAINTEXT, pieces, seal_large
from tests.harness.uploads import Drop

LATER = TODAY + timedelta(days=1)


@pytest.fixture(scope="module")
def body(world: World) -> bytes:
    return seal_large(world)


@pytest.fixture(scope="module")
def objects() -> Iterator[ObjectStore]:
    with ObjectStore() as store, store.known():
        yield store


@pytest.fixture(params=["folder", "bucket"])
def drop(request: pytest.FixtureRequest, tmp_path: Path, world: World) -> Iterator[Drop]:
    """One whose parts lie in its folder, and one whose parts lie in a bucket."""
    blobs = FOLDER
    if request.param == "bucket":
        blobs = request.getfixturevalue("objects").bucket(f"b{os.urandom(8).hex()}")
    found = Drop(tmp_path / "data", world, blobs)
    yield found
    found.store.close()


@pytest.fixture
def local(tmp_path: Path, world: World) -> Iterator[Drop]:
    """For what only a folder has: files, their times, and a disk that fails."""
    found = Drop(tmp_path / "data", world)
    yield found
    found.store.close()


@pytest.mark.parametrize("size", [PART, PART - 1, 300_001, 700_000])
def test_pieces_of_any_size_become_the_report(drop: Drop, body: bytes, size: int) -> None:
    identifier = drop.begin(len(body))
    for offset, piece in pieces(body, size):
        assert drop.store.entry(identifier) is None
        drop.restart()
        assert drop.uploads.find(identifier, TODAY).offset == offset
        drop.send(identifier, offset, piece)
    (entry,) = drop.store.entries()
    assert (entry.id, entry.day, entry.size, entry.claimed, entry.parts) == (identifier, TODAY, len(body), 1, 3)
    assert drop.store.body(identifier) == body
    assert drop.left() == [f"parts/{identifier.hex()}/{number}" for number in range(3)]


def test_the_hash_is_right_with_and_without_a_restart(drop: Drop, body: bytes) -> None:
    first, second = drop.begin(len(body)), drop.begin(len(body))
    drop.send_all(first, body)
    drop.send(second, 0, body[:PART])
    drop.restart()
    drop.send_all(second, body, start=PART)
    one, other = drop.store.entries()
    assert one.sha256 == other.sha256
    assert drop.store.put(first, body, claimed=1, day=TODAY) is Outcome.SAME


def test_a_small_report_may_come_in_pieces_too(drop: Drop, world: World) -> None:
    for plaintext in CLASSES:
        body = seal_large(world, plaintext)
        identifier = drop.begin(len(body))
        drop.send_all(identifier, body, 400_000)
        assert drop.store.body(identifier) == body
        assert drop.store.put(identifier, body, claimed=1, day=TODAY) is Outcome.SAME
    assert drop.left() == []


def test_an_offset_is_never_ahead_of_the_disk(local: Drop, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever fsync or write fails: the offset stays, and the same bytes again go on."""
    drop = local
    identifier = drop.begin(len(body))
    drop.send(identifier, 0, body[:700_000])
    real, calls, limit = os.fsync, 0, 0

    def failing(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == limit:
            raise OSError(5, "Input/output error")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", failing)
    place = 700_000
    piece = body[place : place + PART]
    for number in range(1, 30):
        limit, calls = number, 0
        try:
            after = drop.send(identifier, place, piece)
        except Fault:
            assert drop.uploads.find(identifier, TODAY).offset == place
        else:
            break
    assert limit > 6
    assert after == place + PART
    limit = 0
    drop.send_all(identifier, body, start=after)
    assert drop.store.body(identifier) == body


def test_a_row_that_fails_can_be_tried_again(drop: Drop, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    identifier = drop.begin(len(body))
    drop.send(identifier, 0, body[:PART])
    drop.send(identifier, PART, body[PART : 2 * PART])
    with monkeypatch.context() as patch:

        def failing(*_: object, **__: object) -> Outcome:
            raise Fault("no database")

        patch.setattr(Store, "put_parts", failing)
        with pytest.raises(Fault):
            drop.send(identifier, 2 * PART, body[2 * PART :])
    assert drop.uploads.find(identifier, TODAY).offset == 2 * PART
    drop.send(identifier, 2 * PART, body[2 * PART :])
    assert drop.store.body(identifier) == body


def test_the_answer_to_the_last_piece_may_be_lost(drop: Drop, body: bytes) -> None:
    identifier = drop.begin(len(body))
    drop.send_all(identifier, body)
    found = drop.uploads.find(identifier, LATER)
    assert found.offset == found.size == len(body)
    with pytest.raises(Misplaced):
        drop.send(identifier, 2 * PART, body[2 * PART :])
    with pytest.raises(Refused) as caught:
        drop.begin(len(body), identifier)
    assert caught.value.problem == problems.OTHER_BYTES
    assert drop.store.body(identifier) == body


def test_a_cut_between_the_row_and_the_tidying(drop: Drop, body: bytes) -> None:
    """The folder is still there when the row is: the report stays whole, whatever is asked."""
    identifier = drop.begin(len(body))
    folder = drop.folder.uploads / identifier.hex()
    drop.send(identifier, 0, body[:PART])
    drop.send(identifier, PART, body[PART : 2 * PART])
    state = (folder / "state").read_bytes()
    drop.send(identifier, 2 * PART, body[2 * PART :])

    def back() -> None:
        folder.mkdir()
        (folder / "state").write_bytes(state)

    back()
    assert drop.uploads.find(identifier, TODAY).offset == len(body)
    with pytest.raises(Stored):
        drop.uploads.cancel(identifier, TODAY)
    back()
    with pytest.raises(Misplaced):
        drop.send(identifier, 2 * PART, bytes(1000))
    assert drop.store.body(identifier) == body
    back()
    drop.uploads.expire(TODAY + 2 * LIFETIME)
    assert not folder.exists()
    back()
    with pytest.raises(Refused):
        drop.begin(len(body), identifier)
    assert drop.store.body(identifier) == body


def test_one_request_writes_at_a_time(local: Drop, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    drop = local
    identifier = drop.begin(len(body))
    inside, go = threading.Event(), threading.Event()
    real = FolderParts.put

    def slow(self: FolderParts, *arguments: bytes) -> None:
        inside.set()
        assert go.wait(60)
        real(self, *arguments)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(FolderParts, "put", slow)
    writer = threading.Thread(target=drop.send, args=(identifier, 0, body[:PART]))
    writer.start()
    assert inside.wait(60)
    for attempt in (
        lambda: drop.send(identifier, 0, body[:PART]),
        lambda: drop.uploads.cancel(identifier, TODAY),
        lambda: drop.begin(len(body), identifier),
    ):
        with pytest.raises(Locked):
            attempt()
    assert drop.uploads.find(identifier, TODAY).offset == 0
    go.set()
    writer.join()
    assert drop.uploads.find(identifier, TODAY).offset == PART


def test_an_offset_that_is_not_the_end_changes_nothing(drop: Drop, body: bytes) -> None:
    identifier = drop.begin(len(body))
    drop.send(identifier, 0, body[:PART])
    for offset in (0, PART - 1, PART + 1, len(body), 10**12):
        with pytest.raises(Misplaced):
            drop.send(identifier, offset, body[offset : offset + 1000] or b"x")
    with pytest.raises(TooLong):
        drop.send(identifier, PART, bytes(PART + 1))
    drop.send(identifier, PART, body[PART : 2 * PART])
    with pytest.raises(TooLong):
        drop.send(identifier, 2 * PART, body[2 * PART :] + b"x")
    drop.send(identifier, 2 * PART, body[2 * PART :])
    assert drop.store.body(identifier) == body


def test_what_is_not_sealed_ends_at_its_first_bytes(drop: Drop, body: bytes, world: World) -> None:
    plain = b"who: my brother\n" * 70_000
    stranger = seal_bytes(bytes(PLAINTEXT), [X25519Identity.generate().recipient for _ in range(3)])
    fewer = seal_large(world, reviewers=world.reviewers[:2])
    for content in (plain[:PART], plain[:10], plain[:1], stranger[:PART], fewer[:PART], body[:-1][1:PART]):
        identifier = drop.begin(len(body))
        assert drop.refusal(identifier, 0, content) == problems.NOT_SEALED
        with pytest.raises(Unknown):
            drop.uploads.find(identifier, TODAY)
    assert drop.left() == []


def test_a_header_that_comes_byte_by_byte_is_judged_when_it_is_there(drop: Drop, body: bytes) -> None:
    identifier = drop.begin(len(body))
    for offset in range(40):
        drop.send(identifier, offset, body[offset : offset + 1])
    drop.send(identifier, 40, body[40:4000])
    assert drop.uploads.find(identifier, TODAY).reviewers == 0
    drop.send(identifier, 4000, body[4000:9000])
    assert drop.uploads.find(identifier, TODAY).reviewers == 3
    drop.send_all(identifier, body, start=9000)
    assert drop.store.body(identifier) == body

    identifier = drop.begin(len(body))
    drop.send(identifier, 0, body[:1000])
    assert drop.refusal(identifier, 1000, b"*\n" * 1500) == problems.NOT_SEALED


@pytest.mark.parametrize(
    ("size", "problem"),
    [
        (0, problems.NOT_SEALED),
        (1_200_000, problems.NOT_SEALED),
        (sealed_size(4, PLAINTEXT), problems.NOT_SEALED),
        (sealed_size(3, PLAINTEXT) + 1, problems.NOT_SEALED),
        (sealed_size(3, 2**31) + 1, problems.TOO_LARGE),
        (10**15, problems.TOO_LARGE),
    ],
)
def test_a_size_that_no_report_has_is_refused_before_a_byte_came(
    drop: Drop, size: int, problem: problems.Problem
) -> None:
    with pytest.raises(Refused) as caught:
        drop.begin(size)
    assert caught.value.problem == problem
    assert drop.left() == []


def test_the_largest_is_taken(drop: Drop) -> None:
    assert drop.begin(sealed_size(3, 2**31))


def test_claims_are_judged_before_a_byte_came(drop: Drop, world: World, body: bytes) -> None:
    drop.chain = world.next().next(closed_through=1).chain()
    for claim, problem in ((1, problems.CLOSED), (2, problems.SEAL_AGAIN), (4, problems.SEAL_AGAIN)):
        with pytest.raises(Refused) as caught:
            drop.begin(len(body), claim=claim)
        assert caught.value.problem == problem
    assert drop.begin(len(body), claim=3)
    assert drop.begin(len(body), claim=None)


def test_an_upload_outlives_a_new_keyring_but_not_the_closing_of_its_own(drop: Drop, world: World, body: bytes) -> None:
    second = world.next()
    kept, ended = drop.begin(len(body)), drop.begin(len(body))
    drop.send(ended, 0, body[:PART])
    drop.chain = second.chain()
    drop.send_all(kept, body)
    assert drop.store.body(kept) == body
    drop.chain = second.next(closed_through=1).chain()
    assert drop.refusal(ended, PART, body[PART : 2 * PART]) == problems.CLOSED
    with pytest.raises(Unknown):
        drop.uploads.find(ended, TODAY)


def test_a_report_that_took_the_id_meanwhile_stays(drop: Drop, world: World, body: bytes) -> None:
    small = seal_large(world, CLASSES[0])
    identifier = drop.begin(len(body))
    drop.send(identifier, 0, body[:PART])
    drop.store.put(identifier, small, claimed=1, day=TODAY)
    with pytest.raises(Misplaced):
        drop.send(identifier, PART, body[PART : 2 * PART])
    assert drop.store.body(identifier) == small
    drop.uploads.expire(TODAY)
    assert drop.store.body(identifier) == small


def test_the_same_creation_again_finds_the_upload_and_another_is_refused(drop: Drop, body: bytes) -> None:
    identifier = drop.begin(len(body))
    drop.send(identifier, 0, body[:5000])
    assert drop.uploads.create(identifier, len(body), 1, drop.chain, TODAY).offset == 5000
    for size, claim in ((sealed_size(3, 2**31), 1), (len(body), None)):
        with pytest.raises(Refused) as caught:
            drop.begin(size, identifier, claim)
        assert caught.value.problem == problems.OTHER_BYTES


def test_a_cancelled_upload_leaves_nothing_and_its_id_is_free(drop: Drop, body: bytes) -> None:
    identifier = drop.begin(len(body))
    drop.send(identifier, 0, body[:PART])
    drop.send(identifier, PART, body[PART : PART + 500])
    drop.uploads.cancel(identifier, TODAY)
    assert [*drop.folder.uploads.iterdir(), *drop.parts.ids()] == []
    with pytest.raises(Unknown):
        drop.uploads.cancel(identifier, TODAY)
    drop.begin(len(body), identifier)
    drop.send_all(identifier, body)
    assert drop.store.body(identifier) == body


def test_an_unfinished_upload_ends_at_a_midnight(drop: Drop, body: bytes) -> None:
    identifier = drop.begin(len(body))
    drop.send(identifier, 0, body[:PART])
    found = drop.uploads.find(identifier, TODAY + LIFETIME - timedelta(days=1))
    assert found.expires == TODAY + LIFETIME
    with pytest.raises(Unknown):
        drop.uploads.find(identifier, found.expires)
    with pytest.raises(Unknown):
        drop.uploads.append(identifier, PART, b"x", drop.chain, found.expires)
    drop.uploads.expire(found.expires - timedelta(days=1))
    assert drop.uploads.find(identifier, TODAY) == found
    drop.uploads.expire(found.expires)
    assert [*drop.folder.uploads.iterdir(), *drop.parts.ids()] == []


def test_orphans_are_swept_and_nothing_else(drop: Drop, body: bytes) -> None:
    whole, unfinished, orphan = drop.begin(len(body)), drop.begin(len(body)), os.urandom(16)
    drop.send_all(whole, body)
    drop.send(unfinished, 0, body[:PART])
    drop.store.parts.put(orphan, 0, b"left over")
    (drop.folder.uploads / os.urandom(16).hex()).mkdir()
    drop.uploads.expire(TODAY)
    assert set(drop.parts.ids()) == {whole, unfinished}
    assert [path.name for path in drop.folder.uploads.iterdir()] == [unfinished.hex()]
    drop.send_all(unfinished, body, start=PART)
    assert drop.store.body(whole) == drop.store.body(unfinished) == body


def test_the_reserve_is_not_for_uploads(drop: Drop, body: bytes) -> None:
    identifier = drop.begin(len(body))
    drop.uploads = Uploads(drop.folder, drop.store.parts, drop.store, reserve=10**18)
    with pytest.raises(Full, match="reserve"):
        drop.begin(len(body))
    with pytest.raises(Full, match="reserve"):
        drop.send(identifier, 0, body[:PART])
    drop.restart()
    drop.send_all(identifier, body)


def test_beyond_a_number_the_idle_give_way_and_those_with_bytes_stay(drop: Drop, body: bytes) -> None:
    clock = [time.time()]
    drop.uploads = Uploads(drop.folder, drop.store.parts, drop.store, reserve=0, unfinished=3, now=lambda: clock[0])
    kept, idle, other = (drop.begin(len(body)) for _ in range(3))
    drop.send(kept, 0, body[:PART])
    with pytest.raises(Full, match="too many"):
        drop.begin(len(body))
    assert drop.begin(len(body), other) == other
    clock[0] += IDLE + 60
    drop.begin(len(body))
    for gone in (idle, other):
        with pytest.raises(Unknown):
            drop.uploads.find(gone, TODAY)
    drop.send_all(kept, body, start=PART)
    assert drop.store.body(kept) == body


def test_everything_is_private(local: Drop, body: bytes) -> None:
    drop = local
    drop.send_all(drop.begin(len(body)), body)
    identifier = drop.begin(len(body))
    drop.send(identifier, 0, body[: PART + 0])
    drop.send(identifier, PART, body[PART : PART + 10])
    paths = [path for folder in (drop.folder.uploads, drop.folder.parts) for path in (folder, *folder.rglob("*"))]
    modes = {(path.is_dir(), stat.S_IMODE(path.stat().st_mode)) for path in paths}
    assert modes == {(True, 0o700), (False, 0o600)}


def test_a_stream_holds_one_part(local: Drop, body: bytes) -> None:
    drop = local
    identifier = drop.begin(len(body))
    drop.send_all(identifier, body)
    asked: list[int] = []

    class Watched(FolderParts):
        def get(self, identifier: bytes, number: int) -> bytes:
            asked.append(number)
            return super().get(identifier, number)

    reader = PartsReader(Watched(drop.folder.parts), identifier, count(len(body)))
    assert reader.read(100) == body[:100]
    assert asked == [0]
    assert reader.read() == body[100:]
    assert asked == [0, 1, 2]


def test_a_damaged_state_is_a_fault_and_no_crash(drop: Drop, body: bytes) -> None:
    identifier = drop.begin(len(body))
    found = drop.uploads.find(identifier, TODAY)
    state = drop.folder.uploads / identifier.hex() / "state"
    for content in (b"", b"{}", b"[]", bytes(replace(found, size=1)).replace(b"-", b"x")):
        state.write_bytes(content)
        with pytest.raises(Fault, match="damaged"):
            drop.uploads.find(identifier, TODAY)
