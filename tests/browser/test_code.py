"""The code in the page is the code in Python: drawn, typed back, and what it opens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from intake.errors import Usage
from intake.report.code import Code
from intake.sealing import HybridIdentity
from tests.harness.page_code import run_page

VECTORS = json.loads((Path(__file__).parents[1] / "report" / "code_vectors.json").read_text())
GOOD = VECTORS[1]["code"]
TYPED = [
    "",
    GOOD,
    GOOD.replace(" ", ""),
    f" {GOOD}\n",
    GOOD.replace(" ", " – "),
    GOOD[:-1],
    f"{GOOD}1",
    GOOD.replace("6", "7", 1),
    GOOD[:2] + GOOD[3] + GOOD[2] + GOOD[4:],
    f"code {GOOD}",
    "".join(chr(0x660 + int(digit)) if digit.isdigit() else digit for digit in GOOD),
    "".join(chr(0x6F0 + int(digit)) if digit.isdigit() else digit for digit in GOOD),
    "".join(chr(0x966 + int(digit)) if digit.isdigit() else digit for digit in GOOD),
    "".join(chr(0x1D7CE + int(digit)) if digit.isdigit() else digit for digit in GOOD),
    "0" * 24,
    "код",
]


def test_what_is_typed_means_the_same_to_both() -> None:
    said = run_page({"task": "code", "typed": typed, "origin": "drop.example"} for typed in TYPED)
    expected: list[dict[str, str] | None] = []
    for typed in TYPED:
        try:
            holder = Code.parse(typed).open("drop.example")
            expected.append({"mailbox": holder.mailbox, "recipient": str(holder.identity.recipient)})
        except Usage:
            expected.append(None)
    assert [answer["done"] for answer in said] == expected
    assert sum(each is not None for each in expected) == 6


@pytest.mark.parametrize("vector", VECTORS)
def test_mailbox_and_recipient_are_the_published_ones(vector: dict[str, str]) -> None:
    (said,) = run_page([{"task": "code", "typed": vector["code"], "origin": vector["origin"]}])
    assert said["done"]["mailbox"] == vector["mailbox"]
    identity = HybridIdentity(bytes.fromhex(vector["seed"]))
    assert said["done"]["recipient"] == str(identity.recipient)


def test_the_page_draws_codes_that_python_reads() -> None:
    drawn = {answer["done"] for answer in run_page({"task": "draw"} for _ in range(300))}
    assert len(drawn) == 300
    assert all(str(Code.parse(shown)) == shown for shown in drawn)
    firsts = [shown[0] for shown in drawn]
    assert set(firsts) == set("0123456789")
