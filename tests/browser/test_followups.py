"""Follow-ups in the page: opened by the same rule as in Python, said aloud, and what is closed again is not sent."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from intake.locale import packaged_questionnaire
from tests.harness.page_code import run_page
from tests.harness.site import Site

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "report" / "followup_vectors.json").read_text(encoding="utf-8")
)
QUESTIONNAIRE = packaged_questionnaire()
SHOWS = [
    (field.id, " or ".join(f"{one.field}:{one.code}" for one in field.show_if))
    for field in QUESTIONNAIRE.fields
    if field.show_if
]
FOLLOW_UPS = [field.id for field in QUESTIONNAIRE.fields if field.layer == 2]


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(f"{site.url}/en")
    page.wait_for_selector("#send:enabled")
    yield page
    context.close()


def _opened(page: Page) -> list[str]:
    asks = page.locator("#opened [data-field]:visible").evaluate_all("asks => asks.map(ask => ask.dataset.field)")
    return [str(field) for field in asks]


def _folded(page: Page) -> list[str]:
    """Every question that can be reached under "More questions": each fold that shows is opened."""
    for fold in page.locator("section:visible > details").all():
        fold.evaluate("fold => { fold.open = true; }")
    asks = page.locator("section > details [data-field]:visible")
    return [str(field) for field in asks.evaluate_all("asks => asks.map(ask => ask.dataset.field)")]


def _answer(page: Page, answers: dict[str, Any]) -> None:
    for field, answer in answers.items():
        for code in answer if isinstance(answer, list) else [answer]:
            page.check(f'[name="{field}"][value="{code}"]')


def test_the_pages_rule_is_pythons() -> None:
    draw = random.Random(4)
    codes = {field.id: [choice.code for choice in QUESTIONNAIRE.choices(field)] for field in QUESTIONNAIRE.fields}
    drawn = [
        {field: draw.choices(codes[field], k=2) if draw.random() < 0.5 else draw.choice(codes[field]) for field in some}
        for some in (draw.sample([field for field in codes if codes[field]], 4) for _ in range(300))
    ]
    forms = [case["answers"] for case in CASES] + drawn
    said = run_page({"task": "opened", "shows": SHOWS, "answers": answers} for answers in forms)
    for answers, opened in zip(forms, said, strict=True):
        assert set(opened["done"]) == QUESTIONNAIRE.opened(answers), answers
    assert [opened["done"] for opened in said[: len(CASES)]] == [case["opened"] for case in CASES]


@pytest.mark.parametrize("case", CASES[:14], ids=[case["case"] for case in CASES[:14]])
def test_what_an_answer_opens_stands_after_the_first_questions_and_the_rest_under_more(
    page: Page, case: dict[str, Any]
) -> None:
    _answer(page, case["answers"])
    assert _opened(page) == case["opened"]
    assert set(_folded(page)) == {field.id for field in QUESTIONNAIRE.fields if field.layer > 1} - set(case["opened"])
    order = page.eval_on_selector_all("form :is([data-field], #more)", "all => all.map(one => one.dataset.field)")
    assert order[:12] == [field.id for field in QUESTIONNAIRE.fields if field.layer == 1]
    assert order[12 : 12 + len(case["opened"])] == case["opened"]
    assert order[12 + len(case["opened"])] is None


def test_what_came_is_said_aloud_and_closed_questions_go_back_to_their_place(page: Page) -> None:
    before = page.eval_on_selector_all("[data-field]", "asks => asks.map(ask => ask.dataset.field)")
    page.check('[name=urgent][value="removal"]')
    news = page.get_by_role("status").filter(has_text="New questions below:")
    assert news.inner_text() == (
        "New questions below: If someone may be deported or handed over; The journey and the arrival"
    )
    page.check('[name=kind][value="fear"]')
    assert news.inner_text() == "New questions below: More about the person; If you may be taken yourself"
    page.uncheck('[name=urgent][value="removal"]')
    page.uncheck('[name=kind][value="fear"]')
    assert _opened(page) == []
    assert page.locator("#opened").is_hidden()
    assert page.eval_on_selector_all("[data-field]", "asks => asks.map(ask => ask.dataset.field)") == before


def _sent(page: Page, site: Site) -> dict[str, Any]:
    page.click("#send:enabled")
    page.wait_for_selector("#received:not([hidden])")
    return dict(site.newest().answers)


def test_an_answer_that_was_closed_again_is_not_sent(page: Page, site: Site) -> None:
    page.check('[name=contact][value="safe"]')
    page.fill("#contact_detail", "Signal")
    page.check('[name=contact][value="none"]')
    assert _sent(page, site) == {"contact": "none"}


def test_an_answer_closed_by_accident_comes_back_as_it_was(page: Page, site: Site) -> None:
    page.check('[name=contact][value="safe"]')
    page.fill("#contact_detail", "Signal")
    page.check('[name=contact][value="none"]')
    page.check('[name=contact][value="via"]')
    assert page.input_value("#contact_detail") == "Signal"
    assert _sent(page, site) == {"contact": "via", "contact_detail": "Signal"}


def test_a_closed_answer_that_is_seen_under_more_is_sent(page: Page, site: Site) -> None:
    page.check('[name=contact][value="safe"]')
    page.fill("#contact_detail", "Signal")
    page.check('[name=contact][value="none"]')
    page.click("[data-section=contact] summary")
    assert page.locator("#contact_detail").is_visible()
    assert _sent(page, site) == {"contact": "none", "contact_detail": "Signal"}


def test_every_follow_up_may_be_answered_though_nothing_opens_it(page: Page, site: Site) -> None:
    assert set(FOLLOW_UPS) <= set(_folded(page))
    page.fill("#arrival", "Душанбе")
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = false; })")
    assert _sent(page, site) == {"arrival": "Душанбе"}


def test_without_scripts_every_section_is_closed_and_every_answer_counts(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/en")
    folds = page.locator("section > details")
    assert folds.count() == len({field.section for field in QUESTIONNAIRE.fields if field.layer > 1})
    assert page.locator("section > details[open]").count() == 0
    assert page.locator("[data-field]:visible").count() == 12
    page.click("[data-section=contact] summary")
    page.fill("#contact_detail", "Signal")
    page.check('[name=contact][value="none"]')
    page.click("button[formmethod=post]")
    page.wait_for_selector("main > #code")
    assert site.newest().answers == {"contact": "none", "contact_detail": "Signal"}
    context.close()
