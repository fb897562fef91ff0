"""A year of ceremonies as people hold them: real commands, a note that travels between roots, a drop that believes."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from intake.drop.belief import Belief
from intake.drop.folder import DataFolder
from intake.errors import Exit, KeyringRefused
from intake.keyring import Card, Keyring, PrivateFile, SignedNote, SigningKey, fingerprint, verify_chain
from intake.sealing import HybridIdentity
from tests.harness.keys import ORIGIN, PASSPHRASE, QUICK, TODAY, World, make_world, new_key

LATER = TODAY + timedelta(days=60)
COMMAND = [sys.executable, "-m", "intake", "keys"]


def environment() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("INTAKE_")}
    return clean | {"INTAKE_PASSPHRASE_COMMAND": f"echo {PASSPHRASE}", "PYTHONWARNINGS": "error"}


def keys(folder: Path, *args: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *map(str, args)],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def new_reviewer(folder: Path, label: str, file: str | None = None) -> Card:
    """A card, as reviewer-new makes it but without a second of scrypt."""
    key, identity = new_key(label), HybridIdentity.generate()
    card = Card(ORIGIN, label, str(identity.recipient), key.verify_key)
    (folder / (file or f"reviewer-{label}.card")).write_bytes(card.sign(key))
    return card


def new_root(folder: Path, label: str) -> SigningKey:
    key = new_key(label)
    (folder / f"root-{label}.age").write_bytes(PrivateFile(key).seal(PASSPHRASE, QUICK))
    (folder / f"root-{label}.vkey").write_text(f"{key.verify_key}\n")
    return key


class Year:
    """A folder of keys and a drop: each ceremony is made, carried and signed, and believed at the end alone."""

    def __init__(self, world: World) -> None:
        self.folder = world.folder
        self.serial = 1
        self.day = TODAY
        self.served = self.folder / "served.note"
        self._serve(world.note)
        self.data = DataFolder.open(self.folder / "data", create=True)
        self.belief = Belief(self.data, self.served, world.typed, lambda: self.day)
        self.world = world

    def _serve(self, note: bytes) -> None:
        beside = self.folder / "beside"
        beside.write_bytes(note)
        beside.replace(self.served)

    def keyring(self) -> Keyring:
        return self.belief.chain.newest

    def hold(self, command: str, *args: object, signers: str, told: tuple[str, ...]) -> Keyring:
        """One ceremony, 60 days later: the last of the signers finishes it, none before does."""
        self.day += timedelta(days=60)
        before, after = f"keyring-{self.serial}.note", f"keyring-{self.serial + 1}.note"
        made = keys(self.folder, command, before, "--out", after, "--issued", self.day, "--yes", "--json", *args)
        assert made.returncode == 0, made.stderr
        facts = json.loads(made.stdout)
        assert (facts["serial"], facts["file"]) == (self.serial + 1, after)
        for words in told:
            assert any(words in line for line in facts["changes"]), facts["changes"]
            assert words in made.stderr
        assert facts["still_to_sign"] in made.stderr
        for label in signers:
            self._serve((self.folder / after).read_bytes())
            with pytest.raises(KeyringRefused):
                self.belief.refresh()
            assert self.keyring().serial == self.serial
            signed = keys(self.folder, "keyring-sign", after, "--previous", before, "--key", f"root-{label}.age")
            assert signed.returncode == 0, signed.stderr
            shown, _, rest = signed.stderr.partition("Signed by")
            for words in told:
                assert words in shown
            finished = "still to sign: nobody, the keyring is finished" in rest
            assert finished == (label == signers[-1]), signed.stderr
        self.serial += 1
        self._serve((self.folder / after).read_bytes())
        assert self.belief.refresh() is True
        notes = [(self.folder / f"keyring-{number}.note").read_bytes() for number in range(1, self.serial + 1)]
        chain = verify_chain(notes, roots=self.world.typed, pin=None, today=self.day)
        assert chain.newest == self.keyring()
        assert chain.newest.serial == self.serial
        return chain.newest


def test_a_year_of_changes_is_believed_step_by_step(world: World) -> None:
    year, folder = Year(world), world.folder
    card = new_reviewer(folder, "r4")
    second = year.hold("rotate", "--add", "reviewer-r4.card", signers="ab", told=("reviewer r4 joins",))
    assert [r.label for r in second.reviewers] == ["r1", "r2", "r3", "r4"]
    assert second.reviewers[3].recipient == card.recipient

    new_reviewer(folder, "r2", "again.card")
    third = year.hold(
        *("rotate", "--reviewer", "again.card", "--closed-through", 1),
        signers="ca",
        told=(
            "reviewer r2: new key",
            "reports sealed before still open with the old one until it is forgotten",
            "keyring 1 takes nothing any more",
        ),
    )
    assert (third.closed_through, len(third.retired)) == (1, 2)

    fourth = year.hold("retire", "--label", "r3", signers="bc", told=("reviewer r3 leaves",))
    assert [r.label for r in fourth.reviewers] == ["r1", "r2", "r4"]

    new_root(folder, "d")
    fifth = year.hold(
        *("root-replace", "--out-root", "b", "--in", "root-d.vkey"),
        signers="ac",
        told=(f"root b is replaced by d: key {fingerprint((folder / 'root-d.vkey').read_text().strip())}",),
    )
    assert [r.label for r in fifth.roots] == ["a", "d", "c"]

    new_root(folder, "e")
    sixth = year.hold(
        *("root-replace", "--out-root", "a", "--in", (folder / "root-e.vkey").read_text().strip()),
        signers="ade",  # a is a root of the keyring before alone, e of the new one alone
        told=("root a is replaced by e",),
    )
    last = year.hold(
        *("extend", "--closes", date(2029, 1, 1)),
        signers="ed",
        told=(f"expires {sixth.expires} → ", f"closes {sixth.closes} → 2029-01-01"),
    )
    assert last.closes == date(2029, 1, 1)
    assert [(line.label, line.fingerprint) for line in last.retired] == [
        ("r2", fingerprint(world.keyring.reviewers[1].recipient)),
        ("r2", fingerprint(str(world.keyring.reviewers[1].key))),
        ("r3", fingerprint(world.keyring.reviewers[2].recipient)),
        ("r3", fingerprint(str(world.keyring.reviewers[2].key))),
        ("b", fingerprint(str(world.keyring.roots[1].key))),
        ("a", fingerprint(str(world.keyring.roots[0].key))),
    ]
    assert (year.data.keyrings / "000007.note").is_file()


def test_a_half_signed_keyring_says_who_is_next(world: World) -> None:
    assert (
        keys(world.folder, "extend", "keyring.note", "--issued", LATER, "--out", "next.note", "--yes").returncode == 0
    )
    draft = SignedNote.parse((world.folder / "next.note").read_bytes(), draft=True)
    assert draft.signatures == ()
    half = keys(
        *(world.folder, "keyring-sign", "next.note", "--previous", "keyring.note"),
        *("--key", "root-b.age", "--out", "half.note"),
    )
    assert "still to sign: a or c (1 needed) of keyring 1; a or c (1 needed) of keyring 2" in half.stderr
    shown = keys(world.folder, "keyring-show", "half.note", "--previous", "keyring.note")
    assert "What differs from keyring 1" in shown.stdout
    assert "still to sign: a or c (1 needed) of keyring 1" in shown.stdout
    onward = keys(world.folder, "extend", "half.note", "--issued", LATER, "--out", "more.note", "--yes")
    assert (onward.returncode, "half.note is not finished" in onward.stderr) == (Exit.KEYRING, True)


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (["rotate"], Exit.USAGE, "nothing is to change"),
        (["rotate", "--reviewer", "reviewer-r8.card"], Exit.USAGE, "Say --add reviewer-r8.card for somebody who joins"),
        (["rotate", "--reviewer", "reviewer-r1.card"], Exit.USAGE, "has this very key already"),
        (["rotate", "--add", "reviewer-r1.card"], Exit.USAGE, "is in the keyring already as that of reviewer r1"),
        (["rotate", "--add", "reviewer-r8.card", "--in-place-of", "r1"], Exit.USAGE, "with exactly one --reviewer"),
        (["rotate", "--reviewer", "none.card"], Exit.USAGE, "there is no file none.card"),
        (["rotate", "--reviewer", "forged.card"], Exit.KEYRING, "is not genuine"),
        (["retire"], Exit.USAGE, "nobody is to leave"),
        (["retire", "--label", "r1", "r2", "r3"], Exit.USAGE, "r1 is the last reviewer"),
        (["retire", "--label", "r9"], Exit.USAGE, "no reviewer of the keyring is called r9"),
        (["retire", "--out-root", "a", "b"], Exit.USAGE, "2 signatures would be asked of only 1 roots"),
        (["retire", "--out-drop", "d1"], Exit.USAGE, "d1 is the last drop"),
        (["root-replace", "--out-root", "a", "--in", "root-b.vkey"], Exit.USAGE, "already as that of root b"),
        (["root-replace", "--out-root", "a", "--in", "drop-d1.vkey"], Exit.USAGE, "already as that of drop d1"),
        (["extend", "--closed-through", "2"], Exit.USAGE, "keyring 2 can't be closed by keyring 2"),
        (["extend", "--issued", "2020-01-01"], Exit.USAGE, "the next can't be from 2020-01-01"),
    ],
)
def test_what_can_not_be_is_refused_and_nothing_is_written(
    world: World, args: list[str], status: Exit, words: str
) -> None:
    new_reviewer(world.folder, "r8")
    one, two = ((world.folder / f"reviewer-r{n}.card").read_text() for n in (1, 2))
    (world.folder / "forged.card").write_text(one.replace(one.split("\n")[3], two.split("\n")[3]))
    command, *more = args
    done = keys(world.folder, command, "keyring.note", "--out", "next.note", "--yes", *more)
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr
    assert not (world.folder / "next.note").exists()


def test_options_reach_the_keyring(world: World) -> None:
    new_reviewer(world.folder, "r9")
    new_root(world.folder, "d9")
    done = keys(
        *(world.folder, "rotate", "keyring.note", "--out", "next.note", "--yes", "--issued", LATER),
        *(
            "--reviewer",
            "reviewer-r9.card",
            "--in-place-of",
            "r2",
            "--drop",
            "root-d9.vkey",
            "--expires",
            "2030-01-01",
            "--closes",
            "2030-02-01",
        ),
    )
    assert done.returncode == 0, done.stderr
    keyring = Keyring.parse(SignedNote.parse((world.folder / "next.note").read_bytes(), draft=True).text)
    assert [r.label for r in keyring.reviewers] == ["r1", "r9", "r3"]
    assert [d.label for d in keyring.drops] == ["d1", "d9"]
    assert (str(keyring.expires), str(keyring.closes)) == ("2030-01-01", "2030-02-01")
    left = keys(world.folder, "retire", "keyring.note", "--out", "left.note", "--yes", "--out-root", "c")
    assert "Warning: all 2 roots must sign: if one key is lost, no keyring can ever follow this one." in left.stderr
    again = keys(world.folder, "extend", "keyring.note", "--issued", LATER, "--out", "left.note", "--yes")
    assert (again.returncode, "exists" in again.stderr) == (Exit.FAULT, True)


def test_silence_is_no_consent(world: World) -> None:
    done = keys(world.folder, "extend", "keyring.note", "--issued", LATER, "--out", "next.note")
    assert (done.returncode, "there is no terminal to ask at" in done.stderr) == (Exit.USAGE, True)
    assert "give --yes" in done.stderr
    assert not (world.folder / "next.note").exists()


@pytest.mark.parametrize(("answer", "status"), [("n", Exit.FAULT), ("y", Exit.OK)])
def test_a_person_is_asked_after_seeing_what_differs(world: World, answer: str, status: Exit) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "retire", "keyring.note", "--label", "r3", "--out", "next.note"],
        cwd=world.folder,
        env=environment(),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    screen, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([ours], [], [], 1)[0]:
            continue
        try:
            screen += os.read(ours, 4096)
        except OSError:  # the other end is gone
            break
        if screen.endswith(b"[y/N]: "):
            assert b"reviewer r3 leaves" in screen
            assert not (world.folder / "next.note").exists()
            os.write(ours, f"{answer}\n".encode())
    os.close(ours)
    assert process.wait(10) == status, screen
    assert (world.folder / "next.note").exists() == (status == Exit.OK)


def test_verify_names_what_hangs_on_a_single_thread(tmp_path: Path) -> None:
    world = make_world(tmp_path, reviewers=1, roots=1, threshold=1)
    done = keys(
        tmp_path,
        *("keyring-verify", "keyring.note", "--root", *world.fingerprints),
        *("--at", world.keyring.expires - timedelta(days=7)),
    )
    assert done.returncode == 0
    assert "Warning: there is only one root" in done.stderr
    assert "Warning: there is only one reviewer" in done.stderr
    assert "Warning: keyring 1 expires in 7 days: extend or rotate it by then." in done.stderr


@pytest.mark.parametrize(
    ("left", "status"),
    [(31, Exit.OK), (30, Exit.WARNING_30_DAYS), (8, Exit.WARNING_30_DAYS), (7, Exit.WARNING_7_DAYS), (-9, 11)],
)
def test_a_timer_is_told_by_the_exit_status(world: World, left: int, status: int) -> None:
    day = world.keyring.expires - timedelta(days=left)
    verify = ("keyring-verify", "keyring.note", "--root", *world.fingerprints, "--at", day)
    assert keys(world.folder, *verify, "--alarm").returncode == status
    assert keys(world.folder, *verify).returncode == Exit.OK


def test_programs_read_the_same_differences(world: World) -> None:
    keys(world.folder, "retire", "keyring.note", "--label", "r1", "--issued", LATER, "--out", "next.note", "--yes")
    shown = keys(world.folder, "keyring-show", "next.note", "--previous", "keyring.note", "--json")
    facts = json.loads(shown.stdout)
    assert facts["changes"][0].startswith("reviewer r1 leaves: ")
    assert facts["still_to_sign"].startswith("still to sign: a or b or c (2 needed) of keyring 1; ")
    assert facts["signed_by"] == []


def test_a_root_holder_reads_the_warnings_before_signing(world: World) -> None:
    keys(
        world.folder, "retire", "keyring.note", "--label", "r1", "r2", "--issued", LATER, "--out", "next.note", "--yes"
    )
    signed = keys(world.folder, "keyring-sign", "next.note", "--previous", "keyring.note", "--key", "root-a.age")
    assert "Warning: there is only one reviewer" in signed.stderr.partition("Signed by")[0]
