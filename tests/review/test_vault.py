"""The vault: one folder, one passphrase, one process; what is in it survives and what is encrypted stays so."""

from __future__ import annotations

import hashlib
import io
import json
import resource
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select

from intake.durable import write_private
from intake.errors import Damaged, Fault, KeyringRefused, Usage, WrongPassphrase
from intake.keyring.trust import Roots
from intake.review.log import Entity
from intake.review.tables import original
from intake.review.vault import NEWEST, Vault
from intake.sealing import open_bytes, open_sealed
from tests.harness.bundles import make_report, seal_report
from tests.harness.keys import World, make_world
from tests.harness.vaults import PASSPHRASE, QUICK, make_vault, open_vault

CANARY = "Ҷасур Канарейкаев was taken at the bridge"
CASE = Entity("case", "5f0c")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vault"


def test_what_was_recorded_is_there_when_it_is_opened_again(world: World, folder: Path) -> None:
    with make_vault(world, folder) as vault, vault.journal() as journal:
        journal.record(CASE, "title", CANARY)
    with open_vault(world, folder) as vault, vault.journal() as journal:
        assert journal.state(CASE)["title"].value == CANARY
        assert (vault.origin, vault.label, vault.practice) == (world.origin, "r1", False)
        assert vault.chain is not None
        assert vault.chain.newest == world.keyring
        assert vault.pin == world.pin


def test_a_new_vault_stands_at_the_last_step(world: World, folder: Path) -> None:
    config = Config()
    config.set_main_option("script_location", "intake.review:migrations")
    with make_vault(world, folder) as vault, vault.reading() as connection:
        (known,) = connection.exec_driver_sql("SELECT version_num FROM alembic_version").one()
    assert known == NEWEST == ScriptDirectory.from_config(config).get_current_head()


def test_a_vault_of_a_newer_version_is_told_and_left_as_it_is(world: World, folder: Path) -> None:
    with make_vault(world, folder) as vault, vault.writing() as connection:
        (known,) = connection.exec_driver_sql("SELECT version_num FROM alembic_version").one()
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Fault, match="written by a newer version") as told:
        open_vault(world, folder)
    assert "newest kit" in told.value.advice
    assert known != "9999"


def test_only_the_owner_may_enter_and_nothing_in_it_can_be_read(world: World, folder: Path) -> None:
    with make_vault(world, folder) as vault:
        with vault.journal() as journal:
            journal.record(CASE, "title", CANARY)
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert {path.name for path in files} >= {"vault.db", "vault.db-wal", "vault.json", "lock"}
        secrets = (CANARY.encode(), CANARY.encode("utf-16-le"), b"SQLite format", b"CREATE TABLE", bytes(world.note))
        for path in files:
            content = path.read_bytes()
            assert not [secret for secret in secrets if secret in content], path
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o750)
    with pytest.raises(Fault, match="other users may enter"):
        open_vault(world, folder)


def test_a_wrong_passphrase_is_told_from_damage(world: World, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    make_vault(world, folder).close()
    with pytest.raises(WrongPassphrase):
        Vault.open(folder, PASSPHRASE + "x")
    database = folder / "vault.db"
    content = bytearray(database.read_bytes())
    content[100] ^= 1
    database.write_bytes(content)
    with pytest.raises(Damaged, match="is damaged"):
        Vault.open(folder, PASSPHRASE)
    database.write_bytes(b"")
    with pytest.raises(Damaged, match="empty"):
        Vault.open(folder, PASSPHRASE)
    assert database.stat().st_size == 0
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"format":"amonat/vault/1","locks":[]}',
        b'{"format":"amonat/vault/1","vault":"00000000000000000000000000000000","locks":[{"salt":"AAAAAAAAAAAAAAAAAAAAAA==","operations":4,"memory":1e30,"check":"AAAAAAAAAAAAAAAAAAAAAA=="}]}',
        b'{"format":"amonat/vault/1","vault":"00000000000000000000000000000000","locks":[{"salt":"AAAAAAAAAAAAAAAAAAAAAA==","operations":99999,"memory":8192,"check":"AAAAAAAAAAAAAAAAAAAAAA=="}]}',
    ],
)
def test_parameters_that_are_damaged_are_refused_before_any_work(world: World, folder: Path, content: bytes) -> None:
    make_vault(world, folder).close()
    write_private(folder / "vault.json", content, replace=True)
    with pytest.raises(Damaged, match="vault"):
        Vault.open(folder, PASSPHRASE)


def test_the_parameters_stand_in_the_file(world: World, folder: Path) -> None:
    make_vault(world, folder).close()
    (lock,) = json.loads((folder / "vault.json").read_bytes())["locks"]
    assert (lock["operations"], lock["memory"]) == (QUICK.operations, QUICK.memory)


def test_a_second_process_is_refused_and_the_first_goes_on(world: World, folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from intake.review.vault import Vault; "
        f"Vault.open(Path(sys.argv[1]), {PASSPHRASE!r})"
    )
    with make_vault(world, folder) as vault:
        done = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=False)
        assert "is open already" in done.stderr
        with pytest.raises(Fault, match="is open already"):
            open_vault(world, folder)
        with vault.journal() as journal:
            assert journal.record(CASE, "title", "still here")
    assert subprocess.run([sys.executable, "-c", program, folder], check=False).returncode == 0


def test_every_connection_keeps_what_protects(world: World, folder: Path) -> None:
    with make_vault(world, folder) as vault, vault.reading() as first, vault.reading() as second:
        for connection in (first, second):

            def told(pragma: str) -> object:
                return connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()  # noqa: B023  # used in this turn only

            assert told("temp_store") == 2
            assert told("secure_delete") == 1
            assert told("synchronous") == 2
            assert told("journal_mode") == "wal"
            assert str(told("cipher_version")).startswith("4.")
            options = connection.exec_driver_sql("PRAGMA compile_options").scalars().all()
            assert {"ENABLE_FTS5"} <= {*options}
            assert {"TEMP_STORE=2", "TEMP_STORE=3"} & {*options}
    assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0


def test_whoever_opens_a_vault_wipes_what_is_freed(world: World, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr("intake.review.vault.wipe_freed", lambda: asked.append(True))
    make_vault(world, folder).close()
    open_vault(world, folder).close()
    assert asked == [True, True]


def test_words_are_found_inside_the_encrypted_file(world: World, folder: Path) -> None:
    with make_vault(world, folder) as vault, vault.writing() as connection:
        connection.exec_driver_sql("CREATE VIRTUAL TABLE tried USING fts5(body)")
        connection.exec_driver_sql("INSERT INTO tried VALUES ('taken at the bridge')")
        assert connection.exec_driver_sql("SELECT count(*) FROM tried WHERE tried MATCH 'bridge'").scalar() == 1


def test_originals_are_kept_byte_for_byte_and_open_without_the_identity(world: World, folder: Path) -> None:
    files = [b"\xff\xd8" + bytes(200_000)]
    sealed = seal_report(make_report(world, files=files), world.reviewers, files)
    with make_vault(world, folder) as vault:
        with vault.originals.batch() as batch, vault.journal() as journal:
            kept = batch.keep(io.BytesIO(sealed))
            assert not vault.originals.holds(kept.sha256)
            batch.settle()
            journal.hold(kept, open_sealed(io.BytesIO(sealed), world.reviewers[:1]).file_key)
        name = hashlib.sha256(sealed).hexdigest()
        path = folder / "sealed" / name[:2] / f"{name}.age"
        assert path.read_bytes() == sealed
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with vault.opened(kept.sha256) as opened:
            assert opened.read() == open_bytes(sealed, world.reviewers[:1])
            opened.seek(70_000)
            assert opened.read(10) == open_bytes(sealed, world.reviewers[:1])[70_000:70_010]
        assert [*vault.originals.all()] == [kept.sha256]
        vault.originals.check(kept.sha256)
        path.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
        with pytest.raises(Damaged, match="other bytes"):
            vault.originals.check(kept.sha256)
        with pytest.raises(Usage, match="holds no original"), vault.opened(bytes(32)):
            pass


def test_a_file_that_was_not_settled_leaves_nothing(world: World, folder: Path) -> None:
    with make_vault(world, folder) as vault:
        with vault.originals.batch() as batch:
            batch.keep(io.BytesIO(b"one"))
        with vault.originals.batch() as batch:
            kept = batch.keep(io.BytesIO(b"two"))
            batch.settle()
            batch.keep(io.BytesIO(b"two"))
        assert [path.name for path in (folder / "sealed").rglob("*") if path.is_file()] == [f"{kept.sha256.hex()}.age"]
        (folder / "sealed" / ".coming-0123").write_bytes(b"what a killed process left")
    with open_vault(world, folder) as vault:
        assert [*vault.originals.all()] == [kept.sha256]
        assert not (folder / "sealed" / ".coming-0123").exists()


def test_a_transaction_that_fails_leaves_neither_events_nor_rows(world: World, folder: Path) -> None:
    with make_vault(world, folder) as vault:

        def fail() -> None:
            with vault.journal() as journal:
                journal.record(CASE, "title", "never")
                journal.connection.execute(insert(original).values(sha256=bytes(32), size=1, file_key=bytes(16)))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        with vault.journal() as journal:
            assert journal.state(CASE) == {}
            assert journal.connection.execute(select(original)).all() == []
            journal.record(CASE, "title", "first")


@pytest.mark.parametrize("passphrase", ["", "short"])
def test_a_slip_of_the_hand_is_no_passphrase(world: World, folder: Path, passphrase: str) -> None:
    with pytest.raises(Usage, match="fewer than"):
        Vault.create(folder, passphrase, signing=world.reviewer_keys[0], roots=world.typed, cost=QUICK)
    assert not folder.exists()


def test_an_existing_folder_is_left_alone(world: World, folder: Path) -> None:
    make_vault(world, folder).close()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(Usage, match="exists already"):
        make_vault(world, folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    with pytest.raises(Usage, match="is not a vault"):
        Vault.open(folder.parent, PASSPHRASE)


def test_only_keyrings_that_follow_from_the_paper_are_believed(world: World, folder: Path, tmp_path: Path) -> None:
    stranger = make_world(tmp_path / "stranger")
    with pytest.raises(KeyringRefused):
        Vault.create(
            folder,
            PASSPHRASE,
            signing=world.reviewer_keys[0],
            roots=Roots(stranger.fingerprints, 2),
            notes=world.notes,
            cost=QUICK,
        )
    assert not folder.exists()
    assert [*folder.parent.glob(".vault*")] == []
    later = world.next(issued=world.today + timedelta(days=30))
    with make_vault(world, folder) as vault:
        with pytest.raises(KeyringRefused):
            vault.believe(stranger.notes)
        assert vault.believe(later.notes[1:]).newest == later.keyring
        assert vault.pin == later.pin
        assert vault.today() == later.keyring.issued, "a clock behind a signed day is not believed"
    with open_vault(world, folder) as vault:
        assert vault.chain is not None
        assert vault.chain.newest == later.keyring
        assert vault.today() == later.keyring.issued
