"""An import: each report once, each oddity named, nothing lost, and the same again changes nothing."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text

from intake.errors import ChainBroken, KeyringRefused
from intake.keyring.note import SigningKey
from intake.report.code import Code
from intake.report.folding import search_key
from intake.review import alarms, bundles, submissions
from intake.review.forgetting import Link
from intake.review.importing import Arrival, Became, Import
from intake.review.log import Entity
from intake.review.submissions import find, quarantine, submission, thread
from intake.review.tables import event
from intake.review.triage import Tier
from intake.review.vault import Vault
from intake.sealing import HybridIdentity, rewrap
from tests.harness.bundles import index_of, make_bundle, make_report, seal_report
from tests.harness.keys import World, make_world
from tests.harness.vaults import make_vault, open_vault


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def vault(world: World, tmp_path: Path) -> Vault:
    return make_vault(world, tmp_path / "vault")


def sound(world: World, *numbers: int) -> dict[str, bytes]:
    reports = [make_report(world, number) for number in numbers]
    return {report.id: seal_report(report, world.reviewers) for report in reports}


def named(number: int) -> str:
    return f"{number:032x}"


class Stick:
    """A folder of bundles, and an import of them with one reviewer's identity."""

    def __init__(self, folder: Path, vault: Vault, *identities: HybridIdentity) -> None:
        self.folder, self.vault, self.identities = folder, vault, identities
        self.heard: list[str] = []

    def take(self, content: bytes, name: str = "a.bundle") -> list[Arrival]:
        path = self.folder / name
        path.write_bytes(content)
        with Import(self.vault, self.identities, heard=self.heard.append, workers=1) as work:
            return [*work.waiting(), *work.take(path)]

    def alarms(self) -> list[str]:
        with self.vault.reading() as connection:
            return [each.words for each in alarms.standing(connection)]


@pytest.fixture
def stick(world: World, vault: Vault, tmp_path: Path) -> Stick:
    return Stick(tmp_path, vault, world.reviewers[0])


def became(arrivals: list[Arrival]) -> Mapping[str, int]:
    return dict(Counter(each.became.value for each in arrivals))


def test_a_bundle_becomes_submissions_and_the_same_again_changes_nothing(world: World, stick: Stick) -> None:
    files = [b"\xff\xd8 one", bytes(2 << 20)]
    large = make_report(world, 9, files)
    bundle = make_bundle(world, {**sound(world, 1, 2, 3), large.id: seal_report(large, world.reviewers, files)})
    with stick.vault as vault:
        arrivals = stick.take(bundle)
        assert became(arrivals) == {"new": 4}
        assert stick.heard == stick.alarms() == []
        with vault.reading() as connection:
            held = find(connection, large.id)
            assert held.report == large
            assert held.marks == ()
            events = connection.execute(select(event.c.kind)).scalars().all()
            assert Counter(events) == {"import": 1, "bundle": 1}
            (link,) = bundles.links(connection)
            assert (link.serial, link.whole) == (1, True)
            found = text("SELECT count(*) FROM words WHERE words MATCH :word")
            assert connection.execute(found, {"word": search_key("Хоруғ")}).scalar() == 4
        with vault.opened(held.original) as opened:
            assert files[1] in opened.read()
        assert became(stick.take(bundle)) == {"before": 4}
        with vault.reading() as connection:
            assert len(connection.execute(select(event.c.id)).all()) == 2


def test_one_bad_report_stops_no_other_and_stays_with_its_reason(world: World, stick: Stick) -> None:
    sealed = sound(world, 1, 2, 3, 4, 5)
    sealed[named(1)] = seal_report(make_report(world, 1), [HybridIdentity.generate() for _ in range(3)])
    sealed[named(2)] = sealed[named(2)][:-1] + bytes([sealed[named(2)][-1] ^ 1])
    sealed[named(3)] = seal_report(make_report(world, 3), world.reviewers, spoil=b"../../etc/passwd")
    with stick.vault as vault:
        arrivals = stick.take(make_bundle(world, sealed))
        assert became(arrivals) == {"new": 2, "waits": 1, "refused": 2}
        with vault.reading() as connection:
            rows = {row.outer: row for row in connection.execute(select(quarantine))}
            assert {row.waits for row in rows.values()} == {True, False}
            assert "climbs out" in rows[named(3)].reason
            for name, row in rows.items():
                assert vault.originals.path(bytes(row.sha256)).read_bytes() == sealed[name]
            assert bundles.links(connection)[0].whole
        (alarm,) = stick.alarms()
        assert "names a key that is here, and that key does not open it" in alarm


def test_what_waited_is_taken_in_when_its_key_comes_back(world: World, tmp_path: Path, vault: Vault) -> None:
    lost, other = HybridIdentity.generate(), HybridIdentity.generate()
    report = make_report(world, 1)
    bundle = make_bundle(world, {report.id: seal_report(report, [lost, other, world.reviewers[2]])})
    with vault:
        assert became(Stick(tmp_path, vault, world.reviewers[0]).take(bundle)) == {"waits": 1}
        restored = Stick(tmp_path, vault, world.reviewers[0], lost)
        with Import(vault, restored.identities, workers=1) as work:
            assert became([*work.waiting()]) == {"new": 1}
            assert [*work.waiting()] == []
        with vault.reading() as connection:
            assert find(connection, report.id).outer == report.id
            assert find(connection, report.id).bundle == "1.1"


def test_bytes_that_are_not_the_listed_ones_are_not_taken_and_the_bundle_is_asked_for_again(
    world: World, stick: Stick
) -> None:
    sealed = sound(world, 1, 2)
    other = seal_report(
        make_report(world, 2, answers={"account": "Ӯро дар Хоруғ бурданд. №9", "kind": ["taken"]}), world.reviewers
    )
    bundle = make_bundle(world, sealed)
    with stick.vault as vault:
        arrivals = stick.take(bundle.replace(sealed[named(2)], other))
        assert became(arrivals) == {"new": 1, "failed": 1}
        with vault.reading() as connection:
            assert not bundles.links(connection)[0].whole
        assert became(stick.take(bundle)) == {"new": 1, "before": 1}
        with vault.reading() as connection:
            assert bundles.links(connection)[0].whole


def test_a_copy_is_no_second_submission(world: World, stick: Stick) -> None:
    report = make_report(world, 1)
    sealed = seal_report(report, world.reviewers)
    for_newcomer = io.BytesIO()
    rewrap(io.BytesIO(sealed), for_newcomer, world.reviewers[:1], [each.recipient for each in world.reviewers])
    with stick.vault as vault:
        assert became(stick.take(make_bundle(world, {report.id: sealed}))) == {"new": 1}
        assert became(stick.take(for_newcomer.getvalue(), "copy.age")) == {"copy": 1}
        assert became(stick.take(seal_report(report, world.reviewers), "again.age")) == {"copy": 1}
        assert became(stick.take(for_newcomer.getvalue(), "copy.age")) == {"before": 1}
        with vault.reading() as connection:
            assert len(connection.execute(select(submission.c.number)).all()) == 1
        assert stick.alarms() == []


def test_another_report_under_the_same_id_is_forged_by_somebody(world: World, stick: Stick) -> None:
    report = make_report(world, 1)
    forged = replace(report, answers={"account": "another"})
    outer = "ff" * 16
    with stick.vault as vault:
        sealed = {report.id: seal_report(report, world.reviewers), outer: seal_report(forged, world.reviewers)}
        arrivals = stick.take(make_bundle(world, sealed))
        assert became(arrivals) == {"new": 1, "refused": 1}
        assert any("claims to be it: one of the two is forged" in words for words in stick.alarms())
        with vault.reading() as connection:
            assert len(connection.execute(select(submission.c.id)).all()) == 1


def test_what_contradicts_the_drop_is_an_alarm_and_a_mark(world: World, stick: Stick) -> None:
    elsewhere = make_report(world, 7, origin="elsewhere.example")
    few = make_report(world, 8)
    sealed = {
        "ab" * 16: seal_report(make_report(world, 5), world.reviewers),
        elsewhere.id: seal_report(elsewhere, world.reviewers),
        few.id: seal_report(few, world.reviewers[:1]),
    }
    with stick.vault as vault:
        assert became(stick.take(make_bundle(world, sealed))) == {"new": 3}
        told = " ".join(stick.alarms())
        assert f"the drop gave this report the id {'ab' * 16}, but its own is {named(5)}" in told
        assert "made for elsewhere.example, not for drop.example" in told
        assert "sealed to 1 of the 3 reviewers of its keyring" in told
        with vault.reading() as connection:
            assert find(connection, few.id).marks == (
                "it is sealed to 1 of the 3 reviewers of its keyring: others may not be able to read it",
            )


def test_a_report_of_a_closed_keyring_says_who_else_can_read_it(world: World, tmp_path: Path) -> None:
    later = world.next(reviewers=2, closed_through=1)
    report = make_report(world, 1)
    with make_vault(later, tmp_path / "vault") as vault:
        stick = Stick(tmp_path, vault, world.reviewers[0])
        bundle = make_bundle(later, {report.id: seal_report(report, world.reviewers)}, closed=(1,))
        assert became(stick.take(bundle)) == {"new": 1}
        with vault.reading() as connection:
            assert find(connection, report.id).marks == (
                "it was sent as sealed under keyring 2, and says 1",
                "it is sealed under keyring 1, which was closed",
                "keys that are no longer in the keyring open it, too: r3",
            )


def test_the_chain_is_checked_and_a_gap_closes_itself(world: World, stick: Stick) -> None:
    first = make_bundle(world, sound(world, 1))
    kept = {named(1): sound(world, 1)[named(1)]}
    second = make_bundle(world, {**kept, **sound(world, 2)}, serial=2, previous=index_of(first).hash)
    third = make_bundle(world, sound(world, 3), serial=3, previous=index_of(second).hash)
    with stick.vault:
        stick.take(first)
        stick.take(third)
        (words,) = [words for words in stick.alarms() if "missing before" in words]
        assert words == "bundle 2 is missing before bundle 3: ask the operator for it"
        assert f"ALARM: a.bundle: {words}" in stick.heard
        assert any("acknowledged by nobody" in words for words in stick.alarms()), "report 1 has vanished"
        stick.take(second)
        assert not any("missing before" in words for words in stick.alarms())
        assert any(named(2) in words and "bundle 3" in words for words in stick.alarms())


def test_an_acknowledged_report_may_be_purged(world: World, stick: Stick) -> None:
    first = make_bundle(world, sound(world, 1))
    second = make_bundle(world, {}, serial=2, previous=index_of(first).hash)
    with stick.vault as vault:
        stick.take(first)
        with vault.journal() as journal:
            from intake.review.witnessed import bundle

            journal.record(bundle(1, 1), bundles.acknowledged_field(vault.label), index_of(first).hash.hex())
        stick.take(second)
        assert stick.alarms() == []


def test_who_joined_later_knows_by_the_others_logs_what_may_be_purged(world: World, stick: Stick) -> None:
    held = index_of(make_bundle(world, sound(world, 1))).reports[0]
    third = make_bundle(world, {}, serial=3, previous=bytes(32), reports=(replace(held, state="held"),))
    fourth = make_bundle(world, {}, serial=4, previous=index_of(third).hash)
    with stick.vault as vault:
        stick.take(third)
        with vault.journal() as journal:  # as r2's log would bring it
            journal.record(Entity("bundle", "1.1"), bundles.acknowledged_field(vault.label), "00" * 32)
        stick.take(fourth)
        assert [words for words in stick.alarms() if "acknowledged by nobody" in words] == []


def test_a_bundle_of_strangers_is_refused_and_changes_nothing(world: World, stick: Stick, tmp_path: Path) -> None:
    stranger = make_world(tmp_path / "stranger")
    elsewhere = make_world(tmp_path / "elsewhere", origin="elsewhere.example")
    with stick.vault as vault:
        with pytest.raises(ChainBroken, match=r"of elsewhere.example, and this desk reads drop.example"):
            stick.take(make_bundle(elsewhere, sound(elsewhere, 1)))
        with pytest.raises(KeyringRefused):
            stick.take(make_bundle(stranger, sound(stranger, 1)))
        with pytest.raises(ChainBroken, match="signed by no drop"):
            stick.take(make_bundle(world, sound(world, 1), key=SigningKey.generate(f"{world.origin}/d1")))
        with vault.reading() as connection:
            assert connection.execute(select(event.c.id)).all() == []
            assert bundles.links(connection) == ()


def test_an_answer_by_the_code_joins_its_report(world: World, stick: Stick) -> None:
    to = Code.draw(lambda size: b"\x01" * size).open(world.origin).reply_to
    stranger = Code.draw(lambda size: b"\x02" * size).open(world.origin).reply_to
    first = make_report(world, 1, reply_to=to)
    answer = make_report(world, 2, in_reply_to=to.mailbox, reply_to=to)
    further = make_report(world, 3, in_reply_to=to.mailbox, reply_to=to)
    lonely = make_report(world, 4, in_reply_to=named(77), reply_to=stranger)
    sealed = {each.id: seal_report(each, world.reviewers) for each in (first, answer, further, lonely)}
    with stick.vault as vault:
        stick.take(make_bundle(world, sealed))
        with vault.reading() as connection:
            for each in (first, answer, further):
                assert thread(connection, each.id) == (first.id, answer.id, further.id)
            assert thread(connection, lonely.id) == (lonely.id,)


def test_what_cannot_wait_is_told(world: World, stick: Stick) -> None:
    report = make_report(world, 1, answers={"urgent": ["child"]})
    with stick.vault:
        (arrival,) = stick.take(make_bundle(world, {report.id: seal_report(report, world.reviewers)}))
    assert arrival.tier is Tier.T0


def test_an_import_that_was_stopped_goes_on_where_it_ended(
    world: World, stick: Stick, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake.review.importing.LOT", 2)
    bundle = make_bundle(world, sound(world, *range(1, 8)))
    path = stick.folder / "a.bundle"
    path.write_bytes(bundle)
    with stick.vault as vault, Import(vault, stick.identities, workers=1) as work:
        some = work.take(path)
        next(some)
        del some
    with open_vault(world, stick.vault.folder.path) as vault:
        with vault.reading() as connection:
            assert not bundles.links(connection)[0].whole
            begun = len(submissions.known_files(connection))
        assert begun == 2
        again = Stick(stick.folder, vault, *stick.identities)
        assert became(again.take(bundle)) == {"new": 5, "before": 2}
        with vault.reading() as connection:
            assert bundles.links(connection)[0].whole
        assert again.alarms() == again.heard == []


def test_the_chain_to_forget_by_runs_back_from_the_newest() -> None:
    def link(epoch: int, serial: int, previous: bytes | None, *, whole: bool = True) -> Link:
        from tests.harness.keys import TODAY

        return Link(epoch, serial, bytes([epoch, serial]) * 16, previous, 1, frozenset(), whole, TODAY)

    one = link(1, 1, None)
    two = link(1, 2, one.hash)
    lost = link(1, 3, two.hash)
    after = link(2, 3, two.hash)
    assert bundles.chain_of([]) == ()
    assert bundles.chain_of([after, lost, one, two]) == (one, two, after)
    assert [each.whole for each in bundles.chain_of([after, replace(lost, whole=False), one, two])] == [
        True,
        True,
        False,
    ]
    assert bundles.chain_of([after, one]) == (one, after), "the gap is there to be named"


def test_arrivals_are_told_to_programs() -> None:
    told = Arrival("a", Became.NEW, "12", Tier.T1).facts()
    assert told == {"name": "a", "became": "new", "id": "12", "tier": "T1", "alarms": [], "error": None}
