"""When an identity may be destroyed: when nothing that only it opens can still come. Pure: facts in, reasons out.

An identity is named by some keyrings of the chain. It may be forgotten when

1. the newest keyring doesn't name it, and every keyring that did is known;
2. the drop's bundles are here without a gap, from the last one before it was named up to the newest, which calls every
   keyring naming it closed, and everything they carried was taken in (so that its file key is kept) or is no report;
3. what is carried by hand can't need it. A carried report claims no keyring, so the drop takes it whatever is closed.
   Each keyring that named the identity must either still have another key that stands now, whose owner opens what
   comes late, or have closed by its own day half a year before the newest bundle: no form seals to it any more.

The third rule keeps somebody able to read at every step, as long as nobody leaves whose key is the last one standing:
`intake.keyring.change.stranded` is the ceremonies' warning about that. A bundle proves how old it can be at most, and
whatever came before it is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from intake.keyring.change import LATE, stranded
from intake.keyring.text import Keyring
from intake.report.bundle import Index


@dataclass(frozen=True, slots=True)
class Link:
    """One bundle that was taken in. `hash` and `previous` (32 bytes) are of index texts; `keyring` the newest then.

    `closed` are the serials it calls closed. `whole`: everything it carried was taken in or refused for good. `day`: it
    was not made before this day.
    """

    epoch: int
    serial: int
    hash: bytes
    previous: bytes | None
    keyring: int
    closed: frozenset[int]
    whole: bool
    day: date

    @classmethod
    def of(cls, index: Index, keyrings: Sequence[Keyring], today: date, *, whole: bool) -> Link:
        """From a bundle's index and the chain of keyrings that it belongs to.

        Its day is the latest of those that it speaks of as past: reports that had arrived, its keyring's issue, and the
        closing of keyrings that only their own day can have closed. A server that speaks of tomorrow is not believed.
        """
        known = {keyring.serial: keyring for keyring in keyrings}
        newest = known[index.keyring]
        past = [known[serial].closes for serial in index.closed if serial > newest.closed_through and serial in known]
        day = max([newest.issued, *past, *(entry.day for entry in index.reports)])
        return cls(
            index.epoch,
            index.serial,
            index.hash,
            index.previous,
            index.keyring,
            frozenset(index.closed),
            whole,
            min(day, today),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a desk has seen: the chain of keyrings, oldest first, and the bundles in their order.

    `waiting` names what came and could not be opened yet, though a key may still fit.
    """

    keyrings: Sequence[Keyring]
    links: Sequence[Link]
    waiting: Sequence[str]


def naming(recipient: str, keyrings: Iterable[Keyring]) -> tuple[int, ...]:
    """The serials of the keyrings that name a recipient, rising."""
    return tuple(keyring.serial for keyring in keyrings if recipient in keyring.recipients)


def hindrances(recipient: str, evidence: Evidence) -> tuple[str, ...]:
    """Why the identity of `recipient` can't be forgotten yet, a sentence each; empty when it is proved that it can."""
    keyrings = evidence.keyrings
    named = naming(recipient, keyrings)
    if not named:
        return ("no keyring known here names this identity, so nothing tells what it opens",)
    said = []
    if named[-1] == keyrings[-1].serial:
        said.append(f"keyring {named[-1]}, the newest, still names it: rotate or retire it first")
    if named[0] == keyrings[0].serial > 1:
        said.append(f"the keyrings before {named[0]} are not known here, and may name it too")
    said += _chain(named, evidence.links)
    said += [f"{name} came and was not opened yet" for name in evidence.waiting]
    said += _late(recipient, named, evidence)
    return tuple(said)


def _chain(named: Sequence[int], links: Sequence[Link]) -> Iterator[str]:
    first = named[0]
    if not links:
        yield f"no bundle was imported here: all are needed, from the first that names keyring {first}"
        return
    begin = max((place for place, link in enumerate(links) if link.keyring < first), default=0)
    needed = links[begin:]
    if needed[0].keyring >= first and needed[0].previous is not None:
        yield f"the bundles before {needed[0].serial} are missing: they may carry reports sealed to it"
    for before, after in pairwise(needed):
        if after.previous != before.hash:
            yield _gap(before, after)
    for link in needed:
        if not link.whole:
            yield f"bundle {link.serial} was not taken in whole: import it again"
    last = links[-1]
    if taking := [serial for serial in named if serial not in last.closed]:
        yield (
            f"bundle {last.serial}, the newest here, does not call {_serials(taking)} closed: one that does is needed"
        )


def _gap(before: Link, after: Link) -> str:
    if after.epoch == before.epoch and after.serial == before.serial + 2:
        return f"bundle {before.serial + 1} is missing: it may carry reports sealed to it"
    if after.epoch == before.epoch and after.serial > before.serial + 2:
        return f"bundles {before.serial + 1} to {after.serial - 1} are missing: they may carry reports sealed to it"
    return (
        f"bundle {after.serial} of epoch {after.epoch} does not follow bundle {before.serial} of epoch {before.epoch}"
    )


def _late(recipient: str, named: Sequence[int], evidence: Evidence) -> Iterator[str]:
    earlier = [keyring for keyring in evidence.keyrings if keyring.serial in named]
    others = [reviewer for reviewer in evidence.keyrings[-1].reviewers if reviewer.recipient != recipient]
    day = evidence.links[-1].day if evidence.links else date.min
    for keyring in stranded(earlier, others, day):
        yield (
            f"no other key of keyring {keyring.serial} stands now: a report carried by hand may come until "
            f"{keyring.closes + LATE}, and no bundle here is from after that day"
        )


def _serials(serials: Sequence[int]) -> str:
    if len(serials) == 1:
        return f"keyring {serials[0]}"
    return f"keyrings {', '.join(map(str, serials[:-1]))} and {serials[-1]}"
