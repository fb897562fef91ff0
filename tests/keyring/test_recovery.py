"""`intake keys backup` and `restore`, at a terminal, as people go through them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pypdfium2
import pytest

from intake.errors import Exit
from intake.keyring.files import read_backups
from intake.keyring.fingerprint import fingerprint
from intake.keyring.identity import PrivateFile, open_private
from intake.keyring.note import SigningKey
from intake.keyring.shares import public_texts, split, words_of
from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import ORIGIN, PASSPHRASE, World, make_world
from tests.harness.terminals import copied, put_on_paper, terminal

NEW = "a new passphrase"

Words = tuple[str, ...]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), reviewers=2)


def private(world: World, label: str = "r1") -> PrivateFile:
    kind = "reviewer" if label.startswith("r") else "root"
    return open_private((world.folder / f"{kind}-{label}.age").read_bytes(), PASSPHRASE)


def shares(world: World, label: str = "r1", count: int = 3, threshold: int = 2) -> list[Words]:
    return [share.words for share in split(private(world, label), count, threshold)]


def restore(
    world: World, out: Path, given: Sequence[Words], *more: object, label: str = "r1"
) -> subprocess.CompletedProcess[str]:
    """With the shares on one descriptor and the passphrase on another."""
    ends = [os.pipe(), os.pipe()]
    texts = [f"{NEW}\n", "".join(f"{' '.join(words)}\n" for words in given)]
    for (_, writer), text in zip(ends, texts, strict=True):
        os.write(writer, text.encode())
        os.close(writer)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("INTAKE_")}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "intake", "keys", "restore", "--origin", ORIGIN, "--label", label),
            *("--out", str(out), *map(str, more)),
        ],
        cwd=world.folder,
        env=environment | {"INTAKE_PASSPHRASE_FD": str(ends[0][0]), "INTAKE_SHARES_FD": str(ends[1][0])},
        pass_fds=[reader for reader, _ in ends],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    for reader, _ in ends:
        os.close(reader)
    assert "Traceback" not in done.stderr, done.stderr
    assert NEW not in done.stdout + done.stderr
    for words in given:
        assert " ".join(words[:8]) not in done.stdout + done.stderr
    return done


def test_a_lost_laptop_comes_back_from_paper_and_opens_the_reports_of_before(world: World, tmp_path: Path) -> None:
    report = make_report(world, 1, [b"a photo"])
    (tmp_path / "report.age").write_bytes(seal_report(report, world.reviewers, [b"a photo"]))
    with terminal(
        *("keys", "backup", world.folder / "reviewer-r1.age", "--shares", 3, "--threshold", 2, "--out", "sheets"),
        folder=tmp_path,
        secrets=[PASSPHRASE],
    ) as screen:
        paper = put_on_paper(screen, 3)
        assert screen.end() == Exit.OK, screen.left
    assert [len(words) for words in paper] == [59, 59, 59]
    left = " ".join(words_of(screen.left))
    assert not any(" ".join(words[start : start + 3]) in left for words in paper for start in range(57))
    sheets = sorted((tmp_path / "sheets").iterdir())
    assert [sheet.stat().st_mode & 0o777 for sheet in sheets] == [0o600] * 3
    assert (tmp_path / "sheets").stat().st_mode & 0o777 == 0o700
    for sheet, words in zip(sheets, paper, strict=True):
        text = pypdfium2.PdfDocument(sheet)[0].get_textpage().get_text_bounded()
        assert all(f"{number} {word}" in text for number, word in enumerate(words, 1))
        assert f"delete sheets/{sheet.name} and every copy" in screen.left
    assert f"delete {world.folder / 'reviewer-r1.age'} and every copy" in screen.left.replace("\r\n", "")
    listed = read_backups(world.folder / "reviewer-r1.age")
    assert listed is not None
    assert listed.covers(public_texts(private(world)))
    assert [(made.name, made.threshold, made.count) for made in listed.sets] == [(sheets[0].name[6:11], 2, 3)]

    out = tmp_path / "restored"
    with terminal(
        *("keys", "restore", "--origin", ORIGIN, "--label", "r1", "--out", out, "--prove", "report.age"),
        *("--card", world.folder / "reviewer-r1.card"),
        folder=tmp_path,
        secrets=[NEW],
    ) as screen:
        screen.until("from word 1 (")
        screen.type(" ".join(paper[2][:30]).upper())
        screen.until("from word 31 (")
        screen.type(" ".join(word[:4] for word in paper[2][30:]))
        screen.until("share 3 of set ")
        screen.until("is good, 1 more needed")
        screen.until("from word 1 (")
        screen.type(" ".join(f"{number}. {word}" for number, word in enumerate(paper[0], 1)))
        assert screen.end() == Exit.OK, screen.shown
    assert "it opened report.age to the last byte" in screen.left
    restored = out / "reviewer-r1.age"
    assert restored.stat().st_mode & 0o777 == 0o600
    assert open_private(restored.read_bytes(), NEW) == private(world)
    brought = read_backups(restored)
    assert brought is not None
    assert brought.covers(public_texts(private(world)))
    assert [(made.name, made.threshold, made.count) for made in brought.sets] == [(sheets[0].name[6:11], 2, None)]

    with terminal(
        *("review", "open", "report.age", "-i", restored, "--to", "opened"),
        *("--root", *world.fingerprints),
        folder=tmp_path,
        secrets=[NEW],
    ) as screen:
        assert screen.end() == Exit.OK, screen.shown
    (folder,) = (tmp_path / "opened").iterdir()
    assert [path.read_bytes() for path in (folder / "files").iterdir()] == [b"a photo"]


def test_typing_back_names_the_wrong_word_and_goes_on_from_there(world: World, tmp_path: Path) -> None:
    with terminal(
        *("keys", "backup", world.folder / "root-a.age", "--shares", 2, "--threshold", 2),
        folder=tmp_path,
        secrets=[PASSPHRASE],
    ) as screen:
        paper = copied(screen)
        assert len(paper) == 33
        screen.type("")
        screen.until("From word 1: ")
        mistaken = "academic" if paper[16] != "academic" else "acid"
        screen.type(" ".join([*paper[:16], mistaken, *paper[17:]]))
        screen.until("Word 17 is another one.")
        screen.until("From word 17: ")
        screen.type("?")
        assert copied(screen) == paper
        screen.type("")
        screen.until("From word 17: ")
        screen.type(" ".join([*paper[16:], "academic"]))
        screen.until("That is more than the 33 words")
        screen.type(" ".join(paper[16:]))
        second = copied(screen)
        screen.type("")
        screen.until("From word 1: ")
        screen.type(" ".join(second))
        assert screen.end() == Exit.OK
    assert "All of them are needed" in screen.left
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", ["interrupt", "end of input"])
def test_a_ceremony_that_stops_leaves_no_sheet_behind(world: World, tmp_path: Path, how: str) -> None:
    before = read_backups(world.folder / "root-a.age")
    with terminal(
        *("keys", "backup", world.folder / "root-a.age", "--shares", 3, "--threshold", 2, "--out", "sheets"),
        folder=tmp_path,
        secrets=[PASSPHRASE],
    ) as screen:
        paper = copied(screen)
        assert len(list((tmp_path / "sheets").iterdir())) == 1
        screen.type("")
        screen.until("From word 1: ")
        if how == "interrupt":
            screen.interrupt()
        else:
            screen.type(" ".join(paper))
            copied(screen)
            screen.end_input()
        assert screen.end() == Exit.FAULT
    assert "no backup. Burn what was printed" in screen.left
    assert read_backups(world.folder / "root-a.age") == before
    assert list((tmp_path / "sheets").iterdir()) == []
    assert "Traceback" not in screen.shown


def test_closing_the_window_leaves_no_sheet_behind(world: World, tmp_path: Path) -> None:
    with terminal(
        *("keys", "backup", world.folder / "root-a.age", "--shares", 3, "--threshold", 2, "--out", "sheets"),
        folder=tmp_path,
        secrets=[PASSPHRASE],
    ) as screen:
        copied(screen)
        assert len(list((tmp_path / "sheets").iterdir())) == 1
        assert screen.hang_up() != Exit.OK
        for _ in range(600):  # setsid, which is waited for, may end before the command does
            if not list((tmp_path / "sheets").iterdir()):
                break
            time.sleep(0.1)
    assert list((tmp_path / "sheets").iterdir()) == []


def test_a_bad_share_is_told_at_once_and_the_next_is_asked_for(world: World, tmp_path: Path) -> None:
    good, stranger = shares(world, "a"), shares(world, "b")
    damaged = [*good[1][:-1], "academic" if good[1][-1] != "academic" else "acid"]
    with terminal(
        *("keys", "restore", "--origin", ORIGIN, "--label", "a", "--out", tmp_path),
        *("--fingerprint", *fingerprint(str(world.roots[0].verify_key)).split()),
        folder=world.folder,
        secrets=[NEW],
    ) as screen:
        screen.until("from word 1 (")
        screen.type(" ".join(damaged))
        screen.until("from word 34 (")
        screen.type("")
        screen.until("No: the share is damaged: word 33 is another one on the sheet.")
        for words, answer in [
            (good[0], "share 1 of set"),
            (good[0], "No: share 1 is here already."),
            (stranger[1], "No: this share is of set"),
            (good[1][:5], "from word 6 ("),
            ((), "No: these are 5 words"),
            (good[1], "\x1b[?1049l"),
        ]:
            screen.until("from word") if answer != "No: these are 5 words" else None
            screen.type(" ".join(words))
            screen.until(answer)
        assert screen.end() == Exit.OK, screen.shown
    assert "it signed a test" in screen.left
    assert open_private((tmp_path / "root-a.age").read_bytes(), NEW) == private(world, "a")


def test_shares_come_by_a_descriptor_too(world: World, tmp_path: Path) -> None:
    first, second, _ = shares(world)
    done = restore(world, tmp_path, [first, first, ("academic",) * 9, second])
    assert done.returncode == Exit.OK, done.stderr
    assert done.stdout == f"{tmp_path / 'reviewer-r1.age'}\n"
    for told in ("Line 1: share 1", "Line 2: share 1 is here", "Line 3: these are 9 words", "Line 4: share 2"):
        assert told in done.stderr
    assert "Nothing was given to compare with" in done.stderr
    assert f"Opening key  {fingerprint(world.keyring.reviewers[0].recipient)}" in done.stderr
    assert open_private((tmp_path / "reviewer-r1.age").read_bytes(), NEW) == private(world)


@pytest.mark.parametrize(
    ("chosen", "status", "told"),
    [
        ([], Exit.USAGE, "not enough shares: all needed"),
        ([0], Exit.USAGE, "not enough shares: 1 more needed"),
        ([0, None], Exit.DAMAGED, "not enough shares: 1 more needed"),
    ],
)
def test_too_few_rebuild_nothing(
    world: World, tmp_path: Path, chosen: list[int | None], status: Exit, told: str
) -> None:
    words = shares(world)
    done = restore(world, tmp_path, [("acid",) * 59 if each is None else words[each] for each in chosen])
    assert (done.returncode, told in done.stderr) == (status, True), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_another_key_than_the_known_one_is_not_written(world: World, tmp_path: Path) -> None:
    words = shares(world)[:2]
    mine = fingerprint(world.keyring.reviewers[0].recipient).split()
    for more, label, told in [
        (["--card", "reviewer-r2.card"], "r1", "not the one of reviewer-r2.card"),
        (["--card", "reviewer-r1.card"], "r9", "not the one of reviewer-r1.card"),
        (["--vkey", "root-a.vkey"], "r1", "not the one of --vkey"),
        (["--fingerprint", *mine[:3], "00000", *mine[4:]], "r1", "differs in group 4 of 8"),
        (["--fingerprint", "12345" * 8], "r1", "not of the rebuilt key"),
    ]:
        done = restore(world, tmp_path, words, *more, label=label)
        assert (done.returncode, told in done.stderr) == (Exit.KEYRING, True), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_it_can_not_open_is_no_proof(world: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    sealed = seal_report(make_report(world), world.reviewers[1:])
    (tmp_path / "others.age").write_bytes(sealed)
    (tmp_path / "cut.age").write_bytes(seal_report(make_report(world), world.reviewers)[:-1])
    for name, label, status in [
        ("others.age", "r1", Exit.NO_KEY),
        ("cut.age", "r1", Exit.DAMAGED),
        ("cut.age", "a", Exit.USAGE),
    ]:
        done = restore(world, out, shares(world, label)[:2], "--prove", tmp_path / name, label=label)
        assert done.returncode == status, done.stderr
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(("value", "told"), [("three", "is not a number"), ("9", "can't be read")])
def test_a_descriptor_that_is_none(world: World, tmp_path: Path, value: str, told: str) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "intake", "keys", "restore", "--origin", ORIGIN, "--label", "r1"),
            *("--out", tmp_path),
        ],
        env=os.environ | {"INTAKE_SHARES_FD": value},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, told in done.stderr) == (Exit.USAGE, True), done.stderr


def test_a_key_that_is_there_is_not_overwritten(world: World) -> None:
    done = restore(world, world.folder, shares(world)[:2])
    assert (done.returncode, "exists already" in done.stderr) == (Exit.FAULT, True)


def test_without_a_terminal_no_word_is_shown(world: World, tmp_path: Path) -> None:
    plain = tmp_path / "root-z.age"
    plain.write_bytes(bytes(PrivateFile(SigningKey.generate(f"{ORIGIN}/z"))))
    for more, status, told in [
        (["--shares", "3", "--threshold", "2"], Exit.USAGE, "no terminal"),
        (["--shares", "2", "--threshold", "3"], Exit.USAGE, "3 of 2 sheets"),
        (["--shares", "3", "--threshold", "1"], Exit.USAGE, "--threshold"),
    ]:
        done = subprocess.run(
            ["setsid", "-w", sys.executable, "-m", "intake", "keys", "backup", plain, *more, "--out", tmp_path / "out"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, told in done.stderr, done.stdout) == (status, True, ""), done.stderr
    assert not (tmp_path / "out").exists()
