"""Inputs to begin from: what this software writes itself, small, and a few in another spelling."""

from __future__ import annotations

import io
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from intake.drop.checking import Manifest
from intake.drop.unfinished import Upload
from intake.keyring.identity import PrivateFile
from intake.keyring.text import Duty, Retired
from intake.report import ustar
from intake.report.blocks import split
from intake.report.bundle import read_bundle
from intake.report.code import Code
from intake.report.outbox import Acknowledged, OutboxReader
from intake.report.package import ReplyTo
from intake.report.reply import Reply
from intake.review.log import Content, Entity, Head, Pen
from intake.review.preview import pixels
from intake.sealing import HybridIdentity, bech32
from intake.sealing.armor import ArmorWriter
from intake.sealing.header import INTRO, Header, Stanza
from intake.sealing.stream import ChunkWriter, payload_key
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.keys import World
from tests.harness.outboxes import holder, make_outbox
from tests.harness.server import SETTINGS, toml

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

FILE_KEY = bytes(range(16))


@dataclass(frozen=True)
class Scene:
    """Keys, and a drop's app with a store of its own."""

    world: World
    app: WSGIApplication


def header(scene: Scene) -> list[bytes]:
    body = seal_report(make_report(scene.world), scene.world.reviewers)
    return [body[: body.index(b"\n--- ") + 49], bytes(Header.make([Stanza("x", ("a", "b"), b"")], FILE_KEY))]


def sealed(scene: Scene) -> list[bytes]:
    """Stanzas of a stranger and of a reviewer, and a payload under the file key that they wrap."""
    sink, nonce = io.BytesIO(), bytes(16)
    chunks = ChunkWriter(sink, payload_key(FILE_KEY, nonce))
    chunks.write(b"words")
    chunks.finish()
    mine = Header.make(scene.world.reviewers[0].recipient.wrap(FILE_KEY), FILE_KEY).signed
    return [head + b"\n---\n" + nonce + sink.getvalue() for head in (INTRO + b"-> x a\n", mine.removesuffix(b"\n---"))]


def armor(scene: Scene) -> list[bytes]:
    sink = io.BytesIO()
    with ArmorWriter(sink) as writer:
        writer.write(bytes(range(100)))
    return [sink.getvalue(), b" \t\r\n" + sink.getvalue().replace(b"\n", b"\r\n") + b"\n"]


def report(scene: Scene) -> list[bytes]:
    whole = make_report(
        scene.world,
        files=[b"x"],
        in_reply_to="0" * 32,
        reply_to=ReplyTo("0" * 32, str(scene.world.reviewers[0].recipient)),
    )
    return [make_report(scene.world).to_json(), whole.to_json()]


def archive(_: Scene) -> list[bytes]:
    sink = io.BytesIO()
    writer = ustar.Writer(sink)
    writer.add_bytes("report.json", b"{}")
    writer.add_bytes("files/01", bytes(600))
    writer.close()
    return [sink.getvalue(), bytes(1024)]


def bundle(scene: Scene) -> list[bytes]:
    index = read_bundle(io.BytesIO(make_bundle(scene.world, {"0" * 31 + "1": b"abc"}))).index
    return [bytes(index) + b"\nkeyring/1.note\nnote\n\nreports/" + b"0" * 31 + b"1.age\nabc"]


def outbox(scene: Scene) -> list[bytes]:
    acknowledged = [Acknowledged(1, bytes(32)), Acknowledged(2, bytes(32))]
    made = (make_outbox(scene.world), make_outbox(scene.world, acknowledged=acknowledged))
    return [bytes(OutboxReader(io.BytesIO(each)).outbox) for each in made]


def event(scene: Scene) -> list[bytes]:
    pen = Pen(scene.world.reviewer_keys[0], None)
    content = Content("tier", None, "T0")
    entity = Entity("submission", "0" * 32)
    first = pen.write(entity, content, datetime(2026, 11, 23, tzinfo=UTC))
    second = pen.write(entity, content, datetime(2026, 11, 23, tzinfo=UTC), [Head("r2", 3, bytes(32))])
    return [bytes(first.event), bytes(second.event)]


def requests(scene: Scene) -> list[bytes]:
    body = seal_report(make_report(scene.world), scene.world.reviewers)
    identifier = "0" * 31
    metadata = f"report {b64encode(f'{identifier}3'.encode()).decode()}"
    tus = "Tus-Resumable: 1.0.0"
    plain = "account=" + "x" * 40 + "&who.1.name=A&kind=taken&when.year=2026"
    parts = (
        'Content-Disposition: form-data; name="account"\r\n\r\nwords\r\n',
        'Content-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\nabc\r\n',
    )
    multipart = (
        f"POST /en\nContent-Type: multipart/form-data; boundary=x\n\n--x\r\n{parts[0]}--x\r\n{parts[1]}--x--\r\n"
    )
    texts = [
        "GET /",
        "GET /en\nAccept: text/html\nAccept-Language: tg, ru;q=0.5\nAccept-Encoding: gzip",
        "HEAD /form.html\nRange: bytes=0-10\nIf-None-Match: x",
        "GET /keyring/1.note",
        "GET /challenge",
        "OPTIONS /uploads",
        f"POST /uploads\n{tus}\nUpload-Length: {len(body)}\nUpload-Metadata: {metadata}\nKeyring: 1",
        f"HEAD /uploads/{identifier}3\n{tus}",
        f"PATCH /uploads/{identifier}3\n{tus}\nUpload-Offset: 0\nContent-Type: application/offset+octet-stream\n\nabc",
        f"DELETE /uploads/{identifier}3\n{tus}",
        f"POST /en\nContent-Type: application/x-www-form-urlencoded\nAccept: text/html\n\n{plain}",
        multipart,
        "POST /en/return\nContent-Type: application/x-www-form-urlencoded\n\ncode=1234",
        "POST /en/carry\nContent-Type: application/x-www-form-urlencoded\n\ntext=x",
        "POST /mailbox\n\n0123456789abcdef",
    ]
    put = f"PUT /reports/{identifier}1\nKeyring: 1\n\n".encode() + body
    return [*(each.encode() for each in texts), put]


def sockets(scene: Scene) -> list[bytes]:
    return [
        b"GET /en HTTP/1.1\r\nHost: drop.example\r\nAccept: text/html\r\n\r\n",
        b"PUT /reports/" + b"0" * 32 + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nKeyring: 1\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"POST /en HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 5\r\n\r\n--x--",
    ]


def utf8(*texts: str) -> Callable[[Scene], list[bytes]]:
    return lambda _: [each.encode() for each in texts]


def keyring(scene: Scene) -> list[bytes]:
    """As it is, and with a site, a duty and somebody who left."""
    whole = replace(
        scene.world.keyring,
        sites=("https://drop.example",),
        duties=(Duty("duty", str(HybridIdentity.generate().recipient)),),
        retired=(Retired("r9", "12345 12345 12345 12345 12345 12345 12345 12345", scene.world.today),),
    )
    return [bytes(scene.world.keyring), bytes(whole)]


def identities(scene: Scene) -> list[bytes]:
    """An identity as it is written, and as the bytes inside it."""
    mine = str(scene.world.reviewers[0])
    prefix, data = bech32.decode(mine)
    return [
        mine.encode(),
        b"# words\n" + mine.encode() + b"\n",
        prefix.encode() + b" " + data,
        b"AGE-SECRET-KEY- " + data,
    ]


def private(scene: Scene) -> list[bytes]:
    """A root's file, and a reviewer's."""
    key = scene.world.reviewer_keys[0]
    return [bytes(PrivateFile(scene.world.roots[0])), bytes(PrivateFile(key, scene.world.reviewers[:1]))]


def index(scene: Scene) -> list[bytes]:
    """The text of a bundle's index."""
    return [each.partition(b"\n\n")[0] + b"\n" for each in bundle(scene)]


def package(scene: Scene) -> list[bytes]:
    """Reports, and the bytes of a file."""
    return [report(scene)[0], report(scene)[1] + b"\n\nx"]


def reply(scene: Scene) -> list[bytes]:
    """An answer of two lines."""
    return [
        bytes(Reply(scene.world.origin, holder(scene.world, 1).mailbox, 7, scene.world.today, "We have it.\nБале."))
    ]


def blocks(_: Scene) -> list[bytes]:
    """A file in one block, and one in three with chatter."""
    three = split(bytes(6000))
    return [split(b"abc")[0].encode(), ("hello " + three[2] + "\n> " + three[0] + three[1]).encode()]


def manifest(_: Scene) -> list[bytes]:
    """The list of two pages."""
    return [bytes(Manifest({"/en": bytes(32), "/404": bytes(32)}, "/en", "1"))]


def code(_: Scene) -> list[bytes]:
    """One that is right, in two kinds of digits."""
    right = str(Code.draw(bytes))
    return [right.encode(), "".join(chr(ord("۰") + int(c)) if c.isdigit() else c for c in right).encode(), b"1234"]


def settings(_: Scene) -> list[bytes]:
    """All of them."""
    return [toml({**SETTINGS, "keyring": "keyring.note", "data": "data", "root": ["0" * 40]}).encode()]


def texts(*given: str | bytes) -> Callable[[Scene], list[bytes]]:
    """These."""
    return lambda _: [each.encode() if isinstance(each, str) else each for each in given]


FORMS = (
    "account=words&who.1.name=A&who.1.age=30&who.1.other=B,C&who.more=D%0AE&kind=taken&kind=missing&other_names=F",
    "when.year=2026&when.month=11&when.day=3&removal_when.time=8:30&removal_when.date=1.2.2026&where.id=khorog&x.1=1",
    "held_places.1.place.text=y&held_places.1.from.year=2022&birth_year.age=30&victims_count=3&decision_last.date=2022",
)
QUESTIONS = """format = "amonat/questionnaire/1"
name = "a"
version = "1"
[[sections]]
id = "first"
[[fields]]
id = "kind"
section = "first"
layer = 1
type = "multi"
choices = "@kinds"
question = "Which?"
[[fields]]
id = "account"
section = "first"
layer = 2
type = "longtext"
question = "What?"
show_if = "kind:taken"
required = "account_or_files"
[lists.kinds]
taken = "Taken"
"""
PLACES = """id,type,parent,en,tg,ru,aliases,cert,from,to,note
gbao,region,,G,Г,Г,A|B,A,,,
khorog,city,gbao,K,Х,Х,C,A,1932,,
"""
BACKUPS = "amonat/backup/1\nkey 12345-12345-12345-12345-12345-12345-12345-12345\nset 12345 2 3 2026-11-23\n"
LOCKS = json.dumps(
    {
        "format": "amonat/vault/1",
        "vault": "0" * 32,
        "locks": [{"salt": b64encode(bytes(16)).decode(), "operations": 3, "memory": 8192, "check": "A" * 22 + "=="}],
    }
)
UPLOAD = bytes(Upload(9, 3, date(2026, 11, 23), 1, 3))
PICTURE = pixels.HEAD.pack(pixels.MAGIC, 1, 2, 2, 3, 0) + bytes(12) + pixels.HEAD.pack(pixels.MAGIC, 0, 1, 0, 0, 0)
CONTENTS = (
    '{"field":"tier","old":null,"new":"T0"}',
    '{"field":"a/b","old":[1],"new":{},"undoes":"' + "A" * 43 + '="}',
)
FORM_NOTE = "amonat/form/1\norigin drop.example\nkeyring 1\nsize 9\nsha256 " + "a" * 64 + "\n"
