"""A vault looked after: another passphrase, locked when left alone, backed up, and proved whole or named damaged."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from intake.errors import Damaged, Exit, Fault, Usage, WrongPassphrase
from intake.review import cipher, passphrases
from intake.review.audit import audit, reviewer_keys
from intake.review.backup import back_up
from intake.review.commands import door
from intake.review.idling import Locked
from intake.review.log import Entity
from intake.review.originals import Kept
from intake.review.unlocking import Lock, Locks
from intake.review.vault import Vault
from intake.review.verification import verify
from intake.sealing import open_sealed
from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import World, make_world
from tests.harness.vaults import PASSPHRASE, QUICK, make_vault, open_vault

CASE = Entity("case", "5f0c")
OTHER = "another passphrase"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def vault(world: World, tmp_path: Path) -> Vault:
    """With two reports and some events."""
    vault = make_vault(world, tmp_path / "vault")
    for number in (1, 2):
        keep(vault, world, number)
    with vault.journal() as journal:
        for number in range(10):
            journal.record(CASE, "title", f"№ {number}")
    return vault


def keep(vault: Vault, world: World, number: int) -> Kept:
    sealed = seal_report(make_report(world, number), world.reviewers)
    with vault.originals.batch() as batch, vault.journal() as journal:
        kept = batch.keep(io.BytesIO(sealed))
        batch.settle()
        journal.hold(kept, open_sealed(io.BytesIO(sealed), world.reviewers[:1]).file_key)
    return kept


def title(vault: Vault) -> object:
    with vault.journal() as journal:
        return journal.state(CASE)["title"].value


def test_another_passphrase_opens_it_and_the_old_one_no_more(vault: Vault) -> None:
    with vault:
        before = (vault.folder.database).read_bytes()
        vault.change_passphrase(PASSPHRASE, OTHER, cost=QUICK)
        assert title(vault) == "№ 9"
    after = vault.folder.database.read_bytes()
    pages = {hashlib.sha256(before[at : at + 4096]).digest() for at in range(0, len(before), 4096)}
    assert not [at for at in range(0, len(after), 4096) if hashlib.sha256(after[at : at + 4096]).digest() in pages]
    with pytest.raises(WrongPassphrase):
        Vault.open(vault.folder.path, PASSPHRASE)
    with Vault.open(vault.folder.path, OTHER) as again:
        assert verify(again).faults == ()


def test_a_passphrase_is_changed_only_by_who_knows_it_and_with_nobody_reading(vault: Vault) -> None:
    with vault:
        with pytest.raises(WrongPassphrase):
            vault.change_passphrase(OTHER, "a long enough one", cost=QUICK)
        with pytest.raises(Usage, match="fewer than"):
            vault.change_passphrase(PASSPHRASE, "short", cost=QUICK)
        with vault.reading(), pytest.raises(Fault, match="in use"):
            vault.change_passphrase(PASSPHRASE, OTHER, cost=QUICK)
        assert title(vault) == "№ 9"
    with Vault.open(vault.folder.path, PASSPHRASE):
        pass


@pytest.mark.parametrize("done", [False, True])
def test_a_change_that_was_interrupted_leaves_one_passphrase(vault: Vault, done: bool) -> None:
    parameters = vault.folder.parameters
    before = Locks.parse(parameters.read_bytes())
    if done:
        vault.change_passphrase(PASSPHRASE, OTHER, cost=QUICK)
        after = Locks.parse(parameters.read_bytes()).locks
    else:
        after = (Lock.new(OTHER, QUICK)[0],)
    vault.close()
    parameters.write_bytes(bytes(Locks(before.vault, (*before.locks, *after))))
    right, wrong = (OTHER, PASSPHRASE) if done else (PASSPHRASE, OTHER)
    with pytest.raises(WrongPassphrase, match="interrupted"):
        Vault.open(vault.folder.path, wrong)
    with Vault.open(vault.folder.path, right) as again:
        assert title(again) == "№ 9"
    assert len(Locks.parse(parameters.read_bytes()).locks) == 1


def test_a_kill_behind_the_change_leaves_no_page_under_the_old_key(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the pages under the new key are only in the database's log, and its file is still that of before."""

    def killed(path: Path, old: bytes, new: bytes) -> None:
        child = os.fork()
        if child == 0:
            connection = cipher._connector(path, old)()
            connection.execute(f"PRAGMA rekey = \"x'{new.hex()}'\"").fetchone()
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(child, 0)
        raise KeyboardInterrupt  # nothing more is done here

    vault.close()
    before = vault.folder.database.read_bytes()
    monkeypatch.setattr(passphrases, "rekey", killed)
    with pytest.raises(KeyboardInterrupt):
        passphrases.change(vault.folder, PASSPHRASE, OTHER, QUICK)
    assert vault.folder.database.read_bytes() == before
    with Vault.open(vault.folder.path, OTHER) as again:
        assert verify(again, whole=True).faults == ()
        after = vault.folder.database.read_bytes()
        assert not {before[at : at + 4096] for at in range(0, len(before), 4096)} & {
            after[at : at + 4096] for at in range(0, len(after), 4096)
        }
        assert title(again) == "№ 9"
    with pytest.raises(WrongPassphrase):
        Vault.open(vault.folder.path, PASSPHRASE)


def test_a_locked_vault_gives_nothing_and_keeps_others_out(world: World, vault: Vault) -> None:
    with vault:
        with vault.reading():
            assert not vault.lock_if_idle(timedelta(0)), "it is being read"
        assert not vault.lock_if_idle(timedelta(hours=1))
        assert vault.lock_if_idle(timedelta(0))
        for use in (vault.reading, vault.writing, vault.journal):
            with pytest.raises(Locked), use():
                pass
        with pytest.raises(Locked):
            _ = vault.signing
        with pytest.raises(Fault, match="open already"):
            open_vault(world, vault.folder.path)
        with pytest.raises(WrongPassphrase):
            vault.unlock(OTHER)
        vault.unlock(PASSPHRASE)
        assert title(vault) == "№ 9"
        assert vault.signing == world.reviewer_keys[0]


def test_a_backup_is_a_vault_and_goes_on_where_it_ended(world: World, vault: Vault, tmp_path: Path) -> None:
    target = tmp_path / "stick" / "backup"
    with vault:
        done = back_up(vault, target)
        assert (done.copied, done.held, done.removed) == (2, 2, 0)
        with Vault.open(target, PASSPHRASE) as copy:
            assert verify(copy, whole=True).faults == ()
            assert title(copy) == "№ 9"
        keep(vault, world, 3)
        vault.change_passphrase(PASSPHRASE, OTHER, cost=QUICK)
        target.chmod(0o755)  # as a stick has it
        done = back_up(vault, target)
        assert (done.copied, done.held, done.removed) == (1, 3, 0)
    with Vault.open(target, OTHER, lent=True) as copy:
        assert verify(copy, whole=True).faults == ()
    with pytest.raises(WrongPassphrase):
        Vault.open(target, PASSPHRASE, lent=True)


def test_a_backup_that_was_killed_at_any_moment_is_gone_on_with(world: World, vault: Vault, tmp_path: Path) -> None:
    first, later = tmp_path / "first", tmp_path / "later"
    for target in (first, later):
        target.mkdir(mode=0o700)
        (target / "lock").touch()
        (target / ".vault.json.0a1b2c3d").write_bytes(b"{")
    with vault:
        (later / "vault.json").write_bytes((vault.folder.parameters).read_bytes())
        (later / "sealed" / "ab").mkdir(parents=True)
        half = (later / ".vault.db.0a1b2c3d", later / "sealed" / "ab" / f".{'ab' * 32}.age.0a1b2c3d")
        for path in half:
            path.write_bytes(b"half of it")
        for target in (first, later):
            back_up(vault, target)
            with Vault.open(target, PASSPHRASE) as copy:
                assert verify(copy, whole=True).faults == ()
        assert not any(path.exists() for path in half)
        assert not list(tmp_path.glob("*/.vault*"))


def test_a_backup_never_overwrites_something_else(world: World, vault: Vault, tmp_path: Path) -> None:
    other = make_vault(world, tmp_path / "other", 2)
    other.close()
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "letter").write_text("dear")
    with vault:
        for target, why in ((other.folder.path, "another vault"), (tmp_path / "papers", "not a vault")):
            with pytest.raises(Usage, match=why):
                back_up(vault, target)
        with pytest.raises(Usage, match="the vault itself"):
            back_up(vault, vault.folder.path)


def spoil_page(vault: Vault) -> None:
    content = bytearray(vault.folder.database.read_bytes())
    content[-50] ^= 1
    vault.folder.database.write_bytes(content)


def spoil_original(vault: Vault) -> None:
    path = next(vault.folder.sealed.glob("*/*.age"))
    path.write_bytes(path.read_bytes()[:-1])


def lose_original(vault: Vault) -> None:
    next(vault.folder.sealed.glob("*/*.age")).unlink()


def in_tables(statement: str) -> Callable[[Vault], None]:
    def spoil(vault: Vault) -> None:
        with Vault.open(vault.folder.path, PASSPHRASE) as opened, opened.writing() as connection:
            connection.exec_driver_sql(statement)

    return spoil


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_page, "damaged"),
        (spoil_original, "other bytes"),
        (lose_original, "can't be read"),
        (in_tables("UPDATE original SET file_key = zeroblob(16)"), "the original"),
        (in_tables('UPDATE event SET content = \'{"field":"title","old":1,"new":2}\' WHERE number = 5'), "not what"),
        (in_tables("UPDATE event SET text = CAST(replace(text, 'case', 'cafe') AS BLOB) WHERE number = 5"), "event 5"),
        (in_tables("UPDATE event SET utc = '2020-01-01T00:00:00Z' WHERE number = 5"), "beside its text"),
        (in_tables("UPDATE event SET clock = '1:4' WHERE number = 5"), "beside its text"),
        (in_tables("UPDATE event SET signature = zeroblob(68) WHERE number = 5"), "not signed"),
        (in_tables("DELETE FROM event WHERE number = 5"), "event 6"),
        (in_tables("UPDATE register SET value = '1'"), "not those that the logs make"),
    ],
)
def test_whatever_is_damaged_is_named(vault: Vault, spoil: Callable[[Vault], None], said: str) -> None:
    with vault:
        assert verify(vault).faults == ()
    spoil(vault)
    try:
        with Vault.open(vault.folder.path, PASSPHRASE) as opened:
            faults = verify(opened).faults
    except Damaged as error:
        faults = (str(error),)
    assert any(said in fault for fault in faults), faults


def test_a_log_that_another_key_signed_is_no_log(world: World, vault: Vault) -> None:
    with vault, vault.reading() as connection:
        stranger = world.reviewer_keys[1].verify_key
        keys = {"r1": (stranger,)}
        assert audit(connection, vault.origin, keys).faults
        good = audit(connection, vault.origin, reviewer_keys(vault.chain, vault.signing.verify_key))
        assert (good.events, good.faults, good.forks) == (10, (), ())


def test_the_commands_say_what_they_did(vault: Vault, tmp_path: Path) -> None:
    vault.close()
    folder, environment = str(vault.folder.path), {"INTAKE_PASSPHRASE_COMMAND": f"echo {PASSPHRASE}"}

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(door, arguments, env=environment)
        if done.exception and not isinstance(done.exception, SystemExit | Damaged):
            raise done.exception
        return (Exit.DAMAGED if isinstance(done.exception, Damaged) else done.exit_code), done.output

    assert "10 events are as they were signed" in run("log", "verify", "--vault", folder)[1]
    assert run("log", "rebuild", "--vault", folder)[0] == Exit.OK
    assert "All of it is whole" in run("vault", "verify", "--vault", folder, "--whole")[1]
    assert "2 originals, 2 of them new" in run("vault", "backup", "--vault", folder, "--to", str(tmp_path / "b"))[1]
    assert '"faults": []' in run("vault", "verify", "--vault", str(tmp_path / "b"), "--lent", "--json")[1]
    shutil.rmtree(tmp_path / "b" / "sealed")
    status, said = run("vault", "verify", "--vault", str(tmp_path / "b"), "--lent")
    assert status == Exit.DAMAGED
    assert said.count("can't be read") == 2
