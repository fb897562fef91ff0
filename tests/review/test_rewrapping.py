"""`intake keys rewrap`, run as a reviewer runs it, and the new reviewer who opens what came of it."""

import json
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from intake.errors import Exit
from intake.keyring.card import Card
from intake.keyring.fingerprint import fingerprint
from intake.keyring.identity import PrivateFile
from intake.sealing import ArmorWriter, Header, HybridIdentity, ScryptRecipient, open_bytes, seal_bytes
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.keys import PASSPHRASE, QUICK, World, make_world, new_key

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Newcomer:
    """A reviewer who is in no keyring yet."""

    identity: HybridIdentity
    card: Path
    private: Path

    @property
    def fingerprint(self) -> str:
        return fingerprint(str(self.identity.recipient))


def newcomer(folder: Path, label: str) -> Newcomer:
    key, identity = new_key(label), HybridIdentity.generate()
    card, private = folder / f"reviewer-{label}.card", folder / f"reviewer-{label}.age"
    card.write_bytes(Card("drop.example", label, str(identity.recipient), key.verify_key).sign(key))
    private.write_bytes(PrivateFile(key, (identity,)).seal(PASSPHRASE, QUICK))
    return Newcomer(identity, card, private)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def r9(tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    return newcomer(tmp_path_factory.mktemp("newcomer"), "r9")


@pytest.fixture
def usb(tmp_path: Path) -> Path:
    (tmp_path / "usb").mkdir()
    return tmp_path / "usb"


def intake(*arguments: object, passphrase: str = PASSPHRASE) -> Done:
    read, write = os.pipe()
    os.write(write, passphrase.encode() + b"\n")
    os.close(write)
    try:
        return subprocess.run(
            [sys.executable, "-m", "intake", *map(str, arguments)],
            env={**os.environ, "INTAKE_PASSPHRASE_FD": str(read)},
            pass_fds=[read],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        os.close(read)


def rewrap(world: World, *arguments: object, reviewer: str = "r1", passphrase: str = PASSPHRASE) -> Done:
    mine = world.folder / f"reviewer-{reviewer}.age"
    return intake("keys", "rewrap", *arguments, "-i", mine, passphrase=passphrase)


def trusting(world: World) -> list[str]:
    return ["--root", *world.fingerprints]


def sound(world: World, count: int, first: int = 1) -> dict[str, bytes]:
    reports = [make_report(world, number) for number in range(first, first + count)]
    return {report.id: seal_report(report, world.reviewers) for report in reports}


def payload(sealed: bytes) -> bytes:
    return sealed[Header.parse(sealed).size :]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_new_reviewer_reads_older_reports_with_review_open(
    world: World, r9: Newcomer, usb: Path, tmp_path: Path
) -> None:
    sealed, files = sound(world, 2), [os.urandom(200_000)]
    report = make_report(world, 7, files)
    loose = seal_report(report, world.reviewers, files)
    (usb / "a.bundle").write_bytes(make_bundle(world, sealed))
    (usb / "b.age").write_bytes(loose)
    before = contents(usb)
    done = rewrap(
        world,
        usb,
        *("--reviewer", r9.card, "--fingerprint", *r9.fingerprint.split(), "--to", tmp_path / "for", "--check"),
        *trusting(world),
    )
    assert done.returncode == Exit.OK, done.stderr
    copies = [tmp_path / "for" / f"{name}.age" for name in (*sealed, report.id)]
    assert done.stdout.split() == [str(copy) for copy in copies]
    assert done.stderr.splitlines() == [
        f"For r9 {r9.fingerprint}",
        f"3 rewrapped into {tmp_path / 'for'} for r9; the list is rewrapped.txt.",
    ]
    assert contents(usb) == before
    assert [payload(copy.read_bytes()) for copy in copies] == [payload(each) for each in (*sealed.values(), loose)]
    for path in (tmp_path / "for", *(tmp_path / "for").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)

    refused = intake("review", "open", tmp_path / "for", "-i", world.folder / "reviewer-r1.age", "--to", tmp_path / "x")
    assert refused.returncode == Exit.NO_KEY
    opened = intake("review", "open", tmp_path / "for", "-i", r9.private, "--to", tmp_path / "out")
    assert opened.returncode == Exit.OK, opened.stderr
    assert opened.stderr.strip() == f"3 opened into {tmp_path / 'out'}."  # and no alarm
    folder = tmp_path / "out" / report.id
    assert (folder / "files" / "01").read_bytes() == files[0]
    assert (folder / "report.json").read_bytes() == report.to_json()
    assert "Ӯро дар Хоруғ бурданд. №7" in (folder / "report.txt").read_text()
    assert "ALARM" not in (folder / "report.txt").read_text()


def test_a_carried_report_keeps_the_drops_id_and_opens_without_alarm(
    world: World, r9: Newcomer, usb: Path, tmp_path: Path
) -> None:
    sealed = seal_report(make_report(world, 3, sealed_by="carried-form"), world.reviewers)
    (usb / "a.bundle").write_bytes(make_bundle(world, {"ab" * 16: sealed}))
    done = rewrap(world, usb / "a.bundle", "--reviewer", r9.card, "--to", tmp_path / "for", *trusting(world))
    assert done.returncode == Exit.OK, done.stderr
    copy = tmp_path / "for" / f"{'ab' * 16}.age"
    opened = intake("review", "open", copy, "-i", r9.private, "--to", tmp_path / "out")
    assert (opened.returncode, opened.stdout.strip()) == (Exit.OK, str(tmp_path / "out" / f"{3:032x}"))
    assert "ALARM" not in opened.stderr


def test_what_the_drop_says_falsely_is_told_while_it_can_be_seen(
    world: World, r9: Newcomer, usb: Path, tmp_path: Path
) -> None:
    other, broken = "ab" * 16, "cd" * 16
    sealed = {
        **sound(world, 2),
        other: seal_report(make_report(world, 9), world.reviewers),
        broken: seal_report(make_report(world, 8), world.reviewers, spoil=b"../../etc/passwd"),
    }
    (usb / "a.bundle").write_bytes(make_bundle(world, sealed))
    arguments = (usb, "--reviewer", r9.card, "--to", tmp_path / "for", *trusting(world))
    for _ in range(2):  # and told again when it is there already
        done = rewrap(world, *arguments)
        assert done.returncode == Exit.OK, done.stderr
        alarms = [line for line in done.stderr.splitlines() if line.startswith("ALARM: ")]
        assert len(alarms) == 2
        assert f"the drop gave this report the id {other}, but its own is {9:032x}" in alarms[0]
        assert f"report {broken}: it was rewrapped, but what it holds can't be read" in alarms[1]
    facts = json.loads(rewrap(world, *arguments, "--json").stdout)["reports"]
    assert [len(report["alarms"]) for report in facts] == [0, 0, 1, 1]
    assert payload((tmp_path / "for" / f"{other}.age").read_bytes()) == payload(sealed[other])


def test_all_reviewers_of_a_believed_keyring_get_it(world: World, usb: Path, tmp_path: Path) -> None:
    newer = make_world(tmp_path / "newer", reviewers=2)
    (usb / "one.age").write_bytes(next(iter(sound(world, 1).values())))
    arguments = (usb, "--keyring", newer.folder / "keyring.note", "--to", tmp_path / "for")
    done = rewrap(world, *arguments, *trusting(newer))
    assert done.returncode == Exit.OK, done.stderr
    assert "for r1, r2; the list is rewrapped.txt" in done.stderr
    copy = (tmp_path / "for" / f"{1:032x}.age").read_bytes()
    assert len({open_bytes(copy, [each]) for each in newer.reviewers}) == 1
    assert rewrap(world, *arguments).returncode == Exit.USAGE  # nobody to trust
    assert rewrap(world, *arguments, *trusting(world)).returncode == Exit.KEYRING  # other roots


def test_a_closed_keyring_gets_nothing(world: World, usb: Path, tmp_path: Path) -> None:
    old = make_world(tmp_path / "old", today=world.today - timedelta(days=4000))
    (usb / "one.age").write_bytes(next(iter(sound(world, 1).values())))
    done = rewrap(
        world, usb, "--keyring", old.folder / "keyring.note", "--to", tmp_path / "for", "--root", *old.fingerprints
    )
    assert done.returncode == Exit.CLOSED
    assert not (tmp_path / "for").exists()


def test_a_chain_of_keyrings_is_given_together(world: World, usb: Path, tmp_path: Path) -> None:
    later = make_world(tmp_path / "later").next(reviewers=4)
    (usb / "one.age").write_bytes(next(iter(sound(world, 1).values())))
    notes = [later.folder / "keyring-1.note", later.folder / "keyring-2.note"]
    done = rewrap(world, usb, "--keyring", *notes, "--to", tmp_path / "for", *trusting(later))
    assert done.returncode == Exit.OK, done.stderr
    assert "for r1, r2, r3, r4;" in done.stderr


def test_a_card_that_has_not_the_typed_fingerprint_is_refused(
    world: World, r9: Newcomer, usb: Path, tmp_path: Path
) -> None:
    (usb / "one.age").write_bytes(next(iter(sound(world, 1).values())))
    other = newcomer(tmp_path, "r9")
    done = rewrap(world, usb, "--reviewer", other.card, "--to", tmp_path / "for", "--fingerprint", r9.fingerprint)
    assert done.returncode == Exit.KEYRING
    assert other.fingerprint in done.stderr
    assert not (tmp_path / "for").exists()
    unchecked = rewrap(world, usb, "--reviewer", other.card, "--to", tmp_path / "for")
    assert unchecked.returncode == Exit.OK
    assert "not checked" in unchecked.stderr


def test_a_card_that_somebody_altered_is_refused(world: World, r9: Newcomer, usb: Path, tmp_path: Path) -> None:
    (usb / "one.age").write_bytes(next(iter(sound(world, 1).values())))
    card = tmp_path / "forged.card"
    mine = str(HybridIdentity.generate().recipient)
    card.write_text(r9.card.read_text().replace(str(r9.identity.recipient), mine))
    assert rewrap(world, usb, "--reviewer", card, "--to", tmp_path / "for").returncode == Exit.KEYRING


@pytest.mark.parametrize(
    "recipients", [[], ["--reviewer", "CARD", "--keyring", "NOTE"], ["--keyring", "NOTE", "--fingerprint", "12345"]]
)
def test_it_must_be_clear_whom_for(
    world: World, r9: Newcomer, usb: Path, tmp_path: Path, recipients: list[str]
) -> None:
    (usb / "one.age").write_bytes(next(iter(sound(world, 1).values())))
    paths = {"CARD": str(r9.card), "NOTE": str(world.folder / "keyring.note")}
    done = rewrap(world, usb, *[paths.get(each, each) for each in recipients], "--to", tmp_path / "for")
    assert done.returncode == Exit.USAGE
    assert not (tmp_path / "for").exists()


def test_one_bad_report_stops_no_other(world: World, r9: Newcomer, usb: Path, tmp_path: Path) -> None:
    sealed = sound(world, 4)
    names = sorted(sealed)
    sealed[names[0]] = seal_report(make_report(world, 1), [HybridIdentity.generate()])
    listed = {names[2]: sealed[names[2]]}
    sealed[names[2]] = sealed[names[2]][:-1] + bytes([sealed[names[2]][-1] ^ 1])  # not the bytes that are listed
    (usb / "a.bundle").write_bytes(make_bundle(world, sealed, listed=listed))
    (usb / "b.age").write_bytes(b"a text")
    (usb / "c.age").write_bytes(seal_bytes(b"no report", [world.reviewers[0].recipient]))
    (tmp_path / "d.age").write_bytes(seal_bytes(b"behind a passphrase", [ScryptRecipient("one", QUICK)]))
    given = (usb, tmp_path / "d.age")  # in a folder it would be somebody's key, and no report
    done = rewrap(world, *given, "--reviewer", r9.card, "--to", tmp_path / "for", *trusting(world))
    assert done.returncode == Exit.SOME_FAILED
    assert done.stdout.split() == [str(tmp_path / "for" / f"{names[number]}.age") for number in (1, 3)]
    for name, reason in (
        (f"a.bundle: report {names[0]}", "none of the identities"),
        (f"a.bundle: report {names[2]}", "SHA-256 differs"),
        ("b.age", "not sealed"),
        ("c.age", ""),
        ("d.age", "sealed to a passphrase"),
    ):
        assert f"Not rewrapped: {name}: " in done.stderr
        assert reason in done.stderr
    assert sorted(path.name for path in (tmp_path / "for").iterdir()) == [
        f"{names[1]}.age",
        f"{names[3]}.age",
        "rewrapped.txt",
    ]


@pytest.mark.parametrize(
    ("spoilt", "reviewer", "passphrase", "expected"),
    [
        (False, "r1", "wrong", Exit.NO_KEY),
        (False, "r0", PASSPHRASE, Exit.NO_KEY),
        (True, "r1", PASSPHRASE, Exit.DAMAGED),
    ],
)
def test_it_ends_by_the_one_reason(
    world: World, r9: Newcomer, usb: Path, tmp_path: Path, spoilt: bool, reviewer: str, passphrase: str, expected: Exit
) -> None:
    stranger = newcomer(tmp_path, "r0")
    (usb / "one.age").write_bytes(next(iter(sound(world, 1).values()))[: -1 if spoilt else None])
    mine = stranger.private if reviewer == "r0" else world.folder / "reviewer-r1.age"
    arguments = ("keys", "rewrap", usb, "-i", mine, "--reviewer", r9.card, "--to", tmp_path / "for")
    assert intake(*arguments, passphrase=passphrase).returncode == expected
    assert list((tmp_path / "for").glob("*.age")) == []


def test_damage_inside_a_long_loose_report_is_found_by_check(
    world: World, r9: Newcomer, usb: Path, tmp_path: Path
) -> None:
    files = [os.urandom(200_000)]
    report = make_report(world, 1, files)
    sealed = seal_report(report, world.reviewers, files)
    middle = Header.parse(sealed).size + 100_000
    (usb / "one.age").write_bytes(sealed[:middle] + bytes([sealed[middle] ^ 1]) + sealed[middle + 1 :])
    arguments = (usb, "--reviewer", r9.card, "--to", tmp_path / "for")
    checked = rewrap(world, *arguments, "--check")
    assert checked.returncode == Exit.DAMAGED
    assert not (tmp_path / "for" / f"{report.id}.age").exists()
    assert rewrap(world, *arguments).returncode == Exit.OK
    assert rewrap(world, *arguments, "--check").returncode == Exit.DAMAGED  # what is there already is checked too


def test_running_it_again_goes_on_where_it_ended(world: World, r9: Newcomer, usb: Path, tmp_path: Path) -> None:
    arguments = (usb, "--reviewer", r9.card, "--to", tmp_path / "for")
    (usb / "a.bundle").write_bytes(make_bundle(world, sound(world, 2)))
    assert rewrap(world, *arguments, *trusting(world)).returncode == Exit.OK
    first = contents(tmp_path / "for")
    (usb / "b.bundle").write_bytes(make_bundle(world, sound(world, 2, first=3)))
    done = rewrap(world, *arguments, *trusting(world), "--json", "--check")
    assert done.returncode == Exit.OK, done.stderr
    told = json.loads(done.stdout)
    assert told["readers"] == [{"label": "r9", "fingerprint": r9.fingerprint}]
    assert [report["before"] for report in told["reports"]] == [True, True, False, False]
    now = contents(tmp_path / "for")
    assert {name: now[name] for name in first if name.endswith(".age")} == {
        name: first[name] for name in first if name.endswith(".age")
    }
    lines = now["rewrapped.txt"].decode().splitlines()
    assert now["rewrapped.txt"].startswith(first["rewrapped.txt"])
    assert [line.split()[0] for line in lines] == [f"{number:032x}" for number in (1, 2, 3, 4)]
    assert all(line.endswith(f" for r9 {r9.fingerprint}") for line in lines)


def test_what_is_there_for_others_or_from_others_is_never_overwritten(
    world: World, r9: Newcomer, usb: Path, tmp_path: Path
) -> None:
    (usb / "one.age").write_bytes(seal_report(make_report(world, 1), world.reviewers))
    arguments = (usb, "--to", tmp_path / "for", "--reviewer")
    assert rewrap(world, *arguments, r9.card).returncode == Exit.OK
    first = contents(tmp_path / "for")
    other = newcomer(tmp_path, "r8")
    for cards in ([other.card], [r9.card, other.card]):
        done = rewrap(world, *arguments, *cards)
        assert done.returncode == Exit.FAULT
        assert "is there already, for others" in done.stderr
    (usb / "one.age").write_bytes(seal_report(make_report(world, 1, language="ru"), world.reviewers))
    again = rewrap(world, *arguments, r9.card)
    assert again.returncode == Exit.FAULT
    assert "another" in again.stderr
    assert contents(tmp_path / "for") == first


def test_a_list_cut_off_by_a_crash_tells_nothing_wrong(world: World, r9: Newcomer, usb: Path, tmp_path: Path) -> None:
    (usb / "one.age").write_bytes(next(iter(sound(world, 1).values())))
    (tmp_path / "for").mkdir()
    cut = f"{1:032x} from {'00' * 32} as"
    (tmp_path / "for" / "rewrapped.txt").write_text(cut)
    for sentence in ("1 rewrapped", "1 were there before"):
        done = rewrap(world, usb, "--reviewer", r9.card, "--to", tmp_path / "for")
        assert done.returncode == Exit.OK, done.stderr
        assert sentence in done.stderr
    lines = (tmp_path / "for" / "rewrapped.txt").read_text().splitlines()
    assert lines[0] == cut
    assert len(lines) == 2


def test_an_armored_report_comes_out_plain(world: World, r9: Newcomer, usb: Path, tmp_path: Path) -> None:
    sealed = next(iter(sound(world, 1).values()))
    with (usb / "one.age").open("wb") as file, ArmorWriter(file) as armor:
        armor.write(sealed)
    assert rewrap(world, usb, "--reviewer", r9.card, "--to", tmp_path / "for").returncode == Exit.OK
    copy = (tmp_path / "for" / f"{1:032x}.age").read_bytes()
    assert payload(copy) == payload(sealed)


def test_a_bundle_that_is_not_the_drops_gives_nothing(world: World, r9: Newcomer, usb: Path, tmp_path: Path) -> None:
    (usb / "a.bundle").write_bytes(make_bundle(world, sound(world, 1), key=new_key("d1")))
    done = rewrap(world, usb, "--reviewer", r9.card, "--to", tmp_path / "for", *trusting(world))
    assert done.returncode == Exit.CHAIN
    assert list((tmp_path / "for").iterdir()) == []


def test_the_door_lists_it_and_the_other_key_commands_never_load_the_desk() -> None:
    done = intake("keys", "--help")
    assert "\n  rewrap " in done.stdout
    assert "\n  keyring-sign " in done.stdout
    code = (
        "import sys; from intake.cli import door; door.main(['keys', 'root-new', '--help'], standalone_mode=False);"
        "sys.exit(any(name.startswith('intake.review') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
