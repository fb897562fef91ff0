"""The recipient type scrypt: a passphrase.

Source: c2sp.org/age, "The scrypt recipient type". Such a stanza stands alone in its header: who opens a file by a
passphrase may expect that only those who know it could have made it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.utils import random

from intake.errors import Damaged, Usage
from intake.sealing.header import WRAPPED_SIZE, Stanza, decode_base64, encode_base64

KIND = "scrypt"
WORK_FACTOR = 18  # about a second, 256 MiB
MAX_WORK_FACTOR = 20  # 1 GiB: what a stranger's file may make this machine do
_SALT_SIZE = 16  # bytes
_LABEL = b"age-encryption.org/v1/scrypt"
_NONCE = bytes(12)  # every wrap key is used once
_DECIMAL = re.compile(r"[1-9][0-9]*")


def check(stanza: Stanza) -> tuple[bytes, int]:
    """(salt of 16 bytes, work factor) of a scrypt stanza. Raises `Damaged` unless every length is exact."""
    if len(stanza.args) != 2 or not _DECIMAL.fullmatch(stanza.args[1]):
        raise Damaged("the header is damaged: a scrypt stanza is malformed")
    salt = decode_base64(stanza.args[0])
    if len(salt) != _SALT_SIZE or len(stanza.body) != WRAPPED_SIZE:
        raise Damaged("the header is damaged: a scrypt stanza has a wrong length")
    # Python refuses to parse numbers of thousands of digits; nobody needs the value of one beyond two.
    factor = int(stanza.args[1]) if len(stanza.args[1]) <= 2 else 100
    return salt, factor


def _wrap_key(passphrase: str, salt: bytes, work_factor: int) -> bytes:
    n = 1 << work_factor
    # The limit is what scrypt needs: 128·r·(N + p) bytes and a little more.
    return bindings.crypto_pwhash_scryptsalsa208sha256_ll(
        passphrase.encode(), _LABEL + salt, n, 8, 1, dklen=32, maxmem=1024 * n + (1 << 20)
    )


@dataclass(frozen=True, slots=True)
class ScryptRecipient:
    """A passphrase to seal to, and the base-two logarithm of the work to spend on it."""

    kind: ClassVar[str] = KIND
    passphrase: str = field(repr=False)
    work_factor: int = WORK_FACTOR

    def __post_init__(self) -> None:
        if not self.passphrase:
            raise Usage("the passphrase is empty")
        if not 1 <= self.work_factor <= MAX_WORK_FACTOR:
            raise Usage(f"the work factor is not in 1..{MAX_WORK_FACTOR}")

    def wrap(self, file_key: bytes) -> tuple[Stanza, ...]:
        """One stanza, with a fresh salt."""
        salt = random(_SALT_SIZE)
        key = _wrap_key(self.passphrase, salt, self.work_factor)
        body = bindings.crypto_aead_chacha20poly1305_ietf_encrypt(file_key, None, _NONCE, key)
        return (Stanza(KIND, (encode_base64(salt), str(self.work_factor)), body),)


@dataclass(frozen=True, slots=True)
class ScryptIdentity:
    """A passphrase to open with, and the most work that a file may ask for."""

    passphrase: str = field(repr=False)
    max_work_factor: int = MAX_WORK_FACTOR

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file key if the passphrase fits, else None. Raises `Damaged` for a malformed or too costly stanza."""
        if stanza.kind != KIND:
            return None
        salt, work_factor = check(stanza)
        if work_factor > self.max_work_factor:
            raise Damaged(f"the file asks for a scrypt work factor above {self.max_work_factor}")
        key = _wrap_key(self.passphrase, salt, work_factor)
        try:
            return bindings.crypto_aead_chacha20poly1305_ietf_decrypt(stanza.body, None, _NONCE, key)
        except CryptoError:
            return None
