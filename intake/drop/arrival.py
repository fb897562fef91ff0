"""Requests as they arrive: read by waitress, within bounds, into memory that nobody else sees.

A body lives in anonymous memory that is touched only as it arrives, and never in a temporary file.
"""

from __future__ import annotations

import io
import mmap
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from waitress.adjustments import Adjustments
from waitress.buffers import OverflowableBuffer
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.receiver import ChunkedReceiver, FixedStreamReceiver
from waitress.utilities import BadRequest, RequestEntityTooLarge

from intake.drop.acceptance import BODY_LIMIT

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Bounds:
    """What strangers may make this process hold: bytes, seconds and connections."""

    in_flight: int = 64 * 1024 * 1024
    body: int = BODY_LIMIT
    plain: int = BODY_LIMIT  # a form without JavaScript, which may bring files
    head: int = 16 * 1024
    connections: int = 1000
    request_seconds: float = 900  # a megabyte at 1.2 kB a second
    idle_seconds: int = 60
    grace_seconds: float = 10
    linger_seconds: float = 30
    threads: int = 12


class Adjusted(Adjustments):
    """waitress's settings, with ours."""

    bounds: Bounds

    @classmethod
    def to(cls, bounds: Bounds, *sockets: socket.socket) -> Self:
        """What keeps waitress within these bounds."""
        adjusted = cls(
            sockets=sockets,
            threads=bounds.threads,
            ident="",
            connection_limit=bounds.connections + 16,  # `maintenance` makes room before waitress would stop listening
            backlog=1024,
            max_request_body_size=2**62,  # the parser knows better
            max_request_header_size=bounds.head,
            inbuf_overflow=2 * max(bounds.body, bounds.plain),
            outbuf_overflow=bounds.in_flight,
            recv_bytes=64 * 1024,
            channel_timeout=bounds.idle_seconds,
            cleanup_interval=1,
            log_socket_errors=False,
            expose_tracebacks=False,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=False,
        )
        adjusted.bounds = bounds
        return adjusted


class Memory(OverflowableBuffer):
    """A body as it arrives: exactly as long as announced, given back to the system when closed."""

    _map: mmap.mmap | io.BytesIO

    def __init__(self, size: int) -> None:
        self._map = mmap.mmap(-1, max(1, size), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, data: bytes) -> None:
        """Add bytes; the receiver never brings more than was announced."""
        self._map.seek(self._length)
        self._map.write(data)
        self._length += len(data)

    def getfile(self) -> Memory:  # type: ignore[override]  # all that WSGI asks of a stream
        """Itself, as the WSGI input stream, read from the start."""
        self._map.seek(0)
        return self

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes of what arrived."""
        left = self._length - self._map.tell()
        return self._map.read(left if size is None or size < 0 else min(size, left))

    def readline(self, size: int | None = -1, /) -> bytes:
        """One line, as WSGI asks for."""
        line = self._map.readline()
        if size is not None and 0 <= size < len(line):
            self._map.seek(size - len(line), 1)
            line = line[:size]
        return line

    def close(self) -> None:
        """Give the memory back."""
        self._map.close()
        self._length = 0


class Small(Memory):
    """The same for a sealed report of the smallest class: what no secret is in need not go back to the system."""

    limit = 64 * 1024

    def __init__(self) -> None:
        self._map = io.BytesIO()
        self._length = 0

    def append(self, data: bytes) -> None:
        """Add bytes."""
        self._map.write(data)
        self._length += len(data)


class Chunked(ChunkedReceiver):
    """Chunks whose lines in between are bounded: joining a long one byte by byte would cost its square."""

    line_limit = 1024

    def received(self, s: bytes) -> int:
        """Take a piece; see waitress."""
        taken: int = super().received(s)
        if len(self.control_line) > self.line_limit or len(self.trailer) > self.line_limit:
            self.error = BadRequest("")
        return taken


class Parser(HTTPRequestParser):
    """One request as it arrives, its body in `Memory`."""

    def parse_header(self, header_plus: bytes) -> None:
        """Read the head, then lay out the memory for the body it announces. Raises `ParsingError`."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # an address such as http://[
            raise ParsingError("") from error
        bounds = self.adj.bounds
        self.form = self.command == "POST" and self.headers.get("CONTENT_TYPE", "").startswith("multipart/form-data")
        self.limit = bounds.plain if self.form and self.path.count("/") == 1 else bounds.body
        if self.chunked:
            # Its length is checked after each piece was added, so there is room for one piece too many.
            self.body_rcv = Chunked(Memory(self.limit + self.adj.recv_bytes))
        elif 0 < self.content_length <= self.limit:
            small = self.command == "PUT" and self.content_length <= Small.limit
            self.body_rcv = FixedStreamReceiver(self.content_length, Small() if small else Memory(self.content_length))

    def received(self, data: bytes) -> int:
        """Take a piece of the request, unless its body is longer than it may be."""
        taken: int = super().received(data)
        if self.error is None and max(self.content_length, self.body_bytes_received) > self.limit:
            self.completed = True
            if self.form:
                # The app answers, which knows the words for a person: it sees the announced length, and no body.
                self.close()
                self.body_rcv = None
                self.cut = True
                self.headers["CONNECTION"] = "close"
                self.headers["CONTENT_LENGTH"] = str(max(self.content_length, self.body_bytes_received))
            else:
                self.error = RequestEntityTooLarge("")
        return taken

    adj: Adjusted
    command: str  # type: ignore[assignment]  # the stubs say bytes
    headers: dict[str, str]
    path = ""  # until the first line was read
    error: Any  # a waitress.utilities.Error once parsing failed
    limit = 0
    form = False
    cut = False

    @property
    def held(self) -> int:
        """Bytes of this request in memory."""
        return len(self.header_plus) + (0 if self.body_rcv is None else len(self.body_rcv))
