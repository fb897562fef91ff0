"""vault.json: how the passphrase becomes the vault's key (Argon2id, RFC 9106, through libsodium).

    {"format": "amonat/vault/1", "vault": "<32 hex digits>", "locks":
      [{"salt": "<base64, 16 bytes>", "operations": 3, "memory": 268435456, "check": "<base64, 16 bytes>"}]}

`vault` is a random name that a vault and its backups share. The key is 32 bytes, given raw to SQLCipher. `check` is a
hash of the key: it tells a wrong passphrase from a damaged vault, and a guesser nothing that vault.db does not tell. A
second lock stands there only while the passphrase is being changed, so that a power cut in between leaves a vault that
one of the two passphrases opens.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass

import nacl.exceptions
import nacl.pwhash.argon2id
import nacl.utils

from intake.errors import Damaged, Fault
from intake.report.document import Json, dump, parse

FORM = "amonat/vault/1"
SALT_SIZE = 16
KEY_SIZE = 32
_WHAT = "vault.json"
_NAME = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Cost:
    """Argon2id's work: passes over the memory, and bytes of memory. By default a second on a small laptop."""

    operations: int = 3
    memory: int = 256 * 1024**2


@dataclass(frozen=True, slots=True)
class Lock:
    """One passphrase's parameters. Says nothing about the passphrase but by `Cost` of work for each guess."""

    salt: bytes
    cost: Cost
    check: bytes

    @classmethod
    def new(cls, passphrase: str, cost: Cost) -> tuple[Lock, bytes]:
        """A lock with a new salt, and its key (32 bytes)."""
        salt = nacl.utils.random(SALT_SIZE)
        key = _derive(passphrase, salt, cost)
        return cls(salt, cost, _check(key)), key

    def key(self, passphrase: str) -> bytes | None:
        """The key (32 bytes), None when this is not its passphrase. Raises `Fault` when the memory is not there."""
        key = _derive(passphrase, self.salt, self.cost)
        return key if hmac.compare_digest(_check(key), self.check) else None


@dataclass(frozen=True, slots=True)
class Locks:
    """What vault.json holds: one lock, or two while the passphrase is changed (then the second is the new one).

    `vault` is the vault's name, 32 hex digits.
    """

    vault: str
    locks: tuple[Lock, ...]

    @classmethod
    def new(cls, lock: Lock) -> Locks:
        """For a new vault."""
        return cls(secrets.token_hex(16), (lock,))

    @classmethod
    def parse(cls, content: bytes) -> Locks:
        """Raises `Damaged`: only whole, and only with bounded work."""
        told = parse(content, _WHAT)
        if not isinstance(told, dict) or told.get("format") != FORM:
            raise Damaged(f"{_WHAT} is not of the format {FORM}", "Copy it back from a backup of the vault.")
        vault, locks = told.get("vault"), told.get("locks")
        if not isinstance(vault, str) or not _NAME.fullmatch(vault):
            raise Damaged(f"{_WHAT} does not name its vault", "Copy it back from a backup of the vault.")
        if not isinstance(locks, list) or not 1 <= len(locks) <= 2:
            raise Damaged(f"{_WHAT} names no lock", "Copy it back from a backup of the vault.")
        return cls(vault, tuple(_lock(each) for each in locks))

    def __bytes__(self) -> bytes:
        locks: list[Json] = [
            {
                "salt": base64.b64encode(lock.salt).decode(),
                "operations": lock.cost.operations,
                "memory": lock.cost.memory,
                "check": base64.b64encode(lock.check).decode(),
            }
            for lock in self.locks
        ]
        return dump({"format": FORM, "vault": self.vault, "locks": locks}) + b"\n"

    def keys(self, passphrase: str) -> tuple[tuple[Lock, bytes], ...]:
        """The locks that the passphrase opens, with their keys."""
        return tuple((lock, key) for lock in self.locks if (key := lock.key(passphrase)) is not None)


def _derive(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    words = unicodedata.normalize("NFC", passphrase).encode()
    try:
        return nacl.pwhash.argon2id.kdf(KEY_SIZE, words, salt, cost.operations, cost.memory)
    except (nacl.exceptions.RuntimeError, MemoryError):
        raise Fault(
            f"opening a vault takes {cost.memory // 1024**2} MB of memory, which is not free here",
            "Close other programs and try again.",
        ) from None


def _check(key: bytes) -> bytes:
    return hashlib.blake2b(b"amonat/vault/1", key=key, digest_size=16).digest()


def _lock(told: Json) -> Lock:
    if not isinstance(told, dict):
        raise Damaged(f"{_WHAT}: a lock is not an object")
    return Lock(
        _bytes(told, "salt"),
        Cost(_number(told, "operations", 1, 64), _number(told, "memory", 8192, 4 * 1024**3)),
        _bytes(told, "check"),
    )


def _bytes(told: dict[str, Json], name: str) -> bytes:
    value = told.get(name)
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 16:
        raise Damaged(f"{_WHAT}: '{name}' is not 16 bytes in base64")
    return raw


def _number(told: dict[str, Json], name: str, least: int, most: int) -> int:
    value = told.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Damaged(f"{_WHAT}: '{name}' is not a number from {least} to {most}")
    return value
