from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from intake.errors import Damaged
from intake.review.preview.pixels import HEAD, MAGIC, SIDE, End, Picture, read


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    width, height, channels = draw(st.integers(1, 12)), draw(st.integers(1, 12)), draw(st.sampled_from([1, 3]))
    size = width * height * channels
    return Picture(draw(st.integers(1, 99)), width, height, channels, draw(st.binary(min_size=size, max_size=size)))


def sent(found: list[Picture], end: tuple[int, int, int] = (1, 0, 0)) -> bytes:
    frames = [HEAD.pack(MAGIC, p.page, p.width, p.height, p.channels, 0) + p.pixels for p in found]
    return b"".join([*frames, HEAD.pack(MAGIC, 0, *end, 0)])


@given(st.lists(pictures(), max_size=4))
def test_what_was_sent_is_read(found: list[Picture]) -> None:
    assert read(io.BytesIO(sent(found, (7, 9, 2))).read, 4) == (found, End("video", 7, 9))


@given(pictures(), st.data())
def test_what_breaks_off_is_refused(picture: Picture, data: st.DataObject) -> None:
    whole = sent([picture])
    with pytest.raises(Damaged):
        read(io.BytesIO(whole[: data.draw(st.integers(0, len(whole) - 1))]).read, 4)


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(Damaged):
        read(io.BytesIO(noise).read, 4)


@pytest.mark.parametrize("size", [(SIDE + 1, 1), (1, SIDE + 1), (0, 1), (1, 0)])
def test_no_larger_picture_is_taken(size: tuple[int, int]) -> None:
    with pytest.raises(Damaged, match="in no way"):
        read(io.BytesIO(HEAD.pack(MAGIC, 1, *size, 1, 0) + bytes(SIDE + 1)).read, 4)


@given(pictures())
def test_a_png_holds_the_same_pixels(picture: Picture) -> None:
    with Image.open(io.BytesIO(picture.png())) as again:
        assert (again.size, again.mode) == ((picture.width, picture.height), "L" if picture.channels == 1 else "RGB")
        assert again.tobytes() == picture.pixels


@given(pictures(), st.integers(1, 20))
def test_blocks_for_a_terminal_keep_the_mean(picture: Picture, columns: int) -> None:
    rows = picture.blocks(columns)
    assert {len(row) for row in rows} == {min(columns, picture.width)}
    values = [value for row in rows for block in row for value in block]
    assert min(picture.pixels) <= min(values)
    assert max(values) <= max(picture.pixels)


def test_one_colour_stays_one_colour() -> None:
    assert Picture(1, 4, 4, 3, b"\x01\x02\x03" * 16).blocks(2) == [[(1, 2, 3)] * 2] * 2
