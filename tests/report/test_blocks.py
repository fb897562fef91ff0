"""Sealed files as text for messengers: whole again from any order, doubled, mixed, quoted; else the gaps are named."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Usage
from intake.report.blocks import (
    BLOCK_SIZE,
    MOST,
    SIZE_LIMIT,
    TEXT_SIZE,
    Pasted,
    Unfinished,
    gather,
    look,
    name_of,
    split,
)

FILE = random.Random(1).randbytes(4 * BLOCK_SIZE + 100)
OTHER = random.Random(2).randbytes(2 * BLOCK_SIZE)
BLOCKS = split(FILE)
NAME = BLOCKS[0][1:6]


@given(st.binary(min_size=1, max_size=3 * BLOCK_SIZE + 2), st.randoms())
def test_any_file_comes_back_in_any_order(content: bytes, chance: random.Random) -> None:
    blocks = list(split(content))
    chance.shuffle(blocks)
    assert gather(blocks).files == (content,)


@pytest.mark.parametrize("size", [1, 2, 3, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE])
def test_every_length_comes_back_and_no_block_is_longer_than_a_message(size: int) -> None:
    content = random.Random(size).randbytes(size)
    blocks = split(content)
    assert len(blocks) == -(-size // BLOCK_SIZE)
    assert max(map(len, blocks)) < 4_096
    assert gather(["\n".join(blocks)]).files == (content,)


def test_the_longest_file_has_three_digits_of_blocks() -> None:
    assert len(split(bytes(SIZE_LIMIT))) == MOST
    for content in (b"", bytes(SIZE_LIMIT + 1)):
        with pytest.raises(Usage):
            split(content)
    assert (BLOCK_SIZE % 3, TEXT_SIZE % 4) == (0, 0)


@pytest.mark.parametrize(
    "changed",
    [
        lambda text: text.replace(" ", "\n"),
        lambda text: "\n".join(f"> {line}" for line in _folded(text)),
        lambda text: "\r\n".join(f"> > {line}  " for line in _folded(text)),
        lambda text: "\u00a0".join(_folded(text)),
        lambda text: "\u200e\ufeff".join(_folded(text)),
        lambda text: f"Салом! Ин аз Помир. [1/2] {text} (forwarded) [K7QX9] [x 1/2 y]",
    ],
)
def test_what_messengers_do_to_text_does_no_harm(changed) -> None:  # type: ignore[no-untyped-def]
    assert gather([changed(block) for block in BLOCKS]).files == (FILE,)


def _folded(text: str) -> list[str]:
    """As mail folds a long word: between the brackets anywhere, never inside them."""
    head, middle, end = text.partition("] ")[0] + "]", text.partition("] ")[2].rpartition(" [")[0], text[-5:]
    return [head, *(middle[start : start + 70] for start in range(0, len(middle), 70)), end]


def test_doubled_blocks_are_counted_and_mixed_files_told_apart() -> None:
    found = gather([*BLOCKS[::-1], *split(OTHER), BLOCKS[2], BLOCKS[2]])
    assert found.files == (FILE, OTHER)
    assert (found.unfinished, found.doubled) == ((), 2)


def test_missing_blocks_are_named() -> None:
    found = gather([BLOCKS[0], BLOCKS[3]])
    assert found.files == ()
    assert found.unfinished == (Unfinished(NAME, 5, (2, 3, 5), ()),)
    assert str(found.unfinished[0]) == f"{NAME} (of 5): block 2, 3, 5 missing"


@pytest.mark.parametrize("spoil", ["cut", "letter", "lost letter", "no end", "end of another"])
def test_a_damaged_block_is_named_and_a_sound_copy_mends_it(spoil: str) -> None:
    block = BLOCKS[1]
    damaged = {
        "cut": block[: len(block) // 2],
        "letter": block[:500] + ("A" if block[500] != "A" else "B") + block[501:],
        "lost letter": block[:500] + block[501:],
        "no end": block.replace(" [2/5]", ""),
        "end of another": block.replace(" [2/5]", " [3/5]"),
    }[spoil]
    blocks = [BLOCKS[0], damaged, *BLOCKS[2:]]
    found = gather(blocks)
    assert found.files == ()
    assert found.unfinished == (Unfinished(NAME, 5, (), (2,)),)
    assert str(found.unfinished[0]).endswith("block 2 damaged")
    assert gather([*blocks, block]).files == (FILE,)


def test_two_sound_blocks_that_contradict_each_other_give_no_file() -> None:
    other = split(FILE[: 4 * BLOCK_SIZE] + bytes(100))
    foreign = other[4].replace(other[4][1:6], NAME)
    found = gather([*BLOCKS, foreign])
    assert found.files == ()
    assert found.unfinished == (Unfinished(NAME, 5, (), (5,)),)
    swapped = gather([*BLOCKS[:4], foreign])
    assert swapped.unfinished == (Unfinished(NAME, 5, (), (1, 2, 3, 4, 5)),)


@given(st.lists(st.text(max_size=400), max_size=5))
def test_any_text_is_read_without_error(texts: list[str]) -> None:
    assert gather(texts).files == ()


@given(st.integers(0, len(BLOCKS[0]) - 1), st.characters())
def test_one_changed_letter_never_gives_another_file(place: int, letter: str) -> None:
    block = BLOCKS[0][:place] + letter + BLOCKS[0][place + 1 :]
    assert gather([block, *BLOCKS[1:]]).files in ((), (FILE,))


def test_a_long_heap_of_openings_is_read_in_a_moment() -> None:
    assert gather(["[K7QX9 1/5 9F3M]" * 20_000]).files == ()


def test_a_text_tells_which_files_it_speaks_of_and_what_else_it_holds() -> None:
    theirs = split(OTHER)
    assert look("\n> ".join([*BLOCKS, *theirs])) == Pasted(frozenset({name_of(FILE), name_of(OTHER)}), more=False)
    assert look(" ".join(["12:04 Акрам:", *BLOCKS])).more
    assert look(f"{BLOCKS[0]} Салом {BLOCKS[1]}").more
    assert look(BLOCKS[0][:-4]) == Pasted(frozenset({NAME}), more=True), "a block that is cut off would be lost"
    assert look("") == Pasted(frozenset(), more=False)


def test_more_files_than_allowed_are_refused() -> None:
    both = [*BLOCKS, *split(OTHER)]
    assert len(gather(both, limit=2).files) == 2
    with pytest.raises(Usage, match="pieces of more than 1 files"):
        gather(both, limit=1)
