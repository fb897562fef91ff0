"""The network is cut: a form in one file is filled in, sealed and carried, and comes to the desk by every way there is.

The forms are filled in Tajik in an empty network namespace, in Chromium 124 days ago and two rotations back, in Firefox
today. Four reports each: one is handed in online as a file, one as pasted text, one goes into the operator's folder,
and one is carried to the reviewer on a stick.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from intake.errors import Exit
from intake.report.blocks import gather
from intake.review.vault import Vault
from tests.harness.carried import carried_file, offline_chromium, opened_form
from tests.harness.chromium import chromium
from tests.harness.desk import review
from tests.harness.filling import ANSWERS, ChromiumHands, fill
from tests.harness.firefox import Firefox
from tests.harness.keys import World, make_world
from tests.harness.offline import run_offline
from tests.harness.server import Running, command, running_drop
from tests.harness.vaults import PASSPHRASE, QUICK

TAKEN = "қабул шуданд: 1 ("
AGO = timedelta(days=124)
ACCOUNTS = ["Роҳи дуюм: матн", "Роҳи сеюм: ҷузвдон", "Роҳи чорум: флешка"]


@dataclass(frozen=True)
class Carried:
    """What left the phone: the same four reports as files and as text."""

    files: list[bytes]
    texts: list[list[str]]
    day: date


def _in_chromium(form: Path, folder: Path, day: date) -> Carried:
    files, texts = [], []
    with offline_chromium(folder) as browser:
        for account in [None, *ACCOUNTS]:
            with opened_form(browser, form, day) as here:
                assert here.state() == "ready"
                if account is None:
                    fill(ChromiumHands(here.page))
                else:
                    here.page.fill("#account", account)
                here.seal()
                files.append(here.save()[1])
                texts.append(here.texts())
    return Carried(files, texts, day)


def _in_firefox(form: Path, folder: Path) -> Carried:
    (saved := folder / "saved").mkdir()
    texts = json.loads(run_offline("tests.browser.carried_firefox", form, saved, *ACCOUNTS))
    whole = {path.read_bytes() for path in saved.glob("*.dat")}
    files = [gather(each).files[0] for each in texts]
    assert set(files) == whole
    return Carried(files, texts, datetime.now(UTC).date())


@contextmanager
def _after_two_rotations(world: World, folder: Path) -> Iterator[tuple[Running, World]]:
    """The drop that gave the form, still serving: r3 has left since, and r4 joined."""
    with running_drop(world, folder) as drop:
        second = world.next(issued=world.today + timedelta(days=60), expires=world.today + timedelta(days=180))
        _served(drop, 2)
        joined = make_world(folder / "newcomer", reviewers=1).reviewers
        third = second.next(
            reviewers=(*world.reviewers[:2], *joined),
            issued=world.today + AGO,
            expires=world.today + timedelta(days=244),
            closes=world.today + timedelta(days=500),
        )
        _served(drop, 3)
        yield drop, replace(third, today=datetime.now(UTC).date())


def _served(drop: Running, serial: int) -> None:
    end = time.monotonic() + 60
    while f"keyring {serial} is served now" not in drop.said:
        assert time.monotonic() < end, drop.said
        time.sleep(0.2)


def _hand_in_file(url: str, path: Path) -> None:
    with chromium() as browser:
        page = browser.new_page(java_script_enabled=False)
        page.goto(f"{url}/tg/carry")
        page.set_input_files("#file", path)
        page.click("button[type=submit]")
        assert TAKEN in page.inner_text("main")


def _hand_in_text(url: str, text: str, phone: str, profile: Path) -> None:
    if phone == "chromium":
        with chromium() as browser:
            page = browser.new_page(java_script_enabled=False)
            page.goto(f"{url}/tg/carry")
            page.fill("#text", text)
            page.click("button[type=submit]")
            assert TAKEN in page.inner_text("main")
        return
    profile.mkdir()
    with Firefox(profile=profile) as firefox:
        firefox.resize(900, 3000)
        firefox.open(f"{url}/tg/carry")
        firefox.evaluate(f"document.getElementById('text').value = {json.dumps(text)}; 0")
        firefox.click("button[type=submit]")
        firefox.wait_for("main > .calm + h2")


@pytest.mark.parametrize("phone", ["chromium", pytest.param("firefox", marks=pytest.mark.long)])
def test_by_every_way_it_comes_and_is_opened(phone: str, tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    world = make_world(tmp_path / "keys", today=today - AGO)
    form = carried_file(world, tmp_path)
    sent = (
        _in_chromium(form, tmp_path, world.today + timedelta(days=1))
        if phone == "chromium"
        else _in_firefox(form, tmp_path)
    )
    (stick := tmp_path / "stick").mkdir()
    with _after_two_rotations(world, tmp_path / "drop") as (drop, now):
        (tmp_path / "ошхона.dat").write_bytes(sent.files[0])
        _hand_in_file(drop.url, tmp_path / "ошхона.dat")
        blocks = list(sent.texts[1])
        random.Random(9).shuffle(blocks)
        _hand_in_text(drop.url, "\n".join([*blocks, blocks[0]]), phone, tmp_path / "online")
        (incoming := tmp_path / "incoming").mkdir()
        (incoming / "VID-0001").write_bytes(sent.files[2])
        assert command("take", incoming, "--data", drop.data).returncode == Exit.OK
        assert list(incoming.iterdir()) == []
        # The same reports once more, each by another way.
        (incoming / "again.txt").write_text(" ".join(sent.texts[0] + sent.texts[2]))
        (incoming / "again.dat").write_bytes(sent.files[1])
        told = json.loads(command("take", incoming, "--data", drop.data, "--json").stdout)
        assert [(each["new"], each["known"]) for each in told] == [(0, 1), (0, 2)]
        drop.export(stick)
    (stick / "notes.dat").write_bytes(sent.files[3])
    (stick / "pasted.txt").write_text("\n".join(sent.texts[0] + sent.texts[3]))
    told = _imported(now, stick, tmp_path / "vault")
    assert sorted(each["became"] for each in told["reports"]) == ["before", "before", *["new"] * 4]
    _compare(sent, tmp_path / "vault")


def _imported(world: World, stick: Path, vault: Path) -> dict[str, Any]:
    Vault.create(
        vault, PASSPHRASE, signing=world.reviewer_keys[0], roots=world.typed, notes=world.notes, cost=QUICK
    ).close()
    done = review(vault, "import", stick, "-i", world.folder / "reviewer-r1.age", "--json", keys=1)
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["files"] == [], told
    assert not any("ALARM" in line for line in told["said"]), told
    return told


def _compare(sent: Carried, vault: Path) -> None:
    """What the desk reads is what was typed, of the day on which it was, with what has changed since beside it."""
    listed = json.loads(review(vault, "list", "--json").stdout)["submissions"]
    found = [json.loads(review(vault, "show", each["id"], "--contact", "--json").stdout)["answers"] for each in listed]
    shown = review(vault, "show", listed[0]["id"]).stdout
    assert f"As of {sent.day}: still true?" in shown
    assert "LOOK: keys that are no longer in the keyring open it, too: r3" in shown
    expected = [ANSWERS, *({"account": text} for text in ACCOUNTS)]
    assert sorted(map(_canonical, found)) == sorted(map(_canonical, expected))


def _canonical(answers: dict[str, Any]) -> str:
    return json.dumps(answers, sort_keys=True)
