"""The promises of DESIGN §2, by experiment: a day of the real server tells nothing, and planted leaks are found."""

import re
import resource
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.harness.bucket import ObjectStore
from tests.harness.clock import wrapping
from tests.harness.hostile_day import LEAKY, LONG, PEOPLE, SHORT, Day, Size, live
from tests.harness.keys import World, make_world
from tests.harness.leaks import LEAKS
from tests.harness.postgres import Cluster
from tests.harness.privacy import ALONE, Finding, in_memory, in_order, remaining
from tests.harness.server import running_drop


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


@pytest.mark.parametrize("size", [SHORT, pytest.param(LONG, marks=pytest.mark.long)], ids=["short", "long"])
def test_a_day_tells_nothing(world: World, tmp_path: Path, size: Size) -> None:
    day = live(world, tmp_path, size)
    assert day.findings() == []
    assert day.statuses >= {200, 201, 204, 400, 404, 405, 413, 422, 429}  # all of it did happen
    assert len(day.arrivals) == size.small + size.large


@pytest.mark.long
def test_a_day_on_postgresql_and_s3_tells_nothing(world: World, tmp_path: Path) -> None:
    """What the drop writes, says to both and leaves in the database's files; what they keep of their own is theirs."""
    with Cluster() as cluster, ObjectStore() as objects, objects.known():
        place, bucket = cluster.database(), objects.bucket("day")
        reached = (
            f"{cluster.folder}/.s.PGSQL.5432",
            str(objects.port),
            "/var/run/nscd/socket",
        )  # libpq asks who runs it

        def look(day: Day) -> list[Finding]:
            with cluster.asked(place) as connection:
                rows = connection.execute("SELECT id, xmin::text::int8, ctid::text FROM report").fetchall()
                connection.execute("CHECKPOINT")
            assert len(rows) > SHORT.small + SHORT.large
            marked = {
                "report.xmin": {bytes(row[0]): row[1] for row in rows},
                "report.ctid": {bytes(row[0]): int(re.sub(r"\D+", "00000", row[2].strip("()"))) for row in rows},
            }
            known = {each.id for each in day.arrivals}
            marked = {name: {each: n for each, n in values.items() if each in known} for name, values in marked.items()}
            for path, content in written():
                marked[f"place in {path}"] = {each: at for each in known if (at := content.find(each)) >= 0}
            assert any(len(values) > 50 for name, values in marked.items() if name.startswith("place"))
            return list(in_order(marked, day.arrivals))

        def written() -> Iterator[tuple[Path, bytes]]:
            for path in cluster.data.rglob("*"):
                if path.is_file():
                    yield path, path.read_bytes()

        findings: list[Finding] = []
        day = live(
            world,
            tmp_path,
            SHORT,
            database=place,
            blobs=bucket,
            reached=reached,
            unpurged=lambda day: findings.extend(look(day)),
        )
        findings += day.findings()
        with cluster.asked(place) as connection:
            assert connection.execute("SELECT count(*) FROM report").fetchall() == [(0,)]
            connection.execute("CHECKPOINT")
        assert [key for key in objects.objects("day") if "/parts/" in key] == []
        for path, content in written():
            findings += [Finding("canary", str(path), name) for person in PEOPLE for name in person.told_by(content)]
            findings += remaining(str(path), content, day.gone | day.expired | day.purged)
    assert findings == []


def missed(leak: str, findings: Sequence[Finding]) -> list[tuple[str, str]]:
    """What should have been found of a leak, and was not."""
    told = [(each.kind, text) for each in findings for text in (each.where, f"{each.where}: {each.what}")]
    return [
        (kind, where)
        for kind, where in LEAKS[leak].found
        if not any(found == kind and re.fullmatch(where, text) for found, text in told)
    ]


TOLD = (
    "access-log",
    "agent-in-a-file",
    "address-hashed",
    "address-packed",
    "files-spooled",
    "asked-of-a-resolver",
    "told-to-a-service",
    "told-to-syslog",
    "mapped",
    "told-to-another-visitor",
    "paths-in-the-nightly-counts",
    "errors-of-threads-printed",
    "times-in-names",
    "database-spooled",
    "log-not-emptied",
)
KEPT = ("arrivals-numbered", "parts-not-folded", "touched-by-reports", "not-wiped", "not-rewritten")
ORDERED = ("folded-once-a-day",)
ARRANGED = ("folded-as-they-came",)


@pytest.mark.parametrize(
    "leaks",
    [TOLD, KEPT, *(pytest.param(each, marks=pytest.mark.long) for each in (ORDERED, ARRANGED))],
    ids=["told", "kept", "ordered", "arranged"],
)
def test_planted_leaks_are_found(world: World, tmp_path: Path, leaks: Sequence[str]) -> None:
    findings = live(world, tmp_path, LEAKY, leaks).findings()
    assert {leak: gap for leak in leaks if (gap := missed(leak, findings))} == {}


@pytest.mark.long
@pytest.mark.parametrize("leak", [*TOLD, *KEPT])
def test_each_is_found_when_it_is_the_only_one(world: World, tmp_path: Path, leak: str) -> None:
    findings = live(world, tmp_path, LEAKY, [leak]).findings()
    assert missed(leak, findings) == []
    print(leak, sorted({(each.kind, re.sub(r"[0-9a-f]{32}|\d{5,}", "*", each.where)) for each in findings}))


@pytest.mark.parametrize("leaks", [(), ("core-allowed",)], ids=["as it is", "planted"])
def test_memory_is_read_by_nobody(world: World, tmp_path: Path, leaks: Sequence[str]) -> None:
    here = tmp_path / "here"
    here.mkdir()
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)  # 0 once a vault was opened in this process
    wrapper = [
        "prlimit",
        f"--core={'unlimited' if hard < 0 else hard}",
        *ALONE,
        "sh",
        "-c",
        'cd "$0" && exec "$@"',
        str(here),
    ]
    environment = wrapping(WRAPPED_LEAKS=",".join(leaks))
    with running_drop(world, tmp_path / "drop", wrapper=wrapper, environment=environment) as drop:
        findings = list(in_memory(drop.pid, here, lambda: drop.process.wait(60)))
    if leaks:
        assert missed("core-allowed", findings) in ([], [("core", "file")] if hard == 0 else [])
    else:
        assert findings == []


def test_every_leak_is_planted_here() -> None:
    assert {*TOLD, *KEPT, *ORDERED, *ARRANGED, "core-allowed"} == set(LEAKS)
