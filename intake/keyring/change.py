"""The step from one keyring to the next: who joins, who rotates, who leaves, and what that can never do.

A change is a handful of swaps. A swap names what goes by its label, and gives what comes; either may be missing:

    Swap(None, reviewer)      joins, at the end of the list
    Swap("r2", reviewer)      takes the place of r2: with the same label a new key, with another one another name
    Swap("r2", None)          leaves

Whatever goes stands in `retired` from then on, each recipient and each signing key by its fingerprint: it can't come
back in any role. Serial, hash and retired lines are made here, so that nobody can forget them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Generic, TypeAlias, TypeVar

from intake.errors import KeyringRefused, Usage
from intake.keyring.card import Card
from intake.keyring.fingerprint import fingerprint
from intake.keyring.lines import SERIAL_LIMIT
from intake.keyring.text import Drop, Keyring, Retired, Reviewer, Root
from intake.keyring.trust import check_following

MOST = {"root": 16, "drop": 8, "reviewer": 32}
MOST_RETIRED = 200
LATE = timedelta(days=183)
"""How long after the day a keyring closes a report that is carried by hand may still arrive."""

_LAST = {
    "root": "nobody could sign a keyring any more",
    "drop": "no server could sign a bundle any more",
    "reviewer": "nobody could open what comes",
}

Named: TypeAlias = Root | Drop | Reviewer
Member = TypeVar("Member", Root, Drop, Reviewer)


@dataclass(frozen=True, slots=True)
class Swap(Generic[Member]):
    """`out`, the label of what goes, and `new`, what comes in its place; either may be None."""

    out: str | None
    new: Member | None


@dataclass(frozen=True, slots=True)
class Days:
    """The days of the new keyring."""

    issued: date
    expires: date
    closes: date


@dataclass(frozen=True, slots=True)
class Change:
    """What is to differ but for the days. None means: as before."""

    reviewers: tuple[Swap[Reviewer], ...] = ()
    roots: tuple[Swap[Root], ...] = ()
    drops: tuple[Swap[Drop], ...] = ()
    threshold: int | None = None
    closed_through: int | None = None


def named(card: Card) -> Reviewer:
    """The reviewer that a card speaks of."""
    return Reviewer(card.label, card.recipient, card.key)


def following(before: Keyring, change: Change, days: Days) -> Keyring:
    """The keyring after `before`, unsigned. It needs a threshold of the roots of both.

    Raises `Usage` for what can't be, with a reason of its own: an unknown label, a key that is in the keyring or was
    retired, the last one of its kind, a threshold that no roots could reach, anything backwards.
    """
    _check_days(before, days)
    if before.serial == SERIAL_LIMIT:
        raise Usage(f"keyring {before.serial} is the last: serials have six digits", "Begin a drop of another origin.")
    used = _Used(before)
    roots = _swapped("root", before.roots, change.roots, used)
    drops = _swapped("drop", before.drops, change.drops, used)
    reviewers = _swapped("reviewer", before.reviewers, change.reviewers, used)
    after = replace(
        before,
        serial=before.serial + 1,
        previous=before.hash,
        issued=days.issued,
        expires=days.expires,
        closes=days.closes,
        closed_through=_closed_through(before, change.closed_through),
        threshold=_threshold(before, change.threshold, roots),
        roots=roots,
        drops=drops,
        reviewers=reviewers,
    )
    after = replace(after, retired=retired_by(before, after))
    if len(after.retired) > MOST_RETIRED:
        raise Usage(
            f"the keyring would list more than {MOST_RETIRED} retired keys, and it never forgets one",
            "Begin a drop of another origin.",
        )
    if replace(after, serial=before.serial, previous=before.previous) == before:
        raise Usage(f"nothing would differ from keyring {before.serial}", "Give other days, or something to change.")
    try:
        check_following(Keyring.parse(bytes(after)), before)
    except KeyringRefused as error:
        raise Usage(str(error), "Nothing was written: change what was asked for and try again.") from error
    return after


def stranded(earlier: Iterable[Keyring], reviewers: Iterable[Reviewer], day: date) -> tuple[Keyring, ...]:
    """Which of the `earlier` keyrings have no key left among `reviewers`, while a report sealed under them may come.

    Only somebody who kept an old key can open that report then.
    """
    standing = {reviewer.recipient for reviewer in reviewers}
    return tuple(k for k in earlier if day < k.closes + LATE and standing.isdisjoint(k.recipients))


def retired_by(before: Keyring, after: Keyring) -> tuple[Retired, ...]:
    """The retired lines that `after` must have: those of `before`, and one for each key that is gone since."""
    staying = {text for _, _, text in after.standing}
    gone = ((label, text) for _, label, text in before.standing if text not in staying)
    return before.retired + tuple(Retired(label, fingerprint(text), after.issued) for label, text in gone)


def keys_of(member: Named) -> tuple[str, ...]:
    """The public keys of a line, as it writes them: what opens first, then what signs."""
    return (member.recipient, str(member.key)) if isinstance(member, Reviewer) else (str(member.key),)


class _Used:
    """Every key that stands in the keyring or did once, and as what."""

    def __init__(self, before: Keyring) -> None:
        self._origin = before.origin
        self._owners: dict[str, str] = {}
        for retired in before.retired:
            self._owners[retired.fingerprint] = f"was retired on {retired.day} as that of {retired.label}"
        for role, label, text in before.standing:
            self.take(role, label, text)

    def take(self, role: str, label: str, text: str) -> None:
        """Remember a key. Its fingerprint stands for it, as in the retired lines."""
        self._owners[fingerprint(text)] = f"is in the keyring already as that of {role} {label}"

    def add(self, role: str, new: Named, kept: Sequence[str]) -> None:
        """Take the keys of `new`, of which those `kept` stood in the same line before."""
        if new.key.name != f"{self._origin}/{new.label}":
            raise Usage(
                f"the key of {role} {new.label} is not made for {self._origin}/{new.label}",
                "A key bears the name of one origin and one label: make another one.",
            )
        for text in keys_of(new):
            if text in kept:
                continue
            if owner := self._owners.get(fingerprint(text)):
                raise Usage(
                    f"a key of {role} {new.label} {owner}", "Every key has one role, once: make another one for this."
                )
            self.take(role, new.label, text)


def _swapped(
    role: str, members: tuple[Member, ...], swaps: tuple[Swap[Member], ...], used: _Used
) -> tuple[Member, ...]:
    places: list[Member | None] = list(members)
    old = {member.label: place for place, member in enumerate(members)}
    for swap in swaps:
        going = None
        if swap.out is not None:
            place = old.get(swap.out, -1)
            going = members[place] if place >= 0 else None
            if going is None:
                raise Usage(
                    f"no {role} of the keyring is called {swap.out}", f"It names {', '.join(sorted(old))}: choose one."
                )
            if places[place] is not going:
                raise Usage(f"{role} {swap.out} is changed twice", "Name each label once.")
            places[place] = swap.new
        elif swap.new is not None:
            places.append(swap.new)
        if swap.new is not None:
            kept = keys_of(going) if going is not None and going.label == swap.new.label else ()
            if swap.new == going:
                raise Usage(
                    f"{role} {swap.new.label} has this very key already: nothing would change",
                    "Make a new key first, and give its file.",
                )
            used.add(role, swap.new, kept)
    after = tuple(member for member in places if member is not None)
    _check_labels(role, after)
    if not after:
        raise Usage(f"{members[0].label} is the last {role}: {_LAST[role]}", "Add another one first.")
    if len(after) > MOST[role]:
        raise Usage(f"{len(after)} {role}s are too many: a keyring holds {MOST[role]}")
    return after


def _check_labels(role: str, members: Sequence[Named]) -> None:
    seen: set[str] = set()
    for member in members:
        if member.label in seen:
            raise Usage(
                f"the keyring has a {role} {member.label} already",
                "To give it a new key, rotate it; for another person, choose another label.",
            )
        seen.add(member.label)


def _check_days(before: Keyring, days: Days) -> None:
    if days.issued < before.issued:
        raise Usage(
            f"keyring {before.serial} was issued on {before.issued}; the next can't be from {days.issued}",
            "Check this machine's date, or give --issued.",
        )
    for word, day, earlier, day_before in (
        ("expire", days.expires, "issued", days.issued),
        ("close", days.closes, "expired", days.expires),
    ):
        if day < day_before:
            raise Usage(f"the keyring would {word} on {day}, before it is {earlier} on {day_before}")


def _closed_through(before: Keyring, asked: int | None) -> int:
    if asked is None:
        return before.closed_through
    if asked < before.closed_through:
        raise Usage(
            f"keyring {before.closed_through} and all before it are closed already, and never opened again",
            f"Give --closed-through {before.closed_through} or more.",
        )
    if asked > before.serial:
        raise Usage(
            f"keyring {asked} can't be closed by keyring {before.serial + 1}: only those before it can",
            f"Give --closed-through {before.serial} or less.",
        )
    return asked


def _threshold(before: Keyring, asked: int | None, roots: Sequence[Root]) -> int:
    threshold = before.threshold if asked is None else asked
    if not 1 <= threshold <= len(roots):
        raise Usage(
            f"{threshold} signatures would be asked of only {len(roots)} roots", "Keep more roots, or give --threshold."
        )
    return threshold


def changed(before: Sequence[Member], after: Sequence[Member]) -> Iterator[tuple[Member | None, Member | None]]:
    """What differs between two lists, as pairs of what went and what came, in the order of the lists.

    One label is one member. Besides, a stranger in the very place of somebody who went has replaced them.
    """
    old, new = {m.label: m for m in before}, {m.label: m for m in after}
    in_place = {
        a.label: b.label
        for a, b in zip(before, after, strict=False)
        if len(before) == len(after) and a.label not in new and b.label not in old
    }
    for member in before:
        successor = new.get(in_place.get(member.label, member.label))
        if successor != member:
            yield member, successor
    for member in after:
        if member.label not in old and member.label not in in_place.values():
            yield None, member


__all__ = [
    "LATE",
    "MOST",
    "Change",
    "Days",
    "Swap",
    "changed",
    "following",
    "keys_of",
    "named",
    "retired_by",
    "stranded",
]
