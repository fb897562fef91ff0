"""One lot of an import: what the workers read of some hundred sealed files, on its way into the vault's tables.

The rule of one submission per inner id, header MAC and payload is kept here, and what is odd about a file becomes a
mark beside it or an alarm. A lot is one transaction: its rows and its events are on disk together, or not at all.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from intake.errors import Damaged, Fault, IntakeError, NoKeyFits
from intake.keyring.trust import Chain
from intake.report.document import Json
from intake.review import alarms, erasures, submissions
from intake.review.journal import Journal
from intake.review.log import Entity
from intake.review.opened import should_open
from intake.review.opening import contradictions
from intake.review.originals import Kept
from intake.review.submissions import quarantine, seconds, submission
from intake.review.tables import original, removal
from intake.review.triage import Tier
from intake.review.vault import Vault
from intake.review.workers import Prepared, Result


class Became(StrEnum):
    """What a sealed file became."""

    NEW = "new"
    COPY = "copy"
    BEFORE = "before"
    WAITS = "waits"
    REFUSED = "refused"
    ERASED = "erased"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Arrival:
    """One sealed file and what became of it. `id` is the submission's; `alarms` are sentences."""

    name: str
    became: Became
    id: str | None = None
    tier: Tier | None = None
    alarms: tuple[str, ...] = ()
    error: IntakeError | None = None

    def facts(self) -> dict[str, object]:
        """For programs."""
        return {
            "name": self.name,
            "became": self.became.value,
            "id": self.id,
            "tier": self.tier.name if self.tier is not None else None,
            "alarms": list(self.alarms),
            "error": None if self.error is None else str(self.error),
        }


@dataclass(frozen=True, slots=True)
class Way:
    """How a sealed file came: `outer`, `origin` and `claimed` are what the drop says of it."""

    name: str
    kept: Kept
    outer: str | None = None
    origin: str | None = None
    bundle: str | None = None
    claimed: int | None = None
    closed: tuple[int, ...] = ()
    again: bool = False  # it waited in quarantine


class Lot:
    """One transaction of an import."""

    def __init__(self, journal: Journal, vault: Vault, recipients: set[str], lot: Sequence[tuple[Way, Result]]) -> None:
        self._journal, self._vault, self._recipients = journal, vault, recipients
        self._connection: Connection = journal.connection
        self._now = vault.now()
        self._chain = vault.chain
        found = [result.row for _, result in lot if isinstance(result, Prepared)]
        self._like: dict[bytes | str, Any] = dict(submissions.like(self._connection, found))
        self._next = (self._connection.execute(select(func.max(submission.c.number))).scalar() or 0) + 1
        self._rows: list[tuple[dict[str, Any], bytes, str]] = []
        self._copies: list[dict[str, Any]] = []
        self._refused: list[dict[str, Any]] = []
        self._held: list[dict[str, Any]] = []
        self._freed: list[bytes] = []
        self._came: dict[str | None, dict[str, Json]] = {}
        self._gone, self._gone_files = erasures.gone(self._connection, self._chain)
        self._unwanted: list[dict[str, bytes]] = []
        self._left = _left(self._chain) if self._chain else {}

    def take(self, way: Way, result: Result) -> Arrival:
        """One file."""
        if isinstance(result, Fault):
            return Arrival(way.name, Became.FAILED, error=result)
        if way.kept.sha256 in self._gone_files or (isinstance(result, Prepared) and result.id in self._gone):
            return self._erased(way)
        if isinstance(result, IntakeError):
            return self._refuse(way, result)
        keys = (result.id, result.row["mac"], result.row["payload"])
        if same := [self._like[key] for key in keys if key in self._like]:
            return self._like_another(way, result, same)
        marks, told = _oddities(result, way, self._chain, self._left)
        number, self._next = self._next, self._next + 1
        came = {"number": number, "original": way.kept.sha256, "outer": way.outer, "bundle": way.bundle}
        row = result.row | came | {"marks": json.dumps([*told, *marks], ensure_ascii=False)}
        self._rows.append((row, result.content, result.text))
        self._like |= dict.fromkeys(keys, _Here(number, result.id, result.content))
        self._hold(way, result.file_key)
        for words in told:
            alarms.raise_alarm(self._journal, "report", f"report {result.id}: {words}", (result.id,))
        return Arrival(way.name, Became.NEW, result.id, submissions.tier_of(row, self._now), tuple(told))

    def finish(self) -> None:
        """Write the tables, and into the log what came: one event for all of a bundle in this lot."""
        for bundle, files in self._came.items():
            told: dict[str, Json] = {"bundle": bundle, "files": files}
            self._journal.record(Entity("import", secrets.token_hex(16)), "received", told)
        if self._freed:
            self._connection.execute(delete(quarantine).where(quarantine.c.sha256.in_(self._freed)))
        for rows, table in ((self._held, original), (self._refused, quarantine)):
            if rows:
                self._connection.execute(insert(table).prefix_with("OR REPLACE"), rows)
        if self._unwanted:
            self._connection.execute(insert(removal).prefix_with("OR IGNORE"), self._unwanted)
        submissions.add(self._connection, self._rows)
        if self._copies:
            self._connection.execute(insert(submissions.copy).prefix_with("OR IGNORE"), self._copies)

    def _erased(self, way: Way) -> Arrival:
        """It was erased, and does not come back by another way."""
        self._unwanted.append({"sha256": way.kept.sha256})
        if way.again:
            self._freed.append(way.kept.sha256)
        return Arrival(way.name, Became.ERASED)

    def _like_another(self, way: Way, result: Prepared, same: Sequence[Any]) -> Arrival:
        first = same[0]
        if all(each.number == first.number for each in same) and self._content(first) == result.content:
            row = {"sha256": way.kept.sha256, "number": first.number, "outer": way.outer, "bundle": way.bundle}
            self._copies.append(row)
            self._hold(way, result.file_key)
            return Arrival(way.name, Became.COPY, first.id)
        words = f"another report than {first.id} claims to be it: one of the two is forged"
        alarms.raise_alarm(self._journal, "clash", f"{words}; {way.kept.sha256.hex()[:16]} came second", (first.id,))
        error = Damaged(words, "Open both with intake review open, and compare. The first that came stays as it is.")
        return replace(self._refuse(way, error), alarms=(words,))

    def _content(self, like: Any) -> bytes:
        if isinstance(like, _Here):
            return like.content
        query = select(submissions.content.c.report).where(submissions.content.c.number == like.number)
        return bytes(self._connection.execute(query).scalar_one())

    def _refuse(self, way: Way, error: IntakeError) -> Arrival:
        waits = isinstance(error, NoKeyFits)
        told: tuple[str, ...] = ()
        if waits and way.claimed is not None and self._chain and (keyring := self._chain.by_serial(way.claimed)):
            mine = self._recipients.intersection(keyring.recipients)
            if mine:
                words = (
                    f"report {way.outer} was sent as sealed under keyring {way.claimed}, "
                    "which names a key that is here, and that key does not open it"
                )
                alarms.raise_alarm(self._journal, "unreadable", words, (way.outer or "",))
                told = (words,)
        became = Became.WAITS if waits else Became.REFUSED
        if way.bundle is None and not waits:
            return Arrival(way.name, became, error=error, alarms=told)  # a loose file stays where it is
        if not (way.again and waits):
            self._refused.append(
                {
                    "sha256": way.kept.sha256,
                    "name": way.name,
                    "outer": way.outer,
                    "bundle": way.bundle,
                    "claimed": way.claimed,
                    "since": seconds(self._now),
                    "waits": waits,
                    "reason": str(error),
                    "advice": error.advice,
                }
            )
            self._received(way)
        return Arrival(way.name, became, error=error, alarms=told)

    def _hold(self, way: Way, file_key: bytes) -> None:
        self._held.append({"sha256": way.kept.sha256, "size": way.kept.size, "file_key": file_key})
        if way.again:
            self._freed.append(way.kept.sha256)
        else:
            self._received(way)

    def _received(self, way: Way) -> None:
        """Custody begins: which bytes, how many, by which way."""
        told: dict[str, Json] = {"size": way.kept.size, "report": way.outer}
        self._came.setdefault(way.bundle, {})[way.kept.sha256.hex()] = told


@dataclass(frozen=True, slots=True)
class _Here:
    """A submission of this very lot."""

    number: int
    id: str
    content: bytes


def _left(chain: Chain) -> dict[int, list[str]]:
    """Of each keyring the labels whose keys are not in the newest any more."""
    recipients = frozenset(chain.newest.recipients)
    named = {keyring.serial: keyring.reviewers for keyring in chain.keyrings}
    return {serial: [each.label for each in some if each.recipient not in recipients] for serial, some in named.items()}


def _oddities(
    report: Prepared, way: Way, chain: Chain | None, left: Mapping[int, Sequence[str]]
) -> tuple[list[str], list[str]]:
    """(what to show beside a report, what is an alarm): sentences about keyrings and the drop's words, not its own.

    `left`: by the serial of a keyring, whose keys it names that the newest does not.
    """
    told = list(contradictions(report, way.outer, way.origin))
    serial = report.row["keyring"]
    marks: list[str] = []
    if chain is None:
        return marks, told
    keyring = chain.by_serial(serial)
    if keyring is None:
        if serial > chain.newest.serial:
            told.append(f"it names keyring {serial}, which is not known here")
        return marks, told
    if (wrong := should_open(report.stanzas, len(keyring.reviewers))) is not None:
        told.append(wrong)
    if way.claimed is not None and way.claimed != serial:
        marks.append(f"it was sent as sealed under keyring {way.claimed}, and says {serial}")
    if serial in way.closed:
        marks.append(f"it is sealed under keyring {serial}, which was closed")
    if gone := left.get(serial):
        marks.append(f"keys that are no longer in the keyring open it, too: {', '.join(gone)}")
    return marks, told
