"""What went to whom, in the order in which it went."""

from __future__ import annotations

from pathlib import Path

from intake.review.outputs import deliveries
from intake.review.outputs.deliveries import Delivery
from intake.review.sync import read, write
from intake.review.vault import Vault
from tests.harness.keys import make_world
from tests.harness.vaults import make_vault


def told(vault: Vault) -> list[str]:
    with vault.reading() as connection:
        return [each.delivery.to for each in deliveries.delivered(connection)]


def test_what_leaves_within_one_second_stands_in_its_order_at_every_desk(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    offices = [f"office {number}" for number in range(8)]
    with make_vault(world, tmp_path / "one") as one, make_vault(world, tmp_path / "two", 2) as two:
        for office in offices:
            with one.journal() as journal:
                deliveries.record(
                    journal, Delivery("dossier", "lawyer", "full", office, "key", (), (), "5f0c" * 4, ("phone",))
                )
        assert told(one) == offices
        stick, _ = write(one, tmp_path)
        read(two, stick, [world.reviewers[1]])
        assert told(two) == offices
