"""Which questions an answer opens, in the cases that matter. The page is held to the same vectors."""

import json
from pathlib import Path
from typing import Any

import pytest

from intake.locale import packaged_questionnaire

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("followup_vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_right_questions_are_opened(case: dict[str, Any]) -> None:
    opened = packaged_questionnaire().opened(case["answers"])
    assert [field.id for field in packaged_questionnaire().fields if field.id in opened] == case["opened"]


def test_every_follow_up_is_opened_in_some_case() -> None:
    follow_ups = {field.id for field in packaged_questionnaire().fields if field.show_if}
    assert {field for case in CASES for field in case["opened"]} == follow_ups
