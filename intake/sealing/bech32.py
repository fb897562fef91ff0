"""Bech32 (BIP 173) without its length limit: how age writes recipients and identities as text.

age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj
"""

from __future__ import annotations

from intake.errors import Usage

_ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def _folded(top: int) -> int:
    sum_ = 0
    for bit, term in enumerate(_GENERATOR):
        if top >> bit & 1:
            sum_ ^= term
    return sum_


_FOLD = tuple(_folded(top) for top in range(32))  # the five conditional terms of BIP 173, looked up at once


def _checksum(prefix: str, values: list[int]) -> int:
    state = 1
    for value in (*(ord(c) >> 5 for c in prefix), 0, *(ord(c) & 31 for c in prefix), *values):
        state = ((state & 0x1FFFFFF) << 5) ^ value ^ _FOLD[state >> 25]
    return state


def encode(prefix: str, data: bytes) -> str:
    """`prefix`, `1`, the data in groups of five bits, six characters of checksum. All in the case of the prefix.

    The prefix is a constant of the caller's; mixed case in it is a mistake in the program.
    """
    lower = prefix.lower()
    if prefix not in (lower, prefix.upper()):
        raise ValueError("a Bech32 prefix has one case")
    values: list[int] = []
    pending = bits = 0
    for byte in data:
        pending = (pending << 8 | byte) & 0xFFF
        bits += 8
        while bits >= 5:
            bits -= 5
            values.append(pending >> bits & 31)
    if bits:
        values.append(pending << (5 - bits) & 31)
    check = _checksum(lower, [*values, 0, 0, 0, 0, 0, 0]) ^ 1
    values += [check >> shift & 31 for shift in (25, 20, 15, 10, 5, 0)]
    text = f"{lower}1{''.join(_ALPHABET[value] for value in values)}"
    return text if prefix == lower else text.upper()


def decode(text: str) -> tuple[str, bytes]:
    """(prefix in the case it was written in, data). Raises `Usage`, without quoting the text: it may be a secret.

    Strict: one case, the alphabet only, the checksum, and padding of fewer than five bits, all zero.
    """
    lower = text.lower()
    if text not in (lower, text.upper()):
        raise Usage("the key mixes capitals and small letters", _ADVICE)
    prefix, separator, rest = lower.rpartition("1")
    if not separator or not prefix or len(rest) < 6 or not all(33 <= ord(c) <= 126 for c in prefix):
        raise Usage("the key is cut off or not a key", _ADVICE)
    try:
        values = [_VALUES[c] for c in rest]
    except KeyError:
        raise Usage("the key holds a character that no key has", _ADVICE) from None
    if _checksum(prefix, values) != 1:
        raise Usage("the key's checksum does not fit: a character is wrong or missing", _ADVICE)
    data = bytearray()
    pending = bits = 0
    for value in values[:-6]:
        pending = (pending << 5 | value) & 0xFFF
        bits += 5
        if bits >= 8:
            bits -= 8
            data.append(pending >> bits & 0xFF)
    if bits >= 5 or pending & ((1 << bits) - 1):
        raise Usage("the key ends in bits that no key has", _ADVICE)
    return text[: len(prefix)], bytes(data)


_ADVICE = "Copy it again, whole and on one line."
