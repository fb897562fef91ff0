"""Whether a bundle fits those that came before it: what a drop, or whoever carried its bundles, can't do unnoticed.

Pure: the index notes that a desk has seen and a new index in, alarms in words out. The signature is checked before
(`intake.review.sealed.check_index`); a bundle that fits badly is still the drop's own, so what it carries is taken in:
an alarm never costs a witness the report. Each kind of alarm stands for one thing that happened:

- REPLAYED: a bundle that came before. Nothing is wrong when somebody imports it twice; a courier who brings nothing
  newer is another matter, so the newest is named.
- GAP: bundles between this one and those here, or before the first one, are missing.
- FORKED: two bundles of one number, or one that follows another text than the one here: the drop shows two histories.
- RESTORED: a new epoch: the server was set up again from a backup, and what it took after that backup is lost to it.
- LATE: a bundle of an epoch that had ended when it came: from before the restore, or from a second server.
- BACKWARDS: an older keyring than before, or a closed serial that seals again.
- VANISHED: reports that an earlier bundle lists, this one doesn't, and nobody acknowledged: they were not purged.
- ALTERED: reports that are listed with another size or hash than before.
- SILENT: no bundle came for too long. The drop exports at fixed hours, empty bundles too.
- CLOCK: this machine's date is before the day on which it last took in a bundle.

Seen by one desk alone a chain may be whole and another desk shown another: so heads travel in the desks' logs, and
`intake.review.witnessed` compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from intake.errors import ChainBroken
from intake.report.bundle import Index, IndexEntry
from intake.review.forgetting import Link

SILENCE = timedelta(days=7)
"""After so many days without a bundle a desk alarms, unless it is told another number."""

_NAMED = 5  # reports that a sentence names before it only counts


class Kind(StrEnum):
    """What an alarm is about; see above."""

    REPLAYED = "replayed"
    GAP = "gap"
    FORKED = "forked"
    RESTORED = "restored"
    LATE = "late"
    BACKWARDS = "backwards"
    VANISHED = "vanished"
    ALTERED = "altered"
    SILENT = "silent"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is not as it should be. `reports` are the ids that it is about; `words` name some of them."""

    kind: Kind
    words: str
    reports: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class Place:
    """Where a bundle stands among those seen. `earlier` and `later`: whose lists it is to be compared with."""

    alarms: tuple[Alarm, ...]
    earlier: Link | None
    later: Link | None

    @property
    def again(self) -> bool:
        """Whether this very bundle came before."""
        return any(alarm.kind is Kind.REPLAYED for alarm in self.alarms)


def check_origin(index: Index, origin: str) -> None:
    """Raises `ChainBroken` for a bundle of another drop: nothing of it belongs here."""
    if index.origin != origin:
        raise ChainBroken(
            f"this bundle is of {index.origin}, and this desk reads {origin}",
            "Keep it apart. A desk for each drop: the vaults never mix.",
        )


def place(index: Index, seen: Sequence[Link]) -> Place:
    """Where `index` stands among the bundles seen so far, in whatever order they came, and what is wrong with that."""
    chain = sorted(seen, key=_order)
    if any(link.hash == index.hash for link in chain):
        newest = chain[-1]
        words = f"{_name(index)} was imported before; the newest here is {_name(newest)}"
        return Place((Alarm(Kind.REPLAYED, words),), None, None)
    here = index.epoch, index.serial
    earlier = max((link for link in chain if _order(link) < here), key=_order, default=None)
    later = min((link for link in chain if _order(link) > here), key=_order, default=None)
    alarms = list(_alarms(index, chain, earlier, later))
    return Place(tuple(alarms), earlier, later)


def compare(earlier: Index, later: Index, acknowledged: Callable[[IndexEntry], bool]) -> Iterator[Alarm]:
    """What became of the reports that `earlier` lists; `acknowledged`: whether any desk known here said it has one.

    A report that was acknowledged may have been purged; `Kind.VANISHED` is of those that were not.
    """
    now = {entry.id: entry for entry in later.reports}
    gone = [entry.id for entry in earlier.reports if entry.id not in now and not acknowledged(entry)]
    if gone:
        yield Alarm(
            Kind.VANISHED,
            f"{_some(gone)}: listed in {_name(earlier)}, missing from {_name(later)}, and acknowledged by nobody",
            tuple(gone),
        )
    other = [
        before.id
        for before in earlier.reports
        if (after := now.get(before.id)) and (before.sha256, before.size) != (after.sha256, after.size)
    ]
    if other:
        yield Alarm(
            Kind.ALTERED, f"{_some(other)}: another file in {_name(later)} than in {_name(earlier)}", tuple(other)
        )


def silence(last: date | None, today: date, limit: timedelta = SILENCE) -> Alarm | None:
    """Whether it is too long ago that a bundle came; `last` is the day of the desk when one did, None for never."""
    if last is None:
        return None
    if today < last:
        words = f"this machine says {today}, but the last bundle was imported on {last}: set its date"
        return Alarm(Kind.CLOCK, words)
    if (days := (today - last).days) > limit.days:
        words = f"no new bundle for {days} days, since {last}: ask the operator, and other reviewers"
        return Alarm(Kind.SILENT, words)
    return None


def _alarms(index: Index, chain: Sequence[Link], earlier: Link | None, later: Link | None) -> Iterator[Alarm]:
    name = _name(index)
    if any(_order(link) == (index.epoch, index.serial) for link in chain):
        yield Alarm(Kind.FORKED, f"another {name} came before, with another list: the drop shows two histories")
        return
    if earlier is None:
        yield from _first(index, later)
    elif earlier.epoch == index.epoch:
        yield from _following(index, chain, earlier)
    else:
        yield from _restored(index, chain, earlier)
    if later is not None and (later.epoch, later.serial) == (index.epoch, index.serial + 1):
        if later.previous != index.hash:
            yield Alarm(Kind.FORKED, f"{_name(later)}, which is here, follows another {name} than this one")
    elif later is not None and later.epoch > index.epoch and later.previous != index.hash:
        yield Alarm(
            Kind.LATE,
            f"{name} came when epoch {later.epoch} had begun: it is older than the restore, or a second server runs",
        )
    if earlier is not None and index.keyring < earlier.keyring:
        words = f"{name} names keyring {index.keyring}, and {_name(earlier)} before it named {earlier.keyring}"
        yield Alarm(Kind.BACKWARDS, words)
    if earlier is not None and (again := sorted(earlier.closed - set(index.closed))):
        serials = ", ".join(map(str, again))
        yield Alarm(Kind.BACKWARDS, f"{name} takes reports for keyring {serials}, which was closed before")


def _first(index: Index, later: Link | None) -> Iterator[Alarm]:
    """Nothing older is here."""
    if index.previous is not None and later is None:
        yield Alarm(Kind.GAP, f"{_name(index)} is the first here: what came before it is missing")


def _following(index: Index, chain: Sequence[Link], earlier: Link) -> Iterator[Alarm]:
    """`earlier` is of the same epoch."""
    name, missing = _name(index), range(earlier.serial + 1, index.serial)
    if not missing:
        if index.previous != earlier.hash:
            yield Alarm(Kind.FORKED, f"{name} follows another {_name(earlier)} than the one here")
        return
    if any(link.hash == index.previous for link in chain):
        yield Alarm(Kind.FORKED, f"{name} passes over {_span(missing)}, as if nothing had been between")
        return
    yield Alarm(
        Kind.GAP, f"{_span(missing)} {_are(missing)} missing before {name}: ask the operator for {_it(missing)}"
    )


def _restored(index: Index, chain: Sequence[Link], earlier: Link) -> Iterator[Alarm]:
    """`earlier` is of an epoch before: the first of its own epoch that is here."""
    name = _name(index)
    parent = next((link for link in chain if link.hash == index.previous), None)
    if parent is not None and parent.hash == earlier.hash:
        yield Alarm(Kind.RESTORED, f"{name} begins a new epoch: the server was restored, right after {_name(earlier)}")
    elif parent is not None:
        lost = range(parent.serial + 1, earlier.serial + 1)
        yield Alarm(
            Kind.RESTORED,
            f"{name} begins a new epoch after {_name(parent)}: the server was restored from a backup, "
            f"and knows nothing of {_span(lost)} of epoch {earlier.epoch}",
        )
    else:
        yield Alarm(Kind.RESTORED, f"{name} is of a new epoch: the server was restored from a backup")
        if index.previous is not None:
            yield Alarm(Kind.GAP, f"{name} follows a bundle that is not here: ask the operator for it")


def _order(link: Link) -> tuple[int, int]:
    return link.epoch, link.serial


def _name(bundle: Index | Link) -> str:
    return f"bundle {bundle.serial}" + (f" of epoch {bundle.epoch}" if bundle.epoch > 1 else "")


def _span(serials: range) -> str:
    if len(serials) == 1:
        return f"bundle {serials[0]}"
    return f"bundles {serials[0]} to {serials[-1]}"


def _are(serials: range) -> str:
    return "is" if len(serials) == 1 else "are"


def _it(serials: range) -> str:
    return "it" if len(serials) == 1 else "them"


def _some(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:_NAMED])
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return f"report{'s' * (len(ids) > 1)} {shown}{more}"
