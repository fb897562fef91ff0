"""A card proves that whoever made it holds its signing key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from intake.errors import KeyringRefused
from intake.keyring import Card, SignedNote, SigningKey
from intake.sealing import X25519Identity
from tests.harness.keys import World, make_world, new_key


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def test_a_card_round_trips(world: World) -> None:
    first, second, _ = world.cards()
    card = Card.parse(first)
    assert (card.origin, card.label) == (world.origin, "r1")
    assert card.recipient == world.keyring.reviewers[0].recipient
    assert card.sign(world.reviewer_keys[0]) == first
    assert Card.parse(second) != card


def _edits(world: World) -> list[tuple[str, str, str]]:
    card = Card.parse(world.cards()[0])
    classic = str(X25519Identity.generate().recipient)
    return [
        ("amonat/reviewer/1", "amonat/reviewer/2", "a newer format"),
        ("label r1", "label r1 r2", "takes 1 value"),
        ("label r1", "label R1", "holds U\\+0052"),
        ("origin drop.example", "origin other.example", "does not bear the name other.example/r1"),
        (card.recipient, card.recipient[:-1], "not one of age's post-quantum kind"),
        (card.recipient, classic, "not one of age's post-quantum kind"),
        (str(card.key), str(card.key)[:-4], "not a public signing key"),
        ("vkey ", "name A. Person\nvkey ", "an unknown line"),
        ("label r1\n", "", "'label' is missing"),
        (str(card.key), f"{card.key}\nsite https://drop.example", "an unknown line"),
    ]


@pytest.mark.parametrize("place", range(10))
def test_a_card_that_is_none_is_refused_though_signed(world: World, place: int) -> None:
    old, new, message = _edits(world)[place]
    text = bytes(Card.parse(world.cards()[0])).replace(old.encode(), new.encode(), 1)
    with pytest.raises(KeyringRefused, match=message):
        Card.parse(bytes(SignedNote.sign(text, world.reviewer_keys[0])))


def test_a_card_must_be_signed_by_its_own_key(world: World) -> None:
    card = Card.parse(world.cards()[0])
    for signer in (world.roots[0], new_key("r9")):
        with pytest.raises(KeyringRefused, match="the card of r1 is not signed by its own key"):
            Card.parse(card.sign(signer))


def test_a_changed_card_is_refused(world: World) -> None:
    other = Card.parse(world.cards()[1]).recipient
    card = replace(Card.parse(world.cards()[0]), recipient=other)
    forged = SignedNote(bytes(card), SignedNote.parse(world.cards()[0]).signatures)
    with pytest.raises(KeyringRefused, match="is not genuine"):
        Card.parse(bytes(forged))


def test_another_key_under_the_same_name_is_not_the_cards(world: World) -> None:
    card = Card.parse(world.cards()[0])
    impostor = SigningKey.generate(card.key.name)
    with pytest.raises(KeyringRefused, match="not signed by its own key"):
        Card.parse(card.sign(impostor))
