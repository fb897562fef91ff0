"""How far a case is verified: V0 to V3, or X. Pure: what is known of its sources in, a level and its reasons out.

- V0: nobody judged a source of it yet.
- V1: a reviewer finds at least one source plausible.
- V2: two plausible sources are *independent*: not by one hand (one thread, one mailbox), of another relation to the
  person, knowing it in another way; and a reviewer says why neither has it from the other. A relation or a way of
  knowing that isn't told counts as the same: what nobody knows proves nothing.
- V3: V2, and a document or an official admission.
- X: a source contradicts it, whatever else speaks for it.

A single anonymous claim never comes beyond V1. Expect planted reports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations


class Level(Enum):
    """How far."""

    V0 = "unread"
    V1 = "plausible"
    V2 = "two independent sources"
    V3 = "a document or an official admission as well"
    X = "contradicted"


class Judgement(Enum):
    """What a reviewer says of one source."""

    PLAUSIBLE = "plausible"
    UNCLEAR = "unclear"
    CONTRADICTS = "contradicts"


@dataclass(frozen=True, slots=True)
class Source:
    """One report of a case. `thread`: the first report of its code; `known`: how the witness knows."""

    id: str
    thread: str
    mailbox: str | None
    relation: str | None
    known: frozenset[str]
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """The level, and sentences that say why it is not higher, or what made it so."""

    level: Level
    reasons: tuple[str, ...]


def verify(
    sources: Sequence[Source], independent: Mapping[frozenset[str], str], documents: Sequence[str], admitted: str | None
) -> Verified:
    """The level of a case. `independent`: pairs of source ids of which a reviewer said why they are so."""
    against = [each.id for each in sources if each.judgement is Judgement.CONTRADICTS]
    if against:
        return Verified(Level.X, (f"{_short(against)} contradicts it",))
    plausible = [each for each in sources if each.judgement is Judgement.PLAUSIBLE]
    if not plausible:
        judged = any(each.judgement for each in sources)
        return Verified(Level.V0, ("no source was found plausible" if judged else "no source was judged yet",))
    said: list[str] = []
    for left, right in combinations(plausible, 2):
        why_not = tuple(dependence(left, right))
        pair = _short([left.id, right.id])
        if why_not:
            said.append(f"{pair}: {'; '.join(why_not)}")
        elif (reason := independent.get(frozenset((left.id, right.id)))) is None:
            said.append(f"{pair} may be independent: a reviewer must say why")
        elif documents or admitted:
            proof = f"document: {documents[0]}" if documents else f"admitted: {admitted}"
            return Verified(Level.V3, (f"{pair}: {reason}", proof))
        else:
            return Verified(Level.V2, (f"{pair}: {reason}", "no document and no admission yet"))
    return Verified(Level.V1, tuple(said) or ("a single source",))


def dependence(left: Source, right: Source) -> Iterator[str]:
    """Why two sources may be one, or one of them the other's."""
    if left.thread == right.thread:
        yield "they are of one code"
    elif left.mailbox is not None and left.mailbox == right.mailbox:
        yield "they have one mailbox"
    if left.relation is None or right.relation is None:
        yield "the relation to the person is not told"
    elif left.relation == right.relation:
        yield "both have the same relation to the person"
    if not left.known or not right.known:
        yield "how they know is not told"
    elif left.known <= right.known or right.known <= left.known:
        yield "both know it in the same way"


def _short(ids: Sequence[str]) -> str:
    return " and ".join(each[:8] for each in ids)
