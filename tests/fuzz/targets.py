"""What is fuzzed: each parser of bytes from strangers, with inputs to begin from and what must hold of any other.

A target takes bytes. Either they are refused by an error of the one tree (`intake.errors`), or they were understood and
what must hold then holds: most formats have one spelling, so what was read is written back byte for byte. Anything else
that comes out (another exception, a difference, an answer that takes seconds) is a finding.

Signatures and checksums would keep every change out of what they guard. So where a parser stands behind them, the bytes
are what was signed, and the target signs.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from intake.drop import arrival, checking, config, unfinished
from intake.drop.config import Limits
from intake.drop.headers import CSP
from intake.errors import IntakeError
from intake.keyring import backups, card, form, identity, note, text, trust
from intake.locale import packaged_questionnaire
from intake.report import (
    answers,
    blocks,
    bundle,
    code,
    dates,
    document,
    filenames,
    outbox,
    package,
    places,
    reply,
    ustar,
)
from intake.report import questionnaire as questions
from intake.review import log, triage, unlocking
from intake.review.preview import pixels
from intake.sealing import armor, bech32, header, identities, sealed
from tests.fuzz import seeds
from tests.fuzz.seeds import Scene
from tests.harness.keys import make_world
from tests.harness.site import made_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Flask

_ADJUSTED = arrival.Adjusted.to(arrival.Bounds())
ANSWERED = {
    200,
    201,
    204,
    400,
    403,
    404,
    405,
    406,
    408,
    409,
    410,
    411,
    412,
    413,
    414,
    415,
    422,
    423,
    429,
    431,
    460,
    507,
}
"""Every status that the drop may give to what a stranger sends: a fault (500) or being at a loss (501) is a finding."""


@dataclass(frozen=True)
class Target:
    """One parser. `weight`: its part of all executions, which is less where each of them takes longer."""

    name: str
    seeds: Callable[[Scene], Sequence[bytes]]
    run: Callable[[Scene, bytes], None]
    weight: int = 10

    def take(self, scene: Scene, data: bytes) -> bool:
        """Whether it was understood. Raises whatever is a finding."""
        try:
            self.run(scene, data)
        except IntakeError as error:
            if not str(error):
                raise AssertionError("an error without words") from error
            return False
        return True


def make_scene(folder: Path) -> Scene:
    """A scene that lies in `folder`. Its app is made when it is first asked: a store's threads don't pass a fork."""
    made: list[Flask] = []
    open_ones = ExitStack()  # for as long as the process lives

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not made:
            limits = Limits(reports="", plain="", source="", calm="")
            site = open_ones.enter_context(made_app(folder / "site", limits=limits))
            site.app.config["PROPAGATE_EXCEPTIONS"] = True  # what would be a 500 is seen as what it was
            made.append(site.app)
        return made[0](environ, start_response)

    return Scene(make_world(folder / "world", today=datetime.now(UTC).date()), app)


def _same(found: object, data: bytes) -> None:
    assert bytes(found) == data, "it is written otherwise than it was read"  # type: ignore[call-overload]


def _header(_: Scene, data: bytes) -> None:
    stream = io.BytesIO(data)
    found = header.Header.parse(stream)
    _same(found, data[: stream.tell()])


def _sealed(scene: Scene, data: bytes) -> None:
    """The stanzas of a header that whoever wrote them also signed; then whatever payload."""
    head, _, payload = data.partition(b"\n---\n")
    body = header.Header.make(header.Header.parse(head + b"\n--- " + b"A" * 43 + b"\n").stanzas, seeds.FILE_KEY)
    found = set()
    with suppress(IntakeError):
        found.add(sealed.open_with_file_key(io.BytesIO(bytes(body) + payload), seeds.FILE_KEY).read())
    with suppress(IntakeError):
        found.add(sealed.open_bytes(bytes(body) + payload, scene.world.reviewers[:1]))
    assert len(found) < 2, "two keys open it to different words"


def _armor(_: Scene, data: bytes) -> None:
    armor.dearmor(io.BytesIO(data)).read()


def _identities(_: Scene, data: bytes) -> None:
    """A file's text; or a prefix, a space, and the bytes to stand behind it, with a checksum that fits."""
    prefix, space, content = data.partition(b" ")
    if space and prefix.isascii() and prefix.isupper():
        data = bech32.encode(prefix.decode(), content).encode()
    text = data.decode(errors="replace")
    for each in identities.parse_identities(text):
        assert str(each) in text


def _note(_: Scene, data: bytes) -> None:
    found = note.SignedNote.parse(data)
    _same(found, data)
    found.signers([])


def _keyring(scene: Scene, data: bytes) -> None:
    found = text.Keyring.parse(data)
    _same(found, data)
    found.warnings(scene.world.today)
    signed = bytes(note.SignedNote.sign(data, *scene.world.roots))
    trust.verify_chain([signed], roots=scene.world.typed, pin=None, today=scene.world.today)


def _card(scene: Scene, data: bytes) -> None:
    found = card.Card.parse(bytes(note.SignedNote.sign(data, scene.world.reviewer_keys[0])))
    _same(found, data)


def _private(_: Scene, data: bytes) -> None:
    found = identity.PrivateFile.parse(data)
    assert identity.PrivateFile.parse(bytes(found)) == found


def _ustar(_: Scene, data: bytes) -> None:
    """The archive is written again: nothing of it was passed over."""
    reader, sink = ustar.Reader(io.BytesIO(data)), io.BytesIO()
    writer = ustar.Writer(sink)
    while (member := reader.next()) is not None:
        content = io.BufferedReader(member).read()
        writer.add_bytes(member.name, content)
    reader.finish()
    writer.close(len(data))
    _same(sink.getvalue(), data)


def _report(_: Scene, data: bytes) -> None:
    found = package.Report.parse(data)
    assert package.Report.parse(found.to_json()) == found
    for entry in found.files:
        filenames.tricks(entry.name)


def _package(_: Scene, data: bytes) -> None:
    """report.json up to the first empty line; the files' bytes behind it."""
    told, _gap, content = data.partition(b"\n\n")
    sink = io.BytesIO()
    writer = ustar.Writer(sink)
    writer.add_bytes("report.json", told)
    for number, piece in enumerate(content.split(b"\n\n") if content else (), 1):
        writer.add_bytes(package.member_name(number), piece)
    writer.close()
    for entry, stream in package.read_package(io.BytesIO(sink.getvalue())):
        assert len(stream.read()) == entry.size


def _index(_: Scene, data: bytes) -> None:
    _same(bundle.Index.parse(data), data)


def _bundle(scene: Scene, data: bytes) -> None:
    """The index up to an empty line, then members: name, newline, bytes, each ended by an empty line."""
    index, _, rest = data.partition(b"\n\n")
    sink = io.BytesIO()
    writer = ustar.Writer(sink)
    writer.add_bytes("index.note", bytes(note.SignedNote.sign(index + b"\n", scene.world.drop_key)))
    for each in rest.split(b"\n\n"):
        name, _, content = each.partition(b"\n")
        try:
            writer.add_bytes(name.decode("ascii", "replace"), scene.world.note if content == b"note" else content)
        except ValueError:
            return
    writer.close()
    reader = bundle.read_bundle(io.BytesIO(sink.getvalue()))
    for _entry, stream in reader:
        stream.read()


def _outbox(_: Scene, data: bytes) -> None:
    _same(outbox.Outbox.parse(data), data)


def _reply(_: Scene, data: bytes) -> None:
    _same(reply.Reply.parse(data), data)


def _blocks(_: Scene, data: bytes) -> None:
    typed = data.decode(errors="replace")
    found = blocks.gather([typed], limit=50)
    blocks.look(typed)
    for each in found.files:
        assert blocks.gather([" ".join(blocks.split(each))]).files == (each,)


def _code(_: Scene, data: bytes) -> None:
    found = code.Code.parse(data.decode(errors="replace"))
    assert len(found.digits) == 24
    assert code.Code.parse(str(found)) == found


def _answers(_: Scene, data: bytes) -> None:
    pairs = parse_qsl(data.decode(errors="replace"), keep_blank_values=True, errors="replace", max_num_fields=500)
    found = answers.from_form(packaged_questionnaire(), pairs)
    assert document.parse(document.dump(found), "answers") == found


def _date(_: Scene, data: bytes) -> None:
    found = dates.read(data.decode(errors="replace"))
    assert dates.read(found) == found


def _questionnaire(_: Scene, data: bytes) -> None:
    found = questions.Questionnaire.parse(data)
    found.opened({})
    found.messages()


def _places(_: Scene, data: bytes) -> None:
    found = places.Gazetteer.parse(data)
    found.suggestions("en")
    found.find("Хоруғ")


def _pin(_: Scene, data: bytes) -> None:
    _same(trust.Pin.parse(data), data)


def _backups(_: Scene, data: bytes) -> None:
    _same(backups.Backups.parse(data), data)


def _form_note(_: Scene, data: bytes) -> None:
    _same(form.FormNote.parse(data), data)


def _event(_: Scene, data: bytes) -> None:
    _same(log.Event.parse(data), data)


def _content(_: Scene, data: bytes) -> None:
    found = log.Content.parse(data)
    assert log.Content.parse(bytes(found)) == found


def _locks(_: Scene, data: bytes) -> None:
    found = unlocking.Locks.parse(data)
    assert unlocking.Locks.parse(bytes(found)) == found


def _upload(_: Scene, data: bytes) -> None:
    found = unfinished.Upload.parse(data)
    assert unfinished.Upload.parse(bytes(found)) == found
    assert found.expires > date.min


def _manifest(_: Scene, data: bytes) -> None:
    found = checking.Manifest.parse(data)
    assert checking.Manifest.parse(bytes(found)) == found


def _pixels(_: Scene, data: bytes) -> None:
    shown, end = pixels.read(io.BytesIO(data).read, 5)
    assert len(shown) <= 5
    assert end.kind in pixels.KINDS


def _readings(_: Scene, data: bytes) -> None:
    try:
        found = triage.Readings.parse(data.decode(errors="replace"))
    except ValueError:  # said to be so
        return
    assert triage.Readings.parse(str(found)) == found


def _settings(_: Scene, data: bytes) -> None:
    config.load({}, {}, data, read=lambda _: b"")


def _request(_: Scene, data: bytes) -> None:
    """Bytes from a socket, as waitress's parser and ours take them, in pieces."""
    parser = arrival.Parser(_ADJUSTED)
    while data and not parser.completed and not parser.error:
        taken = parser.received(data[:700])
        data = data[taken:] if taken else b""
    if parser.body_rcv is not None:
        parser.get_body_stream().read()
    parser.close()


def _http(scene: Scene, data: bytes) -> None:
    """A request line, headers, an empty line and a body, to the whole app."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    method, _, target = first.partition(" ")
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "".join(filter(str.isalpha, method)).upper()[:12] or "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/" + path.lstrip("/"),
        "QUERY_STRING": query,
        "SERVER_NAME": "drop.example",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.strip().upper().replace("-", "_")
        if colon and name not in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
            environ[name if name == "CONTENT_TYPE" else f"HTTP_{name}"] = value.strip()
    answered: list[tuple[int, dict[str, str]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[[bytes], object]:
        answered.append((int(status[:3]), dict(headers)))
        return lambda _: None

    parts = scene.app(environ, start_response)
    said = b"".join(parts)
    close = getattr(parts, "close", None)
    if close is not None:
        close()
    status, headers = answered[-1]
    assert status in ANSWERED, f"{status} to {first!r}"
    assert headers["Content-Security-Policy"] == CSP
    assert headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in headers
    assert environ["wsgi.errors"].getvalue() == "", "something was written to a log"
    if environ["REQUEST_METHOD"] != "HEAD" and status != 204 and "Content-Length" in headers:
        assert int(headers["Content-Length"]) == len(said)


TARGETS = (
    Target("age header", seeds.header, _header, 20),
    Target("sealed file", seeds.sealed, _sealed, 2),
    Target("armor", seeds.armor, _armor, 30),
    Target("identities", seeds.identities, _identities, 5),
    Target("note", lambda scene: [scene.world.note, *scene.world.cards()], _note, 20),
    Target("keyring", seeds.keyring, _keyring, 3),
    Target("card", lambda scene: [note.SignedNote.parse(each).text for each in scene.world.cards()], _card, 3),
    Target("private file", seeds.private, _private, 5),
    Target("pin", lambda scene: [bytes(scene.world.pin)], _pin),
    Target("sheets", seeds.texts(seeds.BACKUPS), _backups),
    Target("form's note", seeds.texts(seeds.FORM_NOTE), _form_note),
    Target("tar", seeds.archive, _ustar, 30),
    Target("report", seeds.report, _report),
    Target("package", seeds.package, _package),
    Target("index", seeds.index, _index, 20),
    Target("bundle", seeds.bundle, _bundle, 5),
    Target("outbox", seeds.outbox, _outbox),
    Target("answer", seeds.reply, _reply),
    Target("text blocks", seeds.blocks, _blocks, 20),
    Target("code", seeds.code, _code, 30),
    Target("answers", seeds.texts(*seeds.FORMS), _answers, 5),
    Target("dates", seeds.texts("2022", "2022-05", "31.12.2021", "2022-05-01"), _date, 60),
    Target("questionnaire", seeds.texts(seeds.QUESTIONS), _questionnaire, 2),
    Target("places", seeds.texts(seeds.PLACES), _places, 3),
    Target("event", seeds.event, _event),
    Target("event's content", seeds.texts(*seeds.CONTENTS), _content, 20),
    Target("vault.json", seeds.texts(seeds.LOCKS), _locks, 20),
    Target("upload's state", seeds.texts(seeds.UPLOAD), _upload, 20),
    Target("manifest", seeds.manifest, _manifest),
    Target("pixels", seeds.texts(seeds.PICTURE), _pixels, 40),
    Target("reading times", seeds.texts("mon 18:00, thu 18:00", "daily 06:30"), _readings, 40),
    Target("settings", seeds.settings, _settings, 1),
    Target("socket", seeds.sockets, _request, 20),
    Target("http", seeds.requests, _http, 3),
)
