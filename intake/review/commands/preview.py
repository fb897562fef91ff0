"""`intake review preview`: a file of a submission as plain pixels, made in the sandbox.

intake review preview 5f0c2b11 --file 2
intake review preview 5f0c2b11 --to /dev/shm/look --large --colour
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from intake.durable import private_folder, write_private
from intake.errors import Exit, IntakeError, Usage
from intake.review import files, handling, submissions
from intake.review.doctor import in_memory
from intake.review.entrance import enter, vault_option
from intake.review.preview import Picture, Wish, preview, why_not
from intake.review.submissions import Submission
from intake.review.vault import Vault
from intake.terminal import progress, put, safe, say

COLUMNS = 76
LARGE, SMALL = 1_600, 480


@click.command("preview")
@vault_option
@click.argument("submission_id", metavar="ID")
@click.option("--file", "number", type=click.IntRange(1), help="Which file. Default: all of them.")
@click.option("--page", "first", type=click.IntRange(1), default=1, show_default=True, help="The first page.")
@click.option("--pages", "most", type=click.IntRange(1, 50), default=10, show_default=True, help="Pages at most.")
@click.option("--stills", type=click.IntRange(1, 50), default=6, show_default=True, help="Stills of a video.")
@click.option("--large", is_flag=True, help=f"{LARGE} pixels a side instead of {SMALL}.")
@click.option("--colour", is_flag=True, help="In colour. Default: grey, which is easier to bear.")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write PNG files there instead: a folder in memory, such as /dev/shm/look.",
)
@click.option("--on-disk", is_flag=True, help="Let that folder be on a disk: then they stay there until shredded.")
def command(
    vault: Path,
    submission_id: str,
    number: int | None,
    first: int,
    most: int,
    stills: int,
    large: bool,
    colour: bool,
    folder: Path | None,
    on_disk: bool,
) -> int:
    """Images, PDF pages, text and stills of a video as plain pixels: small, grey, and without sound.

    They are drawn in this terminal, or written as new PNG files with --to, for the machine's own picture viewer. The
    original is decoded in a sandbox without network and files, never by this program; without the sandbox nothing is
    shown. Whoever looks has read it: that is noted.
    """
    if reason := why_not():
        raise reason
    if folder is not None and not on_disk:
        in_memory_only(folder)
    wish = Wish(side=LARGE if large else SMALL, colour=colour, first=first, most=most, stills=stills)
    failed = 0
    with enter(vault) as desk:
        with desk.reading() as connection:
            found = submissions.find(connection, submission_id)
        count = len(found.report.files)
        if not count:
            raise Usage("it has no files", "See `intake review show`.")
        with desk.journal() as journal:
            handling.see(journal, found.id, desk.label)
        wanted = range(1, count + 1) if number is None else (number,)
        with progress(len(wanted), "Looking") as heard:
            for each in wanted:
                try:
                    _show(desk, found, each, wish, folder)
                except IntakeError as error:
                    if number is not None:
                        raise
                    failed += 1
                    say(f"file {each}: {safe(str(error))}. {error.advice}")
                heard(1)
    if folder is not None:
        say(f"Delete {safe(str(folder))} when you have looked.")
    return Exit.SOME_FAILED if failed else Exit.OK


def _show(desk: Vault, found: Submission, number: int, wish: Wish, folder: Path | None) -> None:
    with files.attached(desk, found, number) as source:
        pictures, end = preview(source, wish)
    name = safe(found.report.files[number - 1].name)
    word = "PRACTICE: " if desk.practice else ""
    for picture in pictures:
        of = f"{end.seconds} s of video, still {picture.page}" if end.kind == "video" else f"page {picture.page}"
        told = f"{word}file {number} ({name}), {of} of {end.pages}"
        if folder is None:
            put(told)
            put("\n".join(_drawn(picture, colour=sys.stdout.isatty())))
        else:
            path = private_folder(folder) / f"{number:02}-{picture.page:03}.png"
            write_private(path, picture.png(), replace=True)
            put(f"{path}  {told}")


def _drawn(picture: Picture, *, colour: bool) -> list[str]:
    """Half blocks of 24-bit colour on a terminal; shades of grey in plain letters elsewhere."""
    rows = picture.blocks(COLUMNS)
    if not colour:
        shades = " .:-=+*#%@"
        return ["".join(shades[sum(pixel) * 9 // 765] for pixel in row) for row in rows[::2]]
    lines = []
    for at in range(0, len(rows), 2):
        under = rows[at + 1] if at + 1 < len(rows) else rows[at]
        cells = (
            f"\x1b[38;2;{a[0]};{a[1]};{a[2]};48;2;{b[0]};{b[1]};{b[2]}m▀" for a, b in zip(rows[at], under, strict=True)
        )
        lines.append("".join(cells) + "\x1b[0m")
    return lines


def in_memory_only(folder: Path) -> None:
    """Raises `Usage` for a folder on a disk: pixels of a report must not stay there by accident."""
    mounts = Path("/proc/mounts").read_text("utf-8")
    if not in_memory(folder, mounts):
        raise Usage(
            f"{folder} is on a disk, where the pictures would stay", "Give a folder below /dev/shm, or --on-disk."
        )
