"""What happened to a person and what is to come: coded, attributed, reversible, and ringing in time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Exit, Usage
from intake.locale import packaged_places
from intake.report.document import Json
from intake.review import acts, cases, kin, timeline, translations
from intake.review.commands import door
from intake.review.importing import Import
from intake.review.ladder import Judgement
from intake.review.search import Gazette
from intake.review.submissions import find
from intake.review.vault import Vault
from intake.review.verification import digest
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.desk import review
from tests.harness.keys import World, make_world
from tests.harness.vaults import make_vault, noon, open_vault

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


def named(number: int) -> str:
    return f"{number:032x}"


def day(world: World, after: int) -> Json:
    return {"precision": "exact", "date": (world.today + after * DAY).isoformat()}


@pytest.fixture(scope="module")
def filled(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    told: list[dict[str, Json]] = [
        {
            "who": [{"name": "Farid Boimatov", "age": 41}],
            "kind": ["fear"],
            "fear_statement": "If I am there, I was forced.",
            "account": "I live in Warsaw.",
        },
        {
            "who": [{"name": "Бойматов Фарид", "age": 41}],
            "kind": ["deport"],
            "forced_video": "yes",
            "when": day(world, -3),
            "account": "Выступил по телевизору.",
        },
        {
            "who": [{"name": "Рустам Шоҳиёнов"}],
            "kind": ["detained"],
            "when": day(world, -9),
            "where": {"text": "Жуковский", "id": "zia"},
            "removal_when": day(world, 2),
            "removal_to": {"text": "Душанбе"},
            "next_date": day(world, 40),
            "contact_detail": "secret-of-the-witness",
        },
        {"account": "two people at the bridge", "kind": ["taken"], "when": day(world, -9), "where": {"id": "zia"}},
        {"account": "another day, another place", "kind": ["taken"], "when": day(world, -9), "where": {"id": "khorog"}},
    ]
    reports = [make_report(world, number, answers=answers) for number, answers in enumerate(told, 1)]
    bundle = folder / "a.bundle"
    bundle.write_bytes(make_bundle(world, {each.id: seal_report(each, world.reviewers) for each in reports}))
    with make_vault(world, folder / "vault") as vault, Import(vault, world.reviewers[:1], workers=1) as work:
        assert len([*work.take(bundle)]) == len(told)
    return folder / "vault"


@pytest.fixture
def desk(world: World, filled: Path) -> Iterator[Vault]:
    with open_vault(world, filled) as vault:
        yield vault


def test_the_codes_are_of_the_shape_of_huridocs() -> None:
    assert len({kind.code for kind in acts.kinds().values() if kind.code}) >= 14
    for kind in acts.kinds().values():
        assert kind.code is None or (len(kind.code) == 12 and kind.code.isdecimal())
    for each in acts.lists().values():
        assert each.field.isdecimal()
        assert len(set(each.codes.values())) == len(each.codes)
        assert all(len(code) == 12 and code.isdecimal() for code in each.codes.values())
    assert acts.lists()["violation_status"].codes["confirmed"] == "010000000000"
    assert (acts.lists()["whereabouts"].field, acts.lists()["whereabouts"].number) == ("3114", "30")


def test_an_act_is_written_changed_and_taken_back_fact_by_fact(desk: Vault) -> None:
    with desk.journal() as journal:
        case_id = cases.open_case(journal, "one")
        act_id = acts.add(journal, case_id, "arrest", {"precision": "month", "date": "2026-11"})
        acts.set_text(journal, act_id, "place", "the bridge")
        acts.set_source(journal, act_id, named(3), on=True)
        acts.set_code(journal, act_id, "violation_status", "likely")
    with desk.journal() as journal:
        acts.set_code(journal, act_id, "violation_status", "confirmed")
        (changed,) = journal.recorded
    with desk.reading() as connection:
        (found,) = acts.of_case(connection, (case_id,))
        assert acts.find(connection, act_id[:6]) == found
    assert (found.what, found.place, found.sources, found.reviewer) == ("arrest", "the bridge", (named(3),), "r1")
    assert found.codes == {"violation_status": "confirmed"}
    with desk.journal() as journal:
        journal.undo(changed)
        journal.record(acts.entity(act_id), "case", None)
    with desk.reading() as connection:
        assert acts.of_case(connection, (case_id,)) == []
    with desk.journal() as journal:
        journal.record(acts.entity(act_id), "case", case_id)
    with desk.reading() as connection:
        (found,) = acts.of_case(connection, (case_id,))
    assert found.codes == {"violation_status": "likely"}


def test_what_is_no_act_code_or_date_is_refused(desk: Vault) -> None:
    with desk.reading() as connection, pytest.raises(Usage, match="not the beginning of one act"):
        acts.find(connection, "ffff")
    with desk.journal() as journal:
        for work in (
            lambda: acts.add(journal, "ab" * 8, "rumour"),
            lambda: acts.set_code(journal, "ab" * 8, "colour", "red"),
            lambda: acts.set_code(journal, "ab" * 8, "counsel", "red"),
            lambda: acts.set_when(journal, "ab" * 8, {"date": "soon"}),
        ):
            with pytest.raises(Usage):
                work()
        assert journal.recorded == ()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("2026-12-01", {"precision": "exact", "date": "2026-12-01"}),
        ("2026-12", {"precision": "month", "date": "2026-12"}),
        ("2026", {"precision": "year", "date": "2026"}),
        ("about 2026-12", {"precision": "about", "date": "2026-12"}),
        ("около 2026-12-01", {"precision": "about", "date": "2026-12-01"}),
        (
            "2026-12-01 09:30 +05:00",
            {"precision": "exact", "date": "2026-12-01", "time": "09:30", "zone": "+05:00"},
        ),
    ],
)
def test_a_date_is_read_as_people_type_it(typed: str, told: Json) -> None:
    assert acts.date_of(typed) == told


@given(st.text(max_size=30))
def test_any_other_text_is_a_date_or_refused(typed: str) -> None:
    try:
        told = acts.date_of(typed)
    except Usage:
        return
    assert isinstance(told, dict)
    assert str(told["date"])[:4].isdecimal()


def test_dates_ring_when_they_are_near_and_until_somebody_says_what_came_of_them(world: World, desk: Vault) -> None:
    now = noon(world)
    with desk.journal() as journal:
        case_id = cases.open_case(journal, "two")
        cases.judge(journal, case_id, named(3), Judgement.PLAUSIBLE)
        cases.name_part(journal, case_id, "person", "Рустам Шоҳиёнов")
        ids = {
            name: acts.add(journal, case_id, what, day(world, after))
            for name, what, after in (
                ("past", "hearing", -5),
                ("near", "hearing", 10),
                ("far", "hearing", 30),
                ("term", "end_of_term", 29),
                ("later", "end_of_term", 60),
                ("arrest", "arrest", -9),
            )
        }
    with desk.reading() as connection:
        (line,) = timeline.of(connection, case_id)
    assert line.person == "Рустам Шоҳиёнов"
    removal = line.next("removal", now)
    assert removal is not None
    assert (removal.source, removal.text) == (named(3), "Душанбе"), "what a report says rings too"
    coming = line.next("hearing", now)
    assert coming is not None
    assert coming.act is not None
    assert coming.act.id == ids["near"]
    assert [each.entry.what for each in line.alarms(now)] == ["removal", "hearing", "hearing", "end_of_term"]
    assert [each.passed for each in line.alarms(now)] == [False, True, False, False], "first what can't wait three days"
    assert [each.what for each in line.entries].count("arrest") == 1, "a coded act stands for what the report says"
    order = [each.span.earliest for each in line.entries if each.span]
    assert order == sorted(order)
    with desk.journal() as journal:
        acts.set_text(journal, ids["past"], "settled", "put off")
    with desk.reading() as connection:
        rings = [(found, alarm.entry.what, alarm.passed) for found, alarm in timeline.every_alarm(connection, now)]
    mine = [(what, passed) for found, what, passed in rings if found == case_id]
    assert mine == [("hearing", False), ("end_of_term", False)]


def test_each_person_of_a_case_has_a_line_of_their_own(world: World, desk: Vault) -> None:
    with desk.journal() as journal:
        case_id = cases.open_case(journal, "three")
        for name in ("Farid Boimatov", "Rustam Shohiyonov"):
            cases.name_part(journal, case_id, "person", name)
        for number in (1, 2, 3):
            cases.judge(journal, case_id, named(number), Judgement.UNCLEAR)
        act_id = acts.add(journal, case_id, "torture", day(world, -1))
        acts.set_text(journal, act_id, "person", "Rustam Shohiyonov")
    with desk.reading() as connection:
        farid, rustam = timeline.of(connection, case_id)
    assert [each.what for each in farid.entries] == ["video", "statement"]
    assert {"torture", "removal", "arrest", "hearing"} == {each.what for each in rustam.entries}


def test_an_advance_statement_and_a_forced_video_find_each_other(desk: Vault) -> None:
    places = packaged_places()
    with desk.reading() as connection:
        own = find(connection, named(1))
        found = kin.resembling(connection, own.id, own.report, places, Gazette(places))
    assert [each.id for each in found] == [named(2)]
    assert "an advance statement, and a forced video" in found[0].reasons


def test_one_event_is_suggested_by_place_and_day_and_another_is_not(desk: Vault) -> None:
    places = packaged_places()
    with desk.reading() as connection:
        own = find(connection, named(4))
        found = kin.resembling(connection, own.id, own.report, places, Gazette(places))
    assert named(5) not in [each.id for each in found]
    assert all(not each.person for each in found)


def test_a_translation_stands_beside_the_original_with_who_and_when(desk: Vault) -> None:
    with desk.journal() as journal:
        translations.translate(journal, named(2), "EN", "He spoke on television.")
        for language, text in (("english", "x"), ("en", "x" * 100_001)):
            with pytest.raises(Usage):
                translations.translate(journal, named(2), language, text)
    with desk.reading() as connection:
        (found,) = translations.of_submission(connection, named(2))
        assert find(connection, named(2)).answers["account"] == "Выступил по телевизору."
    assert (found.language, found.text, found.reviewer) == ("en", "He spoke on television.", "r1")
    assert found.utc == f"{desk.now():%Y-%m-%dT%H:%M:%SZ}"


def test_the_tables_are_those_that_the_log_makes(desk: Vault) -> None:
    with desk.reading() as connection:
        before = digest(connection)
    desk.rebuild()
    with desk.reading() as connection:
        assert digest(connection) == before


def test_the_commands_write_and_show_it(world: World, filled: Path) -> None:
    case_id = review(filled, "case new", "by hand").stdout.strip()
    assert review(filled, "case judge", case_id, named(3), "plausible").returncode == Exit.OK
    done = review(
        filled, "case act", case_id, "arrest", "--when", "2026-11-20", "--place", "a\x1b[31m", "--source", named(3),
        "--code", "whereabouts=denied",
    )  # fmt: skip
    assert done.returncode == Exit.OK, done.stderr
    act_id = done.stdout.strip()
    told = json.loads(review(filled, "case timeline", case_id, "--json").stdout)
    arrest = next(each for each in told["timelines"][0]["entries"] if each["act"] == act_id)
    assert arrest["huridocs"] == "030101000000"
    assert arrest["codes"]["whereabouts"] == {"word": "denied", "field": "3114", "code": "020000000000"}
    shown = review(filled, "case timeline", case_id).stdout
    assert "2026-11-20" in shown
    assert r"a\u{1b}[31m" in shown
    assert "whereabouts denied" in shown
    assert review(filled, "case act", act_id, "torture", "--when", "2026-11-21").returncode == Exit.OK
    assert "torture" in review(filled, "case timeline", case_id).stdout
    history = review(filled, "case show", case_id).stdout
    event = next(line.split()[0] for line in history.splitlines() if "what: 'arrest' -> 'torture'" in line)
    assert review(filled, "case undo", event).returncode == Exit.OK
    hearing = review(filled, "case act", case_id, "hearing", "--when", "2020-01-01").stdout.strip()
    assert "hearing was" in review(filled, "case due").stdout
    assert review(filled, "case settle", hearing, "put off").returncode == Exit.OK
    assert hearing[:8] not in review(filled, "case due").stdout
    told = CliRunner().invoke(door, ["case", "codes"]).stdout
    assert "detention_type (field 3112, list 29)" in told
    assert "030101000000" in told


def test_side_by_side_at_the_terminal_shows_both_and_no_witness(filled: Path) -> None:
    suggested = review(filled, "compare", named(1))
    assert named(2)[:8] in suggested.stdout
    shown = review(filled, "compare", named(1), named(2)).stdout
    assert "an advance statement, and a forced video" in shown
    assert any("Farid Boimatov" in line and "| - Бойматов Фарид" in line for line in shown.splitlines())
    assert "secret-of-the-witness" not in review(filled, "compare", named(3), named(4)).stdout
    assert review(filled, "translate", named(2), "--into", "en", typed=["He spoke."]).returncode == Exit.OK
    beside = review(filled, "show", named(2)).stdout
    assert "Translation into en by r1" in beside
    assert "He spoke." in beside
