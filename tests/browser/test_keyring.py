"""The page believes what Python believes, but for what only the chain shows: one table of attacks, run through both."""

import base64
from typing import Any

from intake.keyring import PrivateFile, fingerprint
from intake.keyring.shares import fingerprints
from intake.sealing import HybridIdentity
from tests.harness.attacks import keyring_cases
from tests.harness.keys import new_key
from tests.harness.page_code import run_page

PAGE_SAYS = {"ok": None, "expired": None, "early": "date", "closed": "date", "refused": "keyring"}


def _task(case: dict[str, Any], *, sure: bool = False) -> dict[str, Any]:
    return {
        "task": "keyring",
        "notes": [base64.b64encode(note.encode()).decode() for note in [*case["seen"], case["notes"][-1]]],
        "trust": {key: case[key] for key in ("origin", "roots", "threshold")},
        "today": case["today"],
        "sure": sure,
    }


def test_every_attack_gets_the_verdict_of_the_table() -> None:
    cases: list[Any] = keyring_cases()
    said = run_page(map(_task, cases))
    wrong = [
        (case["name"], answer)
        for case, answer in zip(cases, said, strict=True)
        if answer.get("refused") != PAGE_SAYS[case["page"]]
    ]
    assert not wrong


def test_what_the_page_can_not_see_is_the_chain_alone() -> None:
    """Whatever is wrong with a note by itself, or against one seen in the same visit, is not among these."""
    assert {case["name"] for case in keyring_cases() if case["page"] != case["verdict"]} == {
        "a serial skipped",
        "fast forward",
        "fast forward from what was seen",
        "another text before it",
        "issued before the one it follows",
        "closed serials opened again",
        "two texts under one serial",
        "a first keyring that nobody signed, then a good one",
        "a forged past",
        "a truncated chain",
    }


def test_it_is_the_earlier_look_that_shows_a_forgotten_key() -> None:
    cases: list[Any] = [case for case in keyring_cases() if "retired line" in str(case["name"])]
    said = run_page(_task(case | {"seen": []}) for case in cases)
    assert [answer.get("done") for answer in said] == [3] * len(cases) == [3] * 6


def test_a_closed_keyring_is_closed_when_the_witness_vouches_for_the_day() -> None:
    cases: list[Any] = [case for case in keyring_cases() if case["verdict"] in ("early", "closed")]
    said = run_page(_task(case | {"seen": []}, sure=True) for case in cases)
    expected = ["closed" if case["verdict"] == "closed" else "date" for case in cases]
    assert [answer["refused"] for answer in said] == expected


def test_junk_is_refused() -> None:
    case: Any = next(iter(keyring_cases()))
    note = case["notes"][0].encode()
    junk = [b"", b"\n", b"\n\n", b"\xff\xfe\n\n", note[:-1], note + b"\n", note.replace(b"\n", b"\r\n"), bytes(1000)]
    tasks = [_task(case) | {"notes": [base64.b64encode(one).decode()]} for one in junk]
    assert [answer.get("refused") for answer in run_page(tasks)] == ["keyring"] * len(junk)


def test_fingerprints_are_the_same_in_command_sheet_and_page() -> None:
    """Also one that begins with 0, which an integer would lose."""
    private = PrivateFile(new_key("r1"), (HybridIdentity.generate(),))
    texts = [str(private.identities[0].recipient), str(private.signing.verify_key)]
    assert fingerprints(private) == tuple(map(fingerprint, texts))
    texts.append(next(text for text in map(str, range(1000)) if fingerprint(text).startswith("0")))
    said = run_page({"task": "fingerprint", "text": text} for text in texts)
    assert [answer["done"].replace("-", " ") for answer in said] == list(map(fingerprint, texts))
