"""The rim between the commands and a person: safe text, messages, passphrases, progress.

Data goes to stdout, messages to stderr, prompts to the terminal itself, so that a pipe never swallows a question.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from intake.errors import Usage

_DANGEROUS = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def safe(text: str, *, lines: bool = False) -> str:
    """Untrusted text made harmless for a terminal: control, format and unassigned characters become escapes.

    With `lines`, a newline stays one. Zero-width joiners, bidirectional overrides and escape sequences never pass.
    """
    return "".join(
        c if (lines and c == "\n") or unicodedata.category(c) not in _DANGEROUS else f"\\u{{{ord(c):x}}}" for c in text
    )


def say(message: str) -> None:
    """One message for the person, on stderr."""
    click.echo(message, err=True)


def put(data: str) -> None:
    """One line of output, on stdout."""
    click.echo(data)


def passphrase(prompt: str, *, confirm: bool = False) -> str:
    """A passphrase from INTAKE_PASSPHRASE_FD or INTAKE_PASSPHRASE_COMMAND, else typed without echo.

    Never from an argument. The descriptor is read line by line, one passphrase each, so that a ceremony can ask twice.
    Raises `Usage` when both sources are set, when one gives nothing, or when there is no terminal to ask at.
    """
    descriptor, command = os.environ.get("INTAKE_PASSPHRASE_FD"), os.environ.get("INTAKE_PASSPHRASE_COMMAND")
    if descriptor and command:
        raise Usage(
            "INTAKE_PASSPHRASE_FD and INTAKE_PASSPHRASE_COMMAND are both set",
            "Unset one: two passphrases can't both be meant.",
        )
    if descriptor:
        if not descriptor.isdigit():
            raise Usage("INTAKE_PASSPHRASE_FD is not a number", "Set it to an open file descriptor, such as 3.")
        return _given(_line(int(descriptor)), "INTAKE_PASSPHRASE_FD")
    if command:
        # The operator's own words, run without a shell.
        done = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, check=False)  # noqa: S603
        if done.returncode:
            raise Usage(f"INTAKE_PASSPHRASE_COMMAND ended with status {done.returncode}", "Run it by hand to see why.")
        return _given(done.stdout.split(b"\n", 1)[0], "INTAKE_PASSPHRASE_COMMAND")
    return _typed(prompt, confirm)


def _line(descriptor: int) -> bytes:
    """One line, byte by byte: the rest of the descriptor belongs to whoever asks next."""
    line = bytearray()
    try:
        while (byte := os.read(descriptor, 1)) not in (b"", b"\n"):
            line += byte
    except OSError as error:
        raise Usage(
            f"INTAKE_PASSPHRASE_FD can't be read: {error.strerror}", "Open it for reading before the command."
        ) from error
    return bytes(line)


def _given(raw: bytes, source: str) -> str:
    try:
        text = raw.decode().rstrip("\r")
    except UnicodeDecodeError:
        raise Usage(f"{source} did not give UTF-8 text", "Check what it prints.") from None
    if not text:
        raise Usage(f"{source} gave no passphrase", "Check that it prints one line.")
    return text


def _typed(prompt: str, confirm: bool) -> str:
    if not (sys.stdin.isatty() or os.path.exists("/dev/tty")):  # noqa: PTH110
        raise Usage(
            "there is no terminal to ask for a passphrase", "Set INTAKE_PASSPHRASE_FD or INTAKE_PASSPHRASE_COMMAND."
        )
    import getpass

    while True:
        try:
            first = getpass.getpass(f"{prompt}: ")
            if not first:
                raise Usage("no passphrase was typed")
            if not confirm or getpass.getpass("The same once more: ") == first:
                return first
        except (EOFError, OSError) as error:
            raise Usage("there is no terminal to ask for a passphrase", "Set INTAKE_PASSPHRASE_FD.") from error
        say("The two differ. Try again.")


def agree(question: str, *, yes: bool) -> None:
    """Ask before something is done; `yes` is the answer given beforehand. A no raises `click.Abort`.

    Raises `Usage` when there is nobody to ask: silence never counts as consent.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Usage("there is no terminal to ask at", "Read what is said above, and give --yes to agree beforehand.")
    click.confirm(question, abort=True, err=True)


@contextmanager
def progress(length: int, label: str) -> Iterator[Callable[[int], None]]:
    """A bar on stderr for work that may last over a second; silent where stderr is not a terminal.

    Gives a function that takes the amount done since its last call, in the unit of `length`.
    """
    with click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        yield bar.update
