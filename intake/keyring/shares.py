"""A private file as words on paper, k of n sheets of which rebuild it: SLIP-39 (`shamir-mnemonic`), one group.

What is split is the seed that signs (32 bytes) and after it the seed of each identity (32 bytes each), as one secret:
33 words a share for a root, 59 for a reviewer. Two secrets would take 66. Names are not in it: whoever restores gives
origin and label, and the fingerprints tell whether they were right.

The library does not hide its timing; it is used by hand, offline, on seeds that are in memory anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics, rs1024
from shamir_mnemonic import Share as Parsed
from shamir_mnemonic.constants import CUSTOMIZATION_STRING_EXTENDABLE, METADATA_LENGTH_WORDS, RADIX_BITS
from shamir_mnemonic.wordlist import WORD_INDEX_MAP, WORDLIST

from intake.errors import Damaged, Usage
from intake.keyring.fingerprint import fingerprint
from intake.keyring.identity import PrivateFile
from intake.keyring.note import SigningKey
from intake.sealing import HybridIdentity

SHARES_LIMIT = 16
SEED_SIZE = 32  # bytes
SEEDS_LIMIT = 4  # one to sign with and three identities: what a sheet has room for
SIZES = tuple(METADATA_LENGTH_WORDS + -(-8 * SEED_SIZE * seeds // RADIX_BITS) for seeds in range(1, SEEDS_LIMIT + 1))

_CHECKSUM = 3  # words
_ABBREVIATED = 4  # letters: enough to tell any two words of the list apart
_BY_BEGINNING = {word[:_ABBREVIATED]: word for word in WORDLIST}


def words_of(typed: str) -> tuple[str, ...]:
    """What somebody typed as words: numbers, signs, line breaks and capitals don't matter, four letters are enough.

    A word that is not in the list stays as it is.

    >>> words_of("1. Academic, 2. ACID acro")
    ('academic', 'acid', 'acrobat')
    """
    return tuple(_whole(word) for word in re.findall(r"[^\W\d_]+", typed.casefold()))


def _whole(word: str) -> str:
    known = _BY_BEGINNING.get(word[:_ABBREVIATED], "")
    return known if len(word) >= _ABBREVIATED and known.startswith(word) else word


@dataclass(frozen=True, slots=True)
class Share:
    """One of the shares of a set. `number` begins with 1; `set_id` (15 bits) and `threshold` are the same in a set."""

    words: tuple[str, ...] = field(repr=False)
    number: int
    set_id: int
    threshold: int

    @classmethod
    def parse(cls, words: Sequence[str]) -> Share:
        """From all its words. Raises `Damaged`, which says which place to look at and never quotes a word."""
        if unknown := [place for place, word in enumerate(words, 1) if word not in WORD_INDEX_MAP]:
            raise Damaged(f"{_places(unknown)} not in the list of words", "Look at the sheet, and type it again.")
        if len(words) not in SIZES:
            sizes = ", ".join(map(str, SIZES))
            raise Damaged(f"these are {len(words)} words; a share has {sizes}", "A word is missing, or there twice.")
        try:
            share = Parsed.from_mnemonic(" ".join(words))
        except MnemonicError:
            raise Damaged("the share is damaged: " + _where(words), "Look at the sheet, and type it again.") from None
        if (share.group_count, share.extendable) != (1, True):
            raise Damaged("this share was made by another program", "Restore it with the program that made it.")
        return cls(tuple(words), share.index + 1, share.identifier, share.member_threshold)

    @property
    def set_name(self) -> str:
        """What is on all sheets that belong together: five digits."""
        return f"{self.set_id:05d}"

    def wrong(self, words: Sequence[str], start: int = 0) -> int | None:
        """The place (from 1) of the first of `words` that is not this share's, when they go on from `start`."""
        mine = self.words[start : start + len(words)]
        places = (place for place, pair in enumerate(zip(words, mine, strict=False), start + 1) if pair[0] != pair[1])
        return next(places, None if len(words) <= len(mine) else len(self.words) + 1)


@dataclass(slots=True)
class Gathering:
    """Shares as they come in, until they are enough."""

    shares: list[Share] = field(default_factory=list)

    @property
    def missing(self) -> int | None:
        """How many more are needed; None while there is none to say so."""
        return self.shares[0].threshold - len(self.shares) if self.shares else None

    def add(self, share: Share) -> None:
        """Take one. Raises `Usage` when it is there already or of another set, `Damaged` when it contradicts one."""
        for held in self.shares:
            if (held.set_id, held.threshold, len(held.words)) != (share.set_id, share.threshold, len(share.words)):
                raise Usage(
                    f"this share is of set {share.set_name}, and those before are of set {held.set_name}",
                    "Only sheets with the same set number belong together.",
                )
            if held.words == share.words:
                raise Usage(f"share {share.number} is here already", "Each share counts once: take another sheet.")
            if held.number == share.number:
                raise Damaged(f"there are two different shares {share.number} of set {share.set_name}")
        self.shares.append(share)

    def secret(self) -> bytes:
        """The seeds. Raises `Usage` while shares are missing, `Damaged` when they don't fit each other."""
        if self.missing != 0:
            raise Usage(f"{self.missing or 'some'} more shares are needed")
        try:
            return combine_mnemonics([" ".join(share.words) for share in self.shares])
        except MnemonicError:
            raise Damaged(
                f"these shares of set {self.shares[0].set_name} don't fit each other",
                "Two sets may have the same number by chance: compare the days on the sheets.",
            ) from None


def split(private: PrivateFile, count: int, threshold: int) -> tuple[Share, ...]:
    """`count` shares, any `threshold` of which rebuild the file's keys. Raises `Usage` for numbers that make no sense.

    A threshold of 1 is refused: each sheet would be the whole key.
    """
    if not 2 <= threshold <= count <= SHARES_LIMIT:
        raise Usage(
            f"{threshold} of {count} shares can't be", f"From 2 to {SHARES_LIMIT} shares, and 2 or more to rebuild."
        )
    if len(private.identities) >= SEEDS_LIMIT:
        raise Usage(f"a sheet has no room for more than {SEEDS_LIMIT - 1} identities", "Back them up one by one.")
    secret = b"".join([private.signing.seed, *(identity.seed for identity in private.identities)])
    # No passphrase: it would be one more thing to lose. So there is nothing to stretch either.
    (mnemonics,) = generate_mnemonics(1, [(threshold, count)], secret, iteration_exponent=0)
    return tuple(Share.parse(mnemonic.split()) for mnemonic in mnemonics)


def rebuild(shares: Iterable[Share], name: str) -> PrivateFile:
    """The private file from just enough shares; `name` is origin/label. Raises like `Gathering`."""
    gathering = Gathering()
    for share in shares:
        gathering.add(share)
    secret = gathering.secret()
    first, *others = (secret[start : start + SEED_SIZE] for start in range(0, len(secret), SEED_SIZE))
    return PrivateFile(SigningKey(name, first), tuple(HybridIdentity(seed) for seed in others))


def public_texts(private: PrivateFile) -> tuple[str, ...]:
    """What has a fingerprint: each identity's recipient, and last the key that signs, which covers origin and label."""
    return (*(str(identity.recipient) for identity in private.identities), str(private.signing.verify_key))


def fingerprints(private: PrivateFile) -> tuple[str, ...]:
    """Those of `public_texts`."""
    return tuple(map(fingerprint, public_texts(private)))


def _places(places: Sequence[int]) -> str:
    if len(places) == 1:
        return f"word {places[0]} is"
    return f"words {', '.join(map(str, places[:-1]))} and {places[-1]} are"


def _where(words: Sequence[str]) -> str:
    """The one word that is wrong, or the two neighbours that changed places, if that explains the checksum.

    SLIP-39 allows to say where, and warns against saying what it should have been.
    """
    indices = [WORD_INDEX_MAP[word] for word in words]
    data, given = indices[:-_CHECKSUM], indices[-_CHECKSUM:]
    off = _packed(rs1024.create_checksum(data, CUSTOMIZATION_STRING_EXTENDABLE)) ^ _packed(given)
    effects = _effects(len(words))
    for place, bits in enumerate(effects, 1):
        if any(_effect(bits, change) == off for change in range(1, 1 << RADIX_BITS)):
            return f"word {place} is another one on the sheet"
    for place in range(1, len(words)):
        change = indices[place - 1] ^ indices[place]
        if _effect(effects[place - 1], change) ^ _effect(effects[place], change) == off:
            return f"words {place} and {place + 1} have changed places"
    return "two words or more are other ones on the sheet"


def _packed(words: Iterable[int]) -> int:
    value = 0
    for word in words:
        value = value << RADIX_BITS | word
    return value


def _effect(bits: Sequence[int], change: int) -> int:
    value = 0
    for number, effect in enumerate(bits):
        if change >> number & 1:
            value ^= effect
    return value


@cache
def _effects(size: int) -> tuple[tuple[int, ...], ...]:
    """For each place of a share and each bit of its word, which bits of the checksum turn with it: all is linear."""
    zeros = [0] * (size - _CHECKSUM)
    nothing = _packed(rs1024.create_checksum(zeros, CUSTOMIZATION_STRING_EXTENDABLE))
    table = [
        tuple(
            nothing
            ^ _packed(
                rs1024.create_checksum([*zeros[:place], 1 << bit, *zeros[place + 1 :]], CUSTOMIZATION_STRING_EXTENDABLE)
            )
            for bit in range(RADIX_BITS)
        )
        for place in range(size - _CHECKSUM)
    ]
    own = [tuple(1 << RADIX_BITS * place + bit for bit in range(RADIX_BITS)) for place in reversed(range(_CHECKSUM))]
    return (*table, *own)
