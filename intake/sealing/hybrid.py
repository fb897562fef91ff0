"""The recipient type mlkem768x25519: `age1pq1…` and `AGE-SECRET-KEY-PQ-1…`. Every report is sealed to it.

ML-KEM-768 and X25519 joined (X-Wing), through HPKE's base mode with HKDF-SHA256 and ChaCha20-Poly1305: whoever records
today and breaks elliptic curves later still reads nothing. Sources: c2sp.org/age, "The MLKEM768-X25519 recipient type";
RFC 9180; draft-ietf-hpke-pq-03. The HPKE is the package `cryptography`'s; PyNaCl has no KEM.

An identity is a seed of 32 bytes. SHAKE-256 stretches it to 96: the ML-KEM seed (64) and the X25519 secret (32).
A recipient is 1,216 bytes: the ML-KEM key (1,184) and the X25519 key (32). The encapsulated key in a stanza is
1,120 bytes: the ML-KEM ciphertext (1,088) and the X25519 share (32).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import shake_256
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)
from nacl.utils import random

from intake.errors import Damaged, Usage
from intake.sealing import bech32
from intake.sealing.header import WRAPPED_SIZE, Stanza, decode_base64, encode_base64

KIND = "mlkem768x25519"
_SEED_SIZE = 32  # bytes
_LATTICE_SIZE = 1184  # bytes of the recipient's ML-KEM part
_PUBLIC_SIZE = _LATTICE_SIZE + 32  # bytes
_SHARE_SIZE = 1120  # bytes
_RECIPIENT = "age1pq"
_IDENTITY = "AGE-SECRET-KEY-PQ-"
_INFO = b"age-encryption.org/mlkem768x25519"
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)

# The u-coordinates, modulo p, whose X25519 product is zero whatever the secret (cr.yp.to/ecdh.html#validate).
_P = 2**255 - 19
_LOW_ORDER = frozenset(
    {
        0,
        1,
        _P - 1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
    }
)


def check(stanza: Stanza) -> bytes:
    """The encapsulated key (1,120 bytes) of a hybrid stanza. Raises `Damaged` unless every length is exact."""
    share = decode_base64(stanza.args[0]) if len(stanza.args) == 1 else b""
    if len(share) != _SHARE_SIZE or len(stanza.body) != WRAPPED_SIZE:
        raise Damaged("the header is damaged: an mlkem768x25519 stanza has a wrong length")
    # RFC 9180, section 7.1.4, wants the zero product refused. `cryptography` does, but says so as it says "not your
    # key", and such a stanza must fail alike for every reader.
    if (int.from_bytes(share[-32:], "little") & (2**255 - 1)) % _P in _LOW_ORDER:
        raise Damaged("the header is damaged: an mlkem768x25519 share is a point of low order")
    return share


@dataclass(frozen=True, slots=True)
class HybridRecipient:
    """A public key of 1,216 bytes."""

    kind: ClassVar[str] = KIND
    public: bytes = field(repr=False)
    _key: MLKEM768X25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            key = MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(self.public[:_LATTICE_SIZE]),
                X25519PublicKey.from_public_bytes(self.public[_LATTICE_SIZE:]),
            )
        except ValueError:
            raise Usage("this is not an age1pq1… recipient") from None
        object.__setattr__(self, "_key", key)

    @classmethod
    def parse(cls, text: str) -> HybridRecipient:
        """From `age1pq1…`. Raises `Usage`."""
        prefix, public = bech32.decode(text)
        if prefix != _RECIPIENT or len(public) != _PUBLIC_SIZE:
            raise Usage("this is not an age1pq1… recipient")
        return cls(public)

    def __str__(self) -> str:
        return bech32.encode(_RECIPIENT, self.public)

    def wrap(self, file_key: bytes) -> tuple[Stanza, ...]:
        """One stanza: 1,557 bytes in the header. Raises `Usage` for a public key that no honest identity has."""
        try:
            sealed = _SUITE.encrypt(file_key, self._key, _INFO)
        except ValueError:
            raise Usage("the recipient is a point of low order: it can't be sealed to") from None
        return (Stanza(KIND, (encode_base64(sealed[:_SHARE_SIZE]),), sealed[_SHARE_SIZE:]),)


@dataclass(frozen=True, slots=True)
class HybridIdentity:
    """A secret seed of 32 bytes."""

    seed: bytes = field(repr=False)
    _key: MLKEM768X25519PrivateKey = field(init=False, repr=False, compare=False)
    _public: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.seed) != _SEED_SIZE:
            raise Usage("this is not an AGE-SECRET-KEY-PQ-1… identity")
        stretched = shake_256(self.seed).digest(96)
        lattice = MLKEM768PrivateKey.from_seed_bytes(stretched[:64])
        curve = X25519PrivateKey.from_private_bytes(stretched[64:])
        public = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
        object.__setattr__(self, "_key", MLKEM768X25519PrivateKey(lattice, curve))
        object.__setattr__(self, "_public", public)

    @classmethod
    def generate(cls) -> HybridIdentity:
        """A fresh one from the system's randomness."""
        return cls(random(_SEED_SIZE))

    @classmethod
    def parse(cls, text: str) -> HybridIdentity:
        """From `AGE-SECRET-KEY-PQ-1…`. Raises `Usage`."""
        prefix, seed = bech32.decode(text)
        if prefix != _IDENTITY or len(seed) != _SEED_SIZE:
            raise Usage("this is not an AGE-SECRET-KEY-PQ-1… identity")
        return cls(seed)

    def __str__(self) -> str:
        return bech32.encode(_IDENTITY, self.seed)

    @property
    def recipient(self) -> HybridRecipient:
        """Its public half."""
        return HybridRecipient(self._public)

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file key if the stanza is for this identity, else None. Raises `Damaged` for a malformed one."""
        if stanza.kind != KIND:
            return None
        share = check(stanza)
        try:
            return _SUITE.decrypt(share + stanza.body, self._key, _INFO)
        except InvalidTag:
            return None
