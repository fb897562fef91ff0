"""The vault: everything a reviewer keeps, in one folder that a passphrase opens and nothing else.

    Vault.create(folder, passphrase, signing=private.signing, roots=Roots.typed([…]), notes=[note]).close()

    with Vault.open(folder, passphrase) as vault:                    # refuses a second process; Argon2id takes a second
        with vault.reading() as connection:                          # SQLAlchemy Core, a snapshot
            rows = connection.execute(select(…))
        with vault.journal() as journal:                             # one transaction; see `intake.review.journal`
            journal.record(Entity("case", "5f0c…"), "title", "…")
        with vault.originals.batch() as batch, vault.journal() as journal:
            kept = batch.keep(stream)                                # sealed bytes, as they came
            batch.settle()                                           # on disk before the vault speaks of them
            journal.hold(kept, file_key)
        with vault.opened(kept.sha256) as opened:                    # seekable plaintext, a chunk at a time in memory
            opened.seek(…)

In the folder (DESIGN §9): vault.db, which SQLCipher encrypts; vault.json, how the passphrase becomes its key; `sealed`,
the originals as ciphertext; `lock`. Nothing is ever decrypted to a disk.

A vault belongs to one reviewer of one drop: `origin`, `label` and `signing` come from the reviewer's private file at
`init`, so that the log can be signed without opening that file each time. `roots` were typed from paper; `believe`
takes keyrings that follow from them, and pins the newest. `practice` says whether it is a practice vault: that hangs on
the origin alone, which no real drop can have, so that neither kind of vault believes what belongs to the other.

Where things go: facts that people edit are events (`journal`) and the tables made of them (`projections`, no migration
needed). What is read out of the sealed originals is neither: its tables stand beside `tables` with a step in
`migrations/versions`, are written through `journal.connection`, and can be made again from the originals.

Every method may be called from any thread; writers wait for each other. Errors are `WrongPassphrase`, `Damaged`,
`Fault` and `Usage`, never SQLAlchemy's.
"""

from __future__ import annotations

import json
import secrets
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, delete, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlcipher3 import dbapi2

from intake.durable import private_folder, sync_folder, write_private
from intake.errors import Damaged, Fault, Usage
from intake.keyring.note import SigningKey
from intake.keyring.trust import Chain, Pin, Roots, verify_chain
from intake.memory import keep_private, wipe_freed
from intake.review import projections
from intake.review.cipher import fault, open_engine, settle
from intake.review.folder import VaultFolder
from intake.review.idling import Locked, Using
from intake.review.journal import Journal
from intake.review.originals import Originals
from intake.review.passphrases import change, check_passphrase, unlocked
from intake.review.practice import ORIGIN as PRACTICE
from intake.review.sealed import Trust
from intake.review.tables import keyring, original, removal, setting
from intake.review.unlocking import Cost, Lock, Locks
from intake.sealing import Opened, open_with_file_key


def utc_now() -> datetime:
    """What the clock of this machine says."""
    return datetime.now(UTC)


class Vault:
    """An open vault. Close it, or use it as a context manager: then the key is forgotten and others may open it."""

    def __init__(self, folder: VaultFolder, engine: Engine, held: ExitStack, clock: Callable[[], datetime]) -> None:
        self.folder = folder
        self.originals = Originals(folder.sealed)
        self._engine: Engine | None = engine
        self._held = held
        held.callback(self.lock)
        self._clock = clock
        self._writer = threading.RLock()
        self._using = Using()
        self._chain: Chain | None = None
        with self.reading() as connection:
            told = {row.name: bytes(row.value) for row in connection.execute(select(setting))}
        try:
            self._signing: SigningKey | None = SigningKey.parse(told["signing"].decode())
            roots = json.loads(told["roots"])
            self.roots = Roots(tuple(roots["fingerprints"]), roots["threshold"])
            self._newest_day = date.fromisoformat(told["day"].decode()) if "day" in told else date.min
        except KeyError as error:
            raise Damaged(f"the vault does not hold its {error}", "Copy its newest backup back.") from error
        self.origin, _, self.label = self._signing.name.partition("/")

    @classmethod
    def create(
        cls,
        path: Path,
        passphrase: str,
        *,
        signing: SigningKey,
        roots: Roots,
        notes: Sequence[bytes] = (),
        cost: Cost = Cost(),  # noqa: B008  # frozen
        clock: Callable[[], datetime] = utc_now,
    ) -> Vault:
        """A new vault at `path`, whole or not there at all, and open.

        `signing` is the reviewer's key, named origin/label; `notes` are keyrings to believe at once. Raises `Usage` for
        a short passphrase or a taken path, `KeyringRefused` for the notes, `Fault` for the disk.
        """
        check_passphrase(passphrase)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise Usage(f"{path} exists already", "Give the name of a new folder.")
        private_folder(path.parent)
        hidden = VaultFolder(private_folder(path.with_name(f".{path.name}.{secrets.token_hex(4)}")))
        try:
            lock, key = Lock.new(passphrase, cost)
            private_folder(hidden.sealed)
            write_private(hidden.parameters, bytes(Locks.new(lock)))
            with ExitStack() as held:
                engine = open_engine(hidden.database, key)
                held.callback(engine.dispose)
                with _writing(engine) as connection:
                    _migrate(connection)
                    roots_told = {"fingerprints": list(roots.fingerprints), "threshold": roots.threshold}
                    _set(connection, "signing", str(signing).encode())
                    _set(connection, "roots", json.dumps(roots_told).encode())
                    projections.rebuild(connection)
                vault = cls(hidden, engine, held.pop_all(), clock)
            with vault:
                if notes:
                    vault.believe(notes)
            hidden.path.rename(path)
            sync_folder(path.parent)
        except OSError as error:
            raise Fault(f"can't make {path}: {error.strerror}", "Choose another folder.") from error
        finally:
            shutil.rmtree(hidden.path, ignore_errors=True)
        return cls._open(VaultFolder(path), lambda _: open_engine(path / hidden.database.name, key), clock)

    @classmethod
    def open(cls, path: Path, passphrase: str, *, clock: Callable[[], datetime] = utc_now, lent: bool = False) -> Vault:
        """Open a vault. Raises `WrongPassphrase`, `Usage` (there is none), `Fault` (open elsewhere), `Damaged`.

        `lent`: a backup on a stick, whose file system knows no owners.
        """
        return cls._open(VaultFolder.open(path, lent=lent), lambda folder: unlocked(folder, passphrase), clock)

    @classmethod
    def _open(
        cls, folder: VaultFolder, unlock: Callable[[VaultFolder], Engine], clock: Callable[[], datetime]
    ) -> Vault:
        keep_private()
        wipe_freed()
        with ExitStack() as held:
            held.enter_context(folder.held())
            if not folder.database.is_file() or not folder.database.stat().st_size:
                raise Damaged("vault.db is missing or empty", "Copy it back from the newest backup of the vault.")
            engine = unlock(folder)
            held.callback(engine.dispose)
            with _writing(engine) as connection:
                _migrate(connection)
                if not projections.up_to_date(connection):
                    projections.rebuild(connection)
            vault = cls(folder, engine, held.pop_all(), clock)
        vault.originals.clean()
        vault.clean()
        return vault

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget the key and let others in. What was committed is on disk; a second call does nothing."""
        self._held.close()

    @property
    def signing(self) -> SigningKey:
        """The reviewer's key, which signs the log and what goes back. Raises `Locked`."""
        if self._signing is None:
            raise Locked
        return self._signing

    def lock(self) -> None:
        """Forget the key and all that was read, and keep others out: the vault stays this process's own.

        Whatever is used then raises `Locked`, until `unlock`.
        """
        engine, self._engine, self._signing = self._engine, None, None
        if engine is not None:
            engine.dispose()

    def lock_if_idle(self, limit: timedelta) -> bool:
        """Lock when nothing was read or written for `limit`, and nothing is just now. Whether it is locked.

        For a screen that somebody walked away from: to be called now and then.
        """
        idle = self._using.idle()
        if self._engine is not None and idle is not None and idle >= limit:
            self.lock()
        return self._engine is None

    def unlock(self, passphrase: str) -> None:
        """Open it again after `lock`. Raises `WrongPassphrase`."""
        if self._engine is not None:
            return
        self._engine = unlocked(self.folder, passphrase)
        with self.reading() as connection:
            key = connection.execute(select(setting.c.value).where(setting.c.name == "signing")).scalar_one()
        self._signing = SigningKey.parse(bytes(key).decode())

    def change_passphrase(self, passphrase: str, new: str, *, cost: Cost = Cost()) -> None:  # noqa: B008  # frozen
        """Encrypt the vault anew, under another passphrase. Nothing else may use it meanwhile.

        At a power cut one of the two opens it. Backups made before keep the old one. Raises `WrongPassphrase`, `Usage`
        when the new one is too short, `Fault` when something is being read.
        """
        with self._writer, self._using.alone():
            engine = self.engine
            engine.dispose()  # its connections, not its key: it connects again if nothing came of the change
            change(self.folder, passphrase, new, cost)
            self._engine = unlocked(self.folder, new)

    @property
    def engine(self) -> Engine:
        """What `reading` and `writing` use. Raises `Locked`."""
        if self._engine is None:
            raise Locked
        return self._engine

    @property
    def practice(self) -> bool:
        """Whether this is a practice vault: whatever shows something of it says PRACTICE."""
        return self.origin == PRACTICE

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with, on one snapshot."""
        try:
            with self._using.one(), self.engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise fault(error) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction on tables that no log speaks of: on disk at its end, or undone."""
        with self._writer, self._using.one(), _writing(self.engine) as connection:
            yield connection

    @contextmanager
    def still(self) -> Iterator[Path]:
        """vault.db as a file that holds all there is and stays so. Raises `Fault` when something is being read."""
        with self._writer:
            settle(self.engine)
            yield self.folder.database

    @contextmanager
    def journal(self) -> Iterator[Journal]:
        """A transaction that writes this reviewer's log, and the tables made of it: on disk at its end, or undone."""
        with self.writing() as connection:
            journal = Journal(connection, self.signing, self.now)
            yield journal
            journal.finish()

    def now(self) -> datetime:
        """The moment, UTC: what the clock says, but never before the newest signed day that came in here."""
        return max(self._clock(), datetime.combine(self._newest_day, time(), UTC))

    def today(self) -> date:
        """The day of `now`."""
        return self.now().date()

    def saw(self, day: date, connection: Connection) -> None:
        """Take note of a day that somebody signed: a laptop whose battery died doesn't fall behind it."""
        if day > self._newest_day:
            _set(connection, "day", day.isoformat().encode())
            self._newest_day = day

    @property
    def pin(self) -> Pin | None:
        """What was believed last; None while no keyring has come."""
        with self.reading() as connection:
            found = connection.execute(select(setting.c.value).where(setting.c.name == "pin")).scalar()
        return None if found is None else Pin.parse(bytes(found))

    @property
    def trust(self) -> Trust:
        """Whom this vault trusts, as the readers of bundles want it."""
        return Trust(self.roots, self.pin, self.today())

    @property
    def chain(self) -> Chain | None:
        """All keyrings believed so far, oldest first; None while none has come."""
        if self._chain is None:
            with self.reading() as connection:
                notes = [
                    bytes(note)
                    for note in connection.execute(select(keyring.c.note).order_by(keyring.c.serial)).scalars()
                ]
            if notes:
                self._chain = verify_chain(notes, roots=self.roots, pin=self.pin, today=self.today())
        return self._chain

    def believe(self, notes: Sequence[bytes]) -> Chain:
        """Take in keyrings that follow from what is trusted, and pin the newest. Raises `KeyringRefused`."""
        with self.writing() as connection:
            known = [bytes(note) for note in connection.execute(select(keyring.c.note)).scalars()]
            chain = verify_chain([*known, *notes], roots=self.roots, pin=self.pin, today=self.today())
            if chain.origin != self.origin:
                raise Usage(
                    f"these keyrings are of {chain.origin}, and this vault is of {self.origin}",
                    "A vault holds one drop's reports; make another vault for another drop.",
                )
            connection.execute(delete(keyring))
            connection.execute(
                insert(keyring),
                [{"serial": k.serial, "note": n} for k, n in zip(chain.keyrings, chain.notes, strict=True)],
            )
            _set(connection, "pin", bytes(chain.pin))
            self.saw(chain.newest.issued, connection)
        self._chain = chain
        return chain

    @contextmanager
    def opened(self, sha256: bytes) -> Iterator[Opened]:
        """What a sealed original holds, by the file key that was kept: a seekable stream.

        Raises `Usage` when no file of this hash was ever held, or it was erased; `Damaged` when it is not whole.
        """
        with self.reading() as connection:
            key = connection.execute(select(original.c.file_key).where(original.c.sha256 == sha256)).scalar()
        if key is None:
            raise Usage(f"the vault holds no original {sha256.hex()}", "It may have been erased.")
        with self.originals.open(sha256) as file:
            yield open_with_file_key(file, bytes(key))

    def rebuild(self) -> None:
        """Make every table that comes from the logs anew."""
        with self.writing() as connection:
            projections.rebuild(connection)

    def must_clean(self, connection: Connection) -> None:
        """In the transaction that erases: whatever happens now, the vault is `clean`ed before it is used again."""
        _set(connection, _UNCLEAN, b"1")

    def clean(self) -> None:
        """Delete the files that were erased, and write the database anew without what was in it.

        Raises `Fault` when something is being read: then it is done when the vault opens.
        """
        with self._writer:
            with self.reading() as connection:
                names = [bytes(sha256) for sha256 in connection.execute(select(removal.c.sha256)).scalars()]
                unclean = connection.execute(select(setting.c.value).where(setting.c.name == _UNCLEAN)).first()
            for sha256 in names:
                self.originals.remove(sha256)
            if unclean:
                self._write_anew()
            if names or unclean:
                with self.writing() as connection:
                    connection.execute(delete(removal))
                    connection.execute(delete(setting).where(setting.c.name == _UNCLEAN))

    def _write_anew(self) -> None:
        try:
            connection = self.engine.raw_connection()  # not in a transaction, as all others are
            try:
                connection.cursor().execute("VACUUM")
            finally:
                connection.close()
        except dbapi2.Error as error:
            raise fault(error) from error
        with self.still():
            pass  # what the log of the database held is in its file now, and the log empty


_UNCLEAN = "unclean"


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise fault(error) from error


def _set(connection: Connection, name: str, value: bytes) -> None:
    connection.execute(delete(setting).where(setting.c.name == name))
    connection.execute(insert(setting).values(name=name, value=value))


NEWEST = "0005"
"""The last step of `migrations/`; a test holds the two together."""


def _migrate(connection: Connection) -> None:
    """Bring vault.db to the newest shape, in the transaction that is under way."""
    known = inspect(connection).has_table("alembic_version")
    if known and connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == [NEWEST]:
        return
    from alembic import command as alembic  # a fifth of each command's start, and seldom needed
    from alembic.config import Config as AlembicConfig
    from alembic.util import CommandError

    config = AlembicConfig()
    config.set_main_option("script_location", "intake.review:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        alembic.upgrade(config, "head")
    except CommandError as error:  # of Alembic's: a step that it does not know
        raise Fault("this vault was written by a newer version of this software", "Install the newest kit.") from error
