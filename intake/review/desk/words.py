"""The desk's own words, in English and from `desk.po` of the languages that have one.

Sentences hold gaps by name, `{count}`. What goes into a gap is never taken for a sentence, nor for markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache

from intake.errors import IntakeError
from intake.locale import catalog, desk_words, packaged_places, packaged_questionnaire
from intake.report.document import Json
from intake.review.desk.heard import HEARD
from intake.review.desk.marking import marked
from intake.review.triage import REASONS, Triage

_GAP = re.compile(r"\{([a-z]+)\}")


SENTENCES = (
    marked("{count} words of their names agree"),
    marked("both go by the same alias"),
    marked("one name has a man's ending, the other a woman's"),
    marked("born {left} and {right}: that differs"),
    marked("born {left} and {right}"),
    marked("{count} days apart"),
    marked("perhaps the same day"),
    marked("the same place: {places}"),
    marked("an advance statement, and a forced video"),
    marked("the same person"),
    marked("a single source"),
    marked("no source was judged yet"),
    marked("no source was found plausible"),
    marked("no document and no admission yet"),
    marked("{pair} contradicts it"),
    marked("{pair} may be independent: a reviewer must say why"),
    marked("they are of one code"),
    marked("they have one mailbox"),
    marked("the relation to the person is not told"),
    marked("both have the same relation to the person"),
    marked("how they know is not told"),
    marked("both know it in the same way"),
    marked("perhaps the same person"),
    marked("both tell of {kinds}"),
)


@cache
def _patterns(sentences: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each sentence, and what it looks like with its gaps filled."""

    def pattern(form: str) -> str:
        return _GAP.sub(r"(?P<\1>.*?)", re.escape(form).replace(r"\{", "{").replace(r"\}", "}"))

    return tuple((form, re.compile(pattern(form), re.DOTALL)) for form in sentences)


class Words:
    """Everything the desk says, in one language. Answers and places come in the questionnaire's own words."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._own = desk_words(language)
        self.form = catalog(language)
        self.places = {place.id: place.name(language) for place in packaged_places().places}

    def say(self, message: str, **gaps: object) -> str:
        """The sentence with its gaps filled."""
        told = self._own.gettext(message)
        return _GAP.sub(lambda gap: str(gaps[gap[1]]), told) if gaps else told

    def left(self, triage: Triage, now: datetime) -> str:
        """Until when it must be read, as a countdown; "" for the batch."""
        if triage.clock is None:
            return ""
        rest = triage.clock - now
        if rest > timedelta(0):
            return self.say("in {span}", span=self.span(rest))
        if rest > timedelta(hours=-1):
            return self.say("NOW")
        return self.say("OVERDUE {span}", span=self.span(-rest))

    def span(self, length: timedelta) -> str:
        """A length of time in its largest unit that tells enough."""
        minutes = int(length.total_seconds() // 60)
        if minutes < 60:
            return self.say("{number} min", number=minutes)
        if minutes < 48 * 60:
            return self.say("{number} h", number=minutes // 60)
        return self.say("{number} d", number=minutes // (24 * 60))

    def reasons(self, triage: Triage) -> str:
        """Why the tier."""
        return "; ".join(self.say(REASONS[name]) for name in triage.reasons)

    def reason(self, reason: str) -> str:
        """Why two may be one, or a case is no further, as `matching` and `ladder` say it.

        Its numbers and names stand in the gaps of a known sentence; several are joined by "; ", behind a pair and ":".
        """
        if "; " in reason:
            return "; ".join(map(self.reason, reason.split("; ")))
        if (told := self._known(SENTENCES, reason)) is not None:
            return told
        pair, colon, rest = reason.partition(": ")
        return f"{pair}: {self.reason(rest)}" if colon else reason

    def heard(self, sentence: str) -> str:
        """What another part of the desk says in English: an error, an alarm, a warning, a mark beside a report."""
        return sentence if (told := self._known(HEARD, sentence)) is None else told

    def why_not(self, error: IntakeError) -> str:
        """An error, and what to do about it."""
        return f"{self.heard(str(error))}. {self.heard(error.advice)}".rstrip()

    def _known(self, sentences: tuple[str, ...], told: str) -> str | None:
        """One of these sentences, whatever stands in its gaps."""
        for form, pattern in _patterns(sentences):
            if found := pattern.fullmatch(told):
                return self.say(form, **found.groupdict())
        return None

    def codes(self, field: str, answer: Json) -> str:
        """The codes of an answer in the questionnaire's words; what is no code as it came."""
        told = packaged_questionnaire().field(field)
        choices = (told.choices or "") if told else ""
        given: Iterable[Json] = answer if isinstance(answer, list) else [answer]
        return ", ".join(self._code(choices, each) for each in given if isinstance(each, str | int))

    def place(self, answer: Json) -> str:
        """A place as the witness wrote it, else its name."""
        if not isinstance(answer, dict):
            return answer if isinstance(answer, str) else ""
        text, known = answer.get("text"), self.places.get(str(answer.get("id")))
        return text if isinstance(text, str) and text else known or ""

    def _code(self, choices: str, code: Json) -> str:
        for choice in packaged_questionnaire().lists.get(choices.removeprefix("@"), ()):
            if choice.code == code:
                return self.form.gettext(choice.words, f"{choices}.{code}")
        return str(code)
