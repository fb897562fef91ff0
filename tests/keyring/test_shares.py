"""Shares: any k of n rebuild the key, fewer don't, and what is wrong with one is said by its place."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shamir_mnemonic import combine_mnemonics, generate_mnemonics
from shamir_mnemonic.wordlist import WORDLIST

from intake.errors import Damaged, Usage
from intake.keyring.fingerprint import fingerprint
from intake.keyring.identity import PrivateFile
from intake.keyring.note import SigningKey
from intake.keyring.shares import SIZES, Gathering, Share, fingerprints, rebuild, split, words_of
from intake.sealing import HybridIdentity

NAME = "drop.example/r1"
REVIEWER = PrivateFile(SigningKey(NAME, bytes(range(32))), (HybridIdentity(bytes(range(32, 64))),))
ROOT = PrivateFile(SigningKey("drop.example/a", bytes(range(64, 96))))
SHARES = split(REVIEWER, 5, 3)


def other(word: str, step: int = 1) -> str:
    return WORDLIST[(WORDLIST.index(word) + step) % len(WORDLIST)]


def test_any_three_of_five_rebuild_it_in_any_order() -> None:
    for chosen in combinations(SHARES, 3):
        assert rebuild(reversed(chosen), NAME) == REVIEWER


def test_fewer_rebuild_nothing() -> None:
    for chosen in combinations(SHARES, 2):
        with pytest.raises(Usage, match="1 more shares"):
            rebuild(chosen, NAME)
    with pytest.raises(Usage, match="some more shares"):
        rebuild([], NAME)


@settings(max_examples=40)
@given(st.data())
def test_any_k_of_n(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 16))
    threshold = data.draw(st.integers(2, count))
    private = data.draw(st.sampled_from([ROOT, REVIEWER]))
    shares = split(private, count, threshold)
    assert [share.number for share in shares] == list(range(1, count + 1))
    assert {(share.set_id, share.threshold) for share in shares} == {(shares[0].set_id, threshold)}
    chosen = data.draw(st.permutations(shares))[:threshold]
    assert rebuild(chosen, private.signing.name) == private
    with pytest.raises(Usage):
        rebuild(chosen[1:], private.signing.name)


@pytest.mark.parametrize(("private", "words"), [(ROOT, 33), (REVIEWER, 59)])
def test_a_share_has_as_few_words_as_its_seeds_need(private: PrivateFile, words: int) -> None:
    assert {len(share.words) for share in split(private, 3, 2)} == {words}


def test_identities_from_before_a_rotation_are_split_too() -> None:
    identities = tuple(HybridIdentity.generate() for _ in range(3))
    private = PrivateFile(REVIEWER.signing, identities)
    shares = split(private, 2, 2)
    assert len(shares[0].words) == SIZES[-1]
    assert rebuild(shares, NAME) == private
    with pytest.raises(Usage, match="no room"):
        split(PrivateFile(REVIEWER.signing, (*identities, HybridIdentity.generate())), 2, 2)


def test_any_program_for_slip_39_gives_the_seeds() -> None:
    seeds = combine_mnemonics([" ".join(share.words) for share in SHARES[:3]])
    assert seeds == bytes(range(64))


@pytest.mark.parametrize(("count", "threshold"), [(1, 1), (3, 1), (2, 3), (17, 2), (0, 0)])
def test_numbers_that_make_no_sense(count: int, threshold: int) -> None:
    with pytest.raises(Usage, match="can't be"):
        split(ROOT, count, threshold)


def test_the_name_is_not_in_the_words_and_the_last_fingerprint_tells() -> None:
    elsewhere = rebuild(SHARES[:3], "drop.example/r2")
    assert elsewhere.identities == REVIEWER.identities
    assert fingerprints(elsewhere)[0] == fingerprints(REVIEWER)[0] == fingerprint(str(REVIEWER.identities[0].recipient))
    assert fingerprints(elsewhere)[1] != fingerprints(REVIEWER)[1] == fingerprint(str(REVIEWER.signing.verify_key))


@pytest.mark.parametrize(
    "typed",
    [
        "academic acid acrobat",
        "ACADEMIC  Acid\nacrobat\n",
        "1. acad 2. acid 3. acro",
        "1academic,2acid;3acrob",
        "academi-acid-acrobat",
    ],
)
def test_words_are_taken_as_people_type_them(typed: str) -> None:
    assert words_of(typed) == ("academic", "acid", "acrobat")


def test_what_is_no_word_stays_what_it_is() -> None:
    assert words_of("aca academics аcid") == ("aca", "academics", "аcid")


@pytest.mark.parametrize("place", [1, 2, 3, 4, 17, 56, 57, 58, 59])
@pytest.mark.parametrize("step", [1, 513])
def test_the_wrong_word_is_named_by_its_place_and_not_quoted(place: int, step: int) -> None:
    words = list(SHARES[1].words)
    words[place - 1] = other(words[place - 1], step)
    with pytest.raises(Damaged) as caught:
        Share.parse(words)
    assert str(caught.value) == f"the share is damaged: word {place} is another one on the sheet"


@given(st.integers(0, 58), st.integers(1, 1023), st.integers(0, 4))
def test_every_wrong_word_is_found(index: int, step: int, which: int) -> None:
    words = list(SHARES[which].words)
    words[index] = other(words[index], step)
    with pytest.raises(Damaged, match=f"word {index + 1} is another one"):
        Share.parse(words)


def test_neighbours_that_changed_places_are_named() -> None:
    words = list(SHARES[0].words)
    place = next(place for place in range(8, 58) if words[place - 1] != words[place])
    words[place - 1 : place + 1] = words[place], words[place - 1]
    with pytest.raises(Damaged, match=f"words {place} and {place + 1} have changed places"):
        Share.parse(words)


def test_two_wrong_words_are_told_as_damage() -> None:
    words = list(SHARES[0].words)
    words[9], words[30] = other(words[9]), other(words[30])
    with pytest.raises(Damaged, match="the share is damaged"):
        Share.parse(words)


def test_words_that_are_in_no_list_are_named_all_at_once() -> None:
    words = list(SHARES[0].words)
    words[2] = words[16] = "слово"
    with pytest.raises(Damaged, match="words 3 and 17 are not in the list"):
        Share.parse(words)


@pytest.mark.parametrize("words", [(), SHARES[0].words[:-1], (*SHARES[0].words, SHARES[0].words[-1])])
def test_too_few_or_too_many_words(words: tuple[str, ...]) -> None:
    with pytest.raises(Damaged, match=f"these are {len(words)} words; a share has 33, 59, 84, 110"):
        Share.parse(words)


@given(st.lists(st.sampled_from(WORDLIST), max_size=70))
def test_no_words_crash_the_parser(words: list[str]) -> None:
    with pytest.raises(Damaged):
        Share.parse(words)


def test_shares_of_another_program_are_refused() -> None:
    ((mnemonic, *_),) = generate_mnemonics(1, [(2, 2)], bytes(32), extendable=False)
    with pytest.raises(Damaged, match="another program"):
        Share.parse(mnemonic.split())
    groups = generate_mnemonics(2, [(2, 2), (2, 2)], bytes(32))
    with pytest.raises(Damaged, match="another program"):
        Share.parse(groups[0][0].split())


def test_a_share_counts_once() -> None:
    gathering = Gathering()
    assert gathering.missing is None
    gathering.add(SHARES[3])
    with pytest.raises(Usage, match="share 4 is here already"):
        gathering.add(Share.parse(SHARES[3].words))
    assert gathering.missing == 2


def test_sets_are_not_mixed() -> None:
    gathering = Gathering([SHARES[0]])
    stranger = next(share for share in iter(lambda: split(REVIEWER, 5, 3)[1], None) if share.set_id != SHARES[0].set_id)
    with pytest.raises(Usage, match=f"of set {stranger.set_name}, and those before are of set {SHARES[0].set_name}"):
        gathering.add(stranger)
    with pytest.raises(Usage, match="of set"):
        gathering.add(split(ROOT, 5, 3)[1])
    assert gathering.shares == [SHARES[0]]


def test_two_sets_of_one_number_are_told_from_each_other() -> None:
    twin = Share(split(REVIEWER, 5, 3)[1].words, 1, SHARES[0].set_id, 3)
    with pytest.raises(Damaged, match="two different shares 1"):
        Gathering([SHARES[0]]).add(twin)
    strangers = [Share(share.words, share.number, SHARES[0].set_id, 3) for share in split(REVIEWER, 5, 3)[1:3]]
    with pytest.raises(Damaged, match="don't fit each other"):
        rebuild([SHARES[0], *strangers], NAME)


def test_where_typing_back_went_wrong() -> None:
    words = SHARES[0].words
    assert SHARES[0].wrong(words) is None
    assert SHARES[0].wrong(words[20:], 20) is None
    assert SHARES[0].wrong(()) is None
    assert SHARES[0].wrong((*words[20:25], other(words[25])), 20) == 26
    assert SHARES[0].wrong((*words[50:], words[0]), 50) == 60


def test_no_words_in_what_is_printed_of_a_share() -> None:
    assert SHARES[0].words[10] not in repr(SHARES[0])
    assert SHARES[0].words[10] not in repr(Gathering([SHARES[0]]))
