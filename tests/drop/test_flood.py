"""A flood of a hundred times the honest rate, while people send: they get through, and the flood pays or waits."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

import pytest
from altcha import Payload, solve_challenge
from altcha.v2 import Challenge

from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import make_world
from tests.harness.server import Running, running_drop

HONEST = 2  # reports a second
FLOOD = 100 * HONEST
PATIENCE = 10  # seconds
FLOODERS = 8


def _flood(drop: Running, body: bytes, ended: threading.Event, number: int) -> int:
    """One flooder's requests, at an even rate, none of which does any work. How many were sent."""
    sent, link, began = 0, drop.connect(), time.monotonic()
    while not ended.is_set():
        ended.wait(max(0, began + sent * FLOODERS / FLOOD - time.monotonic()))
        try:
            drop.request("PUT", f"/reports/{number:08x}{sent:024x}", body, {"Keyring": "1"}, link)
        except (OSError, HTTPException):
            link.close()
            link = drop.connect()
        sent += 1
    link.close()
    return sent


def _send(drop: Running, identifier: str, body: bytes) -> float:
    """One person's report, as the page sends it; the seconds until it was taken."""
    began, work = time.monotonic(), dict[str, str]()
    while True:
        answer = drop.request("PUT", f"/reports/{identifier}", body, {"Keyring": "1", **work})
        if answer.status in (200, 201):
            return time.monotonic() - began
        assert (answer.status, answer.word) == (429, "work-wanted")
        asked = drop.request("GET", "/challenge")
        if asked.status == 200:
            challenge = Challenge.from_dict(json.loads(asked.body))
            solution = solve_challenge(challenge)
            assert solution is not None
            work = {"Work": Payload(challenge, solution).to_base64()}


def _share_in_time(folder: Path, seconds: int) -> float:
    """The share of honest reports that were taken within `PATIENCE`, beside a flood."""
    world = make_world(folder)
    body = seal_report(make_report(world), world.reviewers)
    ended = threading.Event()
    with (
        running_drop(world, folder / "drop", limits={"calm": f"{10 * HONEST}/minute"}) as drop,
        ThreadPoolExecutor(FLOODERS + 32) as pool,
    ):
        floods = [pool.submit(_flood, drop, body, ended, number) for number in range(FLOODERS)]
        try:
            people = []
            for number in range(HONEST * seconds):
                people.append(pool.submit(_send, drop, f"{number:032x}", body))
                time.sleep(1 / HONEST)
            waits = [person.result() for person in people]
        finally:
            ended.set()
        sent = sum(flood.result() for flood in floods)
    assert sent > 10 * len(people), "this was no flood"
    print(f"{len(people)} honest reports beside {sent} others: slowest {max(waits):.1f} s")
    return sum(wait <= PATIENCE for wait in waits) / len(waits)


def test_people_get_through_a_flood(tmp_path: Path) -> None:
    assert _share_in_time(tmp_path, 5) > 0.9


@pytest.mark.long
def test_people_get_through_a_long_flood(tmp_path: Path) -> None:
    assert _share_in_time(tmp_path, 120) >= 0.99
