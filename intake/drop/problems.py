"""What can go wrong, as RFC 9457 problem JSON for programs: a word each, never a detail of the request."""

from __future__ import annotations

import json
from dataclasses import dataclass

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """`urn:amonat:<word>` with its title and HTTP status."""

    word: str
    status: int
    title: str

    @property
    def json(self) -> bytes:
        """The constant body."""
        content = {"type": f"urn:amonat:{self.word}", "title": self.title, "status": self.status}
        return json.dumps(content, separators=(",", ":")).encode()


BAD_REQUEST = Problem("bad-request", 400, "The request can't be read.")
NOT_FOUND = Problem("not-found", 404, "There is nothing here.")
METHOD_NOT_ALLOWED = Problem("method-not-allowed", 405, "This address does not take this method.")
PLAIN_FORM_OFF = Problem("plain-form-off", 403, "This drop takes only reports that were sealed before.")
STORED = Problem("stored", 403, "The report is stored already and can't be taken back here.")
OTHER_BYTES = Problem("other-bytes", 409, "Another report has this id. Choose a new id.")
SEAL_AGAIN = Problem("seal-again", 409, "There is a newer keyring. Fetch it and seal again.")
MISPLACED = Problem("misplaced", 409, "The piece does not begin where the upload ends. Ask for its offset.")
CLOSED = Problem("closed", 410, "This keyring takes no reports any more.")
WRONG_VERSION = Problem("wrong-version", 412, "Uploads speak tus 1.0.0.")
TOO_LARGE = Problem("too-large", 413, "The body is too large.")
FILES_TOO_LARGE = Problem("files-too-large", 413, "The files are too large for a form without JavaScript.")
WRONG_TYPE = Problem("wrong-type", 415, "A piece is sent as application/offset+octet-stream.")
HEADERS_TOO_LARGE = Problem("bad-request", 431, "The request's head is too large.")
NOT_SEALED = Problem("not-sealed", 422, "The body is not a report sealed to this drop's reviewers.")
EMPTY = Problem("empty", 422, "Every answer is empty.")
LOCKED = Problem("locked", 423, "Another request is writing to this upload. Try again in a moment.")
BUSY = Problem("busy", 429, "Too many requests just now. Try again in a minute.")
WORK_WANTED = Problem(
    "work-wanted", 429, "Many reports come just now. Solve GET /challenge and send its Work with this one."
)
UNAVAILABLE = Problem("unavailable", 503, "This does not work just now. Try again in some minutes.")
FAILED = Problem("unavailable", 500, "This did not work. Try again in some minutes.")
NOT_IMPLEMENTED = Problem("bad-request", 501, "The request's encoding is not understood.")
FULL = Problem("full", 507, "No more can be taken just now.")

_BY_STATUS = {
    problem.status: problem
    for problem in (
        BAD_REQUEST,
        NOT_FOUND,
        METHOD_NOT_ALLOWED,
        TOO_LARGE,
        HEADERS_TOO_LARGE,
        BUSY,
        UNAVAILABLE,
        FAILED,
        NOT_IMPLEMENTED,
    )
}


def for_status(status: int) -> Problem:
    """The problem that a library's HTTP error stands for; what we don't know is a bad request or our failure."""
    return _BY_STATUS.get(status, BAD_REQUEST if status < 500 else FAILED)
