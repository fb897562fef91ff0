"""A year of a drop: keys rotate, a laptop is lost, a reviewer is turned out, the operator goes; every report opens.

Three roots of whom two must sign, four reviewers, 500 reports all year long, some in forms carried by hand for four
months. The ceremonies, the sheets of paper, the restore and the opening are the real commands; the drop's belief,
judgement, store and bundles are the real parts; the witnesses, the post and the days are played. The last day is today.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from intake.drop.acceptance import Accepted, judge
from intake.drop.belief import Belief
from intake.drop.export import export
from intake.drop.folder import DataFolder
from intake.drop.problems import SEAL_AGAIN
from intake.drop.store import Store
from intake.durable import write_private
from intake.errors import Exit, NoKeyFits
from intake.keyring import Card, Keyring, PrivateFile, Roots
from intake.keyring.identity import open_private
from intake.sealing import HybridIdentity, HybridRecipient, open_bytes
from tests.harness.bundles import make_report, seal_for
from tests.harness.keys import ORIGIN, PASSPHRASE, QUICK, World, make_world, new_key
from tests.harness.terminals import put_on_paper, terminal, type_shares

REPORTS = 500
LENGTH = 400  # days
CARRIED = timedelta(days=120)
HANDED_OVER = 20  # days from one export to the next
START = datetime.now(UTC).date() - timedelta(days=LENGTH)


def intake(folder: Path, *args: object) -> str:
    """One command with everybody's passphrase; what it printed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("INTAKE_")}
    done = subprocess.run(
        [sys.executable, "-m", "intake", *map(str, args)],
        cwd=folder,
        env=clean | {"INTAKE_PASSPHRASE_COMMAND": f"echo {PASSPHRASE}", "PYTHONWARNINGS": "error"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{args}\n{done.stderr}"
    return done.stdout


@dataclass
class Server:
    """A drop's data folder under one operator, served from `keyring.note` beside it."""

    data: DataFolder
    belief: Belief
    store: Store


@dataclass
class Year:
    """The folder in which everything lies, the day, and what witnesses sealed."""

    folder: Path
    world: World
    day: date = START
    serial: int = 1
    sealed: dict[str, tuple[int, bytes]] = field(default_factory=dict)  # id to keyring and file
    underway: list[tuple[date, str, bytes]] = field(default_factory=list)
    exports: int = 0

    def __post_init__(self) -> None:
        self.served = self.folder / "keyring.note"
        self.paper = Roots(self.world.fingerprints, self.world.threshold)
        data = DataFolder.open(self.folder / "data", create=True)
        write_private(data.drop_key, bytes(PrivateFile(self.world.drop_key)))
        self.server = self._open("data")

    def _open(self, name: str) -> Server:
        data = DataFolder.open(self.folder / name)
        return Server(data, Belief(data, self.served, self.paper, lambda: self.day), Store(data))

    def moves_to(self, name: str) -> None:
        """Another operator, another machine, another key; nothing of the first server is left."""
        self.server.store.close()
        self.server = self._open(name)

    @property
    def keyring(self) -> Keyring:
        return self.server.belief.chain.newest

    def ceremony(self, signers: str, command: str, *args: object, served: bool = True) -> None:
        """Held, signed by these roots in turn, and taken up by the server."""
        before, after = f"keyring-{self.serial}.note", f"keyring-{self.serial + 1}.note"
        intake(self.folder, "keys", command, before, "--issued", self.day, "--yes", *args)
        for label in signers:
            intake(self.folder, "keys", "keyring-sign", after, "--previous", before, "--key", f"root-{label}.age")
        self.serial += 1
        write_private(self.served, (self.folder / after).read_bytes(), replace=True)
        if served:
            assert self.server.belief.refresh()
            assert self.keyring.serial == self.serial

    def report(self, number: int) -> None:
        """One witness: a page, or every tenth a form that is carried for four months."""
        keyring = self.keyring
        assert not keyring.is_closed(self.day)
        carried = number % 10 == 0
        report = make_report(
            self.world,
            number,
            keyring=keyring.serial,
            day=self.day,
            sealed_by="carried-form" if carried else "browser",
        )
        body = seal_for(report, [HybridRecipient.parse(each) for each in keyring.recipients])
        name = hashlib.sha256(body).hexdigest()[:32] if carried else report.id
        self.sealed[name] = (keyring.serial, body)
        if carried:
            self.underway.append((self.day + CARRIED, name, body))
        else:
            self.arrives(name, body, keyring.serial)

    def arrives(self, name: str, body: bytes, claim: int | None) -> None:
        assert isinstance(judge(body, claim, self.server.belief.chain, self.day), Accepted)
        self.server.store.put(bytes.fromhex(name), body, claimed=claim, day=self.day)

    def until(self, day: int) -> None:
        """Let the days pass up to this one: reports, the carried ones that arrive, and a bundle now and then."""
        last = START + timedelta(days=day)
        while self.day < last:
            self.day += timedelta(days=1)
            gone = (self.day - START).days
            for number in range(REPORTS * (gone - 1) // LENGTH, REPORTS * gone // LENGTH):
                self.report(number + 1)
            for arrival in [each for each in self.underway if each[0] <= self.day]:
                self.underway.remove(arrival)
                self.arrives(*arrival[1:], None)
            if gone % HANDED_OVER == 0:
                self.hand_over()

    def hand_over(self) -> None:
        self.exports += 1
        stick = self.folder / "sticks" / f"{self.exports:03d}"
        stick.mkdir(parents=True)
        export(self.server.data, self.server.store, stick, self.day)


def _new_reviewer(folder: Path, label: str, file: str) -> None:
    """As reviewer-new makes it, but without a second of scrypt."""
    key, identity = new_key(label), HybridIdentity.generate()
    (folder / f"{file}.age").write_bytes(PrivateFile(key, (identity,)).seal(PASSPHRASE, QUICK))
    (folder / f"{file}.card").write_bytes(Card(ORIGIN, label, str(identity.recipient), key.verify_key).sign(key))


def _identity(path: Path) -> HybridIdentity:
    return open_private(path.read_bytes(), PASSPHRASE).identities[0]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    folder = tmp_path_factory.mktemp("year")
    world = make_world(folder, reviewers=4, today=START)
    with terminal(
        *("keys", "backup", "reviewer-r3.age", "--shares", 3, "--threshold", 2, "--out", "sheets"),
        folder=folder,
        secrets=[PASSPHRASE],
    ) as screen:
        sheets = put_on_paper(screen, 3)
        assert screen.end() == Exit.OK, screen.shown
    year = Year(folder, world)

    year.until(90)
    _new_reviewer(folder, "r2", "reviewer-r2-new")
    year.ceremony("ab", "rotate", "--reviewer", "reviewer-r2-new.card")

    year.until(150)
    (folder / "reviewer-r3.age").unlink()
    some = next(name for name, (serial, _) in year.sealed.items() if serial == 1)
    (folder / "some.age").write_bytes(year.sealed[some][1])
    with terminal(
        *("keys", "restore", "--origin", ORIGIN, "--label", "r3", "--out", "restored"),
        *("--card", "reviewer-r3.card", "--prove", "some.age"),
        folder=folder,
        secrets=[PASSPHRASE],
    ) as screen:
        type_shares(screen, [sheets[2], sheets[0]])
        assert screen.end() == Exit.OK, screen.shown
    _new_reviewer(folder, "r3", "reviewer-r3-new")
    year.ceremony("bc", "rotate", "--reviewer", "reviewer-r3-new.card", "--closed-through", 2)

    year.until(210)
    old = year.keyring
    year.ceremony("ca", "retire", "--label", "r4", "--closed-through", 3)
    late = seal_for(make_report(world, 9_999), [HybridRecipient.parse(each) for each in old.recipients])
    verdict = judge(late, old.serial, year.server.belief.chain, year.day)
    assert not isinstance(verdict, Accepted)
    assert verdict.problem == SEAL_AGAIN

    year.until(270)
    _new_reviewer(folder, "r5", "reviewer-r5")
    year.ceremony("ab", "rotate", "--add", "reviewer-r5.card")

    year.until(380)
    assert (year.keyring.expires - year.day).days == 10
    (folder / "root-b.age").unlink()
    root = new_key("d")
    (folder / "root-d.age").write_bytes(PrivateFile(root).seal(PASSPHRASE, QUICK))
    (folder / "root-d.vkey").write_text(f"{root.verify_key}\n")
    year.ceremony("ac", "root-replace", "--out-root", "b", "--in", "root-d.vkey", served=False)
    intake(folder, "keys", "drop-new", "--origin", ORIGIN, "--label", "d2", "--out", "data-2")
    year.ceremony("cd", "rotate", "--drop", "data-2/drop-d2.vkey", served=False)
    year.ceremony("da", "retire", "--out-drop", "d1", served=False)
    year.moves_to("data-2")
    assert year.keyring.serial == 8

    year.until(LENGTH)
    for arrival in year.underway:
        year.arrives(*arrival[1:], None)
    year.hand_over()
    with closing(year.server.store):
        yield year


@pytest.fixture(scope="module")
def outcomes(year: Year) -> list[dict[str, object]]:
    """What r1's one command says of each report, after a year without a new key."""
    sticks = sorted((year.folder / "sticks").glob("*/*.bundle"))
    assert {int(stick.stem[-6:]) for stick in sticks} >= set(range(1, 20))
    identities = ["-i", "reviewer-r1.age"]
    paper = ["--root", *year.world.fingerprints, "--threshold", 2]
    told = intake(year.folder, "review", "open", *sticks, *identities, "--to", "opened", *paper, "--json")
    found: list[dict[str, object]] = json.loads(told)
    return found


def test_every_report_of_the_year_is_opened_by_those_who_are_left(
    year: Year, outcomes: list[dict[str, object]]
) -> None:
    assert len(year.sealed) == REPORTS
    assert {outcome["error"] for outcome in outcomes} == {None}
    assert {str(outcome["alarms"]) for outcome in outcomes} == {"[]"}
    opened = {path.parent.name for path in (year.folder / "opened").glob("*/report.json")}
    assert opened == set(year.sealed)


@pytest.mark.parametrize(
    ("files", "serials"),
    [
        (["reviewer-r2"], {1}),
        (["reviewer-r2", "reviewer-r2-new"], {1, 2, 3, 4, 5, 8}),
        (["restored/reviewer-r3"], {1, 2}),
        (["restored/reviewer-r3", "reviewer-r3-new"], {1, 2, 3, 4, 5, 8}),
        (["reviewer-r4"], {1, 2, 3}),
        (["reviewer-r5"], {5, 8}),
    ],
    ids=["r2-old", "r2", "r3-restored", "r3", "r4-turned-out", "r5-joined"],
)
def test_each_key_opens_what_was_sealed_while_it_stood_and_nothing_else(
    year: Year, files: list[str], serials: set[int]
) -> None:
    identities = [_identity(year.folder / f"{file}.age") for file in files]
    for serial, body in year.sealed.values():
        if serial in serials:
            assert open_bytes(body, identities)
        else:
            with pytest.raises(NoKeyFits):
                open_bytes(body, identities)


@pytest.mark.usefixtures("outcomes")
def test_reports_that_were_carried_four_months_came_across_rotations(year: Year) -> None:
    carried = [json.loads(path.read_bytes()) for path in (year.folder / "opened").glob("*/report.json")]
    forms = [report for report in carried if report["sealed_by"] == "carried-form"]
    assert len(forms) == REPORTS // 10
    assert {form["keyring"] for form in forms} == {1, 2, 3, 4, 5, 8}
