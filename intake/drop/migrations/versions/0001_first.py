"""Reports, the bundles that carried them, and the state of the bundle chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Lay the first tables; the chain begins with epoch 1, never folded."""
    op.create_table(
        "report",
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("claimed", sa.Integer),
        sa.Column("carried", sa.Boolean, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bundle",
        sa.Column("serial", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("note", sa.LargeBinary),
    )
    chain = op.create_table(
        "chain",
        sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("folded", sa.String(10), nullable=False),
    )
    op.bulk_insert(chain, [{"epoch": 1, "folded": "0001-01-01"}])
