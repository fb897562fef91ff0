"""Figures of what keys cost: one hybrid wrap, and the code of a mailbox, here and in the page, with JIT and without."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from hashlib import scrypt
from typing import Any

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from intake.report.code import Code
from intake.sealing import HybridIdentity
from scripts.figures import Figure
from tests.harness.chromium import chromium
from tests.harness.firefox import NO_JIT, Firefox
from tests.harness.page_code import bundle

ORIGIN = "drop.example"


def keyed(quick: bool) -> Iterator[Figure]:
    """Each beside the raw thing, in one process and one thread, and the page's beside Python's."""
    runs = 20 if quick else 200
    lattice, curve = MLKEM768PrivateKey.generate().public_key(), X25519PrivateKey.generate().public_key()

    def raw_wrap() -> None:
        lattice.encapsulate()
        X25519PrivateKey.generate().exchange(curve)

    recipient, file_key = HybridIdentity.generate().recipient, os.urandom(16)
    raw, wrap = _median(raw_wrap, runs), _median(lambda: recipient.wrap(file_key), runs)
    yield Figure("raw ML-KEM-768 and X25519, sealing side", raw * 1000, "µs", "`cryptography`")
    yield Figure("one hybrid wrap", wrap * 1000, "µs", f"{wrap / raw:.2f} of raw; 1,557 bytes for each reviewer")
    code = Code.draw(os.urandom)
    digits = code.digits.encode()
    raw = _median(lambda: scrypt(digits, salt=ORIGIN.encode(), n=4096, r=8, p=1, maxmem=2**26, dklen=32), runs // 4)
    opened = _median(lambda: code.open(ORIGIN), runs // 4)
    yield Figure("raw scrypt of a code, OpenSSL", raw, "ms", "N = 4,096, r = 8, p = 1")
    yield Figure("a code opened", opened, "ms", f"{opened / raw:.2f} of raw")
    for where, found in (("Chromium", _in_chromium(runs // 4)), ("Firefox without JIT", _in_firefox(3))):
        share = f"{found['lattice']:.1f} of it ML-KEM; {found['wrap'] / wrap:,.0f} times Python's"
        yield Figure(f"one hybrid wrap in the page, {where}", found["wrap"], "ms", share)
        yield Figure(f"a code opened in the page, {where}", found["code"], "ms", f"{found['code'] / opened:.1f} times")


def _median(work: Callable[[], object], runs: int) -> float:
    """Milliseconds."""
    took = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)


def _in_chromium(runs: int) -> dict[str, float]:
    with chromium() as browser:
        return _told(browser.new_page().evaluate, runs)


def _in_firefox(runs: int) -> dict[str, float]:
    with Firefox(NO_JIT) as firefox:
        return _told(firefox.evaluate, runs)


def _told(evaluate: Callable[[str], Any], runs: int) -> dict[str, float]:
    """What a page says of its own code."""
    evaluate(bundle("keyed.mjs") + "\n0")
    return {each: float(evaluate(f"keyed.{each}({runs})")) for each in ("wrap", "lattice", "code")}
