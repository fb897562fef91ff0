"""The few lengths a sealed report may have, so that a length tells nothing about its writer.

A package of n bytes (end mark included) is filled with zeros up to T = 16 KiB, 64 KiB, 256 KiB or 1 MiB; the form that
is carried has 8 KiB too, so that a short report is a few messages long. Above that, to the next Padmé length (Nikitin
et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019, algorithm 1), which wastes
at most 12 % and in truth under 3.2 % from 1 MiB on. All numbers are bytes.
"""

from __future__ import annotations

CLASSES = (16_384, 65_536, 262_144, 1_048_576)
PUT_PLAINTEXT_LIMIT = CLASSES[-1]
CARRIED = 8_192
"""A class of its own for short reports of the form that is carried (browser/source/carried/rim.ts).

Half of it would be one message less and hold no report: where an answer may be left takes 2,030 bytes alone.
"""
LARGEST = 8 * 2**30
"""No package is longer: a size field of tar holds eleven octal digits."""

_CHUNK = 65_536
_TAG = 16
# age: the version line (22), "--- ", the header's MAC in base64 (43) and a newline, the payload nonce (16).
_FRAME = 22 + 4 + 43 + 1 + 16
# age: "-> mlkem768x25519 " (18), 1,120 bytes as base64 (1,494), newline, 32 bytes as base64 (43), newline.
_STANZA = 18 + 1494 + 1 + 43 + 1


def padded(size: int) -> int:
    """The smallest permitted plaintext length that holds `size` bytes. Raises `ValueError` below 0 or above 8 GiB."""
    if not 0 <= size <= LARGEST:
        raise ValueError(f"{size} is no length of a package")
    for smallest in CLASSES:
        if size <= smallest:
            return smallest
    exponent = size.bit_length() - 1
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (size + mask) & ~mask


def is_plaintext_size(size: int) -> bool:
    """Whether a plaintext may have exactly this length."""
    return size == CARRIED or (0 < size <= LARGEST and padded(size) == size)


def sealed_size(reviewers: int, plaintext: int) -> int:
    """The length of an age file of `plaintext` bytes sealed to so many hybrid recipients."""
    return _FRAME + _STANZA * reviewers + plaintext + _TAG * max(1, -(-plaintext // _CHUNK))


def plaintext_size(reviewers: int, size: int) -> int | None:
    """The plaintext length of a sealed file of `size` bytes; None when no permitted package gives that length."""
    payload = size - _FRAME - _STANZA * reviewers
    if reviewers < 1 or payload <= _TAG:
        return None
    plaintext = payload - _TAG * -(-payload // (_CHUNK + _TAG))
    return plaintext if is_plaintext_size(plaintext) and sealed_size(reviewers, plaintext) == size else None


def is_sealed_size(reviewers: int, size: int) -> bool:
    """Whether a report sealed to so many reviewers can have this length."""
    return plaintext_size(reviewers, size) is not None
