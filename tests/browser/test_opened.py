"""The page reads age files: the published hybrid vectors, what Python sealed, and whatever else is thrown at it."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from pathlib import Path

import pytest

from intake.sealing import HybridIdentity, Identity, seal_bytes
from tests.harness.page_code import run_page
from tests.harness.vectors import published

CHUNK = 65_536
EXPECTED = {"header failure": 8, "no match": 5, "success": 4}
"""How many of each: a suite that shrank must not pass unseen."""


def _task(identity: HybridIdentity, file: bytes) -> dict[str, str]:
    return {"task": "open", "seed": _text(identity.seed), "file": _text(file)}


def _only(identities: tuple[Identity, ...]) -> HybridIdentity:
    (identity,) = identities
    assert isinstance(identity, HybridIdentity)
    return identity


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_the_published_hybrid_vectors_get_the_right_verdict(tmp_path: Path) -> None:
    hybrid = {
        name: vector
        for name, vector in published(tmp_path).items()
        if vector.identities and not vector.armored and all(isinstance(i, HybridIdentity) for i in vector.identities)
    }
    said = run_page(_task(_only(vector.identities), vector.file) for vector in hybrid.values())
    verdicts = {
        name: "success" if "done" in answer else answer["refused"] for name, answer in zip(hybrid, said, strict=True)
    }
    assert verdicts == {name: vector.expect for name, vector in hybrid.items()}
    assert Counter(verdicts.values()) == EXPECTED
    for vector, answer in zip(hybrid.values(), said, strict=True):
        if vector.expect == "success":
            assert hashlib.sha256(base64.b64decode(answer["done"])).hexdigest() == vector.payload


@pytest.mark.parametrize("recipients", [1, 3])
def test_the_page_opens_what_python_sealed_at_every_chunk_boundary(recipients: int) -> None:
    identities = [HybridIdentity.generate() for _ in range(recipients)]
    plain = [bytes(i % 251 for i in range(size)) for size in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 150_000)]
    sealed = [seal_bytes(each, [identity.recipient for identity in identities]) for each in plain]
    said = run_page(_task(identities[-1], file) for file in sealed)
    assert [base64.b64decode(answer["done"]) for answer in said] == plain


def test_an_identity_has_the_recipient_that_python_gives_it() -> None:
    identity = HybridIdentity.generate()
    (said,) = run_page([{"task": "recipient", "seed": _text(identity.seed)}])
    assert said["done"] == identity.recipient.public.hex()


def test_whatever_is_cut_off_altered_or_sealed_to_others_is_refused() -> None:
    identity, other = HybridIdentity.generate(), HybridIdentity.generate()
    sealed = seal_bytes(b"x" * (CHUNK + 10), [identity.recipient])
    header = sealed.index(b"\n---") + 49
    spoilt = {
        "header failure": [b"", b"age", sealed[:100], sealed[: header + 8], sealed.replace(b"-> mlkem", b"->  mlkem")],
        "no match": [seal_bytes(b"x", [other.recipient]), sealed.replace(b"mlkem768", b"mlkem769")],
        "HMAC failure": [sealed[: header - 10] + b"AAA" + sealed[header - 7 :]],
        "payload failure": [sealed[: header + 16], sealed[:-1], sealed + b"x", sealed[:-1] + bytes([sealed[-1] ^ 1])],
    }
    for failure, files in spoilt.items():
        assert [answer.get("refused") for answer in run_page(_task(identity, file) for file in files)] == [
            failure for _ in files
        ]
