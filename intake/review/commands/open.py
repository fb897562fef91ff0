"""`intake review open`: sealed reports into folders of plain files, with nothing kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import click

from intake.errors import IntakeError
from intake.keyring.belief import root_option, threshold_option
from intake.keyring.trust import Pin, Roots
from intake.locale import Catalog, beside, catalog, languages, packaged_places, packaged_questionnaire, with_own
from intake.options import Command
from intake.report.package import Report
from intake.report.places import Gazetteer
from intake.report.questionnaire import Questionnaire
from intake.report.reading import render
from intake.review.keeping import keep
from intake.review.opening import open_into, tidy
from intake.review.outcomes import Outcome, status, tell
from intake.review.sealed import Sealed, Trust, walk
from intake.review.sources import COUNCIL, content, files_of, identities_of, is_text, pasted, size_of
from intake.terminal import progress, put, safe, say


@click.command("open", cls=Command)
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="BUNDLE_OR_AGE…")
@click.option(
    "-i",
    "--identity",
    "keys",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="reviewer-L.age, or any age identity file; repeat it for several.",
)
@COUNCIL
@click.option("--to", "target", required=True, type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@root_option
@threshold_option
@click.option("--pin", type=click.Path(path_type=Path), help="A pin kept from the last time.")
@click.option("--language", type=click.Choice([each.code for each in languages()]), default="en", show_default=True)
@click.option(
    "--questionnaire",
    "own",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The drop's own questionnaire, with its translations beside it; the packaged one otherwise.",
)
@click.option(
    "--places",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The drop's own list of places; the packaged one otherwise.",
)
@click.option("--json", "as_json", is_flag=True, help="Tell the outcomes as JSON.")
def command(
    sources: tuple[Path, ...],
    keys: tuple[Path, ...],
    council: Path | None,
    target: Path,
    roots: tuple[str, ...],
    threshold: int | None,
    pin: Path | None,
    language: str,
    own: Path | None,
    places: Path | None,
    as_json: bool,
) -> int:
    """Open bundles or sealed files, each report into a folder of plain files below DIR.

    A report that can't be opened never stops the others: it is named with the reason, and what came in a bundle is
    kept, still sealed, in DIR/not-opened. Opening the same bundle again changes nothing.

    A folder stands for all bundles and sealed files in it, and for texts (.txt) that blocks from a messenger were
    pasted into: in any order, doubled, spread over several. What is missing of a report is named.
    """
    trust = Trust(
        Roots.typed(roots, threshold) if roots else None,
        Pin.parse(content(pin)) if pin else None,
        datetime.now(UTC).date(),
    )
    identities = identities_of(keys, council)
    questionnaire, words = _asked(own, language)
    gazetteer = Gazetteer.parse(content(places)) if places else packaged_places()
    names = {place.id: place.name(language) for place in gazetteer.places}

    def text(report: Report, alarms: Sequence[str]) -> str:
        return "".join(f"ALARM: {alarm}\n\n" for alarm in alarms) + render(report, questionnaire, words, names)

    outcomes: list[Outcome] = []
    warnings: list[str] = []
    given = [file for source in sources for file in files_of(source)]
    files = [file for file in given if not is_text(file)]

    tidy(target)

    def take(sealed: Sealed) -> IntakeError | None:
        try:
            opened = open_into(target, sealed, identities, text)
        except IntakeError as error:
            outcomes.append(Outcome(sealed.name, None, error))
            return error
        outcomes.append(Outcome(sealed.name, opened.folder, None, opened.alarms, opened.before))
        return None

    with progress(sum(size_of(file) for file in files), "Opening") as advance:
        for source in files:
            failed: dict[str, IntakeError] = {}
            try:
                for sealed in walk(source, trust, heard=warnings.append, advance=advance):
                    if (error := take(sealed)) is not None and sealed.id is not None:
                        failed[sealed.id] = error
            except IntakeError as fault:
                outcomes.append(Outcome(source.name, None, fault))
            keep(source, failed, target)
    whole, broken = pasted(given)
    for name, content_of in whole:
        take(Sealed(name, BytesIO(content_of), lambda: None))
    outcomes += [Outcome(name, None, error) for name, error in broken]
    for warning in warnings:
        say(f"Note: {safe(warning)}.")
    if as_json:
        put(json.dumps([outcome.facts("folder") for outcome in outcomes], indent=2, ensure_ascii=False))
    tell(outcomes, "opened", safe(str(target)), paths=not as_json)
    return status(outcomes)


def _asked(own: Path | None, language: str) -> tuple[Questionnaire, Catalog]:
    """The questions that reports answer, and their words."""
    words = catalog(language)
    if own is None:
        return packaged_questionnaire(), words
    questionnaire = Questionnaire.parse(content(own))
    translation = beside(own, language)
    return questionnaire, with_own(words, content(translation), questionnaire) if translation.is_file() else words
