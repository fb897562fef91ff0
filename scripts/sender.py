"""A client so lean that the server is what is measured: `python scripts/sender.py PORT LINKS COUNT SALT FILE`.

One process and one thread keep LINKS connections busy, each with one request at a time: COUNT sealed reports, whose
bytes are those of FILE, under ids that begin with SALT. One line of JSON says what became of them.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sent:
    """How it went: statuses by number, milliseconds of each answer, and what this client took of a core."""

    statuses: dict[str, int]
    waits: list[float]
    seconds: float
    core_seconds: float


class Link:
    """One connection that sends the same body again and again under new ids."""

    def __init__(self, port: int, body: memoryview) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._body = body
        self._end = f" HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        self._began = 0.0

    def send(self, identifier: str) -> None:
        """The next report; the kernel's buffer takes all of it, or it is waited for."""
        self._began = time.perf_counter()
        head = b"PUT /reports/" + identifier.encode() + self._end
        sent = self.socket.sendmsg([head, self._body])
        if sent < len(head) + len(self._body):
            self.socket.sendall((head + bytes(self._body))[sent:])

    def receive(self) -> tuple[str, float]:
        """Status and milliseconds of the answer that is there: one without a body, which comes in one piece."""
        answer = self.socket.recv(65536)
        while answer and b"\r\n\r\n" not in answer:
            answer += self.socket.recv(65536)
        return answer[9:12].decode() or "closed", (time.perf_counter() - self._began) * 1000


def send(port: int, links: int, identifiers: Iterator[str], body: bytes) -> Sent:
    """All of them, each connection taking the next one when it was answered."""
    statuses, waits = Counter[str](), deque[float]()
    began, used = time.perf_counter(), time.process_time()
    with selectors.DefaultSelector() as ready:
        for _, identifier in zip(range(links), identifiers, strict=False):
            link = Link(port, memoryview(body))
            ready.register(link.socket, selectors.EVENT_READ, link)
            link.send(identifier)
        while ready.get_map():
            for key, _ in ready.select():
                status, wait = key.data.receive()
                statuses[status] += 1
                waits.append(wait)
                following = next(identifiers, None) if status != "closed" else None
                if following is None:
                    ready.unregister(key.data.socket)
                    key.data.socket.close()
                else:
                    key.data.send(following)
    return Sent(dict(statuses), list(waits), time.perf_counter() - began, time.process_time() - used)


def main() -> None:
    """See above."""
    port, links, count, salt, path = sys.argv[1:]
    identifiers = (f"{int(salt):08x}{number:024x}" for number in range(int(count)))
    print(json.dumps(asdict(send(int(port), int(links), identifiers, Path(path).read_bytes()))))


if __name__ == "__main__":
    main()
