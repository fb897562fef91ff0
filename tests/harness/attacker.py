"""An attacker of the published statements: has every release, knows the rules, subtracts, and solves linear programs.

Told more than anybody could know: by how much each figure may lag behind its count, and that between releases nobody is
taken out of the counts but by a correction. Three questions can be asked of all releases together:

- `range`: between what does a figure lie, whether it is shown or left out;
- `growth`: by how many people did a figure change from one release to a later one;
- `remainder`: how many people are in a line of a table beside those whose cells are shown.

A range is `isolating` when it says that there are some, and that they are fewer than K.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    """One release: its public part, and by how much the count may be off from what each figure stands on."""

    public: dict[str, Any]
    slack: Mapping[Figure, int]


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
        slack = seen.slack[figure]
        return max(0, low - slack), high + slack

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
        return self._solve(dict.fromkeys(self._cells(release, figure), 1.0))

    def growth(self, before: int, after: int, figure: Figure) -> tuple[float, float]:
        """The least and the most by which a figure can have changed between two releases."""
        parts = dict.fromkeys(self._cells(after, figure), 1.0)
        return self._solve(parts | dict.fromkeys(self._cells(before, figure), -1.0))

    def remainder(self, release: int, margin: Figure) -> tuple[float, float]:
        """The least and the most people of a margin whose own cells are left out."""
        unseen = {figure for number, figure in self.unseen if number == release}
        name, row, column = margin
        left = [
            variable
            for (number, table, r, c), variable in self.variables.items()
            if (number, table) == (release, name) and row in ("", r) and column in ("", c) and (name, r, c) in unseen
        ]
        return self._solve(dict.fromkeys(left, 1.0))

    def _cells(self, release: int, figure: Figure) -> list[int]:
        name, row, column = figure
        return [
            variable
            for (number, table, r, c), variable in self.variables.items()
            if (number, table) == (release, name) and row in ("", r) and column in ("", c)
        ]

    def _solve(self, parts: dict[int, float]) -> tuple[float, float]:
        objective = np.zeros(len(self.variables))
        for variable, factor in parts.items():
            objective[variable] = factor
        found = []
        for sign in (1, -1):
            solved = linprog(sign * objective, A_ub=self._a, b_ub=self._b, bounds=(0, 1_000), method="highs")
            assert solved.status == 0, solved.message
            found.append(sign * solved.fun)
        return found[0], found[1]


def isolating(found: tuple[float, float]) -> bool:
    """Whether a range says for certain that there are one to K - 1 people, more or fewer."""
    low, high = found
    return (low > 1e-6 and high < K - 1e-6) or (high < -1e-6 and low > 1e-6 - K)
