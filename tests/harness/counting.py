"""A Redis or Valkey of Debian's as a process of its own, keeping nothing on disk.

with Counting() as server:
    server.place                       # redis://127.0.0.1:PORT/0
    server.stop(); server.go_on()      # it hangs meanwhile
    server.end(); server.start()
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.harness.ports import free_ports


class Counting:
    """A running server."""

    def __init__(self, *flags: str) -> None:
        (self.port,) = free_ports(1)
        self.folder = Path(tempfile.mkdtemp(prefix="counting-"))
        self._flags = flags

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        shutil.rmtree(self.folder)

    @property
    def place(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = shutil.which("valkey-server") or shutil.which("redis-server")
        assert program, "install Debian's redis-server"
        flags = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", *self._flags]
        self._process = subprocess.Popen([program, *flags], cwd=self.folder, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port)) as link:
                    link.sendall(b"PING\r\n")
                    if link.recv(5):
                        return
            except OSError:
                pass
            assert time.monotonic() < deadline, "it did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        """From now on it takes connections and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def ask(self, *words: str) -> bytes:
        """One command by hand."""
        with socket.create_connection(("127.0.0.1", self.port)) as link:
            link.sendall(f"*{len(words)}\r\n".encode() + b"".join(f"${len(w)}\r\n{w}\r\n".encode() for w in words))
            link.shutdown(socket.SHUT_WR)
            with link.makefile("rb") as answer:
                return answer.read()
