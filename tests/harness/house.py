"""The app in one process with a store in memory, and forms as browsers send them."""

import io
import json
from dataclasses import dataclass, field
from datetime import date

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from intake.drop.app import Drop, create_app
from intake.drop.assets import Assets
from intake.drop.config import Config
from intake.drop.entering import Outcome
from intake.drop.folder import DataFolder
from intake.drop.parts import FolderParts, count
from intake.drop.shelf import PageShelf
from intake.drop.store import Entry
from intake.drop.uploads import Uploads
from intake.errors import Fault
from intake.report.package import Report, read_package
from intake.sealing import open_bytes
from tests.harness.keys import TODAY, World

HTML = {"Accept": "text/html,application/xhtml+xml"}
FORM = "application/x-www-form-urlencoded"


@dataclass
class Shelf:
    """A store in memory, which can be full or broken."""

    held: dict[bytes, bytes] = field(default_factory=dict)
    error: Exception | None = None
    sizes: dict[bytes, int] = field(default_factory=dict)

    def put(self, identifier: bytes, body: bytes, *, claimed: int | None, day: date) -> Outcome:
        if self.error:
            raise self.error
        if identifier not in self.held:
            self.held[identifier] = body
            return Outcome.NEW
        return Outcome.SAME if self.held[identifier] == body else Outcome.OTHER

    def entry(self, identifier: bytes) -> Entry | None:
        if identifier not in self.held:
            return None
        return Entry(identifier, TODAY, len(self.held[identifier]), b"", None, carried=False)

    def put_parts(
        self, identifier: bytes, size: int, sha256: bytes, *, claimed: int | None, day: date, place: bytes = b""
    ) -> Outcome:
        if self.error:
            raise self.error
        self.held[identifier] = b""
        self.sizes[identifier] = size
        return Outcome.NEW

    def claim(self, day: date) -> bytes:
        return b""

    def release(self, place: bytes) -> None: ...

    def forsake(self, day: date) -> None: ...

    def keeps(self, place: bytes) -> bool:
        return place in self.held


@dataclass
class Post:
    """Mailboxes in memory."""

    held: dict[bytes, bytes] = field(default_factory=dict)

    def ask(self, mailbox: bytes) -> bytes:
        if mailbox == b"broken mailbox!!":
            raise Fault("broken")
        return self.held.get(mailbox, b"\0" * 100)


@dataclass
class House:
    """An app with everything around it that a test may turn."""

    world: World
    config: Config
    shelf: Shelf = field(default_factory=Shelf)
    post: Post = field(default_factory=Post)
    today: date = TODAY

    @property
    def app(self) -> Drop:
        chain = self.world.chain()
        assets = Assets.load()
        pages = PageShelf(self.config, assets, chain)
        folder = DataFolder(self.config.data)
        uploads = Uploads(folder, FolderParts(folder.parts), self.shelf, reserve=0)
        return create_app(
            self.config, lambda: chain, self.shelf, self.post, uploads, pages, assets, today=lambda: self.today
        )

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()


def word(answer: TestResponse) -> str:
    assert answer.content_type == "application/problem+json"
    problem = json.loads(answer.data)
    assert problem["status"] == answer.status_code
    assert set(problem) == {"type", "title", "status"}
    return str(problem["type"]).removeprefix("urn:amonat:")


def opened(house: House, index: int = -1) -> Report:
    """The report stored last, as a reviewer opens it."""
    identifier, body = list(house.shelf.held.items())[index]
    report = read_package(io.BytesIO(open_bytes(body, house.world.reviewers[:1]))).report
    assert bytes.fromhex(report.id) == identifier
    return report


def unpacked(house: House) -> tuple[Report, list[bytes]]:
    """The one report that is held, whole, with its attachments."""
    ((identifier, body),) = house.shelf.held.items()
    if not body:
        parts = FolderParts(house.config.data / "parts")
        body = b"".join(parts.get(identifier, number) for number in range(count(house.shelf.sizes[identifier])))
    package = read_package(io.BytesIO(open_bytes(body, house.world.reviewers[:1])))
    return package.report, [stream.read() for _, stream in package]


def multipart(fields: dict[str, str]) -> bytes:
    """As a browser sends it. Werkzeug's own client writes large ones to a temporary file."""
    parts = (f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
    return ("".join(parts) + "--b--\r\n").encode()


MULTIPART = "multipart/form-data; boundary=b"


def with_files(*files: bytes, field: str = "files", kind: str = "image/jpeg", **fields: str) -> bytes:
    """A form as a browser sends it, with files; an empty input sends a part without name and bytes."""
    pieces = [multipart(fields).removesuffix(b"--b--\r\n")]
    for content in files or (b"",):
        name = "IMG_2231 Khorog.jpg" if content else ""
        head = (
            f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: {kind}\r\n\r\n'
        )
        pieces += [head.encode(), content, b"\r\n"]
    return b"".join([*pieces, b"--b--\r\n"])
