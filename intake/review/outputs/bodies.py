"""The forms that can be drafted, as data: `bodies.toml`, and the person's dossier, which is made of every question."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from intake.errors import Usage
from intake.locale import packaged_questionnaire
from intake.review.fields import is_hidden
from intake.review.outputs.consent import Naming, Recipient

PRIVATE = frozenset({"harm", "fear_release", "consent"})
"""Answers that never stand in a paper, besides those of `intake.review.fields`: what they say is the desk's alone."""
UNPUBLISHED = frozenset({"lawyer"})
"""And those that the public never gets: the lawyer agreed to be called by us, and by nobody else."""
DOSSIER = "dossier"


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a form, and the fields that answer it."""

    number: str
    words: str
    fields: tuple[str, ...]
    minimum: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """A form. `recipient`: None where the reviewer says for whom it is; `withheld`: mapped fields that stay here.

    `submitter`: the number of the question who submits it, "" for one without a number, None where it isn't asked.
    """

    name: str
    title: str
    letter: str
    recipient: Recipient | None
    naming: tuple[Naming, ...]
    lead: str
    sections: tuple[tuple[str, tuple[Item, ...]], ...]
    withheld: tuple[str, ...] = ()
    one_person: bool = False
    submitter: str | None = None

    @property
    def items(self) -> tuple[Item, ...]:
        """All of them, in order."""
        return tuple(item for _, items in self.sections for item in items)


@cache
def bodies() -> Mapping[str, Body]:
    """Every form by its name, the dossier first."""
    told = tomllib.loads(files(__package__).joinpath("bodies.toml").read_text("utf-8"))
    return {DOSSIER: _dossier(), **{name: _body(name, each) for name, each in told.items()}}


def body(name: str) -> Body:
    """One form. Raises `Usage`."""
    if name not in bodies():
        raise Usage(f"there is no form {name!r}", f"There are: {', '.join(bodies())}.")
    return bodies()[name]


def private(field_id: str) -> bool:
    """Whether an answer never stands in a paper."""
    return is_hidden(field_id) or field_id in PRIVATE


def _body(name: str, told: Mapping[str, Any]) -> Body:
    return Body(
        name,
        told["title"],
        told["letter"],
        Recipient(told["recipient"]),
        tuple(Naming(each) for each in told["naming"]),
        told["lead"],
        tuple(
            (
                section["title"],
                tuple(
                    Item(each["number"], each["words"], tuple(each["fields"]), each.get("minimum", False))
                    for each in section["items"]
                ),
            )
            for section in told["sections"]
        ),
        tuple(told["withheld"]),
        told.get("one_person", False),
        told["submitter"],
    )


def _dossier() -> Body:
    questionnaire = packaged_questionnaire()
    sections = []
    for section in questionnaire.sections:
        fields = [field for field in questionnaire.fields if field.section == section.id and not private(field.id)]
        items = tuple(Item("", field.question, (field.id,), field.id in ("who", "when", "where")) for field in fields)
        if items:
            sections.append((section.title or "The report", items))
    withheld = tuple(field.id for field in questionnaire.fields if private(field.id))
    lead = "All that is known of one person's case, with its sources. Answers stand as they were given."
    return Body(DOSSIER, "Person dossier", "", None, tuple(Naming), lead, tuple(sections), withheld)
