"""PostgreSQL as a process of its own, in a folder of its own, run by a user who is nobody.

with Cluster() as cluster:
    place = cluster.database()           # postgresql://intake@/d1?host=…: a new, empty one
    cluster.give(folder)                 # from now on Store(folder) is in a new database
    cluster.restart(); cluster.stop(); cluster.start()
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from trustme import LeafCert

from intake.drop.folder import DataFolder
from intake.durable import write_private

_SETTINGS = {
    "listen_addresses": "''",
    "wal_recycle": "off",
    "log_checkpoints": "off",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "logging_collector": "off",
}


class Cluster:
    """A running server. Its role `intake` may do what the README grants, and no more."""

    def __init__(self, *, certificate: LeafCert | None = None, **settings: str) -> None:
        memory = "/dev/shm" if settings.get("fsync") == "off" and os.access("/dev/shm", os.W_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir=memory))
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self._settings = {**_SETTINGS, **settings, "unix_socket_directories": f"'{self.folder}'"}
        self._count = 0
        self._certificate = certificate
        # initdb and postgres refuse to run as root.
        self._as = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []

    def __enter__(self) -> Self:
        if self._as:
            os.chown(self.folder, 65534, 65534)
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-locale")
        if self._certificate is not None:
            self._certificate.private_key_pem.write_to_path(self.data / "server.key")
            self._certificate.cert_chain_pems[0].write_to_path(self.data / "server.crt")
            for each in (self.data / "server.key", self.data / "server.crt"):
                each.chmod(0o600)
                if self._as:
                    os.chown(each, 65534, 65534)
        with (self.data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in self._settings.items())
        self.start()
        with self.asked("postgres") as connection:
            for statement in (
                "CREATE ROLE intake LOGIN",
                "GRANT pg_checkpoint TO intake",
            ):
                connection.execute(statement)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Run it."""
        self._run("pg_ctl", "start", "-w", "-D", self.data, "-l", self.log)

    def stop(self, mode: str = "immediate") -> None:
        """End it, as if the power failed unless told otherwise."""
        self._run("pg_ctl", "stop", "-w", "-m", mode, "-D", self.data)

    def restart(self) -> None:
        """Both, one after the other."""
        self.stop()
        self.start()

    def database(self) -> str:
        """A new one, owned by `intake`."""
        self._count += 1
        name = f"d{self._count}"
        with self.asked("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} OWNER intake")
        with self.asked(name) as connection:
            connection.execute("GRANT EXECUTE ON FUNCTION pg_switch_wal() TO intake")
        return f"postgresql://intake@/{name}?host={self.folder}"

    def give(self, folder: DataFolder) -> str:
        """Let the reports of `folder` lie in a new database."""
        place = self.database()
        record = {"place": place, "mark": "", "node": secrets.token_hex(16)}
        write_private(folder.where, json.dumps(record).encode())
        return place

    def asked(self, place: str) -> psycopg.Connection[Any]:
        """A connection as the superuser to a database, by its name or place."""
        name = place.rpartition("/")[2] if "?" not in place else place.partition("?")[0].rpartition("/")[2]
        return psycopg.connect(
            host=str(self.folder), port=self._settings.get("port"), user="postgres", dbname=name, autocommit=True
        )

    def _run(self, program: str, *arguments: str | Path) -> None:
        (found,) = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))[-1:] or [Path(program)]
        done = subprocess.run(
            [*self._as, str(found), *map(str, arguments)],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            text=True,
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"
