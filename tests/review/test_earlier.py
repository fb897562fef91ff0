"""Earlier cases out of a table: what each line would make, what is wrong, written once, and taken back."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from intake.errors import Exit, Usage
from intake.review import cases, earlier, spreadsheet
from intake.review.earlier import Line
from intake.review.tables import event
from tests.harness.desk import at_once
from tests.harness.keys import World, make_world
from tests.harness.vaults import make_vault, open_vault

MAP = """
source = "Archive"
key = "No"
dates = "day.month.year"
[case]
title = ["Name", "Where"]
person = ["Name", "Others"]
document = ["Papers"]
note = ["Remarks"]
[[act]]
what = "arrest"
when = "Arrested"
place = "Where"
person = "Name"
[[act]]
what = "release"
when = "Released"
"""
HEADINGS = ["No", "Name", "Others", "Where", "Arrested", "Released", "Papers", "Remarks"]
ROWS: list[list[object]] = [
    [1, "Ғуломов Қодир", "Шарифзода Ҷ.; Ҳакимова З.", "Хоруғ", "18.05.2022", "", "verdict of 2023", "first\nsecond"],
    [2, "Одинаев Сӯҳроб", "", "Душанбе", "05.2022", "2024", "", "=HYPERLINK(1)"],
    [3, "", "", "", "", "", "", ""],
    [2, "Назарзода Л.", "", "Хуҷанд", "2022", "", "", ""],
    [4, "Давлатов М.", "", "Кӯлоб", "spring 2022", "", "", ""],
    ["", "Раҳимов Ф.", "", "Ваҳдат", "1.2.2022", "", "", ""],
]
GOOD = ROWS[:2]


def csv_of(rows: list[list[object]], delimiter: str = ",", encoding: str = "utf-8-sig") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows([HEADINGS, *rows])
    return out.getvalue().encode(encoding)


def xlsx_of(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in [HEADINGS, *rows]:
        page.append(row)
    for cell in (cell for row in page.iter_rows() for cell in row if cell.data_type == "f"):
        cell.data_type = "s"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def lines(path: Path, raw: bytes) -> list[Line]:
    path.write_bytes(raw)
    return [*earlier.lines(spreadsheet.read(path), earlier.parse(MAP.encode()))]


def test_each_line_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    found = lines(tmp_path / "a.csv", csv_of(ROWS))
    assert [line.number for line in found] == [2, 4, 5, 6, 7, 8], "a line break in a cell is no new row"
    assert [line.wrong for line in found] == [
        (),
        (),
        ("the title has 0 characters: 1 to 200 are wanted",),
        ("'No' is '2' as in line 4",),
        ("'Arrested' is no date: 'spring 2022'",),
        ("'No' is empty: it tells one line from another",),
    ]
    assert all(not line.facts for line in found[2:])
    told = {(fact.entity.kind, fact.field): fact.value for fact in found[0].facts}
    assert told["case", "title"] == "Ғуломов Қодир, Хоруғ"
    assert told["case", "note"] == "first\nsecond"
    assert {field for kind, field in told if field.startswith(("person/", "document/"))} == {
        "person/Ғуломов Қодир",
        "person/Шарифзода Ҷ.",
        "person/Ҳакимова З.",
        "document/verdict of 2023",
    }
    assert told["act", "when"] == {"precision": "exact", "date": "2022-05-18"}
    acts = [fact.value for fact in found[1].facts if fact.field == "when"]
    assert acts == [{"precision": "month", "date": "2022-05"}, {"precision": "year", "date": "2024"}]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_and_xlsx_say_the_same(tmp_path: Path, delimiter: str) -> None:
    by_csv = lines(tmp_path / "a.csv", csv_of(GOOD, delimiter))
    for name, raw in (("b.csv", csv_of(GOOD, delimiter, "utf-16")), ("c.xlsx", xlsx_of(GOOD))):
        other = lines(tmp_path / name, raw)
        assert [line.facts for line in other] == [line.facts for line in by_csv]
    dated = [[*GOOD[0][:4], datetime(2022, 5, 18), *GOOD[0][5:]]]  # noqa: DTZ001  # as a spreadsheet has it
    assert lines(tmp_path / "d.xlsx", xlsx_of(dated))[0].facts == by_csv[0].facts


def test_a_table_or_a_mapping_that_is_none_says_why(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for raw, words in (
        (b"\xff\xfa\x00", "not in UTF-8"),
        (b"No,No\n1,2\n", "two columns 'No'"),
        (b"No\n", "no rows"),
        (b"No,Name\n1,a\n", "has no column 'Arrested'"),
        (b'No,"Name\n1,a\n', "line"),
    ):
        with pytest.raises(Usage, match=words):
            lines(path, raw)
    with pytest.raises(Usage, match="no workbook"):
        lines(tmp_path / "a.xlsx", b"PK\x03\x04 no zip")
    with pytest.raises(Usage, match="neither CSV nor XLSX"):
        lines(tmp_path / "a.ods", b"")
    for text, words in (
        ("key = 3", "source"),
        (MAP.replace("arrest", "arest", 1).replace('what = "arrest"', 'what = "arest"'), "arest"),
        (MAP.replace("day.month.year", "day/month"), "day/month"),
        (MAP.replace("note =", "notes ="), "notes"),
        ("[", "no TOML"),
    ):
        with pytest.raises(Usage, match=words):
            earlier.parse(text.encode())


@given(st.dates(date(1901, 1, 1), date(2099, 12, 31)))
def test_dates_of_every_order_are_one_date(day: date) -> None:
    wanted = {"precision": "exact", "date": day.isoformat()}
    assert earlier.date_of(f"{day:%d.%m.%Y}", "day.month.year") == wanted
    assert earlier.date_of(f"{day.month}/{day.day}/{day.year}", "month/day/year") == wanted
    assert earlier.date_of(day.isoformat(), "day.month.year") == wanted


@given(st.binary(max_size=300))
def test_bytes_that_are_no_table_are_refused_or_read(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("table") / "a.csv"
    path.write_bytes(raw)
    try:
        found = spreadsheet.read(path)
    except Usage:
        return
    assert all(row.cells.keys() <= {*found.headings} for row in found.rows)


def test_dry_then_written_once_then_longer_then_taken_back(tmp_path: Path) -> None:
    world = make_world(tmp_path / "keys", reviewers=2)
    with make_vault(world, tmp_path / "vault"):
        pass
    path = tmp_path / "vault"
    mapping, table = tmp_path / "map.toml", tmp_path / "table.xlsx"
    mapping.write_text(MAP)
    table.write_bytes(xlsx_of(ROWS))
    told = ("case import", table, "--map", mapping)

    before = events(world, path)
    dry = at_once(path, *told, "--json")
    assert dry.returncode == Exit.SOME_FAILED, dry.stderr
    assert "2 new, 0 adds, 0 as before, 0 differs, 4 wrong" in dry.stderr
    assert "Nothing is written" in dry.stderr
    assert [json.loads(line)["is"] for line in dry.stdout.splitlines()] == [
        "new",
        "new",
        "wrong",
        "wrong",
        "wrong",
        "wrong",
    ]
    assert at_once(path, *told, "--write").returncode == Exit.USAGE
    assert events(world, path) == before
    written = at_once(path, *told, "--write", "--skip-wrong")
    assert written.returncode == Exit.SOME_FAILED, written.stderr
    assert events(world, path) > before
    with open_vault(world, path) as vault, vault.journal() as journal:
        every = [*cases.every(journal.connection)]
        assert sorted(each.title or "" for each in every) == ["Одинаев Сӯҳроб, Душанбе", "Ғуломов Қодир, Хоруғ"]
        assert {cases.verified(journal.connection, each).level.name for each in every} == {"V0"}
        changed = next(each for each in every if each.title == "Одинаев Сӯҳроб, Душанбе")
        journal.record(cases.entity(changed.id), "title", "Told better")
    table.write_bytes(xlsx_of([*GOOD, [9, "Ниёзова Ш.", "", "Данғара", "", "", "", ""]]))
    again = at_once(path, *told, "--write")
    assert again.returncode == Exit.OK, again.stderr
    assert "1 new, 0 adds, 1 as before, 1 differs, 0 wrong" in again.stderr
    assert "title differs, and stays as the vault has it" in again.stdout
    assert at_once(path, *told, "--write").stderr.endswith("There was nothing new to write.\n")

    assert titles(path) == {"Told better", "Ғуломов Қодир, Хоруғ", "Ниёзова Ш., Данғара"}
    assert at_once(path, "case import", "--map", mapping, "--undo").returncode == Exit.OK
    assert titles(path) == {"Told better", "Ғуломов Қодир, Хоруғ"}
    last = at_once(path, "case import", "--map", mapping, "--undo")
    assert last.returncode == Exit.SOME_FAILED
    assert "1 stay: they were changed since" in last.stderr
    assert titles(path) == {"Told better"}
    assert at_once(path, "case import", "--map", mapping, "--undo").returncode == Exit.USAGE
    assert "2 new, 1 adds" in at_once(path, *told).stderr, "what was taken back can be taken in again"


def events(world: World, path: Path) -> int:
    with open_vault(world, path) as vault, vault.reading() as connection:
        return connection.execute(select(func.count()).select_from(event)).scalar_one()


def titles(path: Path) -> set[str]:
    return {line.split("  ", 3)[3] for line in at_once(path, "case list").stdout.splitlines()}
