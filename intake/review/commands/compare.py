"""`intake review compare`: two submissions side by side, for whoever decides whether they are about one thing."""

from __future__ import annotations

import shutil
from pathlib import Path

import click
from rich.cells import set_cell_size

from intake.locale import catalog, languages, packaged_places
from intake.review import handling, kin, sidebyside, submissions
from intake.review.entrance import enter, vault_option
from intake.review.search import Gazette
from intake.terminal import put, safe, say


@click.command("compare")
@vault_option
@click.argument("left_id", metavar="ID")
@click.argument("right_id", metavar="[ID]", required=False)
@click.option("--language", type=click.Choice([each.code for each in languages()]), default="en", show_default=True)
def command(vault: Path, left_id: str, right_id: str | None, language: str) -> None:
    """Two submissions side by side; with one ID, what else may be the same, with reasons. Nothing is joined.

    What agrees in any script and spelling has a "=" before it. Who the witnesses are is not shown. Whoever is shown
    them has read them: that is noted.
    """
    places = packaged_places()
    with enter(vault) as desk:
        with desk.reading() as connection:
            left = submissions.find(connection, left_id)
            kindred = kin.resembling(connection, left.id, left.report, places, Gazette(places))
            right = submissions.find(connection, right_id) if right_id else None
        if right is None:
            for each in kindred:
                what = "person" if each.person else "event"
                put(f"{each.score:.2f}  {each.id[:8]}  {what}: {safe('; '.join(each.reasons))}")
            say(f"{len(kindred)} that may be the same as {left.id[:8]}. Read both before you link them.")
            return
        with desk.journal() as journal:
            for one in (left, right):
                handling.see(journal, one.id, desk.label)
    width = max(60, min(shutil.get_terminal_size((100, 24)).columns, 160))
    column = (width - 5) // 2
    for each in kindred:
        if each.id == right.id:
            put(f"Why they may be the same: {safe('; '.join(each.reasons))}")
            put("")
    names = {place.id: place.name(language) for place in places.places}
    for row in sidebyside.compare(left, right, catalog(language), names):
        put(f"{'=' if row.same else ' '} {safe(row.label)}")
        for ours, theirs in sidebyside.columns(row, column):
            put(f"  {set_cell_size(safe(ours), column)} | {safe(theirs)}")
