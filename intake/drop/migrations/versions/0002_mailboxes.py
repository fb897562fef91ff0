"""Answers to witnesses, and what reviewers acknowledged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables; they begin empty."""
    op.create_table(
        "reply",
        sa.Column("mailbox", sa.LargeBinary(16), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        sa.Column("label", sa.String(32), primary_key=True),
        sa.Column("serial", sa.Integer, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
    )
    op.create_table(
        "acknowledged",
        sa.Column("serial", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("label", sa.String(32), primary_key=True),
        sa.Column("day", sa.String(10), nullable=False),
    )
