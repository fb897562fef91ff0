"""The page believes exactly the keyrings that Python believes: one table of attacks, run through both."""

import base64
from datetime import date
from typing import Any

from intake.errors import KeyringRefused
from intake.keyring import Roots, verify_chain
from tests.harness.attacks import keyring_cases
from tests.harness.page_code import run_page

PAGE_SAYS = {"ok": None, "expired": None, "early": "date", "closed": "date", "refused": "keyring"}


def _task(case: dict[str, Any], *, sure: bool = False) -> dict[str, Any]:
    return {
        "task": "keyring",
        "note": base64.b64encode(case["notes"][-1].encode()).decode(),
        "trust": {key: case[key] for key in ("origin", "roots", "threshold")},
        "today": case["today"],
        "sure": sure,
    }


def _refused_alone(case: dict[str, Any]) -> bool:
    """Whether Python refuses the newest note by itself; what only the chain shows, the page can't see."""
    try:
        roots = Roots.of(case["roots"], case["threshold"])
        verify_chain([case["notes"][-1].encode()], roots=roots, pin=None, today=date.fromisoformat(case["today"]))
    except KeyringRefused:
        return True
    return False


def test_every_attack_gets_pythons_verdict() -> None:
    cases: list[Any] = [case for case in keyring_cases() if case["verdict"] != "refused" or _refused_alone(case)]
    assert len(cases) >= 60
    said = run_page(map(_task, cases))
    wrong = [
        (case["name"], answer)
        for case, answer in zip(cases, said, strict=True)
        if answer.get("refused") != PAGE_SAYS[case["verdict"]]
    ]
    assert not wrong


def test_a_closed_keyring_is_closed_when_the_witness_vouches_for_the_day() -> None:
    cases: list[Any] = [case for case in keyring_cases() if case["verdict"] in ("early", "closed")]
    said = run_page(_task(case, sure=True) for case in cases)
    expected = ["closed" if case["verdict"] == "closed" else "date" for case in cases]
    assert [answer["refused"] for answer in said] == expected


def test_junk_is_refused() -> None:
    case: Any = next(iter(keyring_cases()))
    note = case["notes"][0].encode()
    junk = [b"", b"\n", b"\n\n", b"\xff\xfe\n\n", note[:-1], note + b"\n", note.replace(b"\n", b"\r\n"), bytes(1000)]
    tasks = [_task(case) | {"note": base64.b64encode(one).decode()} for one in junk]
    assert [answer.get("refused") for answer in run_page(tasks)] == ["keyring"] * len(junk)
