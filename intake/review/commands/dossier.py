"""`intake review dossier …`: papers about one case, each for one recipient, through the gate.

intake review dossier check 5f0c --form wgad                     may it be made, what is missing; nothing is written
intake review dossier redact 5f0c --term "…" --done              what is left out of this case's papers
intake review dossier hide 12ab34cd --file 1 --black … --done    what is hidden on a file before a copy leaves
intake review dossier make 5f0c --form wgad --to "OHCHR" --out out --key age1…
intake review dossier phone 5f0c --speaker family --name … --how … --allows un_named
intake review dossier given 5f0c                                 what went to whom
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from intake.durable import private_folder, write_private
from intake.errors import NotConsented, Usage
from intake.review import cases
from intake.review.commands import allowing, clearing
from intake.review.entrance import enter, vault_option
from intake.review.outputs import attachments, deliveries, making
from intake.review.outputs.attachments import Attached
from intake.review.outputs.bodies import DOSSIER, bodies
from intake.review.outputs.consent import TOLD, Naming, Recipient
from intake.review.outputs.making import Plan
from intake.review.outputs.parcel import neutral_name, sealed
from intake.review.vault import Vault
from intake.terminal import agree, passphrase, progress, put, safe, say

_ID = click.argument("case_id", metavar="CASE")
_RECIPIENT = click.Choice([each.value for each in Recipient if each is not Recipient.STATISTICS])


def _asked(function: Callable[..., None]) -> Callable[..., None]:
    """The options by which a paper is asked for, to look at it and to make it."""
    for option in (
        click.option("--original", "originals", multiple=True, metavar="REPORT/N", help="Add a file as it came."),
        click.option("--without-files", "bare", is_flag=True, help="No file goes along."),
        click.option("--file", "wanted", multiple=True, metavar="REPORT/N", help="Copies of these files alone."),
        click.option("--submitter", default="", help="Who submits it: name and address of the organisation."),
        click.option("--person", help="The one whom it is about, where the case names several."),
        click.option("--names", "naming", type=click.Choice([each.value for each in Naming]), help="How people stand."),
        click.option("--for", "recipient", type=_RECIPIENT, help="Who is told; the dossier alone needs it."),
        click.option("--form", type=click.Choice(list(bodies())), default=DOSSIER, show_default=True),
        _ID,
        vault_option,
    ):
        function = option(function)
    return function


@click.group("dossier", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Papers about a case: dossiers, drafts for UN bodies and courts. Nothing leaves without consent, or unsealed."""


for _each in (*clearing.COMMANDS, *allowing.COMMANDS):
    command.add_command(_each)


@command.command("check")
@_asked
def check(
    vault: Path,
    case_id: str,
    form: str,
    recipient: str | None,
    naming: str | None,
    person: str | None,
    submitter: str,
    wanted: tuple[str, ...],
    bare: bool,
    originals: tuple[str, ...],
) -> None:
    """Whether the paper may be made, report by report, and what is still missing. Nothing is written."""
    with enter(vault) as desk:
        plan = making.plan(desk, case_id, form, recipient, naming)
        for each in plan.verdicts:
            may = "may be used" if each.allowed else "may NOT be used"
            put(f"{may}  {each.report[:8]}  {safe('; '.join(each.reasons))}")
        for unread in making.unread(desk, plan):
            put(f"to be read first: {unread[:8]} says who could be hurt (`dossier redact`)")
        if not plan.allowed:
            making.demand(desk, plan)
        attached = _attached(desk, plan, wanted, originals, bare=bare)
        made = making.write(desk, plan, person, submitter, attached).paper
        for line in _staying(attached):
            put(line)
        for missing in made.missing:
            put(f"missing: {safe(missing)}")
        put(f"hash: {made.hash}")


@command.command("make")
@_asked
@click.option("--to", "to", required=True, help="Who gets it, in your words; for the log.")
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
    submitter: str,
    wanted: tuple[str, ...],
    bare: bool,
    originals: tuple[str, ...],
    to: str,
    keys: tuple[str, ...],
    plain: bool,
    out: Path,
    yes: bool,
) -> None:
    """Make a paper as PDF, DOCX and JSON, and seal it: to --key, or to a passphrase that is asked for.

    Files go along as copies made of pixels, where `dossier hide` says that all is hidden which must be.
    """
    if plain and keys:
        raise Usage("it is sealed or it is plain", "Give --key or --plain.")
    with enter(vault) as desk:
        plan = making.plan(desk, case_id, form, recipient, naming)
        making.demand(desk, plan)
        if originals:
            say("Warning: a file as it came tells its device, place and time, and nothing in it can be left out.")
            agree("Let these files go as they came?", yes=yes)
        attached = _attached(desk, plan, wanted, originals, bare=bare)
        made = making.write(desk, plan, person, submitter, attached)
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
        content, how = outgoing(files, keys, plain=plain, yes=yes)
        with desk.journal() as journal:
            deliveries.record(journal, _delivery(plan, to, how, files))
        private_folder(out)
        for name, raw in content.items():
            write_private(out / name, raw)
            put(str(out / name))
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


def outgoing(
    files: Mapping[str, bytes], keys: tuple[str, ...], *, plain: bool, yes: bool
) -> tuple[Mapping[str, bytes], str]:
    """What is written: the files themselves after a warning, or one sealed file; and the word for the log."""
    if plain:
        say("Warning: whoever finds these files reads them. A sealed file can be read by its recipient alone.")
        agree("Write them unsealed?", yes=yes)
        return files, "plain"
    secret = "" if keys else passphrase("Passphrase for the recipient", confirm=True)
    return {neutral_name(): sealed(files, keys=keys, passphrase=secret)}, "key" if keys else "passphrase"


def _attached(
    desk: Vault, plan: Plan, wanted: tuple[str, ...], originals: tuple[str, ...], *, bare: bool
) -> tuple[Attached, ...]:
    """What becomes of each file. A paper that names nobody takes no file that was not asked for: faces are names."""
    if bare and (wanted or originals):
        raise Usage("files are asked for, and none", "Give --file and --original, or --without-files.")
    with desk.reading() as connection:
        asked = attachments.named(connection, wanted, plan.allowed)
        whole = attachments.named(connection, originals, plan.allowed)
    if whole and plan.use.naming is not Naming.FULL:
        raise NotConsented("a file as it came may tell the name, and this paper does not")
    every = not wanted and not bare and plan.use.naming is Naming.FULL
    with progress(max(1, attachments.count(desk, plan.allowed)), "Files") as heard:
        return attachments.attach(desk, plan.allowed, None if every else asked, whole, heard)


def _staying(attached: tuple[Attached, ...]) -> list[str]:
    return [
        f"stays here: file {each.number} of {each.submission[:8]}: {each.why_not}" for each in attached if each.why_not
    ]


def _delivery(plan: Plan, to: str, how: str, files: Mapping[str, bytes]) -> deliveries.Delivery:
    return deliveries.Delivery(
        plan.body.name,
        plan.use.recipient.value,
        plan.use.naming.value,
        " ".join(to.split()),
        how,
        plan.allowed,
        deliveries.handed(files),
        plan.case.id,
        plan.grounds,
    )
