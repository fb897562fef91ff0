"""The roots' note about a form file: which file, which keyring, and how many of them said so."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from intake.errors import Closed, KeyringRefused, Usage
from intake.keyring import SignedNote, SigningKey
from intake.keyring.form import FormNote, check_form, keyring_in
from intake.keyring.trust import verify_chain
from tests.harness.carried import carried_bytes
from tests.harness.keys import TODAY, World, make_world, new_key


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def form(world: World) -> bytes:
    return carried_bytes(world)


def _note(form: bytes, *keys: SigningKey) -> SignedNote:
    return SignedNote.sign(bytes(FormNote.of(form)), *keys)


def test_a_note_says_which_file_it_is_and_reads_back(world: World, form: bytes) -> None:
    said = FormNote.of(form)
    assert said == FormNote("drop.example", 1, len(form), hashlib.sha256(form).hexdigest())
    assert FormNote.parse(bytes(said)) == said
    assert keyring_in(form) == world.note


def test_the_threshold_of_roots_makes_it_genuine(world: World, form: bytes) -> None:
    said, signers = check_form(form, _note(form, *world.roots[1:]), world.chain(), TODAY)
    assert said == FormNote.of(form)
    assert [root.label for root in signers] == ["b", "c"]


def test_one_signature_twice_or_a_strangers_is_not_enough(world: World, form: bytes) -> None:
    for note in (
        _note(form, world.roots[0]),
        _note(form, world.roots[0], world.roots[0]),
        _note(form, world.roots[0], new_key("d"), world.drop_key, world.reviewer_keys[0]),
        SignedNote(bytes(FormNote.of(form))),
    ):
        with pytest.raises(KeyringRefused, match=r"has [01] of the 2 signatures"):
            check_form(form, note, world.chain(), TODAY)


@pytest.mark.parametrize("place", [0, 5_000, 100_000, -1])
def test_a_file_that_differs_in_one_bit_is_another(world: World, form: bytes, place: int) -> None:
    changed = bytearray(form)
    changed[place] ^= 1
    with pytest.raises((KeyringRefused, Usage)):
        check_form(bytes(changed), _note(form, *world.roots), world.chain(), TODAY)


def test_the_file_is_named_by_both_its_digests(world: World, form: bytes) -> None:
    other = form.replace(b"carried-form", b"carried-fore")
    with pytest.raises(KeyringRefused) as caught:
        check_form(other, _note(form, *world.roots), world.chain(), TODAY)
    assert hashlib.sha256(form).hexdigest() in str(caught.value)
    assert hashlib.sha256(other).hexdigest() in str(caught.value)


def test_a_signature_moved_to_another_text_is_not_genuine(world: World, form: bytes) -> None:
    other = form.replace(b"carried-form", b"carried-fore")
    forged = SignedNote(bytes(FormNote.of(other)), _note(form, *world.roots).signatures)
    with pytest.raises(KeyringRefused, match="is not genuine"):
        check_form(other, forged, world.chain(), TODAY)


@pytest.mark.parametrize("changes", [{"keyring": 2}, {"origin": "other.example"}, {"size": 1}])
def test_what_else_it_says_must_be_so(world: World, form: bytes, changes: dict[str, object]) -> None:
    said = replace(FormNote.of(form), **changes)  # type: ignore[arg-type]  # fields are named by the test
    with pytest.raises(KeyringRefused, match="speaks of keyring"):
        check_form(form, SignedNote.sign(bytes(said), *world.roots), world.chain(), TODAY)


def test_after_a_rotation_the_roots_of_its_own_keyring_count(world: World, form: bytes, tmp_path: Path) -> None:
    replaced = (world.roots[0], world.roots[1], new_key("d"))
    later = replace(world, folder=tmp_path).next(roots=replaced)
    check_form(form, _note(form, *world.roots[1:]), later.chain(), TODAY)
    with pytest.raises(KeyringRefused, match="has 1 of the 2"):
        check_form(form, _note(form, world.roots[0], replaced[2]), later.chain(), TODAY)


def test_a_closed_one_is_genuine_and_of_no_use(world: World, form: bytes, tmp_path: Path) -> None:
    note = _note(form, *world.roots)
    with pytest.raises(Closed, match="genuine"):
        check_form(form, note, world.chain(), world.keyring.closes)
    check_form(form, note, world.chain(), world.keyring.closes - timedelta(days=1))
    closed = replace(world, folder=tmp_path).next(closed_through=1)
    with pytest.raises(Closed, match="genuine"):
        check_form(form, note, closed.chain(), TODAY)


def test_a_keyring_outside_the_chain_proves_nothing(world: World, form: bytes, tmp_path: Path) -> None:
    strangers = make_world(tmp_path)
    with pytest.raises(KeyringRefused, match=r"has 0 of the 2"):
        check_form(form, _note(form, *world.roots), strangers.chain(), TODAY)
    two = replace(world, folder=tmp_path / "two").next()
    newest = verify_chain(two.notes[1:], roots=two.typed, pin=None, today=TODAY)
    with pytest.raises(KeyringRefused, match="not among those that were checked"):
        check_form(form, _note(form, *world.roots), newest, TODAY)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("amonat/form/1", "amonat/form/2", "newer format"),
        ("sha256 ", "sha256 A", "64 hex digits"),
        ("size ", "size 0", "not a plain number"),
        ("keyring 1", "keyring 0", "between 1 and"),
        ("keyring 1\n", "", "'keyring' is missing"),
        ("origin drop", "origin Drop", "U\\+0044"),
        ("sha256", "name A. Person\nsha256", "unknown line"),
    ],
)
def test_it_is_read_strictly(form: bytes, old: str, new: str, reason: str) -> None:
    text = bytes(FormNote.of(form)).decode().replace(old, new, 1)
    with pytest.raises(KeyringRefused, match=reason):
        FormNote.parse(text.encode())


def test_a_file_without_a_keyring_or_with_two_is_no_form(form: bytes) -> None:
    block = form[form.index(b'<script type="text/plain" id="keyring">') :]
    for content in (b"", b"<!doctype html>", form + block):
        with pytest.raises(Usage, match="no form file"):
            FormNote.of(content)
