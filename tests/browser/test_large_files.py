"""A film of 500 MB over a line that breaks, to a server that is killed: bit for bit, and never held by anybody.

What the page takes is what its process alone holds (private pages, resident), at its most while a film is chosen and
sent, above what it held at rest with the form open. Nobody drives the browser meanwhile: a driver has its network layer
keep what was sent. A page that sends as much with none of our code is measured in the same run.
"""

import hashlib
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from intake.drop.folder import DataFolder
from intake.drop.store import Store
from intake.report.sizes import padded, sealed_size
from tests.harness.bare_sender import BareSender
from tests.harness.firefox import Firefox
from tests.harness.keys import World, make_world
from tests.harness.lone_chromium import LoneChromium
from tests.harness.memory import descendants, peak, private
from tests.harness.server import Running, running_drop
from tests.harness.slow_line import SlowLine

MB = 1_000_000
PART = 2**20
FILE = 500 * MB
SMALL = 64 * MB
CUTS = 20
ADD = ".pick input"
PAGE = 64
"""MB that the page's process may grow by."""
REST = 3
"""Seconds in which a page comes to rest."""
# Beside the ciphertext: the page and its scripts, and the heads of some hundreds of requests.
OVERHEAD = 1_500_000


class Hands(Protocol):
    """A browser as this test needs it."""

    def open(self, url: str) -> None: ...
    def choose(self, css: str, files: Sequence[Path]) -> None: ...
    def click(self, css: str) -> None: ...
    def sees(self, css: str) -> bool: ...


def _firefox(folder: Path, stack: ExitStack) -> Hands:
    folder.mkdir()
    firefox = stack.enter_context(Firefox(profile=folder))
    firefox.resize(1000, 12_000)
    return firefox


def _chromium(_folder: Path, stack: ExitStack) -> Hands:
    return stack.enter_context(LoneChromium())


Opened = Callable[[Path, ExitStack], Hands]
BROWSERS: dict[str, tuple[Opened, tuple[str, ...]]] = {
    "Chromium": (_chromium, ("--type=renderer",)),
    "Firefox": (_firefox, ("-contentproc", " tab")),
}
"""How each is started, and what the command of its processes has that run pages."""


def _wait(hands: Hands, css: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not hands.sees(css):
        assert time.monotonic() < end, f"{css} did not appear"
        time.sleep(0.5)


class Watch:
    """The most that the pages of a browser hold together, sampled; and how much that is above the beginning."""

    def __init__(self, marks: tuple[str, ...]) -> None:
        self._marks = marks
        self._ended = threading.Event()
        time.sleep(REST)
        self._before = self._now()
        self._most = self._before
        self._looking = threading.Thread(target=self._look)

    def _now(self) -> float:
        return sum(private(pid) for pid in descendants(os.getpid(), *self._marks))

    def _look(self) -> None:
        while not self._ended.wait(0.3):
            self._most = max(self._most, self._now())

    @contextmanager
    def looking(self) -> Iterator[None]:
        self._looking.start()
        try:
            yield
        finally:
            self._ended.set()
            self._looking.join()

    @property
    def growth(self) -> float:
        """In MB."""
        return self._most - self._before


def _bare(browser: str, folder: Path) -> float:
    """What it grows by when a page with none of our code sends as much, in MB."""
    opened, marks = BROWSERS[browser]
    with ExitStack() as stack, BareSender() as bare:
        hands = opened(folder, stack)
        hands.open(bare.page(0, PART))
        _wait(hands, "#ended")
        watch = Watch(marks)
        with watch.looking():
            hands.open(bare.page(FILE // PART, PART))
            _wait(hands, "#ended", 600)
    return watch.growth


def _reports(drop: Running) -> int:
    with Store(DataFolder.open(drop.data)) as store:
        return len(list(store.entries()))


def _until(done: Callable[[], bool], seconds: float = 1200) -> None:
    """Without a look at the page."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.5)


def _film(path: Path, size: int) -> str:
    """Noise, and its SHA-256."""
    draw = random.Random(5)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for at in range(0, size, PART):
            piece = draw.randbytes(min(PART, size - at))
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _opened(drop: Running, world: World, folder: Path) -> tuple[Path, float]:
    """The one file of the one report, as the desk's command writes it, and the most memory that took, in MB."""
    (folder / "usb").mkdir()
    bundle = drop.export(folder / "usb")
    identity = folder / "reviewer.txt"
    identity.write_text(f"{world.reviewers[0]}\n")
    identity.chmod(0o600)
    command = [sys.executable, "-m", "intake", "review", "open", str(bundle), "-i", str(identity)]
    command += ["--to", str(folder / "opened"), "--root", *world.fingerprints]
    most = 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            most = max(most, peak(process.pid))
            time.sleep(0.05)
        assert process.stderr is not None
        assert process.returncode == 0, process.stderr.read()
    (file,) = (folder / "opened").glob("*/files/*")
    return file, most


def test_the_page_does_not_grow_with_what_it_sent(tmp_path: Path) -> None:
    """Chromium collects nothing of such requests by itself, and would hold all of a small film."""
    film = tmp_path / "film.bin"
    _film(film, SMALL)
    world = make_world(tmp_path / "keys", today=datetime.now(UTC).date())
    opened, marks = BROWSERS["Chromium"]
    with ExitStack() as stack:
        drop = stack.enter_context(running_drop(world, tmp_path / "drop"))
        hands = opened(tmp_path / "browser", stack)
        hands.open(f"{drop.url}/en")
        _wait(hands, "#send:not(:disabled)")
        watch = Watch(marks)
        with watch.looking():
            hands.choose(ADD, [film])
            _wait(hands, "[data-file=kept]:not([hidden])")
            hands.click("#send")
            _until(lambda: _reports(drop) == 1)
        _wait(hands, "#received:not([hidden])")
    assert watch.growth < PAGE


@pytest.mark.long
@pytest.mark.parametrize("browser", BROWSERS)
def test_it_arrives_bit_for_bit(tmp_path: Path, browser: str) -> None:
    film = tmp_path / "film.bin"
    digest = _film(film, FILE)
    world = make_world(tmp_path / "keys", today=datetime.now(UTC).date())
    sealed = sealed_size(len(world.reviewers), padded(FILE + 8192))
    draw = random.Random(11)
    opened, marks = BROWSERS[browser]
    bare = _bare(browser, tmp_path / "bare")
    with ExitStack() as stack:
        drop = stack.enter_context(running_drop(world, tmp_path / "drop"))
        line = stack.enter_context(
            SlowLine(drop.port, breaks=[draw.randrange(PART, sealed - PART) for _ in range(CUTS)])
        )
        hands = opened(tmp_path / "browser", stack)
        hands.open(f"{line.url}/tg")
        _wait(hands, "#send:not(:disabled)")
        watch = Watch(marks)
        with watch.looking():
            hands.choose(ADD, [film])
            _wait(hands, "[data-file=kept]:not([hidden])")
            started = time.monotonic()
            hands.click("#send")
            _until(lambda: line.carried >= sealed // 2)
            served = peak(drop.pid)
            drop.process.kill()
            drop.process.wait()
            drop = stack.enter_context(running_drop(world, tmp_path / "drop"))
            line.lead_to(drop.port)
            _until(lambda: _reports(drop) == 1)
        took = time.monotonic() - started
        _wait(hands, "#received:not([hidden])")
        served = max(served, peak(drop.pid))
        again = line.carried - sealed
        file, desk = _opened(drop, world, tmp_path)
        with file.open("rb") as content:
            assert hashlib.file_digest(content, "sha256").hexdigest() == digest
    print(
        f"\n{browser}: {took:.0f} s; sent again {again / PART:.1f} parts; page {watch.growth:+.0f} MB, "
        f"without our code {bare:+.0f} MB; server {served:.0f} MB, desk {desk:.0f} MB"
    )
    assert line.whole
    assert again <= (CUTS + 1) * PART + OVERHEAD
    assert watch.growth < PAGE
    assert served < 160
    assert desk < 100
