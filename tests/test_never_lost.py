"""Whatever is done to keys, server and desks, in any order: an accepted report is opened by a current reviewer.

And no identity opens a report sealed under a keyring that does not name it. Real ceremonies, a real drop's belief,
judgement, store and bundles, real sealing; only the witness, the post and the days are played.

What people are asked to do is done here too: nobody leaves whose key is the last one standing of a keyring that a
carried report may still be sealed under (the ceremony warns), and whoever leaves first gives on what they alone can
read (`intake keys rewrap`).
"""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from intake.drop.acceptance import Accepted, judge
from intake.drop.belief import Belief
from intake.drop.export import export
from intake.drop.folder import DataFolder
from intake.drop.store import Store
from intake.durable import write_private
from intake.errors import NoKeyFits, Usage
from intake.keyring import Drop, Keyring, PrivateFile, Reviewer, Root, Roots, SignedNote, fingerprint, verify_chain
from intake.keyring.change import LATE, Change, Days, Swap, following, stranded
from intake.report.bundle import read_bundle
from intake.report.package import PackageReader, QuestionnaireRef, Report
from intake.review.forgetting import Evidence, Link, hindrances
from intake.sealing import HybridIdentity, HybridRecipient, Rewrapping, open_bytes
from tests.harness.bundles import seal_for
from tests.harness.keys import ORIGIN, TODAY, new_key

ROOTS = tuple(new_key(label) for label in "abc")
PAPER = Roots(tuple(fingerprint(str(key.verify_key)) for key in ROOTS), 2)
DROP = new_key("d1")
LABELS = ("r1", "r2", "r3", "r4", "r5")
OPEN_FOR, LIVES_FOR = timedelta(days=120), timedelta(days=365)


@dataclass
class Person:
    """A reviewer with a desk: identities that were not forgotten, bundles taken in, and what was kept of them."""

    label: str
    identities: list[HybridIdentity] = field(default_factory=list)
    taken: dict[int, Link] = field(default_factory=dict)
    keyrings: tuple[Keyring, ...] = ()
    kept: dict[str, Rewrapping] = field(default_factory=dict)

    def renewed(self) -> Reviewer:
        """With one more identity, as the keyring will name it."""
        self.identities.append(HybridIdentity.generate())
        return Reviewer(self.label, str(self.identities[-1].recipient), new_key(self.label).verify_key)

    def reads(self, name: str, body: bytes) -> bool:
        """Whether this person opens a report to its end, by what was kept or by an identity."""
        try:
            work = self.kept.get(name) or Rewrapping(io.BytesIO(body), self.identities)
        except NoKeyFits:
            return False
        return PackageReader(work.opened(io.BytesIO(body))).report.answers["account"] == "Seen."


@dataclass(frozen=True)
class Sealed:
    """A report under way or accepted, and the keyring that it was sealed under."""

    name: str
    body: bytes
    keyring: Keyring


class Life(RuleBasedStateMachine):
    """Any life of a drop and its reviewers."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.day = TODAY
        self.people = {label: Person(label) for label in LABELS[:3]}
        self.everybody = list(self.people.values())
        self.number = 0
        self.reports: dict[str, Sealed] = {}
        self.carried: list[Sealed] = []
        self.sticks: list[Path] = []
        self.exported: set[str] = set()
        self.spare: Path | None = None
        first = Keyring(
            origin=ORIGIN,
            serial=1,
            previous=None,
            issued=TODAY,
            expires=TODAY + OPEN_FOR,
            closes=TODAY + LIVES_FOR,
            closed_through=0,
            sites=(),
            threshold=2,
            roots=tuple(Root(label, key.verify_key) for label, key in zip("abc", ROOTS, strict=True)),
            drops=(Drop("d1", DROP.verify_key),),
            reviewers=tuple(person.renewed() for person in self.everybody),
        )
        self.keyrings: list[Keyring] = []
        self._publish(first)
        data = DataFolder.open(self.folder / "data", create=True)
        write_private(data.drop_key, bytes(PrivateFile(DROP)))
        self._start()

    def _publish(self, keyring: Keyring) -> None:
        note = bytes(SignedNote.sign(bytes(keyring), *ROOTS[:2]))
        write_private(self.folder / f"keyring-{keyring.serial}.note", note)
        write_private(self.folder / "keyring.note", note, replace=True)
        self.keyrings.append(keyring)

    def _start(self) -> None:
        self.data = DataFolder.open(self.folder / "data")
        self.belief = Belief(self.data, self.folder / "keyring.note", PAPER, lambda: self.day)
        self.store = Store(self.data)

    def _ceremony(self, change: Change) -> bool:
        """Whether it could be held."""
        try:
            after = self._after(change)
        except Usage:
            return False
        self._publish(after)
        assert self.belief.refresh()
        assert self.belief.chain.newest == after
        return True

    def _after(self, change: Change) -> Keyring:
        return following(self.keyrings[-1], change, Days(self.day, self.day + OPEN_FOR, self.day + LIVES_FOR))

    def _somebody(self, who: int) -> Person:
        return list(self.people.values())[who % len(self.people)]

    @precondition(lambda self: len(self.people) < len(LABELS))
    @rule(which=st.integers(0, 4))
    def add(self, which: int) -> None:
        """Somebody new, perhaps under the label of one who left."""
        free = [label for label in LABELS if label not in self.people]
        person = Person(free[which % len(free)])
        assert self._ceremony(Change(reviewers=(Swap(None, person.renewed()),)))
        self.people[person.label] = person
        self.everybody.append(person)

    @rule(who=st.integers(0, 4), close=st.booleans())
    def rotate(self, who: int, close: bool) -> None:
        person = self._somebody(who)
        earlier = self.keyrings[-1].serial if close else None
        assert self._ceremony(Change(reviewers=(Swap(person.label, person.renewed()),), closed_through=earlier))

    @rule(who=st.integers(0, 4), close=st.booleans())
    def retire(self, who: int, close: bool) -> None:
        leaving = self._somebody(who)
        change = Change(
            reviewers=(Swap(leaving.label, None),), closed_through=self.keyrings[-1].serial if close else None
        )
        if len(self.people) == 1 or stranded(self.keyrings, self._after(change).reviewers, self.day):
            return
        staying = [person for person in self.people.values() if person is not leaving]
        for name, sealed in self.reports.items():
            if not any(person.reads(name, sealed.body) for person in staying):
                own = leaving.kept.get(name) or Rewrapping(io.BytesIO(sealed.body), leaving.identities)
                staying[0].kept[name] = own
        if self._ceremony(change):
            del self.people[leaving.label]

    @rule(behind=st.integers(0, 2))
    def close_earlier(self, behind: int) -> None:
        self._ceremony(Change(closed_through=self.keyrings[-1].serial - behind))

    @rule(days=st.sampled_from([1, 30, 130, 400]))
    def time_passes(self, days: int) -> None:
        self.day += timedelta(days=days)

    def _sealed(self, keyring: Keyring) -> Sealed | None:
        """By a page or form that holds `keyring`; None from its last day on."""
        if keyring.is_closed(self.day):
            return None
        self.number += 1
        name = f"{self.number:032x}"
        report = Report(
            id=name,
            origin=ORIGIN,
            keyring=keyring.serial,
            questionnaire=QuestionnaireRef("first", "1", "0" * 64),
            language="en",
            sealed_by="browser",
            day=self.day,
            answers={"account": "Seen."},
        )
        return Sealed(name, seal_for(report, [HybridRecipient.parse(each) for each in keyring.recipients]), keyring)

    def _send(self, sealed: Sealed, claim: int | None) -> bool:
        """Whether the drop took it."""
        if not isinstance(judge(sealed.body, claim, self.belief.chain, self.day), Accepted):
            return False
        self.store.put(bytes.fromhex(sealed.name), sealed.body, claimed=claim, day=self.day)
        self.reports[sealed.name] = sealed
        return True

    @rule()
    def submit(self) -> None:
        if sealed := self._sealed(self.belief.chain.newest):
            assert self._send(sealed, sealed.keyring.serial)

    @rule(behind=st.integers(1, 4))
    def submit_from_a_page_kept_old(self, behind: int) -> None:
        keyring = self.keyrings[max(0, len(self.keyrings) - 1 - behind)]
        if sealed := self._sealed(keyring):
            self._send(sealed, keyring.serial)

    @rule(behind=st.integers(0, 4))
    def fill_in_a_carried_form(self, behind: int) -> None:
        if sealed := self._sealed(self.keyrings[max(0, len(self.keyrings) - 1 - behind)]):
            digest = hashlib.sha256(sealed.body).digest()[:16].hex()
            self.carried.append(Sealed(digest, sealed.body, sealed.keyring))

    @precondition(lambda self: self.carried)
    @rule(which=st.integers(0, 9))
    def deliver_a_carried_form(self, which: int) -> None:
        sealed = self.carried.pop(which % len(self.carried))
        if self.day < sealed.keyring.closes + LATE:
            assert self._send(sealed, None)

    @rule()
    def hand_over(self) -> None:
        folder = self.folder / f"stick-{len(self.sticks)}"
        folder.mkdir()
        self.sticks += export(self.data, self.store, folder, self.day)
        self.exported |= {entry.id.hex() for entry in self.store.entries()}

    @rule(who=st.integers(0, 4), withheld=st.none() | st.integers(0, 3))
    def take_in(self, who: int, withheld: int | None) -> None:
        """Every bundle that this desk has not seen, but for one that is withheld for a while."""
        person = self._somebody(who)
        for number, place in enumerate(each for each in range(len(self.sticks)) if each not in person.taken):
            if number != withheld:
                self._take(person, place)

    def _take(self, person: Person, place: int) -> None:
        with self.sticks[place].open("rb") as file:
            reader = read_bundle(file)
            keyrings = verify_chain(list(reader.keyrings.values()), roots=PAPER, pin=None, today=self.day).keyrings
            person.keyrings = max(person.keyrings, keyrings, key=len)
            for entry, stream in reader:
                body = stream.read()
                try:
                    person.kept[entry.id] = Rewrapping(io.BytesIO(body), person.identities)
                except NoKeyFits:
                    continue
        person.taken[place] = Link.of(reader.index, keyrings, self.day, whole=True)

    @rule(who=st.integers(0, 4))
    def forget(self, who: int) -> None:
        """Whatever this desk can prove to be of no more use."""
        person = self._somebody(who)
        evidence = Evidence(person.keyrings, [person.taken[place] for place in sorted(person.taken)], ())
        for identity in list(person.identities):
            if person.keyrings and not hindrances(str(identity.recipient), evidence):
                person.identities.remove(identity)
                self._everything_opens()

    @rule(
        who=st.none() | st.integers(0, 4),
        withheld=st.none() | st.integers(0, 1),
        days=st.sampled_from([30, 130, 600]),
    )
    def a_season_goes_by(self, who: int | None, withheld: int | None, days: int) -> None:
        """Reports come, one or all rotate, bundles go to the desks, perhaps not all, and each forgets what it can."""
        self.submit()
        self.fill_in_a_carried_form(0)
        self.hand_over()
        for each in range(len(self.people)) if who is None else [who]:
            self.rotate(each, close=True)
        self.time_passes(days)
        self.submit()
        self.hand_over()
        for each in range(len(self.people)):
            self.take_in(each, withheld)
            self.forget(each)

    @rule()
    def back_up_the_server(self) -> None:
        self.store.close()
        self.spare = self.folder / "spare"
        shutil.rmtree(self.spare, ignore_errors=True)
        shutil.copytree(self.data.path, self.spare)
        self._start()

    @precondition(lambda self: self.spare)
    @rule()
    def restore_the_server(self) -> None:
        """What was accepted since and never exported is gone, as the README says; all else must still open."""
        assert self.spare is not None
        self.store.close()
        shutil.rmtree(self.data.path)
        self.spare.rename(self.data.path)
        self.spare = None
        self._start()
        there = {entry.id.hex() for entry in self.store.entries()} | self.exported
        self.reports = {name: sealed for name, sealed in self.reports.items() if name in there}

    def _unread(self) -> Iterator[str]:
        for name, sealed in self.reports.items():
            if not any(person.reads(name, sealed.body) for person in self.people.values()):
                yield f"{name} of keyring {sealed.keyring.serial}"

    def _everything_opens(self) -> None:
        assert list(self._unread()) == []

    def teardown(self) -> None:
        if not hasattr(self, "store"):  # the machine stopped before it began
            return
        self.store.close()
        try:
            self._everything_opens()
            for sealed in self.reports.values():
                for identity in (identity for person in self.everybody for identity in person.identities):
                    if str(identity.recipient) not in sealed.keyring.recipients:
                        with pytest.raises(NoKeyFits):
                            open_bytes(sealed.body, [identity])
        finally:
            shutil.rmtree(self.folder)


_SETTINGS = settings(
    max_examples=12,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_any_life_leaves_no_report_unread() -> None:
    run_state_machine_as_test(Life, settings=_SETTINGS)


@pytest.mark.long
def test_many_long_lives_leave_no_report_unread() -> None:
    run_state_machine_as_test(Life, settings=settings(_SETTINGS, max_examples=150, stateful_step_count=50))
