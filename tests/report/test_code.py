"""The witness's code: drawn, typed back, and what it opens."""

from __future__ import annotations

import hashlib
import hmac
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Usage
from intake.report.code import DIGITS, Code
from intake.sealing import HybridRecipient, open_bytes, seal_bytes

codes = st.binary(min_size=32, max_size=32).map(lambda drawn: Code.draw(lambda size: drawn[:size]))
VECTORS = json.loads(Path(__file__).with_name("code_vectors.json").read_text())


@given(codes)
def test_a_code_is_typed_back_as_it_is_shown(code: Code) -> None:
    shown = str(code)
    assert [len(group) for group in shown.split(" ")] == [4] * 6
    assert Code.parse(shown) == Code.parse(shown.replace(" ", "-")) == Code.parse(f" {code.digits}\n") == code
    assert code.digits not in repr(code)


@given(codes)
def test_it_is_read_in_the_digits_of_other_scripts(code: Code) -> None:
    for zero in ("٠", "۰"):
        assert Code.parse("".join(chr(ord(zero) + int(digit)) for digit in code.digits)) == code


@given(codes, st.integers(0, DIGITS - 1), st.integers(1, 9))
def test_one_wrong_digit_is_caught(code: Code, place: int, by: int) -> None:
    digits = code.digits
    wrong = digits[:place] + str((int(digits[place]) + by) % 10) + digits[place + 1 :]
    with pytest.raises(Usage, match="a digit of the code is wrong"):
        Code.parse(wrong)


@given(codes, st.integers(0, DIGITS - 2))
def test_two_digits_that_changed_places_are_caught(code: Code, place: int) -> None:
    digits = code.digits
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    if swapped != digits:
        with pytest.raises(Usage, match="changed places"):
            Code.parse(swapped)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "0 were typed"),
        ("1234 5678", "8 were typed"),
        ("0" * 25, "25 were typed"),
        ("hello", "digits only"),
        ("0" * 24, "a digit"),
        ("9" * 100_000, "were typed"),
    ],
)
def test_what_is_no_code_is_said_to_be_none(typed: str, reason: str) -> None:
    with pytest.raises(Usage, match=reason):
        Code.parse(typed)


@given(st.text(max_size=60))
def test_any_text_is_a_code_or_a_usage_error(typed: str) -> None:
    with suppress(Usage):
        assert Code.parse(typed) == Code.parse(str(Code.parse(typed)))


@pytest.mark.parametrize("vector", VECTORS)
def test_mailbox_and_identity_are_the_published_ones(vector: dict[str, str]) -> None:
    holder = Code.parse(vector["code"]).open(vector["origin"])
    assert holder.mailbox == vector["mailbox"]
    assert holder.identity.seed.hex() == vector["seed"]


@given(codes)
def test_they_are_what_another_library_derives(code: Code) -> None:
    stretched = hashlib.scrypt(code.digits.encode(), salt=b"drop.example", n=4096, r=8, p=1, dklen=32)
    extracted = hmac.digest(bytes(32), stretched, "sha256")
    holder = code.open("drop.example")
    assert hmac.digest(extracted, b"amonat/mailbox/1\x01", "sha256")[:16].hex() == holder.mailbox
    assert hmac.digest(extracted, b"amonat/reply-identity/1\x01", "sha256") == holder.identity.seed


def test_each_drop_and_each_code_has_a_mailbox_of_its_own() -> None:
    first, second = Code.draw(lambda size: b"\x01" * size), Code.draw(lambda size: b"\x02" * size)
    assert len({code.open(origin).mailbox for code in (first, second) for origin in ("a.example", "b.example")}) == 4


def test_what_is_sealed_to_the_code_opens_with_it() -> None:
    code = Code.draw(lambda size: b"\x07" * size)
    told = code.open("drop.example").reply_to
    sealed = seal_bytes(b"words", [HybridRecipient.parse(told.recipient)])
    assert open_bytes(sealed, [Code.parse(str(code)).open("drop.example").identity]) == b"words"
