"""The hybrid: the specification's keys, exact lengths, and the low-order points that must fail for every reader."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from intake.errors import Damaged, Usage
from intake.sealing.header import Header, Stanza, decode_base64, encode_base64
from intake.sealing.hybrid import _LOW_ORDER, HybridIdentity, HybridRecipient
from intake.sealing.x25519 import X25519Identity

# Public, and in two pieces so that no scanner takes it for a secret: c2sp.org/age, "The MLKEM768-X25519 hybrid
# recipient type"; its recipient (1,960 characters) by its SHA-256.
IDENTITY = "AGE-SECRET-KEY-PQ-" + "1XX76JRALNLXDMEW0CRK45QMCCH4X06SE84UN3VPM33W6HWDX0H3SK3ZQFR"
RECIPIENT_SHA256 = "a091dd7e0ee9d62b75173dcc98441a0424baa941e66a8776e570a4ae60ff61ea"
FILE_KEY = bytes(range(16))


@pytest.fixture(scope="module")
def identity() -> HybridIdentity:
    return HybridIdentity.parse(IDENTITY)


def test_the_keys_of_the_specification(identity: HybridIdentity) -> None:
    assert str(identity) == IDENTITY
    text = str(identity.recipient)
    assert hashlib.sha256(text.encode()).hexdigest() == RECIPIENT_SHA256
    assert HybridRecipient.parse(text) == identity.recipient
    assert hash(HybridRecipient.parse(text)) == hash(identity.recipient)


def test_a_file_key_reaches_its_identity_and_no_other(identity: HybridIdentity) -> None:
    (stanza,) = identity.recipient.wrap(FILE_KEY)
    (again,) = identity.recipient.wrap(FILE_KEY)
    assert identity.unwrap(stanza) == FILE_KEY
    assert stanza != again
    assert HybridIdentity.generate().unwrap(stanza) is None
    assert identity.unwrap(replace(stanza, kind="MLKEM768X25519")) is None


def test_a_stanza_is_of_the_size_that_the_sizes_of_reports_are_counted_with(identity: HybridIdentity) -> None:
    stanzas = identity.recipient.wrap(FILE_KEY)
    assert len(bytes(stanzas[0])) == 1557
    assert Header.make(stanzas * 3, FILE_KEY).size + 16 == 86 + 3 * 1557


def _share(stanza: Stanza, change: Callable[[bytes], bytes]) -> Stanza:
    return replace(stanza, args=(encode_base64(change(decode_base64(stanza.args[0]))),))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: replace(s, args=()),
        lambda s: replace(s, args=(*s.args, "more")),
        lambda s: replace(s, args=(s.args[0] + "=",)),
        lambda s: _share(s, lambda share: share[:-1]),
        lambda s: _share(s, lambda share: share + b"\0"),
        lambda s: replace(s, body=s.body[:-1]),
        lambda s: replace(s, body=s.body + b"\0"),
    ],
)
def test_malformed_stanzas_are_refused(identity: HybridIdentity, change: Callable[[Stanza], Stanza]) -> None:
    (stanza,) = identity.recipient.wrap(FILE_KEY)
    with pytest.raises(Damaged):
        identity.unwrap(change(stanza))


@pytest.mark.parametrize("point", sorted(_LOW_ORDER))
@pytest.mark.parametrize("spelling", [0, 2**255 - 19, 2**255])
def test_points_of_low_order_are_refused_in_every_spelling(identity: HybridIdentity, point: int, spelling: int) -> None:
    # Below 2^255 a small u has a second spelling with p added; the top bit is ignored by X25519.
    spelt = point + spelling
    if spelling == 2**255 - 19 and spelt >= 2**255:
        spelt = point
    (stanza,) = identity.recipient.wrap(FILE_KEY)
    with pytest.raises(Damaged, match="low order"):
        identity.unwrap(_share(stanza, lambda share: share[:-32] + spelt.to_bytes(32, "little")))
    from nacl.bindings import crypto_scalarmult
    from nacl.exceptions import RuntimeError as SodiumError

    with pytest.raises(SodiumError):
        crypto_scalarmult(b"\x42" * 32, spelt.to_bytes(32, "little"))


def test_a_changed_share_is_somebody_elses(identity: HybridIdentity) -> None:
    (stanza,) = identity.recipient.wrap(FILE_KEY)
    for at in (0, 1000, 1087, 1088, 1119):
        share = bytearray(decode_base64(stanza.args[0]))
        share[at] ^= 1
        assert identity.unwrap(replace(stanza, args=(encode_base64(share),))) is None


@pytest.mark.parametrize(
    "text",
    ["", "age1pq1", IDENTITY, str(X25519Identity(bytes(32)).recipient), str(HybridIdentity(bytes(32)).recipient)[:-1]],
)
def test_other_text_is_no_recipient(text: str) -> None:
    with pytest.raises(Usage):
        HybridRecipient.parse(text)


def test_keys_of_a_wrong_length_or_out_of_range_are_refused() -> None:
    public = HybridIdentity(bytes(32)).recipient.public
    for wrong in (b"", public[:-1], public + b"\0", b"\xff" * 1184 + public[1184:]):
        with pytest.raises(Usage):
            HybridRecipient(wrong)
    for seed in (b"", bytes(31), bytes(33)):
        with pytest.raises(Usage):
            HybridIdentity(seed)


def test_nobody_is_sealed_to_a_point_of_low_order() -> None:
    public = HybridIdentity(bytes(32)).recipient.public
    with pytest.raises(Usage, match="low order"):
        HybridRecipient(public[:1184] + bytes(32)).wrap(FILE_KEY)


def test_the_secret_is_not_shown(identity: HybridIdentity) -> None:
    assert "seed" not in repr(identity)
    assert "_key" not in repr(identity)
