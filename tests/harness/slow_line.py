"""A line in the mountains: slow, far, and cut in the middle of what is being sent.

with SlowLine(port, cuts=[4_000, ANSWER], bits_per_second=50_000, round_trip=0.4) as line:
    browser.open(line.url + "/tg")
    line.sendings   # the first line of the report's request, each time that it was begun

Without a speed it is as fast as this machine, for what is large: `breaks` then says after how many bytes it breaks.
"""

import queue
import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

ANSWER = -1
"""Cuts when the server answers: it has the whole report, and the browser will never know."""

_PIECE = 1_000
_LARGE_PIECE = 65_536
_PIECES = 4
_BUFFER = 8_192
_RESET = struct.pack("ii", 1, 0)
_SENDING = (b"PUT /", b"PATCH /")

Pieces = queue.Queue[tuple[float, bytes]]
"""What is on its way, with the time at which it is there; empty at the end."""


@dataclass
class _Connection:
    browser: socket.socket
    server: socket.socket
    cut: int | None = None
    """How many bytes of the sending still pass; ANSWER when all do, and the answer doesn't."""

    def break_off(self) -> None:
        """With a reset: a browser that is still writing would not notice that nobody reads."""
        for side in (self.browser, self.server):
            with suppress(OSError):  # it hung up already
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                side.shutdown(socket.SHUT_RDWR)
            side.close()


class _Way:
    """One direction, shared by all connections."""

    def __init__(self, bits_per_second: float | None, delay: float) -> None:
        self._bytes_per_second = bits_per_second and bits_per_second / 8
        self._delay = delay
        self._free = 0.0
        self._lock = threading.Lock()

    def due(self, size: int) -> float:
        """When so many bytes that leave now will be there."""
        with self._lock:
            self._free = max(self._free, time.monotonic())
            if self._bytes_per_second:
                self._free += size / self._bytes_per_second
            return self._free + self._delay


class SlowLine:
    """Forwards 127.0.0.1:`port`. The n-th time that a report is sent, the line is cut as the n-th of `cuts` says; and
    whenever as many bytes as the next of `breaks` have gone up in all.
    """

    def __init__(
        self,
        port: int,
        cuts: Sequence[int] = (),
        bits_per_second: float | None = None,
        round_trip: float = 0,
        breaks: Sequence[int] = (),
    ) -> None:
        self.lead_to(port)
        self._cuts = list(cuts)
        self._breaks = sorted(breaks)
        self._piece = _PIECE if bits_per_second else _LARGE_PIECE
        self.carried = 0
        """Bytes that went up."""
        self._up, self._down = (_Way(bits_per_second, round_trip / 2) for _ in range(2))
        self._listener = socket.create_server(("127.0.0.1", 0))
        # Small: else the browser believes that what waits here has left.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._connections: list[_Connection] = []
        self._threads: list[threading.Thread] = []
        self.sendings: list[str] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._accepting = threading.Thread(target=self._accept)
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join(10)
        self._listener.close()
        self._cut()
        for thread in self._threads:
            thread.join(10)

    def lead_to(self, port: int) -> None:
        """From now on to another port: a server that began again has one."""
        self._target = ("127.0.0.1", port)

    @property
    def whole(self) -> bool:
        """Whether all of `breaks` have been."""
        return not self._breaks

    def _cut(self) -> None:
        for connection in list(self._connections):
            connection.break_off()

    def _accept(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            try:
                connection = _Connection(browser, socket.create_connection(self._target))
            except OSError:  # nobody is there just now
                browser.close()
                continue
            self._connections.append(connection)
            up: Pieces = queue.Queue(_PIECES)
            down: Pieces = queue.Queue(_PIECES)
            for thread in (
                threading.Thread(target=_take, args=(connection.browser, self._up, up, self._piece)),
                threading.Thread(target=self._give_up, args=(connection, up)),
                threading.Thread(target=_take, args=(connection.server, self._down, down, self._piece)),
                threading.Thread(target=self._give_down, args=(connection, down)),
            ):
                self._threads.append(thread)
                thread.start()

    def _give_up(self, connection: _Connection, pieces: Pieces) -> None:
        """To the server, as far as the next cut lets it."""
        for piece in _arriving(pieces):
            if piece.startswith(_SENDING):
                self.sendings.append(piece.partition(b" HTTP")[0].decode())
                connection.cut = self._cuts.pop(0) if self._cuts else None
            cut = connection.cut
            passing = piece if cut is None or cut == ANSWER else piece[:cut]
            with suppress(OSError):
                connection.server.sendall(passing)
                self.carried += len(passing)
            if self._breaks and self.carried >= self._breaks[0]:
                self._breaks.pop(0)
                self._cut()
            if cut is not None and cut != ANSWER:
                connection.cut = cut - len(passing)
                if connection.cut == 0:
                    self._cut()
        with suppress(OSError):
            connection.server.shutdown(socket.SHUT_WR)

    def _give_down(self, connection: _Connection, pieces: Pieces) -> None:
        """To the browser, unless this is the answer that is to be lost."""
        for piece in _arriving(pieces):
            if connection.cut == ANSWER:
                self._cut()
            with suppress(OSError):
                connection.browser.sendall(piece)
        with suppress(OSError):
            connection.browser.shutdown(socket.SHUT_WR)


def _take(source: socket.socket, way: _Way, pieces: Pieces, size: int) -> None:
    """Read on until the other side ends; few pieces wait, so that the sender feels how slow the line is."""
    with suppress(OSError):
        while piece := source.recv(size):
            pieces.put((way.due(len(piece)), piece))
    pieces.put((0, b""))


def _arriving(pieces: Pieces) -> Iterator[bytes]:
    while True:
        due, piece = pieces.get()
        time.sleep(max(0, due - time.monotonic()))
        if not piece:
            return
        yield piece
