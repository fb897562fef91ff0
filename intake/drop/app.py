"""The routes. Every answer is a constant chosen by what was asked; nothing that a visitor sends comes back, but for a
plain report that was refused (see `again`): it is in no other place.

| route | |
|---|---|
| GET / and /<language> | the form |
| POST / and /<language> | a report without JavaScript, with small files, sealed here (see `plain`); shows the code |
| GET /<language>/return | the page that opens a code and shows the answer |
| POST /<language>/return | the same without JavaScript (see `returning`): one length, whatever it shows |
| GET, POST /<language>/carry | sealed files and text that somebody carried here, passed on unread (see `courier`) |
| PUT /reports/<32 hex> | a sealed report: 201 new, 200 the same again |
| /uploads | larger ones in pieces (see `tus`) |
| POST /mailbox | 16 bytes that name a mailbox; the answer has one length, whatever waits there |
| GET /keyring.note, /keyring/<serial>.note | the signed keyrings |
| GET /challenge | the proof of work that a sealed report must bring now; 204 when none is wanted |
| GET /form.html | the form in one file, to save and to carry |
| GET /a/<name>.<hash>.<ext> | the page's scripts and style |

Programs get problem JSON; a browser that navigates here gets a page in its language.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from flask import Flask, Request, Response, request
from flask_limiter.errors import RateLimitExceeded
from werkzeug.exceptions import HTTPException

from intake.drop import problems, tus, webcat
from intake.drop.acceptance import BODY_LIMIT, Refusal, judge
from intake.drop.assets import PREFIX, Asset, Body
from intake.drop.buckets import Buckets
from intake.drop.config import Config
from intake.drop.counters import Counters
from intake.drop.courier import Received, Shelf, receive
from intake.drop.entering import Outcome
from intake.drop.parts import Full
from intake.drop.plain import Busy, Empty, MemoryRequest, Pairs, PlainForm, TooManyFiles, keep
from intake.drop.problems import CONTENT_TYPE, Problem
from intake.drop.returning import ReturnPages, Seen, added, look
from intake.drop.sanity import Sane
from intake.drop.tally import failed_at
from intake.drop.toll import Passage, Toll
from intake.errors import Closed, Fault, IntakeError, Usage
from intake.keyring import Chain

if TYPE_CHECKING:
    from types import TracebackType

HTML = "text/html; charset=utf-8"
NOTE = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
JSON = "application/json"

MAILBOX_SIZE = 16

_ID = re.compile(r"[0-9a-f]{32}")
_SERIAL = re.compile(r"[1-9][0-9]{0,8}")


class PageBodies(Protocol):
    """What `intake.drop.pages.Pages` gives."""

    languages: tuple[str, ...]

    @property
    def default(self) -> str:
        """The language of `/`."""

    def form(self, language: str) -> Body:
        """The form."""

    def script(self, path: str) -> Asset | None:
        """The form's script for one of the languages."""

    def received(self, language: str, code: str) -> bytes:
        """The answer to a plain report that was stored, with its code."""

    def returning(self, language: str) -> ReturnPages:
        """The page for coming back, and those that answer a posted code."""

    def call(self, language: str) -> Body:
        """The sheet for a phone call."""

    def carry(self, language: str) -> Body:
        """The page for handing in what was sealed elsewhere."""

    def handed(self, language: str, received: Received) -> bytes:
        """The same, and what became of what was handed in."""

    def carried(self, note: bytes) -> Body:
        """The form in one file, sealing to the keyring in a note."""

    def problem(self, language: str, word: str) -> Body:
        """Why something did not work."""

    def again(self, language: str, word: str, pairs: Sequence[tuple[str, str]], *, files: bool) -> bytes | None:
        """A plain report that was refused, to be sent once more."""


class AssetBodies(Protocol):
    """What `intake.drop.assets.Assets` gives."""

    def get(self, path: str) -> Asset | None:
        """The asset under a request's path, or None."""


class Post(Protocol):
    """Where answers wait: `intake.drop.mailboxes.Mailboxes`."""

    def ask(self, mailbox: bytes) -> bytes:
        """What there is for a mailbox of 16 bytes, always of one length."""


def utc_today() -> date:
    """The day it is, for everybody the same."""
    return datetime.now(UTC).date()


class Drop(Flask):
    """A Flask app that writes no line about a visitor: what fails is counted by where it failed."""

    request_class = MemoryRequest

    def __init__(self) -> None:
        super().__init__("intake.drop", static_folder=None, template_folder=None)
        self.config["MAX_CONTENT_LENGTH"] = BODY_LIMIT
        self.url_map.merge_slashes = False
        self.failures: Counter[str] = Counter()
        self.wsgi_app = Sane(self.wsgi_app)  # type: ignore[method-assign]  # Flask's documented way

    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
        *_: Any,
    ) -> None:
        """Count it by its kind and place."""
        self.failures[failed_at(exc_info[0], exc_info[2])] += 1


def create_app(
    config: Config,
    chain: Callable[[], Chain],
    store: Shelf,
    mailboxes: Post,
    uploads: tus.Shelf,
    pages: Callable[[], PageBodies],
    assets: AssetBodies,
    *,
    today: Callable[[], date] = utc_today,
    counters: Counters | None = None,
) -> Drop:
    """The WSGI app. `chain` and `pages` are asked at every request, since a keyring may change while serving."""
    app = Drop()
    counters = counters or Counters()
    buckets = Buckets(config.limits, today, counters)
    buckets.init_app(app)
    toll = Toll(config.limits.calm, counters=counters)
    plain = PlainForm(config.questionnaire, config.words, config.plain_files * 2**20)

    def page(body: Body, status: int = 200) -> Response:
        return _chosen(body, HTML, status)

    def refused(problem: Problem, language: str | None = None) -> Response:
        app.failures[f"{problem.status} {problem.word}"] += 1
        if not _navigates(request):
            return Response(problem.json, problem.status, content_type=CONTENT_TYPE)
        return page(pages().problem(language or addressed(), problem.word), problem.status)

    def addressed() -> str:
        """The language of the address that was asked for, else the operator's."""
        first = request.path.split("/")[1]
        return first if first in pages().languages else pages().default

    def spoken(pairs: Sequence[tuple[str, str]], language: str) -> str:
        """The language that a posted form names, else the one of its page."""
        chosen = next((value for name, value in pairs if name == "language"), "")
        return chosen if chosen in pages().languages else language

    def handed_back(
        problem: Problem, pairs: Sequence[tuple[str, str]], language: str, *, files: bool = False
    ) -> Response:
        """Refused, with all that was written: it is in no other place."""
        ours = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"  # no other site writes in our name
        again = None
        if pairs and ours and _navigates(request):
            again = pages().again(language, problem.word, pairs, files=files)
        if again is None:
            return refused(problem, language)
        app.failures[f"{problem.status} {problem.word}"] += 1
        return Response(again, problem.status, content_type=HTML)

    def busy() -> Response:
        if request.endpoint in (post.__name__, post_in.__name__) and config.plain_form:
            with suppress(Usage):
                pairs, _ = plain.read(request)
                return handed_back(problems.BUSY, pairs, spoken(pairs, addressed()))
        return refused(problems.BUSY)

    def passes() -> bool:
        return toll.arrives(request.headers.get("Work")) is not Passage.DUE

    @app.get("/", provide_automatic_options=False)
    def form() -> Response:
        return page(pages().form(pages().default))

    @app.get("/<language>", provide_automatic_options=False)
    def form_in(language: str) -> Response:
        if language not in pages().languages:
            return refused(problems.NOT_FOUND)
        return page(pages().form(language))

    @app.get("/<language>/call", provide_automatic_options=False)
    def call(language: str) -> Response:
        if language not in pages().languages:
            return refused(problems.NOT_FOUND)
        return page(pages().call(language))

    @app.get("/<language>/return", provide_automatic_options=False)
    def come_back(language: str) -> Response:
        if language not in pages().languages:
            return refused(problems.NOT_FOUND)
        return page(pages().returning(language).page)

    @app.post("/<language>/return", provide_automatic_options=False)
    @buckets.plain
    def came_back(language: str) -> Response:
        if language not in pages().languages:
            return refused(problems.NOT_FOUND)
        if not config.plain_form:
            return refused(problems.PLAIN_FORM_OFF, language)
        try:
            pairs, _ = plain.read(request)
            seen, holder = look(pairs, chain().newest, today(), mailboxes.ask)
            if holder is not None and ("send", "1") in pairs and (given := added(pairs)):
                written = plain.write(given, language, chain().for_sealing(today()), today(), holder)
                keep(written, store, uploads, chain(), today())
                seen = Seen("added")
        except IntakeError as error:
            return refused(_problem(error), language)
        return Response(pages().returning(language).answer(seen), content_type=HTML)

    @app.get("/<language>/carry", provide_automatic_options=False)
    def carry(language: str) -> Response:
        if language not in pages().languages:
            return refused(problems.NOT_FOUND)
        return page(pages().carry(language))

    @app.post("/<language>/carry", provide_automatic_options=False)
    @buckets.carried
    def hand_in(language: str) -> Response:
        if language not in pages().languages:
            return refused(problems.NOT_FOUND)
        try:
            received = receive(plain.brought(request), store, chain(), today())
        except IntakeError as error:
            return refused(_problem(error), language)
        return Response(pages().handed(language, received), content_type=HTML)

    @app.get("/form.html", provide_automatic_options=False)
    def carried() -> Response:
        answer = page(pages().carried(chain().notes[-1]))
        # To be saved, not shown: this server's policy allows no script inside a page.
        answer.headers["Content-Disposition"] = 'attachment; filename="form.html"'
        return answer

    @app.post("/", provide_automatic_options=False)
    @buckets.plain
    def post() -> Response:
        return posted(pages().default)

    @app.post(f"/<any({','.join(map(repr, pages().languages))}):language>", provide_automatic_options=False)
    @buckets.plain
    def post_in(language: str) -> Response:
        return posted(language)

    def posted(language: str) -> Response:
        if not config.plain_form:
            return refused(problems.PLAIN_FORM_OFF, language)
        pairs: Pairs = []
        files: Sequence[object] = ()
        try:
            with plain.turn(request):
                pairs, files = plain.read(request, files=True)
                language = spoken(pairs, language)
                written = plain.write(pairs, language, chain().for_sealing(today()), today(), files=files)
                keep(written, store, uploads, chain(), today())
        except TooManyFiles as error:
            return handed_back(_problem(error), error.pairs, spoken(error.pairs, language), files=True)
        except IntakeError as error:
            return handed_back(_problem(error), pairs, language, files=bool(files))
        # Not packed: how well digits pack would be the one thing that tells codes apart on the wire.
        return Response(pages().received(language, str(written.code)), content_type=HTML)

    @app.put("/reports/<identifier>", provide_automatic_options=False)
    @buckets.reports
    def put(identifier: str) -> Response:
        if not _ID.fullmatch(identifier):
            return refused(problems.NOT_FOUND)
        if not passes():
            return refused(problems.WORK_WANTED)
        claim = request.headers.get("Keyring")
        if claim is not None and not _SERIAL.fullmatch(claim):
            return refused(problems.BAD_REQUEST)
        body = request.get_data(cache=False, parse_form_data=False)
        verdict = judge(body, None if claim is None else int(claim), chain(), today())
        if isinstance(verdict, Refusal):
            return refused(verdict.problem)
        try:
            outcome = store.put(bytes.fromhex(identifier), body, claimed=verdict.claimed, day=today())
        except Full:
            return refused(problems.FULL)
        except Fault:
            return refused(problems.UNAVAILABLE)
        if outcome is Outcome.OTHER:
            return refused(problems.OTHER_BYTES)
        return Response(status=201 if outcome is Outcome.NEW else 200, content_type=NOTE)

    tus.add_routes(app, uploads, chain, buckets, refused, passes, today)

    @app.post("/mailbox", provide_automatic_options=False)
    @buckets.reports
    def mailbox() -> Response:
        wanted = request.get_data(cache=False, parse_form_data=False)
        if len(wanted) != MAILBOX_SIZE:
            return refused(problems.BAD_REQUEST)
        try:
            return Response(mailboxes.ask(wanted), content_type=BYTES)
        except Fault:
            return refused(problems.UNAVAILABLE)

    @app.get("/keyring.note", provide_automatic_options=False)
    def keyring() -> Response:
        return Response(chain().notes[-1], content_type=NOTE)

    @app.get("/keyring/<serial>.note", provide_automatic_options=False)
    def keyring_of(serial: str) -> Response:
        note = chain().note(int(serial)) if _SERIAL.fullmatch(serial) else None
        return refused(problems.NOT_FOUND) if note is None else Response(note, content_type=NOTE)

    @app.get("/challenge", provide_automatic_options=False)
    @buckets.reports
    def challenge() -> Response:
        wanted = toll.challenge()
        return Response(status=204) if wanted is None else Response(wanted, content_type=JSON)

    @app.get(f"{webcat.PREFIX}<name>", provide_automatic_options=False)
    def signed(name: str) -> Response:
        found = config.webcat.files.get(name)
        return refused(problems.NOT_FOUND) if found is None else Response(found, content_type=JSON)

    @app.get(f"{PREFIX}<name>", provide_automatic_options=False)
    def asset(name: str) -> Response:
        found = assets.get(PREFIX + name) or pages().script(PREFIX + name)
        if found is None:
            return refused(problems.NOT_FOUND)
        return _chosen(found.body, found.content_type)

    @app.errorhandler(HTTPException)
    def failed(error: HTTPException) -> Response:
        code = error.code or 500
        if isinstance(error, RateLimitExceeded):
            return busy()
        answer = refused(problems.for_status(code))
        if code == 405 and (allowed := getattr(error, "valid_methods", None)):
            answer.headers["Allow"] = ", ".join(sorted(allowed))
        return answer

    return app


def _problem(error: IntakeError) -> Problem:
    """What a person is told when a plain post could not be sealed and stored."""
    kinds = (
        (Empty, problems.EMPTY),
        (TooManyFiles, problems.FILES_TOO_LARGE),
        (Usage, problems.TOO_LARGE),
        (Closed, problems.CLOSED),
        (Full, problems.FULL),
        (Busy, problems.BUSY),
    )
    return next((problem for kind, problem in kinds if isinstance(error, kind)), problems.UNAVAILABLE)


def _chosen(body: Body, content_type: str, status: int = 200) -> Response:
    content, encoding = body.choose(request.headers.get("Accept-Encoding", ""))
    answer = Response(content, status, content_type=content_type)
    answer.headers["Vary"] = "Accept-Encoding"
    if encoding is not None:
        answer.headers["Content-Encoding"] = encoding
    return answer


def _navigates(asked: Request) -> bool:
    """Whether a person's browser asks for a page: scripts and programs don't say that they take HTML."""
    return asked.method in ("GET", "HEAD", "POST") and "text/html" in asked.headers.get("Accept", "")
