"""Areas hidden in pixels: what lay under them is gone, and nothing else has changed."""

from __future__ import annotations

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from intake.errors import Usage
from intake.review.outputs.covering import BLOCKS, SHADES, Area, covered, ruled
from intake.review.preview import Picture


def noise(width: int, height: int, channels: int = 3, seed: int = 1) -> Picture:
    return Picture(1, width, height, channels, random.Random(seed).randbytes(width * height * channels))


def at(picture: Picture, x: int, y: int) -> bytes:
    start = (y * picture.width + x) * picture.channels
    return picture.pixels[start : start + picture.channels]


edges = st.tuples(st.integers(0, 999), st.integers(1, 1000)).map(lambda each: (each[0], min(1000, each[0] + each[1])))
areas = st.builds(lambda x, y: Area(1, x[0], y[0], x[1], y[1]), edges, edges)


@given(areas, st.sampled_from(["black", "blur"]), st.sampled_from([1, 3]), st.integers(1, 40), st.integers(1, 40))
def test_what_lay_under_it_can_be_told_from_nothing_that_is_left(
    area: Area, how: str, channels: int, width: int, height: int
) -> None:
    picture = noise(width, height, channels)
    done = covered(picture, [(area, how)])  # type: ignore[list-item]  # one of the two
    left, top, right, bottom = area.box(width, height)
    inside = {(x, y) for x in range(left, right) for y in range(top, bottom)}
    assert inside, "no area is so small that it hides nothing"
    for y in range(height):
        for x in range(width):
            if (x, y) not in inside:
                assert at(done, x, y) == at(picture, x, y), "and nothing else is touched"
    left_over = {at(done, x, y) for x, y in inside}
    if how == "black":
        assert left_over == {bytes(channels)}
    else:
        assert len(left_over) <= BLOCKS**2
        assert {value for pixel in left_over for value in pixel} <= {n * 32 + 16 for n in range(SHADES)}


def test_an_area_lies_in_the_same_place_at_any_size() -> None:
    area = Area.parse("250, 500, 500, 750", 1)
    for size in (40, 400, 4_000):
        assert area.box(size, size) == (size // 4, size // 2, size // 2, size * 3 // 4)
    assert Area(1, 999, 999, 1000, 1000).box(10, 10) == (9, 9, 10, 10), "rounded outwards"


def test_black_under_a_blur_does_not_shine_through_and_other_pages_stay() -> None:
    white = Picture(2, 8, 8, 1, b"\xff" * 64)
    both = [
        (Area(2, 0, 0, 1000, 1000), "blur"),
        (Area(2, 0, 0, 500, 1000), "black"),
        (Area(1, 0, 0, 1000, 1000), "black"),
    ]
    done = covered(white, both)  # type: ignore[arg-type]  # how is one of the two
    assert at(done, 0, 0) == b"\0"
    assert at(done, 7, 0) == bytes([7 * 32 + 16])


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "5,5,5,9", "0,0,1001,10", "-1,0,5,5", "9,9,1,1", "a,b,c,d", "1,2,3,4,5", "١,٢,٣,٤"]
)
def test_what_is_no_area_is_refused(text: str) -> None:
    with pytest.raises(Usage):
        Area.parse(text, 1)


def test_the_ruler_shows_where_an_area_lies() -> None:
    picture = Picture(1, 500, 500, 3, b"\x80" * 750_000)
    shown = ruled(picture, [Area(1, 200, 300, 400, 600)])
    assert at(shown, 75, 125) == bytes([0x80] * 3), "between the lines it is as it was"
    assert at(shown, 75, 100) == bytes([160] * 3), "a line at each hundred thousandths"
    assert at(shown, 100, 170) == at(shown, 199, 170) == b"\xff\x20\x20", "its frame"
    assert at(shown, 150, 170) != b"\xff\x20\x20"
    with Image.open(io.BytesIO(shown.png())) as image:
        assert image.size == (500, 500)
