"""Signed notes: text that anyone can read, followed by signature lines (c2sp.org/signed-note, Ed25519 only).

    amonat/keyring/1
    …

    — origin/label <base64 of key id (4 bytes) and signature (64 bytes)>

A note's text means nothing until `SignedNote.signers` has named keys that the reader trusts already.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import nacl.bindings
import nacl.exceptions
import nacl.signing
import nacl.utils

from intake.errors import KeyringRefused

NOTE_LIMIT = 256 * 1024  # bytes of a note that people sign; an index of reports may be longer
SIGNATURES_LIMIT = 100

_ED25519 = b"\x01"
_PREFIX = "— "
_PRIVATE = "PRIVATE+KEY+"
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")  # all but the newline


def _decode(text: str) -> bytes | None:
    """Standard base64 in its one canonical spelling, or None."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _named_well(name: str) -> bool:
    return bool(name) and "+" not in name and not any(c.isspace() or c < " " for c in name)


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public key and the name it signs under, written `name+hash+base64` (a "vkey").

    `public` is the 32 bytes of RFC 8032; `key_hash` the first 4 bytes of SHA-256(name, newline, 0x01, public).
    """

    name: str
    public: bytes

    @property
    def key_hash(self) -> bytes:
        """4 bytes that name this key in signature lines. No proof of anything."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    @classmethod
    def parse(cls, text: str) -> VerifyKey:
        """Raises `KeyringRefused` unless `text` is exactly one well-formed Ed25519 vkey."""
        name, _, rest = text.partition("+")
        key_hash, _, encoded = rest.partition("+")
        raw = _decode(encoded)
        if not _named_well(name) or raw is None or len(raw) != 33:
            raise KeyringRefused("this is not a public signing key (name+hash+base64)")
        if raw[:1] != _ED25519:
            raise KeyringRefused(f"the key of {name} is of another kind than Ed25519")
        key = cls(name, raw[1:])
        if key_hash != key.key_hash.hex():
            raise KeyringRefused(
                f"the key of {name} does not fit its own hash", "It was mistyped or cut: copy it again."
            )
        if not nacl.bindings.crypto_core_ed25519_is_valid_point(raw[1:]):
            raise KeyringRefused(f"the key of {name} is no point of the curve's main group")
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.key_hash.hex()}+{_encode(_ED25519 + self.public)}"

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) is this key's over `text`."""
        if len(signature) != 64:
            return False
        try:
            nacl.signing.VerifyKey(self.public).verify(text, signature)
        except nacl.exceptions.BadSignatureError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line of a note: whose it claims to be, and the bytes. Says nothing until it was verified."""

    name: str
    key_hash: bytes
    value: bytes

    def __str__(self) -> str:
        return f"{_PREFIX}{self.name} {_encode(self.key_hash + self.value)}"

    @classmethod
    def parse(cls, line: str) -> Signature:
        """From a line without its newline. Raises `KeyringRefused`."""
        name, _, encoded = line.removeprefix(_PREFIX).partition(" ")
        raw = _decode(encoded)
        if not line.startswith(_PREFIX) or not _named_well(name) or raw is None or len(raw) < 5:
            raise KeyringRefused("a line after the note's text is not a signature")
        return cls(name, raw[:4], raw[4:])


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and its name, written `PRIVATE+KEY+name+hash+base64`, as Go's sumdb/note writes it."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str) -> SigningKey:
        """A new key. The name is `origin/label` everywhere in this project."""
        if not _named_well(name):
            raise KeyringRefused("a key's name holds a space or a plus sign")
        return cls(name, nacl.utils.random(32))

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        """Raises `KeyringRefused`; the message never holds the key."""
        name, _, rest = text.removeprefix(_PRIVATE).partition("+")
        key_hash, _, encoded = rest.partition("+")
        raw = _decode(encoded)
        if not text.startswith(_PRIVATE) or not _named_well(name) or raw is None or len(raw) != 33:
            raise KeyringRefused("this is not a private signing key (PRIVATE+KEY+name+hash+base64)")
        if raw[:1] != _ED25519:
            raise KeyringRefused(f"the private key of {name} is of another kind than Ed25519")
        key = cls(name, raw[1:])
        if key_hash != key.verify_key.key_hash.hex():
            raise KeyringRefused(f"the private key of {name} does not fit its own hash")
        return key

    def __str__(self) -> str:
        return f"{_PRIVATE}{self.name}+{self.verify_key.key_hash.hex()}+{_encode(_ED25519 + self.seed)}"

    @property
    def verify_key(self) -> VerifyKey:
        """The public half."""
        return VerifyKey(self.name, bytes(nacl.signing.SigningKey(self.seed).verify_key))

    def sign(self, text: bytes) -> Signature:
        """A signature over `text` (which ends with a newline); `str` of it is the note's line."""
        value = nacl.signing.SigningKey(self.seed).sign(text).signature
        return Signature(self.name, self.verify_key.key_hash, value)


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A text with its final newline, and the signature lines below it, verified or not."""

    text: bytes
    signatures: tuple[Signature, ...] = ()

    @classmethod
    def sign(cls, text: bytes, *keys: SigningKey) -> SignedNote:
        """A note of `text` (which ends with a newline) signed by `keys`."""
        return cls(text, tuple(key.sign(text) for key in keys))

    @classmethod
    def parse(cls, note: bytes, *, draft: bool = False, limit: int = NOTE_LIMIT) -> SignedNote:
        """Read a note strictly. With `draft` it may still be without any signature (text and an empty line).

        Raises `KeyringRefused` on anything but a well-formed note of at most `limit` bytes and 100 signatures.
        """
        if len(note) > limit:
            raise KeyringRefused(f"the note is larger than {limit // 1024} KiB")
        try:
            whole = note.decode()
        except UnicodeDecodeError:
            raise KeyringRefused("the note is not UTF-8 text") from None
        if _CONTROL.search(whole):
            raise KeyringRefused("the note holds a control character")
        text, gap, below = whole.rpartition("\n\n")
        if not gap:
            raise KeyringRefused("the note has no empty line between its text and the signatures")
        if not below and not draft:
            raise KeyringRefused("the note is not signed by anybody")
        if below and not below.endswith("\n"):
            raise KeyringRefused("the note is cut off in its last line")
        lines = below.split("\n")[:-1]
        if len(lines) > SIGNATURES_LIMIT:
            raise KeyringRefused(f"the note has more than {SIGNATURES_LIMIT} signatures")
        return cls((text + "\n").encode(), tuple(Signature.parse(line) for line in lines))

    def __bytes__(self) -> bytes:
        return self.text + b"\n" + "".join(f"{signature}\n" for signature in self.signatures).encode()

    def signers(self, keys: Iterable[VerifyKey]) -> tuple[VerifyKey, ...]:
        """Which of `keys` signed this text, each once. Signatures by other keys are passed over, as the format asks.

        Raises `KeyringRefused` when a signature names one of `keys` and does not verify: the note was tampered with.
        """
        known: dict[tuple[str, bytes], VerifyKey] = {}
        for key in keys:
            if known.setdefault((key.name, key.key_hash), key) != key:
                raise KeyringRefused(f"two keys claim the name {key.name} and the same hash")
        found: dict[VerifyKey, None] = {}
        for signature in self.signatures:
            signer = known.get((signature.name, signature.key_hash))
            if signer is None:
                continue
            if not signer.verifies(self.text, signature.value):
                raise KeyringRefused(f"the signature of {signer.name} is not genuine: the text below it is another one")
            found[signer] = None
        return tuple(found)

    def with_signature(self, key: SigningKey) -> SignedNote:
        """The same note, signed by `key` too; an earlier signature under the same key is replaced."""
        new = key.sign(self.text)
        kept = tuple(s for s in self.signatures if (s.name, s.key_hash) != (new.name, new.key_hash))
        return SignedNote(self.text, (*kept, new))
