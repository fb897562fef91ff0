"""A ceremony held by questions, for people who do this twice a year: who joins, who leaves, compared by voice.

A ceremony that is given no change on the command line asks for one at the terminal, explains each step in a sentence,
and comes to the same `Change` that the options make. A key is taken only after its owner read its fingerprint aloud: it
is typed here and never shown first, so that nobody copies it from the screen.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TypeVar

import click

from intake.errors import IntakeError, KeyringRefused
from intake.keyring.change import Change, Swap, named
from intake.keyring.files import label_of, read_card, read_vkey
from intake.keyring.fingerprint import GROUPS, differing
from intake.keyring.text import Drop, Keyring, Reviewer, Root
from intake.terminal import say

TRIES = 3
"""How often a fingerprint may be mistyped."""

Read = TypeVar("Read")


def possible() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty()


def rotation(before: Keyring) -> Change:
    """Ask for cards until there are no more: new keys for known labels, newcomers, and whom they replace."""
    labels = [reviewer.label for reviewer in before.reviewers]
    say(f"Keyring {before.serial} of {before.origin} names {_listed('reviewer', labels)}.")
    say("Each reviewer who gets new keys, or who joins, has made a card with reviewer-new and handed it over.")
    swaps: list[Swap[Reviewer]] = []
    while (card := _file("File of the next card (Enter: no more)", lambda given: read_card(Path(given)))) is not None:
        new, leaving = named(card), card.label
        if new.label not in labels:
            say(f"{new.label} is not in the keyring. Whoever takes another's place opens what that one would have.")
            leaving = _chosen(f"In whose place (Enter: {new.label} joins beside the others)", labels) or ""
        _compare(f"the key of {new.label} that opens reports", new.recipient)
        _compare(f"the key of {new.label} that signs", str(new.key))
        swaps.append(Swap(leaving or None, new))
    return Change(reviewers=tuple(swaps), drops=_servers(before), closed_through=closing(before))


def retirement(before: Keyring) -> Change:
    """Ask who leaves."""
    labels = [reviewer.label for reviewer in before.reviewers]
    say(f"Keyring {before.serial} of {before.origin} names {_listed('reviewer', labels)}.")
    say("Whoever leaves still opens what was sealed up to now: nothing takes that back.")
    leaving: list[str] = []
    while label := _chosen("Who leaves (Enter: no more)", [label for label in labels if label not in leaving]):
        leaving.append(label)
    return Change(
        reviewers=tuple(Swap(label, None) for label in leaving), closed_through=closing(before) if leaving else None
    )


def replacement(before: Keyring) -> Change:
    """Ask which root goes, and for the key that comes."""
    labels = [root.label for root in before.roots]
    say(f"Keyring {before.serial} of {before.origin} has {_listed('root', labels)}; {before.threshold} must sign.")
    say("Whoever comes has made a key with root-new and handed over the .vkey file.")
    leaving = _chosen("Which root goes", labels)
    key = _file("File of the new root's .vkey", read_vkey) if leaving else None
    if key is None:
        return Change()
    new = Root(label_of(key, before.origin), key)
    _compare(f"root {new.label}", str(key))
    return Change(roots=(Swap(leaving, new),))


def days(expires: date, closes: date) -> tuple[date, date]:
    """Ask for the two days of a keyring; Enter takes those proposed."""
    say("From the first day on everybody is warned to make the next keyring; from the second nothing is sealed.")
    return _day("Warnings begin on", expires), _day("It closes on", closes)


def _servers(before: Keyring) -> tuple[Swap[Drop], ...]:
    """A new key of the server, which the operator made with drop-new; None of it for most ceremonies."""
    known = [drop.label for drop in before.drops]
    key = _file("File of a new server key, drop-LABEL.vkey (Enter: none)", read_vkey)
    if key is None:
        return ()
    label = label_of(key, before.origin)
    _compare(f"the server key {label}", str(key))
    return (Swap(label if label in known else None, Drop(label, key)),)


def closing(before: Keyring) -> int | None:
    """Ask whether the keyrings up to `before` take nothing any more: its serial, or None."""
    say(f"A page or server that was kept old can go on sealing to the keys of keyring {before.serial}.")
    say("Close it if a key may be in wrong hands: the drop then refuses such reports, but for those carried by hand.")
    return before.serial if click.confirm(f"Close keyring {before.serial} and all before it?", err=True) else None


def _compare(what: str, text: str) -> None:
    """Have the fingerprint typed that the owner reads aloud. Raises `KeyringRefused` when it is another key's."""
    say(f"Ask the owner, by voice, for the fingerprint of {what}: {GROUPS} groups of 5 digits.")
    for _ in range(TRIES):
        groups = differing(_asked("Type what you hear"), text)
        if not groups:
            say("It is the same.")
            return
        which = ", ".join(map(str, groups))
        say("That is another fingerprint." if len(groups) == GROUPS else f"It differs in group {which} of {GROUPS}.")
    raise KeyringRefused(
        f"the fingerprint of {what} is not the one that was read aloud",
        "Ask for the file once more, by another way: somebody may have changed it.",
    )


def _file(question: str, read: Callable[[str], Read]) -> Read | None:
    """What a named file holds; asked again until it can be read. None: nothing was named."""
    while given := _asked(question):
        try:
            return read(given)
        except IntakeError as error:
            say(f"{error}. {error.advice}")
    return None


def _chosen(question: str, labels: Iterable[str]) -> str | None:
    """One of the labels, or None."""
    known = list(labels)
    while known and (given := _asked(f"{question} [{', '.join(known)}]")):
        if given in known:
            return given
        say(f"No {given!a}: choose one of {', '.join(known)}.")
    return None


def _day(question: str, proposed: date) -> date:
    while True:
        given = _asked(f"{question} [{proposed}]")
        try:
            return date.fromisoformat(given) if given else proposed
        except ValueError:
            say("A day is written YYYY-MM-DD.")


def _asked(question: str) -> str:
    answer: str = click.prompt(question, default="", show_default=False, err=True)
    return answer.strip()


def _listed(role: str, labels: Iterable[str]) -> str:
    names = list(labels)
    return f"the {role}{'s' * (len(names) != 1)} {', '.join(names)}"
