"""Fingerprints: one known value, and a comparison that forgives spacing and nothing else."""

from __future__ import annotations

import hashlib
import re

from hypothesis import given
from hypothesis import strategies as st

from intake.keyring import differing, fingerprint, matches, short
from tests.keyring.test_note import PETER

PRINTED = "90974 47315 58471 47261 12466 84327 56954 91257"


def test_a_known_value() -> None:
    """Worked out with sha256sum, not with this code."""
    assert fingerprint(PETER) == PRINTED
    assert short(PETER) == PRINTED[:11]


@given(st.text())
def test_eight_groups_of_the_hash(text: str) -> None:
    number = int(hashlib.sha256(f"amonat/fingerprint/1\n{text}".encode()).hexdigest(), 16) % 10**40
    assert re.fullmatch(r"[0-9]{5}( [0-9]{5}){7}", fingerprint(text))
    assert int(fingerprint(text).replace(" ", "")) == number


def test_comparison_forgives_how_it_is_spaced_and_in_which_digits() -> None:
    bare = PRINTED.replace(" ", "")
    eastern = "".join(chr(0x06F0 + int(digit)) for digit in bare)
    for typed in (PRINTED, bare, f"  {PRINTED}\n", PRINTED.replace(" ", "-"), PRINTED.replace(" ", " – "), eastern):
        assert matches(typed, PETER)
        assert differing(typed, PETER) == ()


def test_comparison_names_the_groups_that_differ() -> None:
    groups = PRINTED.split()
    swapped = " ".join([groups[1], groups[0], *groups[2:]])
    assert differing(swapped, PETER) == (1, 2)
    assert differing(" ".join([*groups[:7], "00000"]), PETER) == (8,)
    assert differing(short(PETER), PETER) == (3, 4, 5, 6, 7, 8)
    assert differing("", PETER) == (1, 2, 3, 4, 5, 6, 7, 8)


def test_less_more_or_other_signs_never_match() -> None:
    for typed in (short(PETER), PRINTED[:-1], PRINTED + "0", PRINTED.replace("0", "O", 1) + "", "", "x" + PRINTED):
        assert matches(typed, PETER) is (typed == PRINTED)


@given(st.integers(0, 39), st.integers(1, 9))
def test_any_other_digit_is_noticed_in_its_group(place: int, change: int) -> None:
    digits = list(PRINTED.replace(" ", ""))
    digits[place] = str((int(digits[place]) + change) % 10)
    assert not matches("".join(digits), PETER)
    assert differing("".join(digits), PETER) == (place // 5 + 1,)
