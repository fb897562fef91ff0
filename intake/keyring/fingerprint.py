r"""Fingerprints that two people can compare over a telephone in any language: 40 digits in 8 groups of 5.

The number is SHA-256("amonat/fingerprint/1\n" + text) as a big-endian integer, modulo 10^40, where `text` is a
recipient (`age1pq1…`) or a vkey exactly as the keyring writes it. 40 digits are about 133 bits.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

GROUPS = 8
DIGITS = 40

_SEPARATORS = frozenset(" \t\n-.,_/·\u00a0\u2010\u2011\u2012\u2013\u2014\u202f")


def _digits(text: str) -> str:
    number = int.from_bytes(hashlib.sha256(b"amonat/fingerprint/1\n" + text.encode()).digest())
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def grouped(digits: str, separator: str = " ") -> str:
    """40 digits as 8 groups of 5."""
    return separator.join(digits[start : start + 5] for start in range(0, len(digits), 5))


def fingerprint(text: str) -> str:
    """The fingerprint of a recipient or vkey: `12345 12345 …`, 8 groups."""
    return grouped(_digits(text))


def short(text: str) -> str:
    """The first two groups: to tell keys apart at a glance, never to trust one."""
    return fingerprint(text)[:11]


def normal(typed: str) -> str | None:
    """The digits of what somebody typed, however spaced and in whichever script; None if another sign is there.

    >>> normal("12345-12345 ٣")
    '12345123453'
    """
    kept = [c for c in typed if c not in _SEPARATORS]
    values = [unicodedata.decimal(c, -1) for c in kept]
    return None if -1 in values else "".join(str(value) for value in values)


def is_candidate(value: str) -> bool:
    """Whether `value` was typed as a fingerprint or a group of it, and is not the name of a file that follows a list.

    A vkey is no fingerprint but was meant as one, so that the error is about it and not about how many words there are.
    """
    return bool(normal(value)) or re.fullmatch(r"[^+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+", value) is not None


def differing(typed: str, text: str) -> tuple[int, ...]:
    """Which groups (1 to 8) of `typed` differ from the fingerprint of `text`; a group that is not there differs too."""
    digits, true = normal(typed) or "", _digits(text)
    return tuple(n + 1 for n in range(GROUPS) if digits[5 * n : 5 * n + 5] != true[5 * n : 5 * n + 5])


def matches(typed: str, text: str) -> bool:
    """Whether all 40 digits agree; spaces, dashes and dots don't matter, a short form is not enough."""
    return normal(typed) == _digits(text)
