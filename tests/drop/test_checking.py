"""A site that serves anything but this release is found out, whatever it changes and for whom."""

import json
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from intake.drop.belief import stored_chain
from intake.drop.checking import FALLBACK, FORM_FILE, Found, Inspection, Manifest
from intake.drop.config import load
from intake.drop.folder import DataFolder
from intake.drop.headers import CSP
from intake.drop.reference import Reference
from intake.drop.visitor import Answer, Request, Visitor
from intake.errors import Exit, Fault, Usage
from intake.keyring import verify_chain
from intake.keyring.fingerprint import fingerprint
from tests.harness.keys import TODAY, World, make_world
from tests.harness.ports import free_ports
from tests.harness.server import Running, command, running_drop

Ask = Callable[[Request], Answer]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def drop(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_drop(world, tmp_path_factory.mktemp("drop")) as running:
        yield running


@pytest.fixture(scope="module")
def reference(world: World, drop: Running) -> Reference:
    folder = DataFolder.open(drop.data)
    given = {"data": drop.data, "keyring": drop.keyring, "root": tuple(world.fingerprints)}
    return Reference(load(given, {}, (drop.folder / "drop.toml").read_bytes()), stored_chain(folder, world.today))


@pytest.fixture(scope="module")
def inspection(world: World, drop: Running, reference: Reference) -> Inspection:
    chain = stored_chain(DataFolder.open(drop.data), world.today)
    return Inspection.by_reference(reference, chain, world.today)


@pytest.fixture(scope="module")
def by_hand(world: World, inspection: Inspection) -> Inspection:
    """What somebody has who was given the manifest and the fingerprints, and nothing else."""
    manifest = Manifest.parse(bytes(inspection.manifest))
    return Inspection.by_manifest(manifest, world.typed, world.today)


def found(inspection: Inspection, ask: Ask) -> Found:
    return inspection.of(ask, lambda _: None)


def lying(reference: Reference, about: Callable[[Request], bool], lie: Callable[[Answer], Answer]) -> Ask:
    """A site that is honest but for what it lies about."""

    def ask(request: Request) -> Answer:
        answer = reference.ask(request)
        return lie(answer) if about(request) else answer

    return ask


def test_the_command_finds_a_true_site_true_by_settings_and_by_manifest(
    world: World, drop: Running, tmp_path: Path
) -> None:
    saved = tmp_path / "manifest.json"
    own = command(
        "check", drop.url, "--data", drop.data, "--config", drop.folder / "drop.toml", "--save", saved, "--json"
    )
    assert own.returncode == Exit.OK, own.stdout + own.stderr
    told = json.loads(own.stdout)
    assert (told["differences"], told["keyring"]) == ([], 1)
    assert told["asked"] > 60
    others = command("check", drop.url, "--manifest", saved, "--root", *world.fingerprints)
    assert others.returncode == Exit.OK, others.stdout + others.stderr
    assert "all as released" in others.stdout


def test_the_manifest_lists_every_page_and_script_and_is_canonical(
    reference: Reference, inspection: Inspection
) -> None:
    content = json.loads(bytes(inspection.manifest))["manifest"]
    assert set(content) == {
        *("app", "default_csp", "default_fallback", "default_index", "extra_csp", "files", "name", "version", "wasm")
    }
    assert content["default_csp"] == CSP
    assert content["files"].keys() == {*reference.paths(), FALLBACK}
    assert content["files"]["/" + content["default_index"]]
    assert bytes(Manifest.parse(bytes(inspection.manifest))) == bytes(inspection.manifest)
    assert {"/tg", "/ru/return", "/en/call"} <= content["files"].keys()
    assert any(path.startswith("/a/seal.") for path in content["files"])


LIES: dict[str, tuple[Callable[[Request], bool], Callable[[Answer], Answer]]] = {
    "one byte of a script, for those who take brotli only": (
        lambda request: request.path.startswith("/a/seal.") and ("Accept-Encoding", "br, gzip") in request.headers,
        lambda answer: replace(answer, body=answer.body[:-1] + bytes([answer.body[-1] ^ 1])),
    ),
    "a page in one language": (
        lambda request: request.path == "/tg",
        lambda answer: replace(answer, body=answer.body + b"x"),
    ),
    "a cookie": (
        lambda request: request.path == "/ru",
        lambda answer: replace(answer, headers=(*answer.headers, ("set-cookie", "id=1"))),
    ),
    "a name to keep on the phone": (
        lambda request: request.path == "/",
        lambda answer: replace(answer, headers=(*answer.headers, ("strict-transport-security", "max-age=63072000"))),
    ),
    "no policy": (
        lambda request: request.path == "/en",
        lambda answer: replace(
            answer, headers=tuple(pair for pair in answer.headers if pair[0] != "content-security-policy")
        ),
    ),
    "another policy": (
        lambda request: request.path == FALLBACK,
        lambda answer: replace(
            answer,
            headers=tuple((key, "default-src 'self'" if value == CSP else value) for key, value in answer.headers),
        ),
    ),
    "the policy twice": (
        lambda request: request.path == "/",
        lambda answer: replace(answer, headers=(*answer.headers, ("content-security-policy", "default-src *"))),
    ),
    "a redirection": (
        lambda request: request.path == "/en/return",
        lambda answer: Answer(302, (("location", "/elsewhere"),), b""),
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_each_lie_is_named_with_its_place(reference: Reference, inspection: Inspection, lie: str) -> None:
    about, told = LIES[lie]
    result = found(inspection, lying(reference, about, told))
    assert result.exit == Exit.DAMAGED
    assert {one.request for one in result.differences} == {
        str(request) for request in inspection.questions if about(request)
    }


def test_a_front_may_make_browsers_forget(reference: Reference, inspection: Inspection) -> None:
    forget = ("strict-transport-security", "max-age=0")
    ask = lying(reference, lambda _: True, lambda answer: replace(answer, headers=(*answer.headers, forget)))
    assert found(inspection, ask).differences == ()


@pytest.mark.parametrize("lie", [lie for lie in LIES if "brotli" not in lie])
def test_a_manifest_alone_finds_them_too(reference: Reference, by_hand: Inspection, lie: str) -> None:
    """But for what is packed by brotli, which a stranger to this installation does not ask for."""
    about, told = LIES[lie]
    result = found(by_hand, lying(reference, about, told))
    assert result.exit == Exit.DAMAGED
    assert {one.request for one in result.differences} == {
        str(request) for request in by_hand.questions if about(request)
    }


def test_a_stranger_is_not_taken_in_by_a_packed_lie(reference: Reference, by_hand: Inspection) -> None:
    result = found(
        by_hand,
        lying(
            reference,
            lambda request: request.path == "/tg" and bool(request.headers),
            lambda answer: replace(answer, body=answer.body[:-9]),
        ),
    )
    assert [one.what for one in result.differences] == ["the packed bytes can't be unpacked"]


def test_what_a_site_says_reaches_the_terminal_escaped(reference: Reference, inspection: Inspection) -> None:
    result = found(
        inspection,
        lying(
            reference,
            lambda request: request.path == "/en",
            lambda answer: replace(answer, headers=(*answer.headers, ("x-evil", "\x1b]0;owned\x07"))),
        ),
    )
    assert "\x1b" not in result.to_text()
    assert "\x07" not in result.to_text()
    assert "x-evil" in result.to_text()


def test_a_keyring_of_other_roots_is_refused_and_the_rest_is_looked_at(
    reference: Reference, inspection: Inspection, tmp_path: Path
) -> None:
    stranger = make_world(tmp_path / "stranger")
    result = found(
        inspection,
        lying(
            reference,
            lambda request: request.path == "/keyring.note",
            lambda answer: replace(answer, body=stranger.notes[-1]),
        ),
    )
    assert result.exit == Exit.KEYRING
    assert result.differences == ()
    assert "REFUSED" in result.to_text()


def test_a_site_kept_old_is_refused_and_a_newer_keyring_is_walked_to(
    world: World, reference: Reference, inspection: Inspection, tmp_path: Path
) -> None:
    later = replace(world, folder=tmp_path).next()
    notes = {f"/keyring/{serial}.note": note for serial, note in enumerate(later.notes, 1)}
    notes["/keyring.note"] = later.notes[-1]
    newer = lying(reference, notes.__contains__, lambda answer: answer)

    def ask(request: Request) -> Answer:
        return Answer(200, (), notes[request.path]) if request.path in notes else newer(request)

    result = found(inspection, ask)
    assert (result.exit, result.serial) == (Exit.OK, 2)
    chain = verify_chain(later.notes, roots=world.typed, pin=None, today=world.today)
    behind = found(replace(inspection, known=chain), reference.ask)
    assert behind.exit == Exit.KEYRING
    assert "kept old" in (behind.refused or "")


def test_a_closed_keyring_is_no_lie(inspection: Inspection, reference: Reference) -> None:
    late = replace(inspection, today=TODAY + timedelta(days=1000))
    assert found(late, reference.ask).exit == Exit.OK


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"files": {"/": 1}}',
        b'{"files":{"/":"x"},"default_csp":"","default_index":"/","version":"1"}',
    ],
)
def test_what_is_no_manifest_is_a_usage_error(text: bytes) -> None:
    with pytest.raises(Usage):
        Manifest.parse(text)


@pytest.mark.parametrize(
    "url", ["ftp://x", "http://x/path", "http://x?y", "http://", "x:99999", "http://[", "http://abc.onion"]
)
def test_what_is_no_address_of_a_site_is_a_usage_error(url: str) -> None:
    with pytest.raises(Usage):
        Visitor.to(url)


@pytest.mark.parametrize("proxy", ["9050", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:x", ":9050"])
def test_what_is_no_proxy_is_a_usage_error(proxy: str) -> None:
    with pytest.raises(Usage):
        Visitor.to("http://x", proxy)


def test_a_proxy_is_asked_for_the_name_and_nothing_is_looked_up(drop: Running) -> None:
    with microsocks() as proxy:
        answer = Visitor.to(f"http://localhost:{drop.port}", proxy).ask(Request("GET", "/keyring.note"))
    assert answer.body == drop.keyring.read_bytes()
    with pytest.raises(Fault, match="no answer"):
        Visitor.to(f"http://localhost:{drop.port}", proxy).ask(Request("GET", "/"))


def test_tls_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")

    class Hello(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None: ...

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        visitor = Visitor.to(f"https://localhost:{server.server_port}")
        with pytest.raises(Fault, match="certificate verify failed"):
            visitor.ask(Request("GET", "/"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        assert visitor.ask(Request("GET", "/")).body == b"hello"
        server.shutdown()


@contextmanager
def microsocks() -> Iterator[str]:
    """A SOCKS5 server on a free port."""
    (port,) = free_ports(1)
    process = subprocess.Popen(["microsocks", "-i", "127.0.0.1", "-p", str(port)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                Visitor("127.0.0.1", port, tls=False)._connected().close()
                break
            except OSError:
                threading.Event().wait(0.05)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def test_the_form_in_one_file_is_compared_while_the_keyring_is_the_same(
    reference: Reference, inspection: Inspection, world: World
) -> None:
    about: Callable[[Request], bool] = lambda request: request.path == FORM_FILE  # noqa: E731
    result = found(inspection, lying(reference, about, lambda answer: replace(answer, body=b"another")))
    assert {one.request.split()[1] for one in result.differences} == {FORM_FILE}
    assert fingerprint(str(world.keyring.root_keys[0])) in world.fingerprints
