"""Debian's Chromium as a person has it: nobody is attached to its page, except for the moment of an act.

A page that is driven all the time (Playwright) sends forty times slower, and what it sends is kept for the driver to
ask for: neither its memory nor its pace tell anything. Here each act is a few commands of the DevTools protocol
(https://chromedevtools.github.io/devtools-protocol/), of which none looks at the network.

    with LoneChromium() as browser:
        browser.open("http://127.0.0.1:8080/en")
        browser.choose("[type=file]", [film])
"""

import itertools
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self
from urllib.request import urlopen

from websockets.sync.client import connect

from tests.harness.chromium import ARGUMENTS, PROGRAM
from tests.harness.profiles import debugging_port, home

Call = Callable[..., dict[str, Any]]


class LoneChromium:
    """One headless page; its profile goes with it."""

    def __enter__(self) -> Self:
        # Its sockets lie there too: a test's own folder has too long a path for one.
        self._folder = TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        profile = folder / "profile"
        self._process = subprocess.Popen(
            [
                PROGRAM,
                "--headless=new",
                *ARGUMENTS,
                f"--user-data-dir={profile}",
                "--remote-debugging-port=0",
                "about:blank",
            ],
            env=home(folder),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a group of its own, to be ended whole
        )
        self._address = f"http://127.0.0.1:{debugging_port(profile)}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(20)
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        return self._process.pid

    def open(self, url: str) -> None:
        """Go there; nothing is waited for."""
        with self._attached() as call:
            call("Page.navigate", url=url)

    def sees(self, css: str) -> bool:
        """Whether a selector finds anything."""
        return bool(self.evaluate(f"!!document.querySelector({json.dumps(css)})"))

    def click(self, css: str) -> None:
        """As a script does it."""
        self.evaluate(f"document.querySelector({json.dumps(css)}).click()")

    def choose(self, css: str, files: Sequence[Path]) -> None:
        """Files for an input."""
        with self._attached() as call:
            found = call("Runtime.evaluate", expression=f"document.querySelector({json.dumps(css)})")["result"]
            call("DOM.setFileInputFiles", files=list(map(str, files)), objectId=found["objectId"])

    def evaluate(self, expression: str) -> Any:
        """A simple value from the page. Raises RuntimeError with what the page threw."""
        with self._attached() as call:
            answer = call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    @contextmanager
    def _attached(self) -> Iterator[Call]:
        """For these commands only. Each raises RuntimeError with the browser's message."""
        with urlopen(f"{self._address}/json/list") as listed:
            (place,) = [one["webSocketDebuggerUrl"] for one in json.load(listed) if one["type"] == "page"]
        with connect(place, max_size=None) as line:
            ids = itertools.count(1)

            def call(method: str, **params: Any) -> dict[str, Any]:
                number = next(ids)
                line.send(json.dumps({"id": number, "method": method, "params": params}))
                answer: dict[str, Any] = {}
                while answer.get("id") != number:
                    answer = json.loads(line.recv(timeout=60))
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])

            yield call
