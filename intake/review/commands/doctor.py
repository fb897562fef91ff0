"""`intake review doctor`: looks at this machine before it is trusted with a vault."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from intake.errors import Exit
from intake.review.doctor import Machine, State, examine
from intake.terminal import put, safe, say


@click.command("doctor")
@click.option(
    "--vault", type=click.Path(path_type=Path, file_okay=False), help="Look at this vault's folder too. It stays shut."
)
@click.option("--json", "as_json", is_flag=True, help="Tell the findings as JSON.")
def command(vault: Path | None, as_json: bool) -> int:
    """Look at this machine: date, swap, hibernation, network, sandbox, memory folder, permissions, space.

    Nothing is changed. Exit status 8 when something is wrong, 0 otherwise.
    """
    findings = examine(Machine(datetime.now(UTC), vault=vault))
    if as_json:
        told = [
            {"what": each.what, "state": each.state.value, "found": each.found, "advice": each.advice}
            for each in findings
        ]
        put(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for each in findings:
            put(f"{_MARKS[each.state]} {each.what:<14} {safe(each.found)}")
            if each.advice:
                put(f"  {'':<14} {safe(each.advice)}")
    wrong = sum(each.state is State.BAD for each in findings)
    say(f"{wrong} to put right before you work here." if wrong else "Nothing here stands against working.")
    return Exit.SOME_FAILED if wrong else Exit.OK


_MARKS = {State.GOOD: "✓", State.ADVICE: "·", State.BAD: "✗"}
