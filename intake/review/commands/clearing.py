r"""`intake review dossier redact | hide | contact`: what leaves out, what leaves of a file, and who can be asked.

intake review dossier redact 5f0c --term "…" --done              what is left out of this case's papers
intake review dossier hide 12ab34cd --file 1 --show /dev/shm/look
intake review dossier hide 12ab34cd --file 1 --black 120,80,400,300 --blur 500,100,620,260 --done
intake review dossier contact 12ab34cd --form wgeid --because "they ask for the source"
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from intake.durable import private_folder, write_private
from intake.errors import NotConsented, Usage
from intake.locale import packaged_places, packaged_questionnaire
from intake.review import cases, handling, submissions
from intake.review.commands.preview import LARGE, in_memory_only
from intake.review.entrance import enter, vault_option
from intake.review.fields import hidden
from intake.review.outputs import attachments, permissions, reviewed, working
from intake.review.outputs.answers import Answers
from intake.review.outputs.bodies import bodies
from intake.review.outputs.consent import Circumstances, Use
from intake.review.outputs.covering import Area, How, covered, ruled
from intake.review.preview import why_not
from intake.review.submissions import Submission
from intake.review.vault import Vault
from intake.terminal import progress, put, safe, say

_ID = click.argument("case_id", metavar="CASE")
_REPORT = click.argument("submission_id", metavar="REPORT")
_ASKING = [name for name, each in bodies().items() if each.recipient is not None]


@click.command("redact")
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


@click.command("hide")
@vault_option
@_REPORT
@click.option("--file", "number", type=click.IntRange(1, 99), required=True, help="Which of its files.")
@click.option("--page", type=click.IntRange(1, 65_535), default=1, show_default=True, help="Of which page or still.")
@click.option("--black", "black", multiple=True, metavar="L,T,R,B", help="Make an area black; repeatable.")
@click.option("--blur", "blur", multiple=True, metavar="L,T,R,B", help="Blur an area: for faces, not for writing.")
@click.option("--remove", "shown", multiple=True, metavar="L,T,R,B", help="Hide that area no longer.")
@click.option(
    "--show",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write every page there, with a ruler and as it would leave: a folder in memory, such as /dev/shm/look.",
)
@click.option("--on-disk", is_flag=True, help="Let that folder be on a disk: then they stay there until shredded.")
@click.option("--done", is_flag=True, help="Every page was looked at, and all that must be hidden is.")
def hide(
    vault: Path,
    submission_id: str,
    number: int,
    page: int,
    black: tuple[str, ...],
    blur: tuple[str, ...],
    shown: tuple[str, ...],
    folder: Path | None,
    on_disk: bool,
    done: bool,
) -> None:
    """Hide areas of a file before a copy of it leaves, or list them. Without --done it goes with no paper.

    An area is left,top,right,bottom in thousandths of the picture: 0,0,500,1000 is its left half. It is hidden in the
    pixels of the copy; the file itself stays sealed as it came.
    """
    wanted: list[tuple[Area, How | None]] = [(Area.parse(each, page), "black") for each in black]
    wanted += [(Area.parse(each, page), "blur") for each in blur]
    wanted += [(Area.parse(each, page), None) for each in shown]
    if folder is not None:
        if reason := why_not():
            raise reason
        if not on_disk:
            in_memory_only(folder)
    with enter(vault) as desk:
        with desk.reading() as connection:
            found = submissions.find(connection, submission_id)
        if number > len(found.report.files):
            raise Usage(f"there is no file {number}: it has {len(found.report.files)}", "See `intake review show`.")
        with desk.journal() as journal:
            for area, how in wanted:
                working.hide(journal, found.id, number, area, how)
            if done:
                working.mark_done(journal, found.id, number)
            if folder is not None:
                handling.see(journal, found.id, desk.label)
        with desk.reading() as connection:
            marks = working.marks(connection, found.id, number)
        for area, how in marks.areas:
            put(f"page {area.page}: {how} {area}")
        if folder is not None:
            _show(desk, found, number, marks.areas, folder)
        state = "is dealt with: a copy may leave" if marks.done else "is NOT dealt with yet: no copy of it leaves"
        say(f"File {number} of {found.id[:8]} {state}.")


def _show(desk: Vault, found: Submission, number: int, areas: Sequence[tuple[Area, How]], folder: Path) -> None:
    private_folder(folder)
    word = "PRACTICE: " if desk.practice else ""
    count = 0
    with progress(1, "Looking") as heard:
        for kind, picture, of in attachments.pages(desk, found, number, LARGE):
            own = [area for area, _ in areas if area.page == picture.page]
            stem = f"{number:02}-{picture.page:03}"
            write_private(folder / f"{stem}-ruler.png", ruled(picture, own).png(), replace=True)
            write_private(folder / f"{stem}-leaves.png", covered(picture, areas).png(), replace=True)
            what = "still" if kind == "video" else "page"
            put(f"{folder / stem}-ruler.png and -leaves.png  {word}file {number}, {what} {picture.page} of {of}")
            count += 1
        heard(1)
    say(f"{count} pictures. Delete {safe(str(folder))} when you have looked.")


@click.command("contact")
@vault_option
@_REPORT
@click.option("--form", type=click.Choice(_ASKING), required=True, help="Which body must be able to ask the source.")
@click.option("--because", required=True, help="Why it must; for the log.")
def contact(vault: Path, submission_id: str, form: str, because: str) -> None:
    """Show how the witness can be reached, for a body that must be able to ask. It never stands in any paper.

    Only where this report allows telling that body; each look is written into the log, with the reason.
    """
    if not because.strip():
        raise Usage("why is not said", "Say with --because what the body asks for.")
    of = bodies()[form]
    assert of.recipient is not None
    with enter(vault) as desk:
        with desk.reading() as connection:
            found = submissions.find(connection, submission_id)
            known = permissions.circumstances(connection, [found.id])
        use = Use(of.recipient)
        verdict = Circumstances(known.permits, known.spoken).verdict(use, found.id)
        if not verdict.allowed:
            raise NotConsented(f"{found.id[:8]}: {'; '.join(verdict.reasons)}")
        secret = {name: answer for name, answer in hidden(found.answers).items() if name.startswith("contact")}
        if not secret:
            raise Usage("this report says nothing of how its witness can be reached", "Ask by the code: `reply`.")
        with desk.journal() as journal:
            why = f"{of.title}: {' '.join(because.split())}"
            handling.look(journal, found.id, desk.label, desk.now(), tuple(secret), why)
        questions = packaged_questionnaire()
        words = Answers(questions, packaged_places())
        for name, answer in secret.items():
            if (field := questions.field(name)) is not None:
                for said in words.said(field, answer):
                    put(f"{field.question} {safe(said.text)}")
        say("This look is in the log. Give it to nobody but who must be able to ask, and by no paper.")


COMMANDS = (redact, hide, contact)
