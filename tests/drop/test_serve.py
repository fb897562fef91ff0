"""The real process: starting, refusing to start, waitress's own errors, load, kills, and what it leaves on disk."""

import json
import os
import re
import signal
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest

from intake.drop.acceptance import BODY_LIMIT
from intake.drop.folder import DataFolder
from intake.drop.headers import FIXED
from intake.drop.store import Store
from intake.errors import Exit
from intake.report.bundle import read_bundle
from intake.report.sizes import CLASSES, sealed_size
from intake.sealing import seal_bytes
from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import World, make_world
from tests.harness.server import Running, command, running_drop, serve_arguments

NOW = datetime.now(UTC).date()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=NOW)


@pytest.fixture(scope="module")
def drop(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_drop(world, tmp_path_factory.mktemp("drop")) as running:
        yield running


@pytest.fixture(scope="module")
def sealed(world: World) -> bytes:
    return seal_report(make_report(world), world.reviewers)


def new_id() -> str:
    return os.urandom(16).hex()


def held(data: Path) -> dict[str, int]:
    """Id and size of everything in a drop that may be running."""
    with Store(DataFolder.open(data)) as store:
        return {entry.id.hex(): entry.size for entry in store.entries()}


def raw(drop: Running, *pieces: bytes) -> bytes:
    """All that comes back for these bytes, until the server closes or is quiet."""
    with socket.create_connection(("127.0.0.1", drop.port), timeout=5) as link:
        for piece in pieces:
            link.sendall(piece)
        link.shutdown(socket.SHUT_WR)
        answer = b""
        while part := link.recv(65536):
            answer += part
    return answer


def until(done: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)


WAITRESS: list[tuple[bytes, int, str]] = [
    (b"\xff\xfe\xfd\r\n\r\n", 400, "bad-request"),
    (b"GET\r\n\r\n", 400, "bad-request"),
    (b"GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n", 400, "bad-request"),
    (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n", 400, "bad-request"),
    (b"PUT /reports/1 HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", 400, "bad-request"),
    (b"PUT /reports/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", 413, "too-large"),
    (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20_000 + b"\r\n\r\n", 431, "bad-request"),
    (b"PUT /reports/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "bad-request"),
    (b"PUT /reports/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "bad-request"),
    (
        b"PUT /reports/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 5000,
        400,
        "bad-request",
    ),
    (b"GET /%ff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400, "bad-request"),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX-Junk: \xff\r\nConnection: close\r\n\r\n", 400, "bad-request"),
    (b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 404, "not-found"),
    (b"GET /canary?canary HTTP/1.1\r\nHost: canary\r\nConnection: close\r\n\r\n", 404, "not-found"),
    (b"canary /tg HTTP/1.1\r\nHost: canary\r\nConnection: close\r\n\r\n", 400, "bad-request"),
    (b"CANARY /tg HTTP/1.1\r\nHost: canary\r\nConnection: close\r\n\r\n", 405, "method-not-allowed"),
    (b"GET canary HTTP/1.1\r\nHost: canary\r\nConnection: close\r\n\r\n", 404, "not-found"),
    (b"GET / HTTP/1.1\r\nHost: canary\r\ncanary\r\n\r\n", 400, "bad-request"),
    (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: canary\r\n\r\n", 400, "bad-request"),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: canary\r\n\r\n", 501, "bad-request"),
    (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\ncanary\r\n", 400, "bad-request"),
    (b"GET http://[canary/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "bad-request"),
    (b"GET / HTTP/9.9\r\nHost: canary\r\nX-Junk: \xff\r\nConnection: close\r\n\r\n", 400, "bad-request"),
]


@pytest.mark.parametrize(("request_bytes", "status", "word"), WAITRESS)
def test_every_error_of_the_server_itself_is_ours(drop: Running, request_bytes: bytes, status: int, word: str) -> None:
    head, _, body = raw(drop, request_bytes).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first.split()[1] == str(status)
    assert f'"type":"urn:amonat:{word}"'.encode() in body
    headers = dict(line.split(": ", 1) for line in lines)
    assert {name.lower(): value for name, value in FIXED}.items() <= {k.lower(): v for k, v in headers.items()}.items()
    assert headers.keys() <= {
        *(name for name, _ in FIXED),
        "Content-Type",
        "Content-Length",
        "Connection",
        "Date",
        "Allow",
    }
    assert b"canary" not in (head + body).lower()
    assert b"waitress" not in (head + body).lower()


def test_a_body_in_chunks_is_a_body(drop: Running, sealed: bytes) -> None:
    head = f"PUT /reports/{new_id()} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    chunks = b"".join(
        f"{len(part):x}\r\n".encode() + part + b"\r\n"
        for part in (sealed[i : i + 999] for i in range(0, len(sealed), 999))
    )
    assert raw(drop, head.encode(), chunks, b"0\r\n\r\n").startswith(b"HTTP/1.1 201 ")
    assert raw(drop, head.encode(), (chunks * 60)[: BODY_LIMIT + 1]).startswith(b"HTTP/1.1 413 ")


def test_the_largest_body_is_taken_and_opened_again(drop: Running, world: World, tmp_path: Path) -> None:
    body = seal_bytes(bytes(CLASSES[-1]), [identity.recipient for identity in world.reviewers])
    identifier = new_id()
    assert drop.put(identifier, body, 1).status == 201
    with drop.export(tmp_path, "--all").open("rb") as file:
        assert {entry.id: stream.read() for entry, stream in read_bundle(file)}[identifier] == body


def clients(count: int, work: Callable[[int], None]) -> None:
    """Run `work` in so many threads; an assertion that fails in one fails the test."""
    failed: list[BaseException] = []

    def run(number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # handed to the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def test_eight_clients_a_thousand_reports_each_sent_twice(world: World, tmp_path: Path, sealed: bytes) -> None:
    ids = [[new_id() for _ in range(125)] for _ in range(8)]
    with running_drop(world, tmp_path / "drop") as drop:

        def send(number: int) -> None:
            with closing(drop.connect()) as link:
                for identifier in ids[number]:
                    body = sealed[:-16] + bytes.fromhex(identifier)
                    for expected in (201, 200):
                        answer = drop.request("PUT", f"/reports/{identifier}", body, {"Keyring": "1"}, link)
                        assert answer.status == expected

        clients(8, send)
        bundle = drop.export(tmp_path)
    with bundle.open("rb") as file:
        found = {entry.id: stream.read()[-16:].hex() for entry, stream in read_bundle(file)}
    assert found == {identifier: identifier for mine in ids for identifier in mine}


def memory(pid: int, line: str) -> float:
    """A line of /proc/PID/status, in MB."""
    found = re.search(rf"^{line}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def test_five_hundred_slow_clients(world: World, tmp_path: Path, sealed: bytes) -> None:
    size = sealed_size(3, CLASSES[-1])
    head = f"PUT /reports/{new_id()} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode()
    slow: list[socket.socket] = []
    with running_drop(world, tmp_path) as drop:
        assert drop.request("GET", "/tg").status == 200
        idle = memory(drop.pid, "VmHWM")
        assert idle < 100
        try:
            for number in range(500):
                link = socket.create_connection(("127.0.0.1", drop.port), timeout=20)
                slow.append(link)
                link.sendall(head + bytes(size - 1))
                if number % 100 == 99:
                    assert drop.put(new_id(), sealed, 1).status == 201
            peak = memory(drop.pid, "VmHWM")
            print(f"idle {idle:.0f} MB, with 500 slow clients {peak:.0f} MB")
            assert peak < 160
        finally:
            for link in slow:
                link.close()
        assert drop.put(new_id(), sealed, 1).status == 201


def test_idle_connections_make_room(world: World, tmp_path: Path, sealed: bytes) -> None:
    idle: list[socket.socket] = []
    with running_drop(world, tmp_path) as drop:
        try:
            for _ in range(1000):
                idle.append(socket.create_connection(("127.0.0.1", drop.port), timeout=20))  # noqa: PERF401
            assert drop.put(new_id(), sealed, 1).status == 201
        finally:
            for link in idle:
                link.close()


def form_with_file(content: bytes) -> bytes:
    """A form as a browser without scripts sends it, in parts divided by "b"."""
    head = '--b\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    return head.encode() + content + b"\r\n--b--\r\n"


def test_files_without_scripts_stay_within_memory(world: World, tmp_path: Path) -> None:
    """Eight senders at once of all that is allowed: sealed one after the other, or told to come back."""
    body = form_with_file(bytes(8 * 2**20))
    statuses: list[int] = []
    with running_drop(world, tmp_path) as drop:

        def send(_: int) -> None:
            headers = {"Content-Type": "multipart/form-data; boundary=b"}
            statuses.append(drop.request("POST", "/tg", body, headers).status)

        clients(8, send)
        peak = memory(drop.pid, "VmHWM")
    assert set(statuses) <= {200, 429, 503}
    assert statuses.count(200) >= 4
    assert peak < 170
    print(f"peak {peak:.0f} MB")


CANARY = "Қанорӣ-зард-7311"
WRITING = ("O_WRONLY", "O_RDWR", "O_CREAT")


@pytest.mark.parametrize("large", [False, True])
def test_a_canary_reaches_no_file(world: World, tmp_path: Path, large: bool) -> None:
    """The server under strace: it opens nothing for writing outside DATA, and nothing there holds the canary."""
    trace, temporary, folder = tmp_path / "trace", tmp_path / "tmp", tmp_path / "drop"
    temporary.mkdir()
    calls = "trace=open,openat,creat,memfd_create,write,pwrite64,writev,pwritev,mkdir,rename,renameat2"
    text = CANARY * (3000 if large else 1)
    report = make_report(world, answers={"account": text})
    environment = {"TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    wrapper = ["strace", "-D", "-f", "-q", "-s", "100000", "-xx", "-e", calls, "-o", str(trace)]
    with running_drop(world, folder, wrapper=wrapper, environment=environment) as drop:
        form = [("language", "tg"), ("account", text), ("more", "x" * (600_000 if large else 1))]
        parts = "".join(f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in form)
        kind = {"Content-Type": "multipart/form-data; boundary=b", "Accept": "text/html"}
        expected = 413 if large else 200  # one text is too long: refused, and as little of it may remain
        assert drop.request("POST", "/", f"{parts}--b--\r\n".encode(), kind).status == expected
        assert drop.request("POST", "/", f"account={CANARY}".encode(), {"Content-Type": kind["Accept"]}).status == 200
        attached = form_with_file(CANARY.encode() * (100_000 if large else 1000))
        assert drop.request("POST", "/tg", attached, kind).status == 200
        assert drop.put(report.id, seal_report(report, world.reviewers), 1).status == 201
        assert drop.put(new_id(), CANARY.encode() * 100, 1).status == 422
        assert drop.request("GET", f"/{'%D2%9A' * 9}?{CANARY.encode().hex()}").status == 404
        files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        said = "\n".join(drop.said)
    needle = CANARY.encode()
    assert {path.name for path in files} >= {"drop.db", "drop.db-wal", "lock"}
    assert [path for path, content in files.items() if needle in content or needle.hex().encode() in content] == []
    assert list(temporary.iterdir()) == []
    assert re.fullmatch(r"serving http://127\.0\.0\.1:\d+/", said)
    until(lambda: bool(re.search(rf"^{drop.pid} +\+\+\+ exited with 0", trace.read_text(), re.MULTILINE)))
    lines = trace.read_text().splitlines()
    written = {path for line in lines if (path := _written(line))}
    assert written
    assert [p for p in written if not p.startswith(f"{folder / 'data'}/") and p != "/dev/null"] == []
    escaped = "".join(f"\\x{byte:02x}" for byte in needle)
    assert [line[:200] for line in lines if re.search(r"\b(p?write(v|64)?|pwritev)\(", line) and escaped in line] == []


def _written(line: str) -> str | None:
    """The path of a traced call that opens something for writing, or makes it."""
    found = re.search(r'\b(?:open|openat|creat|mkdir|memfd_create)\((?:AT_FDCWD, )?"((?:\\x[0-9a-f]{2})*)"(.*)', line)
    if found is None or not (any(flag in found[2] for flag in WRITING) or "open" not in line) or "= -1" in line:
        return None
    return bytes.fromhex(found[1].replace("\\x", "")).decode()


def test_nothing_a_visitor_does_is_logged_and_files_stay_private(drop: Running) -> None:
    for path in ("/", "/nothing", "/%ff", "/keyring.note"):
        drop.request("GET", path)
    assert [line for line in drop.said if not line.startswith("serving ")] == []
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in drop.data.rglob("*") if path.is_file()}
    assert set(modes.values()) == {0o600}
    assert {
        "drop.db",
        "drop.db-wal",
        "drop.db-shm",
        "keyring.pin",
        "000001.note",
        "drop.key",
        "counters",
        "reserve",
        "lock",
    } == set(modes)
    assert stat.S_IMODE(drop.data.stat().st_mode) == 0o700


def test_a_second_server_on_the_same_folder_is_refused(drop: Running, world: World) -> None:
    done = command(*serve_arguments(world, drop.folder))
    assert (done.returncode, done.stdout) == (Exit.FAULT, "")
    assert "another process serves from" in done.stderr


def test_status_fold_and_export_run_beside_the_server(world: World, tmp_path: Path, sealed: bytes) -> None:
    with running_drop(world, tmp_path) as drop:
        for _ in range(3):
            assert drop.put(new_id(), sealed, 1).status == 201
        shown = command("status", "--data", drop.data)
        assert f"{NOW}  3" in shown.stdout
        assert command("fold", "--data", drop.data).returncode == 0
        assert (drop.data / "drop.db-wal").stat().st_size == 0
        assert drop.put(new_id(), sealed, 1).status == 201
        assert drop.export(tmp_path).name == "drop.example-000001.bundle"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda world: world.next(signers=world.roots[:1]), "has 1 of the 2 signatures"),
        (lambda world: world.next(closes=NOW - timedelta(days=1), expires=NOW - timedelta(days=1)), "is before"),
    ],
    ids=["half signed", "dates out of order"],
)
def test_a_bad_keyring_keeps_it_from_starting(tmp_path: Path, spoil: Callable[[World], World], words: str) -> None:
    world = spoil(make_world(tmp_path / "keys", today=NOW))
    done = command(*serve_arguments(world, tmp_path))
    assert done.returncode == Exit.KEYRING
    assert words in done.stderr


def test_wrong_roots_keep_it_from_starting(world: World, tmp_path: Path) -> None:
    strangers = make_world(tmp_path / "strangers", today=NOW)
    done = command(*serve_arguments(world, tmp_path, root=list(strangers.fingerprints)))
    assert done.returncode == Exit.KEYRING
    assert "intake:" in done.stderr


def test_missing_texts_keep_it_from_starting(world: World, tmp_path: Path) -> None:
    done = command(*serve_arguments(world, tmp_path, reading_times={}, urgent_contacts={}, organisation={}))
    assert done.returncode == Exit.USAGE
    for name in ("reading_times", "urgent_contacts", "organisation"):
        assert f"- {name}: is missing" in done.stderr


def test_a_closed_keyring_is_served_and_takes_nothing(tmp_path: Path, sealed: bytes) -> None:
    world = make_world(tmp_path / "keys", today=NOW - timedelta(days=365))
    body = seal_report(make_report(world), world.reviewers)
    with running_drop(world, tmp_path) as drop:
        refused = drop.put(new_id(), body, 1)
        assert (refused.status, refused.word) == (410, "closed")
        assert drop.put(new_id(), body).status == 201
        plain = drop.request("POST", "/", b"account=a", {"Content-Type": "application/x-www-form-urlencoded"})
        assert (plain.status, plain.word) == (410, "closed")


def test_a_new_keyring_is_taken_up_while_serving(tmp_path: Path) -> None:
    world = make_world(tmp_path / "keys", today=NOW)
    old = seal_report(make_report(world), world.reviewers)
    with running_drop(world, tmp_path) as drop:
        assert drop.put(new_id(), old, 1).status == 201
        half = world.next(signers=world.roots[:1])
        until(lambda: any("is refused" in line for line in drop.said))
        assert drop.request("GET", "/keyring.note").body == world.note
        later = world.next(reviewers=2)
        until(lambda: drop.request("GET", "/keyring.note").body == later.note)
        stale = drop.put(new_id(), old, 1)
        assert (stale.status, stale.word) == (409, "seal-again")
        assert drop.put(new_id(), seal_report(make_report(later), later.reviewers), 2).status == 201
    assert len(half.notes) == len(later.notes) == 2


def test_sigterm_answers_what_is_under_way(world: World, tmp_path: Path, sealed: bytes) -> None:
    with running_drop(world, tmp_path) as drop:
        idle = socket.create_connection(("127.0.0.1", drop.port), timeout=20)
        link = socket.create_connection(("127.0.0.1", drop.port), timeout=20)
        head = f"PUT /reports/{new_id()} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(sealed)}\r\n\r\n"
        link.sendall(head.encode() + sealed[:-1])
        assert drop.request("GET", "/keyring.note").status == 200  # so that the server has read the rest too
        drop.process.send_signal(signal.SIGTERM)
        assert idle.recv(100) == b""
        link.sendall(sealed[-1:])
        assert link.recv(100).startswith(b"HTTP/1.1 201 ")
        link.close()
        idle.close()
        assert drop.process.wait(30) == 0
    assert len(held(drop.data)) == 1


def test_status_warns_as_the_keyring_ages(tmp_path: Path) -> None:
    for age, code in ((0, Exit.OK), (95, Exit.WARNING_30_DAYS), (115, Exit.WARNING_7_DAYS), (200, Exit.WARNING_7_DAYS)):
        folder = tmp_path / str(age)
        world = make_world(folder / "keys", today=NOW - timedelta(days=age), roots=1, threshold=1)
        with running_drop(world, folder) as drop:
            done = command("status", "--json", "--data", drop.data)
        assert done.returncode == code
        warnings = json.loads(done.stdout)["warnings"]
        assert "there is only one root" in warnings[-1]
        assert all(f"Warning: {warning}.\n" in done.stderr for warning in warnings)
        assert len(warnings) == (1 if code == Exit.OK else 2)
        assert f'"days_to_expires": {120 - age}' in done.stdout
        assert '"count_by_day": {}' in done.stdout


def test_commands_without_a_drop_say_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    for words in (("status",), ("fold",), ("export", "--to", str(tmp_path))):
        done = command(*words, "--data", tmp_path)
        assert done.returncode == Exit.FAULT
        assert "Start `intake drop serve` once" in done.stderr
    assert list(tmp_path.iterdir()) in ([], [tmp_path / "lock"])


def test_the_process_leaves_no_core_and_no_readable_folder(drop: Running) -> None:
    limits = Path(f"/proc/{drop.pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0\s", limits)


def test_a_unix_socket_serves_as_a_port_does_and_outlives_no_server(world: World, tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.touch()
    refused = command(*serve_arguments(world, tmp_path / "drop", listen=f"unix:{path}"))
    assert refused.returncode == Exit.USAGE
    assert path.exists()
    path.unlink()
    for _ in range(2):  # the second server finds what the first, killed, left behind
        with running_drop(world, tmp_path / "drop", listen=f"unix:{path}") as drop:
            link = HTTPConnection("localhost")
            link.sock = socket.socket(socket.AF_UNIX)
            link.sock.connect(str(path))
            link.request("GET", "/keyring.note")
            assert link.getresponse().read() == drop.keyring.read_bytes()
            link.close()
            again = command(*serve_arguments(world, tmp_path / "other", listen=f"unix:{path}"))
            assert again.returncode == Exit.USAGE
            drop.stop(signal.SIGKILL)
