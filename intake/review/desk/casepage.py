"""A case as a page: how far it is verified and why, its sources, and its people's timelines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from intake.review import acts, cases, submissions, timeline
from intake.review.cases import Case
from intake.review.desk.marking import marked
from intake.review.desk.texts import ACCENT, DIM, GOOD, HEADING, URGENT, WARN, Block, blank, block, pairs, plain
from intake.review.desk.words import Words
from intake.review.inbox import title as about
from intake.review.ladder import Judgement, Level, Verified
from intake.review.timeline import Alarm, Entry, Timeline
from intake.review.vault import Vault

LEVELS = {
    Level.V0: marked("not judged yet"),
    Level.V1: marked("plausible"),
    Level.V2: marked("two independent sources"),
    Level.V3: marked("and a document or an official admission"),
    Level.X: marked("contradicted"),
}
JUDGEMENTS = {
    Judgement.PLAUSIBLE: marked("plausible"),
    Judgement.UNCLEAR: marked("unclear"),
    Judgement.CONTRADICTS: marked("contradicts the case"),
}
STYLES = {Level.V0: DIM, Level.V1: ACCENT, Level.V2: GOOD, Level.V3: GOOD, Level.X: URGENT}


@dataclass(frozen=True, slots=True)
class Opened:
    """A case with all that the page of it shows."""

    case: Case
    verified: Verified
    timelines: tuple[Timeline, ...]
    titles: dict[str, str]
    now: datetime


def opened(vault: Vault, case_id: str) -> Opened:
    """Read it. Raises `Usage` when there is none."""
    with vault.reading() as connection:
        found = cases.find(connection, case_id)
        reports = submissions.reports(connection, found.sources)
        return Opened(
            found,
            cases.verified(connection, found),
            tuple(timeline.of(connection, found.id)),
            {each: about(reports[each].answers) if each in reports else "" for each in found.sources},
            vault.now(),
        )


def page(read: Opened, words: Words) -> list[Block]:
    """The whole case."""
    case, say = read.case, words.say
    level = read.verified.level
    blocks = [
        block(case.title or say("(no title)"), HEADING),
        Block(Text.assemble((f"{level.name} ", STYLES[level]), plain(say(LEVELS[level])))),
        *(block(words.reason(reason), DIM, 3) for reason in read.verified.reasons),
        blank(),
        *pairs([(say("note"), case.note or ""), (say("admitted"), case.admitted or ""), (say("number"), case.id[:8])]),
        blank(),
        block(say("Sources"), HEADING),
    ]
    judged = case.parts.get("source", {})
    for source, title in read.titles.items():
        judgement = say(JUDGEMENTS[Judgement(judged[source])])
        blocks.append(Block(Text.assemble(f"{source[:8]}  ", plain(judgement, ACCENT), "  ", plain(title)), 3))
    for pair, reason in case.parts.get("independent", {}).items():
        blocks.append(block(f"{' + '.join(each[:8] for each in pair.split('+'))}: {reason}", DIM, 3))
    blocks += [block(say("Document: {name}", name=name), hang=3) for name in case.parts.get("document", {})]
    if not read.titles:
        blocks.append(block(say("None yet: l links a report, from the list."), DIM, 3))
    for line in read.timelines:
        blocks += [blank(), block(line.person or say("Timeline"), HEADING), *_line(line, words, read.now)]
    return blocks


def _line(line: Timeline, words: Words, now: datetime) -> Sequence[Block]:
    say = words.say
    blocks = [_alarm(alarm, words) for alarm in line.alarms(now)]
    for what in (name for name, kind in acts.kinds().items() if kind.ahead is not None):
        if (coming := line.next(what, now)) is not None:
            told = say("next: {what} {day}", what=say(acts.kinds()[what].words), day=coming.day)
            blocks.append(block(told, ACCENT, 3))
    blocks += [entry_block(each, words) for each in line.entries]
    return blocks or [block(say("Nothing yet."), DIM, 3)]


def _alarm(alarm: Alarm, words: Words) -> Block:
    return block(f"!! {alarm_words(alarm, words)}", URGENT if not alarm.passed else WARN, 3)


def alarm_words(alarm: Alarm, words: Words) -> str:
    """What rings, in a sentence."""
    what, span = words.say(acts.kinds()[alarm.entry.what].words), words.span(alarm.left)
    if alarm.passed:
        return words.say("{what} was {span} ago: what came of it?", what=what, span=span)
    return words.say("{what} in {span}", what=what, span=span)


def entry_block(each: Entry, words: Words) -> Block:
    """One line of a timeline: day, what, words; where it is from."""
    what = words.say(acts.kinds()[each.what].words)
    codes = ", ".join(f"{name} {word}" for name, word in each.act.codes.items()) if each.act else ""
    source = f"({each.source[:8]})" if each.source else f"[{each.act.reviewer}]" if each.act else ""
    told = " · ".join(filter(None, (each.text, codes)))
    day = f"{each.day or '—':<23}"
    return Block(Text.assemble((f"{day} ", DIM), plain(what, HEADING), "  ", plain(told), " ", (source, DIM)), 3)
