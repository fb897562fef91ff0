r"""`intake keys rewrap`: give chosen older reports to a new reviewer, offline.

    intake keys rewrap usb -i reviewer-r1.age --reviewer reviewer-r4.card --fingerprint 12345 12345 … --to for-r4

Each report becomes DIR/<id>.age, for these reviewers alone: a new header around the same file key, the payload byte for
byte (`intake.sealing.rewrapping` says what is proved). The source is only read: it stays as the evidence. The id is the
drop's for what came in a bundle, the report's own for a loose file, as in `review open`.

The command belongs to the door `keys`, where people look for it, and lives at the desk, which knows bundles.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from intake.durable import new_file, private_folder
from intake.errors import Damaged, Fault, IntakeError, KeyringRefused, Usage
from intake.keyring.belief import root_option, threshold_option
from intake.keyring.card import Card
from intake.keyring.fingerprint import DIGITS, grouped, is_candidate, normal
from intake.keyring.trust import Pin, Roots, verify_chain
from intake.options import Command, Several
from intake.report.package import PackageReader
from intake.review.listing import NAME, Listing, Reader
from intake.review.opening import contradictions
from intake.review.outcomes import Outcome, status, tell
from intake.review.sealed import Sealed, Trust, readable, walk
from intake.review.sources import COUNCIL, content, files_of, identities_of, size_of
from intake.sealing import Identity, Rewrapping, dearmor
from intake.terminal import progress, put, safe, say

_FILE = click.Path(path_type=Path)


@click.command("rewrap", cls=Command)
@click.argument("sources", nargs=-1, required=True, type=_FILE, metavar="BUNDLE_OR_AGE…")
@click.option(
    "-i",
    "--identity",
    "keys",
    multiple=True,
    type=_FILE,
    metavar="FILE",
    help="reviewer-L.age, or any age identity file; repeat it for several.",
)
@COUNCIL
@click.option("--reviewer", "cards", cls=Several, metavar="CARD…", help="Whom to give them to: reviewer-L.card.")
@click.option(
    "--fingerprint",
    "typed",
    cls=Several,
    belongs=is_candidate,
    metavar="FINGERPRINT…",
    help="What the reviewers of the cards read out to you: a card that has none of these is refused.",
)
@click.option(
    "--keyring",
    "notes",
    cls=Several,
    metavar="NOTE…",
    help="Instead of cards: all reviewers of this keyring (and the keyrings before it), believed by --root or --pin.",
)
@click.option("--to", "target", required=True, type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@root_option
@threshold_option
@click.option("--pin", type=_FILE, help="A pin kept from the last time.")
@click.option("--check", is_flag=True, help="Decipher each report to its end, to prove that all of it opens.")
@click.option("--json", "as_json", is_flag=True, help="Tell the outcomes as JSON.")
def command(
    sources: tuple[Path, ...],
    keys: tuple[Path, ...],
    council: Path | None,
    cards: tuple[str, ...],
    typed: tuple[str, ...],
    notes: tuple[str, ...],
    target: Path,
    roots: tuple[str, ...],
    threshold: int | None,
    pin: Path | None,
    check: bool,
    as_json: bool,
) -> int:
    """Give older reports to a new reviewer: copies in DIR that they can open, and nobody else.

    The originals stay as they are. A report that can't be given never stops the others. Running it again goes on where
    it ended; DIR/rewrapped.txt says what was given to whom. A folder stands for all bundles and sealed files in it.

    Always proved: the old header, and the end of the report. A report of up to 64 kB is proved whole by that, and one
    from a bundle is compared with its hash in the index; --check deciphers longer ones to prove every byte.
    """
    trust = Trust(
        Roots.typed(roots, threshold) if roots else None,
        Pin.parse(content(pin)) if pin else None,
        datetime.now(UTC).date(),
    )
    readers = _readers(cards, typed, notes, trust)
    for reader in readers:
        say(f"For {reader}")
    if cards and not typed:
        say("Note: whose cards these are was not checked; --fingerprint does that.")
    files = [file for source in sources for file in files_of(source)]
    identities = identities_of(keys, council)
    desk = _Desk(_made(target), identities, readers, check)
    outcomes: list[Outcome] = []
    warnings: list[str] = []
    with progress(sum(size_of(file) for file in files), "Rewrapping") as advance:
        for file in files:
            outcomes.extend(desk.give(file, trust, warnings.append, advance))
    for warning in warnings:
        say(f"Note: {safe(warning)}.")
    if as_json:
        facts = {
            "readers": [{"label": reader.label, "fingerprint": reader.fingerprint} for reader in readers],
            "reports": [outcome.facts("file") for outcome in outcomes],
        }
        put(json.dumps(facts, indent=2, ensure_ascii=False))
    into = f"{safe(str(target))} for {', '.join(reader.label for reader in readers)}"
    tell(outcomes, "rewrapped", into, paths=not as_json, end=f"; the list is {NAME}.")
    return status(outcomes)


def _readers(cards: Sequence[str], typed: Sequence[str], notes: Sequence[str], trust: Trust) -> tuple[Reader, ...]:
    """Whom to give to, each key once. Raises `Usage`, `KeyringRefused`, and `Closed` when the keyring seals no more."""
    if bool(cards) == bool(notes):
        raise Usage("say whom to give the reports to: either --reviewer with cards, or --keyring")
    if notes:
        if typed:
            raise Usage("--fingerprint goes with --reviewer", "A keyring is believed by --root or --pin.")
        chain = verify_chain(
            [content(Path(note)) for note in notes], roots=trust.roots, pin=trust.pin, today=trust.today
        )
        named = [Reader(each.label, each.recipient) for each in chain.for_sealing(trust.today).reviewers]
    else:
        fingerprints = _fingerprints(typed)
        named = [_reader(Path(card), fingerprints) for card in cards]
    readers = tuple({reader.recipient: reader for reader in named}.values())
    for reader in readers:
        reader.sealed_to.wrap(bytes(16))  # some public keys parse and can't be used: said once, not for each report
    return readers


def _fingerprints(typed: Sequence[str]) -> frozenset[str]:
    digits = "".join(normal(value) or "" for value in typed)
    if len(digits) % DIGITS:
        raise Usage(f"the fingerprints have {len(digits)} digits together; one has {DIGITS} in 8 groups")
    return frozenset(grouped(digits[start : start + DIGITS]) for start in range(0, len(digits), DIGITS))


def _reader(path: Path, fingerprints: frozenset[str]) -> Reader:
    try:
        card = Card.parse(content(path))
    except KeyringRefused as error:
        raise KeyringRefused(f"{path}: {error}", "Ask the reviewer for the card again.") from error
    reader = Reader(card.label, card.recipient)
    if fingerprints and reader.fingerprint not in fingerprints:
        raise KeyringRefused(
            f"{path} has the fingerprint {reader.fingerprint}, which is none of those typed",
            "Give nothing to this card. Let the reviewer read the fingerprint to you again.",
        )
    return reader


def _made(folder: Path) -> Path:
    try:
        return private_folder(folder)
    except OSError as error:
        raise Fault(f"can't make {folder}: {error.strerror}", "Choose another folder.") from error


@dataclass(frozen=True, slots=True)
class _Ticking:
    """A sink that moves the progress bar."""

    file: BinaryIO
    tick: Callable[[], None]

    def write(self, data: bytes, /) -> None:
        self.file.write(data)
        self.tick()


class _Desk:
    """Whoever gives: identities to open with, readers to seal to, and the folder of the copies."""

    def __init__(self, target: Path, identities: Sequence[Identity], readers: Sequence[Reader], check: bool) -> None:
        self._target = target
        self._identities = identities
        self._readers = readers
        self._recipients = [reader.sealed_to for reader in readers]
        self._check = check
        self._listing = Listing(target)

    def give(
        self, source: Path, trust: Trust, heard: Callable[[str], None], advance: Callable[[int], None]
    ) -> Iterator[Outcome]:
        """Every report in one file, and what became of it."""
        try:
            for sealed in walk(source, trust, heard=heard, advance=advance):
                try:
                    yield self._give(source, sealed)
                except IntakeError as error:
                    yield Outcome(sealed.name, None, error)
        except IntakeError as error:
            yield Outcome(source.name, None, error)

    def _give(self, source: Path, sealed: Sealed) -> Outcome:
        work = Rewrapping(sealed.stream, self._identities)
        name = sealed.id or _own_id(source, work)
        copy = self._target / f"{name}.age"
        if self._listing.holds(name, copy, work.header, self._readers):
            if self._check:
                _check(copy, work)
            return Outcome(sealed.name, copy, None, _alarms(copy, work, sealed), before=True)
        try:
            with new_file(copy) as file:
                made = work.write(_Ticking(file, sealed.tick), self._recipients, check=self._check)
                self._listing.add(name, work.header, made, self._readers)
        except OSError as error:
            raise Fault(f"can't write to {self._target}: {error.strerror}", "Make room, and run it again.") from error
        return Outcome(sealed.name, copy, None, _alarms(copy, work, sealed))


def _own_id(source: Path, work: Rewrapping) -> str:
    """The id inside a loose file. Raises `Damaged` when it holds no report."""
    with readable(source) as file:
        return PackageReader(work.opened(dearmor(file))).report.id


def _alarms(copy: Path, work: Rewrapping, sealed: Sealed) -> tuple[str, ...]:
    """What contradicts the drop's words: a copy lies loose, and whoever opens it no longer sees that."""
    if sealed.id is None:
        return ()
    with readable(copy) as file:
        try:
            return contradictions(PackageReader(work.opened(file)).report, sealed.id, sealed.origin)
        except Damaged as error:
            return (f"it was rewrapped, but what it holds can't be read as a report: {error}",)


def _check(copy: Path, work: Rewrapping) -> None:
    with readable(copy) as file:
        opened = work.opened(file)
        while opened.read1():
            pass
