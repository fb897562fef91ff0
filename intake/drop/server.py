"""waitress, made fit for strangers.

- All bodies in flight together are bounded. Beyond that the connection goes that has cost the most so far: bytes held,
  times the seconds they were held. A phone on a slow line with a small report costs next to nothing; somebody who sends
  a megabyte but for its last byte soon costs the most.
- A request has a total time, and when connections run out the idle ones make room.
- waitress's own error pages say what ours do, with the same headers; it names itself nowhere and logs nothing.
- Whoever sends more than is taken is told so at once. What still comes is thrown away for a while before the connection
  closes: a connection that closes while a browser is still sending shows an error of the browser instead of the answer.
- SIGTERM: no new connections, the requests that are under way are answered, then the process ends.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher, WSGITask

from intake.drop.arrival import Adjusted, Bounds, Parser
from intake.drop.headers import FIXED, TUS, complete, is_upload
from intake.drop.problems import CONTENT_TYPE, for_status
from intake.drop.readiness import Readiness
from intake.drop.sockets import is_unix

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


_SAME = "".join(f"{name}: {value}\r\n" for name, value in FIXED).encode("latin-1")


class Answering(WSGITask):
    """An answer of the app, whose fixed headers are not put together anew each time."""

    def build_response_header(self) -> bytes:
        """See waitress; the fixed ones are the last that the app gives."""
        fixed = tuple(self.response_headers[-len(FIXED) :]) == FIXED
        if fixed:
            self.response_headers = [*self.response_headers[: -len(FIXED)]]
        head: bytes = super().build_response_header()
        return head[:-2] + _SAME + head[-2:] if fixed else head


class Refusal(ErrorTask):
    """waitress's own errors in our words: its texts would quote the request."""

    channel: Channel
    request: Parser  # type: ignore[assignment]  # the stubs say it is the error itself

    def execute(self) -> None:
        """Answer, then close."""
        problem = for_status(self.request.error.code)
        self.channel.server.failures[f"{problem.status} {problem.word}"] += 1
        self.status = f"{problem.status} {self.request.error.reason}"
        told = [("Content-Type", CONTENT_TYPE)]
        if is_upload(self.request.path):
            told.append(TUS)
        self.response_headers = complete(told)
        self.set_close_on_finish()
        self.content_length = len(problem.json)
        self.write(problem.json)


class Channel(HTTPChannel):
    """One connection."""

    parser_class = Parser
    task_class = Answering
    error_task_class = Refusal
    server: Server
    _fileno: Any  # None once it is closed
    request: Parser | None
    requests: list[Parser]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.began = time.monotonic()  # the request under way, or the wait for one
        self.cut = False  # more comes than was taken of the last request
        self.lingering: float | None = None  # since when what comes is thrown away
        self.server.readiness.watch(self)

    def del_channel(self, map: Any = None) -> None:  # noqa: A002  # waitress's name
        """Close: nothing is waited for any more."""
        self.server.readiness.forget(self._fileno)
        super().del_channel(map)

    def service(self) -> None:
        """Answer one request, in a thread that then says itself what is waited for."""
        self.server.at_work.channel = self
        try:
            super().service()
        finally:
            self.server.at_work.channel = None

    def handle_read(self) -> None:
        """Read what is there; a stale readiness of a descriptor used again is nothing."""
        try:
            if self.lingering is not None:
                self.recv(self.adj.recv_bytes)
            else:
                super().handle_read()
        except BlockingIOError:
            return
        except OSError:
            self.handle_close()

    def readable(self) -> bool:
        """Whether to look for more."""
        return self.lingering is not None or bool(super().readable())

    def handle_write(self) -> None:
        """Send what waits; after an answer that came before the request's end, go on to throw the rest away."""
        if not (self.cut and self.close_when_flushed):
            super().handle_write()
            return
        self._flush_exception(self._flush_some)  # type: ignore[attr-defined]  # the stubs leave it out
        if self.will_close:
            self.handle_close()
        elif not self.total_outbufs_len:
            self.close_when_flushed = False
            self.lingering = time.monotonic()
            with suppress(OSError):
                assert self.socket is not None
                self.socket.shutdown(socket.SHUT_WR)

    def received(self, data: bytes) -> bool:
        """Take bytes of a request, then keep the process within its memory."""
        if self.request is None:
            self.began = time.monotonic()
        before = self.held
        taken: bool = super().received(data)
        self.cut = self.cut or any(each.cut or each.error for each in self.requests)
        self.server.grown(self.held - before)
        return taken

    @property
    def held(self) -> int:
        """Bytes in memory for this connection, received and not yet sent."""
        request, waiting = self.request, list(self.requests)
        return sum(each.held for each in waiting) + (request.held if request else 0) + int(self.total_outbufs_len)

    @property
    def served(self) -> bool:
        """Whether a thread works for this connection: then its memory is not ours to take."""
        return bool(self.requests)

    def cost(self, now: float) -> float:
        """Byte-seconds so far."""
        return self.held * max(now - self.began, 0.001)

    def drop(self) -> None:
        """Close without an answer, and free the body at once."""
        self.will_close = True
        if self.request is not None:
            self.request.close()
            self.request = None
        self.server.readiness.watch(self)


class Server(TcpWSGIServer):
    """A listening socket with bounds."""

    channel_class = Channel
    active_channels: dict[int, Channel]  # type: ignore[assignment]  # ours are all of this class
    _map: dict[int, Any]  # by descriptor: what poll watches
    _fileno: Any
    trigger: Any  # the stubs say int

    def __init__(self, app: WSGIApplication, listener: socket.socket, bounds: Bounds) -> None:
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(bounds.threads)
        self.bounds = bounds
        self.readiness = Readiness()
        self.at_work = threading.local()
        self.failures: Counter[str] = Counter()
        self._held = 0
        self._stopping = False
        adjusted = Adjusted.to(bounds, listener)
        super().__init__(app, {}, _sock=listener, dispatcher=dispatcher, adj=adjusted, bind_socket=False)

    def getsockname(self) -> tuple[str, str]:
        """Where it listens, as waitress wants to know it."""
        assert self.socket is not None
        if is_unix(self.socket):
            return "unix", str(self.socket.getsockname())
        return super().getsockname()

    def set_socket_options(self, conn: socket.socket) -> None:
        """Those of TCP; a Unix socket has none."""
        if not is_unix(conn):
            super().set_socket_options(conn)

    def fix_addr(self, addr: Any) -> Any:
        """A visitor through a Unix socket has no address."""
        return addr if isinstance(addr, tuple) else ("", None)

    def grown(self, size: int) -> None:
        """So many bytes more are held; drop the costliest connections while they are too many."""
        self._held += size
        if self._held > self.bounds.in_flight:
            self._held = self._shed()

    def _shed(self) -> int:
        """Count afresh, then drop until it fits. Returns what is held."""
        now = time.monotonic()
        held = sum(channel.held for channel in self.active_channels.values())
        if held <= self.bounds.in_flight:
            return held
        waiting = [c for c in self.active_channels.values() if not c.served and not c.will_close and c.held]
        for channel in sorted(waiting, key=lambda c: c.cost(now), reverse=True):
            held -= channel.held
            channel.drop()
            self.failures["dropped: memory"] += 1
            if held <= self.bounds.in_flight:
                break
        return held

    def maintenance(self, now: int) -> None:
        """Once a second: idle connections, requests that last too long, memory, and room for newcomers."""
        super().maintenance(now)
        clock = time.monotonic()
        for channel in list(self.active_channels.values()):
            if channel.held and not channel.served and clock - channel.began > self.bounds.request_seconds:
                channel.drop()
                self.failures["dropped: time"] += 1
            elif channel.lingering is not None and clock - channel.lingering > self.bounds.linger_seconds:
                channel.drop()
        self._held = self._shed()
        excess = len(self.active_channels) - self.bounds.connections * 9 // 10
        if excess > 0:
            # Those that have sent nothing first, the longest idle of them before the others.
            free = [channel for channel in self.active_channels.values() if not channel.served]
            free.sort(key=lambda channel: (channel.held > 0, channel.last_activity))
            for channel in free[:excess]:
                channel.drop()
                self.failures["dropped: connections"] += 1
        for channel in list(self.active_channels.values()):
            if channel.will_close:
                self.readiness.watch(channel)

    def pull_trigger(self) -> None:
        """Have looked at what a connection waits for; of one that a thread works for, at that alone."""
        channel = getattr(self.at_work, "channel", None)
        if channel is None:
            super().pull_trigger()
        else:
            self.readiness.watch(channel)

    def stop(self) -> None:
        """End `serve` soon; may be called from a signal handler."""
        self._stopping = True
        self.pull_trigger()

    def serve(self) -> None:
        """Serve until `stop`, then answer what is under way."""
        self.readiness.watch(self.trigger)
        while not self._stopping:
            self.readiness.watch(self)
            self.readiness.turn(1.0, self._map)
        self.accepting = False
        assert self.socket is not None
        self.readiness.forget(self._fileno)
        self.socket.close()
        del self._map[self._fileno]
        deadline = time.monotonic() + self.bounds.grace_seconds
        while self.active_channels and time.monotonic() < deadline:
            for channel in list(self.active_channels.values()):
                if not channel.held and not channel.served:
                    channel.will_close = True
                    self.readiness.watch(channel)
            self.readiness.turn(0.05, self._map)
        self.task_dispatcher.shutdown()
        wasyncore.close_all(self._map)
        self.readiness.close()
