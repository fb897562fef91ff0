"""The rules of trust, as a table of attacks each with its own message, and what a pin adds to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from intake.errors import Closed, KeyringRefused, Usage
from intake.keyring import Pin, Roots, SignedNote, differing, fingerprint, verify_chain
from tests.harness.attacks import Case, keyring_cases
from tests.harness.keys import TODAY, World, make_world, new_key

_CASES = keyring_cases()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def _verdict(case: Case) -> tuple[str, str]:
    notes, seen, roots, threshold = case["notes"], case["seen"], case["roots"], case["threshold"]
    assert isinstance(notes, list)
    assert isinstance(seen, list)
    assert isinstance(roots, list)
    assert isinstance(threshold, int)
    today, paper = date.fromisoformat(str(case["today"])), Roots.of(roots, threshold)
    pin = verify_chain([note.encode() for note in seen], roots=paper, pin=None, today=today).pin if seen else None
    try:
        chain = verify_chain([note.encode() for note in notes], roots=paper, pin=pin, today=today)
    except KeyringRefused as error:
        return "refused", str(error)
    assert chain.origin == case["origin"]
    try:
        keyring = chain.for_sealing(today)
    except Closed:
        assert any("closed" in warning for warning in chain.warnings)
        return "closed", ""
    assert keyring is chain.newest
    if not chain.warnings:
        return "ok", ""
    return ("early" if "check this machine's date" in chain.warnings[0] else "expired"), ""


@pytest.mark.parametrize("case", _CASES, ids=[str(case["name"]) for case in _CASES])
def test_each_attack_meets_its_own_answer(case: Case) -> None:
    verdict, message = _verdict(case)
    assert (verdict, message) == (case["verdict"], message)
    assert str(case["because"]) in message
    assert case["because"] or verdict != "refused"


def test_the_table_is_not_empty_and_names_each_attack_once() -> None:
    names = [case["name"] for case in _CASES]
    assert len(names) == len(set(names)) >= 130
    assert sum(case["verdict"] == "refused" for case in _CASES) >= 100


def test_a_chain_answers_what_a_drop_and_a_desk_ask(world: World) -> None:
    second = world.next(reviewers=5, issued=TODAY + timedelta(days=10))
    third = second.next(reviewers=4, closed_through=1, closes=TODAY + timedelta(days=900))
    chain = third.chain()
    assert [keyring.serial for keyring in chain.keyrings] == [1, 2, 3]
    assert chain.notes == third.notes
    assert chain.newest == third.keyring
    assert chain.by_serial(2) == second.keyring
    assert chain.note(2) == second.note
    assert (chain.by_serial(0), chain.by_serial(4), chain.note(0), chain.note(4)) == (None, None, None, None)
    assert chain.reviewer_counts == {3, 4, 5}
    assert chain.closed_serials(TODAY) == (1,)
    assert chain.closed_serials(second.keyring.closes) == (1, 2)
    assert not chain.is_closed(2, second.keyring.closes - timedelta(days=1))
    assert chain.closed_serials(date(2040, 1, 1)) == (1, 2, 3)
    assert not chain.is_closed(4, date(2040, 1, 1))


def test_notes_may_come_in_any_order_and_halves_are_taken_together(world: World) -> None:
    a, _, c = world.roots
    second = world.next(reviewers=2, signers=(a,))
    other_half = bytes(SignedNote.sign(bytes(second.keyring), c))
    chain = verify_chain([other_half, second.note, world.note], roots=world.typed, pin=None, today=TODAY)
    assert chain.newest.serial == 2
    assert SignedNote.parse(chain.notes[1]).signers(second.keyring.root_keys) == (
        c.verify_key,
        a.verify_key,
    )


def test_two_notes_full_of_strangers_make_one_that_can_be_read(world: World) -> None:
    a, b, _ = world.roots
    text = bytes(world.keyring)
    full = [bytes(SignedNote.sign(text, a, *(new_key("z") for _ in range(98)), b)) for _ in range(2)]
    chain = verify_chain(full, roots=world.typed, pin=None, today=TODAY)
    again = verify_chain(chain.notes, roots=world.typed, pin=None, today=TODAY)
    assert again.notes == chain.notes
    assert [signature.name for signature in SignedNote.parse(chain.notes[0]).signatures] == [a.name, b.name]


def test_a_pin_goes_on_without_the_paper(world: World) -> None:
    pin = world.pin
    later = world.next(roots=tuple(new_key(x) for x in "def")).next(reviewers=2)
    chain = verify_chain(later.notes, roots=None, pin=pin, today=TODAY)
    assert chain.pin == Pin(world.origin, world.keyring.hash, 3, later.keyring.hash)


def test_a_pin_starts_a_chain_that_begins_with_the_pinned_keyring(world: World) -> None:
    second = world.next(reviewers=2)
    third = second.next(reviewers=4)
    chain = verify_chain(third.notes[1:], roots=None, pin=second.pin, today=TODAY)
    assert chain.pin == third.pin


def _pins(world: World) -> list[tuple[Pin, tuple[bytes, ...], str]]:
    second = world.next(reviewers=2)
    third = second.next(reviewers=4)
    fork = world.next(reviewers=5)
    other = make_world(world.folder / "other", origin="elsewhere.example")
    return [
        (third.pin, world.notes, "keyring 1 is older than keyring 3"),
        (fork.pin, second.notes, "keyring 2 has another text than the one believed before"),
        (fork.pin, third.notes, "keyring 2 has another text than the one believed before"),
        (world.pin, third.notes[1:], "the chain starts at keyring 2, after keyring 1 of the pin"),
        (other.pin, world.notes, "the keyring is of drop.example, the pin of elsewhere.example"),
        (replace(third.pin, first=bytes(32)), third.notes, "keyring 1 has another text"),
    ]


@pytest.mark.parametrize("place", range(6), ids=["rollback", "fork", "longer", "cut", "drop", "first"])
def test_a_pin_refuses(world: World, place: int) -> None:
    pin, notes, message = _pins(world)[place]
    for roots in (None, world.typed):
        with pytest.raises(KeyringRefused, match=message):
            verify_chain(notes, roots=roots, pin=pin, today=TODAY)


def test_a_pin_does_not_replace_the_paper_where_both_are_given(world: World) -> None:
    strangers = Roots.of([str(new_key("x").verify_key)], 1)
    with pytest.raises(KeyringRefused, match="not among the roots"):
        verify_chain(world.notes, roots=strangers, pin=world.pin, today=TODAY)


def test_trust_never_starts_by_itself(world: World) -> None:
    with pytest.raises(Usage, match="nothing says whom to trust"):
        verify_chain(world.notes, roots=None, pin=None, today=TODAY)
    with pytest.raises(Usage, match="no keyring was given"):
        verify_chain([], roots=world.typed, pin=None, today=TODAY)


def test_a_pin_needs_the_first_keyring_once(world: World) -> None:
    second = world.next(reviewers=2)
    chain = verify_chain([second.note], roots=second.typed, pin=None, today=TODAY)
    with pytest.raises(KeyringRefused, match=r"keyring 1 of drop\.example is missing: the chain starts at 2"):
        _ = chain.pin


def test_a_slip_of_the_hand_is_named_by_its_group(world: World) -> None:
    groups = world.fingerprints[1].split()
    groups[4] = f"{(int(groups[4]) + 1) % 100000:05d}"
    typed = Roots.typed([world.fingerprints[0], "-".join(groups)], 2)
    with pytest.raises(KeyringRefused, match="differs from that of root b in group 5: look at the paper again"):
        verify_chain(world.notes, roots=typed, pin=None, today=TODAY)


def test_fingerprints_are_typed_in_many_ways(world: World) -> None:
    a, b, c = world.fingerprints
    whole = Roots((a, b, c), 2)
    assert Roots.typed([a, b.replace(" ", "-"), c.replace(" ", "")]) == whole
    assert Roots.typed(f"{a} {b} {c}".split()) == whole
    assert Roots.typed([a, b, a, c], 2) == whole
    assert Roots.typed([a]) == Roots((a,), 1)
    assert Roots.typed([a, b]).threshold == 2


@pytest.mark.parametrize(
    ("values", "threshold", "message"),
    [
        ([], None, "no root fingerprint was given"),
        (["12345"] * 7, None, "have 35 digits together; one has 40 in 8 groups"),
        (["12345 " * 8, "12345 67890"], None, "have 50 digits together"),
        (["O2345 " * 8], None, "root fingerprint 1 holds a sign that is no digit"),
        (["12345 " * 8], 0, "--threshold 0 does not fit"),
        (["12345 " * 8], 2, "--threshold 2 does not fit the number of different root fingerprints, 1"),
        (["12345 " * 8, "12345" * 8], 2, "--threshold 2 does not fit the number of different root fingerprints, 1"),
    ],
)
def test_fingerprints_typed_badly(values: list[str], threshold: int | None, message: str) -> None:
    with pytest.raises(Usage, match=message):
        Roots.typed(values, threshold)


def test_a_pin_round_trips_and_nothing_else_is_a_pin(world: World) -> None:
    pin = world.next().pin
    text = bytes(pin)
    assert Pin.parse(text) == pin
    for broken in (text[:-1], text + b"\n", text.replace(b"serial 2", b"serial 02"), text.replace(b"pin/1", b"pin/2")):
        with pytest.raises(KeyringRefused, match="pin"):
            Pin.parse(broken)
    with pytest.raises(KeyringRefused, match="two texts for keyring 1"):
        Pin.parse(text.replace(b"serial 2", b"serial 1"))


def test_one_key_under_two_labels_has_one_vote_across_keyrings(world: World) -> None:
    a, b, c = world.roots
    renamed = type(a)(a.name.replace("/a", "/z"), a.seed)
    later = world.next(roots=(renamed, b, c), signers=(renamed, a))
    with pytest.raises(KeyringRefused, match="1 of the 2 signatures it needs from its own roots"):
        later.chain()
    assert differing(world.fingerprints[0], str(renamed.verify_key))


def test_fingerprints_cover_the_name_and_so_the_origin(world: World) -> None:
    a, _, _ = world.roots
    moved = type(a)("elsewhere.example/a", a.seed)
    assert fingerprint(str(moved.verify_key)) != world.fingerprints[0]
    assert moved.verify_key.public == a.verify_key.public
