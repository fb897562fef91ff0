"""Armor: one spelling but for line ends and outer white space, and nothing passes beside it."""

import io
import subprocess
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Damaged, NotSealed
from intake.sealing import ArmorReader, ArmorWriter, dearmor
from tests.harness.sealing import pipe


def armored(data: bytes, portions: int = 1 << 20) -> bytes:
    sink = io.BytesIO()
    with ArmorWriter(sink) as writer:
        for start in range(0, len(data), portions):
            writer.write(data[start : start + portions])
    return sink.getvalue()


def read(text: bytes) -> bytes:
    return io.BufferedReader(ArmorReader(io.BytesIO(text))).read()


@given(st.binary(max_size=400), st.integers(1, 100), st.booleans())
def test_data_of_any_length_survives_in_any_portions(data: bytes, portions: int, crlf: bool) -> None:
    text = armored(data, portions)
    assert text == armored(data)
    assert max(map(len, text.splitlines())) <= 64
    assert read(text.replace(b"\n", b"\r\n") if crlf else text) == data
    assert read(b" \n\r\n\t\n" + text.rstrip(b"\n") + b"\r\n  \n") == data


@given(st.binary(min_size=1, max_size=200), st.data())
def test_whatever_is_accepted_is_what_would_be_written(data: bytes, draw: st.DataObject) -> None:
    text = bytearray(armored(data))
    at = draw.draw(st.integers(0, len(text) - 1))
    text[at] ^= 1 << draw.draw(st.integers(0, 7))
    try:
        other = read(bytes(text))
    except Damaged:
        return
    assert armored(other) == bytes(text).replace(b"\r\n", b"\n").strip() + b"\n"


@given(st.binary(min_size=1, max_size=200), st.data())
def test_armor_cut_anywhere_is_refused(data: bytes, draw: st.DataObject) -> None:
    text = armored(data).rstrip(b"\n")
    with pytest.raises(Damaged):
        read(text[: draw.draw(st.integers(0, len(text) - 1))])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "white space only"),
        (b" " * 1025 + b"\n" + armored(b"x"), "white space only"),
        (b" " + armored(b"x"), "BEGIN line"),
        (b"\n" * 1025 + armored(b"x"), "white space only"),
        (b"x\n" + armored(b"x"), "BEGIN line"),
        (armored(b"x") + b"x", "followed by something"),
        (armored(b"x") + b"\n" * 1025, "followed by something"),
        (armored(b"x" * 48).replace(b"-----END", b"\n-----END"), "not base 64"),
        (armored(b"x" * 20).replace(b"eHg=\n", b"eHg=\neHg=\n"), "END line is missing"),
        (armored(b"x").replace(b"==", b""), "not base 64"),
        (armored(b"x").replace(b"eA==", b"eB=="), "not base 64"),
        (armored(b"x" * 90).replace(b"\n", b"", 2), "BEGIN line"),
    ],
)
def test_other_spellings_are_refused_with_their_reason(text: bytes, message: str) -> None:
    with pytest.raises(Damaged, match=message):
        read(text)


def test_a_line_without_an_end_is_not_read_into_memory() -> None:
    source = io.BytesIO(b"-" * 5_000_000)
    with pytest.raises(NotSealed):
        io.BufferedReader(ArmorReader(source)).read()
    assert source.tell() < 10_000


@pytest.mark.parametrize("data", [b"age-encryption.org/v1\nrest", b"", b"\x1f\x8bjunk"])
def test_what_is_not_armor_passes_as_it_is(data: bytes) -> None:
    source = io.BytesIO(data)
    assert dearmor(source) is source
    assert source.read() == data
    assert dearmor(pipe(data)).read() == data


def test_armor_is_taken_off_files_and_pipes_alike() -> None:
    data = bytes(range(256)) * 300
    assert dearmor(io.BytesIO(armored(data))).read() == data
    assert dearmor(pipe(armored(data))).read() == data


def test_coreutils_reads_the_same_lines() -> None:
    data = bytes(range(256))
    body = b"".join(armored(data).splitlines(keepends=True)[1:-1])
    assert subprocess.run(["base64", "-d"], input=body, capture_output=True, check=True).stdout == data


def test_an_abandoned_writer_leaves_no_end() -> None:
    sink = io.BytesIO()
    with suppress(RuntimeError), ArmorWriter(sink) as writer:
        writer.write(b"half")
        raise RuntimeError
    with pytest.raises(Damaged):
        read(sink.getvalue())
