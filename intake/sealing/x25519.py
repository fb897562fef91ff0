"""The recipient type X25519: `age1…` and `AGE-SECRET-KEY-1…`.

Source: c2sp.org/age, "The X25519 recipient type". Reports are never sealed to it (the elliptic curve alone falls to a
quantum computer); it is read and written for identities and for exchange with other tools.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.exceptions import RuntimeError as SodiumError
from nacl.utils import random

from intake.errors import Damaged, Usage
from intake.sealing import bech32
from intake.sealing.header import WRAPPED_SIZE, Stanza, decode_base64, encode_base64
from intake.sealing.hkdf import derive

KIND = "X25519"
_KEY_SIZE = 32  # bytes
_RECIPIENT = "age"
_IDENTITY = "AGE-SECRET-KEY-"
_INFO = b"age-encryption.org/v1/X25519"
_NONCE = bytes(12)  # every wrap key is used once


def check(stanza: Stanza) -> bytes:
    """The ephemeral share (32 bytes) of an X25519 stanza. Raises `Damaged` unless every length is exact."""
    share = decode_base64(stanza.args[0]) if len(stanza.args) == 1 else b""
    if len(share) != _KEY_SIZE or len(stanza.body) != WRAPPED_SIZE:
        raise Damaged("the header is damaged: an X25519 stanza has a wrong length")
    return share


@dataclass(frozen=True, slots=True)
class X25519Recipient:
    """A public key of 32 bytes."""

    kind: ClassVar[str] = KIND
    public: bytes

    @classmethod
    def parse(cls, text: str) -> X25519Recipient:
        """From `age1…`. Raises `Usage`."""
        prefix, public = bech32.decode(text)
        if prefix != _RECIPIENT or len(public) != _KEY_SIZE:
            raise Usage("this is not an age1… recipient")
        return cls(public)

    def __str__(self) -> str:
        return bech32.encode(_RECIPIENT, self.public)

    def wrap(self, file_key: bytes) -> tuple[Stanza, ...]:
        """One stanza, with a fresh ephemeral key. Raises `Usage` for a public key that no honest identity has."""
        secret = random(_KEY_SIZE)
        share = bindings.crypto_scalarmult_base(secret)
        try:
            shared = bindings.crypto_scalarmult(secret, self.public)
        except SodiumError:
            raise Usage("the recipient is a point of low order: anybody could open what is sealed to it") from None
        key = derive(shared, salt=share + self.public, info=_INFO)
        body = bindings.crypto_aead_chacha20poly1305_ietf_encrypt(file_key, None, _NONCE, key)
        return (Stanza(KIND, (encode_base64(share),), body),)


@dataclass(frozen=True, slots=True)
class X25519Identity:
    """A secret key of 32 bytes."""

    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> X25519Identity:
        """A fresh one from the system's randomness."""
        return cls(random(_KEY_SIZE))

    @classmethod
    def parse(cls, text: str) -> X25519Identity:
        """From `AGE-SECRET-KEY-1…`. Raises `Usage`."""
        prefix, secret = bech32.decode(text)
        if prefix != _IDENTITY or len(secret) != _KEY_SIZE:
            raise Usage("this is not an AGE-SECRET-KEY-1… identity")
        return cls(secret)

    def __str__(self) -> str:
        return bech32.encode(_IDENTITY, self.secret)

    @property
    def recipient(self) -> X25519Recipient:
        """Its public half."""
        return X25519Recipient(bindings.crypto_scalarmult_base(self.secret))

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file key if the stanza is for this identity, else None. Raises `Damaged` for a malformed one."""
        if stanza.kind != KIND:
            return None
        share = check(stanza)
        try:
            shared = bindings.crypto_scalarmult(self.secret, share)
        except SodiumError:
            raise Damaged("the header is damaged: an X25519 share is a point of low order") from None
        key = derive(shared, salt=share + bindings.crypto_scalarmult_base(self.secret), info=_INFO)
        try:
            return bindings.crypto_aead_chacha20poly1305_ietf_decrypt(stanza.body, None, _NONCE, key)
        except CryptoError:
            return None
