"""Text blocks: the page makes the very blocks that Python makes, and puts the same heaps together."""

from __future__ import annotations

import base64
import random
from dataclasses import asdict

from intake.report.blocks import BLOCK_SIZE, gather, split
from tests.harness.page_code import run_page

FILES = [random.Random(size).randbytes(size) for size in (1, BLOCK_SIZE, BLOCK_SIZE + 1, 4 * BLOCK_SIZE + 100)]
BLOCKS = split(FILES[-1])


def _heaps() -> list[str]:
    chance = random.Random(7)
    shuffled = [*BLOCKS, *split(FILES[1]), *split(FILES[2])]
    chance.shuffle(shuffled)
    foreign = split(FILES[-1][:-1] + b"x")[4].replace(split(FILES[-1][:-1] + b"x")[4][1:6], BLOCKS[0][1:6])
    heaps = [
        "",
        "Салом",
        "\n".join(shuffled),
        "> ".join(block.replace(" ", "\r\n> ") for block in BLOCKS),
        "".join(BLOCKS[1:]),
        " ".join([*BLOCKS, BLOCKS[2]]),
        BLOCKS[0] + BLOCKS[1][:-6],
        BLOCKS[0][:-200] + " ".join(BLOCKS[1:]),
        " ".join(BLOCKS[:2]).replace("[2/5]", "[3/5]"),
        " ".join([*BLOCKS, foreign]),
        " ".join([*BLOCKS[:4], foreign]),
        "\ufeff\u200e".join(BLOCKS),
        BLOCKS[0].replace(" 1/5 ", " 6/5 "),
    ]
    for _ in range(60):
        text = list(" ".join(BLOCKS[:2]))
        for _ in range(chance.randrange(1, 4)):
            text[chance.randrange(len(text))] = chance.choice("A[]/> 1Kж")
        heaps.append("".join(text))
    return heaps


def test_the_page_splits_as_python_does() -> None:
    said = run_page({"task": "split", "file": base64.b64encode(file).decode()} for file in FILES)
    assert [tuple(answer["done"]) for answer in said] == [split(file) for file in FILES]


def test_the_page_gathers_as_python_does() -> None:
    heaps = _heaps()
    for heap, answer in zip(heaps, run_page({"task": "gather", "text": heap} for heap in heaps), strict=True):
        found = gather([heap])
        assert [base64.b64decode(file) for file in answer["done"]["files"]] == list(found.files)
        expected = [
            {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(u).items()} for u in found.unfinished
        ]
        assert answer["done"]["unfinished"] == expected
    assert sum(bool(gather([heap]).files) for heap in heaps) >= 4
