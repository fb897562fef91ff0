"""The payload: any length in any portions, in order or sought, and no chunk out of its place."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Damaged
from intake.sealing.stream import (
    CHUNK_SIZE,
    SEALED_CHUNK_SIZE,
    TAG_SIZE,
    ChunkReader,
    ChunkWriter,
    plain_length,
    sealed_length,
)
from tests.harness.sealing import BOUNDARIES, pattern, pipe

KEY = bytes(range(32))

lengths = st.one_of(st.sampled_from(BOUNDARIES), st.integers(0, 300_000))


def sealed(plain: bytes, portions: int = 1 << 20) -> bytes:
    sink = io.BytesIO()
    writer = ChunkWriter(sink, KEY)
    for start in range(0, len(plain), portions):
        writer.write(plain[start : start + portions])
    writer.finish()
    return sink.getvalue()


def opened(data: bytes) -> bytes:
    reader = ChunkReader(io.BytesIO(data), KEY)
    parts = []
    while part := reader.following():
        parts.append(part)
    return b"".join(parts)


def sought(data: bytes) -> bytes:
    reader = ChunkReader(io.BytesIO(data), KEY)
    return b"".join(reader.chunk_at(index) for index in range(max(1, -(-reader.length // CHUNK_SIZE))))


def chunks(data: bytes) -> list[bytes]:
    return [data[start : start + SEALED_CHUNK_SIZE] for start in range(0, len(data), SEALED_CHUNK_SIZE)]


@given(lengths, st.sampled_from([1000, 65535, 65536, 65537, 1 << 20]))
def test_any_length_survives_in_any_portions(length: int, portions: int) -> None:
    plain = pattern(length)
    data = sealed(plain, portions)
    assert data == sealed(plain)
    assert len(data) == sealed_length(length)
    assert plain_length(len(data)) == length
    assert opened(data) == plain


@pytest.mark.parametrize("length", BOUNDARIES)
def test_a_pipe_that_gives_little_at_a_time_is_read_whole(length: int) -> None:
    plain = pattern(length)
    reader = ChunkReader(pipe(sealed(plain), step=4001), KEY)
    assert b"".join(iter(reader.following, b"")) == plain
    with pytest.raises(io.UnsupportedOperation):
        _ = reader.length


@given(st.integers(0, 10**6))
def test_exactly_the_lengths_that_writers_make_have_a_plain_length(size: int) -> None:
    try:
        length = plain_length(size)
    except Damaged:
        assert size < TAG_SIZE or 0 <= (size - 1) % SEALED_CHUNK_SIZE < TAG_SIZE
    else:
        assert sealed_length(length) == size


@pytest.mark.parametrize("length", BOUNDARIES)
def test_every_chunk_can_be_opened_alone(length: int) -> None:
    plain = pattern(length)
    reader = ChunkReader(io.BytesIO(sealed(plain)), KEY)
    assert reader.length == length
    count = max(1, -(-length // CHUNK_SIZE))
    for index in reversed(range(count)):
        assert reader.chunk_at(index) == plain[index * CHUNK_SIZE : (index + 1) * CHUNK_SIZE]
    for index in (-1, count):
        with pytest.raises(ValueError, match="no such chunk"):
            reader.chunk_at(index)


def test_the_length_may_be_asked_in_the_middle() -> None:
    plain = pattern(200_000)
    reader = ChunkReader(io.BytesIO(sealed(plain)), KEY)
    first = reader.following()
    assert reader.length == 200_000
    assert first == plain[:CHUNK_SIZE]
    assert reader.chunk_at(1) + reader.following() + reader.following() == plain[CHUNK_SIZE:]
    assert reader.following() == b""


@pytest.mark.parametrize("length", [3 * CHUNK_SIZE, 3 * CHUNK_SIZE - 5])
@pytest.mark.parametrize(
    "order", ["acb", "bac", "cab", "aabc", "ac", "ab", "bc", "a", "c", "", "abc0", "abc0000", "abcc", "abcabc"]
)
def test_chunks_swapped_doubled_dropped_or_cut_are_refused(length: int, order: str) -> None:
    named = dict(zip("abc", chunks(sealed(pattern(length))), strict=True)) | {"0": bytes(5)}
    data = b"".join(named[name] for name in order)
    with pytest.raises(Damaged):
        opened(data)
    with pytest.raises(Damaged):
        sought(data)


@given(st.sampled_from([0, 1, 65536, 65537]), st.data())
def test_a_payload_cut_anywhere_is_refused(length: int, draw: st.DataObject) -> None:
    data = sealed(pattern(length))
    with pytest.raises(Damaged, match="cut off"):
        opened(data[: draw.draw(st.integers(0, len(data) - 1))])


@pytest.mark.parametrize("rest", [0, 1, TAG_SIZE - 1])
def test_a_payload_without_its_last_chunk_is_called_so(rest: int) -> None:
    data = sealed(pattern(CHUNK_SIZE + 1))
    with pytest.raises(Damaged, match="before its last chunk"):
        opened(data[: SEALED_CHUNK_SIZE + rest])


def test_an_empty_last_chunk_is_refused_unless_all_is_empty() -> None:
    writer_key_same = io.BytesIO()
    writer = ChunkWriter(writer_key_same, KEY)
    writer.write(pattern(CHUNK_SIZE))
    writer._seal(last=False)
    writer.finish()
    assert len(writer_key_same.getvalue()) == SEALED_CHUNK_SIZE + TAG_SIZE
    with pytest.raises(Damaged, match="empty chunk"):
        opened(writer_key_same.getvalue())
    with pytest.raises(Damaged, match="length that no sealed file has"):
        _ = ChunkReader(io.BytesIO(writer_key_same.getvalue()), KEY).length
    assert opened(sealed(b"")) == b""


class _Full:
    """A sink that takes nothing, and remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[bytes] = []

    def write(self, data: bytes, /) -> None:
        self.given.append(data)
        raise OSError("full")


def test_a_sink_that_fails_never_makes_a_nonce_serve_twice() -> None:
    sink = _Full()
    writer = ChunkWriter(sink, KEY)
    for text in (b"first", b"other"):
        writer.write(text)
        with pytest.raises(OSError, match="full"):
            writer.finish()
    first, second = sink.given
    assert opened(first) == b"first"
    with pytest.raises(Damaged, match="chunk 1"):
        opened(second)
