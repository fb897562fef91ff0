"""The desk's first screen: what waits is read, sorted, found and marked with keys, and every deed can be taken back."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import select

from intake.review import handling, inbox
from intake.review.desk.front import VIEWS, Front
from intake.review.handling import Handling
from intake.review.inbox import Wanted
from intake.review.practice import exercises
from intake.review.tables import event
from intake.review.triage import Tier
from intake.review.vault import Vault
from tests.harness.sitting import Sitting, sit


def first(vault: Vault, count: int = 1) -> list[str]:
    """The ids that the list begins with."""
    with vault.reading() as connection:
        return [line.id for line in inbox.lines(connection, Wanted(waiting=True), vault.now(), 60)[:count]]


def said(vault: Vault, report_id: str) -> Handling:
    with vault.reading() as connection:
        return handling.handling_of(connection, report_id)


def events(vault: Vault, field: str) -> Sequence[object]:
    """What the log says of a field, oldest first."""
    with vault.reading() as connection:
        contents = connection.execute(select(event.c.content).order_by(event.c.id)).scalars().all()
    return [told["new"] for each in contents if each and (told := json.loads(each))["field"] == field]


def test_the_list_is_that_of_the_inbox_and_the_first_thing_seen(vault: Vault) -> None:
    async def play(at: Sitting) -> None:
        assert "PRACTICE" in at.lines[0]
        assert "what waits · 1/30" in at.lines[0]
        assert "T0 8  T1 8  T2 6  T3 8   30 unread" in at.lines[1]
        with vault.reading() as connection:
            wanted = inbox.lines(connection, Wanted(waiting=True), vault.now(), 60)[:8]
        for row, line in zip(at.lines[2:10], wanted, strict=True):
            name = " ".join(str((line.report.answers.get("who") or [{}])[0].get("name", "")).split())  # type: ignore[index, union-attr]
            assert row.startswith(f" ● {line.triage.tier.name} ")
            assert name in row
        assert "? all" in at.lines[-1]

    sit(vault, play)


def test_nothing_counts_as_read_until_enter_and_then_the_log_says_so(vault: Vault) -> None:
    (top,) = first(vault)

    async def play(at: Sitting) -> None:
        assert "Not opened yet" in at.shown
        await at.press("down", "up")
        assert said(vault, top).seen == ()
        assert "I treated G. Davlatmamad" in at.shown, "the row tells what it is about"
        assert "Day:" not in at.shown
        await at.press("enter")
        assert said(vault, top).seen == ("r1",)
        assert "What happened? Use your own words" in at.shown
        await at.press("escape")
        assert "29 unread" in at.shown
        assert not at.lines[2].startswith(" ●")

    sit(vault, play)


def test_a_model_answer_stands_below_each_practice_report(vault: Vault) -> None:
    (top,) = first(vault)

    async def play(at: Sitting) -> None:
        await at.press("enter")
        screen = at.desk.screen
        assert isinstance(screen, Front)
        model = next(each for each in exercises() if each.id == top)
        told = " ".join(screen.pane.text.split())
        assert f"PRACTICE: what a good reviewer does with this {model.advice('en')}" in told

    sit(vault, play)


def test_a_tier_is_set_with_a_reason_and_taken_back(vault: Vault) -> None:
    (top,) = first(vault)

    async def play(at: Sitting) -> None:
        await at.press("t", "3")
        assert "Why?" in at.shown
        await at.press("enter")
        assert "Why?" in at.shown, "no tier without a reason"
        await at.type("older")
        await at.press("enter")
        told = said(vault, top)
        assert told.decision is not None
        assert (told.decision.tier, told.reason) == (Tier.T2, "older")
        assert "Set to T2. u takes it back." in at.shown
        await at.press("u")
        assert said(vault, top).decision is None
        assert "Taken back: Set to T2." in at.shown
        await at.press("u")
        assert "there is nothing to take back" in at.shown

    sit(vault, play)


def test_escape_does_nothing_in_any_question(vault: Vault) -> None:
    before = len(events(vault, "tier"))

    async def play(at: Sitting) -> None:
        for each in "tfgahdlvcw?q":
            await at.press("question_mark" if each == "?" else each, "escape")
            assert isinstance(at.desk.screen, Front), each
        await at.press("t", "1", "escape")
        assert len(events(vault, "tier")) == before

    sit(vault, play)


def test_whose_it_is_holds_flags_and_tags(vault: Vault) -> None:
    (top,) = first(vault)

    async def play(at: Sitting) -> None:
        await at.press("a", "1")
        assert said(vault, top).assigned == "r1"
        await at.press("f", "1")
        await at.type("needs a lawyer")
        await at.press("enter")
        assert said(vault, top).flags == ("needs a lawyer",)
        assert "!needs a lawyer @r1" in at.lines[2]
        await at.press("f", "1")
        assert said(vault, top).flags == ()
        await at.press("u", "g", "1")
        await at.type("warsaw")
        await at.press("enter")
        assert (said(vault, top).flags, said(vault, top).tags) == (("needs a lawyer",), ("warsaw",))
        await at.press("h")
        await at.type("an answer")
        await at.press("enter")
        assert said(vault, top).hold == "an answer"
        assert first(vault) != [top]
        await at.press("v", "5", "h")
        assert said(vault, top).hold is None

    sit(vault, play)


def test_one_press_acts_on_all_that_is_marked_and_one_undo_takes_all_of_it_back(vault: Vault) -> None:
    top = first(vault, 3)

    async def play(at: Sitting) -> None:
        await at.press("space", "space", "space")
        assert "3 marked" in at.lines[-1]
        assert all(row.startswith(" ✓") for row in at.lines[2:5])
        await at.press("d")
        assert "(3 marked)" in at.shown
        await at.type("sent")
        await at.press("enter")
        assert {said(vault, each).done for each in top} == {"sent"}
        assert "Done (3). u takes it back." in at.shown
        assert "1/27" in at.lines[0]
        await at.press("u")
        assert {said(vault, each).done for each in top} == {None}
        await at.press("asterisk")
        assert "30 marked" in at.lines[-1]
        await at.press("escape")
        assert "Enter read" in at.lines[-1]

    sit(vault, play)


def test_who_the_witness_is_shows_after_a_question_and_each_look_is_an_event(vault: Vault) -> None:
    async def play(at: Sitting) -> None:
        await at.press("slash")
        await at.type("Zhukovsky")
        await at.pilot.pause(0.4)
        await at.press("enter", "enter")
        screen = at.desk.screen
        assert isinstance(screen, Front)
        while screen.current is not None and "contact_detail" not in screen.current.report.answers:
            await at.press("escape", "down", "enter")
        assert screen.current is not None
        wanted = str(screen.current.report.answers["contact_detail"])
        assert wanted not in screen.pane.text
        assert "Hidden: who the witness is" in screen.pane.text
        assert not events(vault, "contact/r1")
        await at.press("c", "escape")
        assert wanted not in screen.pane.text
        await at.press("c", "enter")
        assert wanted in screen.pane.text
        assert len(events(vault, "contact/r1")) == 1
        await at.press("escape", "enter")
        assert wanted not in screen.pane.text, "the next look is asked for again"
        await at.press("c", "enter")
        assert len(events(vault, "contact/r1")) == 2

    sit(vault, play)


def test_search_finds_in_any_script_as_it_is_typed(vault: Vault) -> None:
    async def play(at: Sitting) -> None:
        found = {}
        for typed in ("Khorog", "Хорог", "хоруғ"):
            await at.press("slash")
            await at.type(typed)
            await at.pilot.pause(0.4)
            assert f"found: {typed}" in at.lines[0]
            found[typed] = at.lines[0].split(" · ")[3].split()[0]
            await at.press("escape", "escape")
        assert len({*found.values()}) == 1
        assert found["Khorog"].startswith("1/")
        await at.press("slash")
        await at.type("nosuchword")
        await at.pilot.pause(0.4)
        assert "Nothing is found." in at.shown

    sit(vault, play)


def test_the_clock_may_tick_before_the_screen_is_built(vault: Vault) -> None:
    async def play(at: Sitting) -> None:
        at.desk._tick()
        await at.press("f2")
        at.desk._tick()
        await at.pilot.pause()
        assert "Ждут" in at.lines[1]

    Front().tell()
    sit(vault, play)


def test_every_list_can_be_shown(vault: Vault) -> None:
    async def play(at: Sitting) -> None:
        for number, text in enumerate(VIEWS.values(), 1):
            await at.press("v", str(number))
            assert f"· {text} ·" in at.lines[0]

    sit(vault, play)


def test_a_key_is_the_same_in_the_russian_layout(vault: Vault) -> None:
    (top,) = first(vault)

    async def play(at: Sitting) -> None:
        assert "Ждут" in at.lines[1]
        await at.press("ф")  # the key of "a"
        await at.press("1")
        assert said(vault, top).assigned == "r1"
        await at.press("г")  # of "u"
        assert said(vault, top).assigned is None
        await at.press("f2")
        assert "Waiting" in at.lines[1]

    sit(vault, play, language="ru")
