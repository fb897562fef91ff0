"""`intake review statement`: the numbers and the travel sheet that are published, by two reviewers, never by one.

intake review statement --from 2026-01-01 --to 2026-10-31        make a release; prints its hash
intake review statement --travel --to 2026-09-30                 the same for the travel sheet
intake review statement --preview 5f0c2b7a --out draft           all of it, marked as a draft, to be read
intake review statement --confirm 5f0c2b7a                       agree to it
intake review statement --publish 5f0c2b7a --out statement       write its files, once two have confirmed it
intake review statement --list
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from intake.durable import private_folder, write_private
from intake.errors import Usage
from intake.locale import packaged_places
from intake.options import Day, months_after
from intake.review.entrance import enter, vault_option
from intake.review.outputs import counting, deliveries, ledger, statement
from intake.review.outputs.consent import Recipient
from intake.review.outputs.ledger import CONFIRMATIONS, Kind, Period, Release
from intake.review.outputs.release import compose, digest
from intake.review.vault import Vault
from intake.terminal import agree, progress, put, say

_SHOWN = 12


@click.command("statement")
@vault_option
@click.option("--from", "first", type=Day(), help="The first day of a quarter.")
@click.option("--to", "last", type=Day(), help="The last day of a month that is over.")
@click.option("--travel", is_flag=True, help="The travel sheet instead: the twelve months to --to.")
@click.option("--corrects", type=click.IntRange(1), metavar="VERSION", help="It replaces the newest release.")
@click.option("--confirm", metavar="HASH", help="Agree to a release that you have read (--preview).")
@click.option("--publish", metavar="HASH", help="Write a release out, with --out.")
@click.option("--preview", metavar="HASH", help="Write a draft out, marked as such, with --out.")
@click.option("--list", "listed", is_flag=True, help="All releases and drafts.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="The folder to write to; a new one.")
@click.option("--yes", is_flag=True, help="Agree beforehand.")
def command(
    vault: Path,
    first: date | None,
    last: date | None,
    travel: bool,
    corrects: int | None,
    confirm: str | None,
    publish: str | None,
    preview: str | None,
    listed: bool,
    out: Path | None,
    yes: bool,
) -> None:
    """Numbers that can be published, and the travel sheet; each release compared with all before it.

    Two reviewers confirm a release by its hash, each at their own desk after a `sync`. Then it is written out: text,
    PDF, charts and tables in all languages.
    """
    asked = [each is not None and each is not False for each in (last, confirm, publish, preview, listed)]
    if sum(asked) != 1 or ((publish or preview) and out is None):
        raise Usage(
            "say one thing to do",
            "Give --to, with --from or --travel; or --confirm; or --publish and --out; or --list.",
        )
    with enter(vault) as desk:
        if listed:
            _list(desk)
        elif last is not None:
            _make(desk, _period(first, last, travel), "travel" if travel else "statement", corrects)
        elif confirm:
            _confirm(desk, confirm, yes=yes)
        elif out is not None:
            _write(desk, publish or preview or "", out, draft=publish is None, yes=yes)


def _period(first: date | None, last: date, travel: bool) -> Period:
    if travel:
        if first is not None:
            raise Usage("the travel sheet is of twelve months", "Leave --from away.")
        return Period(months_after(last.replace(day=1), -11), last)
    if first is None:
        raise Usage("the first day is missing", "Give --from, the first day of a quarter.")
    return Period(first, last)


def _make(desk: Vault, period: Period, kind: Kind, corrects: int | None) -> None:
    places, today = packaged_places(), desk.today()
    with desk.reading() as connection:
        earlier = ledger.published(connection, kind)
        version = (earlier[-1].version if earlier else 0) + 1
        if kind == "travel":
            _check_travel(earlier, period, today)
            found = counting.travel(connection, places, desk.now(), period.first, period.last)
            public = statement.travel_public(found, first=period.first, last=period.last, day=today, version=version)
            rests_on = {}
        else:
            period.check(today)
            ledger.check_following(earlier, period, corrects)
            tally = counting.tally(connection, places, desk.now())
            made = compose(
                tally, period, ledger.history(earlier, period), day=today, version=version, corrects=corrects
            )
            public, rests_on = made.public, made.bases
    release = Release(
        "", kind, period, today, version, corrects, earlier[-1].hash if earlier else None, public, rests_on,
        digest(public),
    )  # fmt: skip
    with desk.journal() as journal:
        drafts = {each.hash for each in ledger.releases(journal.connection, kind)}
        if release.hash not in drafts:
            ledger.draft(journal, release)
        release = ledger.find(journal.connection, release.hash) if release.hash in drafts else release
    _tell(desk, release)
    say(f"Not published. {CONFIRMATIONS} reviewers read it (--preview) and confirm it: --confirm {release.hash[:12]}")
    put(release.hash)


def _check_travel(earlier: list[Release], period: Period, today: date) -> None:
    Period(date(period.first.year, 1, 1), period.last).check(today)
    if earlier and period.last <= earlier[-1].period.last:
        raise Usage(f"the sheet to {earlier[-1].period.last} is published", "The next is to a later month's end.")


def _tell(desk: Vault, release: Release) -> None:
    for line in statement.text(release.public, "en", packaged_places()):
        say(line)
    for table in release.public.get("tables", ()):
        figures = [cell for row in table["cells"] for cell in row]
        told = sum(figure is not None for figure in figures)
        say(f"  {table['name']}: {'left out' if table['withheld'] else f'{told} of {len(figures)} figures shown'}")
    if desk.practice:
        say("PRACTICE: it can't be published.")


def _confirm(desk: Vault, spelled: str, *, yes: bool) -> None:
    with desk.reading() as connection:
        release = ledger.find(connection, spelled)
    if digest(release.public) != release.hash:
        raise Usage("this release is not what its hash says", "Ask who made it; make it anew.")
    _tell(desk, release)
    agree(f"Have you read it whole, and may version {release.version} be published?", yes=yes)
    with desk.journal() as journal:
        confirmed = ledger.confirm(journal, desk.label, release)
    say(f"Confirmed by {', '.join(confirmed)}: {len(confirmed)} of {CONFIRMATIONS}.")


def _write(desk: Vault, spelled: str, out: Path, *, draft: bool, yes: bool) -> None:
    with desk.reading() as connection:
        release = ledger.find(connection, spelled)
    kind: Kind = "travel" if release.kind == "travel" else "statement"
    if out.exists():
        raise Usage(f"{out} exists already", "Give the name of a new folder.")
    if digest(release.public) != release.hash:
        raise Usage("this release is not what its hash says", "Ask who made it; make it anew.")
    band = "statement.practice" if desk.practice else "statement.draft" if draft else ""
    if not draft:
        if desk.practice:
            raise Usage("what is invented can't be published", "Use --preview.")
        ledger.demand(release)
        agree(f"Write version {release.version} out, to be published? What is published stays so.", yes=yes)
    with progress(2, "Setting") as heard:
        made = statement.files(release.public, release.hash, packaged_places(), band=band)
        heard(1)
        if not draft:
            _record(desk, release, kind, made)
        private_folder(out)
        for name, content in made.items():
            write_private(out / (f"DRAFT-{name}" if draft else name), content, mode=0o644)
        heard(1)
    say(f"{len(made)} files in {out}." + (" They are a draft: don't pass them on." if draft else ""))


def _record(desk: Vault, release: Release, kind: Kind, made: dict[str, bytes]) -> None:
    """In the log before anything is written."""
    recipient = Recipient.ANONYMOUS if kind == "travel" else Recipient.STATISTICS
    by = f"confirmed by {' and '.join(release.confirmed)}"
    delivery = deliveries.Delivery(
        kind, recipient.value, "none", "the public", "plain", (), deliveries.handed(made), None, (by,)
    )
    with desk.journal() as journal:
        ledger.leave(journal, release, desk.today(), kind)
        deliveries.record(journal, delivery)


def _list(desk: Vault) -> None:
    with desk.reading() as connection:
        for kind in ("statement", "travel"):
            for each in ledger.releases(connection, kind):
                state = f"published {each.left}" if each.left else f"{len(each.confirmed)} of {CONFIRMATIONS} confirmed"
                put(f"{each.hash[:_SHOWN]}  {kind} {each.version}  {each.period.first} to {each.period.last}  {state}")
