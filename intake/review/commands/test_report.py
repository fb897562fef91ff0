"""`intake review test-report`: a sealed report to send from outside, which must come out again."""

from __future__ import annotations

from pathlib import Path

import click

from intake.review import probes
from intake.review.entrance import enter, vault_option
from intake.terminal import put, say


@click.command("test-report")
@vault_option
@click.option("--to", type=click.Path(path_type=Path), help="Make one in this folder, such as the stick's.")
@click.option(
    "--days", type=click.IntRange(1, 365), default=probes.WAIT, show_default=True, help="Alarm when it takes longer."
)
def command(vault: Path, to: Path | None, days: int) -> None:
    """Make a test report that the server can't tell from a witness's; without --to, list those that are awaited.

    Take the file to another machine and network than the server's, and send it as a carried one, at /en/carry, or in
    any other way that takes sealed files. When no bundle brings it back in time, every import and list alarms.
    """
    with enter(vault) as desk:
        if to is not None:
            put(str(probes.make(desk, to, days)))
            say(f"Send it from outside. It should come out within {days} days; else an alarm says so.")
            return
        with desk.reading() as connection:
            for each in probes.waiting(connection, desk.label):
                late = "  LATE" if each.late(desk.today()) else ""
                put(f"{each.id[:8]}  made on {each.made} by {each.reviewer}{late}")
