"""Consent as commands: word by telephone, exceptions of two, publishing by two, withdrawal, and how papers leave."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intake.errors import Exit, IntakeError
from intake.report.document import Json
from intake.report.package import ReplyTo, Report
from intake.review import cases
from intake.review.importing import Import
from intake.review.ladder import Judgement
from intake.review.outputs.inspection import leaks
from intake.review.outputs.redaction import Redaction
from intake.review.sync import read, write
from intake.review.vault import Vault
from intake.sealing import ScryptIdentity, open_bytes
from tests.harness.bundles import make_report, seal_report
from tests.harness.desk import Done, at_once
from tests.harness.keys import World, make_world
from tests.harness.outboxes import holder
from tests.harness.terminals import Terminal
from tests.harness.vaults import PASSPHRASE, make_vault, open_vault

ALL = ["count", "anon_report", "lawyer", "asylum", "court", "un_named", "publish_named"]


@dataclass(frozen=True)
class Two:
    """Two reviewers' desks with the same reports, and a case for each kind of consent."""

    world: World
    folder: Path
    case: dict[str, str]

    def run(
        self, command: str, *arguments: object, reviewer: int = 1, secrets: tuple[str, ...] = (PASSPHRASE,)
    ) -> Done:
        return at_once(self.folder / f"r{reviewer}", command, *arguments, secrets=secrets)

    def make(self, case: str, recipient: str, *more: object, out: str = "out", reviewer: int = 1) -> Done:
        key = str(self.world.reviewers[1].recipient)
        ask = (self.case[case], "--for", recipient, "--to", "them", "--key", key, "--out", self.folder / out)
        return self.run("dossier make", *ask, *more, reviewer=reviewer)

    def opened(self, out: str) -> dict[str, bytes]:
        """The files of what was made there, opened with the recipient's key."""
        (sealed,) = (self.folder / out).iterdir()
        content = open_bytes(sealed.read_bytes(), self.world.reviewers[1:])
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def hash_of(self, case: str) -> str:
        """Of the paper for the public, as it would be made now."""
        lines = self.run("dossier check", self.case[case], "--for", "publish_named").stdout.splitlines()
        (digest,) = (line.removeprefix("hash: ") for line in lines if line.startswith("hash: "))
        return digest

    def agree(self, digest: str) -> None:
        """Both reviewers read it and agree."""
        for reviewer in (1, 2):
            assert self.run("dossier agree", digest, "--yes", reviewer=reviewer).returncode == Exit.OK
        self.exchange()

    def exchange(self) -> None:
        """Both desks' logs, by stick, both ways."""
        with open_vault(self.world, self.folder / "r1") as one, open_vault(self.world, self.folder / "r2") as two:
            _carry(self.world, one, two)
            _carry(self.world, two, one)


def _carry(world: World, giver: Vault, taker: Vault) -> None:
    path, _ = write(giver, giver.folder.path.parent)
    read(taker, path, world.reviewers)
    path.unlink()


def _reports(world: World) -> dict[str, tuple[Report, ...]]:
    """By case: what its reports are. Consent is told, or nobody was asked."""

    def one(number: int, name: str, **answers: Json) -> Report:
        told: dict[str, Json] = {"account": f"What happened, {number}.", "who": [{"name": name}], "consent": [*ALL]}
        report = make_report(world, number, language="en", answers=told | answers)
        return replace(report, reply_to=holder(world, number).reply_to)

    public: dict[str, Json] = {"victim_consent": "me", "told_gov": "yes", "name_form": "full"}
    public["account"] = "They came at night. Major Sherzod Komilov gave the order."
    hidden: dict[str, Json] = {"harm": "Leave out the village.", "contact_detail": "+992 90 12"}
    hidden["account"] = "Ӯро дар Поршинев гирифтанд. Ба ман занг занед: +992 90 12."
    return {
        "public": (
            one(1, "Firdavs Rahmonzoda", relation="family", known=["saw"], **public),
            one(2, "Firdavs Rahmonov", relation="cellmate", known=["lived"], **public),
        ),
        "mute": (one(3, "Zarina Mamadrizoeva", victim_consent="cannot_ask"),),
        "unasked": (one(4, "Shodmon Imomyorov", victim_consent="not_asked"),),
        "harm": (one(6, "Алишер Қурбоншоев", victim_consent="family_agrees", **hidden),),
        "left": (one(5, "Nurali Hakimbekov", victim_consent="me"),),
    }


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Two:
    folder = tmp_path_factory.mktemp("two")
    # The commands' clock is the machine's.
    world = make_world(folder / "keys", reviewers=2, today=datetime.now(UTC).date() - timedelta(2))
    told = _reports(world)
    sealed = [seal_report(each, world.reviewers) for those in told.values() for each in those]
    opened: dict[str, str] = {}
    for number in (1, 2):
        # The second desk gets them a day later.
        there = replace(world, today=world.today + timedelta(number - 1))
        with make_vault(there, folder / f"r{number}", number) as vault:
            with Import(vault, world.reviewers[number - 1 : number], workers=1) as work:
                for each in sealed:
                    list(work.take_loose("a.age", each))
            if number == 2:
                break
            with vault.journal() as journal:
                for name, reports in told.items():
                    opened[name] = cases.open_case(journal, name)
                    for report in reports:
                        cases.judge(journal, opened[name], report.id, Judgement.PLAUSIBLE)
                one, other = told["public"]
                cases.independent(journal, opened["public"], one.id, other.id, "two countries")
    done = Two(world, folder, opened)
    done.exchange()
    return done


def test_a_named_paper_is_published_by_two_reviewers_and_by_no_less(two: Two) -> None:
    alone = two.make("public", "publish_named")
    assert alone.returncode == Exit.CONSENT
    assert "0 of 2 reviewers agreed" in alone.stderr
    digest = two.hash_of("public")
    assert digest in alone.stderr
    asked = two.run("dossier agree", digest)
    assert asked.returncode == Exit.USAGE, "silence is no consent, and here is nobody to ask"
    assert "r1" in two.run("dossier agree", digest, "--yes").stderr
    again = two.run("dossier agree", digest, "--yes").stderr
    assert "r1, r1" not in again
    one = two.make("public", "publish_named")
    assert "1 of 2 reviewers agreed" in one.stderr, "who agrees twice is one"
    two.exchange()
    read = two.run("dossier check", two.case["public"], "--for", "publish_named", "--read", reviewer=2).stdout
    assert "Major Sherzod Komilov gave the order." in read, "whoever agrees can read what they agree to"
    assert f"SHA-256 {digest}" in read, "and it is the same paper, whenever the reports came to a desk"
    assert "r1, r2" in two.run("dossier agree", digest, "--yes", reviewer=2).stderr
    assert "1 of 2" in two.make("public", "publish_named").stderr, "the other desk's word has not come yet"
    two.exchange()
    done = two.make("public", "publish_named", out="public")
    assert done.returncode == Exit.OK, done.stderr
    other = two.make("public", "publish_named", "--submitter", "Somebody else", out="changed")
    assert other.returncode == Exit.CONSENT, "what says something else was agreed to by nobody"


def test_a_perpetrator_is_named_in_public_at_v3_alone(two: Two) -> None:
    case, officer = two.case["public"], Redaction(terms=("Sherzod Komilov",))
    told = two.run("dossier redact", case, "--perpetrator", "Sherzod Komilov", "--done")
    assert "perpetrator: Sherzod Komilov" in told.stdout
    two.agree(two.hash_of("public"))
    assert two.make("public", "publish_named", out="without").returncode == Exit.OK
    assert not [hit for name, content in two.opened("without").items() for hit in leaks(name, content, officer)]
    assert two.make("public", "lawyer", out="for-a-lawyer").returncode == Exit.OK
    assert all(list(leaks(name, content, officer)) for name, content in two.opened("for-a-lawyer").items())
    two.run("case set", case, "--admitted", "The prosecutor's office, Dushanbe, 2026-11-20")
    assert two.make("public", "publish_named").returncode == Exit.CONSENT, "it says more now: two must agree again"
    two.agree(two.hash_of("public"))
    assert two.make("public", "publish_named", out="at-v3").returncode == Exit.OK
    assert all(list(leaks(name, content, officer)) for name, content in two.opened("at-v3").items())


def test_nothing_is_made_until_somebody_dealt_with_who_could_be_hurt(two: Two) -> None:
    refused = two.make("harm", "lawyer")
    assert refused.returncode == Exit.CONSENT
    assert "nobody dealt with it" in refused.stderr
    assert "to be read first" in two.run("dossier check", two.case["harm"], "--for", "lawyer").stdout
    two.run("dossier redact", two.case["harm"], "--term", "Porshinev")
    assert two.make("harm", "lawyer").returncode == Exit.CONSENT, "entered, and not yet said to be all"
    told = two.run("dossier redact", two.case["harm"], "--done")
    assert told.stdout == "term: Porshinev\n"
    assert "1 of 1 reports are dealt with" in told.stderr
    done = two.make("harm", "asylum", "--form", "asylum", "--names", "initials", out="initials")
    assert done.returncode == Exit.OK, done.stderr
    away = Redaction({"Алишер Қурбоншоев": ""}, ("Porshinev",), ("+992 90 12",))
    files = two.opened("initials")
    assert [hit for name, content in files.items() for hit in leaks(name, content, away)] == []
    (raw,) = (content for name, content in files.items() if name.endswith(".json"))
    assert "Ӯро дар [left out] гирифтанд. Ба ман занг занед: [left out]." in raw.decode()
    assert "А. Қ." in raw.decode()
    key = str(two.world.reviewers[1].recipient)
    ask = ("--for", "lawyer", "--names", "full", "--to", "a partner", "--key", key, "--out", two.folder / "cases")
    assert two.run("export", *ask).returncode == Exit.OK
    named = two.opened("cases")
    assert "Алишер Қурбоншоев" in named["huridocs.json"].decode()
    left_out = Redaction(terms=("Porshinev",), passages=("+992 90 12",))
    assert [hit for name, content in named.items() for hit in leaks(name, content, left_out)] == []


def test_an_exception_takes_the_switch_two_reviewers_and_nobody_to_ask(two: Two) -> None:
    refused = two.make("mute", "asylum")
    assert refused.returncode == Exit.CONSENT
    assert "nobody can be asked" in refused.stderr
    off = two.run("dossier except", two.case["mute"], "--for", "asylum", "--because", "a flight tomorrow")
    assert off.returncode == Exit.CONSENT
    assert "switched off" in off.stderr
    assert two.run("dossier exceptions", "--on").returncode == Exit.OK
    unsaid = two.run("dossier except", two.case["mute"], "--for", "asylum")
    assert unsaid.returncode == Exit.USAGE, "it wants a reason"
    for _ in range(2):
        told = two.run("dossier except", two.case["mute"], "--for", "asylum", "--because", "a flight tomorrow")
        assert told.stderr.startswith("1 of 2 reviewers.\nNothing leaves by it yet.")
    assert two.make("mute", "asylum").returncode == Exit.CONSENT
    two.exchange()
    unasked = two.run("dossier except", two.case["mute"], "--for", "asylum", reviewer=2)
    assert unasked.returncode == Exit.USAGE, "nobody joins what they have not read"
    joined = two.run("dossier except", two.case["mute"], "--for", "asylum", "--yes", reviewer=2)
    assert joined.stderr == "r1: a flight tomorrow\n2 of 2 reviewers.\n"
    two.exchange()
    done = two.make("mute", "asylum", out="asylum")
    assert done.returncode == Exit.OK, done.stderr
    (given,) = (json.loads(line) for line in two.run("dossier given", two.case["mute"], "--json").stdout.splitlines())
    assert given["grounds"] == ["exception by r1 and r2: a flight tomorrow"]
    assert "    exception by r1 and r2: a flight tomorrow\n" in two.run("dossier given", two.case["mute"]).stdout
    for recipient in ("lawyer", "court", "un_named", "publish_named"):
        assert two.make("mute", recipient).returncode == Exit.CONSENT, "for nobody else"
    two.run("dossier exceptions", "--off")
    assert two.make("mute", "asylum").returncode == Exit.CONSENT, "switched off, it counts no longer"


def test_a_word_by_telephone_is_recorded_and_a_later_one_takes_it_back(two: Two) -> None:
    case, day = two.case["unasked"], two.world.today
    assert "nobody was asked yet" in two.make("unasked", "lawyer").stderr
    said = ("--speaker", "person", "--name", "her brother's lawyer knows her voice", "--how", "a call")
    vague = two.run("dossier phone", case, *said, "--day", day)
    assert vague.returncode == Exit.USAGE, "it says neither what is allowed nor what is refused"
    early = two.run("dossier phone", case, *said, "--day", day + timedelta(30), "--allows", "lawyer")
    assert early.returncode == Exit.USAGE, "not before it is said"
    assert two.run("dossier phone", case, *said, "--day", day, "--allows", "lawyer").returncode == Exit.OK
    assert two.make("unasked", "lawyer", out="phoned").returncode == Exit.OK
    assert two.make("unasked", "asylum").returncode == Exit.CONSENT, "what was said was said of one recipient"
    (given,) = (json.loads(line) for line in two.run("dossier given", case, "--json").stdout.splitlines())
    assert given["grounds"] == [
        f"said by the person (her brother's lawyer knows her voice) on {day.isoformat()}, a call"
    ]
    two.run("dossier phone", case, *said, "--day", day + timedelta(1), "--refuses", "lawyer")
    refused = two.make("unasked", "lawyer")
    assert refused.returncode == Exit.CONSENT
    assert f"refused on {(day + timedelta(1)).isoformat()}" in refused.stderr


def test_a_withdrawal_stops_every_new_paper_the_moment_it_is_here(two: Two) -> None:
    assert two.make("left", "lawyer", out="before").returncode == Exit.OK
    first = _reports(two.world)["left"][0]
    assert isinstance(first.reply_to, ReplyTo)
    back = replace(
        make_report(two.world, 77, answers={"change": "withdraw"}),
        in_reply_to=first.reply_to.mailbox,
        reply_to=first.reply_to,
    )
    with open_vault(two.world, two.folder / "r1") as vault, Import(vault, two.world.reviewers[:1], workers=1) as work:
        list(work.take_loose("b.age", seal_report(back, two.world.reviewers)))
    for recipient in ("lawyer", "asylum", "court", "un_named", "publish_named"):
        stopped = two.make("left", recipient)
        assert stopped.returncode == Exit.CONSENT
        assert "nothing new goes out" in stopped.stderr
    assert two.make("left", "anon_report", "--names", "none").returncode == Exit.CONSENT
    given = two.run("dossier given", two.case["left"]).stdout
    assert given.count("dossier to them (a lawyer)") == 1, "what went before stays told"


def test_a_paper_sealed_to_a_passphrase_opens_with_it_alone(two: Two) -> None:
    ask = (two.case["public"], "--for", "lawyer", "--to", "a lawyer", "--out", two.folder / "phrase")
    done = two.run("dossier make", *ask, secrets=(PASSPHRASE, "six dull words on paper"))
    assert done.returncode == Exit.OK, done.stderr
    (sealed,) = (two.folder / "phrase").iterdir()
    with pytest.raises(IntakeError):
        open_bytes(sealed.read_bytes(), [ScryptIdentity("six dull words")])
    opened = open_bytes(sealed.read_bytes(), [ScryptIdentity("six dull words on paper")])
    with zipfile.ZipFile(io.BytesIO(opened)) as archive:
        assert sorted(Path(name).suffix for name in archive.namelist()) == [".docx", ".json", ".pdf"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_plain_asks_warns_and_is_logged(two: Two, tmp_path: Path) -> None:
    case = two.case["public"]
    ask = ("--for", "lawyer", "--to", "a lawyer", "--plain", "--out", str(tmp_path / "plain"))
    words = [sys.executable, "-m", "intake", "review", "dossier", "make", "--vault", str(two.folder / "r1"), case, *ask]
    for typed, left in (("n", 0), ("y", 3)):
        person = Terminal(words, tmp_path, [PASSPHRASE])
        told = person.until("Write them unsealed?")
        assert "whoever finds these files reads them" in " ".join(told.split())
        person.type(typed)
        assert (person.end() == 0) is (typed == "y")
        person.close()
        assert len([*(tmp_path / "plain").glob("*")]) == left
    given = [json.loads(line) for line in two.run("dossier given", case, "--json").stdout.splitlines()]
    assert [each["sealed"] for each in given].count("plain") == 1, "what was not written was not given"
    both = two.run("dossier make", case, *ask, "--key", str(two.world.reviewers[1].recipient))
    assert both.returncode == Exit.USAGE
