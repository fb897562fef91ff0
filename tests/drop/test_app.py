"""The routes in one process: every status with its word, every answer with its headers."""

import gzip
import io
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from altcha import Payload, solve_challenge
from altcha.v2 import Challenge
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from intake.drop.acceptance import BODY_LIMIT
from intake.drop.app import Drop, create_app
from intake.drop.assets import Assets
from intake.drop.config import Config, Limits, load
from intake.drop.folder import DataFolder
from intake.drop.headers import CSP, FIXED
from intake.drop.parts import FolderParts, Full, count
from intake.drop.plain import WAITING, PlainForm
from intake.drop.service import PageShelf
from intake.drop.store import Entry, Outcome
from intake.drop.uploads import Uploads
from intake.errors import Fault
from intake.report.package import Report, read_package
from intake.report.sizes import CLASSES, sealed_size
from intake.sealing import open_bytes
from tests.harness.bundles import make_report, seal_report
from tests.harness.installation import LANGUAGES
from tests.harness.keys import TODAY, World, make_world
from tests.harness.server import SETTINGS, toml

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


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def config(world: World) -> Config:
    flags = {"data": world.folder, "keyring": world.folder / "keyring.note", "root": world.fingerprints}
    return load(flags, {}, toml(SETTINGS).encode())


@pytest.fixture
def house(world: World, config: Config) -> House:
    return House(world, config)


@pytest.fixture
def sealed(world: World) -> bytes:
    return seal_report(make_report(world), world.reviewers)


def word(answer: TestResponse) -> str:
    assert answer.content_type == "application/problem+json"
    problem = json.loads(answer.data)
    assert problem["status"] == answer.status_code
    assert set(problem) == {"type", "title", "status"}
    return str(problem["type"]).removeprefix("urn:amonat:")


REPORT = "/reports/" + "0" * 31 + "1"


def test_a_put_is_new_then_the_same_and_others_clash(house: House, sealed: bytes) -> None:
    client = house.client
    other = seal_report(make_report(house.world), house.world.reviewers)
    assert [client.put(REPORT, data=sealed, headers={"Keyring": "1"}).status_code for _ in range(2)] == [201, 200]
    clash = client.put(REPORT, data=other)
    assert (clash.status_code, word(clash)) == (409, "other-bytes")
    assert house.shelf.held == {bytes.fromhex(REPORT[9:]): sealed}


def test_beyond_calm_a_report_brings_work(house: House, sealed: bytes) -> None:
    client = House(house.world, replace(house.config, limits=Limits(calm="1/hour"))).client
    assert client.get("/challenge").status_code == 204
    assert client.put(REPORT, data=sealed).status_code == 201
    while (refused := client.put(REPORT, data=sealed)).status_code == 200:
        pass
    assert (refused.status_code, word(refused)) == (429, "work-wanted")
    asked = client.get("/challenge")
    assert (asked.status_code, asked.content_type) == (200, "application/json")
    challenge = Challenge.from_dict(json.loads(asked.data))
    solution = solve_challenge(challenge)
    assert solution is not None
    work = {"Work": Payload(challenge, solution).to_base64()}
    assert client.put(REPORT, data=sealed, headers=work).status_code == 200
    assert word(client.put(REPORT, data=sealed, headers=work)) == "work-wanted"
    begins = {"Tus-Resumable": "1.0.0", "Upload-Length": "1", "Upload-Metadata": "report x"}
    assert word(client.post("/uploads", headers=begins)) == "work-wanted"


def test_refusals(house: House, sealed: bytes) -> None:
    client = house.client
    later = House(house.world.next(), house.config).client
    closed = House(house.world, house.config, today=TODAY + timedelta(days=365)).client
    full = House(house.world, house.config, Shelf(error=Full("no room"))).client
    broken = House(house.world, house.config, Shelf(error=Fault("no disk"))).client
    limited = House(house.world, replace(house.config, limits=Limits(reports="0/minute"))).client
    large = bytes(sealed_size(40, CLASSES[-1]) + 100_000)
    claim = {"Keyring": "1"}
    for asked, path, body, headers, status, expected in (
        (client, REPORT, b"who: my brother", {}, 422, "not-sealed"),
        (client, REPORT, b"", {}, 422, "not-sealed"),
        (client, REPORT, sealed, {"Keyring": "one"}, 400, "bad-request"),
        (client, REPORT, sealed, {"Keyring": "0"}, 400, "bad-request"),
        (client, REPORT, sealed, {"Keyring": "9" * 30}, 400, "bad-request"),
        (client, REPORT, large, {}, 413, "too-large"),
        (client, "/reports/1", sealed, {}, 404, "not-found"),
        (client, REPORT.replace("1", "A"), sealed, {}, 404, "not-found"),
        (later, REPORT, sealed, claim, 409, "seal-again"),
        (closed, REPORT, sealed, claim, 410, "closed"),
        (full, REPORT, sealed, claim, 507, "full"),
        (broken, REPORT, sealed, claim, 503, "unavailable"),
        (limited, REPORT, sealed, claim, 429, "busy"),
    ):
        answer = asked.put(path, data=body, headers=headers)
        assert (answer.status_code, word(answer)) == (status, expected)
    assert house.shelf.held == {}


def test_the_keyrings_are_served(house: House) -> None:
    later = house.world.next()
    client = House(later, house.config).client
    assert client.get("/keyring.note").data == later.note
    assert [client.get(f"/keyring/{n}.note").data for n in (1, 2)] == list(later.notes)
    for path in ("/keyring/3.note", "/keyring/0.note", "/keyring/01.note", "/keyring/x.note"):
        assert client.get(path).status_code == 404


def test_the_form_in_each_language_and_encoding(house: House) -> None:
    client = house.client
    assert client.get("/").data == client.get(f"/{LANGUAGES[0]}").data
    for language in LANGUAGES:
        plain, packed = client.get(f"/{language}"), client.get(f"/{language}", headers={"Accept-Encoding": "gzip, br"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(packed.data) == plain.data
        assert f'lang="{language}"'.encode() in plain.data
    assert client.get("/xx").status_code == 404


def test_every_asset_that_the_form_names_is_served(house: House) -> None:
    client = house.client
    assets = Assets.load()
    for name in ("page.js", "seal.js", "later.js", "style.css"):
        answer = client.get(assets[name], headers={"Accept-Encoding": "br"})
        assert answer.status_code == 200
        assert answer.headers["Content-Encoding"] == "br"
        assert "charset=utf-8" in str(answer.content_type)
    assert client.get("/a/page.js").status_code == 404
    assert client.get("/a/../config.py").status_code == 404


def opened(house: House, index: int = -1) -> Report:
    """The report stored last, as a reviewer opens it."""
    identifier, body = list(house.shelf.held.items())[index]
    report = read_package(io.BytesIO(open_bytes(body, house.world.reviewers[:1]))).report
    assert bytes.fromhex(report.id) == identifier
    return report


@pytest.mark.parametrize("packed", [False, True])
def test_a_plain_report_is_sealed_here(house: House, packed: bool) -> None:
    fields = {"language": "tg", "account": "Ӯро дар Хоруғ бурданд", "who.1.name": "Зарина Иноятзода"}
    data, kind = (multipart(fields), MULTIPART) if packed else (fields, FORM)
    answer = house.client.post("/", data=data, content_type=kind, headers=HTML)
    assert answer.status_code == 200
    assert 'lang="tg"' in answer.text
    report = opened(house)
    assert (report.sealed_by, report.language, report.keyring, report.day) == ("server", "tg", 1, TODAY)
    assert report.answers["account"] == fields["account"]
    assert report.answers["who"] == [{"name": "Зарина Иноятзода"}]
    page = house.client.get("/tg").text
    assert f'data-sha256="{report.questionnaire.sha256}"' in page


def test_a_plain_report_in_no_known_language_is_taken_in_the_first(house: House) -> None:
    assert house.client.post("/", data={"language": "xx", "account": "a"}).status_code == 200
    assert opened(house).language == LANGUAGES[0]


def multipart(fields: dict[str, str]) -> bytes:
    """As a browser sends it. Werkzeug's own client writes large ones to a temporary file."""
    parts = (f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
    return ("".join(parts) + "--b--\r\n").encode()


MULTIPART = "multipart/form-data; boundary=b"


def test_a_part_without_a_name_hurts_nobody(house: House) -> None:
    """No browser sends one; found by fuzzing."""
    body = multipart({"account": "words"}).removesuffix(b"--b--\r\n")
    body += b"--b\r\nContent-Disposition: form-data\r\n\r\nnobody's\r\n--b--\r\n"
    assert house.client.post("/", data=body, content_type=MULTIPART, headers=HTML).status_code == 200
    assert opened(house).answers == {"account": "words"}


def test_plain_posts_that_are_refused(house: House) -> None:
    world, config = house.world, house.config
    closed = House(world, config, today=TODAY + timedelta(days=365)).client
    full = House(world, config, Shelf(error=Full("no room"))).client
    broken = House(world, config, Shelf(error=Fault("no disk"))).client
    off = House(world, replace(config, plain_form=False)).client
    limited = House(world, replace(config, limits=Limits(plain="0/minute"))).client
    client = house.client
    account = {"account": "a", "language": "ru"}
    many = {f"f{n}": "x" for n in range(2100)}
    long = {"account": "x" * 1_200_000}
    for asked, data, kind, status, expected in (
        (closed, account, FORM, 410, "closed"),
        (full, account, FORM, 507, "full"),
        (broken, account, FORM, 503, "unavailable"),
        (off, account, FORM, 403, "plain-form-off"),
        (limited, account, FORM, 429, "busy"),
        (client, {"account": "x" * 100_001}, FORM, 413, "too-large"),
        (client, long, FORM, 413, "too-large"),
        (client, multipart(long), MULTIPART, 413, "too-large"),
        (client, many, FORM, 413, "too-large"),
        (client, multipart(many), MULTIPART, 413, "too-large"),
        (client, {f"f{n}": "x" * 90_000 for n in range(12)}, FORM, 413, "too-large"),
    ):
        answer = asked.post("/", data=data, content_type=kind)
        assert (answer.status_code, word(answer)) == (status, expected)
        page = asked.post("/", data=data, content_type=kind, headers=HTML)
        assert page.status_code == status
        assert page.content_type.startswith("text/html")
        assert "my brother" not in page.text
    assert house.shelf.held == {}


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


@pytest.mark.parametrize("sizes", [(1,), (70_000, 5), (2**20, 2**20 + 1), (8 * 2**20,)])
def test_files_come_along_without_scripts(house: House, sizes: tuple[int, ...], tmp_path: Path) -> None:
    """Small ones in the row, larger ones in parts: the same report, with no name and nothing cleaned."""
    config = replace(house.config, data=tmp_path)
    house = House(house.world, config, Shelf())
    files = [os.urandom(size) for size in sizes]
    data = with_files(*files, account="a", files="77")
    answer = house.client.post("/ru", data=data, content_type=MULTIPART, headers=HTML)
    assert (answer.status_code, 'lang="ru"' in answer.text) == (200, True)
    package, contents = unpacked(house)
    assert [file.size for file in package.files] == list(sizes)
    assert {(file.name, file.type, file.cleaned) for file in package.files} == {("", "image/jpeg", False)}
    assert package.answers == {"account": "a", "files": list(range(1, len(sizes) + 1))}
    assert contents == files
    assert (package.sealed_by, package.language) == ("server", "ru")
    assert list((tmp_path / "uploads").glob("*")) == []


def unpacked(house: House) -> tuple[Report, list[bytes]]:
    """The one report that is held, whole, with its attachments."""
    ((identifier, body),) = house.shelf.held.items()
    if not body:
        parts = FolderParts(house.config.data / "parts")
        body = b"".join(parts.get(identifier, number) for number in range(count(house.shelf.sizes[identifier])))
    package = read_package(io.BytesIO(open_bytes(body, house.world.reviewers[:1])))
    return package.report, [stream.read() for _, stream in package]


def test_an_input_that_was_left_empty_is_no_file(house: House) -> None:
    assert house.client.post("/", data=with_files(account="a"), content_type=MULTIPART).status_code == 200
    assert opened(house).files == ()


def test_files_that_are_too_large_are_refused_in_the_witness_language(house: House, tmp_path: Path) -> None:
    small = replace(house.config, plain_files=1, data=tmp_path)
    none = replace(house.config, plain_files=0)
    for config, data in (
        (small, with_files(bytes(2**20 + 1))),
        (small, with_files(bytes(2**19), bytes(2**19), b"x")),
        (small, with_files(bytes(3 * 2**20))),
        (small, with_files(*[b"x"] * 100)),
        (none, with_files(b"x")),
    ):
        house = House(house.world, config, Shelf())
        answer = house.client.post("/tg", data=data, content_type=MULTIPART, headers=HTML)
        assert (answer.status_code, 'lang="tg"' in answer.text) == (413, True)
        assert "Файлҳо хеле калонанд" in answer.text
        assert word(house.client.post("/", data=data, content_type=MULTIPART)) == "files-too-large"
        assert house.shelf.held == {}
    page = House(house.world, none).client.get("/en").text
    assert ('type="file"' in page, "with JavaScript on" in page) == (False, True)


@pytest.mark.parametrize("kind", ["", "text/html; x", "IMAGE/JPEG", "../../etc", "a/" + "b" * 200])
def test_a_type_that_is_none_is_left_out(house: House, kind: str) -> None:
    data = with_files(b"x", kind=kind)
    assert house.client.post("/", data=data, content_type=MULTIPART).status_code == 200
    assert opened(house).files[0].type in {"", "text/html", "image/jpeg"}


def test_a_store_that_fails_keeps_nothing_of_the_files(house: House, tmp_path: Path) -> None:
    config = replace(house.config, data=tmp_path)
    for error, status, expected in ((Full("no room"), 507, "full"), (Fault("no disk"), 503, "unavailable")):
        broken = House(house.world, config, Shelf(error=error))
        answer = broken.client.post("/", data=with_files(bytes(3 * 2**20)), content_type=MULTIPART)
        assert (answer.status_code, word(answer)) == (status, expected)
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_posts_with_files_are_sealed_one_after_the_other(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is read, the next wait, and those beyond are told to come back; small posts pass them all."""
    house = House(house.world, replace(house.config, data=tmp_path), Shelf())
    app = house.app
    inside, go = threading.Event(), threading.Event()
    reading, most = [0], [0]
    real = PlainForm.read

    def slow(self: PlainForm, request: Any, *, files: bool = False) -> Any:
        if (request.content_length or 0) < BODY_LIMIT:
            return real(self, request, files=files)
        reading[0] += 1
        most[0] = max(most[0], reading[0])
        inside.set()
        assert go.wait(60)
        found = real(self, request, files=files)
        reading[0] -= 1
        return found

    monkeypatch.setattr(PlainForm, "read", slow)
    statuses: list[int] = []

    def send() -> None:
        answer = app.test_client().post("/", data=with_files(bytes(2 * 2**20)), content_type=MULTIPART)
        statuses.append(answer.status_code)

    senders = [threading.Thread(target=send) for _ in range(WAITING + 3)]
    for sender in senders:
        sender.start()
    assert inside.wait(60)
    assert app.test_client().post("/", data={"account": "a"}).status_code == 200
    while len(statuses) < 2:
        time.sleep(0.01)
    go.set()
    for sender in senders:
        sender.join()
    assert (sorted(statuses), most[0]) == ([200] * (WAITING + 1) + [429] * 2, 1)


def test_a_plain_post_that_is_refused_hands_the_text_back(house: House) -> None:
    full = House(house.world, house.config, Shelf(error=Full("no room"))).client
    limited = House(house.world, replace(house.config, limits=Limits(plain="0/minute"))).client
    account = {"account": 'my brother <b>"x"', "language": "ru"}
    for client in (full, limited):
        page = client.post("/", data=account, headers=HTML).text
        assert '<input type="hidden" name="account" value="my brother &lt;b&gt;&quot;x&quot;">' in page
        assert 'lang="ru"' in page
        elsewhere = client.post("/", data=account, headers={**HTML, "Sec-Fetch-Site": "cross-site"}).text
        assert "my brother" not in elsewhere


def test_an_empty_plain_post_is_no_report(house: House) -> None:
    empty = {"account": "  ", "now": "", "language": "tg"}
    answer = house.client.post("/", data=empty)
    assert (answer.status_code, word(answer)) == (422, "empty")
    page = house.client.post("/", data=empty, headers=HTML)
    assert page.status_code == 422
    assert 'name="account"' in page.text
    assert house.shelf.held == {}


def test_an_error_page_speaks_the_witness_language(house: House) -> None:
    closed = House(house.world, house.config, today=TODAY + timedelta(days=365)).client
    answer = closed.post("/", data={"language": "ru"}, headers=HTML)
    assert 'lang="ru"' in answer.text


@pytest.mark.parametrize("path", ["/ru/nope", "/ru/return/x", "/ru/call/"])
def test_an_address_that_is_none_is_refused_in_its_language(house: House, path: str) -> None:
    answer = house.client.get(path, headers=HTML)
    assert (answer.status_code, 'lang="ru"' in answer.text) == (404, True)


METHODS = {
    "/": {"GET", "HEAD", "POST"},
    "/en": {"GET", "HEAD", "POST"},
    "/en/call": {"GET", "HEAD"},
    "/en/carry": {"GET", "HEAD", "POST"},
    "/keyring.note": {"GET", "HEAD"},
    "/keyring/1.note": {"GET", "HEAD"},
    REPORT: {"PUT"},
}


def test_methods(house: House, sealed: bytes) -> None:
    client = house.client
    for path, allowed in METHODS.items():
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"):
            answer = client.open(path, method=method, data={"PUT": sealed, "POST": {"account": "a"}}.get(method))
            if method in allowed:
                assert answer.status_code in (200, 201)
            else:
                assert answer.status_code == 405
                assert set(answer.headers["Allow"].split(", ")) == allowed
                if method != "HEAD":
                    assert word(answer) == "method-not-allowed"


def test_head_is_get_without_its_body(house: House) -> None:
    client = house.client
    for path in ("/", "/keyring.note", Assets.load()["page.js"], "/nothing"):
        head, got = client.head(path), client.get(path)
        assert (head.status_code, head.data) == (got.status_code, b"")
        assert head.headers["Content-Length"] == got.headers["Content-Length"]


def every_class(house: House, sealed: bytes) -> Iterator[TestResponse]:
    """An answer of each kind that the app gives."""
    client = house.client
    yield client.get("/")
    yield client.get("/ru", headers={"Accept-Encoding": "gzip"})
    yield client.head("/")
    yield client.get(Assets.load()["seal.js"])
    yield client.get("/tg/call")
    yield client.get("/tg/carry")
    yield client.post("/tg/carry", data={"text": "nothing"})
    yield client.get("/keyring.note")
    yield client.get("/keyring/1.note")
    yield client.get("/nothing")
    yield client.get("/nothing", headers=HTML)
    yield client.put(REPORT, data=sealed)
    yield client.put(REPORT, data=sealed)
    yield client.put(REPORT, data=sealed[:-1])
    yield client.put(REPORT, data=bytes(1_200_000))
    yield client.post("/", data={"account": "a"}, headers=HTML)
    yield client.post("/", data={"account": "a" * 200_000}, headers=HTML)
    yield client.delete("/")
    yield client.put(REPORT, data=sealed, headers={"Keyring": "x"})
    yield client.get("/", headers={"X-Junk": "\xff"})
    yield House(house.world, house.config, Shelf(error=Full("no room"))).client.put(REPORT, data=sealed)
    yield House(house.world, house.config, Shelf(error=ZeroDivisionError())).client.put(REPORT, data=sealed)


def test_every_answer_has_every_header(house: House, sealed: bytes) -> None:
    statuses = set()
    for answer in every_class(house, sealed):
        statuses.add(answer.status_code)
        names = [name.lower() for name, _ in answer.headers]
        assert len(names) == len(set(names))
        assert dict(FIXED).items() <= dict(answer.headers).items()
        rest = set(names) - {name.lower() for name, _ in FIXED}
        assert rest <= {"allow", "content-encoding", "content-length", "content-type", "vary"}
    assert statuses == {200, 201, 400, 404, 405, 413, 422, 500, 507}


def test_the_fixed_headers_are_these() -> None:
    fixed = dict(FIXED)
    assert CSP == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "worker-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )
    assert fixed.pop("Content-Security-Policy") == CSP
    assert set(fixed.pop("Permissions-Policy").replace("()", "").split("=, ")) >= {"camera", "microphone"}
    assert fixed == {
        "Cache-Control": "no-store",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def test_a_fault_of_ours_is_counted_without_its_words(
    house: House, sealed: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    app = House(house.world, house.config, Shelf(error=ZeroDivisionError("my brother"))).app
    answer = app.test_client().put(REPORT, data=sealed)
    assert (answer.status_code, word(answer)) == (500, "unavailable")
    assert [name for name in app.failures if name.startswith("ZeroDivisionError at ")]
    assert "my brother" not in str(app.failures)
    assert capfd.readouterr() == ("", "")


def test_a_source_is_limited_by_a_key_that_is_no_address(house: House, sealed: bytes) -> None:
    client = House(house.world, replace(house.config, limits=Limits(source="2/day"))).client

    def put(address: str) -> int:
        return client.put(REPORT, data=sealed, environ_base={"REMOTE_ADDR": address}).status_code

    assert [put("192.0.2.1") for _ in range(3)] == [201, 200, 429]
    assert put("192.0.2.2") == 200
    assert [put("2001:db8::1"), put("2001:db8::2"), put("2001:db8::3")] == [200, 200, 429]
    assert put("2001:db8:1::1") == 200
    assert {put("127.0.0.1") for _ in range(5)} == {200}
    assert {put("") for _ in range(5)} == {200}


JUNK = st.text(st.characters(max_codepoint=255), max_size=40)


def raw(client: FlaskClient, path: str, query: str = "", **headers: str) -> tuple[int, bytes]:
    """A request as waitress hands it over: bytes as latin-1 text, untouched by any client. Status and body."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        **{f"HTTP_{name}": value for name, value in headers.items()},
    }
    statuses: list[int] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        statuses.append(int(status[:3]))
        assert dict(FIXED).items() <= dict(headers).items()

    body = b"".join(client.application.wsgi_app(environ, start_response))
    return statuses[0], body


@given(path=JUNK, query=JUNK, name=st.sampled_from(["ACCEPT", "KEYRING", "HOST", "X_JUNK", "COOKIE"]), value=JUNK)
@settings(max_examples=150, deadline=None)
def test_junk_is_400_or_what_it_asked_for_never_500(
    client: FlaskClient, path: str, query: str, name: str, value: str
) -> None:
    assert raw(client, f"/{path}", query, **{name: value})[0] in (200, 400, 404, 405)


@pytest.fixture(scope="module")
def client(world: World, config: Config) -> FlaskClient:
    return House(world, config).client


@pytest.mark.parametrize(
    ("path", "query", "headers"),
    [
        ("/\xff", "", {}),
        ("/\0", "", {}),
        ("/a/\r\nSet-Cookie:x", "", {}),
        ("/", "q=%ff", {}),
        ("/", "q=%00", {}),
        ("/", "\xff", {}),
        ("/", "", {"X_JUNK": "\xff"}),
        ("/", "", {"COOKIE": "a=\x01"}),
        ("/", "", {"ACCEPT_ENCODING": "\xc3"}),
    ],
)
def test_junk_is_400(client: FlaskClient, path: str, query: str, headers: dict[str, str]) -> None:
    status, body = raw(client, path, query, **headers)
    assert (status, json.loads(body)["type"]) == (400, "urn:amonat:bad-request")


def test_readable_words_of_any_script_are_no_junk(client: FlaskClient) -> None:
    assert client.get("/", headers={"X-Who": "Зарина".encode().decode("latin-1")}).status_code == 200
    assert client.get("/?utm=Зарина").status_code == 200
    assert client.get("/Зарина").status_code == 404


def test_a_mailbox_is_asked_for_by_a_body_of_one_length(house: House) -> None:
    house.post.held[b"m" * 16] = b"\1" * 100
    found, nothing = (house.client.post("/mailbox", data=mailbox) for mailbox in (b"m" * 16, b"n" * 16))
    assert (found.status_code, found.data) == (200, b"\1" * 100)
    assert (nothing.status_code, nothing.data) == (200, b"\0" * 100)
    assert list(found.headers) == list(nothing.headers)
    assert "Content-Encoding" not in found.headers
    for wrong in (b"", b"m" * 15, b"m" * 17, b"m" * 100_000):
        answer = house.client.post("/mailbox", data=wrong)
        assert (answer.status_code, word(answer)) == (400, "bad-request")
    broken = house.client.post("/mailbox", data=b"broken mailbox!!")
    assert (broken.status_code, word(broken)) == (503, "unavailable")
