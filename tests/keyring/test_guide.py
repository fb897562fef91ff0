"""Ceremonies held by questions, at a terminal: what is typed there comes to the same keyring as the options make."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from intake.errors import Exit
from intake.keyring import Card, Keyring, SignedNote, fingerprint
from intake.sealing import HybridIdentity
from tests.harness.keys import ORIGIN, World, make_world, new_key
from tests.harness.terminals import Terminal, terminal


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def _card(folder: Path, label: str) -> Card:
    key, identity = new_key(label), HybridIdentity.generate()
    card = Card(ORIGIN, label, str(identity.recipient), key.verify_key)
    (folder / f"new-{label}.card").write_bytes(card.sign(key))
    return card


def _hear(screen: Terminal, text: str) -> None:
    screen.until("Type what you hear")
    screen.type(fingerprint(text).replace(" ", "-"))
    screen.until("It is the same.")


def _written(folder: Path) -> Keyring:
    return Keyring.parse(SignedNote.parse((folder / "keyring-2.note").read_bytes(), draft=True).text)


def test_a_rotation_asks_for_cards_and_has_their_fingerprints_typed(world: World) -> None:
    renewed, replacing, joining = (_card(world.folder, label) for label in ("r2", "r7", "r8"))
    with terminal("keys", "rotate", "keyring.note", folder=world.folder) as screen:
        screen.until("names the reviewers r1, r2, r3.")
        screen.until("File of the next card")
        screen.type("nowhere.card")
        screen.until("there is no file nowhere.card")
        screen.type("new-r2.card")
        _hear(screen, renewed.recipient)
        _hear(screen, str(renewed.key))
        screen.until("File of the next card")
        screen.type("new-r7.card")
        screen.until("r7 is not in the keyring.")
        screen.type("r9")
        screen.until("No 'r9': choose one of r1, r2, r3.")
        screen.type("r3")
        _hear(screen, replacing.recipient)
        _hear(screen, str(replacing.key))
        screen.until("File of the next card")
        screen.type("new-r8.card")
        screen.until("In whose place")
        screen.type("")
        _hear(screen, joining.recipient)
        _hear(screen, str(joining.key))
        screen.until("File of the next card")
        screen.type("")
        screen.until("File of a new server key")
        screen.type("")
        screen.until("Close keyring 1 and all before it?")
        screen.type("y")
        shown = screen.until("Write this to")
        assert "reviewer r2: new key" in shown
        assert "reviewer r3 leaves" in shown
        assert "reviewer r7 joins" in shown
        assert "reviewer r8 joins" in shown
        assert "keyring 1 takes nothing any more" in shown
        screen.type("y")
        assert screen.end() == Exit.OK, screen.shown
    after = _written(world.folder)
    assert [reviewer.label for reviewer in after.reviewers] == ["r1", "r2", "r7", "r8"]
    assert after.reviewers[1].recipient == renewed.recipient
    assert after.closed_through == 1


def test_a_key_that_its_owner_reads_out_otherwise_is_never_taken(world: World) -> None:
    card = _card(world.folder, "r8")
    wrong = fingerprint(card.recipient)[:-1] + str((int(fingerprint(card.recipient)[-1]) + 1) % 10)
    with terminal("keys", "rotate", "keyring.note", folder=world.folder) as screen:
        screen.until("File of the next card")
        screen.type("new-r8.card")
        screen.until("In whose place")
        screen.type("")
        for _ in range(3):
            assert fingerprint(card.recipient) not in screen.until("Type what you hear")
            screen.type(wrong)
            screen.until("It differs in group 8 of 8.")
        assert screen.end() == Exit.KEYRING, screen.shown
        assert "is not the one that was read aloud" in screen.shown
    assert not (world.folder / "keyring-2.note").exists()


def test_who_leaves_is_asked_until_nobody_more(world: World) -> None:
    with terminal("keys", "retire", "keyring.note", folder=world.folder) as screen:
        screen.until("Who leaves (Enter: no more) [r1, r2, r3]")
        screen.type("r3")
        screen.until("[r1, r2]")
        screen.type("")
        screen.until("Close keyring 1 and all before it?")
        screen.type("n")
        screen.until("Write this to")
        screen.type("y")
        assert screen.end() == Exit.OK, screen.shown
    after = _written(world.folder)
    assert [reviewer.label for reviewer in after.reviewers] == ["r1", "r2"]
    assert after.closed_through == 0


def test_a_lost_root_is_replaced_by_questions(world: World) -> None:
    key = new_key("d")
    (world.folder / "root-d.vkey").write_text(f"{key.verify_key}\n")
    with terminal("keys", "root-replace", "keyring.note", folder=world.folder) as screen:
        screen.until("Which root goes [a, b, c]")
        screen.type("b")
        screen.until("File of the new root's .vkey")
        screen.type("root-d.vkey")
        _hear(screen, str(key.verify_key))
        screen.until("Write this to")
        screen.type("y")
        assert screen.end() == Exit.OK, screen.shown
    assert [root.label for root in _written(world.folder).roots] == ["a", "d", "c"]


def test_new_days_are_proposed_and_may_be_changed(world: World) -> None:
    with terminal("keys", "extend", "keyring.note", folder=world.folder) as screen:
        screen.until("Warnings begin on")
        screen.type("next spring")
        screen.until("A day is written YYYY-MM-DD.")
        screen.type("")
        screen.until("It closes on")
        closes = world.keyring.closes + timedelta(days=30)
        screen.type(str(closes))
        screen.until("Close keyring 1 and all before it?")
        screen.type("")
        screen.until("Write this to")
        screen.type("y")
        assert screen.end() == Exit.OK, screen.shown
    assert _written(world.folder).closes == closes


@pytest.mark.parametrize("command", ["rotate", "retire", "root-replace"])
def test_answers_that_change_nothing_write_nothing(world: World, command: str) -> None:
    with terminal("keys", command, "keyring.note", folder=world.folder) as screen:
        screen.type("")
        screen.type("")
        screen.type("n")
        assert screen.end() == Exit.USAGE, screen.shown
        assert "nothing is to change" in screen.shown
    assert not (world.folder / "keyring-2.note").exists()
