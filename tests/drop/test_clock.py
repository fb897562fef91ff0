"""The server's clock jumps: a day back, a year on, right again. Nothing is lost, and folds go on."""

import os
from datetime import timedelta
from pathlib import Path

from tests.drop.test_serve import until
from tests.drop.test_tus import begun, offset, patch
from tests.harness.bundles import make_report, seal_report
from tests.harness.clock import Clock
from tests.harness.keys import make_world
from tests.harness.large import PART, pieces, seal_large
from tests.harness.server import running_drop


def test_a_clock_that_jumps_loses_nothing(tmp_path: Path) -> None:
    """With a wrong clock the drop says that it is closed; set right, it goes on where it was, without a restart."""
    clock = Clock(tmp_path / "clock")
    world = make_world(tmp_path / "keys", today=clock.today() - timedelta(days=2))
    small, large = seal_report(make_report(world), world.reviewers), seal_large(world)
    kept: dict[str, bytes] = {}

    def put(status: int) -> None:
        identifier = os.urandom(16).hex()
        assert drop.put(identifier, small, 1).status == status
        if status == 201:
            kept[identifier] = small

    with running_drop(world, tmp_path / "drop", environment=clock.environment) as drop:
        put(201)
        place = begun(drop, len(large))
        assert patch(drop, place, 0, large[:PART]).status == 204
        clock.shift(days=-1)
        put(201)
        assert offset(drop, place) == PART
        clock.shift(days=400)
        put(410)  # the keyring has closed by then
        plain = {"Content-Type": "application/x-www-form-urlencoded"}
        assert drop.request("POST", "/", b"account=a", plain).status == 410
        assert drop.request("GET", "/en").status == 200
        # The night's work of that far day runs: what had expired by then is gone, what was acknowledged is not.
        until(lambda: drop.request("HEAD", place, headers={"Tus-Resumable": "1.0.0"}).status == 404, 120)
        clock.shift()
        put(201)
        place = begun(drop, len(large))
        for start, piece in pieces(large):
            assert patch(drop, place, start, piece).status == 204
        kept[place.rpartition("/")[2]] = large
        content = drop.export(tmp_path, "--all").read_bytes()
        # That night was in the future: a fold goes by it no more.
        assert (drop.data / "parts" / place.rpartition("/")[2]).stat().st_mtime % 86_400 in (0, 1)
    for body in kept.values():
        assert body in content
    assert content.count(small) == 3
