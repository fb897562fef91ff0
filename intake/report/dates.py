"""Dates as people know them: a year, a month of a year, or a day, written YYYY[-MM[-DD]]."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

YEAR = re.compile(r"19[0-9]{2}|20[0-9]{2}|2100")

_TWO = re.compile(r"0?[1-9]|[12][0-9]|3[01]")
_ISO = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_DOTTED = re.compile(r"(?:(?:([0-9]{1,2})\.)?([0-9]{1,2})\.)?([0-9]{4})")


def read(text: str) -> str:
    """YYYY[-MM[-DD]] of a date as people type it, or nothing."""
    if iso := _ISO.fullmatch(text):
        year, month, day = iso.groups(default="")
    elif dotted := _DOTTED.fullmatch(text):
        day, month, year = dotted.groups(default="")
    else:
        return ""
    found = build({"year": year, "month": month, "day": day})
    return found if depth(found) == sum(map(bool, (year, month, day))) else ""


def build(parts: Mapping[str, str]) -> str:
    """The date as far as year, month and day fit together, from the left."""
    year, month, day = parts["year"], parts["month"], parts["day"]
    if not YEAR.fullmatch(year):
        return ""
    if not (_TWO.fullmatch(month) and int(month) <= 12):
        return year
    if not _TWO.fullmatch(day):
        return f"{year}-{int(month):02}"
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return f"{year}-{int(month):02}"


def depth(day: str) -> int:
    """How much of a date is known: 0 nothing, 1 the year, 2 the month too, 3 the day."""
    return len(day.split("-")) if day else 0
