"""The inbox, lists, search and what is said of submissions: right by the rules, and as a reviewer types them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from intake.errors import Exit, Usage
from intake.locale import packaged_places
from intake.report.code import Code, Holder
from intake.report.document import Json
from intake.report.package import Report
from intake.report.reading import LABELS
from intake.review import alarms, handling, inbox, listings
from intake.review.handling import handling_of
from intake.review.importing import Import
from intake.review.inbox import Wanted, counts, lines, number_of
from intake.review.journal import Journal
from intake.review.log import Content, Entity
from intake.review.search import Gazette, query
from intake.review.tables import event
from intake.review.triage import Decision, Tier, triage
from intake.review.vault import Vault
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.desk import review
from tests.harness.keys import World, make_world
from tests.harness.vaults import PASSPHRASE, QUICK, make_vault, noon

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"), today=datetime.now(UTC).date())


def at(moment: datetime) -> Json:
    return {"precision": "exact", "date": f"{moment:%Y-%m-%d}", "time": f"{moment:%H:%M}", "zone": "+00:00"}


def told(world: World) -> list[Report]:
    now = noon(world)
    answers: list[dict[str, Json]] = [
        {"account": "the rest"},
        {"now": "held", "who": [{"name": "Фирдавс Раҳмонзода"}], "where": {"id": "khorog", "text": "Хоруғ"}},
        {"urgent": ["court"], "contact_detail": "+992 900 555", "relation": "brother"},
        {"urgent": ["child"]},
        {"removal_when": at(now + 10 * DAY)},
        {"removal_when": at(now + 20 * DAY)},
        {"urgent": ["court"], "removal_when": at(now + 15 * HOUR + 14 * DAY)},
        {"account": "[@click=app.quit]x[/] \u202e\x1b[31m", "kind": ["taken"]},
    ]
    return [make_report(world, number, answers=each) for number, each in enumerate(answers, 1)]


def named(number: int) -> str:
    return f"{number:032x}"


@pytest.fixture(scope="module")
def filled(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    """A vault with the reports of `told`, each with a tier of its own."""
    folder = tmp_path_factory.mktemp("filled")
    with make_vault(world, folder / "vault") as vault:
        _fill(world, vault, folder)
        yield vault


def _fill(world: World, vault: Vault, folder: Path) -> None:
    bundle = folder / "a.bundle"
    bundle.write_bytes(make_bundle(world, {each.id: seal_report(each, world.reviewers) for each in told(world)}))
    with Import(vault, world.reviewers[:1], workers=1) as work:
        assert len([*work.take(bundle)]) == len(told(world))


def ids(vault: Vault, wanted: Wanted, now: datetime) -> list[int]:
    with vault.reading() as connection:
        found = lines(connection, wanted, now, 100)
        assert number_of(connection, wanted, now) == len(found)
    return [int(line.id, 16) for line in found]


@pytest.fixture
def undone(filled: Vault) -> Iterator[Vault]:
    """What is said in a test is taken back after it."""
    with filled.reading() as connection:
        before = connection.execute(select(event.c.id)).scalars().all()
    yield filled
    with filled.journal() as journal:
        rows = journal.connection.execute(select(event).where(event.c.id.not_in(before)).order_by(event.c.id.desc()))
        for row in rows.all():
            entity = Entity(row.kind, row.entity)
            if row.content is not None:
                journal.record(entity, Content.parse(row.content.encode()).field, None)


def test_the_most_urgent_comes_first_and_then_what_is_due_soonest(world: World, filled: Vault) -> None:
    now = noon(world)
    assert ids(filled, Wanted(), now) == [4, 3, 5, 7, 2, 6, 1, 8]
    later = now + 11 * DAY
    assert ids(filled, Wanted(tiers=frozenset({Tier.T0})), later) == [4, 5], "a flight that has gone stays"
    assert 6 in ids(filled, Wanted(tiers=frozenset({Tier.T1})), later)


@pytest.mark.parametrize("later", [0, 8, 11, 15])
def test_pages_of_a_list_are_the_list(world: World, filled: Vault, later: int) -> None:
    now = noon(world) + later * DAY
    whole = ids(filled, Wanted(), now)
    with filled.reading() as connection:
        for size in range(1, len(whole)):
            pages = [lines(connection, Wanted(), now, size, start) for start in range(0, len(whole), size)]
            assert [int(line.id, 16) for page in pages for line in page] == whole, size


@settings(max_examples=60, deadline=None)
@given(
    hours=st.integers(0, 24 * 22),
    tier=st.none() | st.sampled_from(list(Tier)),
    decided=st.integers(-5, 24 * 20),
)
def test_the_database_and_the_rules_agree(
    world: World, filled: Vault, hours: int, tier: Tier | None, decided: int
) -> None:
    start = noon(world)
    moment = start + decided * HOUR
    now = max(start + hours * HOUR, moment, start)
    try:
        with filled.journal() as journal:
            if tier is not None:
                slow = Journal(journal.connection, filled.signing, lambda: moment)
                for report in told(world):
                    handling.decide(slow, report.id, tier, "as the test wishes")
                slow.finish()
            decision = None if tier is None else Decision(tier, max(moment, start))
            expected = {report.id: triage(report.answers, start, now, decided=decision).tier for report in told(world)}
            found = {line.id: line for line in lines(journal.connection, Wanted(), now, 100)}
            for tiers in Tier:
                chosen = lines(journal.connection, Wanted(tiers=frozenset({tiers})), now, 100)
                assert {line.id for line in chosen} == {name for name, each in expected.items() if each == tiers}
            if decided >= 0:
                assert {name: line.triage.tier for name, line in found.items()} == expected
            raise _Over
    except _Over:
        pass


class _Over(Exception):
    """Takes the transaction back."""


def test_what_is_said_moves_it_in_the_lists_and_can_be_taken_back(world: World, undone: Vault) -> None:
    now, label = noon(world), undone.label
    with undone.journal() as journal:
        handling.decide(journal, named(4), Tier.T3, "a test of the form")
        handling.set_mark(journal, named(2), "flag", " Call  Back ", on=True)
        handling.set_mark(journal, named(1), "tag", "airport", on=True)
        journal.record(handling.entity(named(3)), "assigned", "r2")
        journal.record(handling.entity(named(5)), "hold", "wait for the lawyer")
        journal.record(handling.entity(named(7)), "done", "sent to counsel")
        handling.see(journal, named(1), label)
    assert ids(undone, Wanted(waiting=True), now) == [3, 2, 6, 1, 4, 8]
    assert ids(undone, Wanted(flags=frozenset({"call back"})), now) == [2]
    assert ids(undone, Wanted(tags=frozenset({"airport"})), now) == [1]
    assert ids(undone, Wanted(assigned="r2"), now) == [3]
    assert 3 not in ids(undone, Wanted(unassigned=True), now)
    assert ids(undone, Wanted(on_hold=True), now) == [5]
    assert ids(undone, Wanted(done=True), now) == [7]
    assert 1 not in ids(undone, Wanted(unread_by=label), now)
    assert 1 in ids(undone, Wanted(unread_by="r2"), now)
    with undone.reading() as connection:
        counted = counts(connection, label, now)
        assert counted.waiting == {Tier.T0: 0, Tier.T1: 1, Tier.T2: 1, Tier.T3: 4}
        assert (counted.unread, counted.on_hold, counted.done, counted.quarantined) == (5, 1, 1, 0)
        said = handling_of(connection, named(4))
        assert (said.decided_by, said.reason) == (label, "a test of the form")
    undone.rebuild()
    assert ids(undone, Wanted(waiting=True), now) == [3, 2, 6, 1, 4, 8], "the log says the same"


def test_it_is_found_by_any_name_and_never_by_what_is_hidden(world: World, filled: Vault) -> None:
    gazette = Gazette(packaged_places())
    for typed, found in (("Khorugh", [2]), ("rahmonov firdavs", [2]), ("555", []), ("brother", []), ("taken", [8])):
        assert ids(filled, Wanted(query=query(typed, gazette)), noon(world)) == found, typed


@pytest.mark.parametrize("later", [0, 11, 15])
def test_a_list_that_is_walked_is_the_one_that_is_sorted(
    world: World, undone: Vault, monkeypatch: pytest.MonkeyPatch, later: int
) -> None:
    now = noon(world) + later * DAY
    with undone.journal() as journal:
        handling.decide(journal, named(8), Tier.T1, "as it seems")
        journal.record(handling.entity(named(6)), "hold", "wait")
    asked = [
        replace(wanted, query=words)
        for words in ('"taken"', '"khor"*', '"a"* OR "t"* OR "h"* OR "m"*', '"nothing"')
        for wanted in (Wanted(), Wanted(waiting=True), Wanted(tiers=frozenset({Tier.T1, Tier.T3})))
    ]
    with undone.reading() as connection:
        told = [[[line.id for line in lines(connection, each, now, size)] for size in (1, 3, 100)] for each in asked]
        monkeypatch.setattr(inbox, "_MANY", 0)
        walked = [[[line.id for line in lines(connection, each, now, size)] for size in (1, 3, 100)] for each in asked]
    assert walked == told
    assert max(len(found[-1]) for found in told) == 3


def test_a_decision_needs_a_reason_and_a_mark_a_name(undone: Vault) -> None:
    with undone.journal() as journal:
        with pytest.raises(Usage, match="why is not said"):
            handling.decide(journal, named(1), Tier.T3, " ")
        for name in ("", "x" * 61, "a\x1bb"):
            with pytest.raises(Usage):
                handling.set_mark(journal, named(1), "tag", name, on=True)


def test_a_countdown_is_short(world: World) -> None:
    now = noon(world)
    due = triage({"urgent": ["court"]}, now, now)
    assert listings.countdown(due, now) == "in 24 h"
    assert listings.countdown(due, now + 26 * HOUR) == "OVERDUE 2 h"
    assert listings.countdown(due, now + 24 * HOUR) == "NOW", "what can't wait is due as it is imported, and not late"
    assert listings.countdown(due, now + 24 * HOUR + timedelta(minutes=59)) == "NOW"
    assert listings.countdown(due, now + 25 * HOUR) == "OVERDUE 60 min"
    assert listings.countdown(due, now + 24 * HOUR + 10 * DAY) == "OVERDUE 10 d"
    assert listings.countdown(triage({}, now, now), now) == ""
    assert inbox.title({"account": "a\n b" * 90}) == ("a b" * 90)[:100]
    assert inbox.title({"who": "nobody", "where": ["x"], "kind": "taken"}) == "", "odd shapes are no names"


@pytest.fixture
def on_disk(world: World, tmp_path: Path) -> Path:
    folder = tmp_path / "vault"
    keys = {"signing": world.reviewer_keys[0], "roots": world.typed, "notes": world.notes}
    with Vault.create(folder, PASSPHRASE, cost=QUICK, **keys) as vault:  # type: ignore[arg-type]  # by name
        _fill(world, vault, tmp_path)
    return folder


def test_a_reviewer_reads_marks_and_searches(on_disk: Path) -> None:
    done = review(on_disk, "inbox")
    assert done.returncode == Exit.OK, done.stderr
    assert "T0: 1 can't wait." in done.stderr
    first, *rest = done.stdout.splitlines()
    assert first.startswith("* T0 ")
    assert len(rest) == 7
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout
    assert r"\u{202e}" in done.stdout
    shown = review(on_disk, "show", named(3))
    assert shown.returncode == Exit.OK, shown.stderr
    assert "555" not in shown.stdout + shown.stderr
    assert "Not shown: contact_detail, relation. --contact shows them, and the look is logged." in shown.stderr
    looked = review(on_disk, "show", named(3), "--contact")
    assert "+992 900 555" in looked.stdout
    assert "Read by: r1" in looked.stdout
    marked = review(on_disk, "mark -", "--tag", "later", "--hold", "the lawyer asks", typed=[named(1), named(2)])
    assert marked.stderr.splitlines()[-1] == "2 marked."
    held = json.loads(review(on_disk, "list --on-hold --json").stdout)
    assert [(each["hold"], each["tags"]) for each in held["submissions"]] == [("the lawyer asks", ["later"])] * 2
    found = review(on_disk, "search", "хорог", "rahmonov", "--json")
    assert [each["id"] for each in json.loads(found.stdout)["submissions"]] == [named(2)]
    assert review(on_disk, "show", "ffff").returncode == Exit.USAGE
    assert review(on_disk, "show", named(1)[:8]).returncode == Exit.USAGE, "more than one begins so"
    assert review(on_disk, "mark", named(1)).returncode == Exit.USAGE
    assert review(on_disk, "mark", named(1), "--tier", "T2").returncode == Exit.USAGE, "without a reason"
    with Vault.open(on_disk, PASSPHRASE) as vault, vault.reading() as connection:
        contents = [Content.parse(each.encode()) for each in connection.execute(select(event.c.content)).scalars()]
    looks = [each for each in contents if each.field == "contact/r1"]
    assert len(looks) == 1
    assert isinstance(looks[0].new, dict)
    assert looks[0].new["fields"] == ["contact_detail", "relation"]


def test_a_report_taken_back_says_so_in_lists_and_above_every_report_of_its_thread(
    world: World, tmp_path: Path
) -> None:
    def holder(number: int) -> Holder:
        return Code.draw(lambda size: number.to_bytes(size, "big")).open(world.origin)

    def sent(number: int, by: Holder, **answers: Json) -> Report:
        back = by.mailbox if answers.get("change") else None
        return make_report(world, number, answers=answers, reply_to=by.reply_to, in_reply_to=back)

    one, two, folder = holder(1), holder(2), tmp_path / "vault"
    reports = [
        sent(1 << 100, one, account="the first"),
        sent(2 << 100, one, account="", change="consent", consent=["lawyer"]),
        sent(3 << 100, one, account="no more", change="withdraw"),
        sent(4 << 100, two, account="WITHDRAWN"),
    ]
    bundle = tmp_path / "a.bundle"
    bundle.write_bytes(make_bundle(world, {each.id: seal_report(each, world.reviewers) for each in reports}))
    keys = {"signing": world.reviewer_keys[0], "roots": world.typed, "notes": world.notes}
    with Vault.create(folder, PASSPHRASE, cost=QUICK, **keys) as vault:  # type: ignore[arg-type]  # by name
        with Import(vault, world.reviewers[:1], workers=1) as work:
            assert len([*work.take(bundle)]) == len(reports)
        with vault.reading() as connection:
            found = lines(connection, Wanted(), vault.now(), 10)
        listed = {line.id: row for line, row in zip(found, listings.rows(found, "r1", vault.now()), strict=True)}
        for width in (60, 80, 140):
            assert max(map(len, listings.rows(found, "r1", vault.now(), width))) <= width
    first, consent, withdraw, apart = (each.id for each in reports)
    assert f"{withdraw[:8]}  WITHDRAWN: no more" in listed[withdraw]
    assert f"{consent[:8]}  CONSENT CHANGED: (no words)" in listed[consent]
    assert "WITHDRAWN" not in listed[first]
    assert listed[apart].endswith(f"{apart[:8]}  WITHDRAWN"), "a witness's word is no mark: it has no colon"
    assert {line.id: line.facts()["change"] for line in found} == {
        first: None, consent: "consent", withdraw: "withdraw", apart: None,
    }  # fmt: skip
    for shown in (first, consent, withdraw):
        top = review(folder, "show", shown).stdout.splitlines()
        assert [
            line.partition(": ")[2].removeprefix(other[:8])
            for line, other in zip(top, (consent, withdraw), strict=False)
        ] == [
            f"{' (this one)' * (shown == other)}: {LABELS[f'={change}']}"
            for other, change in ((consent, "consent"), (withdraw, "withdraw"))
        ]
        assert top[2] == "STOPPED: nothing new goes out: a change by the code waits for a reviewer's decision."
        assert top[4] == shown
    told = json.loads(review(folder, "show", first, "--json").stdout)
    assert told["changed"] == {consent: "consent", withdraw: "withdraw"}
    assert "LOOK" not in review(folder, "show", apart).stdout


def test_an_alarm_stays_above_every_list_until_somebody_says_why_not(on_disk: Path) -> None:
    with Vault.open(on_disk, PASSPHRASE) as vault, vault.journal() as journal:
        alarm = alarms.raise_alarm(journal, "forked", "two histories\x1b")
    listed = review(on_disk, "list")
    assert rf"ALARM {alarm[:8]}: two histories\u{{1b}}." in listed.stderr
    assert review(on_disk, "alarm", alarm[:8]).returncode == Exit.USAGE
    assert review(on_disk, "alarm", alarm[:8], "--settle", "asked r2: the courier").returncode == Exit.OK
    assert "ALARM" not in review(on_disk, "list").stderr
    assert "settled by r1: asked r2: the courier" in review(on_disk, "alarm").stdout


def test_the_desk_warns_before_the_keyring_hurts(tmp_path: Path) -> None:
    world = make_world(tmp_path / "keys", reviewers=1, today=datetime.now(UTC).date() - timedelta(days=115))
    make_vault(world, tmp_path / "vault").close()
    done = review(tmp_path / "vault", "inbox")
    assert done.returncode == Exit.OK, done.stderr
    assert "Warning: keyring 1 expires in 5 days: extend or rotate it by then." in done.stderr
    assert "Warning: there is only one reviewer" in done.stderr
