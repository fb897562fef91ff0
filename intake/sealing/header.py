"""The header of an age file: text that carries the file key, wrapped once for each recipient.

    age-encryption.org/v1
    -> X25519 XEl0dJ6y3C7KZkgmgWUicg63EyXJiwBJW8PdYJ/cYBE
    qRS0AMjdjPvZ/WT08U2KL4G+PIooA3hy38SvLpvaC1E
    --- HK2NmOBN9Dpq0Gw6xMCuhFcQlQLvZ/wQUi/2scLG75s

Source: c2sp.org/age, "Header". Strict both ways: what parses here is byte for byte what `Header.make` writes, so a
header has one form only. It is at most 64 KiB, which is 42 hybrid stanzas.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from hmac import compare_digest, digest
from io import BytesIO
from typing import BinaryIO, Protocol

from intake.errors import Damaged, NotSealed
from intake.sealing.hkdf import derive

HEADER_LIMIT = 65536  # bytes
FILE_KEY_SIZE = 16  # bytes
WRAPPED_SIZE = FILE_KEY_SIZE + 16  # bytes: the file key and the tag of ChaCha20-Poly1305

INTRO = b"age-encryption.org/v1\n"
_COLUMNS = 64
_ARGUMENTS = re.compile(rb"-> ([!-~]+(?: [!-~]+)*)\n")
_END = re.compile(rb"--- ([A-Za-z0-9+/]{43})\n")


def encode_base64(data: bytes | bytearray) -> str:
    """Base 64 (RFC 4648, section 4) without padding."""
    return b2a_base64(data, newline=False).rstrip(b"=").decode()


def decode_base64(text: str | bytes) -> bytes:
    """The bytes that `encode_base64` makes into exactly this text. Raises `Damaged` for any other spelling."""
    raw = text.encode() if isinstance(text, str) else text
    try:
        data = a2b_base64(raw + b"=" * (-len(raw) % 4))
    except Base64Error:
        data = b""
    # Python skips foreign characters and ignores spare bits, so writing it again is the one complete check.
    if b2a_base64(data, newline=False).rstrip(b"=") != raw:
        raise Damaged("the header is damaged: base 64 that no writer makes")
    return data


@dataclass(frozen=True, slots=True)
class Stanza:
    """One wrapped copy of the file key: the kind of recipient, its arguments, and the body (bytes)."""

    kind: str
    args: tuple[str, ...]
    body: bytes

    def __bytes__(self) -> bytes:
        body = encode_base64(self.body)
        # The body ends in a line shorter than 64 columns, an empty one if need be.
        lines = [body[start : start + _COLUMNS] for start in range(0, len(body) + 1, _COLUMNS)]
        return "\n".join((" ".join(("->", self.kind, *self.args)), *lines, "")).encode()


class Recipient(Protocol):
    """Somebody to seal to."""

    @property
    def kind(self) -> str:
        """The kind of its stanzas."""
        ...

    def wrap(self, file_key: bytes) -> tuple[Stanza, ...]:
        """The stanzas that give `file_key` (16 bytes) to this recipient."""
        ...


class Identity(Protocol):
    """Somebody who can open."""

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file key (16 bytes), or None: this stanza is not for me, try the next. Raises `Damaged` if malformed."""
        ...


@dataclass(frozen=True, slots=True)
class Header:
    """A parsed header. `signed` is its text up to and including the `---`, which the MAC covers."""

    stanzas: tuple[Stanza, ...]
    mac: bytes
    signed: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes of the header, its final newline included: the payload begins there."""
        return len(self.signed) + 45  # a space, 43 characters of MAC, a newline

    def __bytes__(self) -> bytes:
        return b"%s %s\n" % (self.signed, encode_base64(self.mac).encode())

    @classmethod
    def make(cls, stanzas: Iterable[Stanza], file_key: bytes) -> Header:
        """The header of these stanzas, with the MAC under `file_key`."""
        kept = tuple(stanzas)
        signed = b"".join((INTRO, *map(bytes, kept), b"---"))
        return cls(kept, _mac(file_key, signed), signed)

    def verify(self, file_key: bytes) -> None:
        """Check the MAC, so that nobody but the sender has changed, added or removed a stanza. Raises `Damaged`.

        The MAC also commits the file to one key: it can't open differently for two recipients.
        """
        if not compare_digest(_mac(file_key, self.signed), self.mac):
            raise Damaged("the header's MAC does not fit: it was altered, or made to open differently for others")

    @classmethod
    def parse(cls, source: BinaryIO | bytes) -> Header:
        """Read one header; a stream is left at the first byte of the payload.

        Raises `NotSealed` when the input does not begin like an age v1 file, `Damaged` when it goes on otherwise.
        """
        stream = BytesIO(source) if isinstance(source, bytes) else source
        lines = [_intro(stream)]
        room = HEADER_LIMIT - len(INTRO)
        stanzas: list[Stanza] = []
        line, room = _line(stream, room)
        while line.startswith(b"->"):
            lines.append(line)
            match = _ARGUMENTS.fullmatch(line)
            if match is None:
                raise Damaged("the header is damaged: a stanza begins with a malformed line")
            kind, *args = match[1].decode().split(" ")
            body = b""
            while True:
                line, room = _line(stream, room)
                lines.append(line)
                if len(line) > _COLUMNS + 1:
                    raise Damaged("the header is damaged: a line of a stanza's body is too long")
                body += decode_base64(line[:-1])
                if len(line) <= _COLUMNS:
                    break
            stanzas.append(Stanza(kind, tuple(args), body))
            line, room = _line(stream, room)
        end = _END.fullmatch(line)
        if end is None:
            raise Damaged("the header is damaged: a line is neither a stanza nor the end of the header")
        if not stanzas:
            raise Damaged("the header is damaged: it holds no stanza")
        return cls(tuple(stanzas), decode_base64(end[1]), b"".join((*lines, b"---")))


def _mac(file_key: bytes, signed: bytes) -> bytes:
    return digest(derive(file_key, salt=b"", info=b"header"), signed, "sha256")


def _intro(stream: BinaryIO) -> bytes:
    line = stream.readline(len(INTRO))
    if line == INTRO:
        return line
    if not line:
        raise NotSealed("the file is empty")
    if line.startswith(b"age-encryption.org/") and not line.startswith(INTRO[:-1]):
        raise NotSealed("the file has a version of the age format that this software does not know")
    if INTRO.startswith(line):
        raise Damaged("the header is cut off")
    raise NotSealed("the file is not sealed: it does not begin like an age file")


def _line(stream: BinaryIO, room: int) -> tuple[bytes, int]:
    """One line with its newline, and what is left of `room` bytes after it."""
    line = stream.readline(room)
    if not line.endswith(b"\n"):
        if len(line) >= room:
            raise Damaged(f"the header is longer than {HEADER_LIMIT} bytes")
        raise Damaged("the header is cut off")
    return line, room - len(line)
