"""The README is a story that runs: its commands are typed here as they stand there, in order, in one folder."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from urllib.request import Request, urlopen

from intake.errors import Exit
from intake.keyring.card import Card
from intake.keyring.fingerprint import fingerprint
from intake.keyring.note import SignedNote
from intake.keyring.text import Keyring
from intake.report.package import FileEntry, QuestionnaireRef, Report
from intake.sealing import HybridRecipient
from tests.harness.bundles import seal_for
from tests.harness.every_command import PHOTO
from tests.harness.reader import BLOCKS, README, ROOT, Shell, answers
from tests.harness.terminals import put_on_paper, terminal, type_shares

PASSPHRASE = "a passphrase"


def test_the_first_screen_has_two_commands_and_a_picture() -> None:
    first = README.split("\n---\n")[0]
    assert [line.split()[0] for line in BLOCKS[0].splitlines()] == ["./scripts/try", "./scripts/test"]
    assert "./scripts/try --once" in first
    assert re.findall(r'src="([^"]+)"', first)
    for picture in re.findall(r'src="([^"]+)"', README):
        assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")
    assert first.index("Who can see what") < first.index("does not protect against")


def test_every_path_in_it_exists() -> None:
    for path in re.findall(r"\]\((?!http)([^)]+)\)", README) + re.findall(r"`(intake/[a-z]+)`", README):
        assert (ROOT / path).exists(), path
    for script in set(re.findall(r"\./scripts/[a-z]+", README)):
        assert os.access(ROOT / script, os.X_OK), script


def test_the_exit_statuses_are_the_real_ones() -> None:
    told = {int(number) for row in re.findall(r"^\| ([0-9, ]+) \|", README, re.MULTILINE) for number in row.split(",")}
    assert told == {code.value for code in Exit}


def _block(containing: str) -> str:
    found: list[str] = [block for block in BLOCKS if containing in block]
    assert len(found) == 1
    return found[0]


def _at_a_terminal(
    shell: Shell, words: str, *secrets: str, sheets: int = 0, typed: Sequence[tuple[str, ...]] = ()
) -> list[tuple[str, ...]]:
    """A command that stands by itself, because it asks for paper: typed with a person's hands. What is on the paper."""
    (line,) = re.findall(rf"^    intake ({words} .*)$", README, re.MULTILINE)
    command = shlex.split(line.replace("/dev/shm", str(shell.folder / "memory")))
    with terminal(*command, folder=shell.folder, secrets=secrets) as screen:
        paper = put_on_paper(screen, sheets)
        type_shares(screen, typed)
        assert screen.end() == Exit.OK, screen.shown
    return paper


def test_the_story_runs_from_keys_to_an_opened_report(tmp_path: Path) -> None:
    shell = Shell(tmp_path, PASSPHRASE)
    shutil.copy(ROOT / "scripts" / "drop.toml", tmp_path)
    (tmp_path / "usb").mkdir()  # the stick
    shell.run(_block("root-new"))
    shell.learn_fingerprints()
    shell.run(_block("keyring-new"))
    shell.run(_block("keyring-show"))
    paper = _at_a_terminal(shell, "keys backup", PASSPHRASE, sheets=5)
    _at_a_terminal(shell, "keys council", sheets=5)
    shell.run(_block("keys rotate"))
    keyring = Keyring.parse(SignedNote.parse((tmp_path / "keyring.note").read_bytes()).text)
    report = Report(
        id="12" * 16,
        origin=keyring.origin,
        keyring=1,
        questionnaire=QuestionnaireRef("first", "1", "0" * 64),
        language="en",
        sealed_by="cli",
        day=datetime.now(UTC).date(),
        answers={
            "account": "Seen at the bus station.",
            "who": [{"name": "Firdavs Rahmonzoda"}],
            "consent": ["un_named"],
            "victim_consent": "family_agrees",
            "harm": "Don't name the village.",
        },
    )
    report = replace(report, files=(FileEntry("photo.png", "image/png", len(PHOTO), True),))
    recipients = [HybridRecipient.parse(reviewer.recipient) for reviewer in keyring.reviewers]
    sealed = seal_for(report, recipients, [PHOTO])
    carried = replace(report, id="34" * 16, sealed_by="carried-form", answers={"account": "Carried by hand."}, files=())
    (tmp_path / "incoming").mkdir()
    by_hand = seal_for(carried, recipients)
    (tmp_path / "incoming" / "notes.dat").write_bytes(by_hand)
    (tmp_path / "report.age").write_bytes(sealed)
    _at_a_terminal(shell, "keys restore", PASSPHRASE, typed=paper[1:4])
    assert (tmp_path / "restored" / "reviewer-r1.age").is_file()
    server = subprocess.Popen(shell.adapt(f"exec {_block('drop serve')}"), cwd=tmp_path, env=shell.environment)
    try:
        answers(f"http://127.0.0.1:{shell.port}/en", server)
        put = Request(f"http://127.0.0.1:{shell.port}/reports/{report.id}", data=sealed, method="PUT")
        put.add_header("Content-Type", "application/octet-stream")
        with urlopen(put) as answer:
            assert answer.status == 201
        shell.run(_block("form-verify"))
        assert list((tmp_path / "incoming").iterdir()) == []
        shell.run(_block("drop export"))
        shell.run(_block("drop restore"))
    finally:
        server.terminate()
        server.wait(20)
    assert [path.name for path in (tmp_path / "usb").iterdir()] == ["drop.example-000001.bundle"]
    shell.run(_block("review open"))
    assert "Seen at the bus station." in (tmp_path / "opened" / report.id / "report.txt").read_text()
    assert "Carried by hand." in (tmp_path / "opened" / sha256(by_hand).hexdigest()[:32] / "report.txt").read_text()
    told = shell.run(_block("review init"))
    assert report.id[:8] in told
    shell.environment["CASE"] = shell.run("intake review case new --vault vault 'At the station'").strip()
    shell.run(f"intake review case judge --vault vault $CASE {report.id} plausible")
    shell.environment["REPORT"] = report.id
    shell.environment["KEY"] = keyring.reviewers[1].recipient
    shell.run(_block("dossier make"))
    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".age"]
    shell.run(_block("drop deliver"))
    shell.run("intake review log verify --vault vault")
    told = shell.run(_block("log export"))
    assert "All of it is as it was signed." in told
    assert "asked: a second reviewer must agree" in told
    card = Card.parse((tmp_path / "reviewers" / "reviewer-r3.card").read_bytes())
    shell.environment["R3"] = fingerprint(card.recipient).replace(" ", "")
    shell.run(_block("keys rewrap"))
    shell.run("intake review open for-r3 -i reviewers/reviewer-r3.age --to opened-by-r3")
    assert "Seen at the bus station." in (tmp_path / "opened-by-r3" / report.id / "report.txt").read_text()
