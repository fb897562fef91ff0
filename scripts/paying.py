"""Figures of the proof of work that a drop asks for in a flood: what it costs a phone, an attacker and the drop."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import pbkdf2_hmac
from pathlib import Path
from typing import Any

from altcha import create_challenge

from intake.drop.toll import ALGORITHM, COST, TRIES
from scripts.figures import Figure
from tests.harness.chromium import chromium
from tests.harness.firefox import NO_JIT, Firefox
from tests.harness.keys import make_world
from tests.harness.page_code import bundle
from tests.harness.server import running_drop

HONEST = 2
"""Phones a second, as in the drill of the flood (tests/drop/test_flood.py)."""
PHONE = 10
"""How much slower than a core of this machine an old phone is taken to be."""


def paid(quick: bool) -> Iterator[Figure]:
    """The dearest challenge there is, in the middle of how hard it can be: by whom, and for how long."""
    tries = TRIES[-1] * 3 // 4
    challenge = create_challenge(ALGORITHM, COST, counter=tries).to_dict()
    native = _native(500 if quick else tries) * tries
    # One core is what an attacker pays for; a report is what a core buys.
    yield Figure("proof of work at its dearest, native", native, "s", f"of one core; {tries:,} tries on the average")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_drop(make_world(folder / "keys"), folder / "drop") as drop:
            address = f"{drop.url}/keyring.note"  # any answer of the drop is a secure context on this machine
            for what, seconds in (
                ("Chromium", _in_chromium(address, challenge)),
                ("Firefox without JIT", _in_firefox(address, challenge)),
            ):
                beside = f"{seconds / native:.1f} of native; {PHONE * seconds:.0f} on a phone {PHONE} times slower"
                yield Figure(f"the same in the page, {what}", seconds, "s", beside)
    beside = f"of a core, for each honest phone; {native * 100 * HONEST:.0f} cores where {HONEST} of them come a second"
    yield Figure("a flood a hundred times as many, all paid", native * 100, "s", beside)


def _native(tries: int) -> float:
    """Seconds of a core for one try, as a library in C does it."""
    password, salt = os.urandom(20), os.urandom(16)
    started = time.process_time()
    for _ in range(tries):
        pbkdf2_hmac("sha256", password, salt, COST)
    return (time.process_time() - started) / tries


def _in_chromium(address: str, challenge: dict[str, Any]) -> float:
    with chromium() as browser:
        page = browser.new_page()
        page.goto(address)
        return _seconds(page.evaluate, challenge)


def _in_firefox(address: str, challenge: dict[str, Any]) -> float:
    with Firefox(NO_JIT) as firefox:
        firefox.open(address)
        return _seconds(firefox.evaluate, challenge)


def _seconds(evaluate: Callable[[str], Any], challenge: dict[str, Any]) -> float:
    """What a page says of its own solver."""
    evaluate(bundle("paying.mjs") + "\n0")
    return float(evaluate(f"paying({json.dumps(challenge)})")) / 1000
