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

import openpyxl
import pypdf
import pytest

from intake.errors import Exit, NotConsented, Usage
from intake.locale import packaged_places
from intake.review.log import Entity
from intake.review.outputs import counting, ledger
from intake.review.outputs.regions import REGIONS, district, region, travel_group
from intake.review.outputs.release import compose, digest
from intake.review.outputs.sheets import Sheet, csv_file, harmless, xlsx_file
from intake.review.sync import read, write
from intake.review.vault import Vault
from tests.harness.coalition import Made, made_vault
from tests.harness.desk import review
from tests.harness.keys import World
from tests.harness.vaults import make_vault

PLACES = packaged_places()


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


def test_a_recent_urgent_case_waits(made: Made) -> None:
    with made.vault.reading() as connection:
        soon = counting.tally(connection, PLACES, made.vault.now() - timedelta(40))
        later = counting.tally(connection, PLACES, made.vault.now())
    assert soon.people == later.people, "none of them is urgent"


@pytest.mark.parametrize(
    ("place", "within", "part", "group"),
    [
        ("vamar", "gbao", "rushan", "gbao"),
        ("upd", "gbao", "khorog", "gbao"),
        ("dyu", "dushanbe", None, "dyu"),
        ("lbd", "sughd", "khujand", "lbd"),
        ("f_33", "sughd", "khujand", "sughd"),
        ("x_dusti", "border", None, "border:tj-uz"),
        ("x_terespol", "border", None, "border:by-pl"),
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


def test_from_the_first_draft_to_what_is_published(made: Made, tmp_path: Path) -> None:
    made.vault.close()
    first = ("--from", "2026-10-01", "--to", "2026-10-31")
    drafted = review(made.path, "statement", *first)
    assert drafted.returncode == Exit.OK, drafted.stderr
    assert "confirmed by two independent sources" in drafted.stderr
    hashed = drafted.stdout.strip()
    out = tmp_path / "out"
    refused = review(made.path, "statement", "--publish", hashed, "--out", out, "--yes")
    assert refused.returncode == Exit.CONSENT, refused.stderr
    assert "0 of 2 reviewers confirmed it" in refused.stderr
    assert not out.exists()
    assert "1 of 2" in review(made.path, "statement", "--confirm", hashed[:12], "--yes").stderr
    refused = review(made.path, "statement", "--publish", hashed, "--out", out, "--yes")
    assert refused.returncode == Exit.CONSENT, "the same reviewer twice is one"
    drafts = review(made.path, "statement", "--preview", hashed, "--out", tmp_path / "draft")
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
    assert "0 of 2" not in review(made.path, "statement", "--list").stdout
    for wrong, words in (
        (("--from", "2026-10-02", "--to", "2026-10-31"), "first day of a quarter"),
        (("--from", "2026-10-01", "--to", "2026-10-30"), "last day of a month"),
        (("--from", "2026-10-01", "--to", "2026-11-30"), "not over"),
        (("--from", "2026-10-01", "--to", "2026-10-31", "--corrects", "1"), "nothing was published"),
    ):
        told = review(made.path, "statement", *wrong)
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
        assert past["headline"]["confirmed", "people"][0] >= 5  # type: ignore[operator]  # a number, since it is shown
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
