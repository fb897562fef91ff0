"""What couriers hand in at /<language>/carry: stored as it is, counted, never named; what is not whole is asked for."""

from __future__ import annotations

import hashlib
import html
import io
import random
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from intake.drop.courier import FILES_LIMIT, receive
from intake.drop.parts import Full
from intake.errors import Fault, Usage
from intake.report.blocks import split
from intake.report.sizes import CARRIED
from intake.sealing import seal_bytes
from tests.harness.bundles import make_report, seal_report
from tests.harness.house import HTML, House, Shelf
from tests.harness.keys import TODAY, World, make_world


@pytest.fixture(scope="module")
def reports(world: World) -> list[bytes]:
    """Four as the form in one file seals them, of one size."""
    made = []
    for number in range(4):
        recipients = [identity.recipient for identity in world.reviewers]
        made.append(seal_bytes(random.Random(number).randbytes(CARRIED), recipients))
    return made


def _hand_in(house: House, *files: bytes, text: str = "", language: str = "en") -> TestResponse:
    named = [(io.BytesIO(content), f"Хоруғ {number}.dat") for number, content in enumerate(files)]
    return house.client.post(f"/{language}/carry", data={"file": named, "text": text}, headers=HTML)


def _said(answer: TestResponse) -> str:
    assert answer.status_code == 200
    return html.unescape(re.sub(r"<[^>]+>", " ", answer.text))


def _stored(house: House) -> set[bytes]:
    held = house.shelf.held
    assert {hashlib.sha256(body).digest()[:16] for body in held.values()} == held.keys()
    return set(held.values())


def test_several_files_and_text_at_once(house: House, reports: list[bytes]) -> None:
    blocks = [*split(reports[2]), *split(reports[3])]
    random.Random(3).shuffle(blocks)
    answer = _hand_in(house, *reports[:2], text="Салом!\n" + "\n".join(blocks))
    assert f"taken just now: 4 ({round(4 * len(reports[0]) / 1000)} kB)" in _said(answer)
    assert _stored(house) == set(reports)


def test_a_text_file_may_be_chosen_and_blocks_spread_over_two(house: House, reports: list[bytes]) -> None:
    blocks = split(reports[0])
    answer = _hand_in(house, "\n".join(blocks[:2]).encode(), text=" ".join(blocks[1:]))
    assert "taken just now: 1 " in _said(answer)
    assert _stored(house) == {reports[0]}


def test_one_report_by_three_ways_is_one_and_nobody_is_told_which_was_here(house: House, reports: list[bytes]) -> None:
    first = _hand_in(house, reports[0])
    again = _hand_in(house, reports[0], text=" ".join(split(reports[0])))
    name = hashlib.sha256(reports[0]).hexdigest()[:32]
    assert house.client.put(f"/reports/{name}", data=reports[0]).status_code == 200
    assert first.data == again.data
    assert len(house.shelf.held) == 1


@pytest.mark.parametrize("language", ["tg", "ru", "en"])
def test_missing_and_damaged_pieces_are_asked_for_by_number(house: House, reports: list[bytes], language: str) -> None:
    blocks = list(split(reports[0]))
    del blocks[3]
    blocks[1] = blocks[1].replace(blocks[1][40:44], blocks[1][40:44][::-1])
    answer = _hand_in(house, text="\n".join(blocks), language=language)
    said = _said(answer)
    assert blocks[0][1:6] in said
    assert "2, 4" in said
    assert not house.shelf.held
    assert _stored(house) == set()


def test_mixed_up_pieces_of_two_reports_are_two_reports(house: House, reports: list[bytes]) -> None:
    pairs = zip(split(reports[0]), reversed(split(reports[1])), strict=True)
    _hand_in(house, text=" ".join(block for pair in pairs for block in pair))
    assert _stored(house) == set(reports[:2])


def test_what_is_damaged_foreign_or_readable_is_counted_and_not_kept(
    house: House, reports: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    fewer = make_world(tmp_path_factory.mktemp("others"), reviewers=2)
    foreign = seal_report(make_report(fewer), fewer.reviewers)
    answer = _hand_in(house, reports[0][:-1], foreign, "Ӯро дар Хоруғ бурданд".encode(), b"\xff" * 50, reports[1])
    said = _said(answer)
    assert "not for us: 2." in said
    assert "nothing sealed was found: 2." in said
    assert "taken just now: 1 " in said
    assert _stored(house) == {reports[1]}
    assert "Хоруғ" not in said


def test_nothing_chosen_says_so_and_a_full_disk_too(house: House, reports: list[bytes]) -> None:
    assert "No file was chosen" in _said(_hand_in(house))
    full = House(house.world, house.config, Shelf(error=Full("no room")))
    said = _said(_hand_in(full, reports[0]))
    assert "hand it in again later" in said
    assert "Nothing was taken" in said
    broken = _hand_in(House(house.world, house.config, Shelf(error=Fault("broken"))), reports[0])
    assert broken.status_code == 503


def test_carried_reports_are_taken_after_their_keyring_closed(house: House, reports: list[bytes]) -> None:
    late = House(house.world, house.config, today=TODAY + timedelta(days=400))
    assert "taken just now: 1 " in _said(_hand_in(late, reports[0]))


def test_too_much_at_once_is_said_and_nothing_kept(house: House) -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        + bytes(1_200_000)
        + b"\r\n--x--\r\n"
    )
    answer = house.client.post("/en/carry", data=body, content_type="multipart/form-data; boundary=x", headers=HTML)
    assert answer.status_code == 413
    many = _hand_in(house, text=" ".join(f"[{number:05d} 1/999 0000] A [1/999]" for number in range(FILES_LIMIT + 1)))
    assert many.status_code == 413
    assert not house.shelf.held


def test_pieces_of_many_files_are_refused_before_anything_is_stored(world: World, reports: list[bytes]) -> None:
    shelf = Shelf()
    heads = " ".join(f"[{number:05d} 1/2 0000] A [1/2]" for number in range(FILES_LIMIT + 1))
    with pytest.raises(Usage, match="more than 100 files"):
        receive([reports[0], heads.encode()], shelf, world.chain(), TODAY)
    assert not shelf.held


def test_a_large_body_counts_as_the_many_reports_that_it_may_hold(house: House, reports: list[bytes]) -> None:
    """Couriers can't do a proof of work, so nobody gets round one by posting reports in heaps."""
    few = House(house.world, replace(house.config, limits=replace(house.config.limits, plain="3/minute", source="")))
    client = few.client

    def hand_in(*files: bytes) -> int:
        named = [(io.BytesIO(content), "a") for content in files]
        return client.post("/en/carry", data={"file": named}, headers=HTML).status_code

    assert [hand_in(reports[0]), hand_in(*reports[:2]), hand_in(reports[0])] == [200, 200, 429]
    again = House(house.world, few.config).client
    heap = {"file": [(io.BytesIO(content), "a") for content in reports * 6]}
    assert again.post("/en/carry", data=heap).status_code == 200, "more than the whole limit still comes, alone"
    assert again.post("/en/carry", data={"text": "x"}).status_code == 429


def test_no_name_and_no_word_comes_back(house: House, reports: list[bytes]) -> None:
    hostile = '<img src="x" onerror="alert(1)">'
    named = [(io.BytesIO(reports[0]), hostile), (io.BytesIO(b"text"), "../../etc/passwd")]
    answer = house.client.post("/en/carry", data={"file": named, "text": hostile}, headers=HTML)
    assert hostile not in answer.text
    assert html.escape(hostile) not in answer.text
    assert "passwd" not in answer.text
    assert house.client.get("/en/carry").status_code == 200
    assert house.client.post("/xx/carry").status_code == 404
