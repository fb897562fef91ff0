"""What outlives the erasure of a report: that somebody refused. Facts without contents, told with the wish to erase it.

- A report that came by the code and takes back or changes what is allowed stops the outputs of its whole thread. When
  it is erased, the ticks of the report before it must not come to life again. So its thread is remembered, as a hash
  of mailbox and recipient: whoever knows neither learns nothing from it.
- A refusal by the person or the family stops every named output of a case. It is remembered with its day, whether the
  report says so or somebody said it by telephone about this report alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from sqlalchemy import Connection, select

from intake.review.erasures import erasure
from intake.review.submissions import submission

_DOMAIN = b"amonat/thread/1\n"


def mark_of(connection: Connection, submission_id: str) -> str | None:
    """What stands for the thread of a submission (64 hex digits); None where it has no mailbox."""
    query = select(submission.c.mailbox, submission.c.recipient).where(submission.c.id == submission_id)
    row = connection.execute(query).first()
    if row is None or row.mailbox is None:
        return None
    return hashlib.sha256(_DOMAIN + f"{row.mailbox}\n{row.recipient}".encode()).hexdigest()


def changes_gone(connection: Connection, submission_id: str) -> frozenset[str]:
    """The ids of the changes by the code in this thread that reviewers wanted erased, whether they are here or not."""
    if (mark := mark_of(connection, submission_id)) is None:
        return frozenset()
    return frozenset(connection.execute(select(erasure.c.id).where(erasure.c.thread == mark)).scalars())


def refusals_gone(connection: Connection, reports: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Who refused in these reports ("person" or "family") and on which day, as far as reviewers wanted them erased."""
    rows = connection.execute(select(erasure.c.refusals).where(erasure.c.id.in_([*reports]))).scalars()
    return tuple(sorted({(str(who), str(day)) for row in rows for who, day in json.loads(row)}))
