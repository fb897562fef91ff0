"""The code that a witness keeps instead of an account, and the mailbox and key that it stands for.

Twenty-four digits in six groups of four: twenty-two that are random (73 bits) and two check digits (ISO 7064,
MOD 97-10), which catch every single wrong digit and every two that changed places.

    stretched = scrypt(the 24 digits as ASCII, salt = origin, N = 2^12, r = 8, p = 1), 32 bytes     (RFC 7914)
    mailbox   = HKDF-SHA-256(stretched, info = "amonat/mailbox/1"), its first 16 bytes               (RFC 5869)
    identity  = HKDF-SHA-256(stretched, info = "amonat/reply-identity/1"), the seed of an age1pq identity

Mailbox and recipient travel inside the sealed report. Whoever holds the code can read the answers and write as the
witness; nobody else can, and the code itself is never sent by a page that has JavaScript.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from nacl import bindings

from intake.errors import Usage
from intake.report.package import ReplyTo
from intake.sealing import HybridIdentity
from intake.sealing.hkdf import derive

DIGITS = 24
RANDOM_DIGITS = 22
GROUP = 4

_COST = 1 << 12  # about a second in a browser without its compiler
_BLOCK = 8
_MEMORY = 1024 * _COST + (1 << 20)  # scrypt's 128·r·(N + p) bytes, and a little more
_DIGIT = re.compile("[0-9\u0660-\u0669\u06f0-\u06f9]")  # in each row the last four bits are the digit's value
_ADVICE = "Compare it with what you kept, group by group."


@dataclass(frozen=True, slots=True)
class Code:
    """A whole code: its 24 digits, right by their check digits."""

    digits: str = field(repr=False)

    @classmethod
    def draw(cls, random: Callable[[int], bytes]) -> Code:
        """A new one; `random` gives so many random bytes."""
        drawn = (
            int.from_bytes(random(32), "big") % 10**RANDOM_DIGITS
        )  # 2^256 is so much larger that no digit is favoured
        digits = f"{drawn:0{RANDOM_DIGITS}}"
        return cls(f"{digits}{98 - int(digits) * 100 % 97:02}")

    @classmethod
    def parse(cls, typed: str) -> Code:
        """From what was typed: Latin, Arabic or Persian digits, anything but letters between them. Raises `Usage`."""
        if any(letter.isalpha() for letter in typed):
            raise Usage("the code is made of digits only", _ADVICE)
        digits = "".join(str(ord(digit) & 15) for digit in _DIGIT.findall(typed))
        if len(digits) != DIGITS:
            raise Usage(f"the code has {DIGITS} digits, and {len(digits)} were typed", _ADVICE)
        if int(digits) % 97 != 1:
            raise Usage("a digit of the code is wrong, or two have changed places", _ADVICE)
        return cls(digits)

    def __str__(self) -> str:
        return " ".join(self.digits[start : start + GROUP] for start in range(0, DIGITS, GROUP))

    def open(self, origin: str) -> Holder:
        """What the code stands for at this drop. Takes some 20 ms and 4 MiB."""
        stretched = bindings.crypto_pwhash_scryptsalsa208sha256_ll(
            self.digits.encode(), origin.encode(), _COST, _BLOCK, 1, dklen=32, maxmem=_MEMORY
        )
        mailbox = derive(stretched, salt=b"", info=b"amonat/mailbox/1")[:16]
        return Holder(mailbox.hex(), HybridIdentity(derive(stretched, salt=b"", info=b"amonat/reply-identity/1")))


@dataclass(frozen=True, slots=True)
class Holder:
    """What whoever has the code can do: ask for `mailbox` (32 hex digits), and open what lies there."""

    mailbox: str
    identity: HybridIdentity = field(repr=False)

    @property
    def reply_to(self) -> ReplyTo:
        """What the sealed report tells the reviewers."""
        return ReplyTo(self.mailbox, str(self.identity.recipient))
