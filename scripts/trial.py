"""The whole path on one machine, with keys made for the occasion: what `scripts/try` runs.

Everything goes through the commands that operators and reviewers use, so that what is printed here can be typed there.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from intake.keyring.fingerprint import fingerprint

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / ".try"
ORIGIN = "try.example"
ROOTS = ("a", "b", "c")
REVIEWERS = ("r1", "r2", "r3")
THRESHOLD = 2
SETTINGS = ROOT / "scripts" / "drop.toml"


def say(text: str = "") -> None:
    """One line for the person who runs this."""
    print(text, file=sys.stderr, flush=True)


def intake(*arguments: object, place: Path) -> str:
    """Run the command `intake`; the demo passphrase comes from a file. Returns its stdout, stops with its words."""
    done = subprocess.run(
        [sys.executable, "-m", "intake", *map(str, arguments)],
        env={**os.environ, "INTAKE_PASSPHRASE_COMMAND": f"cat {shlex.quote(str(place / 'passphrase'))}"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        say(done.stderr)
        sys.exit(f"intake {' '.join(map(str, arguments[:2]))} ended with status {done.returncode}")
    return done.stdout


def keys(place: Path) -> None:
    """Three roots of which two must sign, three reviewers, a drop, and the keyring that names them all."""
    place.mkdir(mode=0o700, parents=True)
    (place / "usb").mkdir()
    (place / "passphrase").touch(mode=0o600)
    (place / "passphrase").write_text(secrets.token_hex(8) + "\n")
    say("Making three root keys, three reviewers and a keyring …")
    for label in ROOTS:
        intake("keys", "root-new", "--origin", ORIGIN, "--label", label, "--out", place / "roots", place=place)
    for label in REVIEWERS:
        intake("keys", "reviewer-new", "--origin", ORIGIN, "--label", label, "--out", place / "reviewers", place=place)
    intake("keys", "drop-new", "--origin", ORIGIN, "--label", "d1", "--out", place / "data", place=place)
    note = place / "keyring.note"
    intake(
        *("keys", "keyring-new", "--origin", ORIGIN, "--threshold", str(THRESHOLD), "--out", note),
        *("--root", *(place / "roots" / f"root-{label}.vkey" for label in ROOTS)),
        *("--drop", place / "data" / "drop-d1.vkey"),
        *("--reviewer", *(place / "reviewers" / f"reviewer-{label}.card" for label in REVIEWERS)),
        place=place,
    )
    for label in ROOTS[:THRESHOLD]:
        intake("keys", "keyring-sign", note, "--key", place / "roots" / f"root-{label}.age", place=place)
    shutil.copy(SETTINGS, place / "drop.toml")  # last: it marks that everything before it is there


def fingerprints(place: Path) -> list[str]:
    """Of the roots. A real operator types them from paper; this trial made the roots a moment ago."""
    return [fingerprint((place / "roots" / f"root-{label}.vkey").read_text().strip()) for label in ROOTS]


@dataclass(frozen=True, slots=True)
class Server:
    """A drop that serves at `url`."""

    url: str
    process: subprocess.Popen[str]


@contextmanager
def serving(place: Path, listen: str) -> Iterator[Server]:
    """A running drop; it is stopped on the way out. Port 0 takes a free one."""
    command = [
        *(sys.executable, "-m", "intake", "drop", "serve", "--data", str(place / "data")),
        *("--config", str(place / "drop.toml"), "--keyring", str(place / "keyring.note")),
        *("--listen", listen, "--drafts", "--root", *fingerprints(place)),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield Server(_address(process), process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _address(process: subprocess.Popen[str]) -> str:
    """Where it serves, by its own words, so that another server on that port is never taken for it."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("serving "):
            threading.Thread(target=sys.stderr.writelines, args=(process.stderr,), daemon=True).start()
            return line.split()[1].rstrip("/")
        say(line.rstrip())
    sys.exit("The drop did not start.")


def export_and_open(place: Path) -> tuple[list[str], list[str]]:
    """The two commands that bring a report from the server to a reviewer, as arguments of `intake`."""
    export = ["drop", "export", "--data", str(place / "data"), "--to", str(place / "usb")]
    opened = ["review", "open", str(place / "usb"), "-i", str(place / "reviewers" / "reviewer-r1.age")]
    return export, [*opened, "--to", str(place / "opened")]


def by_hand(listen: str) -> None:
    """Serve until interrupted, and say what to type."""
    if not (PLACE / "drop.toml").exists():
        shutil.rmtree(PLACE, ignore_errors=True)
        keys(PLACE)
    export, opened = (shlex.join([shown(word) for word in words]) for words in export_and_open(PLACE))
    with serving(PLACE, listen) as server:
        say()
        say(f"  The form        {server.url}/")
        say()
        say("  Fill it in and send it. Then, in another terminal, in this folder:")
        say()
        say(f"  1. export       .venv/bin/intake {export}")
        say(f"  2. open         .venv/bin/intake {opened}")
        say(f"     passphrase   {(PLACE / 'passphrase').read_text().strip()}")
        say(f"  3. read         cat {shown(str(PLACE / 'opened'))}/*/report.txt")
        say()
        say("  Ctrl-C stops the drop. Keys and reports of this trial are in .try; delete it to begin anew.")
        try:
            server.process.wait()
        except KeyboardInterrupt:
            say("Stopped.")


def shown(word: str) -> str:
    """A path as it can be typed in the project's folder."""
    return word.removeprefix(f"{ROOT}/")


def once(listen: str) -> None:
    """Fill in, send, export and open, with JavaScript on and then off; print both reports."""
    began = time.monotonic()
    place = PLACE / f"once-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    keys(place)
    with serving(place, listen) as server:
        for script in (True, False):
            say(f"Filling in and sending the form with JavaScript {'on' if script else 'off'} …")
            send(f"{server.url}/en", script)
    export, opened = export_and_open(place)
    intake(*export, place=place)
    folders = intake(*opened, place=place).split()
    sealed_by = set()
    for folder in folders:
        text = (Path(folder) / "report.txt").read_text()
        sealed_by.add(json.loads((Path(folder) / "report.json").read_bytes())["sealed_by"])
        print(f"\n{shown(folder)}/report.txt\n\n{text}")
    if len(folders) != 2 or sealed_by != {"browser", "server"}:
        sys.exit(f"Two reports were expected, one sealed by the browser and one by the server; found {len(folders)}.")
    say(f"Both reports made the whole way in {time.monotonic() - began:.0f} s.")


CHROMIUM = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
ANSWERS = {
    'textarea[name="account"]': "Two men in plain clothes took him from the bus station. JavaScript was {script}.",
    'input[name="who.1.name"]': "Давлат Намунаев",
    'input[name="who.1.age"]': "31",
    'input[name="when.year"]': "2026",
    'input[name="where.text"]': "Хоруғ",
}
TICKS = ('[name="urgent"][value="just_taken"]', '[name="kind"][value="taken"]', '[name="consent"][value="count"]')


def send(url: str, script: bool) -> None:
    """One report by headless Chromium. Stops when the page does not say that it was received."""
    from playwright.sync_api import sync_playwright  # only this needs it

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        page = browser.new_context(java_script_enabled=script).new_page()
        page.goto(url)
        for css, answer in ANSWERS.items():
            page.fill(css, answer.format(script="on" if script else "off"))
        for css in TICKS:
            page.check(css)
        if script:
            page.click("#send")
            page.wait_for_selector("#received", state="visible", timeout=60_000)
        else:
            page.click("button[formmethod]")
            page.wait_for_selector("h1:has-text('We have your report')", timeout=60_000)


def main() -> None:
    """Read the arguments and do it."""
    parser = argparse.ArgumentParser(prog="scripts/try", description="Try the whole path on this machine.")
    parser.add_argument("--once", action="store_true", help="the whole round trip without a person")
    parser.add_argument("--listen", metavar="HOST:PORT", help="default: 127.0.0.1:8080; with --once a free port")
    arguments = parser.parse_args()
    if arguments.once:
        once(arguments.listen or "127.0.0.1:0")
    else:
        by_hand(arguments.listen or "127.0.0.1:8080")


if __name__ == "__main__":
    main()
