"""The real `intake drop serve` as a process of its own, on a free port of this machine.

with running_drop(world, tmp_path / "drop") as drop:
    drop.request("PUT", f"/reports/{id}", body=sealed)       # or a browser at drop.url
    bundle = drop.export(tmp_path)
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.harness.installation import LANGUAGES, LEAVE_URL, ORGANISATION, READING_TIMES, URGENT_CONTACTS
from tests.harness.keys import World

SETTINGS: Mapping[str, Any] = {
    "languages": list(LANGUAGES),
    "drafts": True,
    "leave_url": LEAVE_URL,
    "reading_times": READING_TIMES,
    "urgent_contacts": URGENT_CONTACTS,
    "limits": {"calm": ""},  # tests send faster than people
    "organisation": {code: asdict(texts) for code, texts in ORGANISATION.items()},
}
START_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name.lower()), None)

    @property
    def word(self) -> str:
        """Of a problem: what stands after urn:amonat:"""
        return str(json.loads(self.body)["type"].removeprefix("urn:amonat:"))


@dataclass
class Running:
    """A drop that serves."""

    process: subprocess.Popen[str]
    port: int
    data: Path
    folder: Path
    keyring: Path
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Without a final slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=60)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        connection: HTTPConnection | None = None,
    ) -> Answer:
        """One request, on a connection of its own unless one is given."""
        link = connection or self.connect()
        try:
            link.request(method, path, body=body, headers=dict(headers or {}))
            got = link.getresponse()
            answer = Answer(got.status, [(name.lower(), value) for name, value in got.getheaders()], got.read())
        finally:
            if connection is None:
                link.close()
        return answer

    def put(self, identifier: str, body: bytes, claim: int | None = None) -> Answer:
        """A sealed report."""
        return self.request("PUT", f"/reports/{identifier}", body, {} if claim is None else {"Keyring": str(claim)})

    def export(self, to: Path, *flags: str, seconds: float = 120) -> Path:
        """The bundle that `intake drop export` writes, the newest if it writes more."""
        done = command("export", "--data", self.data, "--to", to, *flags, seconds=seconds)
        assert done.returncode == 0, done.stderr
        return Path(done.stdout.splitlines()[-1])

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(60)


def command(
    *arguments: str | Path, environment: Mapping[str, str] | None = None, seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run `intake drop …` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "intake", "drop", *map(str, arguments)],
        env={**_clean(), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=seconds,
    )


def toml(settings: Mapping[str, Any]) -> str:
    """Settings as TOML: nested tables inline, which any table may be."""
    return "".join(f"{name} = {_value(value)}\n" for name, value in settings.items())


def serve_arguments(world: World, folder: Path, *, listen: str = "127.0.0.1:0", **config: Any) -> list[str]:
    """Arguments of `intake drop` that serve `world` from `folder`/data, with drop.key and settings in place."""
    data = folder / "data"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = data / "drop.key"
    if not key.exists():
        key.write_bytes((world.folder / "drop.key").read_bytes())
        key.chmod(0o600)
    settings = {"keyring": str(world.folder / "keyring.note"), "root": list(world.fingerprints), **SETTINGS, **config}
    (folder / "drop.toml").write_text(toml(settings))
    return ["serve", "--config", str(folder / "drop.toml"), "--data", str(data), "--listen", listen]


@contextmanager
def running_drop(
    world: World,
    folder: Path,
    *,
    wrapper: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    **config: Any,
) -> Iterator[Running]:
    """Serve until the block ends. `config` are settings as in the TOML file; `wrapper` goes before the command.

    The same `folder` again is the same drop, restarted.
    """
    arguments = serve_arguments(world, folder, **config)
    process = subprocess.Popen(
        [*wrapper, sys.executable, "-m", "intake", "drop", *arguments],
        env={**_clean(), **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    said: list[str] = []
    ready: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            said.append(line.rstrip("\n"))
            if line.startswith("serving "):
                port = line.rstrip("/\n").rpartition(":")[2]
                ready.put(int(port) if port.isdecimal() else 0)
        ready.put(None)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        port = ready.get(timeout=START_SECONDS)
        assert port is not None, "\n".join(said)
        keyring = Path(config.get("keyring", world.folder / "keyring.note"))
        yield Running(process, port, folder / "data", folder, keyring, said)
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        listener.join(10)
        assert process.stderr is not None
        process.stderr.close()


def _clean() -> dict[str, str]:
    """This environment without settings of a drop."""
    return {name: value for name, value in os.environ.items() if not name.startswith("INTAKE_")}


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {_value(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
