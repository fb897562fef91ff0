"""Coming back with a code: from the report over export, outbox and delivery to the answer, and the reply that joins."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete
from sqlalchemy.dialects.sqlite import insert

from intake.drop.delivery import deliver
from intake.drop.returning import LENGTH
from intake.drop.tables import reply as table
from intake.report.code import Code, Holder
from intake.report.package import Report
from intake.report.reply import KEPT_DAYS, Reply
from intake.sealing import HybridRecipient
from tests.harness.carried import carried_file
from tests.harness.firefox import Firefox
from tests.harness.keys import new_key
from tests.harness.outboxes import hash_of, make_outbox
from tests.harness.recorder import Recorder
from tests.harness.site import Site

LANGUAGES = ("tg", "ru", "en")
TEXT = "Мо гирифтем.\n\nОё коғазро худатон дидед? <b>&amp;</b>"
CANARY = "zarafshon7319"
NUMBERS = itertools.count(26112401)


class Desk:
    """A reviewer who answers: one outbox after the other, delivered as they come."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.serial = 0
        self.previous: bytes | None = None

    def answer(self, report: Report, text: str = TEXT) -> Reply:
        """To the witness of an opened report."""
        assert report.reply_to is not None
        world, number = self.site.world, next(NUMBERS)
        reply = Reply(world.origin, report.reply_to.mailbox, number, world.today, text)
        sealed = reply.seal(world.reviewer_keys[0], HybridRecipient.parse(report.reply_to.recipient))
        self.deliver({reply.mailbox: sealed}, number)
        return reply

    def deliver(self, replies: Mapping[str, bytes], number: int) -> None:
        self.serial += 1
        outbox = make_outbox(self.site.world, replies, serial=self.serial, previous=self.previous, number=number)
        self.previous = hash_of(outbox)
        deliver(self.site.store, self.site.world.chain(), io.BytesIO(outbox), self.site.world.today)

    def plant(self, holder: Holder, sealed: bytes, number: int = 1) -> None:
        """What only a hostile server does: anything in any mailbox."""
        day = self.site.world.today.isoformat()
        row = {"mailbox": bytes.fromhex(holder.mailbox), "number": number, "day": day, "body": sealed}
        with self.site.store.writing() as connection:
            connection.execute(delete(table).where(table.c.mailbox == row["mailbox"]))
            connection.execute(insert(table).values(row))


@pytest.fixture(scope="module")
def desk(site: Site) -> Desk:
    return Desk(site)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def _joined(site: Site, first: Report) -> Report:
    """The newest report, which came from whoever has the code of the first."""
    second = site.newest()
    assert first.reply_to is not None
    assert second.in_reply_to == first.reply_to.mailbox
    assert second.reply_to == first.reply_to
    assert second.id != first.id
    return second


def _type(page: Page, code: str) -> None:
    page.wait_for_selector("#open:visible")
    page.locator("[data-group='1']").press_sequentially(code.replace(" ", ""))


@pytest.mark.parametrize("language", LANGUAGES)
def test_round_trip_with_scripts(page: Page, site: Site, desk: Desk, language: str) -> None:
    page.goto(f"{site.url}/{language}")
    page.fill("#account", f"first {CANARY}")
    page.click("#send:enabled")
    page.wait_for_selector("#received:not([hidden])")
    code = page.inner_text("#code")
    first = site.newest()
    reply = desk.answer(first)
    with Recorder(site.port) as wire:
        page.goto(f"{wire.url}/{language}/return")
        _type(page, code)
        page.click("#open")
        page.wait_for_selector("[data-found=reply]:visible")
        assert page.inner_text("#text") == TEXT
        assert page.inner_text("#number") == str(reply.number)
        assert CANARY not in page.content()
        page.fill("#account", f"second {CANARY}")
        page.click("[name=change][value=consent]")
        page.click("[name=consent][value=lawyer]")
        page.click("#send")
        page.wait_for_selector("#received:visible")
        assert page.locator("input, textarea, select").count() == 0
        assert {(request.method, request.path) for request in wire.requests() if request.method != "GET"} >= {
            ("POST", "/mailbox")
        }
        sent = wire.sent
    assert not any(" ".join(pair).encode() in sent for pair in itertools.pairwise(code.split(" ")))
    assert code.replace(" ", "").encode() not in sent
    assert CANARY.encode() not in sent
    second = _joined(site, first)
    assert second.answers == {"account": f"second {CANARY}", "change": "consent", "consent": ["lawyer"]}
    assert second.sealed_by == "browser"


def test_the_code_of_a_carried_report_works_once_online(page: Page, site: Site, desk: Desk, tmp_path: Path) -> None:
    page.goto(carried_file(site.world, tmp_path).as_uri())
    page.fill("#account", "Роҳ")
    page.click("#send:enabled")
    page.wait_for_selector("#received:not([hidden])")
    code = page.inner_text("#code")
    with page.expect_download() as download:
        page.click("#save")
    page.goto(f"{site.url}/tg/carry")
    page.set_input_files("#file", download.value.path())
    page.click("main form button")
    page.wait_for_selector("main > .calm + h2")
    report = site.newest()
    assert (report.sealed_by, report.answers) == ("carried-form", {"account": "Роҳ"})
    desk.answer(report)
    page.goto(f"{site.url}/tg/return")
    _type(page, code)
    page.click("#open")
    page.wait_for_selector("[data-found=reply]:visible")
    assert page.inner_text("#text") == TEXT


@pytest.mark.parametrize("language", LANGUAGES)
def test_round_trip_without_scripts(browser: Browser, site: Site, desk: Desk, language: str) -> None:
    page = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800}).new_page()
    page.goto(f"{site.url}/{language}")
    page.fill("#account", "first")
    page.click("button[formmethod=post]")
    page.wait_for_selector("#code")
    code = page.inner_text("#code")
    first = site.newest()
    page.goto(f"{site.url}/{language}/return")
    for number, group in enumerate(code.split(" "), 1):
        page.fill(f"[data-group='{number}']", group)
    page.click("button[formmethod=post]")
    page.wait_for_selector("[data-found=nothing]")
    desk.answer(first)
    page.goto(f"{site.url}/{language}/return")
    page.fill("[data-group='1']", code)
    page.click("button[formmethod=post]")
    page.wait_for_selector("[data-found=reply]")
    assert page.locator("#text").text_content() == TEXT
    page.check("[name=change][value=withdraw]")
    page.fill("#account", "second")
    page.click("button[name=send]")
    page.wait_for_url(f"{site.url}/{language}/return")
    page.wait_for_selector("main > .calm")
    page.context.close()
    second = _joined(site, first)
    assert second.answers == {"account": "second", "change": "withdraw"}
    assert second.sealed_by == "server"


def test_round_trip_in_firefox(site: Site, desk: Desk, tmp_path: Path) -> None:
    with Firefox(profile=tmp_path) as firefox:
        firefox.resize(900, 9000)
        firefox.open(f"{site.url}/ru")
        firefox.wait_for("#send:enabled")
        firefox.click("#account")
        firefox.write("first")
        firefox.click("#send")
        firefox.wait_for("#received:not([hidden])")
        code = str(firefox.evaluate("document.getElementById('code').textContent"))
        first = site.newest()
        desk.answer(first)
        firefox.open(f"{site.url}/ru/return")
        firefox.wait_for("#open")
        firefox.click("[data-group='1']")
        firefox.write(code.replace(" ", ""))
        firefox.click("#open")
        firefox.wait_for("[data-found=reply]:not([hidden])")
        assert firefox.evaluate("document.getElementById('text').textContent") == TEXT
        firefox.click("#account")
        firefox.write("second")
        firefox.click("#send")
        firefox.wait_for("#received:not([hidden])")
    assert _joined(site, first).answers == {"account": "second"}


def _planted(desk: Desk, holder: Holder) -> dict[str, bytes]:
    """An answer for each word with which one is refused."""
    world = desk.site.world
    good = Reply(world.origin, holder.mailbox, 5, world.today, "Ба мо бовар кунед.")
    other = Code.draw(lambda size: b"\x09" * size).open(world.origin)
    key, to = world.reviewer_keys[0], holder.identity.recipient
    return {
        "forged": good.seal(new_key("r1"), to),
        "elsewhere": replace(good, mailbox=other.mailbox).seal(key, to),
        "old": replace(good, day=world.today - timedelta(days=KEPT_DAYS + 1)).seal(key, to),
        "broken": good.seal(key, other.identity.recipient),
    }


def test_each_answer_that_is_not_ours_is_refused_in_its_own_words(page: Page, site: Site, desk: Desk) -> None:
    code = Code.draw(lambda size: b"\x08" * size)
    holder = code.open(site.world.origin)
    words = set()
    page.goto(f"{site.url}/en/return")
    _type(page, str(code))
    page.click("#open")
    page.wait_for_selector("[data-found=nothing]:visible")
    for word, sealed in _planted(desk, holder).items():
        desk.plant(holder, sealed)
        page.click("#again")
        page.wait_for_selector(f"[data-found={word}]:visible")
        assert page.locator("[data-found]:visible").count() == 1
        assert page.inner_text("#found").count("Ба мо") == 0
        words.add(page.inner_text(f"[data-found={word}] .warn"))
    assert len(words) == 4


def test_an_older_answer_after_a_newer_one_is_refused(page: Page, site: Site, desk: Desk) -> None:
    code = Code.draw(lambda size: b"\x07" * size)
    holder = code.open(site.world.origin)
    world = site.world

    def answer(number: int) -> bytes:
        reply = Reply(world.origin, holder.mailbox, number, world.today, f"answer {number}")
        return reply.seal(world.reviewer_keys[0], holder.identity.recipient)

    desk.plant(holder, answer(9), 9)
    page.goto(f"{site.url}/en/return")
    _type(page, str(code))
    page.click("#open")
    page.wait_for_selector("[data-found=reply]:visible")
    desk.plant(holder, answer(8), 8)
    page.click("#again")
    page.wait_for_selector("[data-found=earlier]:visible")
    assert "answer 8" not in page.content()
    desk.plant(holder, answer(10), 10)
    page.click("#again")
    page.wait_for_selector("[data-found=reply]:visible")
    assert page.inner_text("#text") == "answer 10"


def test_without_scripts_the_same_words_at_one_length(site: Site, desk: Desk) -> None:
    import http.client
    from urllib.parse import urlencode

    code = Code.draw(lambda size: b"\x06" * size)
    holder = code.open(site.world.origin)
    seen = {}

    def ask(typed: str) -> tuple[bytes, list[tuple[str, str]]]:
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=60)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "text/html",
            "Accept-Encoding": "gzip",
        }
        connection.request("POST", "/ru/return", urlencode({"code": typed}), headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == 200
        return body, [one for one in answer.getheaders() if one[0] != "Date"]

    seen["nothing"] = ask(str(code))
    reply = Reply(site.world.origin, holder.mailbox, 5, site.world.today, "Ба мо бовар кунед.")
    for word, sealed in {
        **_planted(desk, holder),
        "reply": reply.seal(site.world.reviewer_keys[0], holder.identity.recipient),
    }.items():
        desk.plant(holder, sealed)
        seen[word] = ask(str(code))
        assert f'data-found="{word}"'.encode() in seen[word][0]
        assert ("Ба мо бовар".encode() in seen[word][0]) == (word == "reply")
    seen["slip"] = ask(str(code)[:-1])
    assert b"data-found" not in seen["slip"][0]
    assert {len(body) for body, _ in seen.values()} == {LENGTH}
    assert len({tuple(headers) for _, headers in seen.values()}) == 1
    longest = replace(reply, text="&" * 7_000).seal(site.world.reviewer_keys[0], holder.identity.recipient)
    desk.plant(holder, longest)
    assert len(ask(str(code))[0]) == 2 * LENGTH


def test_a_slip_is_caught_at_once_and_its_group_named(page: Page, site: Site) -> None:
    code = str(Code.draw(lambda size: b"\x05" * size))
    with Recorder(site.port) as wire:
        page.goto(f"{wire.url}/en/return")
        _type(page, code)
        page.fill("[data-group='3']", "12")
        page.locator("[data-group='3']").press("Tab")
        page.wait_for_selector("[data-state=short]:visible")
        assert page.inner_text("#which") == "3"
        groups = code.split(" ")
        page.fill("[data-group='3']", groups[2][:-1] + str((int(groups[2][-1]) + 1) % 10))
        page.locator("[data-group='3']").press("Tab")
        page.wait_for_selector("[data-state=slip]:visible")
        page.set_viewport_size({"width": 360, "height": 640})
        page.evaluate("scrollTo(0, 0)")
        page.locator("[data-group='6']").press("Enter")
        expect(page.locator("[data-state=slip]")).to_be_in_viewport(ratio=1)
        assert "/mailbox" not in {request.path for request in wire.requests()}
