"""Proof of work: free in calm, asked of a flood, spent once, and never dearer because of those who don't pay."""

import base64
import json
from typing import Any

import pytest
from altcha import Payload, solve_challenge
from altcha.v2 import Challenge
from hypothesis import given
from hypothesis import strategies as st

from intake.drop.toll import COST, LIFE, TRIES, Passage, Toll
from tests.browser.test_toll import solved_by_the_page


def solved(challenge: bytes) -> str:
    parsed = Challenge.from_dict(json.loads(challenge))
    solution = solve_challenge(parsed)
    assert solution is not None
    return Payload(parsed, solution).to_base64()


def _busy(calm: str = "1/hour") -> tuple[Toll, bytes]:
    """A toll that asks for work, and what it asks."""
    toll = Toll(calm)
    while toll.arrives(None) is Passage.FREE:
        pass
    challenge = toll.challenge()
    assert challenge is not None
    return toll, challenge


def test_in_calm_nothing_is_asked() -> None:
    toll = Toll("10/hour")
    assert toll.challenge() is None
    assert [toll.arrives(None) for _ in range(10)] == [Passage.FREE] * 10
    assert toll.arrives(None) is Passage.DUE
    assert toll.challenge() is not None


def test_without_a_limit_nothing_is_ever_asked() -> None:
    toll = Toll("")
    assert {toll.arrives(None) for _ in range(1000)} == {Passage.FREE}
    assert toll.challenge() is None


def test_a_solution_pays_once_however_it_is_written() -> None:
    toll, challenge = _busy()
    work = solved(challenge)
    assert toll.arrives(work) is Passage.PAID
    assert toll.arrives(work) is Passage.DUE
    spaced = base64.b64encode(json.dumps(json.loads(base64.b64decode(work)), indent=1).encode()).decode()
    assert spaced != work
    assert toll.arrives(spaced) is Passage.DUE
    other = toll.challenge()
    assert other is not None
    assert toll.arrives(solved(other)) is Passage.PAID


def _changed(work: str, change: dict[str, Any]) -> str:
    payload = json.loads(base64.b64decode(work))
    for path, value in change.items():
        *way, last = path.split(".")
        place = payload
        for step in way:
            place = place[step]
        place[last] = value
    return base64.b64encode(json.dumps(payload).encode()).decode()


@pytest.mark.parametrize(
    "change",
    [
        {"solution.derivedKey": "00" * 32},
        {"solution.derivedKey": None},
        {"challenge.parameters.cost": 1},
        {"challenge.parameters.keyPrefix": "00"},
        {"challenge.parameters.expiresAt": 9_999_999_999},
        {"challenge.signature": None},
        {"challenge.signature": "00" * 32},
        {"challenge.parameters": []},
        {"solution": None},
    ],
    ids=str,
)
def test_a_forged_solution_pays_nothing(change: dict[str, Any]) -> None:
    toll, challenge = _busy()
    work = solved(challenge)
    assert toll.arrives(_changed(work, change)) is Passage.DUE
    assert toll.arrives(work) is Passage.PAID


def test_anothers_challenge_pays_nothing_here() -> None:
    toll, _ = _busy()
    _, foreign = _busy()
    assert toll.arrives(solved(foreign)) is Passage.DUE


def test_a_challenge_expires() -> None:
    toll = Toll("1/hour", now=lambda: 1_000_000.0)
    toll.arrives(None)
    toll.arrives(None)
    challenge = toll.challenge()
    assert challenge is not None
    assert json.loads(challenge)["parameters"]["expiresAt"] == 1_000_000 + LIFE
    assert toll.arrives(solved(challenge)) is Passage.DUE


@given(st.text(max_size=3000) | st.binary(max_size=600).map(lambda raw: base64.b64encode(raw).decode()))
def test_junk_is_refused_and_never_an_error(junk: str) -> None:
    toll = Toll("1/hour")
    toll.arrives(None)
    assert toll.arrives(junk) is Passage.DUE
    deep = base64.b64encode(b'{"challenge":' * 150).decode()
    assert toll.arrives(deep) is Passage.DUE


def _tries(toll: Toll) -> int:
    """The tries that the challenge of now takes."""
    challenge = toll.challenge()
    assert challenge is not None
    assert json.loads(challenge)["parameters"]["cost"] == COST
    return int(json.loads(base64.b64decode(solved(challenge)))["solution"]["counter"])


def test_only_those_who_pay_make_it_dearer_and_never_beyond_the_last_step() -> None:
    toll, challenge = _busy("2/hour")
    for _ in range(500):
        toll.arrives(None)
    assert TRIES[0] // 2 <= _tries(toll) < TRIES[0]
    seen = []
    for _ in range(10):
        assert toll.arrives(solved(challenge)) is Passage.PAID
        challenge = toll.challenge() or b""
        seen.append(next(step for step, most in enumerate(TRIES) if _tries(toll) < most))
    assert seen == [0, 1, 1, 1, 1, 1, 1, 2, 2, 2]


def test_the_page_solves_what_the_drop_asks_with_and_without_the_browsers_own_pbkdf2() -> None:
    toll, _ = _busy()
    for without in (False, True):
        challenge = toll.challenge()
        assert challenge is not None
        assert toll.arrives(solved_by_the_page(json.loads(challenge), without=without)) is Passage.PAID
