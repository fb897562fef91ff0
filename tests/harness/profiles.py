"""Browsers with a profile that can be read afterwards, and what to look for in it.

Each keeps all that it writes below one folder: profile, cache, home and temporary files.
"""

import os
import re
import signal
import sqlite3
import subprocess
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import lz4.block
from playwright.sync_api import Page, sync_playwright

from tests.harness.chromium import ARGUMENTS, PROGRAM

_MOZ_LZ4 = b"mozLz40\0"
_DEFLATED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")


def home(folder: Path) -> dict[str, str]:
    """An environment in which a program finds every folder of its own below `folder`."""
    places = {name: folder / name.lower() for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    return {**os.environ, **{name: str(place) for name, place in places.items()}}


class KeptChromium:
    """A Chromium as a person starts it: a process of its own with a profile that stays, driven from outside."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], page: Page) -> None:
        self.folder = folder
        self.page = page
        self._process = process

    def kill(self) -> None:
        """As if the phone lost its power: nothing can be written after it."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(20)

    def close(self) -> None:
        """As a person does; nothing when it was killed before."""
        if self._process.poll() is not None:
            return
        browser = self.page.context.browser
        assert browser is not None
        browser.new_browser_cdp_session().send("Browser.close")
        self._process.wait(60)


@contextmanager
def kept_chromium(folder: Path, *arguments: str) -> Iterator[KeptChromium]:
    """Started with its profile in `folder`, and ended with the block if it still runs.

    The same `folder` again is the same person's browser, started anew.
    """
    profile = folder / "profile"
    (profile / "DevToolsActivePort").unlink(missing_ok=True)
    driven = ["--headless=new", f"--user-data-dir={profile}", "--remote-debugging-port=0"]
    process = subprocess.Popen(
        [PROGRAM, *ARGUMENTS, *driven, *arguments, "about:blank"],
        env=home(folder),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a group of its own, to be killed whole
    )
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.connect_over_cdp(
                f"http://127.0.0.1:{debugging_port(profile)}", timeout=120_000
            )
            page = browser.contexts[0].pages[0]
            page.on("dialog", lambda dialog: dialog.accept())  # leaving with unsent text asks first
            page.set_viewport_size({"width": 900, "height": 9000})
            yield KeptChromium(folder, process, page)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)


def debugging_port(profile: Path) -> str:
    """Where a Chromium with this profile can be driven. Raises `TimeoutError`."""
    told = profile / "DevToolsActivePort"
    end = time.monotonic() + 60
    while not (told.exists() and told.read_text().strip()):
        if time.monotonic() > end:
            raise TimeoutError("Chromium did not say where it listens")
        time.sleep(0.1)
    return told.read_text().splitlines()[0]


def holding(folder: Path, words: Iterable[str]) -> dict[str, set[str]]:
    """The files below `folder` that hold one of `words`, each with those found; in any encoding, packed or not."""
    spelled = {word: [word.encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be")] for word in words}
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        for content in _contents(path.read_bytes()):
            here = {word for word, spellings in spelled.items() if any(one in content for one in spellings)}
            if here:
                found.setdefault(str(path.relative_to(folder)), set()).update(here)
    return found


def _contents(stored: bytes) -> Iterator[bytes]:
    """A file's bytes, and those of whatever is packed in it."""
    yield stored
    if stored.startswith(_MOZ_LZ4):
        yield lz4.block.decompress(stored[len(_MOZ_LZ4) :])
    for at in _DEFLATED.finditer(stored):
        with suppress(zlib.error):
            yield zlib.decompressobj(wbits=47).decompress(stored[at.start() :])


def cookies(folder: Path) -> int:
    """How many cookies a profile keeps, in either browser."""
    tables = {"cookies.sqlite": "moz_cookies", "Cookies": "cookies"}
    return sum(_count(path, table) for name, table in tables.items() for path in folder.rglob(name))


def _count(path: Path, table: str) -> int:
    with sqlite3.connect(path) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def stores(folder: Path, port: int) -> list[str]:
    """Where a browser keeps data that a page on 127.0.0.1:`port` stored: its own folders, and lines of shared ones."""
    address = re.compile(rf"http.*127\.0\.0\.1.{port}")
    named = [path for path in folder.rglob("*") if path.is_dir() and address.match(path.name)]
    shared = [path for name in ("Local Storage", "Session Storage", "Service Worker") for path in folder.rglob(name)]
    held = [path for path in shared if holding(path, [f"127.0.0.1:{port}"])]
    return sorted(str(path.relative_to(folder)) for path in [*named, *held])
