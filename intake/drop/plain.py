"""Reports written without JavaScript: read and sealed in memory, in one step, and never on disk in the clear.

Werkzeug writes larger parts of a form to temporary files; here every part stays in memory, within the body limit. Files
may come along up to a small total. What makes a report too large for a row is sealed as a stream, part by part.
Whoever controls the server at that moment can read all of it, and the page says so.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import cache
from threading import BoundedSemaphore, Lock
from typing import IO, Any, Protocol
from urllib.parse import parse_qsl

from flask import Request
from nacl.utils import random
from werkzeug.exceptions import RequestEntityTooLarge

from intake.drop.acceptance import BODY_LIMIT
from intake.drop.courier import Shelf
from intake.drop.parts import PART
from intake.drop.unfinished import Upload
from intake.drop.uploads import Locked
from intake.errors import IntakeError, Usage
from intake.keyring import Chain, Keyring
from intake.report import sizes
from intake.report.answers import from_form
from intake.report.code import Code, Holder
from intake.report.package import FILES_LIMIT, FileEntry, QuestionnaireRef, Report, package_size, write_package
from intake.report.questionnaire import Questionnaire, Words
from intake.sealing import HybridRecipient, Sealer

FIELDS_LIMIT = 2000
WAITING = 3
"""So many posts with files wait while one is opened and sealed, `PATIENCE` seconds at most; others are told to wait."""
PATIENCE = 10

_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}")

Pairs = list[tuple[str, str]]


class TooManyFiles(Usage):
    """The files are more, or larger together, than this form takes; `pairs` is what else the form held, if known."""

    pairs: Sequence[tuple[str, str]] = ()


class Busy(IntakeError):
    """Others with files are being sealed just now."""


class Uploads(Protocol):
    """Where larger ones go: `intake.drop.uploads.Uploads`."""

    def create(self, identifier: bytes, size: int, claimed: int | None, chain: Chain, day: date) -> Upload:
        """Begin one of so many bytes."""

    def append(self, identifier: bytes, offset: int, content: bytes, chain: Chain, day: date) -> Upload:
        """Add a part."""

    def cancel(self, identifier: bytes, day: date) -> None:
        """Delete what is not yet a report."""


class MemoryRequest(Request):
    """A request whose form never touches a disk."""

    max_form_memory_size = BODY_LIMIT
    max_form_parts = FIELDS_LIMIT

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return io.BytesIO()


class Empty(Usage):
    """Nothing was answered, so there is no report."""

    advice = "One answer is enough."


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that came with a form, for the question `field`. It is named by nothing but its number."""

    field: str
    type: str
    stream: IO[bytes]
    size: int


@dataclass(frozen=True, slots=True)
class Written:
    """A report before it is sealed, and the code that its page will show."""

    report: Report
    files: Sequence[IO[bytes]]
    keyring: Keyring
    code: Code | None


class PlainForm:
    """How this drop's questionnaire is read from a posted form; `files`: so many bytes of files may come along."""

    def __init__(self, questionnaire: Questionnaire, words: Callable[[str], Words], files: int = 0) -> None:
        self._questionnaire = questionnaire
        self._words = words
        self._digests: dict[str, str] = {}
        self._files = files
        self._file_fields = {field.id for field in questionnaire.fields if field.type == "file_list"}
        self._waiting = BoundedSemaphore(WAITING + 1)
        self._one = Lock()

    @contextmanager
    def turn(self, request: Request) -> Iterator[None]:
        """Bodies that can't be small reports are opened and sealed one after the other. Raises `Busy`."""
        if (request.content_length or 0) <= BODY_LIMIT:
            yield
            return
        if not self._waiting.acquire(blocking=False):
            raise Busy("others with files wait already")
        try:
            if not self._one.acquire(timeout=PATIENCE):
                raise Busy("another one with files takes long")
            try:
                yield
            finally:
                self._one.release()
        finally:
            self._waiting.release()

    def read(self, request: Request, *, files: bool = False) -> tuple[Pairs, list[Attached]]:
        """The names and values of a posted form, in order, and its files. Bytes that are no text become U+FFFD.

        Raises `Usage` for too many fields, and `TooManyFiles` for files when there may be none, or too many.
        """
        if request.mimetype == "multipart/form-data":
            if files and self._files:
                request.max_content_length = body_limit(self._files)
            try:
                # A part without a name, which no browser sends, has None.
                pairs = [(name or "", value) for name, value in request.form.items(multi=True)]
            except RequestEntityTooLarge as error:
                if files and (request.content_length or 0) > body_limit(self._files):
                    raise TooManyFiles("the files are too large") from error
                raise Usage(f"more than {FIELDS_LIMIT} fields") from error
            request.environ["wsgi.input"].close()  # all of it was copied: hold it once only
            try:
                return pairs, self._attached(request, self._files if files else 0)
            except TooManyFiles as error:
                error.pairs = pairs
                raise
        body = request.get_data(cache=False, parse_form_data=False)
        if body.count(b"&") >= FIELDS_LIMIT:
            raise Usage(f"more than {FIELDS_LIMIT} fields")
        return parse_qsl(body.decode(errors="replace"), keep_blank_values=True, errors="replace"), []

    def brought(self, request: Request) -> list[bytes]:
        """The contents of the files of a posted form, and the text in its field `text`: their names are not looked at.

        Raises `Usage` for more than one body may hold.
        """
        try:
            contents = [file.read() for file in request.files.getlist("file") if file.filename]
            texts = request.form.getlist("text")
        except RequestEntityTooLarge as error:
            raise Usage(f"more than {BODY_LIMIT} bytes or {FIELDS_LIMIT} fields") from error
        return [*contents, *(text.encode() for text in texts if text.strip())]

    def _attached(self, request: Request, limit: int) -> list[Attached]:
        found = []
        for field, file in request.files.items(multi=True):
            size = file.stream.seek(0, io.SEEK_END)
            file.stream.seek(0)
            if file.filename or size:  # an input that was left empty sends a part without either
                kind = file.mimetype if _TYPE.fullmatch(file.mimetype) else ""
                found.append(Attached(field or "", kind, file.stream, size))
        if found and (len(found) > FILES_LIMIT or sum(each.size for each in found) > limit):
            raise TooManyFiles("these files are too many or too large")
        return found

    def write(
        self,
        pairs: Pairs,
        language: str,
        keyring: Keyring,
        day: date,
        back: Holder | None = None,
        files: Sequence[Attached] = (),
    ) -> Written:
        """Answers and files to a report. Raises `Usage` for a text that is too long, `Empty` for nothing at all.

        Who came `back` with a code adds to what was sent before. Anybody else gets a new code: it is for the page that
        answers, and for nothing else: only mailbox and recipient stay, inside the seal.
        """
        questionnaire = self._questionnaire
        code, holder = (None, back) if back else _new_code(keyring.origin)
        # Which files belong to a question is said by the files themselves.
        given = [pair for pair in pairs if pair[0] not in self._file_fields]
        given += [(one.field, str(number)) for number, one in enumerate(files, 1) if one.field in self._file_fields]
        if not (answers := from_form(questionnaire, given)) and not files:
            raise Empty("every answer is empty")
        report = Report(
            id=random(16).hex(),
            origin=keyring.origin,
            keyring=keyring.serial,
            questionnaire=QuestionnaireRef(questionnaire.name, questionnaire.version, self._digest(language)),
            language=language,
            sealed_by="server",
            day=day,
            answers=answers,
            in_reply_to=back.mailbox if back else None,
            reply_to=holder.reply_to,
            files=tuple(FileEntry("", one.type, one.size, cleaned=False) for one in files),
        )
        return Written(report, [one.stream for one in files], keyring, code)

    def _digest(self, language: str) -> str:
        """Which words were read: the same for every report in a language, so computed once."""
        if language not in self._digests:
            self._digests[language] = self._questionnaire.digest(self._words(language))
        return self._digests[language]


def body_limit(files: int) -> int:
    """Bytes that a form with so many bytes of files may have."""
    return files + BODY_LIMIT


def keep(written: Written, store: Shelf, uploads: Uploads, chain: Chain, day: date) -> None:
    """Seal a report and return when it is on disk.

    Raises `Usage` when the answers are too long for one, and whatever store and uploads raise: then nothing is kept.
    """
    recipients = [_recipient(text) for text in written.keyring.recipients]
    identifier, claimed = bytes.fromhex(written.report.id), written.keyring.serial
    size = package_size(len(written.report.to_json()), [entry.size for entry in written.report.files])
    if size <= sizes.PUT_PLAINTEXT_LIMIT:
        sealed = io.BytesIO()
        with Sealer(sealed, recipients) as sealer:
            write_package(written.report, written.files, sealer)
        store.put(identifier, sealed.getvalue(), claimed=claimed, day=day)
        return
    if not written.files:
        raise Usage("the answers are larger than one report may be")
    uploads.create(identifier, sizes.sealed_size(len(recipients), size), claimed, chain, day)
    try:
        parts = _Parts(lambda offset, part: uploads.append(identifier, offset, part, chain, day))
        with Sealer(parts, recipients) as sealer:
            write_package(written.report, written.files, sealer)
        parts.flush()
    except BaseException:
        with suppress(IntakeError):
            uploads.cancel(identifier, day)
        raise


class _Parts:
    """A sink that hands on whole parts, each with its offset, and waits while a fold holds them."""

    def __init__(self, put: Callable[[int, bytes], object]) -> None:
        self._put = put
        self._offset = 0
        self._held = bytearray()

    def write(self, data: bytes | memoryview, /) -> int:
        """Take all of `data`."""
        self._held += data
        while len(self._held) >= PART:
            self._hand(PART)
        return len(data)

    def flush(self) -> None:
        """Hand on the rest."""
        if self._held:
            self._hand(len(self._held))

    def _hand(self, size: int) -> None:
        part = bytes(self._held[:size])
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._put(self._offset, part)
                break
            except Locked:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        self._offset += size
        del self._held[:size]


def _new_code(origin: str) -> tuple[Code, Holder]:
    code = Code.draw(random)
    return code, code.open(origin)


@cache
def _recipient(text: str) -> HybridRecipient:
    return HybridRecipient.parse(text)
