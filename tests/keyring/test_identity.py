"""Private files: what goes in comes out, nothing secret is quoted, and a wrong passphrase says so."""

from __future__ import annotations

import io

import pytest

from intake.errors import Damaged, Usage, WrongPassphrase
from intake.keyring import PrivateFile, fingerprint, is_sealed, open_private
from intake.sealing import ArmorWriter, HybridIdentity, X25519Identity, open_bytes, seal_bytes
from tests.harness.keys import PASSPHRASE, QUICK, new_key

ROOT = PrivateFile(new_key("a"))
REVIEWER = PrivateFile(new_key("r1"), (HybridIdentity.generate(),))


@pytest.mark.parametrize("private", [ROOT, REVIEWER], ids=["root", "reviewer"])
def test_a_private_file_round_trips(private: PrivateFile) -> None:
    sealed = private.seal(PASSPHRASE, QUICK)
    assert is_sealed(sealed)
    assert open_private(sealed, PASSPHRASE) == private
    assert open_private(bytes(private), None) == private
    assert not is_sealed(bytes(private))


def test_the_text_says_whose_it_is_and_holds_the_agreed_lines() -> None:
    lines = bytes(REVIEWER).decode().splitlines()
    comments = [line for line in lines if line.startswith("#")]
    secrets = [line for line in lines if not line.startswith("#")]
    recipient = str(REVIEWER.identities[0].recipient)
    assert f"# fingerprint {fingerprint(recipient)}" in comments
    assert [line[:19] for line in secrets] == ["AGE-SECRET-KEY-PQ-1", "PRIVATE+KEY+drop.ex"]
    assert [line for line in bytes(ROOT).decode().splitlines() if not line.startswith("#")] == [str(ROOT.signing)]


def test_an_armored_file_opens_too() -> None:
    sink = io.BytesIO()
    with ArmorWriter(sink) as armor:
        armor.write(REVIEWER.seal(PASSPHRASE, QUICK))
    assert open_private(sink.getvalue(), PASSPHRASE) == REVIEWER


def test_a_wrong_passphrase_says_so() -> None:
    sealed = REVIEWER.seal(PASSPHRASE, QUICK)
    with pytest.raises(WrongPassphrase, match="does not open this private file"):
        open_private(sealed, "another")
    with pytest.raises(Usage, match="needs its passphrase"):
        open_private(sealed, None)


def test_an_identity_is_not_a_passphrase_file() -> None:
    identity = X25519Identity.generate()
    sealed = seal_bytes(bytes(ROOT), [identity.recipient])
    assert open_bytes(sealed, [identity]) == bytes(ROOT)
    with pytest.raises(WrongPassphrase):
        open_private(sealed, PASSPHRASE)


def test_a_damaged_file_is_damaged() -> None:
    sealed = bytearray(REVIEWER.seal(PASSPHRASE, QUICK))
    sealed[-1] ^= 1
    with pytest.raises(Damaged):
        open_private(bytes(sealed), PASSPHRASE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "holds 0 signing keys"),
        (b"# a comment\n\n", "holds 0 signing keys"),
        (f"{ROOT.signing}\n{ROOT.signing}\n".encode(), "holds 2 signing keys"),
        (bytes(ROOT) + b"hello\n", "line 5 of the private file is neither a comment nor a key"),
        (f"{ROOT.signing}"[:-4].encode(), "line 1 of the private file is damaged: this is not a private signing key"),
        (bytes(REVIEWER).replace(b"AGE-SECRET-KEY-PQ-1", b"AGE-SECRET-KEY-PQ-1Q"), "is damaged"),
        (b"\xff\xfe", "holds no text"),
        (b"#" * 1024 * 1024 + b"\n", "too large for a private file"),
    ],
)
def test_texts_that_are_none(text: bytes, message: str) -> None:
    with pytest.raises(Damaged, match=message) as caught:
        open_private(text, None)
    seen = f"{caught.value} {caught.value.advice}"
    assert str(ROOT.signing)[-20:] not in seen
    assert str(REVIEWER.identities[0])[20:40] not in seen
