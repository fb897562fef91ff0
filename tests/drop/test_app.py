"""The routes in one process: every status with its word, every answer with its headers."""

import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from altcha import Payload, solve_challenge
from altcha.v2 import Challenge
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from intake.drop.assets import Assets
from intake.drop.config import Config, Limits
from intake.drop.headers import CSP, FIXED
from intake.drop.parts import Full
from intake.errors import Fault
from intake.report.sizes import CLASSES, sealed_size
from tests.harness.bundles import make_report, seal_report
from tests.harness.house import HTML, House, Shelf, word
from tests.harness.installation import LANGUAGES
from tests.harness.keys import TODAY, World


@pytest.fixture
def sealed(world: World) -> bytes:
    return seal_report(make_report(world), world.reviewers)


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
