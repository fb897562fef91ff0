"""What a drop tells whoever takes its disk, reads its output or watches its wires: everything that DESIGN §2 forbids.

The people who reported are known here, every one of their words, headers and addresses is a *canary*, and so is the
order in which they came. `Finding`s are of these kinds:

| kind | |
|---|---|
| canary | something a visitor said, sent or was, in any spelling, in a file, a written byte, an output |
| place | something was written outside of the folders that a drop may write to |
| outward | something was said, or asked, of anybody but the visitors |
| said | a line of output that no operator is promised |
| name | a file that no drop has |
| time | a time finer than a day, that lies between the first arrival and the last |
| order | a mark that rises or falls with the order of arrival, as chance would in one case of 20,000 |
| remains | bytes of what was deleted, refused or replaced, or of anything on pages that a database no longer uses |
| core | the memory of the process can be read |
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from tests.harness import tracing
from tests.harness.sqlite_file import SQLiteFile

_NAMES = re.compile(
    r"""drop\.db(-wal|-shm)? | lock | counters | reserve | database | blobs | drop\.key | keyring\.pin
      | keyring(/\d{6}\.note)? | parts(/[0-9a-f]{32}(/\d+)?)? | uploads(/[0-9a-f]{32}(/(state|tail-\d+))?)?""",
    re.VERBOSE,
)
_OF_REPORTS = re.compile(r"(parts|uploads)(/|$)")
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}|T\d{4,6}\b")
_PEERS = re.compile(r"TCP(?:v6)?:\[.*:(\d+)->(.*):\d+\]")
_REACHED = re.compile(r"sin6?_port=htons\((\d+)\)")
_LINE = re.compile(
    r"serving .*|keyring \d+ is served now|memory may be written to swap.*"
    r"|since yesterday: (\d{3} [a-z-]+|dropped: [a-z]+|[\w.]+ (error|critical)|\w+ at [\w.]+:\d+) x \d+"
)
_LONG = 32_768
"""What is longer is looked at once, however often it was written."""
_COARSE = 20_000_000  # nanoseconds by which the kernel's stamps may be behind


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is told. `where` is a path, a peer or a stream."""

    kind: str
    where: str
    what: str


@dataclass(frozen=True)
class Person:
    """A visitor. All that is said contains `stem` or `word`, each of which occurs nowhere else in the world."""

    address: str
    forwarded: str
    stem: str
    word: str

    @property
    def headers(self) -> dict[str, str]:
        """What browsers and proxies tell of somebody."""
        return {
            "User-Agent": f"Mozilla/5.0 ({self.stem}; Tajik) Agent/7",
            "Cookie": f"session={self.stem}-cookie",
            "Referer": f"http://{self.stem}.example/page?q={quote(self.word)}",
            "Authorization": f"Bearer {self.stem}-bearer",
            "Accept-Language": f"tg-{self.stem}",
            "X-Forwarded-For": self.forwarded,
            "Forwarded": f"for={self.forwarded}",
            "X-Real-IP": self.forwarded,
        }

    @cached_property
    def needles(self) -> dict[bytes, str]:
        """Bytes to look for, and what each is."""
        found: dict[bytes, str] = {}
        for name, text in (
            ("words", self.word),
            ("headers", self.stem),
            ("address", self.address),
            ("forwarded address", self.forwarded),
        ):
            for spelling, content in _spellings(text):
                found.setdefault(content, f"{name}, {spelling}")
        for name, text in (("address", self.address), ("agent", self.headers["User-Agent"])):
            for algorithm in ("sha256", "sha1", "md5", "blake2b"):
                digest = hashlib.new(algorithm, text.encode()).digest()[:12]
                found |= {digest: f"{algorithm} of {name}", digest.hex().encode(): f"{algorithm} of {name}"}
        return found

    def told_by(self, content: bytes) -> Iterator[str]:
        """Which of the needles stand in there, in capital letters or small ones."""
        small = content.lower()
        for needle, name in self.needles.items():
            if needle in (small if needle.islower() else content):
                yield name
        packed = socket.inet_aton(self.address)
        # Four bytes come by chance once in 4 GB: not four times.
        often = content.count(packed) + content.count(packed[::-1]) > 3
        if often or re.search(rb"\x02\x00..%b" % re.escape(packed), content, re.DOTALL):
            yield "address, packed"


def _spellings(text: str) -> Iterator[tuple[str, bytes]]:
    raw = text.encode()
    yield "as it is", raw
    yield "in small letters", text.lower().encode()
    yield "UTF-16", text.encode("utf-16-le")
    yield "hex", raw.hex().encode()
    yield "percent", quote(text).lower().encode()
    yield "JSON", json.dumps(text)[1:-1].lower().encode()
    for before in range(3):
        packed = base64.b64encode(bytes(before) + raw)
        yield "base64", packed[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]


@dataclass(frozen=True)
class Allowed:
    """Where a process may write and whom it may reach: folders, and ports or paths of what the drop is built on."""

    folders: Sequence[Path]
    served: int = 0
    reached: Collection[str] = ()


def in_trace(record: Path, people: Sequence[Person], allowed: Allowed) -> Iterator[Finding]:
    """What a process wrote, made and reached; see `tracing`."""
    written: dict[str, bytearray] = defaultdict(bytearray)
    seen: set[bytes] = set()
    for call in tracing.calls(record):
        if call.name in tracing.REACHING:
            yield from _reached(call, allowed)
        elif call.name in (*tracing.OPENING, *tracing.NAMING):
            yield from _placed(call, allowed)
        elif call.name in tracing.COPYING or call.name == "sendfile":
            yield Finding("place", call.target, f"copied by {call.name}")
        elif not call.failed:
            for content in call.strings:
                if len(content) > _LONG:
                    if content in seen:
                        continue
                    seen.add(content)
                written[call.target] += content
            if call.name in ("sendto", "sendmsg", "sendmmsg") and "sa_family" in call.text:
                yield from _reached(call, allowed)
    for target, gathered in written.items():
        yield from _in_written(target, bytes(gathered), people, allowed)


def _in_written(target: str, content: bytes, people: Sequence[Person], allowed: Allowed) -> Iterator[Finding]:
    peers = _PEERS.fullmatch(target)
    if peers is not None and int(peers[1]) == allowed.served:
        people = [person for person in people if person.address != peers[2]]
        target = "another visitor"
    for person in people:
        for name in person.told_by(content):
            yield Finding("canary", target, name)


def _placed(call: tracing.Call, allowed: Allowed) -> Iterator[Finding]:
    opens = call.name in tracing.OPENING
    if call.failed or (opens and not re.search("O_WRONLY|O_RDWR|O_CREAT|memfd|creat", f"{call.text} {call.name}")):
        return
    for string in call.strings[:1] if opens else call.strings:
        path = Path(call.target or "/", string.decode(errors="replace"))
        inside = any(path == folder or folder in path.parents for folder in allowed.folders)
        if not inside and path != Path("/dev/null"):
            yield Finding("place", str(path), call.name)


def _reached(call: tracing.Call, allowed: Allowed) -> Iterator[Finding]:
    if call.name == "socket":
        if not call.text.startswith(("AF_INET", "AF_UNIX")):
            yield Finding("outward", call.text.split(",")[0], call.name)
        return
    port = _REACHED.search(call.text)
    to = port[1] if port else b"".join(call.strings[-1:]).decode(errors="replace")
    if to not in allowed.reached:
        yield Finding("outward", to or call.text[:80], call.name)


def in_output(lines: Iterable[str], people: Sequence[Person]) -> Iterator[Finding]:
    """What a service manager would keep, each line with its microsecond."""
    for line in lines:
        if not _LINE.fullmatch(line):
            yield Finding("said", "output", line[:200])
        for person in people:
            for name in person.told_by(line.encode()):
                yield Finding("canary", "output", name)


ALONE = ("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace") if os.geteuid() == 0 else ()
"""Goes before a command that may read no other process's memory merely because it is root."""


def in_memory(pid: int, folder: Path, end: Callable[[], object]) -> Iterator[Finding]:
    """Whether a neighbour of the same user can read the process, and whether it leaves a core behind in its `folder`.

    `end` waits for the process, which is told to abort. It must have been started with `ALONE` and without a limit.
    """
    read = "import sys; file = open(f'/proc/{sys.argv[1]}/mem', 'rb')"
    done = subprocess.run([*ALONE, sys.executable, "-c", read, str(pid)], capture_output=True, text=True)
    assert done.returncode == 0 or "Permission denied" in done.stderr, done.stderr
    if done.returncode == 0:
        yield Finding("core", "memory", "a neighbour reads it")
    os.kill(pid, signal.SIGABRT)
    end()
    if any(path.name.startswith("core") for path in folder.iterdir()):
        yield Finding("core", "file", "left behind")


@dataclass(frozen=True)
class Arrival:
    """One report: its id, and between which nanoseconds it came."""

    id: bytes
    began: int
    ended: int


@dataclass(frozen=True)
class Found:
    """One file or folder, as the disk has it."""

    name: str
    node: int
    times: Mapping[str, int]  # nanoseconds
    listed: int  # its place in its folder


@dataclass(frozen=True)
class Seized:
    """DATA as whoever takes the disk has it: a look at every entry, and a copy of every byte."""

    entries: tuple[Found, ...]
    copy: Path

    @classmethod
    def take(cls, data: Path, copy: Path) -> Seized:
        """Look first, since copying touches."""
        entries = []
        for folder in (data, *(path for path in data.rglob("*") if path.is_dir())):
            for number, entry in enumerate(os.scandir(folder)):
                entries.append(_found(Path(entry.path), data, number))
        entries.append(_found(data, data, 0))
        shutil.copytree(data, copy)
        return cls(tuple(entries), copy)


def _found(path: Path, data: Path, listed: int) -> Found:
    seen = path.lstat()
    born = subprocess.run(["stat", "-c", "%.9W", str(path)], capture_output=True, text=True, check=True).stdout
    times = {"mtime": seen.st_mtime_ns, "ctime": seen.st_ctime_ns, "atime": seen.st_atime_ns}
    return Found(
        "" if path == data else str(path.relative_to(data)),
        seen.st_ino,
        {**times, "birth": int(born.strip().replace(".", "").replace("-", "0"))},
        listed,
    )


def in_names(seized: Seized) -> Iterator[Finding]:
    """Files that no drop has."""
    for entry in seized.entries:
        if entry.name and not _NAMES.fullmatch(entry.name):
            yield Finding("name", entry.name, "no drop has it")


def in_times(seized: Seized, day: tuple[int, int], operator: Sequence[tuple[int, int]] = ()) -> Iterator[Finding]:
    """Stamps between the day's first arrival and its last request, in nanoseconds.

    `operator`: when commands ran, which may stamp what is no report's.
    """
    first, last = day[0] - _COARSE, day[1]
    for entry in seized.entries:
        reports = _OF_REPORTS.match(entry.name) is not None
        for name, when in entry.times.items():
            excused = name == "atime" or any(start - _COARSE <= when <= end for start, end in operator)
            if first <= when <= last and (reports or not excused):
                yield Finding("time", entry.name, name)


def in_contents(
    seized: Seized, people: Sequence[Person], gone: Mapping[str, bytes], arrivals: Sequence[Arrival]
) -> Iterator[Finding]:
    """Canaries, what should be gone, and times as text, in every file."""
    seen: set[bytes] = set()
    for entry in seized.entries:
        path = seized.copy / entry.name
        if not path.is_file() or (content := path.read_bytes()) in seen:
            continue
        seen.add(content)
        for person in people:
            for name in person.told_by(content):
                yield Finding("canary", entry.name, name)
        yield from remaining(entry.name, content, gone)
        if entry.name.split("/")[-1] in ("state", "counters", "reserve", "lock"):
            for number in re.findall(rb"\d{9,}", content):
                if _is_moment(int(number), arrivals):
                    yield Finding("time", entry.name, "a moment")
            if _TIME_OF_DAY.search(content.decode(errors="replace")):
                yield Finding("time", entry.name, "a time of day")


def remaining(where: str, content: bytes, gone: Mapping[str, bytes]) -> Iterator[Finding]:
    """A piece of 48 bytes of each kilobyte is enough."""
    for name, body in gone.items():
        if any(body[start : start + 48] in content for start in range(200, len(body) - 48, 1024)):
            yield Finding("remains", where, name)


def _is_moment(number: float, arrivals: Sequence[Arrival]) -> bool:
    """Whether it is a Unix time of the day under test, in any unit."""
    first, last = arrivals[0].began / 1e9 - 60, arrivals[-1].ended / 1e9 + 60
    return any(first <= number / unit <= last for unit in (1, 1e3, 1e6, 1e9))


def in_rows(seized: Seized, arrivals: Sequence[Arrival]) -> Iterator[Finding]:
    """Moments in any cell of SQLite's tables."""
    for table, column, values in _cells(seized):
        for value in values:
            if isinstance(value, int | float) and _is_moment(value, arrivals):
                yield Finding("time", f"{table}.{column}", "a moment")
            elif isinstance(value, str) and len(value) < 40 and _TIME_OF_DAY.search(value):
                yield Finding("time", f"{table}.{column}", "a time of day")


def _cells(seized: Seized) -> Iterator[tuple[str, str, list[object]]]:
    for table, names, rows in _tables(seized):
        for number, name in enumerate(names):
            yield table, name, [row[number] for row in rows]


def _tables(seized: Seized) -> Iterator[tuple[str, list[str], list[tuple[object, ...]]]]:
    """Every table with all columns, the hidden number of each row among them where there is one."""
    with _database(seized) as path, closing(sqlite3.connect(path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in names:
            hidden = "rowid AS rowid, "
            with suppress(sqlite3.OperationalError):
                connection.execute(f"SELECT rowid FROM {table} LIMIT 1")
                asked = connection.execute(f"SELECT {hidden}* FROM {table}")
                yield table, [each[0] for each in asked.description], asked.fetchall()
                continue
            asked = connection.execute(f"SELECT * FROM {table}")
            yield table, [each[0] for each in asked.description], asked.fetchall()


@contextmanager
def _database(seized: Seized) -> Iterator[Path]:
    """A copy of drop.db with its log moved into it, as the next who opens it would have it; empty where there is none.

    What the log holds is looked for in the log itself.
    """
    with tempfile.TemporaryDirectory() as folder:
        for path in seized.copy.glob("drop.db*"):
            shutil.copy(path, folder)
        with closing(sqlite3.connect(Path(folder, "drop.db"))) as connection:
            connection.execute("SELECT * FROM sqlite_master").fetchall()
        yield Path(folder, "drop.db")


def in_pages(seized: Seized) -> Iterator[Finding]:
    """What SQLite left on pages, or parts of them, that it does not use any more."""
    with _database(seized) as path:
        if content := path.read_bytes():
            for number, left in SQLiteFile(content).slack():
                yield Finding("remains", "drop.db", f"{len(left)} bytes on page {number} that belong to nothing")


Marks = Mapping[str, Mapping[bytes, float]]


def marks(seized: Seized, ids: Collection[bytes]) -> dict[str, dict[bytes, float]]:
    """Everything about each report that is a number: where it lies, how it is called, when it was touched."""
    found: dict[str, dict[bytes, float]] = defaultdict(dict)
    wanted = set(ids)
    for entry in seized.entries:
        name = entry.name.split("/")
        if len(name) > 1 and re.fullmatch("[0-9a-f]{32}", name[1]) and (each := bytes.fromhex(name[1])) in wanted:
            what = "/".join([name[0], "*", *name[2:]])
            found[f"{what} inode"][each] = entry.node
            found[f"{what} listed"][each] = entry.listed
            for stamp, when in entry.times.items():
                found[f"{what} {stamp}"][each] = when
        elif (path := seized.copy / entry.name).is_file():
            content = path.read_bytes()
            for each in wanted:
                for spelling, needle in (("", each), (" in hex", each.hex().encode())):
                    for side, place in (("first", content.find(needle)), ("last", content.rfind(needle))):
                        if place >= 0:
                            found[f"{entry.name}: {side} place{spelling}"][each] = place
    with _database(seized) as path:
        lying = SQLiteFile(content).rows("report") if (content := path.read_bytes()) else {}
    for each in lying.keys() & wanted:
        found["drop.db: page of its row"][each] = lying[each].page
        if lying[each].overflow:
            found["drop.db: page of its body"][each] = lying[each].overflow[0]
    for table, columns, rows in _tables(seized):
        for row in rows:
            whose = next((cell for cell in row if isinstance(cell, bytes) and cell in wanted), None)
            for column, cell in zip(columns, row, strict=True):
                if whose is not None and isinstance(cell, int | float):
                    found[f"{table}.{column}"][whose] = cell
    return found


def in_order(marked: Marks, arrivals: Sequence[Arrival]) -> Iterator[Finding]:
    """Marks that tell which report came before which."""
    rank = {arrival.id: number for number, arrival in enumerate(arrivals)}
    for name, values in marked.items():
        if len(values) >= 8:
            rho = correlation([rank[each] for each in values], list(values.values()))
            if abs(rho) > math.tanh(4.1 / math.sqrt(len(values) - 3)):
                yield Finding("order", name, f"{rho:+.2f} of {len(values)} reports")


def correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's rho; equal values have the middle of their ranks. 0 where one of both is all equal."""
    a, b = _ranks(one), _ranks(other)
    mean = (len(a) - 1) / 2
    spread = math.sqrt(sum((x - mean) ** 2 for x in a) * sum((y - mean) ** 2 for y in b))
    return sum((x - mean) * (y - mean) for x, y in zip(a, b, strict=True)) / spread if spread else 0.0


def _ranks(values: Sequence[float]) -> list[float]:
    places: dict[float, list[int]] = defaultdict(list)
    for place, value in enumerate(sorted(values)):
        places[value].append(place)
    return [sum(places[value]) / len(places[value]) for value in values]
