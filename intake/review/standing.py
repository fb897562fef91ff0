"""What a witness allows now, after all that came by their code. Every output asks here first, once for each report.

Pure: the reports of a thread (`intake.review.submissions.thread`) and what reviewers decided in, `Standing` out.

- While nothing came that changes it, a report may be used for what it ticks itself. An answer sent by the code has no
  ticks of its own ("it stays as it was"): it may be used for what its first report ticks.
- A withdrawal, or a change of what is allowed, stops every output of the whole thread at once. Nothing else happens
  until a reviewer has decided which of the reports holds now: whoever has the code, or whoever has the witness, could
  have written it.
- A decision counts for the changes that it has seen: the next change stops everything again. So do two reviewers who
  decide differently.
- To let more happen than a newer change allows takes two reviewers. One is enough where the witness left an advance
  statement, which says beforehand that what is written later may be forced.
- A change that was erased since stops everything as it did before, until reviewers who know of it decide: its content
  is gone, and that it came is not.
- That statement is not cancelled by the code alone: to let less happen than its thread allowed takes the words of how
  that was confirmed by another way.

What a report says of the victim's own consent is not looked at here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from intake.report.document import Json
from intake.report.package import Report
from intake.report.reading import changes

WITHDRAW = "withdraw"
STATEMENT = "fear_statement"

_HELD = frozenset({"held", "missing", "sentenced", "abroad_held", "deported"})
_TAKEN = frozenset({"detained", "taken", "missing", "just_taken"})
_OPEN = frozenset({"", "unknown"})


@dataclass(frozen=True, slots=True)
class Decision:
    """A reviewer says that what the report `holds` allows is what holds now, having read the changes `seen` (ids).

    `confirmed` says how it was confirmed by another way than the code; empty when it was not.
    """

    reviewer: str
    holds: str
    seen: frozenset[str]
    reason: str
    confirmed: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What may be done now: codes of the list @consent; none while `stopped` says why.

    `duress`: why a change by the code may have been forced; empty when there is no change, or no sign of it.
    """

    allowed: frozenset[str]
    stopped: str | None = None
    duress: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.stopped is not None:
            return f"nothing new goes out: {self.stopped}"
        return f"allowed now: {', '.join(sorted(self.allowed)) or 'nothing; only the review team reads it'}"

    def permits(self, recipient: str) -> bool:
        """Whether a new output for this recipient, a code of @consent, may use the report."""
        return self.stopped is None and recipient in self.allowed


def ticks(report: Report) -> frozenset[str]:
    """What one report allows by itself; a withdrawal allows nothing."""
    told = report.answers.get("consent")
    if changes(report) == WITHDRAW or not isinstance(told, list):
        return frozenset()
    return frozenset(each for each in told if isinstance(each, str))


def changed(thread: Mapping[str, Report]) -> tuple[str, ...]:
    """The ids of what takes the report back or changes what is allowed, in the order of the thread."""
    return tuple(each for each, report in thread.items() if changes(report) is not None)


def standing(
    report_id: str, thread: Mapping[str, Report], decisions: Iterable[Decision] = (), gone: frozenset[str] = frozenset()
) -> Standing:
    """What may be done with one report of a thread; `thread` maps every id to its report, the first one first.

    `gone` are the ids of changes that belong to it and were erased.
    """
    pending = gone.union(changed(thread))
    if not pending:
        return Standing(_own(thread[report_id], thread))
    why = duress(thread)
    counting = [each for each in decisions if pending <= each.seen]
    if not counting:
        return Standing(frozenset(), "a change by the code waits for a reviewer's decision", why)
    if len({each.holds for each in counting}) > 1:
        labels = " and ".join(sorted({each.reviewer for each in counting}))
        return Standing(frozenset(), f"{labels} decided differently about a change by the code", why)
    holds = counting[0].holds
    if holds not in thread:
        return Standing(frozenset(), "the decision rests on a report that is not here: import what is missing", why)
    if wrong := objection(thread, holds, any(each.confirmed.strip() for each in counting)):
        return Standing(frozenset(), wrong, why)
    needed, deciding = reviewers_needed(thread, holds, gone), len({each.reviewer for each in counting})
    if deciding < needed:
        return Standing(frozenset(), "setting a change by the code aside takes a second reviewer", why)
    return Standing(_own(thread[holds], thread), None, why)


def objection(thread: Mapping[str, Report], holds: str, confirmed: bool) -> str | None:
    """Why it can't be decided that this report's ticks hold; None when it can."""
    everything = frozenset().union(*map(ticks, thread.values()))
    if not confirmed and has_statement(thread) and not everything <= ticks(thread[holds]) and holds in changed(thread):
        return "an advance statement is not cancelled by the code alone: it must be confirmed by another way"
    return None


def reviewers_needed(thread: Mapping[str, Report], holds: str, gone: frozenset[str] = frozenset()) -> int:
    """How many must say that this report's ticks hold: two when it sets aside a newer change that allows less.

    Of a change that is gone nobody knows any more what it allowed: it counts as one that allows less.
    """
    kept = thread[holds]
    allowed = _own(kept, thread)
    aside = bool(gone - {holds}) or any(
        each != holds
        and (kept.in_reply_to is None or thread[each].day >= kept.day)
        and not allowed <= ticks(thread[each])
        for each in changed(thread)
    )
    return 2 if aside and not has_statement(thread) else 1


def has_statement(thread: Mapping[str, Report]) -> bool:
    """Whether the witness wrote beforehand what is to be believed once they are taken."""
    return any(_filled(report.answers.get(STATEMENT)) for report in thread.values())


def duress(thread: Mapping[str, Report]) -> tuple[str, ...]:
    """Why what came by the code may be forced, in plain words. Nothing that is said here repeats a report."""
    why = []
    if any(_is_held(report.answers) for report in thread.values()):
        why.append("the person is held or missing")
    if has_statement(thread):
        why.append("there is an advance statement")
    return tuple(why)


def _own(report: Report, thread: Mapping[str, Report]) -> frozenset[str]:
    """What a report may be used for by its own ticks, or else by those of the first."""
    if report.in_reply_to is None or changes(report) is not None:
        return ticks(report)
    first = [ticks(each) for each in thread.values() if each.in_reply_to is None]
    return frozenset.intersection(*first) if first else frozenset()


def _is_held(answers: Mapping[str, Json]) -> bool:
    now = answers.get("now")
    people = answers.get("who")
    each = [person.get("now") for person in people if isinstance(person, dict)] if isinstance(people, list) else []
    if any(isinstance(state, str) and state in _HELD for state in (now, *each)):
        return True
    is_open = now is None or (isinstance(now, str) and now in _OPEN)
    return is_open and not _TAKEN.isdisjoint((*_codes(answers.get("kind")), *_codes(answers.get("urgent"))))


def _codes(answer: Json) -> Sequence[str]:
    return [each for each in answer if isinstance(each, str)] if isinstance(answer, list) else []


def _filled(answer: Json) -> bool:
    return isinstance(answer, str) and answer.strip() != ""
