"""A listener between browser and server that keeps every byte of both directions: nothing a browser sends can hide.

with Recorder(port) as wire:
    browser.open(wire.url + "/en")
    assert canary not in wire.sent
    [(r.method, r.path, len(r.body)) for r in wire.requests()]
"""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Message:
    """A request or an answer: its first line, its headers (names in lower case) and its body as it crossed the wire."""

    start: str
    headers: dict[str, str]
    body: bytes
    size: int
    """Of the whole message, head included."""

    @property
    def method(self) -> str:
        return self.start.split(" ")[0]

    @property
    def path(self) -> str:
        return self.start.split(" ")[1]


class Recorder:
    """Forwards 127.0.0.1:`port` from a free port of its own, connection by connection."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._streams: list[tuple[bytearray, bytearray]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._broken = threading.Event()
        self._sockets: list[socket.socket] = []
        self._pumps: list[threading.Thread] = []
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
        for pump in self._pumps:
            pump.join(10)
        for one in self._sockets:
            one.close()

    def break_line(self, broken: bool = True) -> None:
        """From now on every connection is cut at once, as on a line that is down; or new ones are whole again."""
        (self._broken.set if broken else self._broken.clear)()
        if broken:
            self._cut()

    @property
    def sent(self) -> bytes:
        """Everything that came from the browser."""
        return b"\n".join(bytes(up) for up, _ in self._streams)

    @property
    def answered(self) -> bytes:
        """Everything that came back."""
        return b"\n".join(bytes(down) for _, down in self._streams)

    def requests(self) -> list[Message]:
        """Each request, by connection and in order."""
        return [message for up, _ in self._streams for message in _messages(bytes(up))]

    def answers(self) -> list[Message]:
        """Each answer likewise, for answers that say their length, as all of ours do."""
        return [message for _, down in self._streams for message in _messages(bytes(down))]

    def _cut(self) -> None:
        for one in self._sockets:
            with suppress(OSError):  # it hung up already
                one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            if self._broken.is_set():
                browser.close()
                continue
            server = socket.create_connection(self._target)
            streams = (bytearray(), bytearray())
            self._streams.append(streams)
            self._sockets += browser, server
            for source, sink, kept in ((browser, server, streams[0]), (server, browser, streams[1])):
                self._pumps.append(threading.Thread(target=_pump, args=(source, sink, kept)))
                self._pumps[-1].start()


def _pump(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    with suppress(OSError):  # either side may hang up at any time
        while piece := source.recv(65_536):
            kept += piece
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)


def _messages(stream: bytes) -> list[Message]:
    found = []
    while stream:
        head, gap, rest = stream.partition(b"\r\n\r\n")
        if not gap:
            break
        start, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        found.append(Message(start, headers, rest[:length], len(head) + 4 + min(length, len(rest))))
        stream = rest[length:]
    return found
