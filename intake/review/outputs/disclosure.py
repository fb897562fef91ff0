"""Which counts of people can be published, beside all that were published before. Pure.

Rules, for cells and margins alike:

- a count under 5 is never shown; 5 to 9 is shown as "fewer than 10"; a larger one is rounded to 5. A district is shown
  from 10 on;
- releases are linked: people come into a figure, and go from it, in batches. A figure stands on a *base* until the
  count has moved by 5 or more since it was renewed; then its new base is 5 or more from every base that it ever had,
  or one of those. So no two releases differ by 1 to 4 people, and whoever comes into a figure comes with four others;
- where margins would give back what is not shown, more is left out (`protect`): for every figure left out there are
  tables that agree with all that is shown, in which it differs by 5 or more, and by which a small one may be nothing;
- a table of what was done, or of who did it, is left out whole while all that it shows is one row: it would say of
  everybody in it what happened to them.

Against whom. Someone who has every release, knows these rules, and subtracts and solves linear programs over all of
them together learns of no group of one to four people: neither that they are in a figure, nor that they came or went.

What this does not give. Who knows *all other* people of a figure, exactly, can make the tables once with the last
person and once without, and see which were published. No rule of this kind stops that: "fewer than 10" says that there
are five, so whoever knows four of them, and that nobody else was counted, knows of the fifth; and every step of a
rounded number is such a place. One release of such tables differs for about half of all people, two years of them for
nearly everybody. Only noise stops it, and to hold for two years it must be larger than most of these figures (Dwork,
Naor, Pitassi and Rothblum, "Differential Privacy under Continual Observation", 2010).

The check walks a network (rows and columns as nodes, counts as flow): from the true table, which agrees with what is
shown, it looks for the largest change of one cell that the limits of all shown figures let through. It takes the grand
total as fixed, so what it finds possible is possible for an attacker's linear program over all tables too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

K = 5
"""The smallest number of people that a figure, or the change of one, may stand for."""
SHOWN_FROM = 10
"""From here on a rounded number is shown, below it a range."""
DISTRICT_FROM = 10
STEP = 5
"""What numbers are rounded to."""

_MANY = 1_000_000

Cell = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a figure stands on: the `base` that is printed, and the `count` when it was renewed."""

    base: int
    count: int


NEVER = Standing(0, 0)
"""Of a figure that was not published yet: 0, shown as nothing."""

Past = Sequence[Standing | None]
"""Of one figure, oldest first: what it stood on, and None where it was left out for another's sake."""


def standing(count: int, past: Past) -> Standing:
    """What a figure stands on now, given all that it stood on before.

    The base is within 4 of the count, but for figures that fell again (after corrections): these within 8.
    """
    known = [each for each in past if each is not None]
    now = known[-1] if known else NEVER
    if abs(count - now.count) < K:
        return now
    bases = {NEVER.base, *(each.base for each in known)}
    near = [each for each in bases if abs(count - each) < K]
    new = min(near, key=lambda each: (abs(count - each), each), default=count)
    return now if new == now.base else Standing(new, count)


def rounded(number: int) -> int:
    """To the nearest multiple of 5."""
    return (number + STEP // 2) // STEP * STEP


def shown(number: int, least: int = K) -> str | None:
    """How a base is printed: "15", "<10", or None for what is not shown."""
    if number < max(K, least):
        return None
    return "<10" if number < SHOWN_FROM else str(rounded(number))


def limits(printed: str) -> tuple[int, int]:
    """The bases that are printed so."""
    if printed == "<10":
        return K, SHOWN_FROM - 1
    return max(SHOWN_FROM, int(printed) - STEP // 2), int(printed) + STEP // 2


@dataclass(frozen=True, slots=True)
class Table:
    """Counts of people, each in one cell. A table of one column has no margins but its total.

    `least`: the smallest count that is shown; `sensitive`: whether its rows say something about a person.
    """

    name: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: Mapping[Cell, int]
    least: int = K
    sensitive: bool = False

    def count(self, row: str, column: str) -> int:
        """Of one cell, or of a margin where a name is "": of all rows, of all columns."""
        rows = self.rows if row == "" else (row,)
        columns = self.columns if column == "" else (column,)
        return sum(self.counts.get((r, c), 0) for r in rows for c in columns)

    @property
    def crossed(self) -> bool:
        """Whether it has margins of its own."""
        return len(self.columns) > 1

    def figures(self) -> Iterator[Cell]:
        """Every cell, then the margins, without the total, which belongs to all tables."""
        yield from ((row, column) for row in self.rows for column in self.columns)
        if self.crossed:
            yield from ((row, "") for row in self.rows)
            yield from (("", column) for column in self.columns)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what is printed, None for nothing, and what it stands on, for the ledger alone.

    `for_another`: it is left out to protect another figure, and would be shown otherwise.
    """

    printed: str | None
    standing: Standing
    for_another: bool = False


@dataclass(frozen=True, slots=True)
class Published:
    """A table as it is published: the figures of its cells and margins; `withheld`: why the whole table is left out."""

    name: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    figures: Mapping[Cell, Figure]
    withheld: str | None = None

    def printed(self, row: str, column: str) -> str | None:
        """What stands in a cell or, with "", in a margin."""
        return self.figures[row, column].printed


History = Mapping[Cell, Past]
"""The past of each figure of a table."""


def publish(table: Table, history: History) -> Published:
    """The figures of a table that can be shown."""
    stands = {figure: standing(table.count(*figure), history.get(figure, ())) for figure in table.figures()}
    printed = {figure: shown(each.base, table.least) for figure, each in stands.items()}
    # What was once left out for another's sake stays so: its number then would bound what that was.
    kept_out = {figure for figure in stands if None in history.get(figure, ())}
    bounds = {figure: _bounds(table, figure, stands[figure], text) for figure, text in printed.items()}
    network = _Network(table, bounds, history)
    hidden = network.protect({figure for figure, text in printed.items() if text is None} | kept_out)
    figures = {
        figure: Figure(
            None if figure in hidden else printed[figure],
            stands[figure],
            for_another=figure in hidden and (printed[figure] is not None or figure in kept_out),
        )
        for figure in table.figures()
    }
    told = sum(figure.printed is not None for figure in figures.values())
    large_enough = sum(text is not None for text in printed.values())
    withheld = None
    if table.sensitive and 1 in (told, large_enough):
        withheld = "one row would say it of everybody"
    elif not told:
        withheld = "too few people"
    if withheld:
        figures = {figure: Figure(None, each.standing, each.for_another) for figure, each in figures.items()}
    return Published(table.name, table.rows, table.columns, figures, withheld)


def _bounds(table: Table, figure: Cell, stands: Standing, printed: str | None) -> tuple[int, int]:
    """The true counts that are possible to who sees what is printed."""
    if printed is None:
        return 0, _MANY
    low, high = limits(printed)
    off = abs(stands.base - table.count(*figure))
    # The count has moved since: an attacker who counts on that must allow for it.
    slack = 0 if off == 0 else K - 1 if off < K else 2 * (K - 1)
    return max(0, low - slack), high + slack


@dataclass(slots=True)
class _Network:
    """The table as a flow from a source over rows and columns to a sink."""

    table: Table
    bounds: dict[Cell, tuple[int, int]]
    history: History
    hidden: set[Cell] = field(default_factory=set)

    def protect(self, hidden: set[Cell]) -> set[Cell]:
        """What is left out, with as much more as it takes to protect that."""
        self.hidden = hidden
        while exposed := next((each for each in self._order(self.hidden) if not self._safe(each)), None):
            also = self._next(exposed)
            if also is None:
                return set(self.bounds)  # everything: the total alone stays
            self.hidden.add(also)
        return self.hidden

    def _order(self, figures: set[Cell]) -> list[Cell]:
        return sorted(figures, key=lambda each: (self.table.count(*each), each))

    def _next(self, exposed: Cell) -> Cell | None:
        """What to leave out to protect a figure: the smallest of its line, then margins, then the table's smallest.

        The line of a margin is the other margins of its side: with the total they give it back.
        """
        row, column = exposed
        still = self._order({each for each in self.bounds if each not in self.hidden})
        open_cells = [each for each in still if "" not in each]
        open_cells.sort(key=lambda each: bool(self.history.get(each)))  # what was never shown protects better
        if "" in exposed:
            in_line = [each for each in still if [name == "" for name in each] == [name == "" for name in exposed]]
        else:
            in_line = [each for each in open_cells if each[0] == row or each[1] == column]
        margins = [each for each in ((row, ""), ("", column)) if each in still]
        return next(iter([*in_line, *margins, *open_cells, *still]), None)

    def _safe(self, figure: Cell) -> bool:
        count = self.table.count(*figure)
        down = self._slack(figure, up=False)
        if count < K and down < count:
            return False
        return down + self._slack(figure, up=True) >= K

    def _slack(self, figure: Cell, *, up: bool) -> int:
        """How far the count can move, within what is shown, up to K more than would do."""
        start, end = self._ends(figure)
        if not up:
            start, end = end, start
        # Moving this figure up by one sends one unit from its head back to its tail, along all others.
        residual = self._residual(figure)
        limit = _MANY if up else self.table.count(*figure)
        moved = 0
        while moved < min(limit, 2 * K):
            path = _path(residual, end, start)
            if path is None:
                break
            for one, other in path:
                residual[one][other] -= 1
                residual.setdefault(other, {})[one] = residual.get(other, {}).get(one, 0) + 1
            moved += 1
        return moved

    def _unseen(self, figure: Cell, count: int) -> tuple[int, int]:
        """What is possible for a figure that is left out, to who knows all releases, the next ones too.

        A small one may be shown as "fewer than 10" next time; one that was shown before is not below that now.
        """
        before = [text for each in self.history.get(figure, ()) if each and (text := shown(each.base))]
        least = min(count, max((limits(text)[0] for text in before), default=0))
        return least, SHOWN_FROM - 1 if count < K else _MANY

    def _ends(self, figure: Cell) -> tuple[str, str]:
        row, column = figure
        if row == "":
            return f"column {column}", "sink"
        return ("source", f"row {row}") if column == "" else (f"row {row}", f"column {column}")

    def _residual(self, without: Cell) -> dict[str, dict[str, int]]:
        """How much more, and how much less, can flow along each arc but one."""
        residual: dict[str, dict[str, int]] = {}
        lines = [*((row, "") for row in self.table.rows), *(("", column) for column in self.table.columns)]
        cells = [(row, column) for row in self.table.rows for column in self.table.columns]
        for figure in (*cells, *lines):
            if figure == without:
                continue
            tail, head = self._ends(figure)
            count = self.table.count(*figure)
            low, high = self._unseen(figure, count) if figure in self.hidden else self.bounds.get(figure, (0, _MANY))
            if not self.table.crossed and figure[0] == "":
                low = high = count  # a single column sums to the total
            residual.setdefault(tail, {})[head] = max(0, high - count)
            residual.setdefault(head, {})[tail] = max(0, count - low)
        return residual


def _path(residual: Mapping[str, Mapping[str, int]], start: str, end: str) -> list[tuple[str, str]] | None:
    """A shortest way along which something can still flow."""
    came: dict[str, str] = {start: start}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        for there, left in residual.get(here, {}).items():
            if left > 0 and there not in came:
                came[there] = here
                if there == end:
                    way = [(here, there)]
                    while here != start:
                        way.append((came[here], here))
                        here = came[here]
                    return way
                waiting.append(there)
    return None
