"""HKDF-SHA-256 (RFC 5869) for the one length that age derives: 32 bytes."""

from __future__ import annotations

from hmac import digest


def derive(key: bytes, *, salt: bytes, info: bytes) -> bytes:
    """32 bytes from `key`, bound to `salt` (may be empty) and `info`."""
    return digest(digest(salt, key, "sha256"), info + b"\x01", "sha256")
