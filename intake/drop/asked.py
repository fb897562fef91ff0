"""The questions as a page asks them: in one language, by section, those of the first layer open and the rest folded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from intake.locale import Catalog
from intake.report.questionnaire import Field, Questionnaire


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its words in one language."""

    id: str
    type: str
    layer: int
    required: bool
    show_if: str
    text: str
    hint: str
    choices: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Part:
    """A section in one language: what is asked at once, and what stands folded below it."""

    id: str
    title: str
    shown: Sequence[Question]
    folded: Sequence[Question]
    begins_more: bool


def parts_of(questionnaire: Questionnaire, words: Catalog, *, files: bool) -> list[Part]:
    """The questions of each section. Without JavaScript every one is reachable: what isn't asked at once is folded."""
    parts: list[Part] = []
    for section in questionnaire.sections:
        asked = [
            question_of(questionnaire, field, words)
            for field in questionnaire.fields
            if field.section == section.id and (files or field.type != "file_list")
        ]
        shown = [question for question in asked if question.layer == 1]
        parts.append(
            Part(
                id=section.id,
                title=words.gettext(section.title, f"#{section.id}") if section.title else "",
                shown=shown,
                folded=[question for question in asked if question.layer > 1],
                begins_more=bool(asked) and not shown and not any(part.begins_more for part in parts),
            )
        )
    return [part for part in parts if part.shown or part.folded]


def question_of(questionnaire: Questionnaire, field: Field, words: Catalog) -> Question:
    """One of them."""
    return Question(
        id=field.id,
        type=field.type,
        layer=field.layer,
        required=field.required != "no",
        show_if=" or ".join(f"{one.field}:{one.code}" for one in field.show_if),
        text=words.gettext(field.question, field.id),
        hint=words.gettext(field.hint, f"{field.id}.hint") if field.hint else "",
        choices=[
            (choice.code, words.gettext(choice.words, f"{field.choices}.{choice.code}"))
            for choice in questionnaire.choices(field)
        ],
    )
