"""`intake review outbox`: what goes back to the drop, in one signed file."""

from __future__ import annotations

from pathlib import Path

import click

from intake.review import replies
from intake.review.entrance import enter, vault_option
from intake.terminal import put, say


@click.command("outbox")
@vault_option
@click.option("--to", type=click.Path(path_type=Path), required=True, help="An existing folder, such as the stick's.")
def command(vault: Path, to: Path) -> None:
    """Write the next outbox: answers that wait, among decoys, and which bundles were taken in whole.

    Write one after each import, answers or none: what every reviewer acknowledges may be purged from the drop.
    """
    with enter(vault) as desk:
        done = replies.write_next(desk, to)
    put(str(done.path))
    say(
        f"Outbox {done.serial}: {done.answers} answers, {done.bundles} bundles acknowledged."
        + (" A try that was cut off had written it." if done.found else "")
    )
