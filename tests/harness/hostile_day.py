"""A whole day of a real drop under strace: honest reports, hostile requests, an export, a kill, a night.

day = live(world, tmp_path, SHORT)
assert day.findings() == []
"""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode

from intake.report import sizes
from intake.report.bundle import BundleReader
from intake.report.code import Code
from intake.report.outbox import Acknowledged
from intake.report.reply import KEPT_DAYS
from tests.harness import privacy
from tests.harness.bundles import make_report, seal_report
from tests.harness.clock import ROOT, Clock, wrapping
from tests.harness.keys import World
from tests.harness.large import PART, pieces, seal_large
from tests.harness.outboxes import answer, hash_of, make_outbox
from tests.harness.privacy import Allowed, Arrival, Finding, Person, Seized
from tests.harness.server import Answer, Running, running_drop
from tests.harness.tracing import ended, traced

PEOPLE = (
    Person("127.83.41.7", "203.0.113.77", "kanari7311", "Қанорӣ-зард-7311"),
    Person("127.59.18.6", "2001:db8:5909::77", "sorok5909x", "Сорока-белобока-5909"),
)
LARGE = sizes.padded(PART + 1)
VERSION = {"Tus-Resumable": "1.0.0"}
PIECE = {"Content-Type": "application/offset+octet-stream"}


@dataclass(frozen=True)
class Size:
    """How much happens on a day."""

    small: int
    large: int
    flood: int


SHORT = Size(small=48, large=12, flood=120)
LEAKY = Size(small=24, large=8, flood=30)  # for what is planted, which is found in less
LONG = Size(small=2000, large=64, flood=5000)


@dataclass
class Day:
    """What a day left behind, for whoever looks."""

    data: Path
    arrivals: list[Arrival] = field(default_factory=list)
    operator: list[tuple[int, int]] = field(default_factory=list)
    records: list[tuple[Path, Allowed]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    gone: dict[str, bytes] = field(default_factory=dict)
    statuses: set[int] = field(default_factory=set)
    until: int = 0
    seized: list[Seized] = field(default_factory=list)
    """After the night that followed, after the one in which everything that expires is gone, and after a purge."""
    expired: dict[str, bytes] = field(default_factory=dict)
    purged: dict[str, bytes] = field(default_factory=dict)

    def findings(self) -> list[Finding]:
        """Everything that is told, each thing once."""
        found = set(privacy.in_output(self.said, PEOPLE))
        for record, allowed in self.records:
            found.update(privacy.in_trace(record, PEOPLE, allowed))
        ids = [each.id for each in self.arrivals]
        for number, seized in enumerate(self.seized):
            gone = self.gone | (self.expired if number else {}) | (self.purged if number > 1 else {})
            found.update(privacy.in_names(seized))
            found.update(privacy.in_times(seized, (self.arrivals[0].began, self.until), self.operator))
            found.update(privacy.in_contents(seized, PEOPLE, gone, self.arrivals))
            found.update(privacy.in_rows(seized, self.arrivals))
            found.update(privacy.in_pages(seized))
            found.update(privacy.in_order(privacy.marks(seized, ids), self.arrivals))
        return sorted(found)


class Visit:
    """One person's way to the drop: from an address of their own, with all that a browser tells."""

    def __init__(self, drop: Running, person: Person, statuses: set[int]) -> None:
        self.drop, self.person, self._statuses = drop, person, statuses

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        link = HTTPConnection("127.0.0.1", self.drop.port, timeout=60, source_address=(self.person.address, 0))
        with closing(link):
            link.request(method, path, body, {**self.person.headers, **(headers or {})})
            got = link.getresponse()
            self._statuses.add(got.status)
            return Answer(got.status, [(name.lower(), value) for name, value in got.getheaders()], got.read())

    def raw(self, *content: bytes) -> None:
        """Bytes that are no request, or half of one."""
        source = (self.person.address, 0)
        with socket.create_connection(("127.0.0.1", self.drop.port), 60, source) as link, suppress(OSError):
            for each in content:
                link.sendall(each)
            link.shutdown(socket.SHUT_WR)
            while link.recv(65536):
                pass

    def post(self, path: str, fields: Mapping[str, str]) -> Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
        return self.ask("POST", path, urlencode(fields).encode(), kind)

    def attach(self, path: str, content: bytes, text: str = "") -> Answer:
        """A form with a file, in parts."""
        head = (
            f'--b\r\nContent-Disposition: form-data; name="account"\r\n\r\n{text or self.person.word}\r\n'
            f'--b\r\nContent-Disposition: form-data; name="files"; filename="{self.person.stem}.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        )
        kind = {"Content-Type": "multipart/form-data; boundary=b", "Accept": "text/html"}
        return self.ask("POST", path, head.encode() + content + b"\r\n--b--\r\n", kind)

    def begin(self, identifier: bytes, size: int) -> str:
        named = f"report {b64encode(identifier.hex().encode()).decode()}"
        answer = self.ask(
            "POST",
            "/uploads",
            headers={**VERSION, "Upload-Length": str(size), "Upload-Metadata": named},
        )
        assert answer.status == 201, answer.body
        return f"/uploads/{identifier.hex()}"

    def patch(self, place: str, offset: int, content: bytes) -> Answer:
        return self.ask("PATCH", place, content, {**VERSION, **PIECE, "Upload-Offset": str(offset)})


class Living:
    """The day as it goes."""

    def __init__(
        self, world: World, folder: Path, size: Size, leaks: Collection[str], config: Mapping[str, Any]
    ) -> None:
        self.world, self.folder, self.size, self.config = world, folder, size, config
        self.clock = Clock(folder / "clock")
        self.day = Day(folder / "drop" / "data")
        self.stick = folder / "stick"
        self.stick.mkdir()
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.environment = {
            **self.clock.environment,
            **wrapping(WRAPPED_LEAKS=",".join(leaks)),
            "TMPDIR": str(self.temporary),
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self.reached: Sequence[str] = config.get("reached", ())
        self.sealed = seal_report(make_report(world, day=self.clock.today()), world.reviewers)
        self.classes = [seal_large(world, plaintext) for plaintext in sizes.CLASSES[1:]]
        self.large = seal_large(world, LARGE)
        self.places: dict[str, int] = {}
        self.codes: list[Code] = []

    def serve(self, calm: str = "") -> AbstractContextManager[Running]:
        """The real process, its calls recorded."""
        record = self.folder / f"serve-{len(self.day.records)}"
        settings = {"limits": {"calm": calm}, **{k: v for k, v in self.config.items() if k != "reached"}}
        began = time.time_ns()
        running = running_drop(
            self.world, self.folder / "drop", wrapper=traced(record), environment=self.environment, **settings
        )
        return _Served(self, running, record, began)

    def command(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """A command beside it, recorded too."""
        record = self.folder / f"command-{len(self.day.records)}"
        began = time.time_ns()
        done = subprocess.run(
            [
                *traced(record),
                sys.executable,
                "-m",
                "intake",
                "drop",
                *map(str, arguments),
                "--data",
                str(self.day.data),
            ],
            env={**os.environ, **self.environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode in (0, 10, 11), done.stderr
        self.day.operator.append((began, time.time_ns()))
        self.day.records.append((record, Allowed((self.day.data, self.stick), reached=self.reached)))
        for person in PEOPLE:
            assert not list(person.told_by(f"{done.stdout}{done.stderr}".encode()))
        return done

    def arrive(self, send: Callable[[], object], identifier: bytes) -> None:
        began = time.time_ns()
        send()
        self.day.arrivals.append(Arrival(identifier, began, time.time_ns()))

    def honest(self, drop: Running, small: int, large: int) -> None:
        """Sealed reports, large ones in between, and forms without scripts."""
        visits = [Visit(drop, person, self.day.statuses) for person in PEOPLE]
        for number in range(small):
            visit, identifier = visits[number % 2], os.urandom(16)
            # Together more than SQLite keeps in memory when it writes them anew. The id is their end, too: bodies lie
            # elsewhere in the file than rows.
            body = (self.classes[number] if number < len(self.classes) else self.sealed)[:-16] + identifier

            def put(visit: Visit = visit, identifier: bytes = identifier, body: bytes = body) -> None:
                assert visit.ask("PUT", f"/reports/{identifier.hex()}", body, {"Keyring": "1"}).status == 201

            self.arrive(put, identifier)
            if number * large // small != (number + 1) * large // small:
                self.upload(visit)
        for visit in visits:
            told = visit.post(
                "/ru", {"account": visit.person.word, "who.1.name": f"{visit.person.stem} {visit.person.word}"}
            )
            assert told.status == 200
            found = re.search(r"(?:\d{4}\s+){5}\d{4}", re.sub(r"<[^>]+>", " ", told.body.decode()))
            assert found is not None
            self.codes.append(Code.parse(found[0]))
        assert visits[0].attach("/tg", visits[0].person.stem.encode() * 200_000).status == 200
        assert visits[1].attach("/en", visits[1].person.word.encode() * 100).status == 200

    def upload(self, visit: Visit) -> None:
        identifier = os.urandom(16)

        def send() -> None:
            place = visit.begin(identifier, len(self.large))
            for start, piece in pieces(self.large):
                assert visit.patch(place, start, piece).status == 204

        self.arrive(send, identifier)

    def begun(self, visit: Visit, offset: int) -> str:
        """An upload that is left unfinished."""
        place = visit.begin(os.urandom(16), len(self.large))
        assert visit.patch(place, 0, self.large[:offset]).status == 204
        return place

    def hostile(self, drop: Running) -> None:
        """Everything that is wrong, and all of it full of canaries."""
        for person in PEOPLE:
            visit = Visit(drop, person, self.day.statuses)
            said = f"{person.word} {person.stem}".encode()
            for method, path in (
                ("GET", f"/{quote(person.word)}"),
                ("GET", f"/reports/{person.stem}?x={quote(person.word)}"),
                ("DELETE", f"/{person.stem}"),
                ("PUT", f"/reports/{os.urandom(16).hex()}"),
                ("POST", f"/mailbox?{person.stem}"),
                ("OPTIONS", f"/uploads/{person.stem}"),
            ):
                assert visit.ask(method, path, said if method in ("PUT", "POST") else None).status < 500
            long = {"account": person.word * 8000, "more": "x" * 500_000}
            assert visit.post("/", long).status == 413
            assert visit.post("/ru", {"account": ""}).status < 500
            assert visit.attach("/", said * 400_000).status == 413
            assert visit.attach("/tg/carry", said).status < 500
            for digits in (str(self.codes[0]), "1111 2222 3333 4444 5555 6666"):
                visit.post("/ru/return", {"code": digits, "account": person.word})
            visit.raw(b"GET /%s HTTP/1.1\r\nHost: %s\r\nBad Header %s\r\n\r\n" % (person.stem.encode(), said, said))
            visit.raw(b"\xff\xfe" + said + b"\r\n\r\n")
            visit.raw(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n" + said)
            visit.raw(b"PUT /reports/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz" + said)
            bad = {
                **VERSION,
                "Upload-Length": str(len(self.large)),
                "Upload-Metadata": f"filename {b64encode(said).decode()}",
            }
            assert visit.ask("POST", "/uploads", headers=bad).status == 400
            place = visit.begin(os.urandom(16), len(self.large))
            assert visit.patch(place, 0, (said * 20_000)[:PART]).status == 422  # is not sealed
            place = visit.begin(os.urandom(16), len(self.large))
            noise = self.large[:6000] + os.urandom(50_000)
            assert visit.patch(place, 0, noise).status == 204
            assert visit.ask("DELETE", place, headers=VERSION).status == 204
            self.day.gone[f"an upload that was taken back, {person.stem}"] = noise[6000:]

    def flood(self, drop: Running) -> None:
        """Many at once who want nothing but noise."""

        def run(number: int) -> None:
            visit = Visit(drop, PEOPLE[number % 2], self.day.statuses)
            for each in range(self.size.flood // 4):
                with suppress(OSError, HTTPException):
                    visit.ask("PUT", f"/reports/{os.urandom(16).hex()}", self.sealed if each % 2 else b"x" * 100)
                    visit.ask("GET", ("/ru", "/challenge", "/keyring.note", f"/{visit.person.stem}")[each % 4])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(run, range(4)))

    def seize(self) -> None:
        """The night's fold is over: what the disk holds now."""
        self.day.seized.append(Seized.take(self.day.data, self.folder / f"seized-{len(self.day.seized)}"))

    def answers(self) -> None:
        """Two answers to one mailbox: the second takes the place of the first."""
        outbox = b""
        for serial, text in enumerate(("The first answer.", "The second answer."), 1):
            to = self.codes[0].open(self.world.origin)
            sealed = answer(self.world, to, text, number=26112400 + serial)
            outbox = make_outbox(
                self.world,
                {to.mailbox: sealed},
                serial=serial,
                previous=hash_of(outbox) if outbox else None,
                number=26112400 + serial,
            )
            path = self.stick / f"{serial}.outbox"
            path.write_bytes(outbox)
            self.command("deliver", path)
            told, name = (self.day.gone, "was replaced") if serial == 1 else (self.day.expired, "has expired")
            told[f"an answer that {name}"] = sealed

    def acknowledge(self) -> None:
        """Every reviewer has every bundle."""
        self.command("export", "--to", self.stick)
        paths = sorted(self.stick.glob("*.bundle"))
        heads = [BundleReader(io.BytesIO(path.read_bytes())).index for path in paths]
        acks = [Acknowledged(each.serial, each.hash) for each in heads]
        for reviewer in range(len(self.world.reviewers)):
            path = self.stick / f"acks-{reviewer}.outbox"
            before = (self.stick / "2.outbox").read_bytes() if reviewer == 0 else b""
            path.write_bytes(
                make_outbox(
                    self.world,
                    acknowledged=acks,
                    reviewer=reviewer,
                    serial=3 if before else 1,
                    previous=hash_of(before) if before else None,
                    number=26112403,
                )
            )
            self.command("deliver", path)

    def purge(self) -> None:
        """All that was exported goes, which is all there was."""
        self.command("purge", "--yes")
        bodies = {"report": self.sealed, **dict(zip(("second", "third", "fourth"), self.classes, strict=True))}
        self.day.purged = {f"a purged one, {name}": body for name, body in {**bodies, "large": self.large}.items()}
        self.seize()


class _Served(AbstractContextManager[Running]):
    """`running_drop`, with what was recorded of it."""

    def __init__(self, living: Living, running: AbstractContextManager[Running], record: Path, began: int) -> None:
        self._living, self._running, self._record, self._began = living, running, record, began

    def __enter__(self) -> Running:
        self._drop = self._running.__enter__()
        day = self._living.day
        day.operator.append((self._began, time.time_ns()))
        day.records.append((self._record, Allowed((day.data,), self._drop.port, self._living.reached)))
        return self._drop

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        began = time.time_ns()
        self._running.__exit__(kind, error, trace)
        ended(self._record, self._drop.pid)
        self._living.day.said += self._drop.said
        self._living.day.operator.append((began, time.time_ns()))


def live(
    world: World,
    folder: Path,
    size: Size,
    leaks: Collection[str] = (),
    *,
    unpurged: Callable[[Day], object] = id,
    **config: Any,
) -> Day:
    """A day from its morning to the night's fold, and on to a purge; `unpurged` is called before that.

    `config` are settings, and `reached`, whom the drop may reach.
    """
    living = Living(world, folder, size, leaks, config)
    day = living.day
    with living.serve() as drop:
        visit = Visit(drop, PEOPLE[0], day.statuses)
        living.honest(drop, size.small // 2, size.large // 2)
        living.hostile(drop)
        resting, going = living.begun(visit, 9000), living.begun(visit, PART)
        living.command("export", "--to", living.stick)
        torn = living.begun(visit, PART // 2)
        drop.process.send_signal(signal.SIGKILL)
        drop.process.wait()
    with living.serve(calm=f"{size.small + 60}/minute") as drop:
        visit = Visit(drop, PEOPLE[1], day.statuses)
        assert visit.patch(torn, PART // 2, living.large[PART // 2 : PART]).status == 204
        assert visit.patch(going, PART, living.large[PART : PART + 5000]).status == 204
        living.answers()
        living.honest(drop, size.small - size.small // 2, size.large - size.large // 2)
        if size is not LEAKY:
            living.command("status")
            living.command("export", "--to", living.stick)
        living.hostile(drop)
        living.flood(drop)
        assert visit.ask("HEAD", resting, headers=VERSION).status == 200
        day.until = time.time_ns()
        for days in (1, KEPT_DAYS + 4):
            _night(living, drop, visit, days)
            living.seize()
            if days == 1 and size is not LEAKY:
                _night(living, drop, visit, 3)
                living.acknowledge()
        unpurged(day)
        if size is not LEAKY:
            living.purge()
    assert list(living.temporary.iterdir()) == []
    return day


def _night(living: Living, drop: Running, visit: Visit, days: int) -> None:
    """The clock is days later, and the drop has folded: a command beside that would be refused."""
    told = len(drop.said)
    assert visit.ask("GET", "/nothing").status == 404  # so that there is something to count
    living.clock.shift(days)
    _until(partial(_counted, drop.said, told))


def _counted(said: Sequence[str], told: int) -> bool:
    """Whether the night has come since so many lines: its counts are printed after the fold."""
    return any(line.startswith("since yesterday") for line in said[told:])


def _until(done: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "the night did not come"
        time.sleep(0.1)
