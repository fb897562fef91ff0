"""What the pages of a vault's database hold once its key has opened them: free space, old rows and its log included.

SQLCipher 4 (https://www.zetetic.net/sqlcipher/design/): pages of 4,096 bytes, AES-256-CBC, the last 80 bytes of each
being the IV and an HMAC; the first 16 of the first page are a salt. The log has a header of 32 bytes, and one of 24
before each page.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from intake.review.folder import VaultFolder
from intake.review.passphrases import locks_of

PAGE, RESERVED, SALT = 4096, 80, 16


def database_key(vault: Path, passphrase: str) -> bytes:
    """The key of vault.db."""
    ((_, key),) = locks_of(VaultFolder(vault)).keys(passphrase)
    return key


def pages(database: Path, key: bytes) -> Iterator[bytes]:
    """Every page of a database and of the log beside it, deciphered."""
    raw = database.read_bytes()
    for start in range(0, len(raw), PAGE):
        yield _opened(raw[start : start + PAGE], key, SALT if start == 0 else 0)
    log = database.with_name(f"{database.name}-wal")
    raw = log.read_bytes() if log.exists() else b""
    for start in range(32, len(raw), 24 + PAGE):
        number = int.from_bytes(raw[start : start + 4], "big")
        yield _opened(raw[start + 24 : start + 24 + PAGE], key, SALT if number == 1 else 0)


def _opened(page: bytes, key: bytes, skipped: int) -> bytes:
    iv = page[PAGE - RESERVED :][:16]
    decryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).decryptor()
    return decryptor.update(page[skipped : PAGE - RESERVED]) + decryptor.finalize()
