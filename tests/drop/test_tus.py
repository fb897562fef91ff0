"""tus 1.0.0 over the wire, against the real process."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from intake.drop.headers import FIXED
from intake.report.bundle import read_bundle
from intake.report.sizes import CLASSES, padded, sealed_size
from intake.sealing import Sealer
from tests.harness.keys import World, make_world
from tests.harness.large import PART, PLAINTEXT, pieces, seal_large
from tests.harness.server import Answer, Running, command, running_drop

NOW = datetime.now(UTC).date()
VERSION = {"Tus-Resumable": "1.0.0"}
PIECE = {"Content-Type": "application/offset+octet-stream"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=NOW)


@pytest.fixture(scope="module")
def drop(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_drop(world, tmp_path_factory.mktemp("drop")) as running:
        yield running


@pytest.fixture(scope="module")
def body(world: World) -> bytes:
    return seal_large(world)


def metadata(identifier: str) -> str:
    return f"report {b64encode(identifier.encode()).decode()}"


def create(
    drop: Running, size: int, identifier: str | None = None, content: bytes | None = None, **headers: str
) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    given = {**VERSION, "Upload-Length": str(size), "Upload-Metadata": metadata(identifier or os.urandom(16).hex())}
    return drop.request("POST", "/uploads", content, {**given, **(PIECE if content else {}), **named})


def begun(drop: Running, size: int) -> str:
    answer = create(drop, size)
    assert (answer.status, answer.body) == (201, b"")
    place = answer.header("Location")
    assert place
    return place


def patch(drop: Running, place: str, offset: int, content: bytes, headers: Mapping[str, str] = PIECE) -> Answer:
    return drop.request("PATCH", place, content, {**VERSION, "Upload-Offset": str(offset), **headers})


def offset(drop: Running, place: str) -> int:
    answer = drop.request("HEAD", place, headers=VERSION)
    assert (answer.status, answer.body) == (200, b"")
    return int(answer.header("Upload-Offset") or "")


def carried(drop: Running, folder: Path, identifier: str) -> bytes:
    with drop.export(folder, "--all").open("rb") as file:
        return {entry.id: stream.read() for entry, stream in read_bundle(file)}[identifier]


def test_options_tell_what_it_can(drop: Running) -> None:
    for path in ("/uploads", f"/uploads/{'0' * 32}"):
        answer = drop.request("OPTIONS", path)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.header("Tus-Version") == answer.header("Tus-Resumable") == "1.0.0"
        assert answer.header("Tus-Max-Size") == str(sealed_size(3, 2**31))
        assert answer.header("Tus-Extension") == "creation,creation-with-upload,termination,expiration"


def test_a_large_report_comes_in_pieces_and_leaves_in_a_bundle(drop: Running, tmp_path: Path, body: bytes) -> None:
    identifier = os.urandom(16).hex()
    made = create(drop, len(body), identifier, Keyring="1")
    place = f"/uploads/{identifier}"
    assert (made.status, made.header("Location"), made.header("Upload-Offset")) == (201, place, "0")
    expires = parsedate_to_datetime(made.header("Upload-Expires") or "")
    assert (expires.hour, expires.minute, expires.second) == (0, 0, 0)
    assert expires.date() - NOW in (timedelta(days=7), timedelta(days=8))  # midnight may come while this runs
    for start, piece in pieces(body):
        assert offset(drop, place) == start
        answer = patch(drop, place, start, piece)
        assert (answer.status, answer.header("Upload-Offset")) == (204, str(start + len(piece)))
        assert (answer.header("Upload-Expires") is None) == (start + len(piece) == len(body))
    told = drop.request("HEAD", place, headers=VERSION)
    assert told.header("Upload-Offset") == told.header("Upload-Length") == str(len(body))
    assert told.header("Upload-Metadata") == metadata(identifier)
    assert told.header("Cache-Control") == "no-store"
    assert carried(drop, tmp_path, identifier) == body
    assert drop.request("DELETE", place, headers=VERSION).word == "stored"
    assert create(drop, len(body), identifier).word == "other-bytes"
    assert patch(drop, place, 2 * PART, body[2 * PART :]).word == "misplaced"


def test_the_first_piece_may_come_with_the_creation(drop: Running, body: bytes) -> None:
    identifier = os.urandom(16).hex()
    answer = create(drop, len(body), identifier, body[:PART])
    assert (answer.status, answer.header("Upload-Offset")) == (201, str(PART))
    assert answer.header("Upload-Expires")
    again = create(drop, len(body), identifier, body[:PART])
    assert (again.status, again.header("Upload-Offset")) == (201, str(PART))
    assert patch(drop, f"/uploads/{identifier}", PART, body[PART : 2 * PART]).status == 204


def test_a_small_report_may_come_at_once(drop: Running, tmp_path: Path, world: World) -> None:
    small = seal_large(world, CLASSES[0])
    identifier = os.urandom(16).hex()
    answer = create(drop, len(small), identifier, small)
    assert (answer.status, answer.header("Upload-Offset")) == (201, str(len(small)))
    assert drop.put(identifier, small).status == 200
    assert carried(drop, tmp_path, identifier) == small


def test_taking_back(drop: Running, body: bytes) -> None:
    place = begun(drop, len(body))
    assert patch(drop, place, 0, body[:PART]).status == 204
    assert drop.request("DELETE", place, headers=VERSION).status == 204
    for method in ("HEAD", "DELETE", "PATCH"):
        answer = drop.request(method, place, headers={**VERSION, **PIECE, "Upload-Offset": "0"})
        assert answer.status == 404
    assert not list(drop.data.glob(f"*/{place.removeprefix('/uploads/')}"))


def test_refusals(drop: Running, body: bytes) -> None:
    place, size = begun(drop, len(body)), str(len(body))
    identifier = os.urandom(16).hex()
    create_headers = {**VERSION, "Upload-Length": size, "Upload-Metadata": metadata(identifier)}
    piece = {**VERSION, **PIECE, "Upload-Offset": "0"}

    def without(headers: Mapping[str, str], name: str) -> dict[str, str]:
        return {key: value for key, value in headers.items() if key != name}

    for method, path, content, headers, status, word in (
        ("POST", "/uploads", None, without(create_headers, "Tus-Resumable"), 412, "wrong-version"),
        ("POST", "/uploads", None, {**create_headers, "Tus-Resumable": "0.2.2"}, 412, "wrong-version"),
        ("PATCH", place, b"x", without(piece, "Tus-Resumable"), 412, "wrong-version"),
        ("DELETE", place, None, {}, 412, "wrong-version"),
        ("POST", "/uploads", None, without(create_headers, "Upload-Length"), 400, "bad-request"),
        ("POST", "/uploads", None, {**create_headers, "Upload-Length": "-1"}, 400, "bad-request"),
        ("POST", "/uploads", None, {**create_headers, "Upload-Length": "1e6"}, 400, "bad-request"),
        ("POST", "/uploads", None, {**create_headers, "Upload-Metadata": "filename eA=="}, 400, "bad-request"),
        ("POST", "/uploads", None, {**create_headers, "Upload-Metadata": "report eA=="}, 400, "bad-request"),
        ("POST", "/uploads", None, {**create_headers, "Upload-Metadata": "report x"}, 400, "bad-request"),
        (
            "POST",
            "/uploads",
            None,
            {**create_headers, "Upload-Metadata": f"{metadata(identifier)},filename bXkgYnJvdGhlcg=="},
            400,
            "bad-request",
        ),
        ("POST", "/uploads", None, {**create_headers, "Keyring": "one"}, 400, "bad-request"),
        ("POST", "/uploads", None, {**create_headers, "Upload-Length": "0"}, 422, "not-sealed"),
        ("POST", "/uploads", None, {**create_headers, "Upload-Length": "1200000"}, 422, "not-sealed"),
        ("POST", "/uploads", None, {**create_headers, "Upload-Length": "9" * 12}, 413, "too-large"),
        ("POST", "/uploads", None, {**create_headers, "Keyring": "2"}, 409, "seal-again"),
        ("POST", "/uploads", body[:99], create_headers, 415, "wrong-type"),
        ("POST", "/uploads", body[: PART + 1], {**create_headers, **PIECE}, 413, "too-large"),
        ("POST", "/uploads", b"my brother", {**create_headers, **PIECE}, 422, "not-sealed"),
        ("PATCH", place, b"x", without(piece, "Content-Type"), 415, "wrong-type"),
        ("PATCH", place, b"x", {**piece, "Content-Type": "text/plain"}, 415, "wrong-type"),
        ("PATCH", place, b"x", without(piece, "Upload-Offset"), 400, "bad-request"),
        ("PATCH", place, b"x", {**piece, "Upload-Offset": "one"}, 400, "bad-request"),
        ("PATCH", place, b"x", {**piece, "Upload-Offset": "1"}, 409, "misplaced"),
        ("PATCH", place, body[: PART + 1], piece, 413, "too-large"),
        ("PATCH", place, body[: 2 * PART], piece, 413, "too-large"),
        ("PATCH", "/uploads/1", b"x", piece, 404, "not-found"),
        ("PATCH", f"/uploads/{'f' * 32}", b"x", piece, 404, "not-found"),
        ("DELETE", f"/uploads/{'f' * 32}", None, VERSION, 404, "not-found"),
        ("POST", place, None, create_headers, 405, "method-not-allowed"),
        ("GET", place, None, VERSION, 405, "method-not-allowed"),
        ("PUT", "/uploads", b"x", VERSION, 405, "method-not-allowed"),
        ("PATCH", place, b"my brother", piece, 422, "not-sealed"),
    ):
        answer = drop.request(method, path, content, headers)
        assert (answer.status, answer.word, json.loads(answer.body)["status"]) == (status, word, status)
        assert answer.header("Tus-Resumable") == "1.0.0"
        assert (answer.header("Tus-Version") == "1.0.0") == (status == 412)
        assert {name.lower(): value for name, value in FIXED}.items() <= dict(answer.headers).items()
    assert drop.request("HEAD", place, headers=VERSION).status == 404


def test_a_network_that_passes_only_posts(drop: Running, body: bytes) -> None:
    place = begun(drop, len(body))
    piece = {**VERSION, **PIECE, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert drop.request("POST", place, body[:PART], piece).header("Upload-Offset") == str(PART)
    head = drop.request("POST", place, headers={**VERSION, "X-HTTP-Method-Override": "HEAD"})
    assert head.header("Upload-Offset") == str(PART)
    assert drop.request("POST", place, headers={**VERSION, "X-HTTP-Method-Override": "DELETE"}).status == 204
    assert drop.request("POST", place, headers={**VERSION, "X-HTTP-Method-Override": "HEAD"}).status == 404


def test_an_upload_goes_on_after_a_kill(world: World, tmp_path: Path, body: bytes) -> None:
    with running_drop(world, tmp_path / "drop") as first:
        place = begun(first, len(body))
        assert patch(first, place, 0, body[:PART]).status == 204
        assert patch(first, place, PART, body[PART : PART + 1000]).status == 204
        first.process.kill()
    with running_drop(world, tmp_path / "drop") as second:
        for start, piece in pieces(body, start=offset(second, place)):
            assert patch(second, place, start, piece).status == 204
        assert offset(second, place) == len(body)
        assert command("status", "--data", second.data).returncode == 0
        assert carried(second, tmp_path, place.removeprefix("/uploads/")) == body


def test_the_sizes_between_are_no_uploads(drop: Running) -> None:
    assert create(drop, sealed_size(3, PLAINTEXT) - 1).word == "not-sealed"


@pytest.mark.long
def test_half_a_gigabyte_arrives_across_a_kill_in_bounded_memory(world: World, tmp_path: Path) -> None:
    """Server and export stream it: neither grows with its length."""
    path, size = tmp_path / "large.age", padded(500_000_000)
    with path.open("wb") as sink, Sealer(sink, [each.recipient for each in world.reviewers]) as sealer:
        for _ in range(size // 2**20):
            sealer.write(os.urandom(2**20))
        sealer.write(bytes(size % 2**20))
    total = path.stat().st_size
    place = ""
    with path.open("rb") as file:
        for until in (total // 2, total):
            with running_drop(world, tmp_path / "drop") as drop:
                place = place or begun(drop, total)
                start = offset(drop, place)
                while start < until:
                    file.seek(start)
                    answer = patch(drop, place, start, file.read(PART))
                    assert answer.status == 204
                    start = int(answer.header("Upload-Offset") or "")
                peak = memory(drop.pid)
                if until < total:
                    drop.process.kill()
    (tmp_path / "stick").mkdir()
    code = (
        "import sys; from intake.cli import door; status = door.main(sys.argv[1:], standalone_mode=False); "
        "print(open('/proc/self/status').read()); sys.exit(status)"
    )
    export = ["drop", "export", "--data", str(tmp_path / "drop" / "data"), "--to", str(tmp_path / "stick")]
    done = subprocess.run([sys.executable, "-c", code, *export], capture_output=True, text=True, check=True)
    exporting = int(done.stdout.split("VmHWM:")[1].split()[0]) / 1024
    (bundle,) = (tmp_path / "stick").iterdir()
    with bundle.open("rb") as file, path.open("rb") as sent:
        for _, stream in read_bundle(file):
            while piece := stream.read(2**20):
                assert piece == sent.read(len(piece))
        assert sent.tell() == total
    print(f"server {peak:.0f} MB, export {exporting:.0f} MB")
    assert peak < 160
    assert exporting < 100


def memory(pid: int) -> float:
    """Peak resident memory in MB."""
    return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
