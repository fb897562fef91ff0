"""Sending over a bad line to a bad server: it arrives, and what left never holds two ciphertexts under one key."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from intake.report.sizes import sealed_size
from tests.harness.node import environment
from tests.harness.page_code import bundle

PLAIN = 1_081_344
SEALED = sealed_size(1, PLAIN)
PART = 1_048_576
FIRST = 131_072


def _runs(folder: Path, *scenarios: dict[str, Any], runs: int = 0) -> list[dict[str, Any]]:
    """What came of each, after checking what must hold of every one."""
    job = {"scenarios": scenarios, "runs": runs, "seed": 5}
    with tempfile.NamedTemporaryFile("w", suffix=".mjs") as script:
        script.write(bundle("upload.mjs"))
        script.flush()
        command = ["node", "--no-warnings", script.name]
        done = subprocess.run(
            command, input=json.dumps(job), cwd=folder, env=environment(), capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    for one in found:
        assert one["wrong"] is None
        assert "too many" not in one["said"]
        assert [each["id"] for each in one["opened"]] == [each["under"] for each in one["opened"]]
        # What the server claims and has not, the page can only believe where it may have arrived (upload.mjs).
        assert all(one["guessed"])
        assert len(one["opened"]) + len(one["guessed"]) == (one["end"] == "stored")
    return found


def test_a_good_line_takes_each_byte_once(tmp_path: Path) -> None:
    (run,) = _runs(tmp_path, {"faults": []})
    # From 128 KiB on twice as much each time, never beyond a part.
    assert run["requests"] == ["POST", *["PATCH"] * 5]
    assert (run["end"], run["sent"], run["paused"], run["packs"]) == ("stored", SEALED, 0, 1)


@pytest.mark.parametrize("fault", ["cut", "lost", 503, 429, 423, 408, "half"])
def test_after_a_cut_at_most_the_request_in_flight_goes_again(tmp_path: Path, fault: str | int) -> None:
    creation, first, second, last, asking = _runs(
        tmp_path,
        {"faults": [fault]},
        {"faults": ["", fault]},
        {"faults": ["", "", fault]},
        {"faults": [*[""] * 5, fault]},
        {"faults": ["", "cut", fault]},
    )
    for run in (creation, first, second, last, asking):
        assert (run["end"], run["ids"], run["packs"], run["unfinished"]) == ("stored", 1, 1, 0)
    assert creation["sent"] == SEALED
    again = {"lost": 0.0, "half": 0.5}.get(str(fault), 1.0)
    assert first["sent"] == SEALED + again * FIRST
    assert second["sent"] == SEALED + again * 2 * FIRST
    assert last["sent"] - SEALED == pytest.approx(again * (SEALED - PART), abs=1)
    assert asking["sent"] == SEALED + FIRST


@pytest.mark.parametrize("carries", [20_000, 100_000])
def test_a_line_that_never_carries_a_part_carries_it_by_and_by(tmp_path: Path, carries: int) -> None:
    (run,) = _runs(tmp_path, {"faults": [], "carries": carries, "size": 2_162_688})
    assert (run["end"], run["ids"], run["unfinished"]) == ("stored", 1, 0)
    assert run["sent"] < 2 * 2_162_688


@pytest.mark.parametrize("fault", ["rewind", "forget", {"forward": 3_000_000}], ids=str)
def test_a_server_that_is_elsewhere_gets_it_anew_under_another_key_and_id(
    tmp_path: Path, fault: str | dict[str, int]
) -> None:
    (run,) = _runs(tmp_path, {"faults": [*[""] * 5, fault], "size": 2_162_688})
    assert (run["end"], run["ids"], run["packs"]) == ("stored", 2, 2)
    assert run["unfinished"] == 0
    assert "DELETE" in run["requests"]


def test_an_offset_that_what_left_contradicts_is_not_believed(tmp_path: Path) -> None:
    """And one that nothing contradicts is, since a cut may come after the server had all: see upload.mjs."""
    lie = {"forward": 1000}
    nothing_left, turned_away, known = _runs(
        tmp_path, {"faults": ["", lie]}, {"faults": ["", "", lie]}, {"faults": ["", "", 429, lie]}
    )
    for run in (nothing_left, turned_away, known):
        assert (run["end"], run["ids"], run["packs"], run["guessed"]) == ("stored", 2, 2, [])
    (unknown,) = _runs(tmp_path, {"faults": ["", "cut", lie]})
    assert (unknown["end"], unknown["ids"], unknown["guessed"]) == ("stored", 1, [True])


def test_a_server_that_always_rewinds_is_given_up(tmp_path: Path) -> None:
    (run,) = _runs(tmp_path, {"faults": [*[""] * 5, "rewind", "", ""] * 12})
    assert (run["end"], run["packs"], run["ids"]) == ("fault", 5, 5)


def test_a_file_that_changed_is_sent_anew_once(tmp_path: Path) -> None:
    once, always, disk = _runs(
        tmp_path,
        {"faults": [], "change": "once", "size": 2_162_688},
        {"faults": [], "change": "always", "size": 2_162_688},
        {"faults": [], "change": "disk", "size": 3_145_728},
    )
    assert (once["end"], once["ids"], once["packs"]) == ("stored", 2, 2)
    assert (always["end"], always["packs"]) == ("unreadable", 2)
    assert (disk["end"], disk["packs"]) == ("unreadable", 2)
    assert [run["unfinished"] for run in (once, always, disk)] == [0, 0, 0]


def test_what_no_further_try_would_change_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    faults = [([413, "too-large"], "large"), ([507, "full"], "full"), ([422, "not-sealed"], "fault"), (400, "fault")]
    runs = _runs(tmp_path, *({"faults": ["", fault]} for fault, _ in faults))
    assert [run["end"] for run in runs] == [end for _, end in faults]
    assert [run["unfinished"] for run in runs] == [0] * len(runs)


def test_a_newer_keyring_is_sealed_to(tmp_path: Path) -> None:
    short, long, closed = _runs(
        tmp_path,
        {"faults": [[409, "seal-again"]], "size": 16_384},
        {"faults": [[409, "seal-again"]]},
        {"faults": ["", [410, "closed"]]},
    )
    assert [run["opened"][0]["serial"] for run in (short, long, closed)] == [2, 2, 2]
    assert (short["opened"][0]["packs"], long["ids"], closed["ids"]) == (2, 1, 2)


@pytest.mark.parametrize("at", range(4))
def test_the_witness_stops_it(tmp_path: Path, at: int) -> None:
    (run,) = _runs(tmp_path, {"faults": ["", "cut"] if at == 2 else [], "stopAt": at})
    if at < 2 or run["end"] != "stored":
        assert run["end"] == "stopped"
        assert run["requests"][-1] == "DELETE"
    assert run["unfinished"] == 0


@pytest.mark.parametrize("runs", [40, pytest.param(1_000, marks=pytest.mark.long)])
def test_whatever_goes_wrong_no_key_is_used_twice(tmp_path: Path, runs: int) -> None:
    found = _runs(tmp_path, runs=runs)
    ends = {run["end"] for run in found}
    assert "stored" in ends
    assert ends <= {"stored", "fault"}
    assert max(run["ids"] for run in found) > 1
