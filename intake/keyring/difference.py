"""What the next keyring changes, in words for the people who are asked to sign it.

Complete on purpose: whatever line of the text differs has its sentence here, also what no ceremony of ours would do,
since the one who wrote the keyring may have used another tool.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from intake.keyring.change import LATE, Named, changed, stranded
from intake.keyring.fingerprint import fingerprint
from intake.keyring.note import SignedNote
from intake.keyring.text import Drop, Keyring, Retired, Reviewer, Root
from intake.keyring.trust import signed_by


def differences(before: Keyring, after: Keyring) -> tuple[str, ...]:
    """One sentence each, most weighty first. `after` is expected to follow `before` (`trust.check_following`)."""
    return (
        *_reviewers(before, after),
        *_roots(before, after),
        *_drops(before, after),
        *_duties(before, after),
        *_closings(before, after),
        *_sites(before, after),
        *_retired(before, after),
        *_days(before, after),
    )


def still_to_sign(note: SignedNote, keyring: Keyring, before: Keyring | None) -> str:
    """Which roots may sign next, and how many must: by the keyring's own threshold and by that of the one before it.

    Raises `KeyringRefused` on a false signature.
    """
    asked = []
    for whose in (before, keyring):
        if whose is None:
            continue
        signed = signed_by(note, whose)
        if (needed := whose.threshold - len(signed)) > 0:
            names = " or ".join(_root_name(root, keyring, before) for root in whose.roots if root not in signed)
            asked.append(f"{names} ({needed} needed) of keyring {whose.serial}")
    if asked:
        return f"still to sign: {'; '.join(asked)}"
    if before is None and keyring.serial > 1:
        return f"still to sign: nobody of its own roots; those of keyring {keyring.serial - 1} were not counted"
    return "still to sign: nobody, the keyring is finished"


def _root_name(root: Root, keyring: Keyring, before: Keyring | None) -> str:
    """The label; where the two keyrings give it to two keys, which of them is meant."""
    if before is None or (root in before.roots and root in keyring.roots):
        return root.label
    if root.label in {r.label for r in before.roots} & {r.label for r in keyring.roots}:
        return f"{root.label} with the {'old' if root in before.roots else 'new'} key"
    return root.label


def _reviewers(before: Keyring, after: Keyring) -> Iterator[str]:
    for old, new in changed(before.reviewers, after.reviewers):
        if new is None:
            assert old is not None
            yield f"reviewer {old.label} leaves: {_leaving(before, after)}"
        elif old is None:
            yield (
                f"reviewer {new.label} joins, opens what is sealed from keyring {after.serial} on and nothing older: "
                f"{_both(new)}"
            )
        elif old.label != new.label:
            yield f"reviewer {old.label} is replaced by {new.label}: {_both(new)}; {_leaving(before, after)}"
        elif old.recipient != new.recipient:
            yield (
                f"reviewer {new.label}: new key {fingerprint(new.recipient)}; "
                "reports sealed before still open with the old one until it is forgotten"
            )
            if old.key != new.key:
                yield f"reviewer {new.label}: new signing key {fingerprint(str(new.key))}"
        else:
            yield f"reviewer {new.label}: new signing key {fingerprint(str(new.key))}"
    if stranded([before], after.reviewers, after.issued):
        yield (
            f"NO reviewer's key of keyring {before.serial} stays: a report sealed before may be carried in until "
            f"{before.closes + LATE}, so let everybody keep the old keys"
        )
    if _reordered(before.reviewers, after.reviewers):
        yield "the reviewers stand in another order"


def _leaving(before: Keyring, after: Keyring) -> str:
    kept = f"the old key goes on opening what is sealed up to keyring {before.serial}"
    if after.closed_through >= before.serial:
        return f"{kept}, which takes nothing any more"
    return f"{kept}; until {before.closes} an old copy of the form may still seal to it"


def _both(reviewer: Reviewer) -> str:
    return f"key {fingerprint(reviewer.recipient)}, signing key {fingerprint(str(reviewer.key))}"


def _roots(before: Keyring, after: Keyring) -> Iterator[str]:
    yield from _keys("root", "its signature counts no more", changed(before.roots, after.roots))
    if _reordered(before.roots, after.roots):
        yield "the roots stand in another order"
    old, new = (f"{k.threshold} of {len(k.roots)} roots" for k in (before, after))
    if old != new:
        yield f"must sign: {old} → {new}"


def _drops(before: Keyring, after: Keyring) -> Iterator[str]:
    yield from _keys("drop", "it signs no bundles any more", changed(before.drops, after.drops))
    if _reordered(before.drops, after.drops):
        yield "the drops stand in another order"


def _keys(role: str, gone: str, pairs: Iterable[tuple[Root | Drop | None, Root | Drop | None]]) -> Iterator[str]:
    for old, new in pairs:
        if new is None:
            assert old is not None
            yield f"{role} {old.label} leaves: {gone}"
        elif old is None:
            yield f"{role} {new.label} joins: key {fingerprint(str(new.key))}"
        elif old.label != new.label:
            yield f"{role} {old.label} is replaced by {new.label}: key {fingerprint(str(new.key))}"
        else:
            yield f"{role} {new.label}: new key {fingerprint(str(new.key))}"


def _reordered(before: Sequence[Named], after: Sequence[Named]) -> bool:
    old, new = [m.label for m in before], [m.label for m in after]
    return [label for label in old if label in new] != [label for label in new if label in old]


def _duties(before: Keyring, after: Keyring) -> Iterator[str]:
    for duty in before.duties:
        if duty not in after.duties:
            yield f"duty {duty.label} no longer opens urgent slips with the key {fingerprint(duty.recipient)}"
    for duty in after.duties:
        if duty not in before.duties:
            yield f"duty {duty.label} opens urgent slips: key {fingerprint(duty.recipient)}"
    if before.duties != after.duties and set(before.duties) == set(after.duties):
        yield "the duties stand in another order"


def _closings(before: Keyring, after: Keyring) -> Iterator[str]:
    if before.closed_through != after.closed_through:
        first, last = before.closed_through + 1, after.closed_through
        if last == first:
            yield f"keyring {last} takes nothing any more"
        else:
            yield f"keyrings {first} to {last} take nothing any more"


def _sites(before: Keyring, after: Keyring) -> Iterator[str]:
    yield from (f"site {site} is no longer named" for site in before.sites if site not in after.sites)
    yield from (f"site {site} is named" for site in after.sites if site not in before.sites)
    if before.sites != after.sites and set(before.sites) == set(after.sites):
        yield "the sites stand in another order"


def _retired(before: Keyring, after: Keyring) -> Iterator[str]:
    """What went stands in a sentence of its own above; here is what does not fit to it."""
    gone = {(label, fingerprint(text)) for _, label, text in before.standing}
    for retired in after.retired[len(before.retired) :]:
        if (retired.label, retired.fingerprint) not in gone:
            yield f"a key is listed as retired that was not in keyring {before.serial}: {_line(retired)}"
        elif retired.day != after.issued:
            yield f"a key is listed as retired on another day than the keyring's: {_line(retired)}"


def _line(retired: Retired) -> str:
    return f"{retired.label}, {retired.day}, {retired.fingerprint}"


def _days(before: Keyring, after: Keyring) -> Iterator[str]:
    for word, old, new in (
        ("issued", before.issued, after.issued),
        ("expires", before.expires, after.expires),
        ("closes", before.closes, after.closes),
    ):
        if old != new:
            yield f"{word} {_arrow(old, new)}"


def _arrow(old: date, new: date) -> str:
    return f"{old} → {new}" + (" (EARLIER than before)" if new < old else "")


__all__ = ["differences", "still_to_sign"]
