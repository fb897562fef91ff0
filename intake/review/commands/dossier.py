"""`intake review dossier …`: papers about one case, each for one recipient, through the gate.

intake review dossier check 5f0c --form wgad                     may it be made, what is missing; nothing is written
intake review dossier check 5f0c --for publish_named --read      all that it says, before two agree to publish it
intake review dossier redact 5f0c --term "…" --done              what is left out of this case's papers
intake review dossier hide 12ab34cd --file 1 --black … --done    what is hidden on a file before a copy leaves
intake review dossier make 5f0c --form wgad --to "OHCHR" --out out --key age1…
intake review dossier phone 5f0c --speaker family --name … --how … --allows un_named
intake review dossier given 5f0c                                 what went to whom
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from intake.errors import NotConsented, Usage
from intake.options import as_one
from intake.review import cases
from intake.review.commands import allowing, clearing
from intake.review.commands.leaving import Way, way_options
from intake.review.entrance import enter, vault_option
from intake.review.outputs import attachments, deliveries, making, reading
from intake.review.outputs.attachments import Attached
from intake.review.outputs.bodies import DOSSIER, bodies
from intake.review.outputs.consent import TOLD, Naming, Recipient
from intake.review.outputs.making import Made, Plan
from intake.review.vault import Vault
from intake.terminal import agree, progress, put, safe, say

_RECIPIENT = click.Choice([each.value for each in Recipient if each is not Recipient.STATISTICS])


@dataclass(frozen=True, slots=True)
class Asked:
    """A paper as it is asked for: `wanted` files, `bare` for none; `originals` go as they came."""

    case_id: str
    form: str
    recipient: str | None
    naming: str | None
    person: str | None
    submitter: str
    wanted: tuple[str, ...]
    bare: bool
    originals: tuple[str, ...]

    def plan(self, desk: Vault) -> Plan:
        """What the gate says to it."""
        return making.plan(desk, self.case_id, self.form, self.recipient, self.naming)

    def attached(self, desk: Vault, plan: Plan) -> tuple[Attached, ...]:
        """What becomes of each file. A paper that names nobody takes none that was not asked for: faces are names."""
        if self.bare and (self.wanted or self.originals):
            raise Usage("files are asked for, and none", "Give --file and --original, or --without-files.")
        with desk.reading() as connection:
            asked = attachments.named(connection, self.wanted, plan.allowed)
            whole = attachments.named(connection, self.originals, plan.allowed)
        if whole and plan.use.naming is not Naming.FULL:
            raise NotConsented("a file as it came may tell the name, and this paper does not")
        every = not self.wanted and not self.bare and plan.use.naming is Naming.FULL
        with progress(max(1, attachments.count(desk, plan.allowed)), "Files") as heard:
            return attachments.attach(desk, plan.allowed, None if every else asked, whole, heard)

    def written(self, desk: Vault, plan: Plan, attached: tuple[Attached, ...]) -> Made:
        """The paper as it would be made now."""
        return making.write(desk, plan, self.person, self.submitter, attached)


asked_options = as_one(
    Asked,
    "asked",
    click.argument("case_id", metavar="CASE"),
    click.option("--form", type=click.Choice(list(bodies())), default=DOSSIER, show_default=True),
    click.option("--for", "recipient", type=_RECIPIENT, help="Who is told; the dossier alone needs it."),
    click.option("--names", "naming", type=click.Choice([each.value for each in Naming]), help="How people stand."),
    click.option("--person", help="The one whom it is about, where the case names several."),
    click.option("--submitter", default="", help="Who submits it: name and address of the organisation."),
    click.option("--file", "wanted", multiple=True, metavar="REPORT/N", help="Copies of these files alone."),
    click.option("--without-files", "bare", is_flag=True, help="No file goes along."),
    click.option("--original", "originals", multiple=True, metavar="REPORT/N", help="Add a file as it came."),
)
"""The options by which a paper is asked for, to look at it and to make it."""


@click.group("dossier", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Papers about a case: dossiers, drafts for UN bodies and courts. Nothing leaves without consent, or unsealed."""


for _each in (*clearing.COMMANDS, *allowing.COMMANDS):
    command.add_command(_each)


@command.command("check")
@vault_option
@asked_options
@click.option("--read", "read", is_flag=True, help="Show all that the paper says, as it would be made now.")
def check(vault: Path, asked: Asked, read: bool) -> None:
    """Whether the paper may be made, report by report, and what is still missing. Nothing is written.

    With --read all that it says is shown first: read it before `dossier agree`.
    """
    with enter(vault) as desk:
        plan = asked.plan(desk)
        for each in plan.verdicts:
            may = "may be used" if each.allowed else "may NOT be used"
            put(f"{may}  {each.report[:8]}  {safe('; '.join(each.reasons))}")
        for unread in making.unread(desk, plan):
            put(f"to be read first: {unread[:8]} says who could be hurt (`dossier redact`)")
        if not plan.allowed:
            making.demand(desk, plan)
        attached = asked.attached(desk, plan)
        made = asked.written(desk, plan, attached).paper
        if read:
            put(safe(reading.text(made.document), lines=True))
        for line in _staying(attached):
            put(line)
        for missing in made.missing:
            put(f"missing: {safe(missing)}")
        put(f"hash: {made.hash}")


@command.command("make")
@vault_option
@asked_options
@way_options
def make(vault: Path, asked: Asked, way: Way) -> None:
    """Make a paper as PDF, DOCX and JSON, and seal it: to --key, or to a passphrase that is asked for.

    Files go along as copies made of pixels, where `dossier hide` says that all is hidden which must be.
    """
    with enter(vault) as desk:
        plan = asked.plan(desk)
        making.demand(desk, plan)
        if asked.originals:
            say("Warning: a file as it came tells its device, place and time, and nothing in it can be left out.")
            agree("Let these files go as they came?", yes=way.yes)
        attached = asked.attached(desk, plan)
        made = asked.written(desk, plan, attached)
        making.demand_agreement(desk, plan, made.paper)
        with progress(1, "Setting") as heard:
            files = making.finished(plan, made, attached)
            heard(1)
        for line in _staying(attached):
            say(line)
        if left := made.passed_over:
            say(f"{left} coded acts are not in it: they rest on no report, on one that may not be used, or another's.")
        for missing in made.paper.missing:
            say(f"Still missing: {safe(missing)}")
        way.hand_over(
            desk, files, plan.body.name, plan.use, reports=plan.allowed, case=plan.case.id, grounds=plan.grounds
        )
        say(f"{len(plan.allowed)} of {len(plan.verdicts)} reports used. What went to whom: `dossier given`.")


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
            for ground in made.grounds:
                put(f"    {safe(ground)}")


def _staying(attached: tuple[Attached, ...]) -> list[str]:
    return [
        f"stays here: file {each.number} of {each.submission[:8]}: {each.why_not}" for each in attached if each.why_not
    ]
