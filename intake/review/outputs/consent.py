"""The consent gate: may a report be used for this recipient, by name or not, and if not, why. Pure.

Consent is a set of ticks and no ladder. It holds per report and per recipient:

- an output uses a report only if *that report* ticks *that recipient*; nothing ticked means the review team alone;
- a report that was taken back, or whose ticks its code changed, is used for nothing until reviewers have decided;
- an output that names the person (in full or by initials) also needs the victim's consent: theirs, or their family's
  when they can't be asked. A refusal by either, in whatever report of the case, stops every named output of the case;
- what the witness, the person or the family says by telephone counts as what is written does, from its day on, and
  only what the person says lifts what the person refused;
- a government learns the name only if the person knows that it will, and in the form that was agreed to;
- two reviewers may tell a lawyer, or an asylum office or UNHCR, where the victim's consent alone is missing because
  nobody can be asked, to prevent death or removal, if the desk has switched that on. Never a government or the public.
  It stands in for no tick and overrules no refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum


class Recipient(Enum):
    """Who is told, by the code of the tick that allows it."""

    STATISTICS = "count"
    ANONYMOUS = "anon_report"
    LAWYER = "lawyer"
    ASYLUM = "asylum"
    COURT = "court"
    UN = "un_named"
    PUBLIC = "publish_named"


class Naming(Enum):
    """How people stand in an output. `NONE` means codes such as P1."""

    FULL = "full"
    INITIALS = "initials"
    NONE = "none"


class Speaker(Enum):
    """Whose word it is that came by telephone."""

    WITNESS = "witness"
    PERSON = "person"
    FAMILY = "family"


NAMELESS = frozenset({Recipient.STATISTICS, Recipient.ANONYMOUS})
"""What these get never has a name."""
TOLD = {
    Recipient.STATISTICS: "totals",
    Recipient.ANONYMOUS: "the public, without names",
    Recipient.LAWYER: "a lawyer",
    Recipient.ASYLUM: "an asylum office or UNHCR",
    Recipient.COURT: "a court",
    Recipient.UN: "UN experts",
    Recipient.PUBLIC: "the public, by name",
}
"""In words."""
STOPPED = "nothing new goes out"
"""How the reason of a report that a change by the code stopped begins."""
AGREED = frozenset({"me", "person_agrees", "family_agrees"})
"""Answers of `victim_consent` that let a name out."""
REFUSED = {"person_refuses": Speaker.PERSON, "family_refuses": Speaker.FAMILY}
"""And those that stop it, in the whole case."""
_GOVERNMENT = frozenset({Recipient.UN, Recipient.COURT})
_EXCEPTED = frozenset({Recipient.LAWYER, Recipient.ASYLUM})
_UNASKED = frozenset({"cannot_ask", None})


@dataclass(frozen=True, slots=True)
class Use:
    """What somebody wants to make: for whom, and how people stand in it.

    Raises ValueError for a name where none goes.
    """

    recipient: Recipient
    naming: Naming = Naming.NONE

    def __post_init__(self) -> None:
        if self.named and self.recipient in NAMELESS:
            raise ValueError("what these get never has a name")

    @property
    def named(self) -> bool:
        """Whether it tells who the person is."""
        return self.naming is not Naming.NONE


@dataclass(frozen=True, slots=True)
class Permit:
    """What one report says of consent now: its ticks as they stand (`intake.review.standing`), or why it is stopped."""

    report: str
    day: date
    ticks: frozenset[str] = frozenset()
    victim: str | None = None
    told_gov: str | None = None
    name_form: str | None = None
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """What one person said by telephone or face to face: who, on which day, how, about which reports.

    A witness's word adds ticks to the report or takes them away. The person's or the family's is the victim's consent,
    for the recipients it names; whatever it refuses stops all named outputs but those it allows.
    """

    reports: frozenset[str]
    speaker: Speaker
    name: str
    day: date
    how: str
    allows: frozenset[Recipient] = frozenset()
    refuses: frozenset[Recipient] = frozenset()


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exception that reviewers made: for whom, why, and the labels of those who did."""

    recipient: Recipient
    reason: str
    by: frozenset[str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one report may be used; `reasons` says why not, or what it rests on besides the report."""

    report: str
    allowed: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that is known of consent in a case. `refused`: on which day who refused in a report that was erased since."""

    permits: Sequence[Permit]
    spoken: Sequence[Spoken] = ()
    exemptions: Sequence[Exemption] = ()
    exemptions_on: bool = False
    refused: Sequence[tuple[date, Speaker]] = ()
    _by_report: dict[str, Permit] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_report.update({each.report: each for each in self.permits})

    def verdicts(self, use: Use) -> tuple[Verdict, ...]:
        """One for each report, in the order given."""
        return tuple(self.verdict(use, each.report) for each in self.permits)

    def allowed(self, use: Use) -> tuple[str, ...]:
        """The reports that may be used."""
        return tuple(each.report for each in self.verdicts(use) if each.allowed)

    def verdict(self, use: Use, report: str) -> Verdict:
        """Whether this report may be used for this."""
        of = self._by_report[report]
        if against := tuple(self._against(use, of)):
            return Verdict(report, False, against)
        if not use.named:
            return Verdict(report, True, self._by_word(use, report, Speaker.WITNESS))
        if self._agreed(use, of):
            return Verdict(report, True, self._by_word(use, report, *Speaker))
        made = next((each for each in self.exemptions if each.recipient is use.recipient and len(each.by) > 1), None)
        possible = use.recipient in _EXCEPTED and of.victim in _UNASKED
        if made and possible and self.exemptions_on:
            return Verdict(report, True, (f"exception by {' and '.join(sorted(made.by))}: {made.reason}",))
        missing = "the victim's consent is missing"
        if of.victim in ("cannot_ask", "not_asked"):
            missing += " (nobody can be asked)" if of.victim == "cannot_ask" else " (nobody was asked yet)"
        return Verdict(report, False, (missing,))

    def _against(self, use: Use, of: Permit) -> Iterator[str]:
        """Why not, whatever else speaks for it."""
        if of.stopped is not None:
            yield f"{STOPPED}: {of.stopped}"
        elif use.recipient.value not in self._ticks(of):
            yield f"it does not allow telling {TOLD[use.recipient]}"
        if not use.named:
            return
        yield from dict.fromkeys(self._refusals(use))
        if use.recipient in _GOVERNMENT and of.told_gov == "no" and not self._spoke(use, of.report):
            yield "the person does not know that the government will learn the name"
        if use.recipient in (Recipient.UN, Recipient.PUBLIC):
            if of.name_form == "none":
                yield "it asks that no name stands in it"
            elif of.name_form == "initials" and use.naming is Naming.FULL:
                yield "it asks for initials"

    def _ticks(self, of: Permit) -> set[str]:
        """Those of the report, and those that its witness added or took away since."""
        ticks = set(of.ticks)
        for word in self._words(of.report, Speaker.WITNESS):
            if word.day >= of.day:
                ticks |= {each.value for each in word.allows}
                ticks -= {each.value for each in word.refuses}
        return ticks

    def _agreed(self, use: Use, of: Permit) -> bool:
        return of.victim in AGREED or self._spoke(use, of.report)

    def _spoke(self, use: Use, report: str) -> bool:
        """Whether the person or the family allowed it by telephone, for this report."""
        words = self._words(report, Speaker.PERSON, Speaker.FAMILY)
        return any(use.recipient in word.allows and use.recipient not in word.refuses for word in words)

    def _refusals(self, use: Use) -> Iterator[str]:
        """Every refusal in the case that nobody who may do so has lifted."""
        told = [*self.refused, *((each.day, REFUSED[each.victim]) for each in self.permits if each.victim in REFUSED)]
        told += [
            (each.day, each.speaker)
            for each in self.spoken
            if each.refuses and each.speaker is not Speaker.WITNESS and use.recipient not in each.allows - each.refuses
        ]
        for day, speaker in told:
            if not any(self._lifts(word, use, speaker, day) for word in self.spoken):
                yield f"the {speaker.value} refused on {day.isoformat()}: no output of this case may name anybody"

    def _lifts(self, word: Spoken, use: Use, refused_by: Speaker, day: date) -> bool:
        may = {Speaker.PERSON} if refused_by is Speaker.PERSON else {Speaker.PERSON, Speaker.FAMILY}
        return word.speaker in may and word.day > day and use.recipient in word.allows - word.refuses

    def _words(self, report: str, *speakers: Speaker) -> list[Spoken]:
        found = [each for each in self.spoken if report in each.reports and each.speaker in speakers]
        return sorted(found, key=lambda each: (each.day, bool(each.refuses)))

    def _by_word(self, use: Use, report: str, *speakers: Speaker) -> tuple[str, ...]:
        """What of the permission came by telephone."""
        return tuple(
            f"said by the {word.speaker.value} ({word.name}) on {word.day.isoformat()}, {word.how}"
            for word in self._words(report, *speakers)
            if use.recipient in word.allows - word.refuses
        )
