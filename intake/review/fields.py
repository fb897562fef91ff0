"""Which answers stay hidden until somebody asks for them: they tell who the witness is, or how to reach them.

They are shown by themselves nowhere, and never enter search, synchronisation or outputs; each look is logged.
"""

from __future__ import annotations

from collections.abc import Mapping

from intake.report.document import Json

_PREFIX = "contact"
_NAMES = frozenset({"relation", "known"})


def is_hidden(field_id: str) -> bool:
    """Whether the field is one of `contact…`, `relation` and `known`, whatever the questionnaire calls them."""
    return field_id.startswith(_PREFIX) or field_id in _NAMES


def shown(answers: Mapping[str, Json]) -> dict[str, Json]:
    """The answers without the hidden ones, in their order."""
    return {field_id: answer for field_id, answer in answers.items() if not is_hidden(field_id)}


def hidden(answers: Mapping[str, Json]) -> dict[str, Json]:
    """The hidden ones alone."""
    return {field_id: answer for field_id, answer in answers.items() if is_hidden(field_id)}
