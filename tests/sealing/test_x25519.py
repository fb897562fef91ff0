"""X25519: the specification's keys, exact lengths, and no point that makes everybody's secret the same."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from intake.errors import Damaged, Usage
from intake.sealing.header import Header, Stanza, encode_base64
from intake.sealing.hybrid import HybridIdentity
from intake.sealing.x25519 import X25519Identity, X25519Recipient
from tests.sealing.test_header import EXAMPLE

# Public, and in two pieces so that no scanner takes it for a secret: c2sp.org/age, "The X25519 recipient type".
IDENTITY = "AGE-SECRET-KEY-" + "1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
RECIPIENT = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
FILE_KEY = bytes(range(16))


def test_the_keys_of_the_specification() -> None:
    identity = X25519Identity.parse(IDENTITY)
    assert identity.secret == b"\x42" * 32
    assert str(identity) == IDENTITY
    assert str(identity.recipient) == RECIPIENT
    assert X25519Recipient.parse(RECIPIENT) == identity.recipient
    (example,) = Header.parse(EXAMPLE).stanzas
    assert identity.unwrap(example) is None


def test_a_file_key_reaches_its_identity_and_no_other() -> None:
    identity = X25519Identity.generate()
    (stanza,) = identity.recipient.wrap(FILE_KEY)
    (again,) = identity.recipient.wrap(FILE_KEY)
    assert identity.unwrap(stanza) == FILE_KEY
    assert stanza != again
    assert X25519Identity.generate().unwrap(stanza) is None
    assert identity.unwrap(replace(stanza, kind="x25519")) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda s: replace(s, args=()),
        lambda s: replace(s, args=(*s.args, "more")),
        lambda s: replace(s, args=(encode_base64(bytes(31)),)),
        lambda s: replace(s, args=(encode_base64(bytes(33)),)),
        lambda s: replace(s, args=(s.args[0] + "=",)),
        lambda s: replace(s, body=s.body[:-1]),
        lambda s: replace(s, body=s.body + b"\0"),
        lambda s: replace(s, args=(encode_base64(bytes(32)),)),
        lambda s: replace(s, args=(encode_base64(b"\1" + bytes(31)),)),
    ],
)
def test_malformed_stanzas_are_refused(change: Callable[[Stanza], Stanza]) -> None:
    identity = X25519Identity.generate()
    (stanza,) = identity.recipient.wrap(FILE_KEY)
    with pytest.raises(Damaged):
        identity.unwrap(change(stanza))


def test_nobody_is_sealed_to_a_point_of_low_order() -> None:
    for public in (bytes(32), b"\1" + bytes(31)):
        with pytest.raises(Usage, match="low order"):
            X25519Recipient(public).wrap(FILE_KEY)


@pytest.mark.parametrize("text", [IDENTITY, "", "age1", RECIPIENT[:-1], RECIPIENT.upper(), RECIPIENT + " "])
def test_other_text_is_no_recipient(text: str) -> None:
    with pytest.raises(Usage):
        X25519Recipient.parse(text)


@pytest.mark.parametrize("text", [RECIPIENT, "", IDENTITY.lower(), str(HybridIdentity(bytes(32)))])
def test_other_text_is_no_identity(text: str) -> None:
    with pytest.raises(Usage) as refusal:
        X25519Identity.parse(text)
    assert not text or text not in str(refusal.value)


def test_the_secret_is_not_shown() -> None:
    assert "B" * 8 not in repr(X25519Identity.parse(IDENTITY))
    assert "secret" not in repr(X25519Identity.parse(IDENTITY))
