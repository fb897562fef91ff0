"""Answers that wait for witnesses. A mailbox is an id that only a code gives; there is no list of them.

Whoever asks learns at most whether an answer waits, and nobody else learns anything: for "an answer", "no answer" and
"no such mailbox" the server does the same work, two look-ups and one body, and says the same number of bytes. Where
there is no answer it sends the *filler*, a decoy in the mailbox of zeros, behind another first byte.

Only the newest answer is kept. What was read is not recorded.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import delete, select

from intake.drop.store import Store
from intake.drop.tables import reply
from intake.errors import Fault
from intake.report.outbox import decoy
from intake.report.reply import KEPT_DAYS, SEALED_SIZE

NOBODY = bytes(16)
"""The filler's mailbox. No code gives it."""

ANSWER_SIZE = 1 + SEALED_SIZE
"""Bytes of every answer: 1 or 0 for whether a sealed reply follows, then the reply or the filler."""


class Mailboxes:
    """The table `reply` of a store. Every method may be called from any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.writing() as connection:
            filler = {"mailbox": NOBODY, "number": 0, "day": date.max.isoformat(), "body": decoy()[1]}
            connection.execute(store.insert(reply).values(filler).on_conflict_do_nothing())

    def ask(self, mailbox: bytes) -> bytes:
        """`ANSWER_SIZE` bytes for a mailbox of 16 bytes. Raises `Fault` when the database fails."""
        with self._store.reading() as connection:
            known = connection.execute(select(reply.c.number).where(reply.c.mailbox == mailbox)).scalar()
            waits = bool(known)  # the filler has number 0: asking for its mailbox finds nothing
            chosen = mailbox if waits else NOBODY
            body = bytes(connection.execute(select(reply.c.body).where(reply.c.mailbox == chosen)).scalar_one())
        if len(body) != SEALED_SIZE:
            raise Fault("an answer in the store has not the length that answers have", "Restore drop.db.")
        return (b"\1" if waits else b"\0") + body

    def expire(self, today: date) -> int:
        """Forget the answers that were delivered more than `KEPT_DAYS` days ago. Returns how many."""
        last = (today - timedelta(days=KEPT_DAYS)).isoformat()
        with self._store.writing() as connection:
            return connection.execute(delete(reply).where(reply.c.day < last)).rowcount
