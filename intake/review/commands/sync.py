"""`intake review sync`: takes in what colleagues' desks sent by stick, and writes what they may not have."""

from __future__ import annotations

import json
from pathlib import Path

import click

from intake.errors import Exit, IntakeError
from intake.review import replies, sync
from intake.review.alarms import raise_forks
from intake.review.entrance import enter, vault_option
from intake.review.projections import conflicts
from intake.review.sources import identities_in
from intake.review.tongue import ALARM, heard, told
from intake.terminal import put, safe, say


@click.command("sync")
@vault_option
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False), metavar="[FILE…]")
@click.option(
    "-i", "--identity", "key", type=click.Path(path_type=Path), help="Your reviewer-L.age, to open what came."
)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write a sealed file for the other reviewers into this folder; it is made if missing.",
)
@click.option("--all", "everything", is_flag=True, help="Send all there is, also what they have: after a restore.")
@click.option("--contacts", is_flag=True, help="Send, too, the fields that tell who a witness is.")
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def command(
    vault: Path,
    files: tuple[Path, ...],
    key: Path | None,
    target: Path | None,
    everything: bool,
    contacts: bool,
    as_json: bool,
) -> int:
    """Exchange logs with the other reviewers: first what came (FILE…), then what they may not have (--to).

    A file that is refused doesn't stop the others. Giving one twice changes nothing.
    """
    if not files and target is None:
        raise click.UsageError("give files that came, or --to for what goes out")
    if files and key is None:
        raise click.UsageError("give your reviewer-L.age with -i, to open what came")
    facts: list[dict[str, object]] = []
    failed = False
    with enter(vault) as opened:
        identities = identities_in(key) if key else ()
        for path in files:
            try:
                found = sync.read(opened, path, identities)
            except IntakeError as error:
                failed = True
                say(f"Not taken in: {safe(path.name)}: {safe(str(error))}.\n              {error.advice}")
                facts.append({"file": path.name, "error": str(error)})
                continue
            say(f"{safe(path.name)}: {found.events} events new, {found.before} were here, {found.contents} completed.")
            if found.erased:
                say(f"{found.erased} erased here too, as two reviewers decided.")
            for fork in found.forks:
                say(f"{told(f'{ALARM}: {fork}')}. {heard('Ask that reviewer what happened; both lines are kept.')}")
            for gap in found.gaps:
                say(f"Missing: {gap}. Ask for a file made with --all.")
            for refused in found.refused:
                say(f"Refused: {safe(refused)}.")
            failed = failed or bool(found.refused)
            facts.append(
                {
                    "file": path.name,
                    "events": found.events,
                    "erased": found.erased,
                    "forks": found.forks,
                    "gaps": found.gaps,
                    "refused": found.refused,
                }
            )
        with opened.journal() as journal:
            unsettled, shown = conflicts(journal.connection), raise_forks(journal)
            crossed = replies.crossed(journal.connection)
        for fork_of_drop in shown:
            say(f"{told(f'{ALARM}: {fork_of_drop}')}. {heard('The server lies to one of you: compare the bundles.')}")
        for each in crossed:
            say(f"{each}.")
        for entity, name in unsettled:
            say(f"In conflict: {safe(name)} of {entity}. Write what is right: that settles it at all desks.")
        if target is not None:
            path, count = sync.write(opened, target, everything=everything, contacts=contacts)
            say(f"{count} events sealed for the other reviewers.")
            facts.append({"file": str(path), "written": count})
            if not as_json:
                put(str(path))
    if as_json:
        names = [{"entity": str(entity), "field": name} for entity, name in unsettled]
        put(json.dumps({"files": facts, "conflicts": names}, indent=2, ensure_ascii=False))
    return Exit.SOME_FAILED if failed else Exit.OK
