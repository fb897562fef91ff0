"""The filter: seal or open an age file from stdin to stdout, compatible with `age`.

    python -m intake.sealing --decrypt -i identity.txt < report.age | tar -x
    python -m intake.sealing --encrypt -r age1pq1… < report.tar > report.age

For emergencies, and for tests against other tools. It opens any age v1 file, armored or not; what it writes has been
verified chunk by chunk. Only exit status 0 says that the output is whole: on any failure it ends with a status of
`intake.errors.Exit` and one line of reason, and what was written until then is true but not all.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from intake.errors import Exit, Fault, IntakeError, Usage, WrongPassphrase
from intake.memory import keep_private
from intake.sealing import (
    ArmorWriter,
    Identity,
    Recipient,
    ScryptIdentity,
    ScryptRecipient,
    Sealer,
    Stanza,
    dearmor,
    open_identity_file,
    open_sealed,
    parse_recipient,
)
from intake.sealing import scrypt as passphrase_stanza
from intake.terminal import passphrase, safe, say

_COPY_SIZE = 1 << 18  # bytes
_NOT_IDENTITIES = ("PRIVATE+KEY+",)  # the signing key in a reviewer's file


class _AskedPassphrase:
    """The passphrase of the file itself, asked for only when a stanza wants one."""

    def unwrap(self, stanza: Stanza) -> bytes | None:
        """The file key. Raises `WrongPassphrase`."""
        if stanza.kind != passphrase_stanza.KIND:
            return None
        file_key = ScryptIdentity(passphrase("Passphrase of the file")).unwrap(stanza)
        if file_key is None:
            raise WrongPassphrase("the passphrase does not open the file")
        return file_key


def _identities(path: Path) -> tuple[Identity, ...]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Usage(f"the identity file {path} can't be read: {error.strerror}") from None
    return open_identity_file(data, lambda: passphrase(f"Passphrase of {path}"), skip=_NOT_IDENTITIES)


def _seal(recipients: Sequence[Recipient], *, armor: bool) -> None:
    with ExitStack() as stack:
        sink = stack.enter_context(ArmorWriter(sys.stdout.buffer)) if armor else sys.stdout.buffer
        sealer = stack.enter_context(Sealer(sink, recipients))
        shutil.copyfileobj(sys.stdin.buffer, sealer, _COPY_SIZE)


def _open(identities: Sequence[Identity]) -> None:
    opened = open_sealed(dearmor(sys.stdin.buffer), identities)
    while part := opened.read1():
        sys.stdout.buffer.write(part)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-d", "--decrypt", is_flag=True, help="Open what comes on stdin.")
@click.option("-e", "--encrypt", is_flag=True, help="Seal what comes on stdin.")
@click.option(
    "identities", "-i", "--identity", multiple=True, metavar="FILE", type=click.Path(path_type=Path, dir_okay=False)
)
@click.option(
    "recipients", "-r", "--recipient", multiple=True, metavar="age1…", help="Whom to seal to; may be repeated."
)
@click.option("by_passphrase", "-p", "--passphrase", is_flag=True, help="Seal to a passphrase.")
@click.option("-a", "--armor", is_flag=True, help="Seal as lines of text.")
def door(
    *,
    decrypt: bool,
    encrypt: bool,
    identities: tuple[Path, ...],
    recipients: tuple[str, ...],
    by_passphrase: bool,
    armor: bool,
) -> None:
    """Seal or open an age file, from stdin to stdout."""
    if decrypt == encrypt:
        raise Usage("say either --decrypt or --encrypt")
    if decrypt:
        if recipients or by_passphrase or armor:
            raise Usage("--decrypt takes identities only (-i)")
        _open([*(identity for path in identities for identity in _identities(path)), _AskedPassphrase()])
    else:
        if identities:
            raise Usage("--encrypt takes recipients (-r), not identities")
        everybody: list[Recipient] = [parse_recipient(recipient) for recipient in recipients]
        if by_passphrase:
            everybody.append(ScryptRecipient(passphrase("Passphrase to seal to", confirm=True)))
        _seal(everybody, armor=armor)
    sys.stdout.buffer.flush()


def main() -> None:
    """Run the filter and leave with the exit status that `intake.errors.Exit` promises."""
    keep_private()
    try:
        try:
            door.main(prog_name="python -m intake.sealing", standalone_mode=False)
        except click.ClickException as error:
            raise Usage(error.format_message()) from None
        except (click.Abort, KeyboardInterrupt):
            raise Fault("stopped") from None
        except OSError as error:
            raise Fault(f"reading or writing failed: {error.strerror}") from None
    except IntakeError as error:
        say(f"intake.sealing: {safe(str(error))}" + (f" ({safe(error.advice)})" if error.advice else ""))
        # The interpreter would try to flush what a failing disk or pipe refused once more, and print about it.
        sys.stdout = None
        sys.exit(error.exit_code)
    sys.exit(Exit.OK)


if __name__ == "__main__":
    main()
