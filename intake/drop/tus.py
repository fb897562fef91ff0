"""The routes of uploads: tus 1.0.0 (tus.io/protocols/resumable-upload) with creation, creation-with-upload,
termination and expiration. A standard client works with its chunk size set to at most 1 MiB.

| request | |
|---|---|
| OPTIONS /uploads | what this server can |
| POST /uploads | Upload-Length; Upload-Metadata `report <base64 of the id's 32 hex digits>`, or none; 201, Location |
| HEAD /uploads/<id> | how far it came; all the way when the report is stored |
| PATCH /uploads/<id> | the bytes at Upload-Offset; 204 when they are on disk |
| DELETE /uploads/<id> | takes back what is not yet a report |

`Keyring: <serial>` at the creation is the sender's claim, as with a PUT. Other metadata is refused: a file's name has
no place here. An upload's address is its report's id, so that a lost answer to the creation costs nothing; who names
none is given a random one.
"""

from __future__ import annotations

import binascii
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Protocol

from flask import Flask, Response, request

from intake.drop import problems
from intake.drop.acceptance import largest
from intake.drop.buckets import Buckets
from intake.drop.headers import TUS, UPLOADS, is_upload
from intake.drop.parts import PART, Full
from intake.drop.problems import Problem
from intake.drop.unfinished import Upload
from intake.drop.uploads import PLAINTEXT_LIMIT, Locked, Misplaced, Refused, Stored, TooLong, Unknown
from intake.errors import Fault, IntakeError
from intake.keyring import Chain

VERSION = TUS[1]
EXTENSIONS = "creation,creation-with-upload,termination,expiration"
PIECE = "application/offset+octet-stream"

_ID = re.compile(r"[0-9a-f]{32}")
_SERIAL = re.compile(r"[1-9][0-9]{0,8}")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}")
_METADATA = re.compile(r"report ([A-Za-z0-9+/=]+)")
_METHODS = ("POST", "HEAD", "PATCH", "DELETE", "OPTIONS")

_PROBLEMS: dict[type[IntakeError], Problem] = {
    Unknown: problems.NOT_FOUND,
    Misplaced: problems.MISPLACED,
    Locked: problems.LOCKED,
    Stored: problems.STORED,
    TooLong: problems.TOO_LARGE,
    Full: problems.FULL,
    Fault: problems.UNAVAILABLE,
}


class Shelf(Protocol):
    """What takes the bytes: `intake.drop.uploads.Uploads`."""

    def create(self, identifier: bytes, size: int, claimed: int | None, chain: Chain, day: date) -> Upload:
        """Begin an upload."""

    def find(self, identifier: bytes, day: date) -> Upload:
        """How far it came."""

    def append(self, identifier: bytes, offset: int, content: bytes, chain: Chain, day: date) -> Upload:
        """Add a piece."""

    def cancel(self, identifier: bytes, day: date) -> None:
        """Delete it."""


def add_routes(
    app: Flask,
    shelf: Shelf,
    chain: Callable[[], Chain],
    buckets: Buckets,
    refused: Callable[[Problem], Response],
    passes: Callable[[], bool],
    today: Callable[[], date],
) -> None:
    """Let `app` take uploads. `refused` makes the answer of a problem; `passes` asks the toll, once for each upload."""

    def answer(asked: Callable[[], Response]) -> Response:
        """What was asked for, or the problem it met."""
        if request.headers.get("Tus-Resumable") != VERSION:
            wrong = refused(problems.WRONG_VERSION)
            wrong.headers["Tus-Version"] = VERSION
            return wrong
        try:
            return asked()
        except Refused as error:
            return refused(error.problem)
        except IntakeError as error:
            return refused(next(problem for kind, problem in _PROBLEMS.items() if isinstance(error, kind)))

    def options() -> Response:
        found = Response(status=204)
        found.headers["Tus-Version"] = VERSION
        found.headers["Tus-Extension"] = EXTENSIONS
        found.headers["Tus-Max-Size"] = str(largest(PLAINTEXT_LIMIT, chain()))
        return found

    def create() -> Response:
        if not passes():
            return refused(problems.WORK_WANTED)
        size, claim = _number("Upload-Length"), request.headers.get("Keyring")
        identifier = _report(request.headers.get("Upload-Metadata", "").strip())
        content = _piece()
        if size is None or identifier is None or (claim is not None and not _SERIAL.fullmatch(claim)):
            return refused(problems.BAD_REQUEST)
        if isinstance(content, Problem):
            return refused(content)
        serial = None if claim is None else int(claim)
        found = shelf.create(identifier, size, serial, chain(), today())
        if content and not found.offset:
            found = shelf.append(identifier, 0, content, chain(), today())
        made = _told(found, 201)
        made.headers["Location"] = f"{UPLOADS}/{identifier.hex()}"
        return made

    def head(identifier: bytes) -> Response:
        found = shelf.find(identifier, today())
        told = _told(found, 200)
        told.headers["Upload-Length"] = str(found.size)
        told.headers["Upload-Metadata"] = f"report {b64encode(identifier.hex().encode()).decode()}"
        return told

    def patch(identifier: bytes) -> Response:
        if request.mimetype != PIECE:
            return refused(problems.WRONG_TYPE)
        offset, content = _number("Upload-Offset"), _piece()
        if offset is None:
            return refused(problems.BAD_REQUEST)
        if isinstance(content, Problem):
            return refused(content)
        return _told(shelf.append(identifier, offset, content, chain(), today()), 204)

    def delete(identifier: bytes) -> Response:
        shelf.cancel(identifier, today())
        return Response(status=204)

    @app.route(UPLOADS, methods=["POST", "OPTIONS"], provide_automatic_options=False)
    @buckets.reports
    def uploads() -> Response:
        return options() if _method() == "OPTIONS" else answer(create)

    @app.route(f"{UPLOADS}/<name>", methods=_METHODS, provide_automatic_options=False)
    @buckets.reports
    def upload(name: str) -> Response:
        method = _method()
        if method == "OPTIONS":
            return options()
        work = {"HEAD": head, "PATCH": patch, "DELETE": delete}.get(method)
        if work is None:
            return answer(lambda: refused(problems.METHOD_NOT_ALLOWED))
        if not _ID.fullmatch(name):
            return answer(lambda: refused(problems.NOT_FOUND))
        return answer(lambda: work(bytes.fromhex(name)))

    @app.after_request
    def speak(made: Response) -> Response:
        """Every answer about uploads names the protocol, those of Flask and the limiter too."""
        if is_upload(request.path):
            made.headers.add(*TUS)
        return made


def _method() -> str:
    """The request's method; some networks let only GET and POST pass, so a POST may name another."""
    return request.headers.get("X-HTTP-Method-Override", request.method)


def _number(name: str) -> int | None:
    text = request.headers.get(name, "")
    return int(text) if _NUMBER.fullmatch(text) else None


def _report(metadata: str) -> bytes | None:
    """The id that the metadata gives, when it gives that and nothing else; a new one for none."""
    if not metadata:
        return os.urandom(16)
    found = _METADATA.fullmatch(metadata)
    if found is None:
        return None
    try:
        text = b64decode(found[1], validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return bytes.fromhex(text) if _ID.fullmatch(text) else None


def _piece() -> bytes | Problem:
    """The body: at most a part, and marked as what it is."""
    if (request.content_length or 0) > PART:
        return problems.TOO_LARGE
    content = request.get_data(cache=False, parse_form_data=False)
    if len(content) > PART:
        return problems.TOO_LARGE
    return problems.WRONG_TYPE if content and request.mimetype != PIECE else content


def _told(found: Upload, status: int) -> Response:
    made = Response(status=status)
    made.headers["Upload-Offset"] = str(found.offset)
    if found.offset < found.size:
        made.headers["Upload-Expires"] = format_datetime(datetime.combine(found.expires, time(), UTC), usegmt=True)
    return made
