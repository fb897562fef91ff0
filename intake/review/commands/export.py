"""`intake review export`: cases in an open format, for another database, through the same gate as papers.

intake review export --for lawyer --to "the partner's database" --out out --key age1…
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from intake.errors import NotConsented, Usage
from intake.review import cases, submissions
from intake.review.commands.leaving import Way, way_options
from intake.review.entrance import enter, vault_option
from intake.review.outputs import captures, counting, huridocs, permissions, reviewed
from intake.review.outputs.consent import TOLD, Naming, Recipient, Use
from intake.review.outputs.inspection import inspect
from intake.review.outputs.making import secrets
from intake.review.outputs.material import gather, names
from intake.review.outputs.redaction import Redaction
from intake.review.outputs.sheets import csv_file
from intake.review.vault import Vault
from intake.terminal import progress, say

_FIXED = " ".join((*huridocs.sheet([]).heading, "format records values recipient naming", huridocs.FORMAT))
"""Words of ours in every export."""
_RECIPIENT = click.Choice([each.value for each in (Recipient.LAWYER, Recipient.ASYLUM, Recipient.COURT, Recipient.UN)])


@click.command("export")
@vault_option
@click.option("--for", "recipient", type=_RECIPIENT, help="Who is told.")
@click.option(
    "--captures",
    "by",
    type=click.Choice(captures.BASES),
    help="Counts for a statistician instead: who is on which lists of sources, and no person.",
)
@click.option(
    "--names", "naming", type=click.Choice([each.value for each in Naming]), default="none", show_default=True
)
@way_options
def command(vault: Path, recipient: str | None, by: captures.By | None, naming: str, way: Way) -> None:
    """Every case that may be told of, under HURIDOCS numbers, as JSON and CSV; sealed as it leaves.

    A report that says who could be hurt is left out until a reviewer has dealt with it (`dossier redact`).
    With --captures: how many people are on which lists of sources (by the witness's relation, way of knowing, or the
    way that the report came), for estimates. These numbers are exact: not for publication.
    """
    if (recipient is None) == (by is None):
        raise Usage("say what goes out", "Give --for and who is told, or --captures and what makes a list.")
    with enter(vault) as desk:
        if by is not None:
            _captures(desk, by, way)
        else:
            _cases(desk, Use(Recipient(recipient), Naming(naming)), way)


def _cases(desk: Vault, use: Use, way: Way) -> None:
    records, used, grounds, waiting = [], [], set(), 0
    hidden: dict[str, str] = {}
    terms: set[str] = set()
    with desk.reading() as connection:
        every = list(cases.every(connection))
        with progress(len(every), "Gathering") as heard:
            for case in every:
                heard(1)
                family = cases.family(connection, case)
                ids = [part.id for part in family]
                known = permissions.circumstances(connection, [s for part in family for s in part.sources], ids)
                done = set(reviewed.texts(connection, ids, "done"))
                found = submissions.reports(connection, known.allowed(use))
                ready = [each for each, report in found.items() if not report.answers.get("harm") or each in done]
                waiting += len(found) - len(ready)
                material = gather(connection, case, ready)
                own = names(material, use.naming)
                left_out = reviewed.texts(connection, ids, "term")
                passages = (*reviewed.texts(connection, ids, "passage"), *secrets(material))
                redaction = Redaction(own, left_out, passages)
                own_records = [huridocs.record(case.id, material.level, found[each], redaction) for each in ready]
                # What one case leaves out may be told of another: each is searched for its own.
                inspect(_files(use, own_records), redaction, _FIXED)
                records += own_records
                used += ready
                hidden |= own if ready else {}
                terms |= set(left_out) if ready else set()
                grounds |= {reason for each in ready for reason in known.verdict(use, each).reasons}
    if not records:
        raise NotConsented(f"no report may be used for {TOLD[use.recipient]}, or none is dealt with")
    files = _files(use, records)
    if use.naming is Naming.NONE:
        inspect(files, Redaction(hidden, sorted(terms)), _FIXED)
    way.hand_over(desk, files, "huridocs", use, reports=used, grounds=sorted(grounds))
    say(f"{len(used)} reports." + (f" {waiting} wait for `dossier redact`." if waiting else ""))


def _files(use: Use, records: list[dict[str, Any]]) -> dict[str, bytes]:
    """The records in both forms."""
    told = {"format": huridocs.FORMAT, "recipient": use.recipient.value, "naming": use.naming.value, "records": records}
    raw = json.dumps(told, ensure_ascii=False, indent=1).encode()
    return {"huridocs.json": raw, "huridocs.csv": csv_file([huridocs.sheet(records)])}


def _captures(desk: Vault, by: captures.By, way: Way) -> None:
    with desk.reading() as connection:
        people = counting.captured(connection, desk.now())
    if not people:
        raise NotConsented(f"no report may be used for {TOLD[Recipient.STATISTICS]}")
    counted = captures.histories(people, by)
    told = json.dumps(captures.told(counted, by), ensure_ascii=False, indent=1)
    files = {"captures.json": told.encode(), "captures.csv": csv_file([captures.sheet(counted)])}
    way.hand_over(desk, files, "captures", Use(Recipient.STATISTICS), grounds=[f"lists by {by}"])
    say(f"{len(people)} people, {len(counted)} histories. Not for publication: the numbers are exact and small.")
