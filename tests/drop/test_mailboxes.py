"""Mailboxes: the newest answer and no other, and nothing that tells an answer from none but its first byte."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from intake.drop.folder import DataFolder
from intake.drop.mailboxes import ANSWER_SIZE, NOBODY, Mailboxes
from intake.drop.store import Store
from intake.drop.tables import reply
from intake.errors import Fault
from intake.report.reply import KEPT_DAYS, SEALED_SIZE
from tests.harness.keys import TODAY

SOMEBODY = b"\x01" * 16


@pytest.fixture
def store(tmp_path: Path, lay: Callable[[DataFolder], DataFolder]) -> Iterator[Store]:
    with Store(lay(DataFolder.open(tmp_path / "data", create=True))) as store:
        yield store


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Store]:
    with Store(DataFolder.open(tmp_path / "data", create=True)) as store:
        yield store


def leave(store: Store, mailbox: bytes, body: bytes, day: str = TODAY.isoformat()) -> None:
    with store.writing() as connection:
        connection.execute(insert(reply).values(mailbox=mailbox, number=1, day=day, body=body))


def test_every_answer_has_one_length_and_the_first_byte_tells(store: Store) -> None:
    mailboxes = Mailboxes(store)
    leave(store, SOMEBODY, b"x" * SEALED_SIZE)
    answers = [mailboxes.ask(mailbox) for mailbox in (SOMEBODY, b"\x02" * 16, NOBODY)]
    assert {len(answer) for answer in answers} == {ANSWER_SIZE}
    assert [answer[0] for answer in answers] == [1, 0, 0]
    assert answers[0][1:] == b"x" * SEALED_SIZE
    assert answers[1] == answers[2]


def test_the_filler_stays_over_a_restart(store: Store) -> None:
    assert Mailboxes(store).ask(SOMEBODY) == Mailboxes(store).ask(SOMEBODY)


def test_answers_are_forgotten_by_day_and_the_filler_never(store: Store) -> None:
    mailboxes = Mailboxes(store)
    leave(store, SOMEBODY, b"x" * SEALED_SIZE)
    assert mailboxes.expire(TODAY + timedelta(days=KEPT_DAYS)) == 0
    assert mailboxes.ask(SOMEBODY)[0] == 1
    assert mailboxes.expire(TODAY + timedelta(days=KEPT_DAYS + 1)) == 1
    assert mailboxes.ask(SOMEBODY)[0] == 0


def test_an_expired_answer_is_gone_from_the_file_after_the_fold(on_sqlite: Store) -> None:
    canary = (b"canary of an answer " * 600)[:SEALED_SIZE]
    Mailboxes(on_sqlite)
    leave(on_sqlite, SOMEBODY, canary)
    on_sqlite.fold(TODAY)
    assert canary[:60] in on_sqlite.folder.database.read_bytes()
    Mailboxes(on_sqlite).expire(TODAY + timedelta(days=KEPT_DAYS + 1))
    on_sqlite.fold(TODAY)
    left = b"".join(path.read_bytes() for path in on_sqlite.folder.path.iterdir() if path.is_file())
    assert canary[:60] not in left


def test_a_spoilt_answer_is_never_sent(store: Store) -> None:
    mailboxes = Mailboxes(store)
    leave(store, SOMEBODY, b"short")
    with pytest.raises(Fault, match="length"):
        mailboxes.ask(SOMEBODY)


def test_a_folded_file_does_not_tell_in_which_order_answers_came(tmp_path: Path) -> None:
    contents = []
    filler = b"f" * SEALED_SIZE
    for order in (1, -1):
        folder = DataFolder.open(tmp_path / f"data{order}", create=True)
        with Store(folder) as store:
            leave(store, NOBODY, filler)
            for number in range(1, 40)[::order]:
                leave(store, bytes([number]) * 16, bytes([number]) * SEALED_SIZE)
            store.fold(TODAY)
        with sqlite3.connect(folder.database) as connection:
            (schema,) = connection.execute("SELECT count(*) FROM reply").fetchone()
        assert schema == 40
        contents.append(folder.database.read_bytes()[100:])  # behind the header, which counts changes
    assert contents[0] == contents[1]
