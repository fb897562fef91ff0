"""`intake review dossier …`: papers about one case, each for one recipient, through the gate.

intake review dossier check 5f0c --form wgad                     may it be made, what is missing; nothing is written
intake review dossier redact 5f0c --term "…" --done              what is left out of this case's papers
intake review dossier make 5f0c --form wgad --to "OHCHR" --out out --key age1…
intake review dossier phone 5f0c --speaker family --name … --how … --allows un_named
intake review dossier given 5f0c                                 what went to whom
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click

from intake.durable import private_folder, write_private
from intake.errors import NotConsented, Usage
from intake.options import Command, Day, Several
from intake.review import cases, submissions
from intake.review.cases import Case
from intake.review.entrance import enter, vault_option
from intake.review.fields import hidden
from intake.review.ladder import Level
from intake.review.outputs import deliveries, permissions, reviewed
from intake.review.outputs.bodies import DOSSIER, Body, bodies, body
from intake.review.outputs.consent import TOLD, Circumstances, Naming, Recipient, Speaker, Spoken, Use, Verdict
from intake.review.outputs.dossier import Material, Order, Paper, fixed_words, gather, names, paper
from intake.review.outputs.inspection import inspect
from intake.review.outputs.office import docx
from intake.review.outputs.parcel import neutral_name, sealed
from intake.review.outputs.redaction import Redaction
from intake.review.outputs.typesetting import pdf
from intake.review.vault import Vault
from intake.terminal import agree, passphrase, progress, put, safe, say

_ID = click.argument("case_id", metavar="CASE")
_RECIPIENT = click.Choice([each.value for each in Recipient if each is not Recipient.STATISTICS])
_FOR = click.option("--for", "recipient", type=_RECIPIENT, help="Who is told; the dossier alone needs it.")
_FORM = click.option("--form", type=click.Choice(list(bodies())), default=DOSSIER, show_default=True)
_NAMING = click.option(
    "--names", "naming", type=click.Choice([each.value for each in Naming]), help="How people stand."
)
_PERSON = click.option("--person", help="The one whom it is about, where the case names several.")


@click.group("dossier", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Papers about a case: dossiers, drafts for UN bodies and courts. Nothing leaves without consent, or unsealed."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What was asked for, and what the gate says to it."""

    case: Case
    family: tuple[str, ...]
    body: Body
    use: Use
    circumstances: Circumstances
    verdicts: tuple[Verdict, ...]

    @property
    def allowed(self) -> tuple[str, ...]:
        return tuple(each.report for each in self.verdicts if each.allowed)


@command.command("check")
@vault_option
@_ID
@_FORM
@_FOR
@_NAMING
@_PERSON
def check(vault: Path, case_id: str, form: str, recipient: str | None, naming: str | None, person: str | None) -> None:
    """Whether the paper may be made, report by report, and what is still missing. Nothing is written."""
    with enter(vault) as desk:
        plan = _plan(desk, case_id, form, recipient, naming)
        for each in plan.verdicts:
            may = "may be used" if each.allowed else "may NOT be used"
            put(f"{may}  {each.report[:8]}  {safe('; '.join(each.reasons))}")
        if not plan.allowed:
            raise _refused(plan)
        for unread in _unread(desk, plan):
            put(f"to be read first: {unread[:8]} says who could be hurt (`dossier redact`)")
        made = _made(desk, plan, person, "", _version(desk, plan))
        for missing in made.missing:
            put(f"missing: {safe(missing)}")
        put(f"hash: {made.hash}")


@command.command("make")
@vault_option
@_ID
@_FORM
@_FOR
@_NAMING
@_PERSON
@click.option("--to", "to", required=True, help="Who gets it, in your words; for the log.")
@click.option("--submitter", default="", help="Who submits it: name and address of the organisation.")
@click.option("--key", "keys", multiple=True, metavar="AGE1…", help="Seal it to this key of the recipient's.")
@click.option("--plain", is_flag=True, help="Leave it unsealed. It asks first, and the log says so.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to write to.")
@click.option("--yes", is_flag=True, help="Agree beforehand.")
def make(
    vault: Path,
    case_id: str,
    form: str,
    recipient: str | None,
    naming: str | None,
    person: str | None,
    to: str,
    submitter: str,
    keys: tuple[str, ...],
    plain: bool,
    out: Path,
    yes: bool,
) -> None:
    """Make a paper as PDF, DOCX and JSON, and seal it: to --key, or to a passphrase that is asked for."""
    if plain and keys:
        raise Usage("it is sealed or it is plain", "Give --key or --plain.")
    with enter(vault) as desk:
        plan = _plan(desk, case_id, form, recipient, naming)
        if not plan.allowed:
            raise _refused(plan)
        if unread := _unread(desk, plan):
            raise NotConsented(
                f"{', '.join(each[:8] for each in unread)} says who could be hurt, and nobody dealt with it",
                "Read it with `show`, enter what is left out with `dossier redact`, and give --done.",
            )
        made = _made(desk, plan, person, submitter, _version(desk, plan))
        _check_public(desk, plan, made)
        with progress(3, "Setting") as heard:
            stem = f"{form}-{made.hash[:12]}"
            files = {f"{stem}.pdf": pdf(made.document)}
            heard(1)
            told = json.dumps(made.told, ensure_ascii=False, indent=2)
            files |= {f"{stem}.docx": docx(made.document), f"{stem}.json": told.encode()}
            heard(1)
            inspect(files, _forbidden(desk, plan, person), fixed_words(plan.body))
            heard(1)
        for missing in made.missing:
            say(f"Still missing: {safe(missing)}")
        content, how = outgoing(files, keys, plain=plain, yes=yes)
        with desk.journal() as journal:
            deliveries.record(journal, _delivery(plan, to, how, files))
        private_folder(out)
        for name, raw in content.items():
            write_private(out / name, raw)
            put(str(out / name))
        say(f"{len(plan.allowed)} of {len(plan.verdicts)} reports used. What went to whom: `dossier given`.")


@command.command("agree")
@vault_option
@click.argument("digest", metavar="HASH")
@click.option("--yes", is_flag=True, help="Agree beforehand.")
def agreed(vault: Path, digest: str, yes: bool) -> None:
    """Agree that the paper of this hash (`dossier check`) is published by name. It takes two reviewers."""
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise Usage("that is no hash of a paper", "Copy all 64 characters that `dossier check` shows.")
    with enter(vault) as desk:
        agree("Have you read the paper of this hash whole, and may it be published?", yes=yes)
        with desk.journal() as journal:
            by = reviewed.agree_to(journal, desk.label, digest)
        say(f"Agreed by {', '.join(by)}.")


@command.command("redact")
@vault_option
@_ID
@click.option("--term", "terms", multiple=True, help="A name, place or word to leave out, in any spelling; repeatable.")
@click.option("--perpetrator", "perpetrators", multiple=True, help="A perpetrator's name: public only at V3, by two.")
@click.option("--passage", "passages", multiple=True, help="A text to leave out exactly; repeatable.")
@click.option("--done", is_flag=True, help="All that the reports ask to leave out is entered.")
def redact(
    vault: Path,
    case_id: str,
    terms: tuple[str, ...],
    perpetrators: tuple[str, ...],
    passages: tuple[str, ...],
    done: bool,
) -> None:
    """Enter what is left out of a case's papers, or show it. Without --done no paper is made."""
    with enter(vault) as desk:
        with desk.reading() as connection:
            case = cases.find(connection, case_id)
            family = [each.id for each in cases.family(connection, case)]
            reports = [each for part in cases.family(connection, case) for each in part.sources]
        with desk.journal() as journal:
            for kind, texts in (("term", terms), ("perpetrator", perpetrators), ("passage", passages)):
                for text in texts:
                    reviewed.leave_out(journal, case.id, kind, text)
            if done:
                reviewed.mark_done(journal, case.id, reports)
        with desk.reading() as connection:
            for kind in reviewed.KINDS:
                for text in reviewed.texts(connection, family, kind):
                    put(f"{kind}: {safe(text)}")
            dealt = set(reviewed.texts(connection, family, "done"))
        say(f"{len(dealt & set(reports))} of {len(reports)} reports are dealt with.")


@command.command("phone", cls=Command)
@vault_option
@_ID
@click.option("--speaker", type=click.Choice([each.value for each in Speaker]), required=True, help="Whose word it is.")
@click.option("--name", required=True, help="Who said it, as you know them.")
@click.option("--day", type=Day(), required=True, help="When.")
@click.option("--how", required=True, help="How: by telephone, face to face; and how you know that it was them.")
@click.option("--allows", cls=Several, type=_RECIPIENT, help="What they allow.")
@click.option("--refuses", cls=Several, type=_RECIPIENT, help="What they refuse.")
@click.option("--report", "reports", cls=Several, help="About which reports; about all of the case unless given.")
def phone(
    vault: Path,
    case_id: str,
    speaker: str,
    name: str,
    day: date,
    how: str,
    allows: tuple[str, ...],
    refuses: tuple[str, ...],
    reports: tuple[str, ...],
) -> None:
    """Enter consent, or a refusal, that was given by word of mouth."""
    with enter(vault) as desk:
        with desk.reading() as connection:
            case = cases.find(connection, case_id)
            about = {each for part in cases.family(connection, case) for each in part.sources}
            if reports:
                about &= {submissions.find(connection, each).id for each in reports}
        if Speaker(speaker) is Speaker.WITNESS and len(about) != 1:
            raise Usage("a witness speaks for one report", "Give it with --report.")
        if day > desk.today():
            raise Usage("that day is not over", "Give the day on which it was said.")
        said = Spoken(
            frozenset(about),
            Speaker(speaker),
            name,
            day,
            how,
            frozenset(map(Recipient, allows)),
            frozenset(map(Recipient, refuses)),
        )
        with desk.journal() as journal:
            permissions.record(journal, said)
        say(f"Entered for {len(about)} reports.")


@command.command("exceptions")
@vault_option
@click.option("--on/--off", "on", required=True, help="Whether two reviewers may make exceptions at all.")
def exceptions(vault: Path, on: bool) -> None:
    """Let two reviewers tell a lawyer, or an asylum office or UNHCR, where nobody can be asked. Off unless decided."""
    with enter(vault) as desk:
        with desk.journal() as journal:
            permissions.switch(journal, on=on)
        say(f"Exceptions are {'possible' if on else 'off'}.")


@command.command("except")
@vault_option
@_ID
@click.option("--for", "recipient", type=click.Choice(["lawyer", "asylum"]), required=True)
@click.option("--because", default="", help="What death or removal it prevents, and why nobody can be asked.")
def exempt(vault: Path, case_id: str, recipient: str, because: str) -> None:
    """Make an exception for a case, or join a colleague's: it counts once two have."""
    with enter(vault) as desk:
        with desk.reading() as connection:
            case = cases.find(connection, case_id)
        with desk.journal() as journal:
            count = permissions.exempt(journal, desk.label, case.id, Recipient(recipient), because)
        say(f"{min(count, 2)} of 2 reviewers.")


@command.command("given")
@vault_option
@click.argument("case_id", metavar="CASE", required=False)
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def given(vault: Path, case_id: str | None, as_json: bool) -> None:
    """What went to whom: of one case, or everything."""
    with enter(vault) as desk, desk.reading() as connection:
        family = None
        if case_id:
            family = [each.id for each in cases.family(connection, cases.find(connection, case_id))]
        for each in deliveries.delivered(connection, family):
            made = each.delivery
            if as_json:
                facts: dict[str, Any] = {"utc": each.utc, "reviewer": each.reviewer, "output": made.output}
                facts |= {"recipient": made.recipient, "to": made.to, "naming": made.naming, "sealed": made.sealed}
                facts |= {"case": made.case, "reports": [*made.reports], "grounds": [*made.grounds]}
                facts["files"] = [{"name": file.name, "sha256": file.sha256} for file in made.files]
                put(json.dumps(facts, ensure_ascii=False))
                continue
            put(
                f"{each.utc}  {each.reviewer}  {made.output} to {safe(made.to)} ({TOLD[Recipient(made.recipient)]}), "
                f"names: {made.naming}, {len(made.reports)} reports, {made.sealed}"
            )


def outgoing(files: dict[str, bytes], keys: tuple[str, ...], *, plain: bool, yes: bool) -> tuple[dict[str, bytes], str]:
    """What is written: the files themselves after a warning, or one sealed file; and the word for the log."""
    if plain:
        say("Warning: whoever finds these files reads them. A sealed file can be read by its recipient alone.")
        agree("Write them unsealed?", yes=yes)
        return files, "plain"
    secret = "" if keys else passphrase("Passphrase for the recipient", confirm=True)
    return {neutral_name(): sealed(files, keys=keys, passphrase=secret)}, "key" if keys else "passphrase"


def _plan(desk: Vault, case_id: str, form: str, recipient: str | None, naming: str | None) -> _Plan:
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
    return _Plan(case, tuple(each.id for each in family), of, use, known, known.verdicts(use))


def _refused(plan: _Plan) -> NotConsented:
    told = "; ".join(f"{each.report[:8]}: {', '.join(each.reasons)}" for each in plan.verdicts)
    return NotConsented(f"no report of this case may be used for {TOLD[plan.use.recipient]}: {told or 'it has none'}")


def _unread(desk: Vault, plan: _Plan) -> tuple[str, ...]:
    """The reports that say who could be hurt, and were not dealt with."""
    with desk.reading() as connection:
        done = set(reviewed.texts(connection, plan.family, "done"))
        found = submissions.reports(connection, plan.allowed)
    return tuple(each for each, report in found.items() if report.answers.get("harm") and each not in done)


def _version(desk: Vault, plan: _Plan) -> int:
    with desk.reading() as connection:
        made = deliveries.delivered(connection, plan.family)
        return 1 + sum(each.delivery.output == plan.body.name for each in made)


def _made(desk: Vault, plan: _Plan, person: str | None, submitter: str, version: int) -> Paper:
    material = _material(desk, plan, person)
    first = plan.circumstances.permits[0]
    victim = next((each.victim for each in plan.circumstances.permits if each.report in plan.allowed), first.victim)
    order = Order(
        plan.body, plan.use.recipient, plan.use.naming, desk.today(), version, submitter, victim or "",
        "PRACTICE" if desk.practice else "CONFIDENTIAL",
    )  # fmt: skip
    return paper(order, material, _redaction(desk, plan, material, names(material, plan.use.naming)))


def _material(desk: Vault, plan: _Plan, person: str | None) -> Material:
    with desk.reading() as connection:
        material = gather(connection, plan.case, plan.allowed, person)
    if plan.body.one_person and person is None and len(set(names(material, Naming.NONE).values())) > 1:
        raise Usage("this form is of one person", "Give --person, as the case names them.")
    return material


def _redaction(desk: Vault, plan: _Plan, material: Material, people: dict[str, str]) -> Redaction:
    with desk.reading() as connection:
        terms, perpetrators, passages = (reviewed.texts(connection, plan.family, kind) for kind in reviewed.KINDS)
    public = plan.use.recipient in (Recipient.PUBLIC, Recipient.ANONYMOUS) and material.level != Level.V3.name
    return Redaction(people, (*terms, *(perpetrators if public else ())), passages)


def _forbidden(desk: Vault, plan: _Plan, person: str | None) -> Redaction:
    """What no finished file may hold: names as they were asked for, what is left out, and who the witnesses are."""
    material = _material(desk, plan, person)
    people = names(material, plan.use.naming)
    redaction = _redaction(desk, plan, material, people)
    secret = [
        text
        for each in material.testimonies
        for answer in hidden(each.report.answers).values()
        if isinstance(answer, str) and len(text := answer) > 12
    ]
    return Redaction(people, redaction.terms, (*redaction.passages, *secret))


def _check_public(desk: Vault, plan: _Plan, made: Paper) -> None:
    """What the public gets takes two reviewers. Raises `NotConsented`."""
    if plan.use.recipient not in (Recipient.PUBLIC, Recipient.ANONYMOUS):
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
            f"Each reads it and runs: intake review dossier agree {made.hash}",
        )


def _delivery(plan: _Plan, to: str, how: str, files: dict[str, bytes]) -> deliveries.Delivery:
    grounds = tuple(reason for each in plan.verdicts if each.allowed for reason in each.reasons)
    return deliveries.Delivery(
        plan.body.name,
        plan.use.recipient.value,
        plan.use.naming.value,
        " ".join(to.split()),
        how,
        plan.allowed,
        deliveries.handed(files),
        plan.case.id,
        grounds,
    )
