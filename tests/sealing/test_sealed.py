"""Whole files: what opens, what must not, and what nobody pays memory for."""

import gc
import io
import re
import tarfile
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import BinaryIO, Literal, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.errors import Damaged, IntakeError, NoKeyFits, NotSealed, Usage, WrongPassphrase
from intake.sealing import (
    Header,
    HybridIdentity,
    Identity,
    Opened,
    Recipient,
    ScryptIdentity,
    ScryptRecipient,
    Sealer,
    Stanza,
    X25519Identity,
    open_bytes,
    open_sealed,
    open_with_file_key,
    seal_bytes,
    sealed_length,
)
from intake.sealing.header import decode_base64, encode_base64
from tests.harness.sealing import BOUNDARIES, Pipe, pattern, pipe

REVIEWERS = tuple(HybridIdentity(bytes([n]) * 32) for n in (1, 2, 3))
EVERYBODY = tuple(reviewer.recipient for reviewer in REVIEWERS)
STRANGER = HybridIdentity(b"\x09" * 32)
CURVE = X25519Identity(b"\x04" * 32)


@cache
def report(length: int) -> bytes:
    return seal_bytes(pattern(length), EVERYBODY)


@pytest.mark.parametrize("length", BOUNDARIES)
@pytest.mark.parametrize("reader", REVIEWERS)
def test_every_reviewer_opens_every_length(length: int, reader: HybridIdentity) -> None:
    data = report(length)
    assert len(data) == 86 + 1557 * 3 + sealed_length(length)
    assert open_bytes(data, [reader]) == pattern(length)
    assert open_bytes(data, [STRANGER, CURVE, reader]) == pattern(length)


@pytest.mark.parametrize("length", BOUNDARIES)
def test_a_pipe_opens_like_a_file(length: int) -> None:
    opened = open_sealed(pipe(report(length)), REVIEWERS[:1])
    assert not opened.seekable()
    assert opened.read() == pattern(length)
    assert opened.read() == b""
    with pytest.raises(io.UnsupportedOperation):
        opened.seek(0)
    # A raw stream, as of a socket, may answer any read with less than was asked for.
    assert open_sealed(cast(BinaryIO, Pipe(report(length), step=777)), REVIEWERS[:1]).read() == pattern(length)


@given(st.sampled_from(BOUNDARIES), st.lists(st.tuples(st.integers(0, 200_100), st.integers(-1, 140_000)), max_size=5))
def test_reading_from_anywhere_gives_what_is_there(length: int, places: list[tuple[int, int]]) -> None:
    plain = io.BytesIO(pattern(length))
    source = io.BytesIO(b"before" + report(length))
    source.seek(6)
    opened = open_sealed(source, REVIEWERS[:1])
    assert opened.read(10) == plain.read(10)
    assert opened.size == length
    for place, size in places:
        place = min(place, length)
        assert opened.seek(place) == plain.seek(place)
        assert opened.read(size) == plain.read(size)
        assert opened.tell() == plain.tell()
    assert opened.seek(0, io.SEEK_END) == length
    assert opened.read() == b""
    assert opened.seek(-min(3, length), io.SEEK_CUR) == max(0, length - 3)
    assert opened.read() == pattern(length)[-3:]
    with pytest.raises(ValueError, match="before the beginning"):
        opened.seek(-1)


@pytest.mark.parametrize("mode", ["r:", "r|"], ids=["sought", "in order"])
def test_other_libraries_take_both_ends_for_files(mode: Literal["r:", "r|"]) -> None:
    sink = io.BytesIO()
    with Sealer(sink, EVERYBODY) as sealer, tarfile.open(fileobj=sealer, mode="w|") as tar:
        for length in BOUNDARIES:
            member = tarfile.TarInfo(str(length))
            member.size = length
            tar.addfile(member, io.BytesIO(pattern(length)))
    sink.seek(0)
    with tarfile.open(fileobj=open_sealed(sink, REVIEWERS), mode=mode) as tar:
        for member, length in zip(tar, BOUNDARIES, strict=True):
            content = tar.extractfile(member)
            assert content is not None
            assert content.read() == pattern(length)


def test_the_file_key_opens_the_same_file_and_no_other() -> None:
    opened = open_sealed(io.BytesIO(report(65537)), REVIEWERS[:1])
    again = open_with_file_key(io.BytesIO(report(65537)), opened.file_key)
    again.seek(65530)
    assert again.read() == pattern(65537)[65530:]
    with pytest.raises(Damaged, match="MAC"):
        open_with_file_key(io.BytesIO(report(1)), opened.file_key)


def test_a_wrong_identity_is_told_from_a_broken_file() -> None:
    with pytest.raises(NoKeyFits):
        open_bytes(report(1), [STRANGER, CURVE, ScryptIdentity("x")])
    with pytest.raises(NoKeyFits):
        open_bytes(report(1), [])
    by_passphrase = seal_bytes(b"x", [ScryptRecipient("right", 4)])
    assert open_bytes(by_passphrase, [CURVE, ScryptIdentity("wrong"), ScryptIdentity("right")]) == b"x"
    with pytest.raises(WrongPassphrase):
        open_bytes(by_passphrase, [CURVE, ScryptIdentity("wrong")])
    with pytest.raises(NoKeyFits, match="passphrase"):
        open_bytes(by_passphrase, [CURVE])


@pytest.mark.parametrize(
    ("recipients", "message"),
    [
        ([], "nobody"),
        ([STRANGER.recipient, CURVE.recipient], "mixed"),
        ([CURVE.recipient, STRANGER.recipient], "mixed"),
        ([ScryptRecipient("x", 4), CURVE.recipient], "passphrase"),
        ([STRANGER.recipient, ScryptRecipient("x", 4)], "passphrase"),
        ([ScryptRecipient("x", 4), ScryptRecipient("x", 4)], "passphrase"),
        ([STRANGER.recipient] * 43, "65536 bytes"),
    ],
)
def test_recipients_that_cannot_stand_together_are_refused_before_a_byte_is_written(
    recipients: list[Recipient], message: str
) -> None:
    sink = io.BytesIO()
    with pytest.raises(Usage, match=message):
        Sealer(sink, recipients)
    assert sink.getvalue() == b""


def test_a_header_of_42_hybrid_recipients_fits_and_opens() -> None:
    assert open_bytes(seal_bytes(b"x", [*[EVERYBODY[0]] * 41, STRANGER.recipient]), [STRANGER]) == b"x"


def test_a_mixed_file_of_another_tool_opens_for_both() -> None:
    data = _forged(lambda key: (*STRANGER.recipient.wrap(key), *CURVE.recipient.wrap(key)))
    assert open_bytes(data, [STRANGER]) == open_bytes(data, [CURVE]) == b"text"


def _forged(stanzas: Callable[[bytes], tuple[Stanza, ...]]) -> bytes:
    """A file with any stanzas and a true MAC, as another tool or an attacker can make it."""
    plain = io.BytesIO()
    sealer = Sealer(plain, EVERYBODY)
    sealer.write(b"text")
    sealer.close()
    plain.seek(0)
    opened = open_sealed(plain, REVIEWERS)
    return bytes(Header.make(stanzas(opened.file_key), opened.file_key)) + plain.getvalue()[opened.header.size :]


@pytest.mark.parametrize("identities", [(STRANGER,), (CURVE,), (ScryptIdentity("x"),)])
@pytest.mark.parametrize(
    "change",
    [
        lambda s: replace(s, body=s.body + b"\0"),
        lambda s: replace(s, body=s.body[:-1]),
        lambda s: replace(s, args=(encode_base64(decode_base64(s.args[0])[:-1]),)),
        lambda s: replace(s, args=(*s.args, "9")),
    ],
)
@pytest.mark.parametrize("broken", [STRANGER.recipient, CURVE.recipient])
def test_a_malformed_stanza_closes_the_file_for_everybody(
    broken: Recipient, change: Callable[[Stanza], Stanza], identities: tuple[Identity, ...]
) -> None:
    data = _forged(
        lambda key: (*STRANGER.recipient.wrap(key), *CURVE.recipient.wrap(key), *map(change, broken.wrap(key)))
    )
    with pytest.raises(Damaged, match="wrong length"):
        open_bytes(data, identities)


@pytest.mark.parametrize("identity", [STRANGER, ScryptIdentity("x")])
def test_a_passphrase_beside_others_closes_the_file_for_everybody(identity: Identity) -> None:
    data = _forged(lambda key: (*STRANGER.recipient.wrap(key), *ScryptRecipient("x", 4).wrap(key)))
    with pytest.raises(Damaged, match="beside another"):
        open_bytes(data, [identity])


def test_unknown_stanzas_are_passed_over() -> None:
    data = _forged(lambda key: (Stanza("example.org/x", (), b"\1" * 99), *STRANGER.recipient.wrap(key)))
    assert open_bytes(data, [STRANGER]) == b"text"


def test_no_file_opens_differently_for_two_reviewers() -> None:
    # The attack of the design: one payload under two file keys. The MAC fits one of them only.
    data = _forged(lambda key: (*STRANGER.recipient.wrap(key), *EVERYBODY[0].wrap(bytes(16))))
    assert open_bytes(data, [STRANGER]) == b"text"
    with pytest.raises(Damaged, match="MAC"):
        open_bytes(data, [REVIEWERS[0]])


@cache
def small() -> bytes:
    return seal_bytes(b"a small text", [CURVE.recipient])


def test_no_single_bit_of_a_small_file_can_be_flipped() -> None:
    data = bytearray(small())
    for at in range(len(data)):
        for bit in range(8):
            data[at] ^= 1 << bit
            with pytest.raises((Damaged, NoKeyFits)):
                open_bytes(bytes(data), [CURVE])
            data[at] ^= 1 << bit
    assert open_bytes(bytes(data), [CURVE]) == b"a small text"


def test_a_small_file_cut_anywhere_or_grown_is_refused() -> None:
    for size in range(len(small())):
        with pytest.raises(Damaged):
            open_bytes(small()[:size], [CURVE])
    with pytest.raises(Damaged):
        open_bytes(small() + b"\0", [CURVE])


LONG = 2 * 65536 + 100
HEADER = 70 + 1557 * 3
# region: first byte, one past the last byte, and what its damage is called
REGIONS: dict[str, tuple[int, int, type[IntakeError], str]] = {
    "version line": (0, 22, NotSealed, "version|begin like"),
    "kind of the own stanza": (25, 39, Damaged, "MAC|header is damaged"),
    "share of the own stanza": (40, 1533, Damaged, "header is damaged"),
    "body of the own stanza": (1535, 1577, Damaged, "header is damaged"),
    "stanza of another": (22 + 1557, 22 + 2 * 1557, Damaged, "MAC|header is damaged"),
    "MAC": (HEADER - 44, HEADER - 1, Damaged, "MAC|header is damaged"),
    "nonce": (HEADER, HEADER + 16, Damaged, "chunk 1"),
    "first chunk": (HEADER + 16, HEADER + 16 + 65552, Damaged, "chunk 1"),
    "second chunk": (HEADER + 16 + 65552, HEADER + 16 + 2 * 65552, Damaged, "chunk 2"),
    "last chunk": (HEADER + 16 + 2 * 65552, HEADER + 16 + 2 * 65552 + 116, Damaged, "chunk 3"),
}


def _read(data: bytes) -> tuple[IntakeError | None, bytes]:
    """Why reading stopped (None: at the end), and what was given until then."""
    got = b""
    try:
        opened = open_sealed(io.BytesIO(data), REVIEWERS[:1])
        while part := opened.read1():
            got += part
    except IntakeError as refusal:
        return refusal, got
    return None, got


@pytest.mark.parametrize("region", REGIONS)
@settings(max_examples=60)
@given(st.data())
def test_a_bit_flipped_in_any_region_is_refused_by_its_name(region: str, draw: st.DataObject) -> None:
    first, end, kind, message = REGIONS[region]
    data = bytearray(report(LONG))
    at = draw.draw(st.integers(first, end - 1))
    data[at] ^= 1 << draw.draw(st.integers(0, 7))
    refusal, got = _read(bytes(data))
    assert pattern(LONG).startswith(got)
    if isinstance(refusal, NoKeyFits):
        assert region in {"kind of the own stanza", "share of the own stanza", "body of the own stanza"}
    else:
        assert isinstance(refusal, kind), f"byte {at} can be changed"
        assert re.search(message, str(refusal)), str(refusal)


@pytest.mark.parametrize("region", REGIONS)
@settings(max_examples=20)
@given(st.data())
def test_a_file_cut_in_any_region_is_refused(region: str, draw: st.DataObject) -> None:
    first, end, _, _ = REGIONS[region]
    data = report(LONG)[: draw.draw(st.integers(first, end - 1))]
    with pytest.raises(Damaged):
        open_bytes(data, REVIEWERS[:1])
    with pytest.raises(Damaged):
        open_bytes(pipe(data).read(), REVIEWERS[:1])
    with pytest.raises(Damaged):
        _ = open_sealed(io.BytesIO(data), REVIEWERS[:1]).size


def test_what_comes_before_the_damage_can_be_had_and_the_damage_stays() -> None:
    data = bytearray(report(LONG))
    data[-1] ^= 1
    opened = open_sealed(io.BytesIO(data), REVIEWERS)
    assert opened.read1() + opened.read1() == pattern(LONG)[: 2 * 65536]
    for size in (-1, 5, 1):
        with pytest.raises(Damaged, match="chunk 3"):
            opened.read1(size)
        with pytest.raises(Damaged, match="chunk 3"):
            opened.read(size)
    opened = open_sealed(io.BytesIO(data), REVIEWERS)
    with pytest.raises(Damaged, match="chunk 3"):
        opened.read()


def test_a_file_abandoned_halfway_never_looks_whole() -> None:
    sink = io.BytesIO()
    with suppress(RuntimeError), Sealer(sink, [CURVE.recipient]) as sealer:
        sealer.write(pattern(100_000))
        raise RuntimeError
    del sealer
    gc.collect()
    with pytest.raises(Damaged):
        open_bytes(sink.getvalue(), [CURVE])


def test_a_closed_sealer_takes_no_more_and_closes_once() -> None:
    sink = io.BytesIO()
    with Sealer(sink, [CURVE.recipient]) as sealer:
        sealer.write(memoryview(b"text"))
        sealer.close()
    with pytest.raises(ValueError, match="closed"):
        sealer.write(b"more")
    assert open_bytes(sink.getvalue(), [CURVE]) == b"text"


class _Endless(io.RawIOBase):
    """`length` zero bytes that are never all in memory, or a sink that forgets."""

    def __init__(self, length: int) -> None:
        self.left = length

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        size = min(size, self.left)
        self.left -= size
        return bytes(size)

    def write(self, data: object) -> int:
        return 0


def _peak(work: Callable[[], None]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file() -> None:
    def seal(length: int) -> None:
        source = _Endless(length)
        with Sealer(_Endless(0), EVERYBODY) as sealer:
            while data := source.read(100_000):
                sealer.write(data)

    few, many = _peak(lambda: seal(1000)), _peak(lambda: seal(200_000_000))
    assert many - few < 1_000_000


def test_memory_does_not_grow_with_what_is_read(tmp_path: Path) -> None:
    def write(length: int) -> None:
        source = _Endless(length)
        with (tmp_path / "sealed").open("wb") as sink, Sealer(sink, EVERYBODY) as sealer:
            while data := source.read(1 << 20):
                sealer.write(data)

    def read() -> None:
        with (tmp_path / "sealed").open("rb") as source:
            opened: Opened = open_sealed(source, REVIEWERS)
            while opened.read1():
                pass

    write(1000)
    few = _peak(read)
    write(200_000_000)
    assert _peak(read) - few < 1_000_000
