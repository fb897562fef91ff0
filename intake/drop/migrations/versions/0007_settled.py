"""Which large reports a fold has written anew after their day, so that none is written, or paid for, once more."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Those from before the day before the last fold are settled: so far a fold wrote all others anew, each time."""
    op.add_column("report", sa.Column("settled", sa.Boolean, nullable=False, server_default=sa.false()))
    report = sa.table("report", sa.column("day"), sa.column("parts"), sa.column("settled"))
    folded = op.get_bind().execute(sa.select(sa.column("folded")).select_from(sa.table("chain"))).scalar()
    if folded is not None:
        last = date.fromordinal(max(1, date.fromisoformat(folded).toordinal() - 1))
        over = (report.c.parts > 0) & (report.c.day < last.isoformat())
        op.execute(report.update().where(over).values(settled=True))
