"""The statement from three hundred submissions, by two reviewers, as files that are read back."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Exit, NotConsented, Usage
from intake.locale import packaged_places
from intake.report.folding import search_key
from intake.review.log import Entity
from intake.review.outputs import charts, counting, deliveries, ledger
from intake.review.outputs.consent import Recipient
from intake.review.outputs.deliveries import Delivery
from intake.review.outputs.regions import REGIONS, district, region, travel_group
from intake.review.outputs.release import compose, digest
from intake.review.outputs.sheets import Sheet, csv_file, harmless, xlsx_file
from intake.review.outputs.wording import Wording
from intake.review.sync import read, write
from intake.review.vault import Vault
from tests.harness.coalition import Made, made_vault
from tests.harness.desk import Done, at_once
from tests.harness.keys import PASSPHRASE as KEY
from tests.harness.keys import World
from tests.harness.vaults import PASSPHRASE, make_vault

PLACES = packaged_places()
NAMES = st.text(st.characters(min_codepoint=32, exclude_categories=["Cc", "Cs"]), max_size=60)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with made_vault(tmp_path_factory.mktemp("statement")) as made:
        yield made


def test_everybody_is_counted_once_and_by_what_is_known(made: Made) -> None:
    with made.vault.reading() as connection:
        tally = counting.tally(connection, PLACES, made.vault.now())
    truth = [each for each in made.truth if "count" in each.consent]
    assert len(tally.reports) == 2 * len(truth)
    assert len(tally.people) == len({each.name for each in truth})
    assert all(each.confirmed for each in tally.people)
    assert Counter(each.region for each in tally.people) == Counter(region(PLACES, each.place) for each in truth)
    quarters = Counter(f"{each.day.year}-Q{(each.day.month + 2) // 3}" for each in truth)
    assert Counter(each.quarter for each in tally.people) == quarters
    graver = Counter(next(kind for kind in counting.KINDS if kind in str(each.answers[0]["kind"])) for each in truth)
    assert Counter(each.kind for each in tally.people) == graver


URGENT = (9, 20)
"""Both at Domodedovo, and nobody else of these."""


@pytest.fixture(scope="module")
def hurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with made_vault(tmp_path_factory.mktemp("hurried"), 22, urgent=URGENT) as made:
        yield made


def test_who_may_be_in_danger_is_in_no_number_for_thirty_days(hurried: Made) -> None:
    first = hurried.vault.now() - timedelta(45)  # the day of the import
    counted = [each for each in hurried.truth if "count" in each.consent]
    waiting = [hurried.truth[each] for each in URGENT]
    with hurried.vault.reading() as connection:
        soon, almost, later = (counting.tally(connection, PLACES, first + timedelta(days)) for days in (1, 29, 31))
    assert soon == almost
    assert len(later.people) == len(counted)
    assert len(soon.people) == len(counted) - len(waiting)
    assert len(later.reports) - len(soon.reports) == 2 * len(waiting)
    assert {each.key for each in later.people} - {each.key for each in soon.people} == {
        f"name:{search_key(each.name)}" for each in waiting
    }


def test_the_travel_sheet_waits_as_well(hurried: Made) -> None:
    first = hurried.vault.now() - timedelta(45)
    since, until = date(2025, 10, 1), date(2026, 9, 30)
    with hurried.vault.reading() as connection:
        soon, later = (counting.travel(connection, PLACES, first + timedelta(days), since, until) for days in (29, 31))
    assert set(later) - set(soon) == {"dme"}
    assert soon, "other places are named at once"


def test_a_name_that_is_public_with_consent_does_not_wait(tmp_path: Path) -> None:
    with made_vault(tmp_path, 21, urgent=URGENT) as made:
        case = made.truth[20].case
        public = Delivery("dossier", Recipient.PUBLIC.value, "full", "the press", "plain", (), (), case, ())
        with made.vault.journal() as journal:
            deliveries.record(journal, public)
        with made.vault.reading() as connection:
            soon = counting.tally(connection, PLACES, made.vault.now() - timedelta(44))
    named = {each.key for each in soon.people}
    assert f"name:{search_key(made.truth[20].name)}" in named
    assert f"name:{search_key(made.truth[9].name)}" not in named


def test_the_travel_sheet_names_what_two_sources_allow_in_twelve_months(made: Made) -> None:
    """By the truth: arrests of the period, at V2 by reports that each tick `anon_report`; places and nothing else."""
    since, until = date(2025, 10, 1), date(2026, 9, 30)
    wanted = {
        group
        for each in made.truth
        if "anon_report" in each.consent and counting.ARRESTS & set(map(str, each.answers[0]["kind"]))  # type: ignore[arg-type]  # a list
        if since <= each.day <= until and (group := travel_group(PLACES, each.place))
    }
    with made.vault.reading() as connection:
        found = counting.travel(connection, PLACES, made.vault.now(), since, until)
        before = counting.travel(connection, PLACES, made.vault.now(), date(2020, 1, 1), date(2020, 12, 31))
    assert set(found) == wanted
    assert before == ()


@pytest.mark.parametrize(
    ("place", "within", "part", "group"),
    [
        ("vamar", "gbao", "rushan", "gbao"),
        ("upd", "gbao", "khorog", "gbao"),
        ("dyu", "dushanbe", None, "dyu"),
        ("lbd", "sughd", "khujand", "lbd"),
        ("f_33", "sughd", "khujand", "sughd"),
        ("x_dusti", "border", None, "border:tj-uz"),
        ("x_terespol", "abroad", None, "x_terespol"),
        ("dme", "ru", None, "dme"),
        ("moscow", "ru", None, "ru"),
        ("istanbul", "abroad", None, "tr"),
        ("tj", "tj", None, None),
        (None, "unknown", None, None),
        ("no such place", "unknown", None, None),
    ],
)
def test_regions(place: str | None, within: str, part: str | None, group: str | None) -> None:
    assert (region(PLACES, place), district(PLACES, place), travel_group(PLACES, place)) == (within, part, group)
    assert all(region(PLACES, each.id) in REGIONS for each in PLACES.places)
    not_told = {each.id for each in PLACES.places if region(PLACES, each.id) == "tj" and each.kind != "authority"}
    assert not_told == {"tj"}, "every city and facility of Tajikistan lies in a region"


def test_from_the_first_draft_to_what_is_published(made: Made, tmp_path: Path) -> None:
    made.vault.close()
    first = ("--from", "2026-10-01", "--to", "2026-10-31")
    drafted = at_once(made.path, "statement", *first)
    assert drafted.returncode == Exit.OK, drafted.stderr
    assert "confirmed by two independent sources" in drafted.stderr
    hashed = drafted.stdout.strip()
    out = tmp_path / "out"
    refused = at_once(made.path, "statement", "--publish", hashed, "--out", out, "--yes")
    assert refused.returncode == Exit.CONSENT, refused.stderr
    assert "0 of 2 reviewers confirmed it" in refused.stderr
    assert not out.exists()
    assert "1 of 2" in at_once(made.path, "statement", "--confirm", hashed[:12], "--yes").stderr
    refused = at_once(made.path, "statement", "--publish", hashed, "--out", out, "--yes")
    assert refused.returncode == Exit.CONSENT, "the same reviewer twice is one"
    drafts = at_once(made.path, "statement", "--preview", hashed, "--out", tmp_path / "draft")
    assert drafts.returncode == Exit.OK, drafts.stderr
    names = [path.name for path in (tmp_path / "draft").iterdir()]
    assert all(name.startswith("DRAFT-") for name in names)
    for language in ("en", "ru", "tg"):
        (paper,) = (tmp_path / "draft").glob(f"*-{language}.pdf")
        read = pypdf.PdfReader(paper)
        for number, page in enumerate(read.pages, 1):
            text = page.extract_text().replace("\n", "")
            assert hashed in text
            assert re.search(rf"{number} \S+ {len(read.pages)}", text)
            assert {"en": "DRAFT", "ru": "ЧЕРНОВИК", "tg": "СИЁҲНАВИС"}[language] in text
        assert not any((read.metadata or {}).values()) or set((read.metadata or {}).values()) == {" " * 12}
    assert "0 of 2" not in at_once(made.path, "statement", "--list").stdout
    for wrong, words in (
        (("--from", "2026-10-02", "--to", "2026-10-31"), "first day of a quarter"),
        (("--from", "2026-10-01", "--to", "2026-10-30"), "last day of a month"),
        (("--from", "2026-10-01", "--to", "2026-11-30"), "not over"),
        (("--from", "2026-10-01", "--to", "2026-10-31", "--corrects", "1"), "nothing was published"),
    ):
        told = at_once(made.path, "statement", *wrong)
        assert told.returncode == Exit.USAGE
        assert words in told.stderr


def test_published_by_two_and_compared_with_it_ever_after(tmp_path: Path) -> None:
    """Two desks that exchange their logs; the second one holds no report at all and confirms what it reads."""
    with made_vault(tmp_path, 40) as made, make_vault(made.world, tmp_path / "second", 2) as second:
        period, first = ledger.Period(date(2026, 10, 1), date(2026, 10, 31)), made.vault
        draft(first, period, 1)
        carry(made.world, first, second)
        confirm(second, "r2")
        with pytest.raises(NotConsented, match="1 of 2"):
            publish(second)
        carry(made.world, second, first)
        confirm(first, "r1")
        publish(first)
        with first.reading() as connection:
            (one,) = ledger.published(connection, "statement")
            assert one.confirmed == ("r1", "r2")
            with pytest.raises(Usage, match="release 1 was about"):
                ledger.check_following([one], period, None)
            ledger.check_following([one], period, 1)
            ledger.check_following([one], ledger.Period(period.first, date(2026, 11, 30)), None)
            with pytest.raises(Usage, match="release 1 was about"):
                ledger.check_following([one], ledger.Period(date(2026, 7, 1), date(2026, 11, 30)), None)
            past = ledger.history([one], period)
        (stands,) = past["headline"]["confirmed", "people"]
        assert stands is not None
        assert stands.base >= 5
        draft(first, period, 2, corrects=1)
        draft(second, period, 2)
        with first.reading() as connection:
            assert [each.left is None for each in ledger.releases(connection, "statement")] == [False, True]
        for label in ("r1", "r2"):  # forged: nobody confirms for another
            with first.journal() as journal:
                newest = ledger.releases(journal.connection, "statement")[-1]
                journal.record(Entity("release", newest.id), f"confirmed/{label}", True)
        with pytest.raises(NotConsented, match="1 of 2"):
            publish(first)


def test_two_people_publish_by_commands(tmp_path: Path) -> None:
    """Each at a desk of their own, with a stick between them; and what is then in the folder."""
    with made_vault(tmp_path, 60) as made, make_vault(made.world, tmp_path / "second", 2) as second:
        world, one, two = made.world, made.path, second.folder.path
    stick, out = tmp_path / "stick", tmp_path / "out"
    stick.mkdir()
    hashes = [
        done(at_once(one, "statement", *kind, "--to", "2026-10-31")).stdout.strip()
        for kind in (("--from", "2026-10-01"), ("--travel",))
    ]
    early = at_once(one, "statement", "--publish", hashes[0], "--out", out / "early")
    assert early.returncode == Exit.CONSENT, "before anybody is asked anything"
    assert "--preview" in early.stderr, "how to read it whole"
    pass_on(world, one, two, stick, "r2")
    for hashed in hashes:
        assert "Confirmed by r2: 1 of 2" in done(at_once(two, "statement", "--confirm", hashed[:12], "--yes")).stderr
    pass_on(world, two, one, stick, "r1")
    for hashed in hashes:
        assert "Confirmed by r1, r2: 2 of 2" in done(at_once(one, "statement", "--confirm", hashed, "--yes")).stderr
        done(at_once(one, "statement", "--publish", hashed, "--out", out / hashed, "--yes"))
    listed = done(at_once(one, "statement", "--list")).stdout.splitlines()
    assert [re.search(r"published \S+", line) is not None for line in listed] == [True, True]

    statement, travel = (sorted((out / each).iterdir()) for each in hashes)
    names = [path.name.removeprefix("statement-2026-10-31-v1") for path in statement]
    for language in ("en", "ru", "tg"):
        for end in (
            ".csv",
            ".pdf",
            ".txt",
            ".xlsx",
            "-map.svg",
            "-place.svg",
            "-kind.svg",
            "-authority.svg",
        ):
            assert f"-{language}{end}" in names
    (public,) = (json.loads(path.read_bytes()) for path in statement if path.suffix == ".json")
    assert digest(public) == hashes[0]
    for path in statement:
        if path.suffix == ".svg":
            told_by_a_drawing(path, public)
        if path.suffix == ".txt":
            text = path.read_text()
            assert hashes[0] in text
            assert "2026-10-01" in text
            assert f"{public['confirmed']}" in text
            assert ("English text" in text or "англ" in text.lower()) == (not path.stem.endswith("-en"))
        if path.suffix == ".xlsx":
            book = openpyxl.load_workbook(path)
            assert {cell.data_type for page in book for row in page.iter_rows() for cell in row if cell.value} == {"s"}
            assert book.worksheets[-1]["A2"].value == hashes[0]
    (sheet,) = (json.loads(path.read_bytes()) for path in travel if path.suffix == ".json")
    assert digest(sheet) == hashes[1]
    assert sheet["places"]
    assert {*sheet} == {"format", "from", "to", "day", "version", "corrects", "places"}
    assert len(travel) == 7
    given = done(at_once(one, "dossier given", "--json")).stdout.splitlines()
    assert [json.loads(line)["output"] for line in given] == ["statement", "travel"]


def told_by_a_drawing(path: Path, public: dict[str, Any]) -> None:
    """Nothing but names of rows and printed figures of one table; named for who can't see it; nothing that runs."""
    root = ElementTree.parse(path).getroot()
    language, _, name = path.stem.removeprefix(f"statement-{public['to']}-v{public['version']}-").partition("-")
    words = Wording(language, PLACES)
    (table,) = (
        each
        for each in public["tables"]
        if each["name"] == {"map": "place", "time": "place"}.get(name, name.replace("district-", "district:"))
    )
    codes = table["columns" if name == "time" else "rows"]
    figures = {"place": "row_totals", "map": "row_totals", "time": "column_totals"}.get(name)
    printed = table[figures] if figures else [cells[0] for cells in table["cells"]]
    named = [words.column(each) if name == "time" else words.row(table["name"], each) for each in codes]
    lines = [f"{row}: {words.figure(figure)}" for row, figure in zip(named, printed, strict=True)]
    (title,), (description,) = (root.findall(f"{SVG}{each}") for each in ("title", "desc"))
    assert (root.get("role"), root.get("aria-label")) == ("img", title.text)
    part = name.removeprefix("district-")
    assert title.text == (
        words("statement.district", region=words.place(part)) if part != name else words(f"statement.{name}")
    )
    assert sorted((description.text or "").split("; ")) == sorted(lines)
    drawn = " ".join(each.text or "" for each in root.iter(f"{SVG}text"))
    assert sorted(drawn.split()) == sorted(" ".join([*named, *map(words.figure, printed)]).split())
    assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {"svg", "title", "desc", "text", "rect", "line"}
    known = {
        "viewBox",
        "width",
        "height",
        "role",
        "aria-label",
        "x",
        "y",
        "x1",
        "x2",
        "y1",
        "y2",
        "rx",
        "fill",
        "stroke",
    }
    known |= {"stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight", "text-anchor"}
    assert {attribute for each in root.iter() for attribute in each.attrib} <= known
    if name != "map":
        assert len({each.get("width") for each in root.iter(f"{SVG}rect")}) == len({*printed} - {None})


@given(NAMES, NAMES)
def test_names_in_a_drawing_are_text_and_nothing_else(title: str, name: str) -> None:
    for drawing in (charts.bars(title, [(name, "15", "15")]), charts.sketch(title, {"gbao": (name, "<10", "<10")})):
        root = ElementTree.fromstring(drawing)
        assert [root.get("aria-label"), root.findtext(f"{SVG}title")] == [title, title]
        assert (root.findtext(f"{SVG}desc") or "").startswith(f"{name}: ")
        assert {each.tag.removeprefix(SVG) for each in root.iter()} <= {"svg", "title", "desc", "text", "rect", "line"}
        drawn = "".join(each.text or "" for each in root.iter(f"{SVG}text"))
        assert "".join(name.split()) in "".join(drawn.split())


def done(command: Done) -> Done:
    assert command.returncode == Exit.OK, command.stderr
    return command


def pass_on(world: World, sender: Path, receiver: Path, stick: Path, to: str) -> None:
    before = {*stick.iterdir()}
    done(at_once(sender, "sync", "--to", stick))
    (path,) = {*stick.iterdir()} - before
    done(at_once(receiver, "sync", path, "-i", world.folder / f"reviewer-{to}.age", secrets=(PASSPHRASE, KEY)))


def draft(vault: Vault, period: ledger.Period, version: int, corrects: int | None = None) -> None:
    with vault.reading() as connection:
        earlier = ledger.published(connection, "statement")
        tally = counting.tally(connection, PLACES, vault.now())
    past = ledger.history(earlier, period)
    new = compose(tally, period, past, day=vault.today(), version=version, corrects=corrects)
    previous = earlier[-1].hash if earlier else None
    release = ledger.Release(
        "", "statement", period, vault.today(), version, corrects, previous, new.public, new.bases, new.hash
    )
    with vault.journal() as journal:
        ledger.draft(journal, release)


def newest(vault: Vault) -> ledger.Release:
    with vault.reading() as connection:
        return ledger.releases(connection, "statement")[-1]


def confirm(vault: Vault, label: str) -> None:
    with vault.journal() as journal:
        ledger.confirm(journal, label, newest(vault))


def publish(vault: Vault) -> None:
    with vault.journal() as journal:
        ledger.leave(journal, newest(vault), vault.today(), "statement")


def carry(world: World, sender: Vault, receiver: Vault) -> None:
    stick = sender.folder.path.parent / f"stick-{sender.label}"
    stick.mkdir(exist_ok=True)
    path, _ = write(sender, stick)
    merged = read(receiver, path, world.reviewers)
    assert (merged.gaps, merged.refused) == ([], [])


def test_no_text_is_a_formula_to_a_spreadsheet() -> None:
    bad = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1"]
    sheet = Sheet("=cmd", tuple(bad), (tuple(bad),))
    rows = list(csv.reader(io.StringIO(csv_file([sheet]).decode("utf-8-sig"))))
    assert all(cell.startswith("'") for row in rows for cell in row)
    book = openpyxl.load_workbook(io.BytesIO(xlsx_file([sheet])))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row]
    assert all(cell.data_type == "s" for cell in cells)
    assert [cell.value for cell in cells][:5] == bad[:5]
    properties = book.properties
    assert (properties.creator, properties.title, properties.lastModifiedBy) == (None, None, None)
    assert harmless("Хоруғ") == "Хоруғ"


def test_hash_is_of_what_is_public() -> None:
    assert digest({"b": 1, "a": "ғ"}) == digest(json.loads('{"a": "ғ", "b": 1}'))
