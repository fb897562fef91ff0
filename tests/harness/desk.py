"""`intake review …` as a person runs it: a vault on disk, its passphrase and those of keys on a descriptor."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

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
