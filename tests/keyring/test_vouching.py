"""`intake keys form-sign` and `form-verify` as people run them: the real form, real files."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from intake.errors import Exit
from tests.harness.carried import carried_bytes
from tests.harness.keys import PASSPHRASE, World, make_world, new_key
from tests.keyring.test_commands import Done, keys


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = make_world(tmp_path, today=datetime.now(UTC).date())
    (tmp_path / "form.html").write_bytes(carried_bytes(world))
    return world


def _sign(world: World, *labels: str) -> Done:
    done = Done(0, "", "")
    for label in labels:
        done = keys("form-sign", "form.html", "--key", f"root-{label}.age", folder=world.folder, secrets=(PASSPHRASE,))
    return done


def _roots(world: World) -> list[str]:
    return ["--root", *world.fingerprints]


def _verify(world: World, *more: str) -> Done:
    return keys("form-verify", "form.html", *more, folder=world.folder)


def test_two_roots_sign_in_turn_and_a_stranger_to_us_believes_paper(world: World) -> None:
    assert "1 of the 2 signatures it needs" in _sign(world, "a").err
    refused = _verify(world, *_roots(world))
    assert refused.status == Exit.KEYRING
    assert "has 1 of the 2 signatures" in refused.err
    assert "form-sign" in refused.err
    signed = _sign(world, "c")
    assert "2 of the 2" in signed.err
    digest = hashlib.sha256((world.folder / "form.html").read_bytes()).hexdigest()
    assert digest in signed.err
    done = _verify(world, *_roots(world))
    assert done.status == Exit.OK, done.err
    assert "Genuine: roots a, c signed this form of drop.example." in done.out
    assert digest in done.out
    facts = _verify(world, *_roots(world), "--json").facts
    assert (facts["verdict"], facts["sha256"], facts["signed_by"]) == ("genuine", digest, ["a", "c"])


def test_a_changed_form_is_refused_and_named(world: World) -> None:
    _sign(world, "a", "b")
    path = world.folder / "form.html"
    path.write_bytes(path.read_bytes().replace(b"carried-form", b"carried-fore"))
    done = _verify(world, *_roots(world))
    assert done.status == Exit.KEYRING
    assert "this is not the file that the roots signed" in done.err
    assert "Don't use it" in done.err


def test_another_origins_whole_set_is_refused_by_the_paper(world: World, tmp_path: Path) -> None:
    """A copy with its own roots, its own keyring and its own note: all of it agrees with itself."""
    theirs = make_world(tmp_path / "theirs", today=world.today)
    (theirs.folder / "form.html").write_bytes(carried_bytes(theirs))
    _sign(theirs, "a", "b")
    assert _verify(theirs, *_roots(theirs)).status == Exit.OK
    done = _verify(theirs, *_roots(world))
    assert done.status == Exit.KEYRING
    assert "not among the roots" in done.err


def test_a_pin_is_trust_too_and_nothing_is_none(world: World) -> None:
    _sign(world, "a", "b")
    done = keys("keyring-verify", "keyring.note", *_roots(world), "--pin-out", "pin", folder=world.folder)
    assert done.status == Exit.OK, done.err
    assert _verify(world, "--pin", "pin").status == Exit.OK
    nothing = _verify(world)
    assert nothing.status == Exit.USAGE
    assert "nothing says whom to trust" in nothing.err


def test_paper_from_before_a_root_was_replaced_needs_the_keyrings_between(world: World) -> None:
    newer = world.next(roots=(world.roots[2], new_key("d"), new_key("e")))
    (world.folder / "form.html").write_bytes(carried_bytes(newer))
    _sign(newer, "d", "e")
    paper = ["--root", *world.fingerprints[:2]]
    done = _verify(newer, *paper)
    assert done.status == Exit.KEYRING
    between = _verify(newer, *paper, "--keyring", "keyring-1.note")
    assert between.status == Exit.OK, between.err


def test_an_older_form_is_genuine_and_said_to_be_old(world: World) -> None:
    _sign(world, "a", "b")
    world.next()
    done = _verify(world, *_roots(world), "--keyring", "keyring-2.note")
    assert done.status == Exit.OK, done.err
    assert "keyring 2 is newer: a newer form should be there" in done.err
    late = _verify(world, *_roots(world), "--at", str(world.keyring.expires))
    assert late.status == Exit.OK
    assert f"a newer form was due on {world.keyring.expires}" in late.err
    assert _verify(world, *_roots(world), "--at", str(world.keyring.closes)).status == Exit.CLOSED


def test_signing_refuses_what_is_not_this_roots_to_sign(world: World, tmp_path: Path) -> None:
    _sign(world, "a")
    before = (world.folder / "form.note").read_bytes()
    other = replace(world, folder=tmp_path / "other").next()
    (world.folder / "form.html").write_bytes(carried_bytes(other))
    elsewhere = _sign(world, "b")
    assert elsewhere.status == Exit.FAULT
    assert "speaks of another form" in elsewhere.err
    assert (world.folder / "form.note").read_bytes() == before
    (world.folder / "form.note").unlink()
    stranger = make_world(tmp_path / "strangers", today=world.today)
    key = stranger.folder / "root-a.age"
    done = keys("form-sign", "form.html", "--key", key, folder=world.folder, secrets=(PASSPHRASE,))
    assert done.status == Exit.KEYRING
    assert "is not a root of the keyring in this form" in done.err
    assert not (world.folder / "form.note").exists()


def test_a_missing_note_and_a_foreign_file_are_said_so(world: World) -> None:
    done = _verify(world, *_roots(world))
    assert done.status == Exit.USAGE
    assert "there is no note form.note" in done.err
    (world.folder / "form.html").write_bytes(b"<!doctype html>")
    (world.folder / "form.note").write_bytes(world.note)
    done = _verify(world, *_roots(world))
    assert done.status == Exit.USAGE
    assert "this is no form file" in done.err
