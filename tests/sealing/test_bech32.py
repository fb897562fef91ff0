"""Bech32: every data survives, every slip of the pen is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Usage
from intake.sealing.bech32 import _checksum, decode, encode

# BIP 173, "Test vectors"; the last is over BIP 173's length limit, which age lifts.
VALID = (
    "A12UEL5L",
    "a12uel5l",
    "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
    "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
    "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
    "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
    "?1ezyfcl",
)
INVALID = (
    "\x201nwldj5",
    "\x7f1axkwrx",
    "\x801eym55h",
    "pzry9x0s0muk",
    "1pzry9x0s0muk",
    "x1b4n0q5v",
    "li1dgmt3",
    "de1lg7wt\xff",
    "A1G7SGD8",
    "10a06t8",
    "1qzzfhee",
    "A12uEL5L",
    "",
    "1",
)


@pytest.mark.parametrize("text", VALID)
def test_the_valid_strings_of_bip_173_decode_and_encode_again(text: str) -> None:
    prefix, data = decode(text)
    assert encode(prefix, data) == text


@pytest.mark.parametrize("text", INVALID)
def test_the_invalid_strings_of_bip_173_are_refused(text: str) -> None:
    with pytest.raises(Usage):
        decode(text)


@given(st.sampled_from(["age", "age1pq", "AGE-SECRET-KEY-", "AGE-SECRET-KEY-PQ-"]), st.binary(max_size=1300))
def test_data_of_any_length_survives(prefix: str, data: bytes) -> None:
    assert decode(encode(prefix, data)) == (prefix, data)


@given(st.binary(min_size=32, max_size=32), st.data())
def test_a_wrong_character_a_swap_and_a_gap_are_noticed(data: bytes, draw: st.DataObject) -> None:
    text = encode("age", data)
    at = draw.draw(st.integers(4, len(text) - 1))
    wrong = draw.draw(st.sampled_from([c for c in "qpzry9x8gf2tvdw0s3jn54khce6mua7l" if c != text[at]]))
    for slip in (text[:at] + wrong + text[at + 1 :], text[:at] + text[at + 1 :]):
        with pytest.raises(Usage):
            decode(slip)
    if at + 1 < len(text) and text[at] != text[at + 1]:
        with pytest.raises(Usage):
            decode(text[:at] + text[at + 1] + text[at] + text[at + 2 :])


@given(st.text(max_size=60))
def test_junk_is_refused_and_never_quoted(junk: str) -> None:
    with pytest.raises(Usage) as refusal:
        decode(junk + "b")  # whatever it was, a letter that Bech32 doesn't use is in it now
    assert len(junk) < 8 or junk not in str(refusal.value)


@pytest.mark.parametrize("values", [[0, 1], [0, 2], [0, 0, 0], [31], [0]])
def test_spare_bits_are_fewer_than_five_and_zero(values: list[int]) -> None:
    # Written by hand with a true checksum: two characters carry a byte and two bits to spare, three carry seven.
    check = _checksum("age", [*values, 0, 0, 0, 0, 0, 0]) ^ 1
    characters = [*values, *(check >> shift & 31 for shift in (25, 20, 15, 10, 5, 0))]
    with pytest.raises(Usage, match="bits"):
        decode("age1" + "".join("qpzry9x8gf2tvdw0s3jn54khce6mua7l"[value] for value in characters))


def test_a_prefix_of_two_cases_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="one case"):
        encode("Age", b"")
