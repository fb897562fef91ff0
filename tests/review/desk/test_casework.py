"""Cases, likenesses and files on the screen: written with keys, read beside each other, and taken back."""

from __future__ import annotations

from sqlalchemy import select

from intake.review import acts, cases, handling, inbox
from intake.review.cases import Case
from intake.review.desk.casework import Casework
from intake.review.desk.front import Front
from intake.review.desk.likeness import Likeness
from intake.review.desk.looking import Looking
from intake.review.inbox import Wanted
from intake.review.tables import event
from intake.review.vault import Vault
from tests.harness.sitting import Sitting, sit


def every(vault: Vault) -> list[Case]:
    with vault.reading() as connection:
        return [*cases.every(connection)]


async def go_to(at: Sitting, name: str) -> str:
    """Put the cursor on the first report whose row holds this; its id."""
    screen = at.desk.screen
    assert isinstance(screen, Front)
    with at.desk.vault.reading() as connection:
        found = inbox.lines(connection, Wanted(waiting=True), at.desk.vault.now(), 40)
    place = next(place for place, line in enumerate(found) if name in str(line.report.answers.get("who")))
    await at.press(*["down"] * place)
    return found[place].id


def test_a_report_is_linked_with_a_new_case_and_both_are_taken_back(vault: Vault) -> None:
    async def play(at: Sitting) -> None:
        report_id = await go_to(at, "Рустам Шоҳиёнов")
        await at.press("l", "1")
        await at.type("the flight")
        await at.press("enter", "1")
        assert "Linked with the flight. u takes it back." in at.shown
        (case,) = every(vault)
        assert (case.title, case.parts["source"]) == ("the flight", {report_id: "plausible"})
        await at.press("enter")
        assert f"case  the flight ({case.id[:8]})" in at.shown
        await at.press("escape", "k")
        assert isinstance(at.desk.screen, Casework)
        assert "V1 the flight" in at.shown
        assert "!! removal in " in at.shown, "what the report says of a flight rings here"
        await at.press("u")
        assert every(vault)[0].parts == {}
        assert "V0 the flight" in at.shown

    sit(vault, play, size=(140, 40))


def test_what_happened_is_written_coded_and_settled(vault: Vault) -> None:
    async def play(at: Sitting) -> None:
        await at.press("k", "n")
        await at.type("a case")
        await at.press("enter", "y")
        await at.type("Rustam")
        await at.press("enter", "a", "1")
        await at.type("2026-11-01")
        await at.press("enter")
        await at.type("the bridge")
        await at.press("enter", "x", "1", "1", "1")
        (case,) = every(vault)
        with vault.reading() as connection:
            (found,) = acts.of_case(connection, (case.id,))
        assert (found.what, found.note, found.person) == ("arrest", "the bridge", "Rustam")
        assert found.codes == {"violation_status": "confirmed"}
        await at.press("a")
        for _ in range([*acts.kinds()].index("hearing")):
            await at.press("down")
        await at.press("enter")
        await at.type("2020-01-01")
        await at.press("enter", "enter")
        assert "Hearing was" in at.desk.warning(200).plain, "it rings on every screen"
        await at.press("r", "1")
        await at.type("put off")
        await at.press("enter")
        assert "earing was" not in at.desk.warning(200).plain
        await at.press("u")
        assert "Hearing was" in at.desk.warning(200).plain
        await at.press("a", "1")
        await at.type("soon")
        await at.press("enter", "enter")
        assert "is no date" in at.shown

    sit(vault, play, size=(110, 40))


def test_two_that_may_be_one_are_read_side_by_side_and_a_human_links_them(vault: Vault) -> None:
    async def play(at: Sitting) -> None:
        report_id = await go_to(at, "Рустам Шоҳиёнов")
        await at.press("s")
        screen = at.desk.screen
        assert isinstance(screen, Likeness)
        assert screen.rows.count == 2
        assert "words of their names agree" in at.shown
        assert "You have not opened the other yet" in at.shown
        assert screen.current is not None
        other = screen.current.id
        with vault.reading() as connection:
            assert handling.handling_of(connection, other).seen == ()
        await at.press("enter")
        with vault.reading() as connection:
            assert handling.handling_of(connection, other).seen == ("r1",)
        assert "│" in at.shown
        assert "Рустам Шоҳиёнов" in screen.pane.text
        await at.press("l", "1")
        await at.type("one man")
        await at.press("enter", "1")
        (case,) = every(vault)
        assert set(case.sources) == {report_id, other}
        await at.press("escape", "escape")
        assert isinstance(at.desk.screen, Front)

    sit(vault, play)


def test_files_are_looked_at_when_asked_small_and_grey_first(vault: Vault) -> None:
    async def play(at: Sitting) -> None:
        await go_to(at, "Рустам Шоҳиёнов")
        await at.press("p")
        assert isinstance(at.desk.screen, Looking)
        assert "IMG_0041.png" in at.shown
        assert "▀" not in at.shown
        await at.press("enter")
        await at.until("page 1 of 1")
        colours = {
            colour.get_truecolor()
            for segment in at.segments
            if "▀" in segment.text and segment.style
            for colour in (segment.style.color, segment.style.bgcolor)
            if colour
        }
        assert len(colours) > 3
        assert all(red == green == blue for red, green, blue in colours)
        await at.press("o")
        assert "There is no picture viewer here" in at.shown
        await at.press("escape", "p")
        assert "what waits" in at.lines[0]

    sit(vault, play)


def test_nothing_of_the_desk_is_written_but_events(vault: Vault) -> None:
    """Every deed of a screen is in the signed log, and the tables are those that the log makes."""

    async def play(at: Sitting) -> None:
        await at.press("k", "n")
        await at.type("a case")
        await at.press("enter", "o")
        await at.type("a note")
        await at.press("enter", "escape", "enter", "escape", "l", "2", "1", "u")

    sit(vault, play)
    with vault.reading() as connection:
        kinds = connection.execute(select(event.c.kind).order_by(event.c.id)).scalars().all()
    assert kinds[-5:] == ["case", "case", "submission", "case", "case"]
