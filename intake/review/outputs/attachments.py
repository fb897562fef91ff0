"""Attachments as they leave: working copies made of pixels, apart from the evidence; the original only by its name.

A working copy is what the sandbox shows of a file (`intake.review.preview`), with the areas hidden in its pixels that
reviewers entered (`working`), as PNG: no byte of the file is in it, and so nothing of its device, place or time. The
original stays sealed in the vault, and is named by its SHA-256. What has no pixels (sound) has no working copy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from intake.errors import NotConsented, Usage
from intake.review import files, submissions
from intake.review.outputs import working
from intake.review.outputs.covering import covered
from intake.review.outputs.working import Marks
from intake.review.preview import Picture, Refused, Wish, preview
from intake.review.submissions import Submission
from intake.review.vault import Vault

SIDE = 2_400
"""Pixels of the longer side at most: a page of A4 at 200 a inch, which can be read."""
AT_ONCE = 4
"""Pages that are in memory together."""
PAGES = 60
STILLS = 6
ORIGINAL_LIMIT = 200 << 20
"""Bytes of an original that goes along: it is sealed in memory."""

_ENDINGS = {
    "image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "application/pdf": "pdf", "video/mp4": "mp4",
    "audio/mpeg": "mp3", "audio/mp4": "m4a", "audio/ogg": "ogg", "audio/wav": "wav", "text/plain": "txt",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Copy:
    """One file that goes along. `page`: which page or still it shows, 0 for a whole original."""

    name: str
    page: int
    content: bytes

    @property
    def sha256(self) -> str:
        """In hex."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Attached:
    """What becomes of one file of a report: its copies, or why there is none; `hidden`: how many areas."""

    submission: str
    number: int
    copies: tuple[Copy, ...] = ()
    hidden: int = 0
    original: bool = False
    why_not: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Named:
    """A file as it is asked for: the submission's id, and its number from 1."""

    submission: str
    number: int


def named(connection: Connection, asked: Sequence[str], allowed: Sequence[str]) -> frozenset[Named]:
    """Files asked for as SUBMISSION/NUMBER. Raises `Usage`, and `NotConsented` for a report that may not be used."""
    found = set()
    for each in asked:
        spelled, _, number = each.partition("/")
        if not number.isdecimal() or len(number) > 2:
            raise Usage(f"{each!r} names no file", "Give the report's id and the file's number, such as 12ab34cd/1.")
        of = submissions.find(connection, spelled)
        if of.id not in allowed:
            raise NotConsented(f"{of.id[:8]} may not be used for this, and so none of its files")
        if not 1 <= int(number) <= len(of.report.files):
            raise Usage(f"{of.id[:8]} has no file {int(number)}: it has {len(of.report.files)}")
        found.add(Named(of.id, int(number)))
    return frozenset(found)


def attach(
    vault: Vault,
    allowed: Sequence[str],
    wanted: frozenset[Named] | None,
    originals: frozenset[Named],
    heard: Callable[[int], None] = lambda _: None,
) -> tuple[Attached, ...]:
    """What becomes of every file of these reports, in their order: `wanted` files, or all where that is None.

    Raises `NotConsented` for a file asked for by name that nobody has marked done; such a one stays here where all are
    wanted. `originals` go as they came. Raises `Fault` where there is no sandbox.
    """
    found = []
    for place, report_id in enumerate(allowed, 1):
        with vault.reading() as connection:
            of = submissions.find(connection, report_id)
            told = {number: working.marks(connection, of.id, number) for number in range(1, len(of.report.files) + 1)}
        for number, marks in told.items():
            asked = Named(of.id, number)
            if asked in originals:
                found.append(_original(vault, of, place, number, marks))
            elif wanted is not None and asked not in wanted:
                found.append(Attached(of.id, number, why_not="not asked for"))
            elif not marks.done:
                if wanted is not None:
                    raise _undone(of, number)
                found.append(Attached(of.id, number, why_not="nobody has said yet what must be hidden on it"))
            else:
                found.append(_working(vault, of, place, number, marks))
            heard(1)
    return tuple(found)


def count(vault: Vault, allowed: Sequence[str]) -> int:
    """How many files these reports have."""
    with vault.reading() as connection:
        return sum(len(each.files) for each in submissions.reports(connection, allowed).values())


def pages(vault: Vault, of: Submission, number: int, side: int = SIDE) -> Iterator[tuple[str, Picture, int]]:
    """Every page or still of a file in colour: its kind, the picture, and how many there are.

    Raises `Refused` for what can't be shown or has more than `PAGES`, `Fault` where there is no sandbox.
    """
    first = 1
    while True:
        with files.attached(vault, of, number) as source:
            wish = Wish(side=side, colour=True, first=first, most=AT_ONCE, stills=STILLS)
            pictures, end = preview(source, wish)
        if end.pages > PAGES and end.kind != "video":
            raise Refused(f"it has {end.pages} pages, and {PAGES} are taken at most")
        for picture in pictures:
            yield end.kind, picture, len(pictures) if end.kind == "video" else end.pages
        first += AT_ONCE
        if end.kind == "video" or first > end.pages:
            return


def _working(vault: Vault, of: Submission, place: int, number: int, marks: Marks) -> Attached:
    copies = []
    try:
        for kind, picture, _ in pages(vault, of, number):
            word = "still" if kind == "video" else "page"
            name = f"{place}-{number:02}-{word}{picture.page:02}.png"
            copies.append(Copy(name, picture.page, covered(picture, marks.areas).png()))
    except Refused as refused:
        return Attached(of.id, number, why_not=str(refused))
    if odd := {area.page for area, _ in marks.areas} - {each.page for each in copies}:
        raise NotConsented(
            f"file {number} of {of.id[:8]} has no page {min(odd)}, and an area of it is to be hidden",
            "Take that area away with `dossier hide --remove`, and enter it for the page that it is on.",
        )
    return Attached(of.id, number, tuple(copies), len(marks.areas))


def _original(vault: Vault, of: Submission, place: int, number: int, marks: Marks) -> Attached:
    if not marks.done:
        raise _undone(of, number)
    if marks.areas:
        raise NotConsented(
            f"file {number} of {of.id[:8]} has areas that must be hidden: it can't go as it came",
            "Send the working copy, or take the areas away with `dossier hide --remove` if that is right.",
        )
    with files.attached(vault, of, number) as source:
        content = source.read(ORIGINAL_LIMIT + 1)
    if len(content) > ORIGINAL_LIMIT:
        raise Usage(f"it is larger than {ORIGINAL_LIMIT >> 20} MiB", "Hand it over by other ways.")
    ending = _ENDINGS.get(of.report.files[number - 1].type, "bin")
    return Attached(of.id, number, (Copy(f"{place}-{number:02}-original.{ending}", 0, content),), original=True)


def _undone(of: Submission, number: int) -> NotConsented:
    return NotConsented(
        f"nobody has said what must be hidden on file {number} of {of.id[:8]}",
        f"Look at it with `intake review dossier hide {of.id[:8]} --file {number} --show FOLDER`, hide what must be, "
        "and give --done.",
    )
