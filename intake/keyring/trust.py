"""Why a keyring is believed: the rules of The Update Framework's root role, over a chain of signed notes.

1. Trust starts by hand: with root fingerprints typed from paper (a threshold of them must have signed one keyring of
   the chain), with a pin kept from the last time, or with both. Never with what the keyring says of itself.
2. Every keyring is signed by the threshold of its own roots, and by the threshold of the roots before it.
3. Serials rise by exactly one, and each keyring names the SHA-256 of the text before it. (That ties older keyrings to a
   believed one, and rule 2 ties newer ones: so any keyring of the chain may be the one that the paper speaks of.)
4. One vote a key. A signature that names a root and does not verify refuses the whole note.
5. Never backwards: neither behind a pin, nor in `closed-through`, nor in the day of issue.
6. The same serial with another text is an alarm; the same text with more signatures is not.
7. The origin never changes.
8. `expires` is a warning. `closes` stops sealing and nothing else.
9. No key is forgotten: retired lines stay, in their order, and a key that goes is added to them. (So no key comes back:
   a keyring names each of them once.)

No clock: `today` is an argument and only colours the warnings.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from intake.errors import KeyringRefused, Usage
from intake.keyring.fingerprint import DIGITS, GROUPS, differing, fingerprint, grouped, matches, normal
from intake.keyring.lines import SERIAL_LIMIT, Lines
from intake.keyring.note import SignedNote
from intake.keyring.text import Keyring, Root

_ALARM = (
    "Stop, and tell the other root holders and reviewers: somebody holds root keys who should not, or the server lies."
)
_MADE_BY_HAND = (
    "Don't sign or use it: a key that is forgotten could come back. Make it again with intake keys rotate or retire."
)
_CLOSE_GUESS = 5  # groups that agree before a typed fingerprint counts as a slip of the hand: 25 digits are no accident


@dataclass(frozen=True, slots=True)
class Roots:
    """Root fingerprints typed by hand, normalised, and how many of them must have signed."""

    fingerprints: tuple[str, ...]
    threshold: int

    @classmethod
    def typed(cls, values: Sequence[str], threshold: int | None = None) -> Roots:
        """From what was typed: whole fingerprints however spaced, or their groups as values of their own.

        Without `threshold` more than half of them must have signed. Raises `Usage`, saying what is wrong with which.
        """
        digits = [normal(value) for value in values]
        for number, found in enumerate(digits, 1):
            if found is None:
                raise Usage(
                    f"root fingerprint {number} holds a sign that is no digit", "Type the 40 digits from paper."
                )
        if any(len(found or "") != DIGITS for found in digits):
            joined = "".join(found or "" for found in digits)
            if len(joined) % DIGITS:
                raise Usage(
                    f"the root fingerprints have {len(joined)} digits together; one has {DIGITS} in {GROUPS} groups",
                    "Count the groups on the paper; the short form is not enough.",
                )
            digits = [joined[start : start + DIGITS] for start in range(0, len(joined), DIGITS)]
        found_once = tuple(dict.fromkeys(grouped(found or "") for found in digits))
        if not found_once:
            raise Usage(
                "no root fingerprint was given", "Type at least one from the paper you were given, with --root."
            )
        wanted = len(found_once) // 2 + 1 if threshold is None else threshold
        if not 1 <= wanted <= len(found_once):
            raise Usage(
                f"--threshold {wanted} does not fit the number of different root fingerprints, {len(found_once)}",
                "Type as many different fingerprints as the threshold asks, or more.",
            )
        return cls(found_once, wanted)

    @classmethod
    def of(cls, vkeys: Sequence[str], threshold: int) -> Roots:
        """From vkeys that are trusted already, as the page carries them."""
        return cls.typed([fingerprint(vkey) for vkey in vkeys], threshold)


@dataclass(frozen=True, slots=True)
class Pin:
    """What was believed last: the drop's `origin`, the hash of its first keyring, and the newest serial and its hash.

    amonat/pin/1
    origin <origin>
    first <base64 SHA-256 of keyring 1's text>
    serial <serial>
    text <base64 SHA-256 of that keyring's text>
    """

    origin: str
    first: bytes
    serial: int
    text_hash: bytes

    @classmethod
    def parse(cls, text: bytes) -> Pin:
        """Raises `KeyringRefused` on anything but exactly these five lines."""
        lines = Lines(text, "amonat/pin/1", ("origin", "first", "serial", "text"), what="pin")
        pin = cls(
            lines.one("origin").origin(),
            lines.one("first").digest(),
            lines.one("serial").number(1, SERIAL_LIMIT),
            lines.one("text").digest(),
        )
        lines.end()
        if pin.serial == 1 and pin.first != pin.text_hash:
            raise KeyringRefused("pin: it names two texts for keyring 1")
        return pin

    def __bytes__(self) -> bytes:
        first, text = (base64.b64encode(digest).decode() for digest in (self.first, self.text_hash))
        return f"amonat/pin/1\norigin {self.origin}\nfirst {first}\nserial {self.serial}\ntext {text}\n".encode()


@dataclass(frozen=True, slots=True)
class Chain:
    """Keyrings that were verified together, oldest first, with the notes they came in."""

    keyrings: tuple[Keyring, ...]
    notes: tuple[bytes, ...]
    first: bytes | None
    warnings: tuple[str, ...]

    @property
    def newest(self) -> Keyring:
        """The keyring of the highest serial."""
        return self.keyrings[-1]

    @property
    def origin(self) -> str:
        """The name of the drop, the same in all of them."""
        return self.newest.origin

    def by_serial(self, serial: int) -> Keyring | None:
        """The keyring of that serial, None when it is not in the chain."""
        place = serial - self.keyrings[0].serial
        return self.keyrings[place] if 0 <= place < len(self.keyrings) else None

    def note(self, serial: int) -> bytes | None:
        """The signed note of that serial, None when it is not in the chain."""
        place = serial - self.keyrings[0].serial
        return self.notes[place] if 0 <= place < len(self.notes) else None

    def is_closed(self, serial: int, day: date) -> bool:
        """Whether keyring `serial` is known to take nothing any more on `day`: by its own day, or closed early."""
        keyring = self.by_serial(serial)
        return serial <= self.newest.closed_through or (keyring is not None and keyring.is_closed(day))

    def closed_serials(self, day: date) -> tuple[int, ...]:
        """Every closed serial of the chain, rising."""
        return tuple(k.serial for k in self.keyrings if self.is_closed(k.serial, day))

    @property
    def reviewer_counts(self) -> frozenset[int]:
        """How many stanzas a sealed report may have: the number of reviewers of each keyring."""
        return frozenset(len(keyring.reviewers) for keyring in self.keyrings)

    def for_sealing(self, day: date) -> Keyring:
        """The newest keyring, to seal to. Raises `Closed` from its `closes` day on."""
        self.newest.refuse_if_closed(day)
        return self.newest

    @property
    def pin(self) -> Pin:
        """What to keep, so that the next time starts here. Raises `KeyringRefused` when keyring 1 was never seen."""
        if self.first is None:
            raise KeyringRefused(
                f"keyring 1 of {self.origin} is missing: the chain starts at {self.keyrings[0].serial}",
                "Give every keyring note from 1 on; the drop serves them as /keyring/1.note and so on.",
            )
        return Pin(self.origin, self.first, self.newest.serial, self.newest.hash)


def verify_chain(notes: Sequence[bytes], *, roots: Roots | None, pin: Pin | None, today: date) -> Chain:
    """Believe `notes` (keyrings without a gap, in any order) by the rules above.

    Two notes of one text are taken together, with the signatures of both. Raises `KeyringRefused` with the reason, and
    `Usage` when there is nothing to start trust from.
    """
    if roots is None and pin is None:
        raise Usage("nothing says whom to trust", "Give --root with a fingerprint from paper, or --pin.")
    links = _in_order(notes)
    for place, (keyring, note) in enumerate(links):
        _check_link(keyring, note, links[place - 1][0] if place else None)
    keyrings = tuple(keyring for keyring, _ in links)
    if pin is not None:
        _check_pin(keyrings, pin)
    if roots is not None:
        _check_roots(links, roots)
    first = keyrings[0].hash if keyrings[0].serial == 1 else pin.first if pin else None
    return Chain(keyrings, tuple(bytes(note) for _, note in links), first, keyrings[-1].warnings(today))


def signed_by(note: SignedNote, keyring: Keyring) -> tuple[Root, ...]:
    """Which roots of `keyring` signed `note`. Raises `KeyringRefused` on a false signature.

    A keyring never names a key twice, so each root is one vote.
    """
    signers = set(note.signers(keyring.root_keys))
    return tuple(root for root in keyring.roots if root.key in signers)


def _in_order(notes: Sequence[bytes]) -> list[tuple[Keyring, SignedNote]]:
    """Parsed, by rising serial, one for each; refuses gaps and a serial with two texts."""
    if not notes:
        raise Usage("no keyring was given")
    parsed = [(Keyring.parse(note.text), note) for note in map(SignedNote.parse, notes)]
    named = {(key.name, key.key_hash) for keyring, _ in parsed for key in keyring.root_keys}
    found: dict[int, tuple[Keyring, SignedNote]] = {}
    for keyring, note in parsed:
        _, other = found.setdefault(keyring.serial, (keyring, note))
        if other.text != note.text:
            raise KeyringRefused(f"there are two different texts of keyring {keyring.serial}", _ALARM)
        if other.signatures != note.signatures:
            # Strangers' signatures are left out: else two notes full of them would make one too long to be read again.
            together = dict.fromkeys(s for s in other.signatures + note.signatures if (s.name, s.key_hash) in named)
            found[keyring.serial] = keyring, SignedNote(note.text, tuple(together))
    serials = sorted(found)
    for before, after in pairwise(serials):
        if after != before + 1:
            raise KeyringRefused(
                f"the chain has a gap: after keyring {before} comes {after}",
                f"Give the note of keyring {before + 1} too; the drop serves it as /keyring/{before + 1}.note.",
            )
    return [found[serial] for serial in serials]


def check_following(keyring: Keyring, before: Keyring) -> None:
    """Refuse a keyring whose text can't follow that of `before`. Signatures are another matter."""
    serial = keyring.serial
    if serial != before.serial + 1:
        raise KeyringRefused(f"keyring {serial} does not follow keyring {before.serial}: serials rise by one")
    if keyring.origin != before.origin:
        raise KeyringRefused(f"keyring {serial} is of {keyring.origin}, the one before it of {before.origin}", _ALARM)
    if keyring.previous != before.hash:
        raise KeyringRefused(f"keyring {serial} follows another text of keyring {before.serial} than this one", _ALARM)
    if keyring.closed_through < before.closed_through:
        raise KeyringRefused(
            f"keyring {serial} opens serials again that keyring {before.serial} closed "
            f"(closed-through {keyring.closed_through} after {before.closed_through})"
        )
    if keyring.issued < before.issued:
        raise KeyringRefused(f"keyring {serial} was issued on {keyring.issued}, before keyring {before.serial}")
    _check_retired(keyring, before)


def _check_retired(keyring: Keyring, before: Keyring) -> None:
    serial = keyring.serial
    if lost := next((line for line in before.retired if line not in keyring.retired), None):
        raise KeyringRefused(
            f"keyring {serial} forgets the key of {lost.label} that was retired on {lost.day}, or alters its line",
            _MADE_BY_HAND,
        )
    if keyring.retired[: len(before.retired)] != before.retired:
        raise KeyringRefused(
            f"keyring {serial} does not begin its retired keys with those of keyring {before.serial}", _MADE_BY_HAND
        )
    known = {fingerprint(text) for _, _, text in keyring.standing} | {line.fingerprint for line in keyring.retired}
    for role, label, text in before.standing:
        if fingerprint(text) not in known:
            raise KeyringRefused(
                f"a key of {role} {label} is gone from keyring {serial}, which does not list it as retired",
                _MADE_BY_HAND,
            )


def _check_link(keyring: Keyring, note: SignedNote, before: Keyring | None) -> None:
    serial = keyring.serial
    if before is not None:
        check_following(keyring, before)
    own = len(signed_by(note, keyring))
    if own < keyring.threshold:
        raise KeyringRefused(
            f"keyring {serial} has {own} of the {keyring.threshold} signatures it needs from its own roots",
            "It is not finished: carry it to the next root holder, who signs it with keyring-sign.",
        )
    if before is not None and (theirs := len(signed_by(note, before))) < before.threshold:
        raise KeyringRefused(
            f"keyring {serial} has {theirs} of the {before.threshold} signatures it needs "
            f"from the roots of keyring {before.serial}"
        )


def _check_pin(keyrings: Sequence[Keyring], pin: Pin) -> None:
    oldest, newest = keyrings[0], keyrings[-1]
    if newest.origin != pin.origin:
        raise KeyringRefused(f"the keyring is of {newest.origin}, the pin of {pin.origin}")
    if newest.serial < pin.serial:
        raise KeyringRefused(
            f"keyring {newest.serial} is older than keyring {pin.serial}, which was believed already",
            "Get the newest keyring. If the server gives an old one again and again, tell the other reviewers.",
        )
    if oldest.serial > pin.serial:
        raise KeyringRefused(
            f"the chain starts at keyring {oldest.serial}, after keyring {pin.serial} of the pin",
            f"Give every keyring note from {pin.serial} on; the drop serves it as /keyring/{pin.serial}.note.",
        )
    if keyrings[pin.serial - oldest.serial].hash != pin.text_hash:
        raise KeyringRefused(f"keyring {pin.serial} has another text than the one believed before", _ALARM)
    if oldest.serial == 1 and oldest.hash != pin.first:
        raise KeyringRefused("keyring 1 has another text than the one the pin began with", _ALARM)


def _check_roots(links: Sequence[tuple[Keyring, SignedNote]], roots: Roots) -> None:
    """Somewhere in the chain a threshold of the typed roots must have signed a keyring that names them as its roots."""
    best = 0
    named: dict[str, Root] = {}
    for keyring, note in links:
        typed = [r for r in keyring.roots if any(matches(f, str(r.key)) for f in roots.fingerprints)]
        named |= {fingerprint(str(root.key)): root for root in typed}
        best = max(best, len({*note.signers(root.key for root in typed)}))
        if best >= roots.threshold:
            return
    missing = [f for f in roots.fingerprints if f not in named]
    if len(named) >= roots.threshold:
        raise KeyringRefused(
            f"only {best} of the typed roots signed one and the same keyring, {roots.threshold} must",
        )
    raise KeyringRefused(_unlike(missing, [root for keyring, _ in links for root in keyring.roots]))


def _unlike(typed: Sequence[str], roots: Sequence[Root]) -> str:
    """The sentence about typed fingerprints that are nobody's; a slip of the hand is named by its group."""
    for digits in typed:
        for root in roots:
            groups = differing(digits, str(root.key))
            if len(groups) <= GROUPS - _CLOSE_GUESS:
                which = " and ".join(str(group) for group in groups)
                return (
                    f"the typed fingerprint {digits} differs from that of root {root.label} in group {which}: "
                    "look at the paper again"
                )
    many = f"{len(typed)} of the typed fingerprints are" if len(typed) > 1 else f"the typed fingerprint {typed[0]} is"
    return f"{many} not among the roots of this keyring"
