"""Identity files, plain and under a passphrase, and what is said about broken ones."""

import io

import pytest

from intake.errors import Damaged, Usage, WrongPassphrase
from intake.sealing import (
    ArmorWriter,
    HybridIdentity,
    HybridRecipient,
    ScryptRecipient,
    X25519Identity,
    X25519Recipient,
    open_identity_file,
    parse_identities,
    parse_identity,
    parse_recipient,
    seal_bytes,
)

HYBRID = HybridIdentity(bytes(32))
CURVE = X25519Identity(b"\1" * 32)
TEXT = f"# created: 2026-11-23T13:00:00Z\n# public key: {CURVE.recipient}\n{CURVE}\n\n  \n{HYBRID}\n"


def never() -> str:
    pytest.fail("asked for a passphrase")


def test_each_kind_is_told_by_its_beginning() -> None:
    assert parse_identity(str(HYBRID)) == HYBRID
    assert parse_identity(str(CURVE)) == CURVE
    assert parse_recipient(str(HYBRID.recipient)) == HYBRID.recipient
    assert parse_recipient(str(CURVE.recipient)) == CURVE.recipient
    assert isinstance(parse_recipient(str(HYBRID.recipient)), HybridRecipient)
    assert isinstance(parse_recipient(str(CURVE.recipient)), X25519Recipient)


@pytest.mark.parametrize("text", ["", "age1", "age2x", "AGE-SECRET-KEY-1", "AGE-PLUGIN-X-1", "ssh-ed25519 AAAA", "\0"])
def test_other_text_is_neither(text: str) -> None:
    with pytest.raises(Usage):
        parse_recipient(text)
    with pytest.raises(Usage):
        parse_identity(text)


@pytest.mark.parametrize("text", [TEXT, TEXT.replace("\n", "\r\n"), TEXT.strip()])
def test_a_file_holds_comments_blank_lines_and_identities(text: str) -> None:
    assert parse_identities(text) == (CURVE, HYBRID)
    assert open_identity_file(text.encode(), never) == (CURVE, HYBRID)


def test_lines_of_another_use_are_skipped_on_demand_only() -> None:
    text = f"PRIVATE+KEY+x+y\n{TEXT}"
    assert parse_identities(text, skip=("PRIVATE+KEY+",)) == (CURVE, HYBRID)
    with pytest.raises(Usage, match="line 1"):
        parse_identities(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no identity"),
        ("# only a comment\n", "no identity"),
        (f"{CURVE}\n{CURVE.recipient}\n", "line 2"),
        (f"\n\n{str(HYBRID)[:-1]}Q\n", "line 3"),
    ],
)
def test_a_broken_file_is_refused_by_line_and_never_quoted(text: str, message: str) -> None:
    with pytest.raises(Usage, match=message) as refusal:
        parse_identities(text)
    assert "AGE-SECRET-KEY-PQ-1QQ" not in str(refusal.value)


@pytest.mark.parametrize("armor", [False, True])
def test_a_file_under_a_passphrase_opens_by_it(armor: bool) -> None:
    data = seal_bytes(TEXT.encode(), [ScryptRecipient("right", 4)])
    if armor:
        sink = io.BytesIO()
        with ArmorWriter(sink) as writer:
            writer.write(data)
        data = b"\n" + sink.getvalue()
    assert open_identity_file(data, lambda: "right") == (CURVE, HYBRID)
    with pytest.raises(WrongPassphrase):
        open_identity_file(data, lambda: "wrong")
    with pytest.raises(Damaged):
        open_identity_file(data[:-40], lambda: "right")


def test_what_is_no_text_or_endless_is_refused() -> None:
    with pytest.raises(Usage, match="not text"):
        open_identity_file(b"\xff\xfe\0", never)
    with pytest.raises(Usage, match="longer than"):
        open_identity_file(b"#" * (1 << 21), never)
    with pytest.raises(Usage, match="longer than"):
        open_identity_file(seal_bytes(b"#" * (1 << 21), [ScryptRecipient("right", 4)]), lambda: "right")
