"""ASCII armor: an age file as lines of text, for mail and messengers.

    -----BEGIN AGE ENCRYPTED FILE-----
    YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IC4uLg==
    -----END AGE ENCRYPTED FILE-----

Source: c2sp.org/age, "ASCII armor" (RFC 7468, strict). Lines of 64 columns, canonical base 64 with padding, LF or CRLF;
up to 1,024 bytes of white space before and behind, and nothing else.
"""

from __future__ import annotations

import io
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from intake.errors import Damaged, NotSealed
from intake.sealing.stream import Sink

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BEGIN = b"-----BEGIN AGE ENCRYPTED FILE-----"
END = b"-----END AGE ENCRYPTED FILE-----"
_LINE_SIZE = 48  # bytes in a line of 64 columns
_COLUMNS = 64
_SPACE_LIMIT = 1024  # bytes
_SPACE = b" \t\r\n"


def dearmor(source: BinaryIO) -> BinaryIO:
    """`source` itself, or, where its first byte can only be armor's, a stream of the file inside (not seekable).

    The source must be able to seek or to peek, as files, buffers and stdin do; anything else is wrapped to peek.
    """
    if source.seekable():
        here = source.tell()
        first = source.read(1)
        source.seek(here)
    else:
        if not hasattr(source, "peek"):
            source = cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, source)))
        first = cast(io.BufferedReader, source).peek(1)[:1]
    if first and first in b"-" + _SPACE:
        return io.BufferedReader(ArmorReader(source))
    return source


class ArmorReader(io.RawIOBase):
    """The bytes inside the armor, a line at a time. Wrap it in `io.BufferedReader`, as `dearmor` does."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._line = b""
        self._begun = False
        self._ended = False

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """What is left of a line. Raises `NotSealed` or `Damaged` for anything but strict armor."""
        if not self._begun:
            self._begin()
        with memoryview(buffer).cast("B") as view:
            while not self._line and not self._ended:
                self._following()
            size = min(len(view), len(self._line))
            view[:size] = self._line[:size]
            self._line = self._line[size:]
            return size

    def _begin(self) -> None:
        room = _SPACE_LIMIT
        while not (line := self._source.readline(_SPACE_LIMIT)).strip(_SPACE):
            room -= len(line)
            if not line or room < 0:
                raise NotSealed("the armor does not begin: there is white space only")
        if _text(line) != BEGIN:
            raise NotSealed("the armor does not begin with its BEGIN line")
        self._begun = True

    def _following(self) -> None:
        line = _text(self._source.readline(_SPACE_LIMIT))
        if line == END:
            self._finish()
            return
        try:
            data = a2b_base64(line)
        except Base64Error:
            data = b""
        if not data or len(line) > _COLUMNS or b2a_base64(data, newline=False) != line:
            raise Damaged("the armor is damaged: a line is not base 64 as it must be, or the end is missing")
        self._line = data
        if len(data) < _LINE_SIZE:
            if _text(self._source.readline(_SPACE_LIMIT)) != END:
                raise Damaged("the armor is damaged: its END line is missing behind a short line")
            self._finish()

    def _finish(self) -> None:
        rest = self._source.read(_SPACE_LIMIT + 1)
        if rest.strip(_SPACE) or len(rest) > _SPACE_LIMIT:
            raise Damaged("the armor is followed by something else")
        self._ended = True


def _text(line: bytes) -> bytes:
    return line.removesuffix(b"\n").removesuffix(b"\r")


class ArmorWriter:
    """Writes what it is given into `sink` as armor; `close` writes the end. Closes on success only."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._held = b""
        self._closed = False
        sink.write(BEGIN + b"\n")

    def write(self, data: bytes, /) -> int:
        """Write whole lines, hold the rest."""
        have = self._held + data
        whole = len(have) - len(have) % _LINE_SIZE
        self._sink.write(b"".join(b2a_base64(have[at : at + _LINE_SIZE]) for at in range(0, whole, _LINE_SIZE)))
        self._held = have[whole:]
        return len(data)

    def close(self) -> None:
        """Write the rest and the END line. A second call does nothing."""
        if not self._closed:
            self._closed = True
            self._sink.write((b2a_base64(self._held) if self._held else b"") + END + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
