"""The header: one form only, bounded, and read no further than its last newline."""

import base64
import io
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Damaged, NotSealed
from intake.sealing.header import HEADER_LIMIT, Header, Stanza, decode_base64, encode_base64
from tests.harness.sealing import pipe

EXAMPLE = b"""age-encryption.org/v1
-> X25519 XEl0dJ6y3C7KZkgmgWUicg63EyXJiwBJW8PdYJ/cYBE
qRS0AMjdjPvZ/WT08U2KL4G+PIooA3hy38SvLpvaC1E
--- HK2NmOBN9Dpq0Gw6xMCuhFcQlQLvZ/wQUi/2scLG75s
"""
FILE_KEY = bytes(range(16))

words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
stanzas = st.builds(Stanza, words, st.lists(words, max_size=3).map(tuple), st.binary(max_size=200))
headers = st.lists(stanzas, min_size=1, max_size=4).map(lambda found: Header.make(found, FILE_KEY))


def test_the_example_of_the_specification_is_read() -> None:
    header = Header.parse(EXAMPLE)
    assert [stanza.kind for stanza in header.stanzas] == ["X25519"]
    assert len(header.stanzas[0].body) == 32
    assert header.size == len(EXAMPLE)
    assert bytes(header) == EXAMPLE


@given(headers, st.binary(max_size=100))
def test_a_header_survives_and_the_payload_is_left_where_it_is(header: Header, payload: bytes) -> None:
    source = io.BytesIO(bytes(header) + payload)
    again = Header.parse(source)
    assert again == header
    assert bytes(again) == bytes(header)
    assert again.size == source.tell()
    assert source.read() == payload
    again.verify(FILE_KEY)
    with pytest.raises(Damaged, match="MAC"):
        again.verify(bytes(16))
    stream = pipe(bytes(header) + payload, step=7)
    assert Header.parse(stream) == header
    assert stream.read() == payload


@given(headers, st.data())
def test_a_header_cut_anywhere_is_refused(header: Header, draw: st.DataObject) -> None:
    whole = bytes(header)
    with pytest.raises(Damaged):
        Header.parse(whole[: draw.draw(st.integers(0, len(whole) - 1))])


@given(headers, st.data())
def test_whatever_parses_is_what_would_be_written(header: Header, draw: st.DataObject) -> None:
    whole = bytearray(bytes(header))
    at = draw.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << draw.draw(st.integers(0, 7))
    try:
        other = Header.parse(bytes(whole))
    except Damaged:
        return
    assert bytes(other) + bytes(whole[other.size :]) == whole
    with pytest.raises(Damaged, match="MAC"):
        other.verify(FILE_KEY)


@given(st.binary(max_size=200))
def test_junk_is_not_a_header(junk: bytes) -> None:
    with pytest.raises(NotSealed if not b"age-encryption.org/v1\n".startswith(junk[:22]) or not junk else Damaged):
        Header.parse(junk)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"age-encryption.org/v1\n", b"age-encryption.org/v2\n", "version"),
        (b"age-encryption.org/v1\n", b"age-encryption.org/v1\r\n", "does not begin like"),
        (b"-> X25519", b"->X25519", "malformed line"),
        (b"-> X25519", b"->  X25519", "malformed line"),
        (b"-> X25519", "-> Х25519".encode(), "malformed line"),
        (b"cYBE\n", b"cYBE \n", "malformed line"),
        (b"C1E\n", b"C1E=\n", "base 64"),
        (b"C1E\n", b"C1F\n", "base 64"),
        (b"C1E\n", b"C1E\r\n", "base 64"),
        (b"C1E\n", b"C1E\n\n", "neither a stanza"),
        (b"C1E\n", b"C1E" + b"A" * 30 + b"\n", "too long"),
        (b"---", b"--", "neither a stanza"),
        (b"75s\n", b"75t\n", "base 64"),
        (b"75s\n", b"75s \n", "neither a stanza"),
        (b"75s\n", b"75\n", "neither a stanza"),
        (EXAMPLE[22:-48], b"", "no stanza"),
    ],
)
def test_other_spellings_are_refused_with_their_reason(old: bytes, new: bytes, message: str) -> None:
    assert EXAMPLE.count(old) == 1
    with pytest.raises(Damaged, match=message):
        Header.parse(EXAMPLE.replace(old, new))


def test_the_bound_holds_to_the_byte_and_unbounded_lines_are_not_read() -> None:
    def of(size: int) -> bytes:
        plain = Header.make([Stanza("filler", ("x",), b"")], FILE_KEY)
        return bytes(Header.make([Stanza("filler", ("x" * (size - plain.size + 1),), b"")], FILE_KEY))

    assert Header.parse(of(HEADER_LIMIT)).size == HEADER_LIMIT
    with pytest.raises(Damaged, match="longer than"):
        Header.parse(of(HEADER_LIMIT + 1))
    source = io.BytesIO(b"age-encryption.org/v1\n-> " + b"x" * 10_000_000)
    with pytest.raises(Damaged, match="longer than"):
        Header.parse(source)
    assert source.tell() <= HEADER_LIMIT


@given(st.binary(max_size=120))
def test_base_64_survives(data: bytes) -> None:
    assert encode_base64(data) == base64.b64encode(data).decode().rstrip("=")
    assert decode_base64(encode_base64(data)) == data


@given(st.text(string.ascii_letters + string.digits + "+/= \n-_", max_size=12))
def test_base_64_has_one_spelling(text: str) -> None:
    try:
        data = decode_base64(text)
    except Damaged:
        return
    assert encode_base64(data) == text
