"""Every error this software raises on purpose, in one tree.

The message says what happened; `advice` says what to do next. Neither ever holds a word of a report. The exit codes are
a promise to scripts: they never change meaning.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended, as its exit status."""

    OK = 0
    FAULT = 1
    USAGE = 2
    NO_KEY = 3
    DAMAGED = 4
    KEYRING = 5
    CLOSED = 6
    CHAIN = 7
    SOME_FAILED = 8
    CONSENT = 9
    WARNING_30_DAYS = 10
    WARNING_7_DAYS = 11


class IntakeError(Exception):
    """The root of the tree. `advice` is one sentence: what the reader of the message can do now."""

    exit_code = Exit.FAULT
    advice = ""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        if advice:
            self.advice = advice


class Fault(IntakeError):
    """Something outside went wrong: a disk, a file, a service."""


class Usage(IntakeError):
    """The command line, the configuration or an input file of the operator's is wrong."""

    exit_code = Exit.USAGE


class NoKeyFits(IntakeError):
    """None of the identities given opens this file."""

    exit_code = Exit.NO_KEY
    advice = "Give every identity you hold with -i; the report may be sealed to another reviewer or to an older key."


class WrongPassphrase(NoKeyFits):
    """The passphrase does not open the identity or file."""

    advice = "Type it again; check the keyboard's language and Caps Lock."


class Damaged(IntakeError):
    """A sealed file, package or bundle is cut off, altered or malformed."""

    exit_code = Exit.DAMAGED
    advice = "Keep the file as it is and copy it again from where it came."


class NotSealed(Damaged):
    """The input is not an age file at all, or not one this drop may store."""

    advice = "Only files sealed by the form or by age can be used here."


class KeyringRefused(IntakeError):
    """A keyring, card or note did not verify against what is trusted."""

    exit_code = Exit.KEYRING
    advice = "Do not use it. Compare the fingerprints with the paper you were given, and ask the other root holders."


class Closed(IntakeError):
    """The keyring is past its `closes` day, or closed early: nothing is sealed to it any more."""

    exit_code = Exit.CLOSED
    advice = "Ask the root holders for a newer keyring."


class ChainBroken(IntakeError):
    """A bundle is missing, replayed, altered or forked against those seen before."""

    exit_code = Exit.CHAIN
    advice = "Ask the operator for the missing bundle, and compare the chain with another reviewer."


class SomeFailed(IntakeError):
    """Most of the work is done; the parts that failed were named one by one."""

    exit_code = Exit.SOME_FAILED
    advice = "What failed was left where it was; everything else is done."


class NotConsented(IntakeError):
    """Nobody who could has allowed this use of a report."""

    exit_code = Exit.CONSENT
    advice = "Ask the witness by a reply, or the family; `intake review dossier phone` records what they say."
