"""Capture histories: who is on which lists, as counts that agree with what is known of everybody."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Exit
from intake.review.outputs import counting
from intake.review.outputs.captures import BASES, NOT_TOLD, Captured, histories, sheet, told
from tests.harness.bundles import make_report
from tests.harness.coalition import made_vault
from tests.harness.desk import at_once
from tests.harness.keys import make_world


def test_histories_by_every_kind_of_list(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    family, cellmate, silent = (
        replace(make_report(world, 1, answers=answers), sealed_by=way)
        for answers, way in (
            ({"relation": "family", "known": ["saw", "heard"]}, "browser"),
            ({"relation": "cellmate", "known": ["lived"]}, "carried-form"),
            ({"relation": "rather_not"}, "browser"),
        )
    )
    people = [
        Captured((family, cellmate), confirmed=True),
        Captured((family, cellmate), confirmed=True),
        Captured((family,), confirmed=False),
        Captured((silent, family), confirmed=False),
    ]
    counted = histories(people, "relation")
    assert counted == {
        (frozenset({"family", "cellmate"}), True): 2,
        (frozenset({"family"}), False): 1,
        (frozenset({"family", NOT_TOLD}), False): 1,
    }
    assert sheet(counted).heading == ("cellmate", "family", NOT_TOLD, "confirmed", "people")
    assert sheet(counted).rows == (("1", "1", "0", "1", "2"), ("0", "1", "1", "0", "1"), ("0", "1", "0", "0", "1"))
    assert histories(people, "channel")[frozenset({"browser"}), False] == 2
    assert histories(people, "known")[frozenset({"saw", "heard", "lived"}), True] == 2
    document = told(counted, "relation")
    assert {*document["columns"]} == {"lists", "confirmed", "people"}
    assert sum(each["people"] for each in document["histories"]) == len(people)


@given(st.lists(st.tuples(st.sets(st.sampled_from("abcd"), min_size=1), st.booleans()), min_size=1, max_size=40))
def test_the_table_and_the_document_say_the_same(people: list[tuple[set[str], bool]]) -> None:
    counted = Counter((frozenset(on), confirmed) for on, confirmed in people)
    table, document = sheet(counted), told(counted, "known")
    lists = table.heading[:-2]
    by_table = [
        ({name for name, on in zip(lists, row, strict=False) if on == "1"}, row[-2], row[-1]) for row in table.rows
    ]
    assert by_table == [
        ({*each["lists"]}, str(int(each["confirmed"])), str(each["people"])) for each in document["histories"]
    ]
    assert sum(int(row[-1]) for row in table.rows) == len(people)


def test_they_leave_the_desk_sealed_or_after_a_warning_and_hold_no_person(tmp_path: Path) -> None:
    with made_vault(tmp_path, 12, urgent=(4,)) as made:
        first = made.vault.now() - timedelta(45)
        with made.vault.reading() as connection:
            soon, later = (counting.captured(connection, first + timedelta(days)) for days in (1, 31))
    counted = [each for each in made.truth if "count" in each.consent]
    assert (len(soon), len(later)) == (len(counted) - 1, len(counted))
    out = tmp_path / "out"
    for by in BASES:
        given = at_once(
            made.path, "export", "--captures", by, "--to", "a statistician", "--plain", "--yes", "--out", out / by
        )
        assert given.returncode == Exit.OK, given.stderr
        assert "Not for publication" in given.stderr
    raw = (out / "relation" / "captures.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows == [{"cellmate": "1", "family": "1", "confirmed": "1", "people": str(len(counted))}]
    everything = b"".join(path.read_bytes() for path in out.rglob("*") if path.is_file()).decode()
    assert not any(each.name in everything or each.case in everything for each in made.truth)
    log = [json.loads(line) for line in at_once(made.path, "dossier given", "--json").stdout.splitlines()]
    assert [(each["output"], each["grounds"]) for each in log] == [("captures", [f"lists by {by}"]) for by in BASES]
    assert at_once(made.path, "export", "--to", "x", "--out", tmp_path / "no").returncode == Exit.USAGE
