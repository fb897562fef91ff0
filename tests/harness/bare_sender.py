"""A page with none of our code that sends as much: what a browser's own network layer holds while it does.

with BareSender() as bare:
    browser.open(bare.page(500, 2**20))    # 500 requests of 1 MiB each, one after the other, from a worker
    browser.sees("#ended")
"""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self

_PAGE = """<!doctype html><title>.</title><script>
const worker = new Worker("/worker" + location.search);
worker.onmessage = () => document.body.insertAdjacentHTML("beforeend", "<p id=ended>");
</script>"""
_WORKER = """
const [count, size] = location.search.slice(1).split(",").map(Number);
const body = crypto.getRandomValues(new Uint8Array(65536));
const whole = new Uint8Array(size).map((_, at) => body[at % body.length]);
const send = () => new Promise((done) => {
  const request = new XMLHttpRequest();
  request.open("PATCH", "/");
  request.onloadend = done;
  request.send(whole);
});
(async () => {
  for (let at = 0; at < count; at++) await send();
  postMessage(null);
})();
"""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path.startswith("/worker"):
            self._answer(_WORKER, "text/javascript")
        else:
            self._answer(_PAGE if self.path.startswith("/?") else "", "text/html")

    def do_PATCH(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 65536)))
        self.send_response(204)
        self.end_headers()

    def _answer(self, text: str, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Nothing: a thousand requests."""


class BareSender:
    """Serves the page, and takes what it sends."""

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._serving = Thread(target=self._server.serve_forever)
        self._serving.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()

    def page(self, count: int, size: int) -> str:
        """The address of a page that sends `count` requests of `size` bytes."""
        return f"http://127.0.0.1:{self._server.server_port}/?{count},{size}"
