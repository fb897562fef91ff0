"""The database keeps nothing outside its own encrypted files: no sort, index or rewriting makes a temporary one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORK = """
import sys
from pathlib import Path
from intake.review.cipher import open_engine

engine = open_engine(Path(sys.argv[1]), bytes(32))
with engine.begin() as connection:
    run = connection.exec_driver_sql
    run("PRAGMA cache_size = 10")
    run("CREATE TABLE big (a TEXT, b TEXT)")
    run("CREATE TEMP TABLE held (a TEXT)")
    row = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT "
    run("INSERT INTO big " + row + "'canary' || hex(randomblob(200)), hex(randomblob(50)) FROM n")
    run("INSERT INTO held SELECT a FROM big ORDER BY b")
    run("CREATE INDEX of_big ON big (a, b)")
    assert len(run("SELECT a, count(*) FROM big GROUP BY a ORDER BY b DESC").all()) == 20000
connection = engine.raw_connection()
connection.cursor().execute("VACUUM")
"""
OPENED = re.compile(r'open(?:at)?\((?:AT_FDCWD, )?"([^"]+)", ([A-Z_|]+)')


def test_large_sorts_leave_the_database_and_its_log_alone_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    temporary = {name: str(tmp_path / "temporary") for name in ("TMPDIR", "SQLITE_TMPDIR", "TMP", "TEMP")}
    command = ["strace", "-f", "-qq", "-e", "trace=open,openat,creat", "-o", str(tmp_path / "trace")]
    subprocess.run(
        [*command, sys.executable, "-B", "-c", WORK, str(tmp_path / "vault.db")],
        cwd=ROOT,
        env={**os.environ, **temporary},
        check=True,
    )
    written = {
        Path(path).name
        for path, flags in OPENED.findall((tmp_path / "trace").read_text())
        if {"O_RDWR", "O_WRONLY", "O_CREAT"} & set(flags.split("|")) and not path.startswith("/dev/")
    }
    assert "vault.db" in written, "the watch sees what is written"
    assert written <= {"vault.db", "vault.db-wal", "vault.db-shm", "vault.db-journal"}
