r"""`intake review import`: bundles and sealed files go into the vault.

    intake review import usb --vault vault -i reviewer-r1.age

What is not opened today is kept, still sealed, and offered again to every later import: so after a key is restored,
`intake review import --vault vault -i restored.age` with no bundle at all is enough.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from intake.errors import ChainBroken, Exit, IntakeError
from intake.review import alarms, bundles, probes, tongue
from intake.review.chain import silence
from intake.review.entrance import enter, vault_option
from intake.review.importing import Arrival, Became, Import
from intake.review.sources import COUNCIL, files_of, identities_of, is_text, pasted, size_of
from intake.review.triage import Tier
from intake.review.vault import Vault
from intake.terminal import progress, put, safe, say

_FILE = click.Path(path_type=Path)
_SAID = {
    Became.NEW: "new",
    Became.COPY: "a further copy of one that is here",
    Became.BEFORE: "here before",
    Became.WAITS: "waiting for a key",
    Became.REFUSED: "in quarantine for good",
    Became.ERASED: "erased before, and not kept",
    Became.FAILED: "not taken in: import again",
}


@click.command("import")
@vault_option
@click.argument("sources", nargs=-1, type=_FILE, metavar="[BUNDLE_OR_AGE]…")
@click.option("-i", "--identity", "keys", multiple=True, type=_FILE, metavar="FILE", help="reviewer-L.age; repeatable.")
@COUNCIL
@click.option("--json", "as_json", is_flag=True, help="Tell what became of each report as JSON.")
def command(vault: Path, sources: tuple[Path, ...], keys: tuple[Path, ...], council: Path | None, as_json: bool) -> int:
    """Take bundles and sealed files into the vault, each report once. A folder stands for all of them in it.

    So does a text (.txt) that blocks from a messenger were pasted into: in any order, doubled, spread over several.

    Stopping it loses nothing: the same command goes on where it ended. A report that can't be opened stops no other.
    """
    given = [file for source in sources for file in files_of(source)]
    files = [file for file in given if not is_text(file)]
    with enter(vault) as desk:
        identities = identities_of(keys, council)
        arrivals: list[Arrival] = []
        failed: list[tuple[str, IntakeError]] = []
        heard: list[str] = []
        with progress(sum(size_of(file) for file in files), "Importing") as advance:  # noqa: SIM117  # the bar is about the work
            with Import(desk, identities, heard=heard.append, advance=advance) as work:
                arrivals += work.waiting()
                for file in files:
                    try:
                        arrivals += work.take(file)
                    except IntakeError as error:
                        failed.append((file.name, error))
                whole, broken = pasted(given)
                for name, content in whole:
                    try:
                        arrivals += work.take_loose(name, content)
                    except IntakeError as error:
                        failed.append((name, error))
                failed += broken
        with desk.journal() as journal:
            heard += [f"ALARM: {words}" for words in alarms.raise_forks(journal)]
            heard += [f"ALARM: {words}" for words in probes.look(journal, desk.label, desk.today())]
            quiet = silence(bundles.last_import(journal.connection), desk.today())
        heard += [f"ALARM: {quiet}"] if quiet else []
        if as_json:
            facts: dict[str, object] = {
                "reports": [arrival.facts() for arrival in arrivals],
                "files": [{"name": name, "error": str(error), "exit": int(error.exit_code)} for name, error in failed],
                "said": heard,
            }
            put(json.dumps(facts, indent=2, ensure_ascii=False))
        _tell(desk, arrivals, failed, heard)
    return _status(arrivals, failed, heard)


def _tell(
    desk: Vault, arrivals: Sequence[Arrival], failed: Iterable[tuple[str, IntakeError]], heard: Iterable[str]
) -> None:
    for line in heard:
        say(f"{safe(tongue.told(line))}.")
    for arrival in arrivals:
        for alarm in arrival.alarms:
            say(f"{tongue.heard(tongue.ALARM)}: {safe(arrival.name)}: {safe(tongue.heard(alarm))}.")
        if arrival.error is not None:
            say(f"Not taken in: {safe(arrival.name)}: {safe(str(arrival.error))}.")
    for name, error in failed:
        say(f"Stopped: {safe(name)}: {safe(str(error))}.")
        say(f"         {safe(error.advice)}")
    counts = Counter(arrival.became for arrival in arrivals)
    say(
        ", ".join(f"{counts[became]} {words}" for became, words in _SAID.items() if counts[became]) + "."
        if counts
        else "Nothing came."
    )
    tiers = Counter(arrival.tier for arrival in arrivals if arrival.became is Became.NEW)
    if tiers:
        say("  ".join(f"{tier.name} {tiers[tier]}" for tier in Tier if tiers[tier]))
    if tiers[Tier.T0]:
        say(f"{'PRACTICE: ' * desk.practice}T0: {tiers[Tier.T0]} can't wait. Read them now: intake review inbox")


def _status(arrivals: Sequence[Arrival], failed: Sequence[tuple[str, IntakeError]], heard: Sequence[str]) -> Exit:
    """8 when some reports failed, the file's own reason when nothing else happened, 7 for an alarm of the chain."""
    if failed and not arrivals and len({error.exit_code for _, error in failed}) == 1:
        return failed[0][1].exit_code
    if failed or any(arrival.error is not None for arrival in arrivals):
        return Exit.SOME_FAILED
    if any(line.startswith("ALARM: ") for line in heard):
        return ChainBroken.exit_code
    return Exit.OK
