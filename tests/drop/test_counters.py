"""What nodes count together: one limit for all, one spending of a challenge, no addresses, and no need of it."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from limits import parse
from limits.strategies import FixedWindowRateLimiter

from intake.drop.counters import EVERYBODY, Counters, checked, counters_of
from intake.drop.folder import DataFolder
from intake.drop.toll import Passage, Toll
from intake.errors import Fault, Usage
from tests.drop.test_toll import solved
from tests.harness.bundles import make_report, seal_report
from tests.harness.counting import Counting
from tests.harness.keys import make_world
from tests.harness.server import command, running_drop


@pytest.fixture
def server() -> Iterator[Counting]:
    with Counting() as running:
        yield running


def test_two_nodes_count_as_one(server: Counting) -> None:
    one, other = (FixedWindowRateLimiter(Counters(server.place)) for _ in range(2))
    limit = parse("3/hour")
    assert [each.hit(limit, EVERYBODY) for each in (one, other, one, other)] == [True, True, True, False]
    # What counts for one source stays in each process, where the salt of its key is.
    assert [each.hit(limit, "b5" * 32) for each in (one, other, one, other)] == [True] * 4
    assert b"b5b5" not in server.ask("KEYS", "*")


def busy(counters: Counters) -> Toll:
    toll = Toll("1/hour", counters=counters)
    toll.arrives(None)
    return toll


def test_a_challenge_of_one_node_is_spent_on_all(server: Counting) -> None:
    one, other = busy(Counters(server.place)), busy(Counters(server.place))
    challenge = one.challenge()
    assert challenge is not None
    work = solved(challenge)
    assert other.arrives(work) is Passage.PAID
    assert one.arrives(work) is Passage.DUE
    assert other.arrives(work) is Passage.DUE


@pytest.mark.parametrize("trouble", ["ended", "hangs"])
def test_without_it_each_node_counts_alone(server: Counting, trouble: str) -> None:
    counters = Counters(server.place)
    toll = busy(counters)
    assert counters.cautions() == ()
    if trouble == "ended":
        server.end()
    else:
        server.stop()
    assert counters.cautions() == (f"Valkey at {server.place} does not answer: each node counts alone",)
    assert toll.arrives(None) is Passage.FREE  # the count begins anew here
    assert toll.arrives(None) is Passage.DUE
    challenge = toll.challenge()
    assert challenge is not None
    assert toll.arrives(solved(challenge)) is Passage.PAID
    assert toll.arrives(solved(challenge)) is Passage.DUE
    if trouble == "ended":
        server.start()
    else:
        server.go_on()
    assert counters.answers
    limiter = FixedWindowRateLimiter(counters)
    assert [limiter.hit(parse("1/hour"), EVERYBODY) for _ in range(2)] == [True, False]


def test_one_that_writes_to_disk_is_told_of() -> None:
    with Counting("--appendonly", "yes") as server:
        (caution,) = Counters(server.place).cautions()
        assert "writes to disk" in caution


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("redis://:secret@127.0.0.1", "password"),
        ("redis://127.0.0.1?password=secret", "password"),
        ("redis://cache.example", "without TLS"),
        ("memcached://127.0.0.1", "no address"),
        ("127.0.0.1:6379", "no address"),
        ("redis://127.0.0.1:99999999", "no address"),
    ],
)
def test_an_address_that_would_leak_is_refused(place: str, words: str) -> None:
    with pytest.raises(Usage, match=words) as caught:
        checked(place)
    assert "secret" not in str(caught.value)


def test_addresses_are_those_of_every_redis_tool() -> None:
    assert checked("redis://127.0.0.1") == "valkey://127.0.0.1:6379/0"
    assert checked("rediss://cache.example:7000/3") == "valkeys://cache.example:7000/3"
    assert checked("unix:///run/valkey.sock") == "valkey+unix:///run/valkey.sock"
    assert checked("valkey://[::1]:7/1") == "valkey://[::1]:7/1"


def test_the_password_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with Counting("--requirepass", "canary") as server:
        assert not Counters(server.place).answers
        monkeypatch.setenv("REDISCLI_AUTH", "canary")
        assert Counters(server.place).answers


def test_a_drop_goes_on_without_it_and_says_so(server: Counting, tmp_path: Path) -> None:
    world = make_world(tmp_path / "keys", today=datetime.now(UTC).date())
    body = seal_report(make_report(world), world.reviewers)
    limits = {"calm": "", "reports": "9000/hour", "counters": server.place}
    with running_drop(world, tmp_path / "drop", limits=limits) as drop:
        assert drop.put("01" * 16, body, 1).status == 201
        told = json.loads(command("status", "--data", drop.data, "--json").stdout)
        assert told["counters"] == server.place
        assert not any("Valkey" in each for each in told["warnings"])
        keys = server.ask("KEYS", "*")
        assert b"everybody" in keys
        assert b"127.0.0.1" not in keys
        server.end()
        assert drop.put("02" * 16, body, 1).status == 201
        told = json.loads(command("status", "--data", drop.data, "--json").stdout)
        assert any("each node counts alone" in each for each in told["warnings"])
        deadline = time.monotonic() + 60
        while not any("each node counts alone" in line for line in drop.said):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        server.start()
        assert drop.put("03" * 16, body, 1).status == 201


@pytest.mark.parametrize("written", [b"\xff\xfe", b"http://elsewhere/"])
def test_what_a_folder_says_of_counters_may_be_damaged(tmp_path: Path, written: bytes) -> None:
    folder = DataFolder.open(tmp_path / "data", create=True)
    assert counters_of(folder).place == ""
    folder.counters.write_bytes(written)
    with pytest.raises(Fault, match="can't be read"):
        counters_of(folder)
