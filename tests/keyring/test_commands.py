"""`intake keys` as people run it: the real command, real files, real work factor."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from intake.errors import Exit
from intake.keyring import Card, Keyring, Pin, SignedNote, VerifyKey, fingerprint, open_private
from intake.sealing import Header
from tests.harness.keys import make_world

ORIGIN = "drop.example"
SECRET = "correct horse"
INTAKE = Path(sys.executable).with_name("intake")


@dataclass(frozen=True)
class Done:
    status: int
    out: str
    err: str

    @property
    def facts(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.out)
        return found


def keys(*args: object, folder: Path, secrets: Iterable[str] = (SECRET,)) -> Done:
    """Run `intake keys` in `folder`; `secrets` come line by line through INTAKE_PASSPHRASE_FD."""
    reader, writer = os.pipe()
    os.write(writer, "".join(f"{secret}\n" for secret in secrets).encode())
    os.close(writer)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("INTAKE_")}
    try:
        done = subprocess.run(
            [INTAKE, "keys", *map(str, args)],
            cwd=folder,
            env=environment | {"INTAKE_PASSPHRASE_FD": str(reader), "PYTHONWARNINGS": "error"},
            pass_fds=[reader],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    finally:
        os.close(reader)
    assert "Traceback" not in done.stderr, done.stderr
    assert SECRET not in done.stdout + done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


@dataclass
class House:
    """What three people and a server made in one afternoon."""

    folder: Path
    made: dict[str, Done] = field(default_factory=dict)

    @property
    def fingerprints(self) -> list[str]:
        return [fingerprint((self.folder / f"root-{label}.vkey").read_text().strip()) for label in "abc"]

    def keyring_new(self, *more: object, out: str = "keyring.note", roots: str = "abc") -> Done:
        return keys(
            *("keyring-new", "--origin", ORIGIN, "--root", *(f"root-{label}.vkey" for label in roots)),
            *("--drop", "data/drop-d1.vkey", "--reviewer", "reviewer-r1.card", "reviewer-r2.card"),
            *("--threshold", 2, "--out", out, *more),
            folder=self.folder,
        )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Keys made by command, once for all tests: each passphrase costs a second of scrypt."""
    house = House(tmp_path_factory.mktemp("house"))
    for label in "abc":
        house.made[f"root {label}"] = keys(
            "root-new", "--origin", ORIGIN, "--label", label, "--out", ".", folder=house.folder
        )
    for label in ("r1", "r2"):
        house.made[f"reviewer {label}"] = keys(
            "reviewer-new", "--origin", ORIGIN, "--label", label, "--out", ".", "--json", folder=house.folder
        )
    house.made["drop d1"] = keys(
        "drop-new", "--origin", ORIGIN, "--label", "d1", "--out", "data", folder=house.folder, secrets=()
    )
    house.made["keyring"] = house.keyring_new()
    for label in "ac":
        house.made[f"signed {label}"] = keys(
            "keyring-sign", "keyring.note", "--key", f"root-{label}.age", folder=house.folder
        )
    return house


def test_every_step_ends_well_and_keeps_data_and_messages_apart(house: House) -> None:
    assert {name: done.status for name, done in house.made.items() if done.status} == {}
    for label, digits in zip("abc", house.fingerprints, strict=True):
        assert house.made[f"root {label}"].out == f"{label}  {digits}\n"
    assert house.made["signed a"].out == ""


def test_private_files_are_private_and_public_ones_are_public(house: House) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in house.folder.rglob("*") if path.is_file()}
    private = {name for name, mode in modes.items() if mode == 0o600}
    assert private == {"root-a.age", "root-b.age", "root-c.age", "reviewer-r1.age", "reviewer-r2.age", "drop.key"}
    assert all(mode & 0o077 in (0, 0o044) for mode in modes.values())
    assert (house.folder / "data").stat().st_mode & 0o777 == 0o700


def test_private_files_are_age_files_of_work_factor_18(house: House) -> None:
    for name in ("root-a.age", "reviewer-r1.age"):
        with (house.folder / name).open("rb") as file:
            (stanza,) = Header.parse(file).stanzas
        assert (stanza.kind, stanza.args[1]) == ("scrypt", "18")


def test_the_card_and_the_identity_belong_together(house: House) -> None:
    private = open_private((house.folder / "reviewer-r1.age").read_bytes(), SECRET)
    card = Card.parse((house.folder / "reviewer-r1.card").read_bytes())
    assert card.key == private.signing.verify_key
    assert [str(identity.recipient) for identity in private.identities] == [card.recipient]
    facts = house.made["reviewer r1"].facts
    assert facts["recipient"] == card.recipient
    assert facts["fingerprint"] == fingerprint(card.recipient)
    assert facts["files"] == ["reviewer-r1.age", "reviewer-r1.card"]


def test_debians_age_opens_a_reviewers_file(house: House, tmp_path: Path) -> None:
    out = tmp_path / "opened"
    status, screen = _at_a_terminal(["age", "-d", "-o", str(out), str(house.folder / "reviewer-r1.age")], answer=SECRET)
    assert status == 0, screen
    assert out.read_bytes() == bytes(open_private((house.folder / "reviewer-r1.age").read_bytes(), SECRET))


def test_passphrases_are_asked_for_twice_at_a_terminal(tmp_path: Path) -> None:
    status, screen = _at_a_terminal(
        [str(INTAKE), "keys", "drop-new", "--origin", ORIGIN, "--label", "d1", "--out", str(tmp_path)], answer=""
    )
    assert (status, "d1  " in screen) == (0, True)
    status, screen = _at_a_terminal(
        [str(INTAKE), "keys", "root-new", "--origin", ORIGIN, "--label", "a", "--out", str(tmp_path)],
        answer=f"{SECRET}\n{SECRET}",
    )
    assert (status, screen.count(SECRET)) == (0, 0), screen
    assert open_private((tmp_path / "root-a.age").read_bytes(), SECRET).signing.name == f"{ORIGIN}/a"


def _at_a_terminal(command: list[str], answer: str) -> tuple[int, str]:
    """Run with a terminal of its own, answering each prompt with a line; returns status and what the screen showed."""
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("INTAKE_")}
    process = subprocess.Popen(
        ["setsid", "-c", "-w", *command], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    )
    os.close(theirs)
    screen, answers, deadline = b"", [line for line in answer.split("\n") if line], time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([ours], [], [], 1)[0]:
            continue
        try:
            piece = os.read(ours, 4096)
        except OSError:  # the other end is gone
            break
        screen += piece
        if answers and screen.rstrip(b" ").endswith(b":"):
            os.write(ours, f"{answers.pop(0)}\n".encode())
    os.close(ours)
    return process.wait(timeout=10), screen.decode()


def test_the_keyring_is_what_was_asked_for(house: House) -> None:
    note = SignedNote.parse((house.folder / "keyring.note").read_bytes())
    keyring = Keyring.parse(note.text)
    assert (keyring.origin, keyring.serial, keyring.previous, keyring.threshold) == (ORIGIN, 1, None, 2)
    assert [root.label for root in keyring.roots] == ["a", "b", "c"]
    assert [reviewer.label for reviewer in keyring.reviewers] == ["r1", "r2"]
    assert keyring.issued - datetime.now(UTC).date() in (timedelta(0), timedelta(days=-1))
    assert keyring.expires - keyring.issued == timedelta(days=120)
    assert (keyring.closes.year, keyring.closes.month) == (keyring.issued.year + 1, keyring.issued.month)
    assert [key.name for key in note.signers(keyring.root_keys)] == [f"{ORIGIN}/a", f"{ORIGIN}/c"]


def test_signing_shows_first_what_is_signed_and_then_what_is_missing(house: House) -> None:
    shown = house.made["signed a"].err
    before, _, after = shown.partition("Signed by")
    assert f"Keyring 1 of {ORIGIN}" in before
    for digits in house.fingerprints:
        assert digits in before
    assert "threshold  2 of 3 roots must sign" in before
    assert "signed     by nobody of its own roots: 2 more needed" in before
    assert "signed     by a of its own roots: 1 more needed" in after
    assert "signed     by a, c of its own roots: enough" in house.made["signed c"].err


@pytest.mark.parametrize(
    "typed", ["--root {0} {1} {2}", "--root={0} --root {1} --root {2}", "--root {0} {1} --threshold 1", "--root {2}"]
)
def test_verify_believes_the_paper(house: House, typed: str) -> None:
    done = keys("keyring-verify", "keyring.note", *typed.format(*house.fingerprints).split(" "), folder=house.folder)
    assert (done.status, done.err) == (Exit.OK, "")
    assert f"Believed: keyring 1 of {ORIGIN}" in done.out


def test_verify_takes_the_list_before_the_file_and_dashes(house: House) -> None:
    a, b, c = (digits.replace(" ", "-") for digits in house.fingerprints)
    done = keys("keyring-verify", "--root", a, b, c, "keyring.note", folder=house.folder)
    assert done.status == Exit.OK


def test_verify_pins_and_goes_on_from_the_pin(house: House, tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    first = keys(
        *("keyring-verify", "keyring.note", "--root", *house.fingerprints, "--pin-out", pin), folder=house.folder
    )
    assert first.status == Exit.OK
    assert Pin.parse(pin.read_bytes()).serial == 1
    again = keys("keyring-verify", "keyring.note", "--pin", pin, "--json", folder=house.folder)
    assert again.status == Exit.OK
    assert again.facts["verdict"] == "believed"
    assert again.facts["serial"] == 1
    assert again.facts["warnings"] == []


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        (["keyring.note"], Exit.USAGE, "nothing says whom to trust"),
        (["keyring.note", "--threshold", "1"], Exit.USAGE, "there are none"),
        (["keyring.note", "--root", "12345"], Exit.USAGE, "have 5 digits together"),
        (["keyring.note", "--root", "12345 " * 8], Exit.KEYRING, "is not among the roots of this keyring"),
        (["keyring.note", "--root", "{0}", "{1}", "{2}", "--threshold", "3"], Exit.KEYRING, "only 2 of the typed"),
        (["keyring.note", "--root", "{1}"], Exit.KEYRING, "only 0 of the typed roots"),
        (["reviewer-r1.card", "--root", "{0}"], Exit.KEYRING, "the first line is not amonat/keyring/1"),
        (["root-a.age", "--root", "{0}"], Exit.KEYRING, "the note is not UTF-8"),
        (["none.note", "--root", "{0}"], Exit.USAGE, "does not exist"),
        (["keyring.note", "--root", "{0}", "--at", "tomorrow"], Exit.USAGE, "not a day as YYYY-MM-DD"),
        (["keyring.note", "--root", "{0}", "--at", "2040-01-01"], Exit.CLOSED, "is genuine and closed on"),
    ],
)
def test_verify_says_why_not(house: House, args: list[str], status: Exit, message: str) -> None:
    done = keys("keyring-verify", *(arg.format(*house.fingerprints) for arg in args), folder=house.folder)
    assert (done.status, done.out) == (status, "")
    assert message in done.err


def test_verify_warns_of_an_expired_keyring_and_believes_it(house: House) -> None:
    day = datetime.now(UTC).date() + timedelta(days=200)
    done = keys(*("keyring-verify", "keyring.note", "--root", *house.fingerprints, "--at", day), folder=house.folder)
    assert done.status == Exit.OK
    assert "Warning: keyring 1 expired on" in done.err


def test_show_shows_and_does_not_vouch(house: House) -> None:
    plain = keys("keyring-show", "keyring.note", folder=house.folder)
    assert plain.status == Exit.OK
    assert "signed     by a, c of its own roots: enough" in plain.out
    assert "not a proof" in plain.err
    facts = keys("keyring-show", "keyring.note", "--json", folder=house.folder).facts
    assert facts["signed_by"] == [f"{ORIGIN}/a", f"{ORIGIN}/c"]
    roots = facts["roots"]
    assert isinstance(roots, list)
    assert [root["fingerprint"] for root in roots] == house.fingerprints


def test_a_second_keyring_follows_the_first(house: House, tmp_path: Path) -> None:
    second = tmp_path / "second.note"
    made = house.keyring_new(
        *("--previous", "keyring.note", "--closed-through", 1, "--site", "https://drop.example", "--json"),
        out=str(second),
    )
    assert made.status == Exit.OK
    assert (made.facts["serial"], made.facts["closed_through"], made.facts["signed_by"]) == (2, 1, [])
    for label in "ab":
        done = keys(
            *("keyring-sign", second, "--key", f"root-{label}.age", "--previous", "keyring.note"), folder=house.folder
        )
        assert done.status == Exit.OK
    assert "by a, b of the roots of keyring 1: enough" in done.err
    believed = keys(
        *("keyring-verify", second, "keyring.note", "--root", *house.fingerprints, "--json"), folder=house.folder
    )
    assert (believed.status, believed.facts["serial"]) == (Exit.OK, 2)
    backwards = keys("keyring-show", "keyring.note", "--previous", second, folder=house.folder)
    assert backwards.status == Exit.KEYRING
    assert "keyring 1 does not follow keyring 2" in backwards.err


def test_who_is_left_out_of_a_keyring_written_anew_is_retired(house: House, tmp_path: Path) -> None:
    made = keys(
        *("keyring-new", "--origin", ORIGIN, "--root", "root-a.vkey", "root-b.vkey", "root-c.vkey", "--threshold", 2),
        *("--drop", "data/drop-d1.vkey", "--reviewer", "reviewer-r1.card", "--previous", "keyring.note"),
        *("--out", tmp_path / "second.note", "--json"),
        folder=house.folder,
    )
    assert made.status == Exit.OK, made.err
    retired = made.facts["retired"]
    assert isinstance(retired, list)
    assert [line["label"] for line in retired] == ["r2", "r2"]


def test_a_slip_of_the_hand_is_named_by_its_group(house: House) -> None:
    groups = house.fingerprints[2].split()
    groups[5] = f"{(int(groups[5]) + 7) % 100_000:05d}"
    done = keys("keyring-verify", "keyring.note", "--root", "  ".join(groups), folder=house.folder)
    assert (done.status, done.out) == (Exit.KEYRING, "")
    assert "differs from that of root c in group 6: look at the paper again" in done.err


def test_a_half_signed_keyring_travels_as_a_file_of_its_own(house: House, tmp_path: Path) -> None:
    draft, half = tmp_path / "draft.note", tmp_path / "half.note"
    assert house.keyring_new(out=str(draft)).status == Exit.OK
    done = keys("keyring-sign", draft, "--key", "root-b.age", "--out", half, folder=house.folder)
    assert done.status == Exit.OK
    assert SignedNote.parse(draft.read_bytes(), draft=True).signatures == ()
    refused = keys("keyring-verify", half, "--root", house.fingerprints[1], folder=house.folder)
    assert refused.status == Exit.KEYRING
    assert "keyring 1 has 1 of the 2 signatures it needs from its own roots" in refused.err
    unsigned = keys("keyring-verify", draft, "--root", house.fingerprints[1], folder=house.folder)
    assert (unsigned.status, "not signed by anybody" in unsigned.err) == (Exit.KEYRING, True)


def test_only_roots_sign_and_a_wrong_passphrase_signs_nothing(house: House, tmp_path: Path) -> None:
    draft = tmp_path / "draft.note"
    assert house.keyring_new(out=str(draft)).status == Exit.OK
    content = draft.read_bytes()
    wrong = keys("keyring-sign", draft, "--key", "root-a.age", folder=house.folder, secrets=["another"])
    assert (wrong.status, "does not open" in wrong.err) == (Exit.NO_KEY, True)
    reviewer = keys("keyring-sign", draft, "--key", "reviewer-r1.age", folder=house.folder)
    assert (reviewer.status, "is not a root of this keyring" in reviewer.err) == (Exit.KEYRING, True)
    none = keys("keyring-sign", draft, "--key", "root-a.age", folder=house.folder, secrets=[])
    assert (none.status, "gave no passphrase" in none.err) == (Exit.USAGE, True)
    assert draft.read_bytes() == content


def test_a_keyring_with_a_false_signature_is_not_signed_further(house: House, tmp_path: Path) -> None:
    tampered = tmp_path / "tampered.note"
    tampered.write_bytes((house.folder / "keyring.note").read_bytes().replace(b"threshold 2", b"threshold 1"))
    done = keys("keyring-sign", tampered, "--key", "root-b.age", folder=house.folder)
    assert (done.status, "is not genuine" in done.err) == (Exit.KEYRING, True)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--threshold", 4], "4 signatures are asked of only 3 roots"),
        (["--root", "root-a.vkey"], "the label a twice"),
        (["--root", "nothing.vkey"], "neither a file nor a public key"),
        (["--root", "reviewer-r1.card"], "not a public signing key"),
        (["--drop", "root-a.vkey"], "the same as that of root a"),
        (["--site", "http://drop.example"], "not an https address"),
        (["--expires", "2020-01-01"], "'expires' is before 'issued'"),
        (["--origin", "elsewhere.example"], "is for another origin"),
        (["--origin", "Drop Example"], "the origin holds U+0044"),
        (["--reviewer", "missing.card"], "there is no file missing.card"),
        (["--closed-through", 1], "not between 0 and 0"),
    ],
)
def test_keyring_new_refuses_what_nobody_should_sign(
    house: House, tmp_path: Path, more: list[object], message: str
) -> None:
    done = house.keyring_new(*more, out=str(tmp_path / "new.note"))
    assert (done.status, message in done.err) == (Exit.USAGE, True), done.err
    assert list(tmp_path.iterdir()) == []


def test_a_forged_card_is_refused(house: House, tmp_path: Path) -> None:
    forged = tmp_path / "forged.card"
    own, other = ((house.folder / f"reviewer-{label}.card").read_text() for label in ("r1", "r2"))
    forged.write_text(own.replace(own.split("\n")[3], other.split("\n")[3]))
    done = house.keyring_new("--reviewer", forged, out=str(tmp_path / "new.note"))
    assert (done.status, "is not genuine" in done.err) == (Exit.KEYRING, True)


def test_keys_may_be_given_as_their_line(house: House, tmp_path: Path) -> None:
    line = (house.folder / "root-b.vkey").read_text().strip()
    done = house.keyring_new("--root", line, out=str(tmp_path / "new.note"), roots="a")
    assert done.status == Exit.OK
    keyring = Keyring.parse(SignedNote.parse((tmp_path / "new.note").read_bytes(), draft=True).text)
    assert keyring.roots[1].key == VerifyKey.parse(line)


def test_nothing_is_overwritten(house: House) -> None:
    before = {path: path.read_bytes() for path in house.folder.rglob("*") if path.is_file()}
    for args in (
        ["root-new", "--origin", ORIGIN, "--label", "a", "--out", "."],
        ["reviewer-new", "--origin", ORIGIN, "--label", "r1", "--out", "."],
        ["drop-new", "--origin", ORIGIN, "--label", "d2", "--out", "data"],
    ):
        done = keys(*args, folder=house.folder)
        assert (done.status, "exists already" in done.err) == (Exit.FAULT, True)
    assert house.keyring_new().status == Exit.FAULT
    assert {path: path.read_bytes() for path in house.folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("label", ["", "A", "r 1", "r1/../x", "\u04401", "x" * 33])
def test_labels_are_checked_before_anything_is_made(tmp_path: Path, label: str) -> None:
    done = keys("root-new", "--origin", ORIGIN, "--label", label, "--out", "keys", folder=tmp_path)
    assert (done.status, "the label" in done.err) == (Exit.USAGE, True)
    assert list(tmp_path.iterdir()) == []


def test_the_files_of_the_tests_own_world_are_what_the_commands_make(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    done = keys(
        *("keyring-verify", "keyring.note", "--root", *world.fingerprints, "--at", world.today), folder=tmp_path
    )
    assert done.status == Exit.OK
    drop = open_private((tmp_path / "drop.key").read_bytes(), None)
    assert str(drop.signing.verify_key) == (tmp_path / "drop-d1.vkey").read_text().strip()
