"""A whole world of keys in memory, for every test that needs a keyring: quick, because scrypt's work is turned down.

world = make_world(tmp_path)                  # keyring 1: roots a b c (2 must sign), reviewers r1 r2 r3, drop d1
later = world.next(reviewers=2)               # keyring 2, signed by the roots of both
verify_chain(later.notes, roots=world.typed, pin=None, today=world.today)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from intake.keyring.card import Card
from intake.keyring.change import retired_by
from intake.keyring.fingerprint import fingerprint
from intake.keyring.identity import PrivateFile
from intake.keyring.note import SignedNote, SigningKey
from intake.keyring.text import Drop, Keyring, Reviewer, Root
from intake.keyring.trust import Chain, Pin, Roots, verify_chain
from intake.sealing import HybridIdentity

TODAY = date(2026, 11, 23)
ORIGIN = "drop.example"
PASSPHRASE = "test"
QUICK = 4  # scrypt's work factor: real files have 18


@dataclass(frozen=True)
class World:
    """A keyring, its history, and every private key behind it."""

    folder: Path
    origin: str
    today: date
    threshold: int
    roots: tuple[SigningKey, ...]
    reviewers: tuple[HybridIdentity, ...]
    reviewer_keys: tuple[SigningKey, ...]
    drop_keys: tuple[SigningKey, ...]
    keyring: Keyring
    notes: tuple[bytes, ...]

    @property
    def note(self) -> bytes:
        """The newest keyring's signed note."""
        return self.notes[-1]

    @property
    def drop_key(self) -> SigningKey:
        return self.drop_keys[0]

    @property
    def root_vkeys(self) -> tuple[str, ...]:
        return tuple(str(root.verify_key) for root in self.roots)

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Of the roots, as they stand on paper."""
        return tuple(fingerprint(vkey) for vkey in self.root_vkeys)

    @property
    def typed(self) -> Roots:
        return Roots(self.fingerprints, self.threshold)

    def chain(self) -> Chain:
        return verify_chain(self.notes, roots=self.typed, pin=None, today=self.today)

    @property
    def pin(self) -> Pin:
        return self.chain().pin

    def cards(self) -> tuple[bytes, ...]:
        return tuple(
            Card(self.origin, reviewer.label, reviewer.recipient, reviewer.key).sign(key)
            for reviewer, key in zip(self.keyring.reviewers, self.reviewer_keys, strict=True)
        )

    def next(
        self,
        *,
        reviewers: int | Sequence[HybridIdentity] | None = None,
        roots: Sequence[SigningKey] | None = None,
        threshold: int | None = None,
        signers: Iterable[SigningKey] | None = None,
        **changes: object,
    ) -> World:
        """The following keyring: fewer or more or other reviewers, other roots, any field of `Keyring` by name.

        It is signed by the old roots and the new unless `signers` says otherwise.
        """
        identities = self._identities(reviewers)
        keys = self._reviewer_keys(identities)
        new_roots = self.roots if roots is None else tuple(roots)
        wanted = self.threshold if threshold is None else threshold
        fields: dict[str, object] = {
            "serial": self.keyring.serial + 1,
            "previous": self.keyring.hash,
            "threshold": wanted,
            "roots": tuple(Root(_label(key), key.verify_key) for key in new_roots),
            "reviewers": _reviewers(identities, keys),
        }
        keyring = replace(self.keyring, **(fields | changes))  # type: ignore[arg-type]  # fields are named by the test
        if "retired" not in changes:
            keyring = replace(keyring, retired=retired_by(self.keyring, keyring))
        note = SignedNote.sign(bytes(keyring), *(dict.fromkeys(self.roots + new_roots) if signers is None else signers))
        world = replace(
            self,
            threshold=wanted,
            roots=new_roots,
            reviewers=identities,
            reviewer_keys=keys,
            keyring=keyring,
            notes=(*self.notes, bytes(note)),
        )
        world.write()
        return world

    def _identities(self, reviewers: int | Sequence[HybridIdentity] | None) -> tuple[HybridIdentity, ...]:
        if reviewers is None:
            return self.reviewers
        if isinstance(reviewers, int):
            more = [HybridIdentity.generate() for _ in range(len(self.reviewers), reviewers)]
            return (*self.reviewers[:reviewers], *more)
        return tuple(reviewers)

    def _reviewer_keys(self, identities: Sequence[HybridIdentity]) -> tuple[SigningKey, ...]:
        """Whoever stays keeps label and key; newcomers get the next numbers."""
        kept = dict(zip(self.reviewers, self.reviewer_keys, strict=True))
        highest = max(int(_label(key)[1:]) for key in self.reviewer_keys)
        keys = []
        for identity in identities:
            if identity not in kept:
                highest += 1
            keys.append(kept.get(identity) or new_key(f"r{highest}", self.origin))
        return tuple(keys)

    def write(self) -> None:
        """Put the files where a person would have them: keyring.note, reviewer-r1.age (passphrase "test"), …"""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "keyring.note").write_bytes(self.note)
        for number, note in enumerate(self.notes, self.keyring.serial - len(self.notes) + 1):
            (self.folder / f"keyring-{number}.note").write_bytes(note)
        for label, key, identity in zip(
            (r.label for r in self.keyring.reviewers), self.reviewer_keys, self.reviewers, strict=True
        ):
            (self.folder / f"reviewer-{label}.age").write_bytes(_sealed(key, identity))
        for card, reviewer in zip(self.cards(), self.keyring.reviewers, strict=True):
            (self.folder / f"reviewer-{reviewer.label}.card").write_bytes(card)
        for root in self.roots:
            (self.folder / f"root-{_label(root)}.age").write_bytes(_sealed(root, None))
            (self.folder / f"root-{_label(root)}.vkey").write_text(f"{root.verify_key}\n")
        for drop in self.drop_keys:
            (self.folder / f"drop-{_label(drop)}.vkey").write_text(f"{drop.verify_key}\n")
        (self.folder / "drop.key").write_bytes(bytes(PrivateFile(self.drop_key)))
        (self.folder / "drop.key").chmod(0o600)


def make_world(
    folder: Path,
    *,
    reviewers: int = 3,
    roots: int = 3,
    threshold: int = 2,
    drops: int = 1,
    today: date = TODAY,
    origin: str = ORIGIN,
) -> World:
    """Keyring 1, issued `today` with the usual 120 days and 12 months, signed by the first `threshold` roots."""
    root_keys = tuple(new_key(label, origin) for label in "abcdefghijklmnop"[:roots])
    drop_keys = tuple(new_key(f"d{number + 1}", origin) for number in range(drops))
    identities = tuple(HybridIdentity.generate() for _ in range(reviewers))
    reviewer_keys = tuple(new_key(f"r{number + 1}", origin) for number in range(reviewers))
    keyring = Keyring(
        origin=origin,
        serial=1,
        previous=None,
        issued=today,
        expires=today + timedelta(days=120),
        closes=today + timedelta(days=365),
        closed_through=0,
        sites=(),
        threshold=threshold,
        roots=tuple(Root(_label(key), key.verify_key) for key in root_keys),
        drops=tuple(Drop(_label(key), key.verify_key) for key in drop_keys),
        reviewers=_reviewers(identities, reviewer_keys),
    )
    note = SignedNote.sign(bytes(keyring), *root_keys[:threshold])
    world = World(
        folder=folder,
        origin=origin,
        today=today,
        threshold=threshold,
        roots=root_keys,
        reviewers=identities,
        reviewer_keys=reviewer_keys,
        drop_keys=drop_keys,
        keyring=keyring,
        notes=(bytes(note),),
    )
    world.write()
    return world


def new_key(label: str, origin: str = ORIGIN) -> SigningKey:
    """Another key of that name."""
    return SigningKey.generate(f"{origin}/{label}")


def _sealed(key: SigningKey, identity: HybridIdentity | None) -> bytes:
    return PrivateFile(key, (identity,) if identity else ()).seal(PASSPHRASE, QUICK)


def _label(key: SigningKey) -> str:
    return key.name.partition("/")[2]


def _reviewers(identities: Sequence[HybridIdentity], keys: Sequence[SigningKey]) -> tuple[Reviewer, ...]:
    return tuple(
        Reviewer(_label(key), str(identity.recipient), key.verify_key)
        for key, identity in zip(keys, identities, strict=True)
    )
