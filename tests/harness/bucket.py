"""An S3 protocol server (moto) as a process of its own, for what keeps parts in a bucket.

with ObjectStore() as store:
    place = store.bucket("b1")             # s3://b1/drop
    store.environment                      # AWS_… for the process under test
    store.stop(); store.go_on()            # it hangs meanwhile, as one does that is overloaded
    with store.instead(answer): ...        # some requests are answered as other stores do, and moto doesn't
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from xml.etree import ElementTree

Answer = Callable[[str, str], tuple[int, bytes, Mapping[str, str]] | None]
"""Of a method and a path: the status, body and headers of an answer, or nothing to let moto answer."""
_VERSIONING = "<VersioningConfiguration xmlns='{space}'><Status>{status}</Status></VersioningConfiguration>"
_SPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


class ObjectStore:
    """A running server; its buckets live in its memory."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return self
            except OSError:
                assert time.monotonic() < deadline, "moto did not start"
                time.sleep(0.1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def environment(self) -> dict[str, str]:
        """What an S3 client wants to know."""
        return {
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "canary-of-a-secret-key",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
        }

    @contextmanager
    def known(self) -> Iterator[None]:
        """This process knows it meanwhile."""
        before = {name: os.environ.get(name) for name in self.environment}
        os.environ.update(self.environment)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def bucket(self, name: str, *, versions: bool = False, lock: bool = False) -> str:
        """A new bucket; the place in it for a drop."""
        headers = {"x-amz-bucket-object-lock-enabled": "true"} if lock else {}
        assert self.ask("PUT", f"/{name}", headers=headers)[0] == 200
        if versions:
            self.keep_versions(name)
        return f"s3://{name}/drop"

    def keep_versions(self, name: str, status: str = "Enabled") -> None:
        """From now on this bucket does, or they are "Suspended"."""
        assert self.ask("PUT", f"/{name}?versioning", _VERSIONING.format(space=_SPACE, status=status))[0] == 200

    def kept(self, name: str) -> list[str]:
        """Keys of all versions and all marks of deletion."""
        _, content = self.ask("GET", f"/{name}?versions")
        return [each.text or "" for each in ElementTree.fromstring(content).iter(f"{{{_SPACE}}}Key")]

    @contextmanager
    def instead(self, answer: Answer) -> Iterator[str]:
        """A server in front of it, known to this process meanwhile, that gives some answers itself; its address."""
        with ThreadingHTTPServer(("127.0.0.1", 0), _between(self, answer)) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            before = os.environ.get("AWS_ENDPOINT_URL", "")
            os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.server_port}"
            try:
                yield os.environ["AWS_ENDPOINT_URL"]
            finally:
                os.environ["AWS_ENDPOINT_URL"] = before
                server.shutdown()
                thread.join()

    def objects(self, name: str) -> Mapping[str, str]:
        """Keys of a bucket, and when each was put last."""
        _, content = self.ask("GET", f"/{name}?list-type=2")
        found = ElementTree.fromstring(content).iter(f"{{{_SPACE}}}Contents")
        return {one.findtext(f"{{{_SPACE}}}Key", ""): one.findtext(f"{{{_SPACE}}}LastModified", "") for one in found}

    def stop(self) -> None:
        """From now on it takes connections and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It answers again, also what was asked meanwhile."""
        self._process.send_signal(signal.SIGCONT)

    def ask(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """One request by hand."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as line:
            line.request(method, path, body, dict(headers or {}))
            answer = line.getresponse()
            return answer.status, answer.read()


def _between(store: ObjectStore, answer: Answer) -> type[BaseHTTPRequestHandler]:
    class Between(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Nothing."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if (given := answer(self.command, self.path)) is None:
                with closing(HTTPConnection("127.0.0.1", store.port, timeout=30)) as line:
                    line.request(self.command, self.path, body, dict(self.headers))
                    got = line.getresponse()
                    passed = {
                        name: value for name, value in got.getheaders() if name.lower() in ("etag", "content-type")
                    }
                    given = got.status, got.read(), passed
            status, content, headers = given
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815  # names that the library looks for

    return Between
