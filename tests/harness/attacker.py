"""An attacker of the published statements: has every release, knows the rules, subtracts, and solves linear programs.

Told more than anybody could know: which figures were renewed in which release, and that between releases nobody is
taken out of the counts but by a correction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from intake.review.outputs.disclosure import K, limits
from intake.review.outputs.release import PEOPLE

Figure = tuple[str, str, str]  # table, row, column; "" for a margin


@dataclass(frozen=True)
class Seen:
    """One release: its public part, and the figures that were renewed in it."""

    public: dict[str, Any]
    renewed: frozenset[Figure]


def printed(public: dict[str, Any]) -> Iterator[tuple[Figure, str | None]]:
    """Every figure of the tables, with what stands there."""
    for table in public["tables"]:
        name, rows, columns = table["name"], table["rows"], table["columns"]
        if table["withheld"]:
            continue
        for row, cells in zip(rows, table["cells"], strict=True):
            for column, cell in zip(columns, cells, strict=True):
                yield (name, row, column), cell
        if table["row_totals"] is not None:
            for row, cell in zip(rows, table["row_totals"], strict=True):
                yield (name, row, ""), cell
            for column, cell in zip(columns, table["column_totals"], strict=True):
                yield (name, "", column), cell


class Program:
    """All releases as one linear program: unknown are the true counts of every cell in each of them."""

    def __init__(self, releases: Sequence[Seen]) -> None:
        self.variables: dict[tuple[int, str, str, str], int] = {}
        self._rows: list[tuple[dict[int, float], float, float]] = []
        self.unseen: list[tuple[int, Figure]] = []
        for number, seen in enumerate(releases):
            self._release(number, seen)
        for number, (before, after) in enumerate(pairwise(releases)):
            if after.public["corrects"] is None:
                self._grows(number, before)
        self._matrix()

    def _release(self, number: int, seen: Seen) -> None:
        total = self._variable(number, "", "", "")
        self._limit({total: 1}, *self._bounds(seen, ("headline", "confirmed", PEOPLE), seen.public["confirmed"]))
        for table in seen.public["tables"]:
            if table["withheld"]:
                continue
            name, cells = table["name"], [(row, column) for row in table["rows"] for column in table["columns"]]
            parts = {self._variable(number, name, *cell): 1.0 for cell in cells}
            kind, _, region = name.partition(":")
            if kind == "district":
                around = [
                    column for other in seen.public["tables"] if other["name"] == "place" for column in other["columns"]
                ]
                parts |= {self._variable(number, "place", region, column): -1.0 for column in around}
            else:
                parts[total] = -1.0
            self._limit(parts, 0, 0)
        for (name, row, column), text in printed(seen.public):
            table = next(each for each in seen.public["tables"] if each["name"] == name)
            rows = table["rows"] if row == "" else [row]
            columns = table["columns"] if column == "" else [column]
            parts = {self._variable(number, name, r, c): 1.0 for r in rows for c in columns}
            if text is None:
                self.unseen.append((number, (name, row, column)))
            else:
                self._limit(parts, *self._bounds(seen, (name, row, column), text))

    def _bounds(self, seen: Seen, figure: Figure, text: str) -> tuple[float, float]:
        low, high = limits(text)
        return (low, high) if figure in seen.renewed else (max(0, low - (K - 1)), high + (K - 1))

    def _grows(self, number: int, before: Seen) -> None:
        for (release, table, row, column), variable in list(self.variables.items()):
            later = self.variables.get((number + 1, table, row, column))
            if release == number and later is not None:
                self._limit({later: 1.0, variable: -1.0}, 0, np.inf)

    def _variable(self, release: int, table: str, row: str, column: str) -> int:
        return self.variables.setdefault((release, table, row, column), len(self.variables))

    def _limit(self, parts: dict[int, float], low: float, high: float) -> None:
        self._rows.append((parts, low, high))

    def _matrix(self) -> None:
        upper: list[tuple[dict[int, float], float]] = []
        for parts, low, high in self._rows:
            if high < np.inf:
                upper.append((parts, high))
            if low > -np.inf:
                upper.append(({key: -value for key, value in parts.items()}, -low))
        data = [(line, key, value) for line, (parts, _) in enumerate(upper) for key, value in parts.items()]
        lines, keys, values = zip(*data, strict=True)
        self._a = csr_array((values, (lines, keys)), shape=(len(upper), len(self.variables)))
        self._b = np.array([limit for _, limit in upper])

    def range(self, release: int, figure: Figure) -> tuple[float, float]:
        """The least and the most that a figure can be, whatever the others are."""
        name, row, column = figure
        objective = np.zeros(len(self.variables))
        for (number, table, r, c), variable in self.variables.items():
            if (number, table) == (release, name) and row in ("", r) and column in ("", c):
                objective[variable] = 1
        found = []
        for sign in (1, -1):
            solved = linprog(sign * objective, A_ub=self._a, b_ub=self._b, bounds=(0, 1_000), method="highs")
            assert solved.status == 0, solved.message
            found.append(sign * solved.fun)
        return found[0], found[1]
