"""The keys that say something of submissions: how urgent they are, flags and tags, whose they are, on hold, done."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from sqlalchemy import select

from intake.review import handling
from intake.review.desk import deeds, reading
from intake.review.desk.board import Board
from intake.review.desk.dialogs import Choice
from intake.review.desk.marking import marked
from intake.review.inbox import Line
from intake.review.journal import Journal
from intake.review.triage import Tier


class Sorting(Board):
    """A list of submissions of which several can be marked: one press then acts on all of them."""

    def __init__(self) -> None:
        super().__init__()
        self._marked: dict[str, None] = {}

    @property
    @abstractmethod
    def current(self) -> Line | None:
        """The submission that the cursor stands on."""

    @property
    def targets(self) -> tuple[str, ...]:
        """What a key acts on."""
        if self._marked:
            return tuple(self._marked)
        return (self.current.id,) if self.current else ()

    def do(self, said: str, work: Callable[[Journal], object]) -> bool:
        """On all that is marked, which it no longer is then."""
        number = len(self._marked)
        done = super().do(f"{said} ({number})" if number > 1 else said, work)
        if done:
            self._marked.clear()
            self.rows.refresh()
            self.tell()
        return done

    def action_tier(self) -> None:
        """How urgent, and why."""
        ids, say = self.targets, self.say
        if not ids:
            return
        told = {
            "T0": marked("T0 can't wait"),
            "T1": marked("T1 within a day"),
            "T2": marked("T2 within a week"),
            "T3": marked("T3 can wait"),
        }
        choices = [*(Choice(name, say(text)) for name, text in told.items()), Choice("", say("as the rules say"))]

        def chosen(name: str) -> None:
            tier = Tier[name] if name else None
            said = say("Set to {tier}", tier=name or say("the rules"))
            self.ask(
                say("Why? Whoever reads this later must understand it."),
                lambda reason: self.do(said, deeds.set_tier(ids, tier, reason)),
            )

        self.choose(self._about(say("How urgent is it?")), choices, chosen)

    def action_label(self, kind: str) -> None:
        """A flag or tag, on or off."""
        ids, say = self.targets, self.say
        if not ids:
            return
        with self.desk.vault.reading() as connection:
            known = connection.execute(
                select(handling.mark.c.name).where(handling.mark.c.kind == kind).distinct().limit(12)
            ).scalars().all()  # fmt: skip
            on = set(handling.handling_of(connection, ids[0]).marks.get(kind, ()))
        choices = [Choice(name, f"{'✓' if name in on else ' '} {name}") for name in known]
        choices.append(Choice("", say("a new one …")))

        def put(name: str) -> None:
            said = say("{name}: off", name=name) if name in on else say("{name}: on", name=name)
            self.do(said, deeds.set_marks(ids, kind, name, on=name not in on))

        def chosen(name: str) -> None:
            if name:
                put(name)
            else:
                self.ask(say("A few plain words"), put)

        question = say("Which flag?") if kind == "flag" else say("Which tag?")
        self.choose(self._about(question), choices, chosen)

    def action_assign(self) -> None:
        """Whose it is."""
        ids, say = self.targets, self.say
        if not ids:
            return
        chain = self.desk.vault.chain
        labels = [each.label for each in chain.newest.reviewers] if chain else [self.desk.vault.label]
        choices = [*(Choice(label, label) for label in labels), Choice("", say("nobody"))]

        def chosen(label: str) -> None:
            said = say("Assigned to {label}", label=label or say("nobody"))
            self.do(said, deeds.set_field(ids, "assigned", label or None))

        self.choose(self._about(say("Whose is it?")), choices, chosen)

    def action_hold(self) -> None:
        """Put on hold, or end that."""
        self._toggle("hold", self.say("What does it wait for?"), marked("Put on hold"), marked("No longer on hold"))

    def action_done(self) -> None:
        """Dealt with, or not after all."""
        self._toggle("done", self.say("What was done with it?"), marked("Done"), marked("Not done after all"))

    def _toggle(self, field: str, question: str, on: str, off: str) -> None:
        ids, say = self.targets, self.say
        if not ids:
            return
        with self.desk.vault.reading() as connection:
            stands = getattr(handling.handling_of(connection, ids[0]), field)
        if stands:
            self.do(say(off), deeds.set_field(ids, field, None))
            return
        self.ask(self._about(question), lambda told: self.do(say(on), deeds.set_field(ids, field, told)))

    def _about(self, question: str) -> str:
        number = len(self._marked)
        if number:
            return self.say("{question} ({number} marked)", question=question, number=number)
        line = self.current
        return f"{question}\n{reading.headline(line, self.desk.words)[:60]}…" if line else question
