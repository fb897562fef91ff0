"""Signed notes against the published examples of their specification and of Go's sumdb/note, and against damage."""

from __future__ import annotations

from dataclasses import replace

import nacl.bindings
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import KeyringRefused
from intake.keyring import SignedNote, SigningKey, VerifyKey

# From the documentation of golang.org/x/mod/sumdb/note.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
BY_PETER = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
BY_ENOCH = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"

# From c2sp.org/signed-note.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


def test_the_specifications_example() -> None:
    key = VerifyKey.parse(EXAMPLE_KEY)
    note = SignedNote.parse(EXAMPLE.encode())
    assert note.text == b"This is an example message.\n"
    assert note.signers([key]) == (key,)
    assert bytes(note) == EXAMPLE.encode()
    assert str(key) == EXAMPLE_KEY


def test_gos_example_is_signed_alike() -> None:
    key = SigningKey.parse(PETER_PRIVATE)
    assert str(key) == PETER_PRIVATE
    assert str(key.verify_key) == PETER
    assert bytes(SignedNote.sign(TEXT.encode(), key)).decode() == f"{TEXT}\n{BY_PETER}"


def test_gos_example_of_two_signers() -> None:
    peter, enoch = VerifyKey.parse(PETER), VerifyKey.parse(ENOCH)
    note = SignedNote.parse(f"{TEXT}\n{BY_PETER}{BY_ENOCH}".encode())
    assert note.signers([peter]) == (peter,)
    assert note.signers([peter, enoch]) == (peter, enoch)
    assert note.signers([]) == ()
    doubled = SignedNote.parse(f"{TEXT}\n{BY_PETER}{BY_PETER}{BY_ENOCH}{BY_ENOCH}".encode())
    assert doubled.signers([enoch, peter]) == (peter, enoch)


@pytest.mark.parametrize("key", [PETER, ENOCH, EXAMPLE_KEY])
def test_every_piece_and_every_changed_byte_of_a_key_is_refused(key: str) -> None:
    for start in range(len(key)):
        for end in range(start + 1, len(key) + 1):
            if (start, end) != (0, len(key)):
                with pytest.raises(KeyringRefused):
                    VerifyKey.parse(key[start:end])
    for place, character in enumerate(key):
        with pytest.raises(KeyringRefused):
            VerifyKey.parse(key[:place] + chr(ord(character) + 1) + key[place + 1 :])


def test_every_piece_and_every_changed_byte_of_a_private_key_is_refused() -> None:
    for start in range(len(PETER_PRIVATE)):
        for end in range(start + 1, len(PETER_PRIVATE) + 1):
            if (start, end) != (0, len(PETER_PRIVATE)):
                with pytest.raises(KeyringRefused):
                    SigningKey.parse(PETER_PRIVATE[start:end])
    for place, character in enumerate(PETER_PRIVATE):
        with pytest.raises(KeyringRefused) as caught:
            SigningKey.parse(PETER_PRIVATE[:place] + chr(ord(character) + 1) + PETER_PRIVATE[place + 1 :])
        assert "AYEKFAL" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", "not a public signing key"),
        ("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "of another kind than Ed25519"),
        (PETER.replace("c74f20a3", "C74F20A3"), "does not fit its own hash"),
        (PETER.replace("c74f20a3", "c74f20a4"), "does not fit its own hash"),
        (PETER + "\n", "not a public signing key"),
        ("Peter Neumann" + PETER[12:], "not a public signing key"),
        ("", "not a public signing key"),
    ],
)
def test_keys_that_are_none(key: str, message: str) -> None:
    with pytest.raises(KeyringRefused, match=message):
        VerifyKey.parse(key)


@pytest.mark.parametrize(
    ("note", "message"),
    [
        (TEXT, "no empty line"),
        (TEXT + "\n", "not signed by anybody"),
        (f"{TEXT}\n{BY_PETER}"[:-1], "cut off"),
        (f"\x01{TEXT}\n{BY_PETER}", "control character"),
        (f"{TEXT}\n— Bad Name {BY_PETER.split()[2]}\n", "is not a signature"),
        (f"{TEXT}\n{BY_PETER}Unexpected line.\n", "is not a signature"),
        (f"{TEXT}\n{BY_PETER}".replace("=", ""), "is not a signature"),
        (f"{TEXT}\n{BY_PETER.replace('—', '-')}", "is not a signature"),
        (f"{TEXT}\n{BY_PETER.replace('AM=', 'AN=')}", "is not a signature"),
        (f"{TEXT}\n— PeterNeumann x08gow==\n\n", "not signed by anybody"),
        (f"{TEXT}\n— PeterNeumann x08gow==\n", "is not a signature"),
        (f"{TEXT}\n{BY_PETER * 101}", "more than 100 signatures"),
    ],
)
def test_notes_that_are_none(note: str, message: str) -> None:
    with pytest.raises(KeyringRefused, match=message):
        SignedNote.parse(note.encode())


def test_a_note_that_is_not_utf8() -> None:
    with pytest.raises(KeyringRefused, match="not UTF-8"):
        SignedNote.parse(b"\xff" + f"{TEXT}\n{BY_PETER}".encode())


def test_a_known_keys_signature_of_a_wrong_length_is_false() -> None:
    note = SignedNote.parse(f"{TEXT}\n{BY_PETER}".encode())
    short = replace(note, signatures=(replace(note.signatures[0], value=note.signatures[0].value[:-1]),))
    with pytest.raises(KeyringRefused, match="PeterNeumann is not genuine"):
        short.signers([VerifyKey.parse(PETER)])


def test_a_signature_with_a_stretched_scalar_is_false() -> None:
    """RFC 8032 asks for S below the group's order; who forgets lets one signature be written in many ways."""
    order = 2**252 + 27742317777372353535851937790883648493
    note = SignedNote.parse(f"{TEXT}\n{BY_PETER}".encode())
    value = note.signatures[0].value
    scalar = int.from_bytes(value[32:], "little") + order
    stretched = replace(note.signatures[0], value=value[:32] + scalar.to_bytes(32, "little"))
    with pytest.raises(KeyringRefused, match="not genuine"):
        replace(note, signatures=(stretched,)).signers([VerifyKey.parse(PETER)])


def test_a_private_key_of_another_kind() -> None:
    with pytest.raises(KeyringRefused, match="the private key of PeterNeumann is of another kind"):
        SigningKey.parse(PETER_PRIVATE.replace("+AYEK", "+AoEK"))


def test_points_of_small_order_are_no_keys() -> None:
    for point in (bytes(32), bytes([1]) + bytes(31), b"\xec" + b"\xff" * 30 + b"\x7f"):
        assert not nacl.bindings.crypto_core_ed25519_is_valid_point(point)
        with pytest.raises(KeyringRefused, match="no point of the curve's main group"):
            VerifyKey.parse(str(VerifyKey("drop.example/a", point)))


def test_two_keys_of_one_name_and_hash_are_refused() -> None:
    peter = VerifyKey.parse(PETER)

    class Twin(VerifyKey):
        @property
        def key_hash(self) -> bytes:
            return peter.key_hash

    twin = Twin("PeterNeumann", VerifyKey.parse(ENOCH).public)
    with pytest.raises(KeyringRefused, match="two keys claim the name PeterNeumann"):
        SignedNote(b"text\n").signers([peter, twin])


def test_signing_again_replaces_the_earlier_signature() -> None:
    key, other = SigningKey.generate("drop.example/a"), SigningKey.generate("drop.example/b")
    note = SignedNote.sign(b"text\n", key, other)
    assert note.with_signature(key).signers([key.verify_key, other.verify_key]) == (other.verify_key, key.verify_key)
    assert len(note.with_signature(key).signatures) == 2


def test_private_keys_are_not_shown_by_accident() -> None:
    key = SigningKey.parse(PETER_PRIVATE)
    assert "seed" not in repr(key)
    assert "AYEKFAL" not in repr(key)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u00a0b", "a\nb"])
def test_names_that_would_break_a_note(name: str) -> None:
    with pytest.raises(KeyringRefused, match="name"):
        SigningKey.generate(name)


_lines = st.lists(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=30), min_size=1)


@given(_lines)
def test_any_text_round_trips(lines: list[str]) -> None:
    text = ("\n".join(lines) + "\n").encode()
    key = SigningKey.parse(PETER_PRIVATE)
    note = SignedNote.sign(text, key)
    again = SignedNote.parse(bytes(note))
    assert again == note
    assert again.signers([key.verify_key]) == (key.verify_key,)


@given(st.integers(min_value=0), st.integers(1, 255))
def test_any_changed_byte_of_the_text_is_refused(place: int, change: int) -> None:
    note = bytearray(f"{TEXT}\n{BY_PETER}".encode())
    note[place % len(TEXT.encode())] ^= change
    with pytest.raises(KeyringRefused):
        SignedNote.parse(bytes(note)).signers([VerifyKey.parse(PETER)])


@given(st.integers(min_value=0), st.integers(1, 255))
def test_a_changed_byte_below_the_text_never_leaves_another_text_believed(place: int, change: int) -> None:
    whole = f"{TEXT}\n{BY_PETER}".encode()
    below = len(TEXT.encode())
    note = bytearray(whole)
    note[below + place % (len(whole) - below)] ^= change
    try:
        parsed = SignedNote.parse(bytes(note))
        signers = parsed.signers([VerifyKey.parse(PETER)])
    except KeyringRefused:
        return
    assert signers == ()


@given(st.binary(max_size=200))
def test_junk_is_refused_and_nothing_else_happens(junk: bytes) -> None:
    with pytest.raises(KeyringRefused):
        SignedNote.parse(junk)
