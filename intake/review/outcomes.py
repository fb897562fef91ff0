"""What became of each sealed report that a command was given, and how the command tells it and ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from intake.errors import Exit, IntakeError
from intake.terminal import put, safe, say


@dataclass(frozen=True, slots=True)
class Outcome:
    """One report: what was made of it at `path`, or the error that prevented it. `before`: it was there already."""

    name: str
    path: Path | None
    error: IntakeError | None = None
    alarms: tuple[str, ...] = ()
    before: bool = False

    def facts(self, kind: str) -> dict[str, object]:
        """For programs; `kind` is the key under which the path stands."""
        return {
            "name": self.name,
            kind: None if self.path is None else str(self.path),
            "before": self.before,
            "alarms": list(self.alarms),
            "error": None if self.error is None else str(self.error),
            "exit": int(Exit.OK if self.error is None else self.error.exit_code),
        }


def tell(outcomes: Sequence[Outcome], verb: str, into: str, *, paths: bool, end: str = ".") -> None:
    """The `paths` made, to stdout; what failed, alarms, and the sum "2 `verb` into `into`", to stderr."""
    for outcome in outcomes:
        if outcome.path is not None and paths:
            put(str(outcome.path))
        for alarm in outcome.alarms:
            say(f"ALARM: {safe(outcome.name)}: {safe(alarm)}.")
        if outcome.error is not None:
            failure = f"Not {verb}: "
            say(f"{failure}{safe(outcome.name)}: {safe(str(outcome.error))}.")
            say(f"{' ' * len(failure)}{safe(outcome.error.advice)}")
    done = [outcome for outcome in outcomes if outcome.path is not None]
    before = sum(outcome.before for outcome in done)
    failed = len(outcomes) - len(done)
    say(
        f"{len(done) - before} {verb} into {into}"
        + (f", {before} were there before" if before else "")
        + (f", {failed} not {verb}" if failed else "")
        + end
    )


def status(outcomes: Sequence[Outcome]) -> Exit:
    """How a command ends: 0 when all parts went well, the one reason when all failed for the same, else 8."""
    errors = [outcome.error for outcome in outcomes]
    reasons = {error.exit_code for error in errors if error is not None}
    if not reasons:
        return Exit.OK
    if len(reasons) == 1 and all(error is not None for error in errors):
        return reasons.pop()
    return Exit.SOME_FAILED
