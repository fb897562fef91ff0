"""The operator's week, quarter and worst days: each command of the README is typed, and does what the text says."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.request import Request, urlopen

import pytest

from intake.errors import Exit
from intake.keyring.identity import PrivateFile
from intake.keyring.note import SignedNote
from intake.keyring.text import Keyring
from intake.report.bundle import read_bundle
from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import QUICK, World, make_world
from tests.harness.reader import DAYS, ROOT, Shell, answers

PASSPHRASE = "a passphrase"


@dataclass(frozen=True)
class Coalition:
    """A drop that serves, two of its roots, a reviewer with a vault and a case, in one folder."""

    shell: Shell
    world: World

    def type(self, day: str) -> list[tuple[int, str]]:
        """The exit status and the output of each command of a day."""
        done = []
        for line in DAYS[day].replace("\\\n", "").splitlines():
            ended = subprocess.run(
                self.shell.adapt(line),
                cwd=self.shell.folder,
                env=self.shell.environment,
                capture_output=True,
                text=True,
            )
            done.append((ended.returncode, ended.stdout + ended.stderr))
        return done

    def went_well(self, day: str) -> list[str]:
        """The outputs, when all commands ended well."""
        done = self.type(day)
        assert [status for status, _ in done] == [Exit.OK] * len(done), done
        return [said for _, said in done]

    def keyring(self, name: str) -> Keyring:
        """One that was written."""
        return Keyring.parse(SignedNote.parse((self.shell.folder / name).read_bytes(), draft=True).text)


@pytest.fixture(scope="module")
def coalition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coalition]:
    folder = tmp_path_factory.mktemp("coalition")
    begun = datetime.now(UTC).date() - timedelta(days=80)
    world = make_world(folder / "keys", reviewers=2, today=begun)
    shell = Shell(folder, PASSPHRASE)
    for name in ("roots", "reviewers", "data", "usb"):
        (folder / name).mkdir(mode=0o700)
    for label, root in zip("abc", world.roots, strict=True):
        (folder / "roots" / f"root-{label}.age").write_bytes(PrivateFile(root).seal(PASSPHRASE, QUICK))
        (folder / "roots" / f"root-{label}.vkey").write_text(f"{root.verify_key}\n")
    for number, (key, identity) in enumerate(zip(world.reviewer_keys, world.reviewers, strict=True), 1):
        sealed = PrivateFile(key, (identity,)).seal(PASSPHRASE, QUICK)
        (folder / "reviewers" / f"reviewer-r{number}.age").write_bytes(sealed)
    shutil.copy2(world.folder / "drop.key", folder / "data" / "drop.key")
    shutil.copy2(world.folder / "keyring.note", folder)
    shutil.copy(ROOT / "scripts" / "drop.toml", folder)
    shell.learn_fingerprints()
    report = make_report(world, answers={"urgent": ["removal"], "account": "They take her to the airport."})
    serve = (
        "exec intake drop serve --config drop.toml --data data --keyring keyring.note --listen 127.0.0.1:8080 --drafts "
        "--root $ROOT_A $ROOT_B $ROOT_C"
    )
    server = subprocess.Popen(shell.adapt(serve), cwd=folder, env=shell.environment)
    try:
        answers(f"http://127.0.0.1:{shell.port}/en", server)
        put = Request(f"http://127.0.0.1:{shell.port}/reports/{report.id}", seal_report(report, world.reviewers))
        put.method = "PUT"
        put.add_header("Content-Type", "application/octet-stream")
        with urlopen(put):
            pass
        shell.run("intake drop export --data data --to usb")
        shell.run("intake review init --vault vault -i reviewers/reviewer-r1.age --root $ROOT_A $ROOT_B $ROOT_C")
        shell.run("intake review import usb --vault vault -i reviewers/reviewer-r1.age")
        shell.run("intake review outbox --vault vault --to usb")
        shell.environment["REPORT"] = report.id
        shell.environment["CASE"] = shell.run("intake review case new --vault vault 'At the airport'").strip()
        yield Coalition(shell, world)
    finally:
        server.terminate()
        server.wait(20)


def test_every_day_is_played_here() -> None:
    played = {
        "each week", "each quarter", "the server is seized", "a letter", "an operator is arrested",
        "a reviewer is arrested", "a flood", "a wrong purge", "a false copy", "a report is leaked",
    }  # fmt: skip
    assert played == DAYS.keys()
    assert all(len(block.replace("\\\n", "").splitlines()) in (3, 5) for block in DAYS.values())


def test_the_week_and_the_quarter(coalition: Coalition) -> None:
    status, check, export, deliver, purge = coalition.went_well("each week")
    assert "1" in status
    assert check
    assert "000002.bundle" in export
    assert deliver
    assert purge
    coalition.went_well("each quarter")
    assert coalition.keyring("renewed.note").serial == 2
    assert len(SignedNote.parse((coalition.shell.folder / "renewed.note").read_bytes()).signatures) == 2
    newest = max((coalition.shell.folder / "usb").glob("*.bundle"))
    carried = [entry.id for entry, _ in read_bundle(io.BytesIO(newest.read_bytes()))]
    assert carried == [coalition.shell.environment["REPORT"]]


def test_a_new_servers_key_takes_the_place_of_the_seized_one(coalition: Coalition) -> None:
    coalition.went_well("the server is seized")
    keyring = coalition.keyring("after-seizure.note")
    assert [each.label for each in keyring.drops] == ["d1"]
    assert keyring.drops[0].key != coalition.world.keyring.drops[0].key
    assert [each.label for each in keyring.retired] == ["d1"]


def test_a_letter_an_arrest_and_a_flood(coalition: Coalition) -> None:
    coalition.went_well("a letter")
    coalition.went_well("an operator is arrested")
    assert coalition.keyring("without-them.note").drops[0].key != coalition.world.keyring.drops[0].key
    coalition.went_well("a flood")


def test_the_arrested_reviewer_is_out_and_earlier_forms_are_closed(coalition: Coalition) -> None:
    *_, listed = coalition.went_well("a reviewer is arrested")
    keyring = coalition.keyring("without-r2.note")
    assert [each.label for each in keyring.reviewers] == ["r1"]
    assert keyring.closed_through == 1
    assert coalition.shell.environment["REPORT"][:8] in listed


def test_what_was_purged_is_with_the_reviewers(coalition: Coalition) -> None:
    coalition.went_well("a wrong purge")


def test_a_false_copy_is_refused(coalition: Coalition) -> None:
    folder = coalition.shell.folder
    coalition.shell.run("intake drop form-file --data data --config drop.toml --drafts --out false.html")
    coalition.shell.run("intake keys form-sign false.html --key roots/root-a.age")
    coalition.shell.run("intake keys form-sign false.html --key roots/root-b.age")
    sound = (folder / "false.html").read_bytes()
    (folder / "false.html").write_bytes(sound.replace(b"</body>", b"<script></script></body>"))
    (refused, *others) = coalition.type("a false copy")
    assert refused[0] in (Exit.USAGE, Exit.KEYRING), refused
    assert [status for status, _ in others] == [Exit.OK, Exit.OK], others
    assert (folder / "right.html").read_bytes() == sound


def test_a_leak_is_followed(coalition: Coalition) -> None:
    coalition.went_well("a report is leaked")
