"""A flood beside people: many who send at an even rate and do no work for it, and a few who send as the page does."""

from __future__ import annotations

import json
import selectors
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection

from altcha import Payload, solve_challenge
from altcha.v2 import Challenge

PATIENCE = 10.0
"""Seconds within which a person's report should be taken."""

Connect = Callable[[int], socket.socket]
"""A new connection of the source with this number."""


@dataclass(frozen=True, slots=True)
class Met:
    """What happened to people, in seconds each waited, and to the flood, by status."""

    waits: list[float]
    flood: Counter[str]

    @property
    def in_time(self) -> float:
        """The share of people whose report was taken soon enough."""
        return sum(wait <= PATIENCE for wait in self.waits) / len(self.waits)

    def __str__(self) -> str:
        late = sorted(self.waits)[len(self.waits) * 99 // 100]
        answers = ", ".join(f"{count} x {status}" for status, count in sorted(self.flood.items()))
        return (
            f"{len(self.waits)} people beside {self.flood.total()} others ({answers}): {self.in_time:.1%} within "
            f"{PATIENCE:.0f} s, 99 % within {late:.1f} s, the slowest {max(self.waits):.1f} s"
        )


class Flood(threading.Thread):
    """`sources` senders who together send `rate` reports a second, each on a connection of its own that it keeps."""

    def __init__(self, connect: Connect, sources: int, rate: float, body: bytes) -> None:
        super().__init__(daemon=True)
        self._connect, self._sources, self._rate, self._body = connect, sources, rate, body
        self._free: deque[tuple[int, socket.socket | None]] = deque((number, None) for number in range(sources))
        self._ready = selectors.DefaultSelector()
        self._ended = threading.Event()
        self.met: Counter[str] = Counter()

    def run(self) -> None:
        """Until `end`. A source that waits for its answer sends nothing meanwhile; what it would have sent is not."""
        began, sent = time.monotonic(), 0
        with ThreadPoolExecutor(min(32, self._sources)) as connecting:
            while not self._ended.is_set():
                due = began + sent / self._rate - time.monotonic()
                if due <= 0:
                    sent += 1
                    if self._free:
                        connecting.submit(self._send, *self._free.popleft(), sent)
                self._take(max(0.0, min(due, 0.05)))
        waiting = [key.fileobj for key in self._ready.get_map().values()]
        for link in (*waiting, *(link for _, link in self._free)):
            if isinstance(link, socket.socket):
                link.close()
        self._ready.close()

    def end(self) -> None:
        """Stop, and wait for it."""
        self._ended.set()
        self.join()

    def _send(self, number: int, link: socket.socket | None, sent: int) -> None:
        try:
            link = link or self._connect(number)
            head = f"PUT /reports/{number:08x}{sent:024x} HTTP/1.1\r\nHost: a\r\nKeyring: 1\r\n"
            link.sendall(f"{head}Content-Length: {len(self._body)}\r\n\r\n".encode() + self._body)
        except OSError:
            if link is not None:
                link.close()
            self.met["no connection"] += 1
            self._free.append((number, None))
            return
        self._ready.register(link, selectors.EVENT_READ, number)

    def _take(self, seconds: float) -> None:
        for key, _ in self._ready.select(seconds):
            link = key.fileobj
            assert isinstance(link, socket.socket)
            try:
                answer = link.recv(65536)
            except OSError:
                answer = b""
            begins = answer.find(b"HTTP/1.1 ")
            if answer and begins < 0:
                continue  # the end of the answer before
            self._ready.unregister(link)
            self.met[answer[begins + 9 : begins + 12].decode() or "closed"] += 1
            if answer:
                self._free.append((key.data, link))
            else:
                link.close()
                self._free.append((key.data, None))


def honest(connect: Callable[[], HTTPConnection], identifier: str, body: bytes) -> float:
    """One person's report, as the page sends it, with the work that is asked for; the seconds until it was taken."""
    began, work = time.monotonic(), dict[str, str]()
    while True:
        link = connect()
        link.request("PUT", f"/reports/{identifier}", body, {"Keyring": "1", **work})
        answer = link.getresponse()
        told = answer.read()
        if answer.status in (200, 201):
            link.close()
            return time.monotonic() - began
        assert (answer.status, json.loads(told)["type"]) == (429, "urn:amonat:work-wanted")
        link.request("GET", "/challenge")
        asked = link.getresponse()
        if asked.status == 200:
            challenge = Challenge.from_dict(json.loads(asked.read()))
            solution = solve_challenge(challenge)
            assert solution is not None
            work = {"Work": Payload(challenge, solution).to_base64()}
        link.close()


def beside_a_flood(
    flood: Flood, person: Callable[[int], HTTPConnection], body: bytes, *, rate: float, seconds: float
) -> Met:
    """People who come at an even `rate` for so many seconds, while the flood goes on; `person` connects one of them."""
    flood.start()
    try:
        with ThreadPoolExecutor(64) as pool:
            sending = []
            for number in range(int(rate * seconds)):
                sending.append(pool.submit(honest, partial(person, number), f"{'f' * 8}{number:024x}", body))
                time.sleep(1 / rate)
            waits = [one.result() for one in sending]
    finally:
        flood.end()
    return Met(waits, flood.met)
