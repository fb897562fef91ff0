"""What a desk must never do, whatever a witness wrote and whoever walks by: act, leak, or go on showing."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from textual.widgets import Input

from intake.errors import Exit
from intake.review import cases
from intake.review.desk.app import Desk, LockScreen
from intake.review.desk.front import Front
from intake.review.idling import Locked
from intake.review.importing import Became, Import
from intake.review.ladder import Judgement
from intake.review.vault import Vault
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.keys import World, make_world
from tests.harness.poison import poisons
from tests.harness.sitting import Sitting, sit
from tests.harness.terminals import Terminal
from tests.harness.vaults import PASSPHRASE, make_vault

MARKUP = "[@click=app.exit]press[/] [@click='screen.action_leave']x[/][link=file:///etc/passwd]y[/link] [b]bold"
TURNED = "\u202eevil\u2066 \x1b]0;owned\x07\x1b[2J \x9b31m\u200b"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def poisoned(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    """Every poisoned report that is taken in, and some made against this very screen."""
    folder = tmp_path_factory.mktemp("poisoned")
    sealed = {each.id: each.sealed for each in poisons(world) if each.became == "new"}
    for number, text in enumerate((MARKUP, TURNED, MARKUP + TURNED), 1):
        person = {"name": text, "other": [text], "note": text}
        report = make_report(
            world, 5000 + number, [b"x"],
            answers={"account": text, "who": [person], "where": {"text": text}, "contact_detail": text, "kind": [text]},
        )  # fmt: skip
        sealed[report.id] = seal_report(report, world.reviewers, [b"x"])
    bundle = folder / "a.bundle"
    bundle.write_bytes(make_bundle(world, sealed))
    with make_vault(world, folder / "vault") as vault:
        with Import(vault, world.reviewers[:1], workers=1) as work:
            assert {each.became for each in work.take(bundle)} == {Became.NEW}
        with vault.journal() as journal:
            case_id = cases.open_case(journal, MARKUP + TURNED)
            cases.name_part(journal, case_id, "person", MARKUP)
            cases.judge(journal, case_id, f"{5001:032x}", Judgement.PLAUSIBLE)
        yield vault


def harmless(at: Sitting) -> None:
    """Nothing on the screen can be clicked, links anywhere, or moves a terminal."""
    for segment in at.segments:
        assert segment.style is None or segment.style.link is None
        told = {} if segment.style is None else segment.style.meta
        assert told.get("@mouse.down", "grab") in ("grab", "release", "scroll_up", "scroll_down"), "a bar's own"
        assert "@click" not in told, segment
        assert not re.search("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", segment.text)


def test_no_words_of_a_witness_act_on_any_screen(poisoned: Vault) -> None:
    async def play(at: Sitting) -> None:
        seen = ""
        for _ in range(20):
            await at.press("enter")
            harmless(at)
            seen += at.shown
            await at.press("c", "enter")
            harmless(at)
            for row in range(4, 20, 3):
                await at.pilot.click(offset=(10, row))
            await at.pilot.pause()
            assert isinstance(at.desk.screen, Front)
            await at.press("escape", "s")
            harmless(at)
            await at.press("enter")
            harmless(at)
            await at.press("escape", "escape", "t")
            harmless(at)
            await at.press("escape", "down")
        assert "[@click=app.exit]press[/]" in seen, "shown as it was written"
        assert r"\u{202e}evil" in seen
        for keys in (("k",), ("enter",), ("escape", "j"), ("escape", "question_mark"), ("escape", "escape", "l")):
            await at.press(*keys)
            harmless(at)
        await at.press("escape", "p", "enter")
        harmless(at)
        assert at.desk.is_running
        assert at.desk._exit is False

    sit(poisoned, play)


def test_it_locks_when_left_alone_and_forgets_what_it_showed(vault: Vault) -> None:
    async def play(at: Sitting) -> None:
        await at.press("enter", "slash")
        await at.type("Khorog")
        at.desk._touched -= 3600
        at.desk._tick()
        await at.pilot.pause()
        assert isinstance(at.desk.screen, LockScreen)
        assert len(at.desk.screen_stack) == 2
        assert "locked" in at.shown
        assert not [word for word in ("Khorog", "Хорог", "Gulnora", "PRACTICE") if word in at.shown]
        with pytest.raises(Locked), vault.reading():
            pass
        await at.type("wrong")
        await at.press("enter")
        await at.until("Type it again")
        assert at.desk.screen.query_one(Input).value == ""
        at.desk.screen.query_one(Input).value = PASSPHRASE
        await at.press("enter")
        await at.until("what waits")
        assert "1/30" in at.lines[0]

    sit(vault, play)


def test_whoever_presses_keys_is_not_locked_out(vault: Vault) -> None:
    async def play(at: Sitting) -> None:
        at.desk._touched -= 290
        await at.press("down")
        at.desk._touched -= 290
        at.desk._tick()
        assert isinstance(at.desk.screen, Front)
        await at.press("f12")
        assert isinstance(at.desk.screen, LockScreen)

    sit(vault, play, idle=timedelta(minutes=5))


def test_a_fault_of_its_own_tells_where_and_no_word_of_it(vault: Vault, capsys: pytest.CaptureFixture[str]) -> None:
    canary = "canary-of-a-witness"

    def fault(desk: Desk) -> None:
        words = canary
        raise ValueError(words)

    async def play(at: Sitting) -> None:
        at.desk.call_later(fault, at.desk)
        await at.pilot.pause()

    with pytest.raises(ValueError, match=canary):  # the test's own; a person sees what follows
        sit(vault, play)
    desk = Desk(vault)
    desk._exception = ValueError(canary)
    try:
        fault(desk)
    except ValueError:
        desk._fatal_error()
    desk._print_error_renderables()
    told = capsys.readouterr()
    assert "The desk stopped at a fault of its own (ValueError: " in " ".join((told.out + told.err).split())
    assert canary not in told.out + told.err


def test_it_opens_no_socket_but_a_pair_of_its_own_and_leaves_nothing_on_the_terminal(
    practised: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-qq", "-e", "trace=socket,socketpair,connect,bind", "-o", str(trace)]
    command += [sys.executable, "-m", "intake", "review", "desk", "--vault", str(practised), "--language", "en"]
    screen = Terminal(command, tmp_path, [PASSPHRASE])
    try:
        screen.until("what waits")
        screen.press("\r")  # opens the first report
        screen.until("What happened?")
        screen.press("q")
        screen.until("Leave the desk?")
        screen.press("\r")
        assert screen.end() == Exit.OK
    finally:
        screen.close()
    calls = trace.read_text().splitlines()
    assert any("socketpair(AF_UNIX" in call for call in calls), "the trace sees what there is"
    assert not [call for call in calls if "AF_INET" in call or "AF_NETLINK" in call]
    assert not [call for call in calls if re.search(r"\b(connect|bind)\(", call)]
    assert "Gulnora" not in screen.left
    assert "Gulnora" in screen.shown


def test_it_needs_a_terminal_and_says_so(practised: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "intake", "review", "desk", "--vault", str(practised)],
        capture_output=True, stdin=subprocess.DEVNULL, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == Exit.USAGE
    assert "the desk needs a terminal" in done.stderr
