"""Cases on the screen: a list of them, the page of one, and the keys that write into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import ClassVar

from rich.text import Text

from intake.review import acts, cases
from intake.review.cases import Case
from intake.review.desk.board import Board
from intake.review.desk.casepage import JUDGEMENTS, STYLES, opened, page
from intake.review.desk.dialogs import Choice
from intake.review.desk.inner import Inner
from intake.review.desk.keyboard import Keys, key
from intake.review.desk.marking import marked
from intake.review.desk.rows import spread
from intake.review.desk.texts import DIM, block, plain
from intake.review.journal import Journal
from intake.review.ladder import Judgement


class Casework(Inner):
    """All cases, and one to read."""

    BINDINGS: ClassVar[Keys] = [
        key("n", "new"),
        key("e", "title"),
        key("o", "note"),
        key("j", "judge"),
        key("i", "independent"),
        key("y", "person"),
        key("g", "document"),
        key("b", "admitted"),
        key("a", "act"),
        key("r", "settle"),
        key("x", "code"),
        key("m", "merge"),
        key("k,q", "leave"),
    ]
    KEYS = (
        ("Enter", marked("read the case; Esc goes back")),
        ("n", marked("a new case")),
        ("e  o", marked("its title, a note")),
        ("y", marked("whom it is about")),
        ("j", marked("what you think of a source")),
        ("i", marked("why two sources are independent")),
        ("g  b", marked("a document; an official admission")),
        ("a", marked("what happened or is to come: arrest, hearing, removal …")),
        ("r", marked("what came of a date")),
        ("x", marked("HURIDOCS codes of what happened")),
        ("m", marked("merge it into another; u brings it back")),
        ("u", marked("take back what was done last")),
        ("k", marked("back to the reports")),
    )

    def __init__(self) -> None:
        super().__init__()
        self._cases: list[Case] = []

    @property
    def current(self) -> Case | None:
        """The case that the cursor stands on."""
        return self._cases[self.rows.cursor] if self._cases else None

    def reload(self, *, keep: bool = False) -> None:
        """Read all cases anew."""
        at, current = self.rows.cursor, self.current
        with self.desk.vault.reading() as connection:
            self._cases = sorted(cases.every(connection), key=lambda each: (each.title or "").casefold())
        places = [place for place, each in enumerate(self._cases) if current and each.id == current.id]
        self.rows.load(len(self._cases), (places or [at])[0] if keep else 0)
        self.show()
        self.tell()

    def row(self, at: int, width: int) -> Text:
        """Level, title, how many sources."""
        case = self._cases[at]
        with self.desk.vault.reading() as connection:
            level = cases.verified(connection, case).level
        row = Text.assemble(f" {case.id[:4]} ", (f"{level.name} ", STYLES[level]), plain(case.title or ""))
        return spread(row, Text(self.say("sources: {number}", number=len(case.sources)), DIM), width)

    def heading(self) -> str:
        """The list has one name."""
        return self.say("cases")

    def help_line(self) -> str:
        """For a case."""
        return self.say("Enter read  n new  a what happened  r came of it  j judge  k back  ? all keys")

    def on_rows_opened(self) -> None:
        """Read it."""
        self.read()

    def show(self) -> None:
        """The case, whole."""
        if (case := self.current) is None:
            self.pane.show([block(self.say("No case yet. n opens one; l in the list of reports links a report."), DIM)])
        else:
            self.pane.show(page(opened(self.desk.vault, case.id), self.desk.words))

    # What a case is

    def action_new(self) -> None:
        """Open one."""
        self.ask(
            self.say("What is the case called? No name of a person who must not be known."),
            lambda title: self.do(self.say("A new case"), lambda journal: cases.open_case(journal, title)),
        )

    def action_title(self) -> None:
        """Call it otherwise."""
        self._field("title", self.say("What is the case called?"))

    def action_note(self) -> None:
        """A note."""
        self._field("note", self.say("A note; nothing takes it away."))

    def action_admitted(self) -> None:
        """An official admission."""
        self._field("admitted", self.say("Who admitted it officially, where and when? Nothing takes it away."))

    def _field(self, field: str, question: str) -> None:
        if (case := self.current) is not None:
            entity, value = cases.entity(case.id), getattr(case, field) or ""
            self.ask(
                question,
                lambda told: self.do(self.say("Written"), lambda journal: journal.record(entity, field, told or None)),
                value,
                empty=field != "title",
            )

    def action_person(self) -> None:
        """Whom it is about."""
        self._part("person", self.say("Whom is it about?"))

    def action_document(self) -> None:
        """What a document is and where it lies."""
        self._part("document", self.say("Which document is it, and where does it lie?"))

    def _part(self, kind: str, question: str) -> None:
        if (case := self.current) is not None:
            self.ask(
                question,
                lambda name: self.do(
                    self.say("Written"), lambda journal: cases.name_part(journal, case.id, kind, name)
                ),
            )

    def action_judge(self) -> None:
        """What a reviewer thinks of a source."""
        if (case := self.current) is None or not case.sources:
            return
        read = opened(self.desk.vault, case.id)
        choices = [Choice(each, f"{each[:8]}  {title}") for each, title in read.titles.items()]
        self.choose(self.say("Which source?"), choices, lambda source: judge(self, [source], case))

    def action_independent(self) -> None:
        """Why neither of two has it from the other."""
        if (case := self.current) is None or len(case.sources) < 2:
            return
        pairs_of = [*combinations(case.sources, 2)][:9]
        choices = [Choice(str(at), f"{a[:8]} + {b[:8]}") for at, (a, b) in enumerate(pairs_of)]

        def chosen(at: str) -> None:
            left, right = pairs_of[int(at)]
            self.ask(
                self.say("Why has neither it from the other, nor both from a third?"),
                lambda reason: self.do(
                    self.say("Independent"), lambda journal: cases.independent(journal, case.id, left, right, reason)
                ),
            )

        self.choose(self.say("Which two?"), choices, chosen)

    def action_merge(self) -> None:
        """Let it go on in another."""
        if (case := self.current) is None or len(self._cases) < 2:
            return
        choices = [Choice(each.id, each.title or each.id) for each in self._cases if each.id != case.id]
        self.choose(
            self.say("Into which case shall {title} go?", title=case.title or ""),
            choices,
            lambda into: self.do(
                self.say("Merged"), lambda journal: journal.record(cases.entity(case.id), "merged", into)
            ),
        )

    # What happened

    def action_act(self) -> None:
        """What happened, or is to come; when; and in a few words."""
        if (case := self.current) is None:
            return
        choices = [Choice(name, self.say(kind.words)) for name, kind in acts.kinds().items()]

        def chosen(what: str) -> None:
            question = self.say("When? 2026-12-01, 2026-12, about 2026-12; with a time: 2026-12-01 09:30 +05:00")
            self.ask(question, lambda day: described(what, day), empty=True)

        def described(what: str, day: str) -> None:
            persons = [*case.parts.get("person", {})]
            question = self.say("Where, and what else? A few words, or nothing.")
            self.ask(question, lambda note: self.attempt(lambda: write(what, day, note, persons)), empty=True)

        def write(what: str, day: str, note: str, persons: list[str]) -> None:
            when = acts.date_of(day) if day else None

            def work(journal: Journal) -> None:
                act_id = acts.add(journal, case.id, what, when)
                acts.set_text(journal, act_id, "note", note)
                if len(persons) == 1:
                    acts.set_text(journal, act_id, "person", persons[0])

            self.do(self.say("Written"), work)

        self.choose(self.say("What happened, or is to come?"), choices, chosen)

    def action_settle(self) -> None:
        """What came of a date: it rings no more."""
        self._of_act(
            lambda each: acts.kinds()[each.what].ahead is not None,
            self.say("Of which date?"),
            lambda each: self.ask(
                self.say("What came of it?"),
                lambda told: self.do(
                    self.say("Written"), lambda journal: acts.set_text(journal, each.id, "settled", told)
                ),
                each.settled or "",
                empty=True,
            ),
        )

    def action_code(self) -> None:
        """HURIDOCS codes."""

        def which(each: acts.Act) -> None:
            choices = [Choice(name, f"{self.say(name)}: {each.codes.get(name, '—')}") for name in acts.lists()]
            self.choose(self.say("Which list?"), choices, lambda name: word(each, name))

        def word(each: acts.Act, name: str) -> None:
            words = acts.lists()[name].codes
            choices = [*(Choice(word, self.say(word)) for word in words), Choice("", self.say("nothing"))]
            self.choose(
                self.say(name),
                choices,
                lambda told: self.do(
                    self.say("Written"), lambda journal: acts.set_code(journal, each.id, name, told or None)
                ),
            )

        self._of_act(lambda _: True, self.say("Of what?"), which)

    def _of_act(self, wanted: Callable[[acts.Act], bool], question: str, then: Callable[[acts.Act], object]) -> None:
        if (case := self.current) is None:
            return
        with self.desk.vault.reading() as connection:
            found = {each.id: each for each in acts.of_case(connection, (case.id,)) if wanted(each)}
        if not found:
            self.tell(plain(self.say("There is none: a writes what happened, or is to come."), DIM))
            return
        choices = [Choice(each.id, self._act_words(each)) for each in found.values()]
        self.choose(question, choices, lambda act_id: then(found[act_id]))

    def _act_words(self, each: acts.Act) -> str:
        day = each.when.get("date", "") if isinstance(each.when, dict) else ""
        return " ".join(filter(None, (str(day), self.say(acts.kinds()[each.what].words), each.note or "")))


def judge(board: Board, ids: Sequence[str], case: Case) -> None:
    """Ask what these submissions are worth as sources of a case, and write it."""
    say = board.say
    choices = [Choice(each.value, say(text)) for each, text in JUDGEMENTS.items()]
    choices.append(Choice("", say("take it out of the case")))

    def chosen(value: str) -> None:
        def work(journal: Journal) -> None:
            for each in ids:
                cases.judge(journal, case.id, each, Judgement(value) if value else None)

        board.do(say("Linked with {title}", title=case.title or case.id[:8]) if value else say("Taken out"), work)

    board.choose(say("What do you think of it as a source of this case?"), choices, chosen)


def link(board: Board, ids: Sequence[str]) -> None:
    """Ask for a case, or a new one, and put these submissions into it."""
    say = board.say
    with board.desk.vault.reading() as connection:
        known = sorted(cases.every(connection), key=lambda each: (each.title or "").casefold())
    choices = [Choice("", say("a new case …")), *(Choice(each.id, each.title or each.id[:8]) for each in known)]

    def made(title: str) -> None:
        case_ids: list[str] = []
        if board.do(say("A new case"), lambda journal: case_ids.append(cases.open_case(journal, title))):
            with board.desk.vault.reading() as connection:
                judge(board, ids, cases.find(connection, case_ids[0]))

    def chosen(case_id: str) -> None:
        if case_id:
            judge(board, ids, next(each for each in known if each.id == case_id))
        else:
            board.ask(say("What is the case called? No name of a person who must not be known."), made)

    board.choose(say("With which case?"), choices, chosen)
