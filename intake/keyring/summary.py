"""A keyring as people read it before they sign or believe it, and as programs do."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from datetime import date

from intake.errors import Exit
from intake.keyring.fingerprint import fingerprint
from intake.keyring.note import SignedNote
from intake.keyring.text import Keyring
from intake.keyring.trust import signed_by

JSON = dict[str, object]

WARN_DAYS = 30
ALARM_DAYS = 7


def describe(keyring: Keyring, today: date) -> Iterator[str]:
    """The keyring in plain lines. Every value comes from a parsed keyring: plain ASCII, safe to print."""
    yield f"Keyring {keyring.serial} of {keyring.origin}"
    if keyring.previous is None:
        yield "  follows    none: it is the first"
    else:
        yield f"  follows    keyring {keyring.serial - 1} with the text {base64.b64encode(keyring.previous).decode()}"
    yield f"  issued     {keyring.issued}"
    yield f"  expires    {keyring.expires} ({_away(keyring.expires, today)}): the next keyring should be there by then"
    yield f"  closes     {keyring.closes} ({_away(keyring.closes, today)}): from then on nothing is sealed to it"
    if keyring.closed_through:
        yield f"  closed     keyring {keyring.closed_through} and all before it take nothing any more"
    for site in keyring.sites:
        yield f"  site       {site}"
    yield f"  threshold  {keyring.threshold} of {len(keyring.roots)} roots must sign"
    for root in keyring.roots:
        yield f"  root {root.label}"
        yield f"    {fingerprint(str(root.key))}"
    for drop in keyring.drops:
        yield f"  drop {drop.label} (signs bundles)"
        yield f"    {fingerprint(str(drop.key))}"
    for reviewer in keyring.reviewers:
        yield f"  reviewer {reviewer.label} (opens reports)"
        yield f"    {fingerprint(reviewer.recipient)}"
        yield f"    {fingerprint(str(reviewer.key))} (signs)"
    for duty in keyring.duties:
        yield f"  duty {duty.label} (opens urgent slips)"
        yield f"    {fingerprint(duty.recipient)}"
    for retired in keyring.retired:
        yield f"  retired {retired.label} on {retired.day}"
        yield f"    {retired.fingerprint}"


def signatures(note: SignedNote, keyring: Keyring, before: Keyring | None) -> Iterator[str]:
    """Who signed, and how many more must, by the keyring's own roots and by those of the one before it."""
    yield _count(note, keyring, "its own roots")
    if before is not None:
        yield _count(note, before, f"the roots of keyring {before.serial}")
    elif keyring.serial > 1:
        yield f"  signed     by the roots of keyring {keyring.serial - 1}: give it with --previous to count them"


def _count(note: SignedNote, keyring: Keyring, whose: str) -> str:
    signers = signed_by(note, keyring)
    missing = max(0, keyring.threshold - len(signers))
    names = ", ".join(root.label for root in signers) or "nobody"
    return f"  signed     by {names} of {whose}: " + (f"{missing} more needed" if missing else "enough")


def cautions(keyring: Keyring, today: date, unsaved: Iterable[str] = ()) -> tuple[str, ...]:
    """What to mend before it hurts: `Keyring.warnings`, days that run out, and whatever hangs on a single thread.

    `unsaved` names the keys at hand that are on no paper ("reviewer r1"): only their owners can know.
    """
    said = list(keyring.warnings(today))
    if today < keyring.expires and (keyring.expires - today).days <= WARN_DAYS:
        said.append(f"keyring {keyring.serial} expires {_away(keyring.expires, today)}: extend or rotate it by then")
    if today < keyring.closes and (keyring.closes - today).days <= WARN_DAYS:
        said.append(f"keyring {keyring.serial} closes {_away(keyring.closes, today)}: then nothing is sealed any more")
    roots = len(keyring.roots)
    if roots == 1:
        said.append("there is only one root: if its key is lost, no keyring can ever follow this one")
    elif keyring.threshold == roots:
        said.append(f"all {roots} roots must sign: if one key is lost, no keyring can ever follow this one")
    elif keyring.threshold == 1:
        said.append(f"any one of the {roots} roots can change the keyring: whoever steals one key can add a reviewer")
    if len(keyring.reviewers) == 1:
        said.append("there is only one reviewer: if that key is lost, every report is")
    said += [f"{name} has no backup on paper: intake keys backup makes one" for name in unsaved]
    return tuple(said)


def urgency(keyring: Keyring, today: date) -> Exit:
    """The exit status that tells a timer how soon the keyring must be followed: it expires, and closes no earlier."""
    left = (keyring.expires - today).days
    if left <= ALARM_DAYS:
        return Exit.WARNING_7_DAYS
    return Exit.WARNING_30_DAYS if left <= WARN_DAYS else Exit.OK


def _away(day: date, today: date) -> str:
    days = (day - today).days
    if days == 0:
        return "today"
    return f"in {days} day{'s' * (days != 1)}" if days > 0 else f"{-days} day{'s' * (days != -1)} ago"


def as_json(keyring: Keyring) -> JSON:
    """The same facts, one key each; days as YYYY-MM-DD, hashes in base64."""
    return {
        "origin": keyring.origin,
        "serial": keyring.serial,
        "previous": base64.b64encode(keyring.previous).decode() if keyring.previous else None,
        "hash": base64.b64encode(keyring.hash).decode(),
        "issued": keyring.issued.isoformat(),
        "expires": keyring.expires.isoformat(),
        "closes": keyring.closes.isoformat(),
        "closed_through": keyring.closed_through,
        "sites": list(keyring.sites),
        "threshold": keyring.threshold,
        "roots": [_key(root.label, str(root.key)) for root in keyring.roots],
        "drops": [_key(drop.label, str(drop.key)) for drop in keyring.drops],
        "reviewers": [
            {"label": r.label, "recipient": r.recipient, "fingerprint": fingerprint(r.recipient)}
            | {"vkey": str(r.key), "vkey_fingerprint": fingerprint(str(r.key))}
            for r in keyring.reviewers
        ],
        "duties": [
            {"label": d.label, "recipient": d.recipient, "fingerprint": fingerprint(d.recipient)}
            for d in keyring.duties
        ],
        "retired": [
            {"label": r.label, "fingerprint": r.fingerprint, "day": r.day.isoformat()} for r in keyring.retired
        ],
    }


def _key(label: str, vkey: str) -> JSON:
    return {"label": label, "vkey": vkey, "fingerprint": fingerprint(vkey)}
