"""Who and what else may be the same as one submission: a list with reasons, and two side by side. A human decides."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text

from intake.locale import packaged_places
from intake.review import handling, kin, sidebyside, submissions
from intake.review.desk.casework import link
from intake.review.desk.inner import Inner
from intake.review.desk.keyboard import Keys, key
from intake.review.desk.marking import marked
from intake.review.desk.rows import spread
from intake.review.desk.texts import ACCENT, DIM, GOOD, HEADING, Block, blank, block, plain
from intake.review.kin import Kin
from intake.review.sidebyside import Row, compare
from intake.review.submissions import Submission


def blocks(rows: list[Row], width: int) -> list[Block]:
    """Two submissions beside each other, answer by answer; what agrees has a sign, and not a colour alone."""
    column = max(16, (width - 8) // 2)
    made: list[Block] = []
    for row in rows:
        sign = "=" if row.same else " "
        made.append(Block(Text.assemble((f"{sign} ", GOOD), plain(row.label, HEADING))))
        for left, right in sidebyside.columns(row, column):
            cell = plain(left, lines=True)
            cell.truncate(column, pad=True)
            made.append(Block(Text.assemble(cell, (" │ ", DIM), plain(right, lines=True)), 2))
        made.append(blank())
    return made


class Likeness(Inner):
    """Suggestions for one submission."""

    BINDINGS: ClassVar[Keys] = [key("l", "link"), key("s,q", "leave"), key("enter", "open")]
    KEYS = (
        ("Enter", marked("read the two side by side; Esc goes back")),
        ("l", marked("link both with one case")),
        ("s", marked("back to the reports")),
    )

    def __init__(self, report_id: str) -> None:
        super().__init__()
        self._report = report_id
        self._kin: list[Kin] = []
        self._own: Submission | None = None
        self._others: dict[str, Submission] = {}

    def reload(self, *, keep: bool = False) -> None:
        """Look again."""
        with self.desk.vault.reading() as connection:
            self._own = submissions.find(connection, self._report)
            self._kin = kin.resembling(connection, self._report, self._own.report, packaged_places(), self.desk.gazette)
            self._others = {each.id: submissions.find(connection, each.id) for each in self._kin[:100]}
        self._kin = self._kin[:100]
        self.rows.load(len(self._kin), self.rows.cursor if keep else 0)
        self.show()
        self.tell()

    @property
    def current(self) -> Kin | None:
        """The suggestion that the cursor stands on."""
        return self._kin[self.rows.cursor] if self._kin else None

    def row(self, at: int, width: int) -> Text:
        """How much speaks for it, whether for a person or an event, and why."""
        each = self._kin[at]
        what = self.say("person") if each.person else self.say("event")
        reasons = "; ".join(self.desk.words.reason(reason) for reason in each.reasons)
        row = Text.assemble((f" {each.score:.0%} ".rjust(6), ACCENT), f"{what:<8} ", plain(f"{each.id[:8]}  {reasons}"))
        return spread(row, Text(""), width)

    def heading(self) -> str:
        """Of which submission."""
        return self.say("what may be the same as {id}", id=self._report[:8])

    def help_line(self) -> str:
        """For a suggestion."""
        return self.say("Enter read both  l link both with a case  s back  Only you join anything.")

    def on_rows_opened(self) -> None:
        """Read the two: the other counts as opened then."""
        if (each := self.current) is not None:
            label = self.desk.vault.label
            if self.attempt(lambda: self.desk.deeds.quietly(lambda journal: handling.see(journal, each.id, label))):
                self.read()
                self.show()

    def show(self) -> None:
        """The two, once the other was opened."""
        each, words = self.current, self.desk.words
        if each is None or self._own is None:
            self.pane.show([block(self.say("Nothing is found that may be the same."), DIM)])
            return
        other = self._others[each.id]
        with self.desk.vault.reading() as connection:
            seen = self.desk.vault.label in handling.handling_of(connection, each.id).seen
        reasons = [block(f"· {words.reason(reason)}", ACCENT) for reason in each.reasons]
        if not seen:
            told = self.say("You have not opened the other yet: Enter opens it, and the log notes so.")
            self.pane.show([*reasons, blank(), block(told, DIM)])
            return
        rows = compare(self._own, other, words.form, words.places, heading=self.say("number"))
        self.pane.show([*reasons, blank(), *blocks(rows, self.pane.size.width or 80)])

    def action_open(self) -> None:
        """As in every list."""
        self.on_rows_opened()

    def action_link(self) -> None:
        """Both, with one case."""
        if (each := self.current) is not None:
            link(self, [self._report, each.id])
