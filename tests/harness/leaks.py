"""Leaks of each kind that `privacy` looks for, to be planted into a real server's process; never part of the product.

    day = live(world, tmp_path, LEAKY, leaks=["access-log", "not-wiped"])

A leak is a function that changes something of the drop before it starts, and what must be found then: pairs of a kind
and an expression for where it is.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import socket
import sys
import syslog
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Found = tuple[str, str]


@dataclass(frozen=True)
class Leak:
    """What is planted, and what must come of it."""

    plant: Callable[[], None]
    found: Sequence[Found]


LEAKS: dict[str, Leak] = {}

_WRITES_CORES = Path("/proc/sys/kernel/core_pattern").read_text().startswith("core")
"""Elsewhere a program of the machine takes them."""


def plant(names: Sequence[str]) -> None:
    """Plant these."""
    for name in names:
        LEAKS[name].plant()


def leak(*found: Found) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def named(function: Callable[[], None]) -> Callable[[], None]:
        LEAKS[function.__name__.replace("_", "-")] = Leak(function, found)
        return function

    return named


def _data() -> Path:
    return Path(sys.argv[sys.argv.index("--data") + 1])


def _append(name: str, content: bytes) -> None:
    with (_data() / name).open("ab") as file:
        file.write(content)


def _instead(owner: object, name: str, new: object) -> None:
    """From now on `name` is something else, whatever type it had."""
    setattr(owner, name, new)


def _at_each_request(do: Callable[[Mapping[str, Any]], object]) -> None:
    from intake.drop import sanity

    answer = sanity.Sane.__call__

    def leaking(self: sanity.Sane, environ: Any, start_response: Any) -> Any:
        do(environ)
        return answer(self, environ, start_response)

    _instead(sanity.Sane, "__call__", leaking)


@leak(("said", "output"), ("canary", "output"))
def access_log() -> None:
    _at_each_request(lambda e: print(e["REMOTE_ADDR"], e["REQUEST_METHOD"], file=sys.stderr))


@leak(("canary", "visitors"), ("name", "visitors"))
def agent_in_a_file() -> None:
    _at_each_request(lambda e: _append("visitors", e.get("HTTP_USER_AGENT", "").encode()))


@leak(("canary", "lock: sha256 of address"))
def address_hashed() -> None:
    _at_each_request(lambda e: _append("lock", hashlib.sha256(e["REMOTE_ADDR"].encode()).digest()))


@leak(("canary", "lock: address, packed"))
def address_packed() -> None:
    _at_each_request(lambda e: _append("lock", socket.inet_aton(e["REMOTE_ADDR"])))


@leak(("place", ".*/tmp.*"), ("canary", ".*/tmp.*"))
def files_spooled() -> None:
    """As werkzeug does, to a file that has no name any more."""
    from intake.drop import plain

    _instead(plain.MemoryRequest, "_get_file_stream", lambda *_, **__: tempfile.TemporaryFile())  # noqa: SIM115  # the request keeps it


@leak(("outward", "53"))
def asked_of_a_resolver() -> None:
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    _at_each_request(lambda _: link.sendto(b"who is this?", ("127.0.0.53", 53)))


@leak(("outward", "9"))
def told_to_a_service() -> None:
    def tell(_: object) -> None:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", 9)).close()

    _at_each_request(tell)


@leak(("outward", "/dev/log"))
def told_to_syslog() -> None:
    _at_each_request(lambda _: syslog.syslog("a request"))


@leak(("canary", "mapped"))
def mapped() -> None:
    """No call tells what is written so."""

    def write(environ: Mapping[str, Any]) -> None:
        with (_data() / "mapped").open("ab+") as file:
            file.truncate(4096)
            with mmap.mmap(file.fileno(), 4096) as memory:
                content = environ.get("HTTP_COOKIE", "").encode()
                memory[: len(content)] = content

    _at_each_request(write)


@leak(("canary", "another visitor"))
def told_to_another_visitor() -> None:
    from intake.drop import headers, sanity

    before, now = [""], [""]

    def passed(environ: Mapping[str, Any]) -> None:
        before[0], now[0] = now[0], environ.get("HTTP_REFERER", "")

    complete = headers.complete
    _instead(sanity, "complete", lambda given: [*complete(given), ("X-Before", before[0])])
    _at_each_request(passed)


@leak(("said", "output"), ("canary", "output"))
def paths_in_the_nightly_counts() -> None:
    from intake.drop.app import Drop

    answer = Drop.__call__

    def leaking(self: Drop, environ: Any, start_response: Any) -> Any:
        self.failures[f"error at {environ['PATH_INFO']}"] += 1
        return answer(self, environ, start_response)

    _instead(Drop, "__call__", leaking)


@leak(("said", "output"))
def errors_of_threads_printed() -> None:
    def fail() -> None:
        raise KeyError("LIMITER/everybody/post")

    def printed(_: object) -> None:
        threading.excepthook = threading.__excepthook__
        worker = threading.Thread(target=fail)
        worker.start()
        worker.join()

    _at_each_request(printed)


@leak(("name", r"arrived-\d+"))
def times_in_names() -> None:
    from intake.drop.parts import FolderParts

    put = FolderParts.put

    def leaking(self: FolderParts, *arguments: Any) -> None:
        (_data() / f"arrived-{time.time_ns()}").touch()
        put(self, *arguments)

    _instead(FolderParts, "put", leaking)


@leak(("order", "arrivals.n"), ("time", "arrivals.came"))
def arrivals_numbered() -> None:
    from intake.drop.store import Store

    make = Store.__init__

    def leaking(self: Store, *arguments: Any, **named: Any) -> None:
        make(self, *arguments, **named)
        with self.writing() as connection:
            for statement in (
                "CREATE TABLE IF NOT EXISTS arrivals (n INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB, came INTEGER)",
                """CREATE TRIGGER IF NOT EXISTS arrives AFTER INSERT ON report
                BEGIN INSERT INTO arrivals (id, came) VALUES (NEW.id, strftime('%s')); END""",
            ):
                connection.exec_driver_sql(statement)

    _instead(Store, "__init__", leaking)


@leak(("time", "parts/.*"), ("order", "parts/.*mtime"))
def parts_not_folded() -> None:
    from intake.drop.parts import FolderParts

    _instead(FolderParts, "fold", lambda *_, **__: None)


@leak(("time", "lock"))
def touched_by_reports() -> None:
    _at_each_request(lambda e: os.utime(_data() / "lock") if e["REQUEST_METHOD"] == "PUT" else None)


@leak(("remains", "drop.db: an answer that .*"), ("remains", r"drop\.db: \d+ bytes on page \d+ .*"))
def not_wiped() -> None:
    """Deleted, and its pages left as they were."""
    from intake.drop import sqlite

    prepare = sqlite._prepare

    def leaking(connection: Any, record: object) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA secure_delete=OFF")

    _instead(sqlite, "_prepare", leaking)
    _instead(sqlite.SQLite, "rewrite", _checkpoint)


@leak(("order", "drop.db: page of its body"))
def not_rewritten() -> None:
    """What was deleted is wiped, and what stays lies where it came to lie."""
    from intake.drop import sqlite

    _instead(sqlite.SQLite, "rewrite", _checkpoint)


@leak(("order", "drop.db-wal: first place"))
def log_not_emptied() -> None:
    from intake.drop import sqlite

    _instead(sqlite, "_empty_log", lambda _: None)


def _checkpoint(database: Any) -> None:
    from intake.drop.sqlite import _empty_log

    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _empty_log(connection)


@leak(("place", ".*/etilqs_.*"))
def database_spooled() -> None:
    from intake.drop import sqlite

    _instead(sqlite, "_keep_temporary", lambda _: None)


@leak(("core", "memory"), *([("core", "file")] if _WRITES_CORES else []))
def core_allowed() -> None:
    from intake import memory

    _instead(memory, "keep_private", lambda: True)


@leak(("time", "parts/.*"))
def folded_once_a_day() -> None:
    """What the fold of an export wrote anew stays as it is at night."""
    from intake.drop import parts, unfinished

    for module in (parts, unfinished):
        _instead(module, "folded", lambda day, **_: parts.midnight(day))


@leak(("order", "parts/.*"))
def folded_as_they_came() -> None:
    from intake.drop.store import Entry, Store

    entries = Store.entries

    def leaking(self: Store) -> list[Entry]:
        def came(entry: Entry) -> int:
            path = self.folder.parts / entry.where.hex()
            return path.stat().st_ctime_ns if path.exists() else 0

        found = entries(self)
        # What a bundle lists stays in order: out of it, no bundle is made.
        return sorted(found, key=came) if sys._getframe(1).f_code.co_name == "fold" else found

    _instead(Store, "entries", leaking)
