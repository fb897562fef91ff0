"""From one keyring to the next: what a change does, what it refuses, how it reads, and that nothing ever gets lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from intake.errors import Usage
from intake.keyring import Drop, Keyring, Reviewer, Root, Roots, SignedNote, SigningKey, fingerprint, verify_chain
from intake.keyring.card import Card
from intake.keyring.change import Change, Days, Swap, following, named
from intake.keyring.difference import differences, still_to_sign
from intake.keyring.summary import cautions
from intake.keyring.text import Duty, Retired
from intake.sealing import HybridIdentity
from tests.harness.keys import ORIGIN, TODAY, World, make_world, new_key

LATER = TODAY + timedelta(days=100)
DAYS = Days(LATER, LATER + timedelta(days=120), LATER + timedelta(days=365))


def reviewer(label: str) -> Reviewer:
    return Reviewer(label, str(HybridIdentity.generate().recipient), new_key(label).verify_key)


def root(label: str) -> Root:
    return Root(label, new_key(label).verify_key)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


def test_a_reviewer_joins_at_the_end(world: World) -> None:
    new = reviewer("r4")
    after = following(world.keyring, Change(reviewers=(Swap(None, new),)), DAYS)
    assert after.reviewers == (*world.keyring.reviewers, new)
    assert (after.serial, after.previous, after.retired) == (2, world.keyring.hash, ())
    assert (after.issued, after.expires, after.closes) == (DAYS.issued, DAYS.expires, DAYS.closes)
    assert differences(world.keyring, after)[0] == (
        "reviewer r4 joins, opens what is sealed from keyring 2 on and nothing older: "
        f"key {fingerprint(new.recipient)}, signing key {fingerprint(str(new.key))}"
    )


def test_a_card_names_its_reviewer(world: World) -> None:
    card = Card.parse(world.cards()[0])
    assert named(card) == world.keyring.reviewers[0]


def test_a_rotated_identity_stays_in_its_place_and_the_old_keys_are_retired(world: World) -> None:
    old, new = world.keyring.reviewers[1], reviewer("r2")
    after = following(world.keyring, Change(reviewers=(Swap("r2", new),)), DAYS)
    assert [r.label for r in after.reviewers] == ["r1", "r2", "r3"]
    assert after.reviewers[1] == new
    assert after.retired == (
        Retired("r2", fingerprint(old.recipient), LATER),
        Retired("r2", fingerprint(str(old.key)), LATER),
    )
    assert differences(world.keyring, after)[:2] == (
        (
            f"reviewer r2: new key {fingerprint(new.recipient)}; "
            "reports sealed before still open with the old one until it is forgotten"
        ),
        f"reviewer r2: new signing key {fingerprint(str(new.key))}",
    )


def test_a_reviewer_may_keep_the_signing_key(world: World) -> None:
    old = world.keyring.reviewers[1]
    new = replace(reviewer("r2"), key=old.key)
    after = following(world.keyring, Change(reviewers=(Swap("r2", new),)), DAYS)
    assert [retired.fingerprint for retired in after.retired] == [fingerprint(old.recipient)]
    assert "signing" not in "".join(differences(world.keyring, after))


def test_a_reviewer_may_be_replaced_under_another_label(world: World) -> None:
    after = following(world.keyring, Change(reviewers=(Swap("r2", reviewer("r9")),)), DAYS)
    assert [r.label for r in after.reviewers] == ["r1", "r9", "r3"]
    assert differences(world.keyring, after)[0].startswith("reviewer r2 is replaced by r9: key ")


def test_who_leaves_is_retired_and_the_old_form_is_spoken_of(world: World) -> None:
    leave = Change(reviewers=(Swap("r3", None),))
    after = following(world.keyring, leave, DAYS)
    assert [r.label for r in after.reviewers] == ["r1", "r2"]
    assert {retired.label for retired in after.retired} == {"r3"}
    assert differences(world.keyring, after)[0] == (
        "reviewer r3 leaves: the old key goes on opening what is sealed up to keyring 1; "
        f"until {world.keyring.closes} an old copy of the form may still seal to it"
    )
    closed = following(world.keyring, replace(leave, closed_through=1), DAYS)
    assert closed.closed_through == 1
    assert "old copy" not in differences(world.keyring, closed)[0]
    assert "keyring 1 takes nothing any more" in differences(world.keyring, closed)


def test_a_root_is_replaced_and_both_sides_must_sign(world: World) -> None:
    d = new_key("d")
    after = following(world.keyring, Change(roots=(Swap("b", Root("d", d.verify_key)),)), DAYS)
    assert [r.label for r in after.roots] == ["a", "d", "c"]
    assert differences(world.keyring, after)[0] == f"root b is replaced by d: key {fingerprint(str(d.verify_key))}"
    note = SignedNote(bytes(after))
    assert still_to_sign(note, after, world.keyring) == (
        "still to sign: a or b or c (2 needed) of keyring 1; a or d or c (2 needed) of keyring 2"
    )
    a, b, c = world.roots
    note = note.with_signature(a).with_signature(d)
    assert still_to_sign(note, after, world.keyring) == "still to sign: b or c (1 needed) of keyring 1"
    assert still_to_sign(note, after, None) == (
        "still to sign: nobody of its own roots; those of keyring 1 were not counted"
    )
    note = note.with_signature(b)
    assert still_to_sign(note, after, world.keyring) == "still to sign: nobody, the keyring is finished"
    assert verify_chain([world.note, bytes(note)], roots=world.typed, pin=None, today=LATER).newest == after
    assert verify_chain([world.note, bytes(note)], roots=None, pin=world.pin, today=LATER).newest == after
    assert c.verify_key in after.root_keys


def test_a_root_with_a_new_key_under_its_old_label_is_told_apart(world: World) -> None:
    after = following(world.keyring, Change(roots=(Swap("b", root("b")),)), DAYS)
    assert still_to_sign(SignedNote(bytes(after)), after, world.keyring) == (
        "still to sign: a or b with the old key or c (2 needed) of keyring 1; "
        "a or b with the new key or c (2 needed) of keyring 2"
    )
    assert differences(world.keyring, after)[0].startswith("root b: new key ")


def test_roots_and_drops_leave_and_join(world: World) -> None:
    drop = Drop("d2", new_key("d2").verify_key)
    change = Change(roots=(Swap("a", None),), drops=(Swap(None, drop),), threshold=1)
    after = following(world.keyring, change, DAYS)
    told = differences(world.keyring, after)
    assert "root a leaves: its signature counts no more" in told
    assert "must sign: 2 of 3 roots → 1 of 2 roots" in told
    assert f"drop d2 joins: key {fingerprint(str(drop.key))}" in told
    then = following(after, Change(drops=(Swap("d1", None),)), DAYS)
    assert "drop d1 leaves: it signs no bundles any more" in differences(after, then)
    assert {retired.label for retired in then.retired} == {"a", "d1"}


def test_new_days_alone(world: World) -> None:
    after = following(world.keyring, Change(), DAYS)
    assert differences(world.keyring, after) == (
        f"issued {TODAY} → {DAYS.issued}",
        f"expires {world.keyring.expires} → {DAYS.expires}",
        f"closes {world.keyring.closes} → {DAYS.closes}",
    )
    sooner = following(world.keyring, Change(), replace(DAYS, closes=DAYS.expires))
    assert differences(world.keyring, sooner)[-1].endswith("(EARLIER than before)")


def _impossible(world: World) -> list[tuple[Change, Days, str]]:
    r1, r2, r3 = world.keyring.reviewers
    everyone: tuple[Swap[Reviewer], ...] = (Swap("r1", None), Swap("r2", None), Swap("r3", None))
    one = reviewer("r7")
    alien = SigningKey.generate("elsewhere.example/r8").verify_key
    day = timedelta(days=1)
    return [
        (Change(reviewers=(Swap("r9", None),)), DAYS, "no reviewer of the keyring is called r9"),
        (Change(roots=(Swap("z", None),)), DAYS, "no root of the keyring is called z"),
        (Change(reviewers=everyone), DAYS, "r1 is the last reviewer: nobody could open what comes"),
        (Change(drops=(Swap("d1", None),)), DAYS, "d1 is the last drop: no server could sign"),
        (
            Change(roots=(Swap("a", None), Swap("b", None), Swap("c", None))),
            DAYS,
            "a is the last root: nobody could sign a keyring",
        ),
        (Change(roots=(Swap("a", None), Swap("b", None))), DAYS, "2 signatures would be asked of only 1 roots"),
        (Change(threshold=4), DAYS, "4 signatures would be asked of only 3 roots"),
        (Change(threshold=0), DAYS, "0 signatures would be asked"),
        (Change(reviewers=(Swap(None, reviewer("r1")),)), DAYS, "the keyring has a reviewer r1 already"),
        (Change(reviewers=(Swap("r1", reviewer("r2")),)), DAYS, "the keyring has a reviewer r2 already"),
        (Change(reviewers=(Swap("r1", r1),)), DAYS, "reviewer r1 has this very key already"),
        (Change(reviewers=(Swap("r1", reviewer("r1")), Swap("r1", None))), DAYS, "reviewer r1 is changed twice"),
        (
            Change(reviewers=(Swap("r1", replace(one, recipient=r2.recipient)),)),
            DAYS,
            "a key of reviewer r7 is in the keyring already as that of reviewer r2",
        ),
        (
            Change(reviewers=(Swap(None, one), Swap(None, replace(reviewer("r8"), recipient=one.recipient)))),
            DAYS,
            "is in the keyring already as that of reviewer r7",
        ),
        (
            Change(reviewers=(Swap("r3", replace(reviewer("r3"), key=new_key("r4").verify_key)),)),
            DAYS,
            "is not made for drop.example/r3",
        ),
        (Change(reviewers=(Swap(None, replace(reviewer("r8"), key=alien)),)), DAYS, "is not made for drop.example/r8"),
        (Change(roots=(Swap("a", Root("r3", r3.key)),)), DAYS, "as that of reviewer r3"),
        (Change(reviewers=tuple(Swap(None, reviewer(f"x{n}")) for n in range(30))), DAYS, "33 reviewers are too many"),
        (
            Change(closed_through=0),
            Days(world.keyring.issued, world.keyring.expires, world.keyring.closes),
            "nothing would differ from keyring 1",
        ),
        (Change(closed_through=2), DAYS, "keyring 2 can't be closed by keyring 2"),
        (Change(), replace(DAYS, issued=TODAY - day), "the next can't be from 2026-11-22"),
        (Change(), replace(DAYS, expires=LATER - day), "would expire on"),
        (Change(), replace(DAYS, closes=DAYS.expires - day), "would close on"),
    ]


def test_each_impossible_change_has_its_own_words(world: World) -> None:
    for change, days, words in _impossible(world):
        with pytest.raises(Usage) as caught:
            following(world.keyring, change, days)
        assert words in str(caught.value)


def test_what_is_retired_or_closed_never_comes_back(world: World) -> None:
    r2, a = world.keyring.reviewers[1], world.keyring.roots[0]
    change = Change(reviewers=(Swap("r2", None),), roots=(Swap("a", root("d")),), closed_through=1)
    second = following(world.keyring, change, DAYS)
    for again, words in (
        (Change(reviewers=(Swap(None, r2),)), f"a key of reviewer r2 was retired on {LATER} as that of r2"),
        (Change(reviewers=(Swap(None, replace(reviewer("r2"), key=r2.key)),)), "was retired on"),
        (Change(roots=(Swap(None, a),)), f"a key of root a was retired on {LATER} as that of a"),
        (Change(closed_through=0), "keyring 1 and all before it are closed already"),
    ):
        with pytest.raises(Usage, match=words):
            following(second, again, DAYS)


def test_the_end_of_the_serials_and_of_the_retired_lines(world: World) -> None:
    last = replace(world.keyring, serial=999_999, previous=bytes(32))
    with pytest.raises(Usage, match="keyring 999999 is the last"):
        following(last, Change(), DAYS)
    full = replace(world.keyring, retired=tuple(Retired("x", fingerprint(str(number)), TODAY) for number in range(199)))
    with pytest.raises(Usage, match="more than 200 retired keys"):
        following(full, Change(reviewers=(Swap("r1", None),)), DAYS)
    assert len(following(full, Change(roots=(Swap("a", root("d")),)), DAYS).retired) == 200


_OTHERS: dict[str, Callable[[Keyring], Keyring]] = {
    "site https://drop.example is named": lambda k: replace(k, sites=("https://drop.example", *k.sites)),
    "site https://two.example is no longer named": lambda k: replace(k, sites=()),
    "duty u no longer opens urgent slips": lambda k: replace(k, duties=()),
    "duty v opens urgent slips": lambda k: replace(
        k, duties=(*k.duties, Duty("v", str(HybridIdentity.generate().recipient)))
    ),
    "the reviewers stand in another order": lambda k: replace(k, reviewers=k.reviewers[::-1]),
    "the roots stand in another order": lambda k: replace(k, roots=k.roots[::-1]),
    "a key is listed as retired that was not in keyring 1: q": lambda k: replace(
        k, retired=(*k.retired, Retired("q", fingerprint("q"), TODAY))
    ),
    "on another day than the keyring's: r3": lambda k: replace(
        k,
        reviewers=k.reviewers[:2],
        retired=(*k.retired, Retired("r3", fingerprint(k.reviewers[2].recipient), date(2020, 1, 1))),
    ),
    "reviewer r3: new signing key": lambda k: replace(
        k, reviewers=(*k.reviewers[:2], replace(k.reviewers[2], key=new_key("r3").verify_key))
    ),
    "must sign: 2 of 3 roots → 3 of 3 roots": lambda k: replace(k, threshold=3),
    "drop d1: new key": lambda k: replace(k, drops=(Drop("d1", new_key("d1").verify_key),)),
}


@pytest.mark.parametrize("words", _OTHERS)
def test_what_another_tool_changed_is_told_too(world: World, words: str) -> None:
    before = replace(
        world.keyring,
        sites=("https://two.example",),
        duties=(Duty("u", str(HybridIdentity.generate().recipient)),),
        retired=(Retired("x", fingerprint("x"), TODAY), Retired("y", fingerprint("y"), TODAY)),
    )
    changed = replace(_OTHERS[words](before), serial=2, previous=before.hash)
    after = Keyring.parse(bytes(changed))
    assert any(words in line for line in differences(before, after)), differences(before, after)


def test_the_same_keyring_differs_in_nothing(world: World) -> None:
    assert differences(world.keyring, replace(world.keyring, serial=2, previous=world.keyring.hash)) == ()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        ({"roots": 1, "threshold": 1}, "there is only one root"),
        ({"roots": 3, "threshold": 3}, "all 3 roots must sign"),
        ({"roots": 3, "threshold": 1}, "any one of the 3 roots can change the keyring"),
        ({"reviewers": 1}, "there is only one reviewer"),
    ],
)
def test_single_points_of_failure_are_named(tmp_path: Path, make: dict[str, Any], words: str) -> None:
    (caution,) = cautions(make_world(tmp_path, **make).keyring, TODAY)
    assert words in caution


def test_days_that_run_out_are_counted(world: World) -> None:
    keyring = world.keyring
    assert cautions(keyring, keyring.expires - timedelta(days=31)) == ()
    assert cautions(keyring, keyring.expires - timedelta(days=30)) == (
        "keyring 1 expires in 30 days: extend or rotate it by then",
    )
    assert cautions(keyring, keyring.closes - timedelta(days=1))[1] == (
        "keyring 1 closes in 1 day: then nothing is sealed any more"
    )
    assert cautions(keyring, keyring.closes) == keyring.warnings(keyring.closes)


# Made once: the machine below draws from them, and a key that was used may be drawn again on purpose.
_SIGNING = {label: [new_key(label) for _ in range(3)] for label in ("a", "b", "c", "d", "r1", "r2", "r3", "r4", "d1")}
_RECIPIENTS = [str(HybridIdentity.generate().recipient) for _ in range(8)]
_SECRETS = {key.verify_key: key for keys in _SIGNING.values() for key in keys}


class Ceremonies(RuleBasedStateMachine):
    """Any changes in any order: each is refused with a reason, or makes a believed chain that forgets nothing."""

    @initialize()
    def begin(self) -> None:
        self.keyring = Keyring(
            origin=ORIGIN,
            serial=1,
            previous=None,
            issued=TODAY,
            expires=TODAY,
            closes=TODAY,
            closed_through=0,
            sites=(),
            threshold=2,
            roots=tuple(Root(label, _SIGNING[label][0].verify_key) for label in "abc"),
            drops=(Drop("d1", _SIGNING["d1"][0].verify_key),),
            reviewers=tuple(
                Reviewer(label, recipient, _SIGNING[label][0].verify_key)
                for label, recipient in zip(("r1", "r2"), _RECIPIENTS, strict=False)
            ),
        )
        self.paper = Roots.of([str(key) for key in self.keyring.root_keys], 2)
        self.notes = [bytes(SignedNote.sign(bytes(self.keyring), *(_SECRETS[k] for k in self.keyring.root_keys[:2])))]
        self.pin = verify_chain(self.notes, roots=self.paper, pin=None, today=TODAY).pin
        self.ever = set(self._fingerprints())

    def _fingerprints(self) -> set[str]:
        return {fingerprint(text) for _, _, text in self.keyring.standing}

    def _go(self, change: Change, days: int = 1) -> None:
        issued = self.keyring.issued + timedelta(days=days)
        before = self.keyring
        try:
            after = following(before, change, Days(issued, issued, issued))
        except Usage as error:
            assert error.advice or "too many" in str(error)  # noqa: PT017
            return
        assert differences(before, after)
        note = SignedNote(bytes(after))
        for whose in (before, after):
            note = next(
                done
                for count in range(len(whose.roots) + 1)
                if f"of keyring {whose.serial}"
                not in still_to_sign(done := _signed(note, whose.roots[:count]), after, before)
            )
        assert still_to_sign(note, after, before) == "still to sign: nobody, the keyring is finished"
        self.notes.append(bytes(note))
        self.pin = verify_chain(self.notes[-2:], roots=None, pin=self.pin, today=TODAY).pin
        self.keyring = after
        self.ever |= self._fingerprints()

    @rule(label=st.sampled_from(["r1", "r2", "r3", "r4"]), n=st.integers(0, 2), recipient=st.sampled_from(_RECIPIENTS))
    def add(self, label: str, n: int, recipient: str) -> None:
        self._go(Change(reviewers=(Swap(None, Reviewer(label, recipient, _SIGNING[label][n].verify_key)),)))

    @rule(
        out=st.sampled_from(["r1", "r2", "r3", "r4"]),
        label=st.sampled_from(["r1", "r2", "r3", "r4"]),
        n=st.integers(0, 2),
        recipient=st.sampled_from(_RECIPIENTS),
    )
    def rotate(self, out: str, label: str, n: int, recipient: str) -> None:
        self._go(Change(reviewers=(Swap(out, Reviewer(label, recipient, _SIGNING[label][n].verify_key)),)))

    @rule(label=st.sampled_from(["r1", "r2", "r3", "r4"]))
    def retire(self, label: str) -> None:
        self._go(Change(reviewers=(Swap(label, None),)))

    @rule(out=st.sampled_from("abcd"), label=st.sampled_from("abcd"), n=st.integers(0, 2))
    def replace_root(self, out: str, label: str, n: int) -> None:
        self._go(Change(roots=(Swap(out, Root(label, _SIGNING[label][n].verify_key)),)))

    @rule(out=st.sampled_from("abcd"), threshold=st.none() | st.integers(1, 3))
    def drop_root(self, out: str, threshold: int | None) -> None:
        self._go(Change(roots=(Swap(out, None),), threshold=threshold))

    @rule(behind=st.integers(-1, 3), days=st.integers(-1, 3))
    def extend_and_close(self, behind: int, days: int) -> None:
        self._go(Change(closed_through=self.keyring.serial - behind), days)

    def teardown(self) -> None:
        if hasattr(self, "notes"):  # else the machine stopped before it began
            chain = verify_chain(self.notes, roots=self.paper, pin=None, today=TODAY)
            assert (chain.newest, chain.pin) == (self.keyring, self.pin)

    @invariant()
    def nothing_removed_is_lost(self) -> None:
        retired = [line.fingerprint for line in self.keyring.retired]
        assert len(retired) == len(set(retired))
        assert set(retired) == self.ever - self._fingerprints()


def _signed(note: SignedNote, roots: tuple[Root, ...]) -> SignedNote:
    for each in roots:
        note = note.with_signature(_SECRETS[each.key])
    return note


Ceremonies.TestCase.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestCeremonies = Ceremonies.TestCase
