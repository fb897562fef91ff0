"""Debian's firefox-esr over WebDriver BiDi, with nothing but `websockets` (https://www.w3.org/TR/webdriver-bidi/).

Works with JavaScript, WebAssembly or the JIT switched off: typing and clicking are raw input actions, which need no
script in the page.

    with Firefox(NO_SCRIPT) as firefox:
        firefox.open("http://127.0.0.1:8080/en")
        firefox.click("textarea"); firefox.write("text")
"""

import base64
import itertools
import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect

from tests.harness.profiles import home

NO_SCRIPT = {"javascript.enabled": False}
NO_WASM = {"javascript.options.wasm": False}
NO_JIT = {
    **NO_WASM,
    "javascript.options.baselinejit": False,
    "javascript.options.ion": False,
    "javascript.options.asmjs": False,
    "javascript.options.native_regexp": False,
}
_QUIET = {
    "app.update.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.enabled": False,
}


def through_tor(socks: str) -> dict[str, object]:
    """Preferences as Tor Browser sets them: the proxy at HOST:PORT resolves names, and onions are asked for."""
    host, _, port = socks.rpartition(":")
    return {
        "network.proxy.type": 1,
        "network.proxy.socks": host,
        "network.proxy.socks_port": int(port),
        "network.proxy.socks_remote_dns": True,
        "network.dns.blockDotOnion": False,
    }


class Firefox:
    """One headless window; `profile` stays readable after exit, so that a test can scan it."""

    def __init__(self, preferences: Mapping[str, object] | None = None, profile: Path | None = None) -> None:
        self._reader: threading.Thread | None = None
        self.profile = profile or Path(tempfile.mkdtemp(prefix="firefox-"))
        lines = [
            f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
            for name, value in {**_QUIET, **(preferences or {})}.items()
        ]
        (self.profile / "user.js").write_text("".join(lines))

    def __enter__(self) -> Self:
        command = ["firefox-esr", "--headless", "--no-remote", "--profile", str(self.profile)]
        self._process = subprocess.Popen(
            [*command, "--remote-debugging-port", "0"],
            env=home(self.profile),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        with ExitStack() as line:  # whatever fails below, the browser ends
            line.callback(self._end)
            self._socket: ClientConnection = line.enter_context(connect(self._address() + "/session", max_size=None))
            self._ids = itertools.count(1)
            self.call("session.new", capabilities={})
            self._context: str = self.call("browsingContext.getTree")["contexts"][0]["context"]
            self._line = line.pop_all()
        return self

    def _end(self) -> None:
        self._process.terminate()
        self._process.wait(20)
        if self._reader is not None:
            self._reader.join(20)
        if self._process.stderr:
            self._process.stderr.close()

    def kill(self) -> None:
        """As if the phone lost its power: nothing can be written after it."""
        self._process.kill()
        self._process.wait(20)

    def _address(self) -> str:
        """Where it listens, from its first words; the rest is read on and dropped, or the pipe would fill."""
        stream = self._process.stderr
        assert stream is not None
        for line in stream:
            if "WebDriver BiDi listening on" in line:
                self._reader = threading.Thread(target=lambda: [None for _ in stream], daemon=True)
                self._reader.start()
                return line.strip().rsplit(" ", 1)[1]
        raise RuntimeError("firefox-esr ended before it listened")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._line.close()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One BiDi command; raises RuntimeError with the browser's message."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            reply = json.loads(self._socket.recv(timeout=60))
            if reply.get("id") == number:
                if reply["type"] == "error":
                    raise RuntimeError(f"{method}: {reply['message']}")
                return dict(reply["result"])

    def resize(self, width: int, height: int) -> None:
        """The size of the viewport: a click must hit what is in view, so tall pages want a tall one."""
        self.call("browsingContext.setViewport", context=self._context, viewport={"width": width, "height": height})

    def open(self, url: str, wait: str = "complete") -> None:
        """Go there, and wait until it is "complete", or for nothing with "none"."""
        self.call("browsingContext.navigate", context=self._context, url=url, wait=wait)

    def find(self, css: str) -> list[dict[str, Any]]:
        """All nodes that a selector finds, hidden ones too."""
        locator = {"type": "css", "value": css}
        nodes = self.call("browsingContext.locateNodes", context=self._context, locator=locator)["nodes"]
        return [dict(node) for node in nodes]

    def sees(self, css: str) -> bool:
        """Whether a selector finds anything."""
        return bool(self.find(css))

    def wait_for(self, css: str, timeout: float = 60) -> None:
        """Until a selector finds something. Raises `TimeoutError`."""
        end = time.monotonic() + timeout
        while not self.find(css):
            if time.monotonic() > end:
                raise TimeoutError(f"{css} did not appear")
            time.sleep(0.1)

    def headed(self, text: str) -> bool:
        """Whether there is a heading of these words."""
        locator = {"type": "accessibility", "value": {"role": "heading", "name": text}}
        return bool(self.call("browsingContext.locateNodes", context=self._context, locator=locator)["nodes"])

    def choose(self, css: str, files: Sequence[Path]) -> None:
        """Files for an input."""
        element = {"sharedId": self.find(css)[0]["sharedId"]}
        self.call("input.setFiles", context=self._context, element=element, files=list(map(str, files)))

    def text(self, css: str) -> str:
        """All text in the first that `css` finds; needs no script in the page."""
        locator = {"type": "css", "value": css}
        deep = {"maxDomDepth": None}
        found = self.call(
            "browsingContext.locateNodes", context=self._context, locator=locator, serializationOptions=deep
        )["nodes"]
        if not found:
            raise LookupError(css)
        return _text(found[0])

    def click(self, css: str) -> None:
        """With the mouse, in the middle of the first that `css` finds."""
        nodes = self.find(css)
        if not nodes:
            raise LookupError(css)
        origin = {"type": "element", "element": {"sharedId": nodes[0]["sharedId"]}}
        steps = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": origin},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._act({"type": "pointer", "id": "mouse", "actions": steps})

    def write(self, text: str) -> None:
        """Key by key, to whatever has the focus; the keys of `tests.harness.filling` too."""
        keys = [step for c in text for step in ({"type": "keyDown", "value": c}, {"type": "keyUp", "value": c})]
        self._act({"type": "key", "id": "keys", "actions": keys})

    def _act(self, source: dict[str, Any]) -> None:
        self.call("input.performActions", context=self._context, actions=[source])

    def evaluate(self, expression: str) -> Any:
        """A simple value from the page; only with JavaScript on."""
        target = {"context": self._context}
        answer = self.call("script.evaluate", expression=expression, target=target, awaitPromise=True)
        return answer["result"].get("value")

    def screenshot(self) -> bytes:
        """The whole page as PNG."""
        answer = self.call("browsingContext.captureScreenshot", context=self._context, origin="document")
        return base64.b64decode(answer["data"])

    @property
    def url(self) -> str:
        """Where the window is."""
        return str(self.call("browsingContext.getTree")["contexts"][0]["url"])


def _text(node: dict[str, Any]) -> str:
    """What stands in a node as WebDriver BiDi tells of it, and in all below it."""
    told = node["value"]
    return str(told.get("nodeValue", "")) + "".join(map(_text, told.get("children", ())))
