"""Exchange with typage, an implementation of age that is none of ours, under node: both ways, at every chunk edge."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest

from intake.sealing import (
    HybridIdentity,
    Recipient,
    ScryptIdentity,
    ScryptRecipient,
    Sealer,
    X25519Identity,
    open_bytes,
    open_sealed,
    seal_bytes,
)
from tests.harness.node import filtered, node_command, run_node
from tests.harness.sealing import BOUNDARIES, pattern

HYBRID, CURVE = HybridIdentity.generate(), X25519Identity.generate()


def typage(jobs: list[dict[str, Any]]) -> list[bytes]:
    answers = json.loads(run_node("batch.mjs", data=json.dumps(jobs).encode()))
    assert not [answer for answer in answers if isinstance(answer, dict)]
    return [base64.b64decode(answer) for answer in answers]


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("identity", [HYBRID, CURVE], ids=["hybrid", "x25519"])
def test_what_typage_seals_we_open(identity: HybridIdentity | X25519Identity) -> None:
    recipients = [str(type(identity).generate().recipient), str(identity.recipient)]
    sealed = typage([{"seal": recipients, "plain": text(pattern(length))} for length in BOUNDARIES])
    for length, data in zip(BOUNDARIES, sealed, strict=True):
        assert open_bytes(data, [identity]) == pattern(length), length


@pytest.mark.parametrize("identity", [HYBRID, CURVE], ids=["hybrid", "x25519"])
def test_what_we_seal_typage_opens(identity: HybridIdentity | X25519Identity) -> None:
    recipients: list[Recipient] = [type(identity).generate().recipient, identity.recipient]
    jobs = [{"open": [str(identity)], "sealed": text(seal_bytes(pattern(length), recipients))} for length in BOUNDARIES]
    for length, plain in zip(BOUNDARIES, typage(jobs), strict=True):
        assert plain == pattern(length), length


def test_passphrases_go_both_ways() -> None:
    plain = pattern(70_000)
    passphrase = "қалъа бо дарё"
    sealed, opened = typage(
        [
            {"passphrase": passphrase, "factor": 6, "plain": text(plain)},
            {"unlock": passphrase, "sealed": text(seal_bytes(plain, [ScryptRecipient(passphrase, 6)]))},
        ]
    )
    assert open_bytes(sealed, [ScryptIdentity(passphrase)]) == plain
    assert opened == plain


def test_a_mixed_file_opens_for_both() -> None:
    # typage seals one when asked to, against the specification's advice; we only read it.
    (mixed,) = typage([{"seal": [str(HYBRID.recipient), str(CURVE.recipient)], "plain": text(b"x")}])
    assert open_bytes(mixed, [HYBRID]) == open_bytes(mixed, [CURVE]) == b"x"


@pytest.mark.long
@pytest.mark.parametrize("identity", [HYBRID, CURVE], ids=["hybrid", "x25519"])
def test_300_megabytes_go_both_ways_in_a_stream(identity: HybridIdentity | X25519Identity, tmp_path: Path) -> None:
    length, portion = 300_000_000, pattern(200_003)
    plain, ours, theirs, back = (tmp_path / name for name in ("plain", "ours", "theirs", "back"))
    with plain.open("wb") as file, ours.open("wb") as sink, Sealer(sink, [identity.recipient]) as sealer:
        for start in range(0, length, len(portion)):
            part = portion[: length - start]
            file.write(part)
            sealer.write(part)
    filtered(node_command("filter.mjs", "seal", str(identity.recipient)), plain, theirs)
    filtered(node_command("filter.mjs", "open", str(identity)), ours, back)
    for path, opener in ((back, None), (theirs, identity)):
        with path.open("rb") as raw, plain.open("rb") as wanted:
            source: io.BufferedIOBase = open_sealed(raw, [opener]) if opener else raw
            while part := source.read(1 << 20):
                assert part == wanted.read(len(part))
            assert wanted.read(1) == b""
