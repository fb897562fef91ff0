"""The commands that change a keyring: say what will differ, ask, and write the next one for the roots to sign.

    intake keys rotate keyring.note --reviewer reviewer-r2.card --out keyring-8.note
    intake keys rotate keyring.note --add reviewer-r5.card --out keyring-8.note
    intake keys retire keyring.note --label r3 --closed-through 7 --out keyring-8.note
    intake keys root-replace keyring.note --out-root b --in root-d.vkey --out keyring-8.note
    intake keys extend keyring.note --out keyring-8.note

Given nothing to change, and at a terminal, each asks (`guide`). Nothing here signs. The new file travels with the old
one to each root holder, who sees the same differences again before the passphrase:
`intake keys keyring-sign keyring-8.note --previous keyring.note --key root-a.age`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

import click

from intake.durable import write_private
from intake.errors import KeyringRefused, Usage
from intake.keyring import guide
from intake.keyring.change import Change, Days, Swap, following, named
from intake.keyring.difference import differences, still_to_sign
from intake.keyring.files import label_of, read_card, read_note, read_vkey, this_day
from intake.keyring.note import SignedNote
from intake.keyring.summary import as_json, cautions
from intake.keyring.text import Drop, Keyring, Reviewer, Root
from intake.keyring.trust import signed_by
from intake.options import Command, Day, Several, months_after
from intake.terminal import agree, put, say

EXPIRES_AFTER = timedelta(days=120)
CLOSES_AFTER_MONTHS = 12

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW = click.Path(dir_okay=False, path_type=Path)

_COMMON = (
    click.argument("before", type=_FILE, metavar="NOTE"),
    click.option("--out", type=_NEW, help="The new file, still unsigned. Default: keyring-SERIAL.note beside NOTE."),
    click.option("--issued", type=Day(), help="Default: today."),
    click.option("--expires", type=Day(), help="Warnings start. Default: 120 days after --issued."),
    click.option("--closes", type=Day(), help="Sealing stops. Default: 12 months after --issued."),
    click.option(
        "--closed-through",
        type=int,
        help="Close this serial and all before it, ahead of their day. Default: as before.",
    ),
    click.option("--yes", is_flag=True, help="Write without asking. Needed where there is no terminal to ask at."),
    click.option("--json", "as_program", is_flag=True, help="Print JSON."),
)
_threshold = click.option(
    "--threshold", type=click.IntRange(1, 16), help="How many roots must sign. Default: as before."
)


@dataclass(frozen=True, slots=True)
class _Ceremony:
    """What every ceremony is told, whatever it changes."""

    before: Path
    out: Path | None
    issued: date | None
    expires: date | None
    closes: date | None
    closed_through: int | None
    yes: bool
    as_program: bool

    def read(self) -> Keyring:
        """The keyring to be followed. Raises `KeyringRefused` when its own roots have not finished it."""
        note = read_note(self.before)
        keyring = Keyring.parse(note.text)
        missing = keyring.threshold - len(signed_by(note, keyring))
        if missing > 0:
            raise KeyringRefused(
                f"{self.before} is not finished: keyring {keyring.serial} lacks {missing} of its own roots' signatures",
                "Have it signed first, or begin again from the keyring before it.",
            )
        return keyring

    @property
    def guided(self) -> bool:
        """Whether what the command line leaves open may be asked."""
        return not self.yes and guide.possible()

    def days(self) -> Days:
        """The days asked for, or the usual ones."""
        issued = self.issued or this_day()
        return Days(
            issued,
            self.expires or issued + EXPIRES_AFTER,
            self.closes or months_after(issued, CLOSES_AFTER_MONTHS),
        )

    def ask(self, questions: Callable[[Keyring], Change], threshold: int | None = None) -> None:
        """Hold the ceremony by questions. Raises `Usage` when the answers change nothing."""
        before = self.read()
        change = replace(questions(before), threshold=threshold)
        if not (change.reviewers or change.roots or change.drops):
            raise Usage("nothing is to change", "Nothing was written. For new days, or to close keyrings, use extend.")
        self.write(before, change)

    def write(self, before: Keyring, change: Change) -> None:
        """Say what differs, ask, and write the unsigned note."""
        if self.closed_through is not None:
            change = replace(change, closed_through=self.closed_through)
        after = following(before, change, self.days())
        out = self.out or self.before.with_name(f"keyring-{after.serial}.note")
        note = SignedNote(bytes(after))
        lines = differences(before, after)
        missing = still_to_sign(note, after, before)
        warnings = cautions(after, this_day())
        say(f"Keyring {after.serial} of {after.origin}, after keyring {before.serial}:")
        for line in (*lines, missing):
            say(f"  {line}")
        for warning in warnings:
            say(f"Warning: {warning}.")
        agree(f"Write this to {out}?", yes=self.yes)
        write_private(out, bytes(note), mode=0o644)
        if self.as_program:
            put(
                json.dumps(
                    as_json(after)
                    | {"changes": lines, "still_to_sign": missing, "warnings": warnings, "file": str(out)},
                    indent=2,
                )
            )
        say(f"Written to {out}, unsigned. It travels with {self.before} to each root holder, who signs it:")
        say(f"  intake keys keyring-sign {out} --previous {self.before} --key root-LABEL.age")


def _ceremony(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of all ceremonies, as one `_Ceremony` before its own."""

    @wraps(command)
    def told(**given: Any) -> None:
        common = {name: given.pop(name) for name in _Ceremony.__dataclass_fields__}
        command(_Ceremony(**common), **given)

    for decorate in reversed(_COMMON):
        told = decorate(told)
    return told


@click.command("rotate", cls=Command)
@click.option("--reviewer", "cards", cls=Several, metavar="CARD…", help="New keys for labels that NOTE names.")
@click.option(
    "--in-place-of", "leaving", metavar="LABEL", help="Whom the one --reviewer replaces, under another label."
)
@click.option("--add", "added", cls=Several, metavar="CARD…", help="Reviewers who join, under labels of their own.")
@click.option(
    "--drop", "drops", cls=Several, metavar="VKEY…", help="Server keys: a known label is replaced, others join."
)
@_ceremony
def rotate(
    ceremony: _Ceremony, cards: Sequence[str], leaving: str | None, added: Sequence[str], drops: Sequence[str]
) -> None:
    """Give reviewers new keys, or let new reviewers join.

    A reviewer who rotates makes a new identity with reviewer-new and the same label, and keeps the old one too: it goes
    on opening what was sealed before. The old keys are listed as retired and can't come back. A reviewer who joins
    opens what is sealed from the new keyring on, and nothing older.
    """
    if not (cards or added or drops):
        if ceremony.guided and leaving is None:
            ceremony.ask(guide.rotation)
            return
        raise Usage("nothing is to change", "Give --reviewer, --add or --drop; for new days alone there is extend.")
    if leaving is not None and len(cards) != 1:
        raise Usage("--in-place-of goes with exactly one --reviewer", "Do one after the other.")
    before = ceremony.read()
    labels = {reviewer.label for reviewer in before.reviewers}
    swaps: list[Swap[Reviewer]] = []
    for path in cards:
        new = named(read_card(Path(path)))
        if leaving is None and new.label not in labels:
            raise Usage(
                f"no reviewer of the keyring is called {new.label}",
                f"Say --add {path} for somebody who joins, or --in-place-of LABEL for whom they replace.",
            )
        swaps.append(Swap(leaving or new.label, new))
    swaps += [Swap(None, named(read_card(Path(path)))) for path in added]
    known = {drop.label for drop in before.drops}
    keys = [Drop(label_of(key, before.origin), key) for key in map(read_vkey, drops)]
    change = Change(
        reviewers=tuple(swaps), drops=tuple(Swap(key.label if key.label in known else None, key) for key in keys)
    )
    ceremony.write(before, change)


@click.command("retire", cls=Command)
@click.option("--label", "labels", cls=Several, metavar="LABEL…", help="Reviewers who leave.")
@click.option("--out-root", "roots", cls=Several, metavar="LABEL…", help="Roots that leave, with none in their place.")
@click.option("--out-drop", "drops", cls=Several, metavar="LABEL…", help="Server keys that leave.")
@_threshold
@_ceremony
def retire(
    ceremony: _Ceremony,
    labels: Sequence[str],
    roots: Sequence[str],
    drops: Sequence[str],
    threshold: int | None,
) -> None:
    """Let reviewers, roots or server keys leave.

    Whoever leaves can still open what was sealed while they were named. An old copy of the form can go on sealing to
    them until the keyring before closes: --closed-through with its serial makes the drop refuse that at once.
    """
    if not (labels or roots or drops):
        if ceremony.guided:
            ceremony.ask(guide.retirement, threshold)
            return
        raise Usage("nobody is to leave", "Give --label, --out-root or --out-drop.")
    ceremony.write(
        ceremony.read(),
        Change(
            reviewers=tuple(Swap(label, None) for label in labels),
            roots=tuple(Swap(label, None) for label in roots),
            drops=tuple(Swap(label, None) for label in drops),
            threshold=threshold,
        ),
    )


@click.command("root-replace", cls=Command)
@click.option("--out-root", "leaving", metavar="LABEL", help="The root that goes, lost or not.")
@click.option("--in", "new", metavar="VKEY", help="The root that comes: root-L.vkey, or its line.")
@_threshold
@_ceremony
def root_replace(ceremony: _Ceremony, leaving: str | None, new: str | None, threshold: int | None) -> None:
    """Put another root in the place of one that is lost, stolen or handed over.

    The roots of both keyrings must sign: enough of those before, to say that it is their wish, and enough of the new
    ones, to show that they hold their keys. Paper that lists the old root is worth less from then on: print it anew.
    """
    if leaving is None or new is None:
        if ceremony.guided and leaving is new:
            ceremony.ask(guide.replacement, threshold)
            return
        raise Usage("a root is replaced by another one", "Give both --out-root and --in.")
    before = ceremony.read()
    key = read_vkey(new)
    ceremony.write(before, Change(roots=(Swap(leaving, Root(label_of(key, before.origin), key)),), threshold=threshold))


@click.command("extend", cls=Command)
@_ceremony
def extend(ceremony: _Ceremony) -> None:
    """Give the keyring new days, and change nothing else; with --closed-through, close earlier ones."""
    before = ceremony.read()
    if ceremony.guided and (ceremony.issued, ceremony.expires, ceremony.closes, ceremony.closed_through) == (None,) * 4:
        usual = ceremony.days()
        expires, closes = guide.days(usual.expires, usual.closes)
        ceremony = replace(ceremony, expires=expires, closes=closes, closed_through=guide.closing(before))
    ceremony.write(before, Change())


CEREMONIES = (rotate, retire, root_replace, extend)

__all__ = ["CEREMONIES", "CLOSES_AFTER_MONTHS", "EXPIRES_AFTER"]
