"""The package that is sealed: a tar of `report.json`, then `files/01`, `files/02`…, then zeros to a size class.

`Report` is the content of `report.json` (format amonat/report/1). Reading trusts nothing: only the members that the
report lists, in their order and with their sizes, then zeros to the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from io import BufferedReader
from typing import IO, BinaryIO, TypeVar

from intake.errors import Damaged, Usage
from intake.report import document, sizes, ustar
from intake.report.document import Json

FORMAT = "amonat/report/1"
REPORT_LIMIT = 1_048_576
FILES_LIMIT = 99
SEALED_BY = ("browser", "server", "carried-form", "cli")

_ID = re.compile(r"[0-9a-f]{32}")
_ORIGIN = re.compile(r"[a-z0-9.-]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")
_RECIPIENT = re.compile(r"age1pq1[02-9ac-hj-np-z]{6,4000}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_SEALED_BY = re.compile("|".join(SEALED_BY))
_FILE_NAME = re.compile("(?s).{0,1024}")

T = TypeVar("T", str, int, bool)


@dataclass(frozen=True, slots=True)
class QuestionnaireRef:
    """Which questions, in which words, the witness saw."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class FileEntry:
    """An attachment as the witness's device named it. The name is text to show, never a path."""

    name: str
    type: str
    size: int
    cleaned: bool


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Where an answer may be left: a mailbox (32 hex digits) and the recipient that opens it."""

    mailbox: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Report:
    """One report. `answers`: field ids to the shapes of `intake.report.answers`; unknown ids and shapes are kept.

    `in_reply_to`: the mailbox of the code that somebody came back with; None for a first report. It is no report's id:
    whoever comes back has the code alone, which gives the mailbox and nothing else.
    """

    id: str
    origin: str
    keyring: int
    questionnaire: QuestionnaireRef
    language: str
    sealed_by: str
    day: date
    answers: dict[str, Json]
    files: tuple[FileEntry, ...] = ()
    in_reply_to: str | None = None
    reply_to: ReplyTo | None = None

    def to_json(self) -> bytes:
        """`report.json`. Raises `Usage` when it is larger than 1 MiB."""
        ref, reply = self.questionnaire, self.reply_to
        content = document.dump(
            {
                "format": FORMAT,
                "id": self.id,
                "origin": self.origin,
                "keyring": self.keyring,
                "questionnaire": {"name": ref.name, "version": ref.version, "sha256": ref.sha256},
                "language": self.language,
                "sealed_by": self.sealed_by,
                "day": self.day.isoformat(),
                "answers": self.answers,
                "files": [
                    {"name": file.name, "type": file.type, "size": file.size, "cleaned": file.cleaned}
                    for file in self.files
                ],
                "in_reply_to": self.in_reply_to,
                "reply_to": None if reply is None else {"mailbox": reply.mailbox, "recipient": reply.recipient},
            }
        )
        if len(content) > REPORT_LIMIT:
            raise Usage("the answers are larger than 1 MiB", "Send them in two reports.")
        return content

    @classmethod
    def parse(cls, content: bytes) -> Report:
        """Read `report.json`. Raises `Damaged` for everything but exactly the keys and kinds of this format."""
        if len(content) > REPORT_LIMIT:
            raise Damaged("report.json is larger than 1 MiB")
        value = document.parse(content, "report.json")
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            raise Damaged(f"report.json is not of the format {FORMAT}", "A newer version of this software may read it.")
        top = _Keys(value, "report.json")
        top.take("format")
        ref = top.keys("questionnaire")
        answers = top.take("answers")
        if not isinstance(answers, dict) or not all(_FIELD.fullmatch(key) for key in answers):
            raise Damaged("report.json: answers is not a table of fields")
        report = cls(
            id=top.text("id", _ID),
            origin=top.text("origin", _ORIGIN),
            keyring=top.number("keyring", 1, 10**9),
            questionnaire=QuestionnaireRef(
                ref.text("name", _NAME), ref.text("version", _NAME), ref.text("sha256", _SHA256)
            ),
            language=top.text("language", _LANGUAGE),
            sealed_by=top.text("sealed_by", _SEALED_BY),
            day=_day(top.text("day", _DAY)),
            answers=answers,
            files=_files(top.take("files")),
            in_reply_to=None if top.absent("in_reply_to") else top.text("in_reply_to", _ID),
            reply_to=None if top.absent("reply_to") else _reply_to(top.keys("reply_to")),
        )
        ref.done()
        top.done()
        return report


def member_name(number: int) -> str:
    """The member that holds the attachment of this number, from 1."""
    return f"files/{number:02}"


def package_size(report_size: int, file_sizes: Sequence[int]) -> int:
    """The length of the package in bytes, padding included. Raises `Usage` when no package may be so long."""
    content = sum(map(ustar.member_size, (report_size, *file_sizes))) + ustar.END
    if content > sizes.LARGEST:
        raise Usage("the files are too large for one report", "Send them in several reports.")
    return sizes.padded(content)


def write_package(report: Report, files: Sequence[IO[bytes]], sink: BinaryIO) -> int:
    """Write the package; `files` are the attachments in the order of `report.files`. Returns its length in bytes.

    Raises `Usage` when the report is too large, `Fault` when a file hasn't the size that the report says.
    """
    if len(files) != len(report.files) or len(files) > FILES_LIMIT:
        raise Usage(f"a report carries at most {FILES_LIMIT} files, each of them listed in it")
    content = report.to_json()
    total = package_size(len(content), [entry.size for entry in report.files])
    writer = ustar.Writer(sink)
    writer.add_bytes("report.json", content)
    for number, (entry, file) in enumerate(zip(report.files, files, strict=True), 1):
        writer.add(member_name(number), entry.size, file)
    writer.close(total)
    return total


class PackageReader:
    """A package being read: `report` and its bytes as `content` at once, then iterate once over (entry, stream).

    A stream must be read before the next pair is asked for. Only when the iteration has ended without `Damaged` is the
    package known to be whole: what was read before belongs in a place that can be thrown away.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._reader = ustar.Reader(source)
        first = self._reader.next()
        if first is None:
            raise Damaged("the package is empty")
        if first.name != "report.json":
            raise Damaged("report.json is not the first member of the package")
        if first.size > REPORT_LIMIT:
            raise Damaged("report.json is larger than 1 MiB")
        self.content = BufferedReader(first).read()
        self.report = Report.parse(self.content)

    def __iter__(self) -> Iterator[tuple[FileEntry, BinaryIO]]:
        """Each attachment in order. Raises `Damaged`."""
        for number, entry in enumerate(self.report.files, 1):
            member = self._reader.next()
            if member is None:
                raise Damaged(f"{member_name(number)} is missing from the package")
            if member.name != member_name(number):
                raise Damaged(f"another member stands where {member_name(number)} should be")
            if member.size != entry.size:
                raise Damaged(f"{member.name} has {member.size} bytes where the report says {entry.size}")
            yield entry, BufferedReader(member)
        if self._reader.next() is not None:
            raise Damaged("the package holds a member that the report does not list")
        self._reader.finish()


def read_package(source: BinaryIO) -> PackageReader:
    """Begin to read a package. Raises `Damaged`."""
    return PackageReader(source)


class _Keys:
    """An object whose keys must all be asked for, once each, and must all be there."""

    def __init__(self, value: dict[str, Json], where: str) -> None:
        self._left = dict(value)
        self._where = where

    def take(self, key: str) -> Json:
        if key not in self._left:
            raise Damaged(f"{self._where}: {key} is missing")
        return self._left.pop(key)

    def absent(self, key: str) -> bool:
        """Whether the key is there and null; then it is done with."""
        return self._left.get(key, "") is None and self.take(key) is None

    def text(self, key: str, pattern: re.Pattern[str]) -> str:
        return self._checked(key, str, lambda value: pattern.fullmatch(value) is not None)

    def number(self, key: str, least: int, most: int) -> int:
        return self._checked(key, int, lambda value: least <= value <= most)

    def flag(self, key: str) -> bool:
        return self._checked(key, bool, lambda _: True)

    def keys(self, key: str) -> _Keys:
        value = self.take(key)
        if not isinstance(value, dict):
            raise Damaged(f"{self._where}: {key} is not what it should be")
        return _Keys(value, f"{self._where}: {key}")

    def done(self) -> None:
        if self._left:
            raise Damaged(f"{self._where} holds keys that its format does not have")

    def _checked(self, key: str, kind: type[T], fits: Callable[[T], bool]) -> T:
        value = self.take(key)
        if type(value) is not kind or not fits(value):
            raise Damaged(f"{self._where}: {key} is not what it should be")
        return value


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Damaged("report.json: day is not a day") from None


def _files(value: Json) -> tuple[FileEntry, ...]:
    if not isinstance(value, list) or len(value) > FILES_LIMIT:
        raise Damaged(f"report.json: files is not a list of at most {FILES_LIMIT}")
    entries = []
    for number, item in enumerate(value, 1):
        if not isinstance(item, dict):
            raise Damaged(f"report.json: file {number} is not described")
        keys = _Keys(item, f"report.json: file {number}")
        entries.append(
            FileEntry(
                keys.text("name", _FILE_NAME),
                keys.text("type", _FILE_NAME),
                keys.number("size", 0, ustar.LARGEST_MEMBER),
                keys.flag("cleaned"),
            )
        )
        keys.done()
    return tuple(entries)


def _reply_to(keys: _Keys) -> ReplyTo:
    reply = ReplyTo(keys.text("mailbox", _ID), keys.text("recipient", _RECIPIENT))
    keys.done()
    return reply
