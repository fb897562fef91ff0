"""The desk's first screen: what waits, the most urgent first, and a pane to read it in.

A row shows little, the card beside it more; all of a submission shows once Enter opened it, and the log says who did.
Every key works on the chosen row, or on all rows that Space has marked.
"""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.timer import Timer
from textual.widgets import Input, Static

from intake.report.reading import changes
from intake.review import handling
from intake.review.desk import reading
from intake.review.desk.casework import Casework, link
from intake.review.desk.dialogs import Choice, Page
from intake.review.desk.keyboard import Keys, key
from intake.review.desk.likeness import Likeness
from intake.review.desk.looking import Looking
from intake.review.desk.marking import marked
from intake.review.desk.rows import spread
from intake.review.desk.sorting import Sorting
from intake.review.desk.texts import ACCENT, DIM, URGENT, WARN, block, plain, tier_style
from intake.review.desk.window import Window
from intake.review.fields import hidden
from intake.review.inbox import Line, Wanted
from intake.review.journal import Journal
from intake.review.search import query

BULK = 1_000
"""Submissions that one press may change."""

VIEWS: dict[str, str] = {
    "waiting": marked("what waits"),
    "unread": marked("what I have not read"),
    "mine": marked("what is mine"),
    "nobody": marked("what is nobody's"),
    "hold": marked("on hold"),
    "done": marked("done"),
    "all": marked("everything"),
}

KEYS: tuple[tuple[str, str], ...] = (
    ("Enter", marked("open and read; Esc goes back to the list")),
    ("/", marked("search: any word, name or place, in any script")),
    ("v", marked("which list to show")),
    ("Space  *", marked("mark one row, or all of the list, for one press to act on all")),
    ("t", marked("set how urgent it is, with a reason")),
    ("f  g", marked("flags (what it asks for) and tags (how it is sorted)")),
    ("a", marked("whose it is")),
    ("h", marked("put on hold, or take back from it")),
    ("d", marked("done: it leaves the list")),
    ("l", marked("link it with a case, as a source")),
    ("s", marked("who and what else may be the same, side by side")),
    ("p", marked("look at its files, as plain pixels")),
    ("c", marked("show who the witness is; the look is logged")),
    ("k", marked("cases")),
    ("u", marked("take back what was done last")),
    ("w", marked("warnings and alarms in full")),
    ("F2", marked("Русский / English")),
    ("F12", marked("lock now")),
    ("q", marked("leave")),
)


class Front(Sorting):
    """List and reading pane."""

    BINDINGS: ClassVar[Keys] = [
        key("slash", "search"),
        key("v", "view"),
        key("space", "mark"),
        key("asterisk", "mark_all"),
        key("t", "tier"),
        key("f", "label('flag')"),
        key("g", "label('tag')"),
        key("a", "assign"),
        key("h", "hold"),
        key("d", "done"),
        key("l", "link"),
        key("s", "same"),
        key("p", "look"),
        key("c", "contact"),
        key("k", "cases"),
        key("w", "warnings"),
        key("q", "leave"),
    ]
    DEFAULT_CSS = """
    Front #search { height: 1; border: none; padding: 0 1; background: $boost; display: none; }
    Front #search.-on { display: block; }
    """
    KEYS = KEYS

    def __init__(self, view: str = "waiting") -> None:
        super().__init__()
        self._view = view
        self._typed = ""
        self._window: Window | None = None
        self._contact: str | None = None  # the submission whose hidden answers are shown just now
        self._soon: Timer | None = None

    def above(self) -> ComposeResult:
        """How much there is, and a line to search in."""
        yield Static(id="counts", markup=False)
        yield Input(id="search", max_length=200)

    def on_mount(self) -> None:
        """Fill the list."""
        self.reload()
        self.rows.focus()

    def on_screen_resume(self) -> None:
        """Another screen may have changed what is said."""
        if self._window is not None:
            self.reload(keep=True)

    # The list

    def reload(self, *, keep: bool = False) -> None:
        """Read the list anew; `keep`: the cursor stays on its submission, or near it."""
        rows = self.rows
        at, current = rows.cursor, self.current if keep else None
        self._window = Window(self.desk.vault, self._wanted(), self.desk.readings)
        if current is not None:
            place = self._window.find(current.id, at)
            at = at if place is None else place
        rows.load(len(self._window), at if keep else 0)
        self.tell()

    @property
    def current(self) -> Line | None:
        """The submission that the cursor stands on."""
        return self._window.line(self.rows.cursor) if self._window else None

    def _wanted(self) -> Wanted:
        label = self.desk.vault.label
        wanted = {
            "waiting": Wanted(waiting=True),
            "unread": Wanted(waiting=True, unread_by=label),
            "mine": Wanted(waiting=True, assigned=label),
            "nobody": Wanted(waiting=True, unassigned=True),
            "hold": Wanted(on_hold=True),
            "done": Wanted(done=True),
            "all": Wanted(),
        }[self._view]
        found = query(self._typed, self.desk.gazette) if self._typed else ""
        return Wanted(query=found) if found else wanted  # a search looks through everything

    def row(self, at: int, width: int) -> Text:
        """Unread or marked, tier, clock, what about, and what was said of it."""
        line = self._window.line(at) if self._window else None
        if line is None:
            return Text("")
        words, said = self.desk.words, line.handling
        unread = self.desk.vault.label not in said.seen
        sign = "✓" if line.id in self._marked else "●" if unread else " "
        tier = line.triage.tier
        now = self._window.now if self._window else self.desk.vault.now()
        left = words.left(line.triage, now)
        late = line.triage.clock is not None and line.triage.clock <= now
        marks = [*(f"!{name}" for name in said.flags), *(f"#{name}" for name in said.tags)]
        marks += [f"@{said.assigned}"] if said.assigned else []
        marks += [words.say("on hold")] if said.hold else []
        marks += [words.say("done")] if said.done else []
        about = plain(reading.headline(line, words), DIM if not unread else None)
        if change := changes(line.report):
            told = words.say("WITHDRAWN") if change == "withdraw" else words.say("CONSENT CHANGED")
            about = Text.assemble((f"{told}: ", WARN), about)
        start = Text.assemble(
            (f" {sign} ", ACCENT),
            (tier.name, tier_style(tier)),
            " ",
            (f"{left:<14.14} ", URGENT if late else DIM),
            about,
        )
        return spread(start, plain(" ".join(marks), ACCENT), width)

    def on_rows_moved(self) -> None:
        """Show what the cursor stands on."""
        if self._contact and (self.current is None or self.current.id != self._contact):
            self._contact = None
        self._show()
        self.tell()

    def on_rows_opened(self) -> None:
        """Enter: open it, and note so."""
        if (line := self.current) is None:
            return
        if self.desk.vault.label not in line.handling.seen:
            label = self.desk.vault.label
            if not self.attempt(lambda: self.desk.deeds.quietly(lambda journal: handling.see(journal, line.id, label))):
                return
            self.desk.forget_counts()
            self.reload(keep=True)
        self.read()

    def _show(self, *, keep: bool = False) -> None:
        pane, line = self.pane, self.current
        if line is None:
            empty = self.say("Nothing is found.") if self._typed else self.say("Nothing here.")
            pane.show([block(empty, DIM)])
        elif self.desk.vault.label not in line.handling.seen:
            pane.show(reading.card(line, self.desk.words, self.desk.vault.now()), keep=keep)
        else:
            read = reading.opened(self.desk.vault, line.id)
            blocks = reading.whole(
                read, self.desk.words, contact=self._contact == line.id, practice=self.desk.vault.practice
            )
            pane.show(blocks, keep=keep)

    # What stands above and below

    def heading(self) -> str:
        """Which list, or what was searched for."""
        return self.say("found: {typed}", typed=self._typed) if self._typed else self.say(VIEWS[self._view])

    def tell(self, message: Text | None = None) -> None:
        """And how much there is."""
        super().tell(message)
        if self.query("#help"):
            self.query_one("#counts", Static).update(self._counts())

    def _counts(self) -> Text:
        say, counted = self.say, self.desk.counts()
        told = Text.assemble((say("Waiting"), DIM))
        for tier, number in counted.waiting.items():
            told.append(f"  {tier.name} ", tier_style(tier))
            told.append(f"{number:,}")
        rest = [
            say(text, number=format(number, ","))
            for text, number in (
                (marked("{number} unread"), counted.unread),
                (marked("{number} on hold"), counted.on_hold),
                (marked("{number} done"), counted.done),
                (marked("{number} in quarantine"), counted.quarantined),
            )
            if number
        ]
        told.append(f"   {' · '.join(rest)}", DIM)
        return told

    def help_line(self) -> str:
        """For the list, the pane, the search, or what is marked."""
        say = self.say
        if isinstance(self.focused, Input):
            return say("Enter list   Esc end the search")
        if self.reading:
            return say("Esc list  t urgency  l link  s same?  p files  c contact  d done  ? all keys")
        if self._marked:
            return say(
                "{number} marked:  t urgency  f flag  a whose  h hold  d done  Esc unmark",
                number=len(self._marked),
            )
        return say("Enter read  / search  v lists  t urgency  l link  d done  k cases  ? all keys")

    # Marking and finding

    def action_mark(self) -> None:
        """Mark the row, or unmark it, and go to the next."""
        if (line := self.current) is not None:
            if line.id in self._marked:
                del self._marked[line.id]
            else:
                self._marked[line.id] = None
            self.rows.action_move(1)
            self.rows.refresh()
            self.tell(Text(""))

    def action_mark_all(self) -> None:
        """Mark everything that the list shows, up to `BULK`."""
        if self._window is not None and not self._marked:
            self._marked = dict.fromkeys(self._window.ids(BULK))
        else:
            self._marked.clear()
        self.rows.refresh()
        self.tell(Text(""))

    def action_search(self) -> None:
        """A line to search in."""
        search = self.query_one("#search", Input)
        search.placeholder = self.say("a word, a name, a place, in any script")
        search.set_class(True, "-on")
        self.set_class(False, "-reading")
        search.focus()
        self.tell(Text(""))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Search as it is typed, a moment after the last letter."""
        event.stop()
        if self._soon is not None:
            self._soon.stop()
        self._soon = self.set_timer(0.15, self._search)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go to what was found."""
        event.stop()
        self._search()
        self.rows.focus()
        self.tell()

    def _search(self) -> None:
        typed = self.query_one("#search", Input).value.strip()
        if typed != self._typed:
            self._typed = typed
            self._marked.clear()
            self.reload()

    def action_view(self) -> None:
        """Which list."""
        say = self.say
        choices = [Choice(name, say(text)) for name, text in VIEWS.items()]

        def chosen(name: str) -> None:
            self._view = name
            self._end_search()
            self.reload()

        self.choose(say("Which list?"), choices, chosen, [*VIEWS].index(self._view))

    def _end_search(self) -> None:
        search = self.query_one("#search", Input)
        search.set_class(False, "-on")
        search.value = ""
        self._typed = ""

    def action_back(self) -> None:
        """Out of the pane, the marks, the search: in this order."""
        if self.unread():
            if self._contact is not None:
                self._contact = None
                self._show()
        elif self._marked:
            self._marked.clear()
            self.rows.refresh()
        elif self._typed or self.query_one("#search", Input).has_class("-on"):
            self._end_search()
            self.reload()
        self.tell()

    # Other screens

    def action_link(self) -> None:
        """Put what is marked into a case."""
        if self.targets:
            link(self, self.targets)

    def action_same(self) -> None:
        """What may be the same."""
        if (line := self.current) is not None:
            self.desk.push_screen(Likeness(line.id))

    def action_look(self) -> None:
        """Its files."""
        if (line := self.current) is None:
            return
        if not line.report.files:
            self.tell(plain(self.say("It has no files."), DIM))
            return
        self.on_rows_opened()  # whoever looks at the files has opened it
        self.desk.push_screen(Looking(line.id))

    def action_cases(self) -> None:
        """Cases."""
        self.desk.push_screen(Casework())

    def action_contact(self) -> None:
        """Show the hidden answers, after asking; each look is an event."""
        line, say = self.current, self.say
        if line is None:
            return
        if not (secret := hidden(line.report.answers)):
            self.tell(plain(say("It says nothing of who the witness is."), DIM))
            return

        def agreed() -> None:
            vault, label = self.desk.vault, self.desk.vault.label

            def look(journal: Journal) -> None:
                handling.see(journal, line.id, label)
                handling.look(journal, line.id, label, vault.now(), tuple(secret))

            if self.attempt(lambda: self.desk.deeds.quietly(look)):
                self._contact = line.id
                self.desk.forget_counts()
                self.reload(keep=True)
                self.read()

        question = say("Show who the witness is, or how to reach them? This look is written into the log.")
        self.confirm(question, say("Enter shows it   Esc does nothing"), agreed)

    def action_warnings(self) -> None:
        """All of them."""
        say = self.say
        told = [block(text, style) for text, style in self.desk.warnings()]
        self.desk.push_screen(Page(say("Warnings and alarms"), say("Esc back"), told or [block(say("There is none."))]))

    def action_leave(self) -> None:
        """End, after asking: a letter is typed quickly."""
        say = self.say
        question = say("Leave the desk? Everything is written already.")
        self.confirm(question, say("Enter leaves   Esc stays"), self.desk.exit)
