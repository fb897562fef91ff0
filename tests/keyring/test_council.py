"""A council at its terminals: made on paper alone, named in a keyring, sitting together to open, and nothing left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from intake.errors import Exit
from intake.keyring import Card, fingerprint
from intake.keyring.shares import Share, rebuild
from intake.review.submissions import submission
from intake.sealing import HybridRecipient
from tests.harness.bundles import make_report, seal_for
from tests.harness.keys import ORIGIN, World, make_world
from tests.harness.terminals import put_on_paper, terminal, type_shares
from tests.harness.vaults import PASSPHRASE as VAULT_PASSPHRASE
from tests.harness.vaults import make_vault, open_vault
from tests.keyring.test_ceremonies import keys

Words = tuple[str, ...]


@dataclass(frozen=True)
class Council:
    """What its making left: the card, and what stands on the holders' papers."""

    world: World
    folder: Path
    card: Card
    paper: list[Words]
    made: str

    @property
    def path(self) -> Path:
        return self.folder / "reviewer-board.card"


@pytest.fixture(scope="module")
def council(tmp_path_factory: pytest.TempPathFactory) -> Council:
    """Made once at a terminal, with printed sheets, beside two reviewers of the usual kind."""
    folder = tmp_path_factory.mktemp("council")
    world = make_world(folder / "keys", reviewers=2)
    with terminal(
        *("keys", "council", "--origin", ORIGIN, "--label", "board", "--shares", 3, "--threshold", 2),
        *("--out", folder, "--sheets", folder / "sheets"),
        folder=folder,
    ) as screen:
        paper = put_on_paper(screen, 3)
        assert screen.end() == Exit.OK, screen.shown
    card = Card.parse((folder / "reviewer-board.card").read_bytes())
    report = make_report(world, 7, [b"a photo"])
    everybody = [HybridRecipient.parse(each) for each in (*world.keyring.recipients, card.recipient)]
    (folder / "report.age").write_bytes(seal_for(report, everybody, [b"a photo"]))
    return Council(world, folder, card, paper, screen.left)


def run(council: Council, given: Sequence[Words], *args: object) -> subprocess.CompletedProcess[str]:
    """`intake …` without a terminal, the shares on a descriptor."""
    reader, writer = os.pipe()
    os.write(writer, "".join(f"{' '.join(words)}\n" for words in given).encode())
    os.close(writer)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("INTAKE_")}
    done = subprocess.run(
        [sys.executable, "-m", "intake", *map(str, args)],
        cwd=council.folder,
        env=environment | {"INTAKE_SHARES_FD": str(reader), "PYTHONWARNINGS": "error"},
        pass_fds=[reader],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(reader)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_its_making_leaves_a_card_and_paper_and_no_private_file(council: Council) -> None:
    assert [len(words) for words in council.paper] == [59, 59, 59]
    private = rebuild([Share.parse(words) for words in council.paper[1:]], f"{ORIGIN}/board")
    assert str(private.identities[0].recipient) == council.card.recipient
    assert private.signing.verify_key == council.card.key
    made = {path.name for path in council.folder.iterdir()}
    assert made == {"keys", "sheets", "reviewer-board.card", "report.age"}
    assert len(list((council.folder / "sheets").iterdir())) == 3
    secrets = [str(private.identities[0]).encode(), str(private.signing).encode(), private.signing.seed]
    for path in council.folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not any(secret in content for secret in secrets), path
    assert f"board  {fingerprint(council.card.recipient)}" in council.made
    assert "burn sheets 1 to 3 of set" in council.made
    assert "delete " + str(council.folder / "sheets") in council.made.replace("\r\n", "")
    assert not any(" ".join(words[:3]) in council.made for words in council.paper)


def test_it_joins_a_keyring_as_any_reviewer_does(council: Council) -> None:
    done = keys(
        *(council.folder / "keys", "rotate", "keyring.note", "--add", council.path, "--out", "next.note", "--yes"),
        "--json",
    )
    assert done.returncode == 0, done.stderr
    reviewers = json.loads(done.stdout)["reviewers"]
    assert [each["label"] for each in reviewers] == ["r1", "r2", "board"]
    assert reviewers[2]["recipient"] == council.card.recipient


def test_two_of_three_sit_together_and_open(council: Council, tmp_path: Path) -> None:
    with terminal(
        "review", "open", council.folder / "report.age", "--council", council.path, "--to", "opened", folder=tmp_path
    ) as screen:
        type_shares(screen, [council.paper[2], council.paper[0]])
        assert screen.end() == Exit.OK, screen.shown
    assert f"Council board  {fingerprint(council.card.recipient)}" in screen.left
    assert not any(" ".join(words[at : at + 3]) in screen.left for words in council.paper for at in range(57))
    (report,) = (tmp_path / "opened").iterdir()
    assert [path.read_bytes() for path in (report / "files").iterdir()] == [b"a photo"]
    assert {path.name for path in tmp_path.iterdir()} == {"opened"}


def test_they_sit_together_and_import_and_the_vault_keeps_no_share(council: Council, tmp_path: Path) -> None:
    make_vault(council.world, tmp_path / "vault").close()
    with terminal(
        *("review", "import", council.folder / "report.age", "--council", council.path, "--vault", "vault"),
        folder=tmp_path,
        secrets=[VAULT_PASSPHRASE],
    ) as screen:
        type_shares(screen, [council.paper[1], council.paper[2]])
        assert screen.end() == Exit.OK, screen.shown
    with open_vault(council.world, tmp_path / "vault") as vault, vault.reading() as connection:
        assert [each.id for each in connection.execute(select(submission.c.id))] == [f"{7:032x}"]
    private = rebuild([Share.parse(words) for words in council.paper[1:]], f"{ORIGIN}/board")
    for path in (tmp_path / "vault").rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert str(private.identities[0]).encode() not in content
        assert not any(" ".join(words[:3]).encode() in content for words in council.paper)


def test_it_gives_its_reports_to_a_new_reviewer(council: Council, tmp_path: Path) -> None:
    newcomer = make_world(tmp_path / "newcomer", reviewers=1)
    done = run(
        *(council, council.paper[:2], "keys", "rewrap", "report.age", "--council", council.path),
        *("--reviewer", newcomer.folder / "reviewer-r1.card", "--to", tmp_path / "for-r1"),
    )
    assert done.returncode == Exit.OK, done.stderr
    assert [path.suffix for path in (tmp_path / "for-r1").iterdir()].count(".age") == 1


@pytest.mark.parametrize(
    ("shares", "card", "status", "words"),
    [
        ([0], "reviewer-board.card", Exit.USAGE, "not enough shares: 1 more needed"),
        ([], "reviewer-board.card", Exit.USAGE, "not enough shares: all needed"),
        ([0, 1], "keys/reviewer-r1.card", Exit.KEYRING, "these shares are not those of reviewer-r1.card"),
        ([0, 1], "none.card", Exit.USAGE, "there is no file none.card"),
        ([0, 1], "report.age", Exit.KEYRING, "report.age: the note"),
    ],
)
def test_what_is_no_sitting_opens_nothing(
    council: Council, tmp_path: Path, shares: list[int], card: str, status: Exit, words: str
) -> None:
    given = [council.paper[place] for place in shares]
    done = run(council, given, "review", "open", "report.age", "--council", card, "--to", tmp_path / "opened")
    assert (done.returncode, words in done.stderr) == (status, True), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_opening_without_any_key_says_so(council: Council, tmp_path: Path) -> None:
    done = run(council, [], "review", "open", "report.age", "--to", tmp_path / "opened")
    assert (done.returncode, "Give an identity with -i, or --council" in done.stderr) == (Exit.USAGE, True)


def test_a_making_that_stops_leaves_nothing(tmp_path: Path) -> None:
    with terminal(
        *("keys", "council", "--origin", ORIGIN, "--label", "board", "--shares", 2, "--threshold", 2),
        *("--out", "made", "--sheets", "sheets"),
        folder=tmp_path,
    ) as screen:
        put_on_paper(screen, 1)
        screen.until("wiped from the screen. ")
        screen.interrupt()
        assert screen.end() == Exit.FAULT
    assert "is not finished and no backup. Burn what was printed" in screen.left
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("numbers", "words"),
    [(("2", "3"), "3 of 2 holders can't be asked for"), (("3", "1"), "--threshold"), (("17", "2"), "--shares")],
)
def test_numbers_that_make_no_council(tmp_path: Path, numbers: tuple[str, str], words: str) -> None:
    done = keys(
        *(tmp_path, "council", "--origin", ORIGIN, "--label", "board", "--out", "made"),
        *("--shares", numbers[0], "--threshold", numbers[1]),
    )
    assert (done.returncode, words in done.stderr) == (Exit.USAGE, True)
    assert list(tmp_path.iterdir()) == []
