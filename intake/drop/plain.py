"""Reports written without JavaScript: read and sealed in memory, in one step, and never on disk in the clear.

Werkzeug writes larger parts of a form to temporary files; here every part stays in memory, within the body limit.
Whoever controls the server at that moment can read them, and the page says so.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import IO, Any
from urllib.parse import parse_qsl

from flask import Request
from nacl.utils import random
from werkzeug.exceptions import RequestEntityTooLarge

from intake.drop.acceptance import BODY_LIMIT
from intake.errors import Usage
from intake.keyring import Keyring
from intake.report import sizes
from intake.report.answers import from_form
from intake.report.code import Code, Holder
from intake.report.package import QuestionnaireRef, Report, write_package
from intake.report.questionnaire import Questionnaire, Words
from intake.sealing import HybridRecipient, seal_bytes

FIELDS_LIMIT = 2000


class MemoryRequest(Request):
    """A request whose form never touches a disk."""

    max_form_memory_size = BODY_LIMIT
    max_form_parts = FIELDS_LIMIT

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return io.BytesIO()


@dataclass(frozen=True, slots=True)
class Sealed:
    """A report as it goes into the store."""

    id: bytes
    body: bytes
    keyring: int
    code: Code | None


class PlainForm:
    """How this drop's questionnaire is read from a posted form."""

    def __init__(self, questionnaire: Questionnaire, words: Callable[[str], Words]) -> None:
        self._questionnaire = questionnaire
        self._words = words
        self._digests: dict[str, str] = {}

    def read(self, request: Request) -> list[tuple[str, str]]:
        """The names and values of a posted form, in order. Bytes that are no text become U+FFFD.

        Raises `Usage` for too many fields, and for a file: this form has no place for one.
        """
        if request.mimetype == "multipart/form-data":
            try:
                if any(file.filename for file in request.files.values()):
                    raise Usage("this form takes no files")
                return list(request.form.items(multi=True))
            except RequestEntityTooLarge as error:
                raise Usage(f"more than {FIELDS_LIMIT} fields") from error
        body = request.get_data(cache=False, parse_form_data=False)
        if body.count(b"&") >= FIELDS_LIMIT:
            raise Usage(f"more than {FIELDS_LIMIT} fields")
        return parse_qsl(body.decode(errors="replace"), keep_blank_values=True, errors="replace")

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

    def seal(
        self,
        pairs: Sequence[tuple[str, str]],
        language: str,
        keyring: Keyring,
        day: date,
        back: Holder | None = None,
    ) -> Sealed:
        """Answers to a package to a sealed file. Raises `Usage` when they are too long for one.

        Who came `back` with a code adds to what was sent before. Anybody else gets a new code: it is for the page that
        answers, and for nothing else: only mailbox and recipient stay, inside the seal.
        """
        questionnaire = self._questionnaire
        identifier = random(16)
        code, holder = (None, back) if back else _new_code(keyring.origin)
        report = Report(
            id=identifier.hex(),
            origin=keyring.origin,
            keyring=keyring.serial,
            questionnaire=QuestionnaireRef(questionnaire.name, questionnaire.version, self._digest(language)),
            language=language,
            sealed_by="server",
            day=day,
            answers=from_form(questionnaire, pairs),
            in_reply_to=back.mailbox if back else None,
            reply_to=holder.reply_to,
        )
        package = io.BytesIO()
        if write_package(report, (), package) > sizes.PUT_PLAINTEXT_LIMIT:
            raise Usage("the answers are larger than one report may be")
        recipients = [_recipient(text) for text in keyring.recipients]
        return Sealed(identifier, seal_bytes(package.getvalue(), recipients), keyring.serial, code)

    def _digest(self, language: str) -> str:
        """Which words were read: the same for every report in a language, so computed once."""
        if language not in self._digests:
            self._digests[language] = self._questionnaire.digest(self._words(language))
        return self._digests[language]


def _new_code(origin: str) -> tuple[Code, Holder]:
    code = Code.draw(random)
    return code, code.open(origin)


@cache
def _recipient(text: str) -> HybridRecipient:
    return HybridRecipient.parse(text)
