"""What one measured number is, for every part of `scripts/bench`."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; `beside` says what it is to be read against."""

    what: str
    value: float
    unit: str
    beside: str = ""
