"""From what was asked for to a paper: which reports the gate lets through, what is left out, what goes along.

The rim between the vault and the pure modules: it reads, and writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from intake.errors import NotConsented, Usage
from intake.review import cases, submissions
from intake.review.cases import Case
from intake.review.fields import hidden
from intake.review.ladder import Level
from intake.review.outputs import deliveries, permissions, reviewed
from intake.review.outputs.attachments import Attached
from intake.review.outputs.bodies import Body, body
from intake.review.outputs.consent import STOPPED, TOLD, Circumstances, Naming, Recipient, Use, Verdict
from intake.review.outputs.dossier import Order, Paper, fixed_words, paper
from intake.review.outputs.material import Material, gather, names
from intake.review.outputs.redaction import Redaction
from intake.review.vault import Vault

_PUBLIC = (Recipient.PUBLIC, Recipient.ANONYMOUS)


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for, and what the gate says to it. `family`: the case's id, and those merged into it."""

    case: Case
    family: tuple[str, ...]
    body: Body
    use: Use
    circumstances: Circumstances
    verdicts: tuple[Verdict, ...]

    @property
    def allowed(self) -> tuple[str, ...]:
        """The reports that may be used."""
        return tuple(each.report for each in self.verdicts if each.allowed)

    @property
    def grounds(self) -> tuple[str, ...]:
        """What of the permission rests on words by telephone or an exception."""
        return tuple(reason for each in self.verdicts if each.allowed for reason in each.reasons)


@dataclass(frozen=True, slots=True)
class Made:
    """A paper, all that it must not tell, and how many coded acts of the case are not in it."""

    paper: Paper
    forbidden: Redaction
    passed_over: int


def plan(desk: Vault, case_id: str, form: str, recipient: str | None, naming: str | None) -> Plan:
    """Ask the gate. Raises `Usage` for what can't be made at all."""
    of = body(form)
    if of.recipient is None and recipient is None:
        raise Usage("for whom is not said", "Give --for: consent holds for one recipient, never for all.")
    whom = of.recipient or Recipient(recipient)
    if recipient is not None and Recipient(recipient) is not whom:
        raise Usage(f"this form is for {TOLD[whom]}", "Leave --for away.")
    how = Naming(naming) if naming else (Naming.NONE if whom is Recipient.ANONYMOUS else of.naming[0])
    if how not in of.naming:
        raise Usage(
            f"this form can't be made so: names {how.value}", f"It takes {', '.join(n.value for n in of.naming)}."
        )
    if whom is Recipient.ANONYMOUS and how is not Naming.NONE:
        raise Usage("what is told without names has none", "Give --names none.")
    use = Use(whom, how)
    with desk.reading() as connection:
        case = cases.find(connection, case_id)
        family = cases.family(connection, case)
        sources = [each for part in family for each in part.sources]
        known = permissions.circumstances(connection, sources, [each.id for each in family])
    return Plan(case, tuple(each.id for each in family), of, use, known, known.verdicts(use))


def demand(desk: Vault, of: Plan) -> None:
    """Raises `NotConsented` where no report may be used, or one says who could be hurt and nobody dealt with it."""
    if not of.allowed:
        told = "; ".join(f"{each.report[:8]}: {', '.join(each.reasons)}" for each in of.verdicts)
        words = f"no report of this case may be used for {TOLD[of.use.recipient]}: {told or 'it has none'}"
        if all(any(reason.startswith(STOPPED) for reason in each.reasons) for each in of.verdicts) and of.verdicts:
            raise NotConsented(
                words, "Read what came by the code with `show`, and decide: `mark --holds --reason WHY`."
            )
        raise NotConsented(words)
    if undealt := unread(desk, of):
        raise NotConsented(
            f"who could be hurt is told by {', '.join(each[:8] for each in undealt)}, and nobody dealt with it",
            "Read it with `show`, enter what is left out with `dossier redact`, and give --done.",
        )


def unread(desk: Vault, of: Plan) -> tuple[str, ...]:
    """The reports that say who could be hurt, and were not dealt with."""
    with desk.reading() as connection:
        done = set(reviewed.texts(connection, of.family, "done"))
        found = submissions.reports(connection, of.allowed)
    return tuple(each for each, report in found.items() if report.answers.get("harm") and each not in done)


def write(
    desk: Vault, of: Plan, person: str | None = None, submitter: str = "", attached: Sequence[Attached] = ()
) -> Made:
    """The paper as it would be made now. Raises `Usage` where the form is of one person and the case of several."""
    with desk.reading() as connection:
        material = gather(connection, of.case, of.allowed, person, attached)
        made = deliveries.delivered(connection, of.family)
        version = 1 + sum(each.delivery.output == of.body.name for each in made)
    if of.body.one_person and person is None and len(set(names(material, Naming.NONE).values())) > 1:
        raise Usage("this form is of one person", "Give --person, as the case names them.")
    first = of.circumstances.permits[0]
    victim = next((each.victim for each in of.circumstances.permits if each.report in of.allowed), first.victim)
    order = Order(
        of.body, of.use.recipient, of.use.naming, desk.today(), version, submitter, victim or "",
        "PRACTICE" if desk.practice else "CONFIDENTIAL",
    )  # fmt: skip
    redaction = _redaction(desk, of, material)
    return Made(paper(order, material, redaction), redaction, material.passed_over)


def finished(of: Plan, made: Made, attached: Sequence[Attached]) -> Mapping[str, bytes]:
    """The files of a paper, searched for what must not be there. Raises `StillThere`, and `Fault` of a typesetter."""
    # What sets and searches takes half a second to load, and is needed here alone.
    from intake.review.outputs.inspection import inspect
    from intake.review.outputs.office import docx
    from intake.review.outputs.typesetting import pdf

    stem = f"{of.body.name}-{made.paper.hash[:12]}"
    told = json.dumps(made.paper.told, ensure_ascii=False, indent=2).encode()
    files = {f"{stem}.pdf": pdf(made.paper.document), f"{stem}.docx": docx(made.paper.document), f"{stem}.json": told}
    files |= {copy.name: copy.content for each in attached for copy in each.copies}
    originals = {copy.name for each in attached if each.original for copy in each.copies}
    inspect(files, made.forbidden, fixed_words(of.body), unparsed=originals)
    return files


def demand_agreement(desk: Vault, of: Plan, made: Paper) -> None:
    """What the public gets takes two sources and two reviewers. Raises `NotConsented`."""
    if of.use.recipient not in _PUBLIC:
        return
    if made.told["level"] not in (Level.V2.name, Level.V3.name):
        raise NotConsented(
            f"the case stands at {made.told['level']} by the reports that may be used",
            "A single claim is never published: two independent sources must allow it.",
        )
    with desk.reading() as connection:
        by = reviewed.agreeing(connection, made.hash)
    if len(by) < 2:
        raise NotConsented(
            f"{len(by)} of 2 reviewers agreed to publish it",
            f"Each reads it with `dossier check --read`, and runs: intake review dossier agree {made.hash}",
        )


def _redaction(desk: Vault, of: Plan, material: Material) -> Redaction:
    """Names as they were asked for, what is left out, and who the witnesses are."""
    with desk.reading() as connection:
        terms, perpetrators, passages = (reviewed.texts(connection, of.family, kind) for kind in reviewed.KINDS)
    public = of.use.recipient in _PUBLIC and material.level != Level.V3.name
    people = names(material, of.use.naming)
    return Redaction(people, (*terms, *(perpetrators if public else ())), (*passages, *secrets(material)))


def secrets(material: Material) -> list[str]:
    """What tells who a witness is, where it is longer than a word that anybody could write."""
    answers = [answer for each in material.testimonies for answer in hidden(each.report.answers).values()]
    texts = [each for each in answers if isinstance(each, str)]
    return [
        each
        for each in dict.fromkeys(map(str.strip, texts))
        if len(each) > 12 or (len(each) > 4 and any(c.isdigit() or c == "@" for c in each))
    ]
