"""`intake review …` as a person runs it: a vault on disk, its passphrase and those of keys on a descriptor.

`review` starts a process, as a person does; `at_once` does the same in this one, which is much quicker.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click
from click.testing import CliRunner

from intake.cli import door
from intake.errors import Exit, IntakeError
from tests.harness.keys import PASSPHRASE as KEY_PASSPHRASE
from tests.harness.vaults import PASSPHRASE

Done = subprocess.CompletedProcess[str]


def review(vault: Path, command: str, *arguments: object, keys: int = 0, typed: Sequence[str] = ()) -> Done:
    """The command on this vault; `keys` private files of a world's are opened, and `typed` lines go to stdin."""
    reader, writer = os.pipe()
    os.write(writer, "".join(f"{secret}\n" for secret in [PASSPHRASE, *[KEY_PASSPHRASE] * keys]).encode())
    os.close(writer)
    try:
        return subprocess.run(
            [sys.executable, "-m", "intake", "review", *command.split(), "--vault", str(vault), *map(str, arguments)],
            env={**os.environ, "INTAKE_PASSPHRASE_FD": str(reader)},
            pass_fds=[reader],
            input="".join(f"{line}\n" for line in typed),
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        os.close(reader)


def at_once(vault: Path, command: str, *arguments: object, secrets: Sequence[str] = (PASSPHRASE,)) -> Done:
    """The command on this vault, in this process; `secrets`: all passphrases that it asks for, in order."""
    reader, writer = os.pipe()
    os.write(writer, "".join(f"{secret}\n" for secret in secrets).encode())
    os.close(writer)
    words = ["review", *command.split(), "--vault", str(vault), *map(str, arguments)]
    try:
        ran = CliRunner().invoke(door, words, env={"INTAKE_PASSPHRASE_FD": str(reader)}, standalone_mode=False)
    finally:
        os.close(reader)
    match ran.exception:
        case IntakeError() as error:
            return Done(words, error.exit_code, ran.stdout, f"{ran.stderr}{error}\n{error.advice}\n")
        case click.ClickException() as error:
            return Done(words, Exit.USAGE, ran.stdout, f"{ran.stderr}{error.format_message()}\n")
        case None:
            return Done(words, ran.return_value or Exit.OK, ran.stdout, ran.stderr)
    raise ran.exception
