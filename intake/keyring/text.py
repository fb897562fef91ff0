"""The keyring: which keys seal today, as a text that anyone can read.

The lines stand in this order, each value one space apart, nothing else anywhere:

    amonat/keyring/1
    origin drop.example
    serial 7
    previous <base64 SHA-256 of the text before, or ->
    issued 2026-11-23
    expires 2027-03-23
    closes 2027-11-23
    closed-through 0
    site https://…                            (0 to 8)
    threshold 2
    root <label> <vkey>                       (1 to 16)
    drop <label> <vkey>                       (1 to 8)
    reviewer <label> <recipient> <vkey>       (1 to 32: an age header of 64 KiB holds no more in comfort)
    duty <label> <recipient>                  (0 to 2)
    retired <label> <fingerprint> <day>       (0 to 200; the fingerprint's groups joined by -)

Reading a keyring says nothing about who signed it: that is `intake.keyring.trust`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from intake.errors import Closed, IntakeError, KeyringRefused
from intake.keyring.fingerprint import DIGITS, fingerprint, grouped, normal
from intake.keyring.lines import SERIAL_LIMIT, Line, Lines
from intake.keyring.note import VerifyKey
from intake.sealing import HybridRecipient

FORM = "amonat/keyring/1"

_WORDS = (
    "origin",
    "serial",
    "previous",
    "issued",
    "expires",
    "closes",
    "closed-through",
    "site",
    "threshold",
    "root",
    "drop",
    "reviewer",
    "duty",
    "retired",
)
_SITE = re.compile(
    r"(https://[a-z0-9-]+(\.[a-z0-9-]+)*|http://([a-z0-9-]+\.)*[a-z2-7]{56}\.onion)(:[1-9][0-9]{0,4})?(/[!-~]*)?",
    re.ASCII,
)
_SITE_LIMIT = 255


@dataclass(frozen=True, slots=True)
class Root:
    """An offline key that signs keyrings."""

    label: str
    key: VerifyKey


@dataclass(frozen=True, slots=True)
class Drop:
    """An online key that signs bundles."""

    label: str
    key: VerifyKey


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Someone who opens reports: `recipient` seals to them (`age1pq1…`), `key` signs what they send back."""

    label: str
    recipient: str
    key: VerifyKey


@dataclass(frozen=True, slots=True)
class Duty:
    """A recipient reserved for urgent slips."""

    label: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Retired:
    """A key that seals no more; `fingerprint` is written as `fingerprint()` writes it."""

    label: str
    fingerprint: str
    day: date


@dataclass(frozen=True, slots=True)
class Keyring:
    """One keyring. `previous` is the SHA-256 of the text before it, None for the first."""

    origin: str
    serial: int
    previous: bytes | None
    issued: date
    expires: date
    closes: date
    closed_through: int
    sites: tuple[str, ...]
    threshold: int
    roots: tuple[Root, ...]
    drops: tuple[Drop, ...]
    reviewers: tuple[Reviewer, ...]
    duties: tuple[Duty, ...] = ()
    retired: tuple[Retired, ...] = ()

    @classmethod
    def parse(cls, text: bytes) -> Keyring:
        """Read a keyring's text, the signed part with its final newline. Raises `KeyringRefused` naming the line."""
        lines = Lines(text, FORM, _WORDS, what="keyring")
        origin = lines.one("origin").origin()
        serial = lines.one("serial").number(1, SERIAL_LIMIT)
        previous = _previous(lines.one("previous"), serial)
        issued = lines.one("issued").day()
        expires = _not_before(lines.one("expires"), issued, "issued")
        closes = _not_before(lines.one("closes"), expires, "expires")
        closed_through = lines.one("closed-through").number(0, serial - 1)
        sites = _sites(lines.many("site", 0, 8))
        threshold_line = lines.one("threshold")
        threshold = threshold_line.number(1, 16)
        taken = _Taken(origin)
        roots = tuple(Root(*taken.key(line)) for line in lines.many("root", 1, 16))
        if threshold > len(roots):
            threshold_line.refuse(f"{threshold} signatures are asked of only {len(roots)} roots")
        drops = tuple(Drop(*taken.key(line)) for line in lines.many("drop", 1, 8))
        reviewers = tuple(taken.reviewer(line) for line in lines.many("reviewer", 1, 32))
        duties = tuple(taken.duty(line) for line in lines.many("duty", 0, 2))
        retired = tuple(taken.retired(line) for line in lines.many("retired", 0, 200))
        lines.end()
        return cls(
            origin,
            serial,
            previous,
            issued,
            expires,
            closes,
            closed_through,
            sites,
            threshold,
            roots,
            drops,
            reviewers,
            duties,
            retired,
        )

    def __bytes__(self) -> bytes:
        lines = [
            FORM,
            f"origin {self.origin}",
            f"serial {self.serial}",
            f"previous {base64.b64encode(self.previous).decode() if self.previous else '-'}",
            f"issued {self.issued}",
            f"expires {self.expires}",
            f"closes {self.closes}",
            f"closed-through {self.closed_through}",
            *(f"site {site}" for site in self.sites),
            f"threshold {self.threshold}",
            *(f"root {root.label} {root.key}" for root in self.roots),
            *(f"drop {drop.label} {drop.key}" for drop in self.drops),
            *(f"reviewer {r.label} {r.recipient} {r.key}" for r in self.reviewers),
            *(f"duty {duty.label} {duty.recipient}" for duty in self.duties),
            *(f"retired {r.label} {r.fingerprint.replace(' ', '-')} {r.day}" for r in self.retired),
        ]
        return ("\n".join(lines) + "\n").encode()

    @property
    def hash(self) -> bytes:
        """SHA-256 of the text: what the next keyring names as `previous` and a pin keeps."""
        return hashlib.sha256(bytes(self)).digest()

    @property
    def root_keys(self) -> tuple[VerifyKey, ...]:
        """The keys whose signatures count."""
        return tuple(root.key for root in self.roots)

    @property
    def standing(self) -> tuple[tuple[str, str, str], ...]:
        """Every key that is no retired one, in the order of the text: its role, its label, and the key as written."""
        return (
            *(("root", root.label, str(root.key)) for root in self.roots),
            *(("drop", drop.label, str(drop.key)) for drop in self.drops),
            *(("reviewer", r.label, text) for r in self.reviewers for text in (r.recipient, str(r.key))),
            *(("duty", duty.label, duty.recipient) for duty in self.duties),
        )

    @property
    def recipients(self) -> tuple[str, ...]:
        """Whom a report is sealed to, in the keyring's order."""
        return tuple(reviewer.recipient for reviewer in self.reviewers)

    def is_closed(self, day: date) -> bool:
        """Whether `day` is the `closes` day or later: nothing seals to this keyring any more."""
        return day >= self.closes

    def refuse_if_closed(self, day: date) -> None:
        """Raises `Closed` when nothing may be sealed to this keyring on `day`."""
        if self.is_closed(day):
            raise Closed(f"keyring {self.serial} of {self.origin} closed on {self.closes}")

    def warnings(self, day: date) -> tuple[str, ...]:
        """What a person should hear about this keyring on `day`; none of it stops anything by itself."""
        said = []
        if day < self.issued:
            said.append(f"keyring {self.serial} was issued on {self.issued}, after {day}: check this machine's date")
        if self.is_closed(day):
            said.append(f"keyring {self.serial} closed on {self.closes}: nothing is sealed to it any more")
        elif day >= self.expires:
            left = (self.closes - day) // timedelta(days=1)
            said.append(f"keyring {self.serial} expired on {self.expires}: rotate; it closes in {left} days")
        return tuple(said)


def _previous(line: Line, serial: int) -> bytes | None:
    if line.values == ("-",):
        if serial != 1:
            line.refuse(f"keyring {serial} names no keyring before it")
        return None
    if serial == 1:
        line.refuse("the first keyring can't have one before it")
    return line.digest()


def _not_before(line: Line, earlier: date, name: str) -> date:
    day = line.day()
    if day < earlier:
        line.refuse(f"'{line.word}' is before '{name}'")
    return day


def _sites(lines: Iterable[Line]) -> tuple[str, ...]:
    sites: dict[str, None] = {}
    for line in lines:
        (site,) = line.text(1)
        if len(site) > _SITE_LIMIT or not _SITE.fullmatch(site):
            line.refuse("the site is not an https address nor an .onion")
        if site in sites:
            line.refuse("the same site twice")
        sites[site] = None
    return tuple(sites)


class _Taken:
    """What the keyring has named so far: every label once in its role, every key and recipient once in all."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._labels: set[tuple[str, str]] = set()
        self._keys: dict[bytes, str] = {}
        self._recipients: dict[str, str] = {}
        self._fingerprints: dict[str, str] = {}

    def _label(self, line: Line, label: str) -> None:
        line.label(label)
        if (line.word, label) in self._labels:
            line.refuse(f"the label {label} twice")
        self._labels.add((line.word, label))

    def _vkey(self, line: Line, label: str, text: str) -> VerifyKey:
        try:
            key = VerifyKey.parse(text)
        except KeyringRefused as error:
            line.refuse(str(error))
        if key.name != f"{self._origin}/{label}":
            line.refuse(f"the key of {label} does not bear the name {self._origin}/{label}")
        if owner := self._keys.get(key.public):
            line.refuse(f"the key of {label} is the same as that of {owner}: one key has one vote and one role")
        self._keys[key.public] = f"{line.word} {label}"
        self._fingerprints[fingerprint(text)] = f"{line.word} {label}"
        return key

    def _recipient(self, line: Line, label: str, text: str) -> str:
        try:
            HybridRecipient.parse(text)
        except IntakeError as error:
            line.refuse(f"the recipient of {label} is not one of age's post-quantum kind: {error}")
        if owner := self._recipients.get(text):
            line.refuse(f"the recipient of {label} is the same as that of {owner}")
        self._recipients[text] = f"{line.word} {label}"
        self._fingerprints[fingerprint(text)] = f"{line.word} {label}"
        return text

    def key(self, line: Line) -> tuple[str, VerifyKey]:
        label, text = line.text(2)
        self._label(line, label)
        return label, self._vkey(line, label, text)

    def reviewer(self, line: Line) -> Reviewer:
        label, recipient, text = line.text(3)
        self._label(line, label)
        return Reviewer(label, self._recipient(line, label, recipient), self._vkey(line, label, text))

    def duty(self, line: Line) -> Duty:
        label, recipient = line.text(2)
        self._label(line, label)
        return Duty(label, self._recipient(line, label, recipient))

    def retired(self, line: Line) -> Retired:
        label, written, day = line.text(3)
        line.label(label)  # which may have had several keys over the years
        digits = normal(written) or ""
        if len(digits) != DIGITS or grouped(digits, "-") != written:
            line.refuse("the fingerprint is not 8 groups of 5 digits joined by -")
        if owner := self._fingerprints.get(grouped(digits)):
            line.refuse(f"the fingerprint is that of {owner}, which is named already")
        self._fingerprints[grouped(digits)] = f"retired {label}"
        return Retired(label, grouped(digits), line.day(day))
