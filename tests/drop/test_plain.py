"""The form without scripts, read and sealed by the server: what it becomes, with files too, and what is refused."""

import os
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from intake.drop.acceptance import BODY_LIMIT
from intake.drop.config import Limits
from intake.drop.parts import Full
from intake.drop.plain import WAITING, PlainForm
from intake.errors import Fault
from tests.harness.house import FORM, HTML, MULTIPART, House, Shelf, multipart, opened, unpacked, with_files, word
from tests.harness.installation import LANGUAGES
from tests.harness.keys import TODAY


@pytest.mark.parametrize("packed", [False, True])
def test_a_plain_report_is_sealed_here(house: House, packed: bool) -> None:
    fields = {"language": "tg", "account": "Ӯро дар Хоруғ бурданд", "who.1.name": "Зарина Иноятзода"}
    data, kind = (multipart(fields), MULTIPART) if packed else (fields, FORM)
    answer = house.client.post("/", data=data, content_type=kind, headers=HTML)
    assert answer.status_code == 200
    assert 'lang="tg"' in answer.text
    report = opened(house)
    assert (report.sealed_by, report.language, report.keyring, report.day) == ("server", "tg", 1, TODAY)
    assert report.answers["account"] == fields["account"]
    assert report.answers["who"] == [{"name": "Зарина Иноятзода"}]
    page = house.client.get("/tg").text
    assert f'data-sha256="{report.questionnaire.sha256}"' in page


def test_a_plain_report_in_no_known_language_is_taken_in_the_first(house: House) -> None:
    assert house.client.post("/", data={"language": "xx", "account": "a"}).status_code == 200
    assert opened(house).language == LANGUAGES[0]


def test_a_part_without_a_name_hurts_nobody(house: House) -> None:
    """No browser sends one; found by fuzzing."""
    body = multipart({"account": "words"}).removesuffix(b"--b--\r\n")
    body += b"--b\r\nContent-Disposition: form-data\r\n\r\nnobody's\r\n--b--\r\n"
    assert house.client.post("/", data=body, content_type=MULTIPART, headers=HTML).status_code == 200
    assert opened(house).answers == {"account": "words"}


def test_plain_posts_that_are_refused(house: House) -> None:
    world, config = house.world, house.config
    closed = House(world, config, today=TODAY + timedelta(days=365)).client
    full = House(world, config, Shelf(error=Full("no room"))).client
    broken = House(world, config, Shelf(error=Fault("no disk"))).client
    off = House(world, replace(config, plain_form=False)).client
    limited = House(world, replace(config, limits=Limits(plain="0/minute"))).client
    client = house.client
    account = {"account": "a", "language": "ru"}
    many = {f"f{n}": "x" for n in range(2100)}
    long = {"account": "x" * 1_200_000}
    for asked, data, kind, status, expected in (
        (closed, account, FORM, 410, "closed"),
        (full, account, FORM, 507, "full"),
        (broken, account, FORM, 503, "unavailable"),
        (off, account, FORM, 403, "plain-form-off"),
        (limited, account, FORM, 429, "busy"),
        (client, {"account": "x" * 100_001}, FORM, 413, "too-large"),
        (client, long, FORM, 413, "too-large"),
        (client, multipart(long), MULTIPART, 413, "too-large"),
        (client, many, FORM, 413, "too-large"),
        (client, multipart(many), MULTIPART, 413, "too-large"),
        (client, {f"f{n}": "x" * 90_000 for n in range(12)}, FORM, 413, "too-large"),
    ):
        answer = asked.post("/", data=data, content_type=kind)
        assert (answer.status_code, word(answer)) == (status, expected)
        page = asked.post("/", data=data, content_type=kind, headers=HTML)
        assert page.status_code == status
        assert page.content_type.startswith("text/html")
        assert "my brother" not in page.text
    assert house.shelf.held == {}


@pytest.mark.parametrize("sizes", [(1,), (70_000, 5), (2**20, 2**20 + 1), (8 * 2**20,)])
def test_files_come_along_without_scripts(house: House, sizes: tuple[int, ...], tmp_path: Path) -> None:
    """Small ones in the row, larger ones in parts: the same report, with no name and nothing cleaned."""
    config = replace(house.config, data=tmp_path)
    house = House(house.world, config, Shelf())
    files = [os.urandom(size) for size in sizes]
    data = with_files(*files, account="a", files="77")
    answer = house.client.post("/ru", data=data, content_type=MULTIPART, headers=HTML)
    assert (answer.status_code, 'lang="ru"' in answer.text) == (200, True)
    package, contents = unpacked(house)
    assert [file.size for file in package.files] == list(sizes)
    assert {(file.name, file.type, file.cleaned) for file in package.files} == {("", "image/jpeg", False)}
    assert package.answers == {"account": "a", "files": list(range(1, len(sizes) + 1))}
    assert contents == files
    assert (package.sealed_by, package.language) == ("server", "ru")
    assert list((tmp_path / "uploads").glob("*")) == []


def test_an_input_that_was_left_empty_is_no_file(house: House) -> None:
    assert house.client.post("/", data=with_files(account="a"), content_type=MULTIPART).status_code == 200
    assert opened(house).files == ()


def test_files_that_are_too_large_are_refused_in_the_witness_language(house: House, tmp_path: Path) -> None:
    small = replace(house.config, plain_files=1, data=tmp_path)
    none = replace(house.config, plain_files=0)
    for config, data in (
        (small, with_files(bytes(2**20 + 1))),
        (small, with_files(bytes(2**19), bytes(2**19), b"x")),
        (small, with_files(bytes(3 * 2**20))),
        (small, with_files(*[b"x"] * 100)),
        (none, with_files(b"x")),
    ):
        house = House(house.world, config, Shelf())
        answer = house.client.post("/tg", data=data, content_type=MULTIPART, headers=HTML)
        assert (answer.status_code, 'lang="tg"' in answer.text) == (413, True)
        assert "Файлҳо хеле калонанд" in answer.text
        assert word(house.client.post("/", data=data, content_type=MULTIPART)) == "files-too-large"
        assert house.shelf.held == {}
    page = House(house.world, none).client.get("/en").text
    assert ('type="file"' in page, "with JavaScript on" in page) == (False, True)


@pytest.mark.parametrize("kind", ["", "text/html; x", "IMAGE/JPEG", "../../etc", "a/" + "b" * 200])
def test_a_type_that_is_none_is_left_out(house: House, kind: str) -> None:
    data = with_files(b"x", kind=kind)
    assert house.client.post("/", data=data, content_type=MULTIPART).status_code == 200
    assert opened(house).files[0].type in {"", "text/html", "image/jpeg"}


def test_a_store_that_fails_keeps_nothing_of_the_files(house: House, tmp_path: Path) -> None:
    config = replace(house.config, data=tmp_path)
    for error, status, expected in ((Full("no room"), 507, "full"), (Fault("no disk"), 503, "unavailable")):
        broken = House(house.world, config, Shelf(error=error))
        answer = broken.client.post("/", data=with_files(bytes(3 * 2**20)), content_type=MULTIPART)
        assert (answer.status_code, word(answer)) == (status, expected)
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_posts_with_files_are_sealed_one_after_the_other(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is read, the next wait, and those beyond are told to come back; small posts pass them all."""
    house = House(house.world, replace(house.config, data=tmp_path), Shelf())
    app = house.app
    inside, go = threading.Event(), threading.Event()
    reading, most = [0], [0]
    real = PlainForm.read

    def slow(self: PlainForm, request: Any, *, files: bool = False) -> Any:
        if (request.content_length or 0) < BODY_LIMIT:
            return real(self, request, files=files)
        reading[0] += 1
        most[0] = max(most[0], reading[0])
        inside.set()
        assert go.wait(60)
        found = real(self, request, files=files)
        reading[0] -= 1
        return found

    monkeypatch.setattr(PlainForm, "read", slow)
    statuses: list[int] = []

    def send() -> None:
        answer = app.test_client().post("/", data=with_files(bytes(2 * 2**20)), content_type=MULTIPART)
        statuses.append(answer.status_code)

    senders = [threading.Thread(target=send) for _ in range(WAITING + 3)]
    for sender in senders:
        sender.start()
    assert inside.wait(60)
    assert app.test_client().post("/", data={"account": "a"}).status_code == 200
    while len(statuses) < 2:
        time.sleep(0.01)
    go.set()
    for sender in senders:
        sender.join()
    assert (sorted(statuses), most[0]) == ([200] * (WAITING + 1) + [429] * 2, 1)


def test_a_plain_post_that_is_refused_hands_the_text_back(house: House) -> None:
    full = House(house.world, house.config, Shelf(error=Full("no room"))).client
    limited = House(house.world, replace(house.config, limits=Limits(plain="0/minute"))).client
    account = {"account": 'my brother <b>"x"', "language": "ru"}
    for client in (full, limited):
        page = client.post("/", data=account, headers=HTML).text
        assert '<input type="hidden" name="account" value="my brother &lt;b&gt;&quot;x&quot;">' in page
        assert 'lang="ru"' in page
        elsewhere = client.post("/", data=account, headers={**HTML, "Sec-Fetch-Site": "cross-site"}).text
        assert "my brother" not in elsewhere


def test_an_empty_plain_post_is_no_report(house: House) -> None:
    empty = {"account": "  ", "now": "", "language": "tg"}
    answer = house.client.post("/", data=empty)
    assert (answer.status_code, word(answer)) == (422, "empty")
    page = house.client.post("/", data=empty, headers=HTML)
    assert page.status_code == 422
    assert 'name="account"' in page.text
    assert house.shelf.held == {}


def test_an_error_page_speaks_the_witness_language(house: House) -> None:
    closed = House(house.world, house.config, today=TODAY + timedelta(days=365)).client
    answer = closed.post("/", data={"language": "ru"}, headers=HTML)
    assert 'lang="ru"' in answer.text
