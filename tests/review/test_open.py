"""`intake review open`, run as a reviewer runs it."""

import fcntl
import filecmp
import io
import json
import os
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from intake.errors import Exit
from intake.keyring.note import SigningKey
from intake.report.blocks import split
from intake.report.package import FileEntry, write_package
from intake.sealing import HybridIdentity, Sealer, seal_bytes
from tests.harness.bundles import make_bundle, make_report, seal_report
from tests.harness.keys import PASSPHRASE, World, make_world

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def usb(tmp_path: Path) -> Path:
    (tmp_path / "usb").mkdir()
    return tmp_path / "usb"


def review_open(world: World, *arguments: object, reviewer: str = "r1", passphrase: str = PASSPHRASE) -> Done:
    """The command with one reviewer's identity, its passphrase on a descriptor."""
    read, write = os.pipe()
    os.write(write, passphrase.encode() + b"\n")
    os.close(write)
    try:
        return subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "intake",
                    "review",
                    "open",
                    "-i",
                    str(world.folder / f"reviewer-{reviewer}.age"),
                ),
                *map(str, arguments),
            ],
            env={**os.environ, "INTAKE_PASSPHRASE_FD": str(read)},
            pass_fds=[read],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        os.close(read)


def trusting(world: World) -> list[str]:
    return ["--root", *world.fingerprints]


def sound(world: World, count: int) -> dict[str, bytes]:
    reports = [make_report(world, number) for number in range(1, count + 1)]
    return {report.id: seal_report(report, world.reviewers) for report in reports}


def test_a_bundle_opens_into_one_folder_a_report(world: World, usb: Path, tmp_path: Path) -> None:
    files = [b"\xff\xd8 one", os.urandom(300_000)]
    report = make_report(world, 7, files)
    bundle = usb / "drop.example-000001.bundle"
    bundle.write_bytes(make_bundle(world, {**sound(world, 3), report.id: seal_report(report, world.reviewers, files)}))
    done = review_open(world, bundle, "--to", tmp_path / "out", *trusting(world))
    assert done.returncode == Exit.OK, done.stderr
    assert done.stdout.split() == [str(tmp_path / "out" / f"{number:032x}") for number in (1, 2, 3, 7)]
    assert done.stderr.strip() == f"4 opened into {tmp_path / 'out'}."
    folder = tmp_path / "out" / report.id
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        "report.json",
        "report.txt",
        "files/01",
        "files/02",
    }
    assert (folder / "report.json").read_bytes() == report.to_json()
    assert [(folder / f"files/0{number}").read_bytes() for number in (1, 2)] == files
    assert "Ӯро дар Хоруғ бурданд. №7" in (folder / "report.txt").read_text()
    assert "photo 2.jpg" in (folder / "report.txt").read_text()


def test_what_is_opened_is_its_owners_alone(world: World, usb: Path, tmp_path: Path) -> None:
    report = make_report(world, 1, [b"x"])
    (usb / "a.age").write_bytes(seal_report(report, world.reviewers, [b"x"]))
    assert review_open(world, usb / "a.age", "--to", tmp_path / "out").returncode == Exit.OK
    for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize("reviewer", ["r1", "r2", "r3"])
def test_every_reviewer_opens_a_loose_file(world: World, usb: Path, tmp_path: Path, reviewer: str) -> None:
    (usb / "holiday.jpg").write_bytes(sound(world, 1)[f"{1:032x}"])
    done = review_open(world, usb / "holiday.jpg", "--to", tmp_path / "out", reviewer=reviewer)
    assert done.returncode == Exit.OK, done.stderr
    assert (tmp_path / "out" / f"{1:032x}" / "report.txt").exists()


def test_opening_twice_changes_nothing(world: World, usb: Path, tmp_path: Path) -> None:
    (usb / "b").write_bytes(make_bundle(world, sound(world, 2)))
    for sentence in ("2 opened", "0 opened into"):
        done = review_open(world, usb / "b", "--to", tmp_path / "out", *trusting(world))
        assert done.returncode == Exit.OK
        assert sentence in done.stderr
    assert "2 were there before" in done.stderr
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_one_bad_report_stops_no_other_and_is_kept(world: World, usb: Path, tmp_path: Path) -> None:
    sealed = sound(world, 5)
    names = sorted(sealed)
    strangers = [HybridIdentity.generate() for _ in range(3)]
    sealed[names[0]] = seal_report(make_report(world, 1), strangers)
    sealed[names[1]] = sealed[names[1]][:-1] + bytes([sealed[names[1]][-1] ^ 1])
    sealed[names[3]] = seal_report(make_report(world, 4), world.reviewers, spoil=b"../../etc/passwd")
    (usb / "b").write_bytes(make_bundle(world, sealed))
    done = review_open(world, usb / "b", "--to", tmp_path / "out", *trusting(world))
    assert done.returncode == Exit.SOME_FAILED
    assert done.stdout.split() == [str(tmp_path / "out" / names[number]) for number in (2, 4)]
    for number, reason in ((0, "none of the identities"), (1, "does not verify"), (3, "climbs out")):
        assert f"b: report {names[number]}: " in done.stderr
        assert reason in done.stderr
        kept = tmp_path / "out" / "not-opened" / names[number]
        assert kept.with_suffix(".age").read_bytes() == sealed[names[number]]
        assert reason in kept.with_suffix(".txt").read_text()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [names[2], names[4], "not-opened"]


def test_bytes_that_are_not_the_listed_ones_are_refused_and_kept(world: World, usb: Path, tmp_path: Path) -> None:
    sealed = sound(world, 3)
    name = sorted(sealed)[1]
    other = seal_report(make_report(world, 2, answers={"account": "another"}), world.reviewers)
    bundle = make_bundle(world, sealed)
    assert len(other) == len(sealed[name])
    (usb / "b").write_bytes(bundle.replace(sealed[name], other))
    done = review_open(world, usb / "b", "--to", tmp_path / "out", *trusting(world))
    assert done.returncode == Exit.SOME_FAILED
    assert f"Not opened: b: report {name}" in done.stderr
    assert len(done.stdout.split()) == 2
    assert (tmp_path / "out" / "not-opened" / f"{name}.age").read_bytes() == other


def test_a_truncated_bundle_gives_what_stands_before_the_cut(world: World, usb: Path, tmp_path: Path) -> None:
    bundle = make_bundle(world, sound(world, 4))
    (usb / "b").write_bytes(bundle[: len(bundle) - 40_000])
    done = review_open(world, usb / "b", "--to", tmp_path / "out", *trusting(world))
    assert done.returncode == Exit.SOME_FAILED
    assert len(done.stdout.split()) >= 2
    assert "cut off" in done.stderr


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"", Exit.DAMAGED, "the file is empty"),
        (b"Dear all, they took him.\n", Exit.DAMAGED, "not sealed"),
        (b"age-encryption.org/v1\n-> X25519", Exit.DAMAGED, "cut off"),
    ],
)
def test_a_file_that_is_not_sealed_is_said_so(
    world: World, usb: Path, tmp_path: Path, content: bytes, status: Exit, reason: str
) -> None:
    (usb / "x.age").write_bytes(content)
    done = review_open(world, usb / "x.age", "--to", tmp_path / "out")
    assert done.returncode == status
    assert reason in done.stderr


def test_an_identity_that_does_not_fit_ends_with_its_own_status(world: World, usb: Path, tmp_path: Path) -> None:
    (usb / "x.age").write_bytes(seal_report(make_report(world), [HybridIdentity.generate()]))
    assert review_open(world, usb / "x.age", "--to", tmp_path / "out").returncode == Exit.NO_KEY


def test_a_wrong_passphrase_is_named_before_anything_is_read(world: World, usb: Path, tmp_path: Path) -> None:
    done = review_open(world, usb / "missing", "--to", tmp_path / "out", passphrase="wrong")
    assert done.returncode == Exit.NO_KEY
    assert "passphrase" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_bundle_by_others_is_refused_whole(world: World, usb: Path, tmp_path: Path) -> None:
    forged = SigningKey.generate(f"{world.origin}/d1")
    (usb / "b").write_bytes(make_bundle(world, sound(world, 1), key=forged))
    done = review_open(world, usb / "b", "--to", tmp_path / "out", *trusting(world))
    assert done.returncode == Exit.CHAIN
    assert "signed by no drop" in done.stderr
    other = make_world(tmp_path / "other")
    done = review_open(world, usb / "b", "--to", tmp_path / "out", *trusting(other))
    assert done.returncode == Exit.KEYRING
    assert list(tmp_path.glob("out/*/report.json")) == []


def test_without_roots_it_says_that_nothing_was_checked(world: World, usb: Path, tmp_path: Path) -> None:
    (usb / "b").write_bytes(make_bundle(world, sound(world, 1)))
    done = review_open(world, usb / "b", "--to", tmp_path / "out")
    assert done.returncode == Exit.OK
    assert "was not checked" in done.stderr


def test_an_outer_id_or_origin_that_differs_is_an_alarm(world: World, usb: Path, tmp_path: Path) -> None:
    outer = f"{99:032x}"
    report = make_report(world, 1, origin="elsewhere")
    (usb / "b").write_bytes(make_bundle(world, {outer: seal_report(report, world.reviewers)}))
    done = review_open(world, usb / "b", "--to", tmp_path / "out", *trusting(world))
    assert done.returncode == Exit.OK
    assert done.stderr.count("ALARM") == 2
    assert (tmp_path / "out" / outer / "report.txt").read_text().count("ALARM") == 2


def test_two_reports_of_one_id_never_overwrite_each_other(world: World, usb: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        report = make_report(world, 1, answers={"account": f"version {number}"})
        (usb / f"{number}.age").write_bytes(seal_report(report, world.reviewers))
    done = review_open(world, usb / "1.age", usb / "2.age", "--to", tmp_path / "out")
    assert done.returncode == Exit.SOME_FAILED
    assert "another report stands in" in done.stderr
    assert "version 1" in (tmp_path / "out" / f"{1:032x}" / "report.txt").read_text()


def test_a_name_or_answer_never_moves_the_terminal(world: World, usb: Path, tmp_path: Path) -> None:
    report = make_report(world, 1, answers={"account": "\x1b[2J\x1b]0;owned\x07 \u202egnp"})
    path = usb / "evil\x1b[2J.age"
    path.write_bytes(seal_report(report, world.reviewers))
    (usb / "bad\x1b[2J.age").write_bytes(b"x")
    done = review_open(world, path, usb / "bad\x1b[2J.age", "--to", tmp_path / "out")
    shown = done.stderr + (tmp_path / "out" / report.id / "report.txt").read_text()
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_folder_stands_for_what_is_in_it(world: World, usb: Path, tmp_path: Path) -> None:
    done = review_open(world, usb, "--to", tmp_path / "out")
    assert done.returncode == Exit.FAULT
    assert "no bundle" in done.stderr
    sealed = sound(world, 3)
    (usb / "x-000001.bundle").write_bytes(make_bundle(world, dict(list(sealed.items())[:2])))
    (usb / "carried.age").write_bytes(sealed[f"{3:032x}"])
    (usb / "notes.txt").write_text("not for us")
    done = review_open(world, usb, "--to", tmp_path / "out", *trusting(world))
    assert done.returncode == Exit.OK, done.stderr
    assert len(done.stdout.split()) == 3


def test_outcomes_as_json(world: World, usb: Path, tmp_path: Path) -> None:
    sealed = sound(world, 1)
    (usb / "b").write_bytes(make_bundle(world, sealed))
    (usb / "x.age").write_bytes(b"no")
    done = review_open(world, usb / "b", usb / "x.age", "--to", tmp_path / "out", "--json")
    first, second = json.loads(done.stdout)
    assert (first["folder"], first["exit"]) == (str(tmp_path / "out" / next(iter(sealed))), 0)
    assert (second["folder"], second["exit"]) == (None, Exit.DAMAGED)


def test_age_alone_opens_what_we_seal(world: World, tmp_path: Path) -> None:
    """The promise to reviewers for the day this software fails: the identity and the report are plain age files."""
    files = [os.urandom(1000)]
    report = make_report(world, 1, files)
    sealed = seal_report(report, world.reviewers, files)
    (tmp_path / "identity.txt").write_text(str(world.reviewers[1]) + "\n")
    opened = subprocess.run(
        [sys.executable, "-m", "intake.sealing", "--decrypt", "-i", str(tmp_path / "identity.txt")],
        input=sealed,
        capture_output=True,
        check=True,
    )
    subprocess.run(["tar", "-x", "-C", str(tmp_path)], input=opened.stdout, check=True)
    assert (tmp_path / "report.json").read_bytes() == report.to_json()
    assert (tmp_path / "files" / "01").read_bytes() == files[0]


def test_blocks_pasted_from_a_messenger_open_in_any_order_and_what_is_missing_is_named(
    world: World, usb: Path, tmp_path: Path
) -> None:
    bodies = list(sound(world, 3).values())
    first, second, third = (split(body) for body in bodies)
    (usb / "a.txt").write_text("\n".join(["hello", *reversed(first[1:]), second[0], second[0], *third[1:]]))
    (usb / "b.txt").write_text("\n> ".join([first[0], "good luck", *second[1:]]))
    done = review_open(world, usb, "--to", tmp_path / "opened")
    assert done.returncode == Exit.SOME_FAILED, done.stderr
    assert {path.name for path in (tmp_path / "opened").iterdir()} == {f"{number:032x}" for number in (1, 2)}
    name = third[0][1:6]
    assert f"text blocks {name}: {name} (of {len(third)}): block 1 missing" in done.stderr
    (usb / "c.txt").write_text(third[0])
    done = review_open(world, usb, "--to", tmp_path / "opened")
    assert done.returncode == Exit.OK, done.stderr
    assert (tmp_path / "opened" / f"{3:032x}" / "report.txt").is_file()


def test_a_name_that_tricks_is_shown_as_such_and_never_a_path(world: World, usb: Path, tmp_path: Path) -> None:
    names = ("../../../tmp/owned", "/etc/cron.d/x", "photo\u202egpj.exe", "con.txt", "a.jpg.scr", "\x1b]0;x\x07.mp4")
    report = make_report(world, 1)
    files = tuple(FileEntry(name, "image/jpeg", 3, False) for name in names)
    report = replace(report, files=files)
    package = io.BytesIO()
    write_package(report, [io.BytesIO(b"abc") for _ in names], package)
    (usb / "a.age").write_bytes(seal_bytes(package.getvalue(), [each.recipient for each in world.reviewers]))
    assert review_open(world, usb / "a.age", "--to", tmp_path / "out").returncode == Exit.OK
    found = sorted(str(path.relative_to(tmp_path / "out" / report.id)) for path in (tmp_path / "out").rglob("*"))
    assert found[1:] == ["files", *(f"files/{n:02}" for n in range(1, 7)), "report.json", "report.txt"]
    text = (tmp_path / "out" / report.id / "report.txt").read_text()
    told = text[text.index("files/01") :].split("files/")[1:]
    for one, word in zip(
        told, ("a path", "a path", "turn it round", "devices", "two endings", "turn it round"), strict=True
    ):
        assert "LOOK: the name" in one
        assert word in one
    assert {"\u202e", "\x1b", "\x07"}.isdisjoint(text)


def test_an_opening_that_was_killed_leaves_nothing_half_and_is_done_again(
    world: World, usb: Path, tmp_path: Path
) -> None:
    """A whole report stays as it was, the half one is cleared away and opened again, and one at work is let be."""
    size = 40_000_000
    sealed = sound(world, 1) | {f"{9:032x}": sealed_large(world, 9, size)}
    (usb / "b").write_bytes(make_bundle(world, sealed))
    out = tmp_path / "out"
    process = review_open_started(world, usb / "b", "--to", out)
    deadline = time.monotonic() + 60
    while not list(out.glob(".opening-*/files/01")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.kill()
    process.wait()
    assert (out / f"{1:032x}" / "report.txt").exists()
    assert not (out / f"{9:032x}").exists()
    before = (out / f"{1:032x}" / "report.txt").stat().st_mtime_ns
    busy = out / ".opening-other"
    busy.mkdir()
    held = os.open(busy, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    done = review_open(world, usb / "b", "--to", out)
    os.close(held)
    assert done.returncode == Exit.OK, done.stderr
    assert "1 were there before" in done.stderr or "1 was there before" in done.stderr
    assert (out / f"{9:032x}" / "files" / "01").stat().st_size == size
    assert (out / f"{1:032x}" / "report.txt").stat().st_mtime_ns == before
    assert [path.name for path in out.glob(".*")] == [".opening-other"]


def sealed_large(world: World, number: int, size: int) -> bytes:
    """A report with one attachment of `size` zero bytes."""
    report = replace(make_report(world, number), files=(FileEntry("a.mp4", "video/mp4", size, False),))
    sink = io.BytesIO()
    with Sealer(sink, [each.recipient for each in world.reviewers]) as sealer:
        write_package(report, [io.BytesIO(bytes(size))], sealer)
    return sink.getvalue()


def review_open_started(world: World, *arguments: object) -> subprocess.Popen[bytes]:
    """The command, not waited for."""
    read, write = os.pipe()
    os.write(write, PASSPHRASE.encode() + b"\n")
    os.close(write)
    try:
        identity = ["-i", str(world.folder / "reviewer-r1.age")]
        command = [sys.executable, "-m", "intake", "review", "open", *identity, *map(str, arguments)]
        environment = {**os.environ, "INTAKE_PASSPHRASE_FD": str(read)}
        return subprocess.Popen(command, env=environment, pass_fds=[read], stderr=subprocess.DEVNULL)
    finally:
        os.close(read)


@pytest.mark.long
def test_half_a_gigabyte_opens_in_little_memory(world: World, usb: Path, tmp_path: Path) -> None:
    """Python's start included. The tests' passphrase is cheap: a real one takes 256 MB for its second, before that."""
    size = 500_000_000
    entry = FileEntry("a.mp4", "video/mp4", size, False)
    attachment = tmp_path / "attachment"
    with attachment.open("wb") as file:
        for _ in range(500):
            file.write(os.urandom(1_000_000))
    path = usb / "a.age"
    recipients = [each.recipient for each in world.reviewers]
    with path.open("wb") as sink, attachment.open("rb") as content, Sealer(sink, recipients) as sealer:
        write_package(replace(make_report(world, 1), files=(entry,)), [content], sealer)
    code = (
        "import sys; from intake.cli import door; "
        "status = door.main(sys.argv[1:], standalone_mode=False); "
        "print(open('/proc/self/status').read()); sys.exit(status)"
    )
    read, write = os.pipe()
    os.write(write, PASSPHRASE.encode() + b"\n")
    os.close(write)
    arguments = ["review", "open", "-i", str(world.folder / "reviewer-r1.age"), str(path), "--to", str(tmp_path / "o")]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "INTAKE_PASSPHRASE_FD": str(read)},
        pass_fds=[read],
        capture_output=True,
        text=True,
    )
    os.close(read)
    assert done.returncode == Exit.OK, done.stderr
    peak = int(done.stdout.split("VmHWM:")[1].split()[0]) / 1024
    print(f"peak {peak:.0f} MB")
    assert peak < 100
    assert filecmp.cmp(attachment, tmp_path / "o" / f"{1:032x}" / "files" / "01", shallow=False)
