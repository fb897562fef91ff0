"""How a list of submissions looks in a terminal. Whatever a witness wrote passes through `safe`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from intake.report.reading import changes
from intake.review.alarms import Raised
from intake.review.inbox import Counts, Line, title
from intake.review.tongue import ALARM, told
from intake.review.triage import REASONS, Tier, Triage
from intake.terminal import safe

_BEFORE = 29
"""Characters of a row before what it is about."""
WIDTH = _BEFORE + 64
"""Characters of a row where no terminal says how many it has."""
_LEAST = 20
_CHANGES = {"withdraw": "WITHDRAWN", "consent": "CONSENT CHANGED"}


def countdown(triage: Triage, now: datetime) -> str:
    """Until when: "in 5 h", "NOW" for an hour from then, "OVERDUE 2 d", "" for the batch."""
    if triage.clock is None:
        return ""
    left = triage.clock - now
    if left > timedelta(0):
        return f"in {_span(left)}"
    return f"OVERDUE {_span(-left)}" if left <= timedelta(hours=-1) else "NOW"


def rows(lines: Iterable[Line], label: str, now: datetime, width: int = WIDTH) -> Iterator[str]:
    """One line a submission, of that many characters at most while its marks leave room for what it is about.

    Unread by me, tier, clock, id, a change of consent, what about, flags, tags, whose.
    """
    for line in lines:
        said = line.handling
        marks = [*(f"!{name}" for name in said.flags), *(f"#{name}" for name in said.tags)]
        marks += [f"@{said.assigned}"] if said.assigned else []
        marks += ["on hold"] if said.hold else []
        marks += ["done"] if said.done else []
        about = safe(title(line.report.answers)) or "(no words)"
        if change := changes(line.report):
            about = f"{_CHANGES[change]}: {about}"
        new = " " if label in said.seen else "*"
        end = f"  {safe(' '.join(marks))}" if marks else ""
        about = _cut(about, width - _BEFORE - len(end))
        yield f"{new} {line.triage.tier.name} {countdown(line.triage, now):<13} {line.id[:8]}  {about}{end}"


def reasons(triage: Triage) -> str:
    """Why the tier, in words."""
    return "; ".join(REASONS[name] for name in triage.reasons)


def heading(counted: Counts, standing: Iterable[Raised], *, practice: bool) -> Iterator[str]:
    """What stands above every list until somebody acts: alarms, what can't wait, and how much there is."""
    word = "PRACTICE: " if practice else ""
    for alarm in standing:
        yield f"{word}{safe(told(f'{ALARM} {alarm.id[:8]}: {alarm.words}'))}."
    if number := counted.waiting[Tier.T0]:
        yield f"{word}T0: {number} can't wait."
    tiers = "  ".join(f"{tier.name} {number}" for tier, number in counted.waiting.items())
    more = [f"{counted.unread} unread", f"{counted.on_hold} on hold", f"{counted.done} done"]
    more += [f"{counted.quarantined} in quarantine"] if counted.quarantined else []
    yield f"{word}Waiting: {tiers}   ({', '.join(more)})"


def _span(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"


def _cut(told: str, width: int) -> str:
    width = max(width, _LEAST)
    return told if len(told) <= width else f"{told[: width - 1]}…"
