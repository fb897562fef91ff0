"""What is read out of the originals: submissions, the index of their words, quarantine, and the drop's bundles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Lay the tables of an import."""
    op.create_table(
        "submission",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        sa.Column("original", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("mac", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("payload", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("outer", sa.String(32)),
        sa.Column("bundle", sa.String(24)),
        sa.Column("imported", sa.Integer, nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("keyring", sa.Integer, nullable=False),
        sa.Column("language", sa.String(64), nullable=False),
        sa.Column("sealed_by", sa.String(16), nullable=False),
        sa.Column("in_reply_to", sa.String(32)),
        sa.Column("mailbox", sa.String(32)),
        sa.Column("recipient", sa.Text),
        sa.Column("files", sa.Text, nullable=False),
        sa.Column("marks", sa.Text, nullable=False),
        sa.Column("tier", sa.Integer, nullable=False),
        sa.Column("soon", sa.Integer),
        sa.Column("near", sa.Integer),
        sa.Column("event", sa.Integer),
    )
    op.create_index("submission_thread", "submission", ["in_reply_to"])
    op.create_index("submission_outer", "submission", ["outer"])
    op.create_index("submission_waiting", "submission", ["tier", "imported", "soon"])
    op.create_index("submission_soon", "submission", ["soon"])
    op.create_table(
        "content",
        sa.Column("number", sa.Integer, sa.ForeignKey("submission.number"), primary_key=True),
        sa.Column("report", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "copy",
        sa.Column("sha256", sa.LargeBinary(32), primary_key=True),
        sa.Column("number", sa.Integer, sa.ForeignKey("submission.number"), nullable=False),
        sa.Column("outer", sa.String(32)),
        sa.Column("bundle", sa.String(24)),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quarantine",
        sa.Column("sha256", sa.LargeBinary(32), primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("outer", sa.String(32)),
        sa.Column("bundle", sa.String(24)),
        sa.Column("claimed", sa.Integer),
        sa.Column("since", sa.Integer, nullable=False),
        sa.Column("waits", sa.Boolean, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("advice", sa.String, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "bundle",
        sa.Column("hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("serial", sa.Integer, nullable=False),
        sa.Column("previous", sa.LargeBinary(32)),
        sa.Column("keyring", sa.Integer, nullable=False),
        sa.Column("closed", sa.String, nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("imported", sa.Integer, nullable=False),
        sa.Column("whole", sa.Boolean, nullable=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "listed",
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        sa.Column("bundle", sa.String(24), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.execute("CREATE VIRTUAL TABLE words USING fts5 (text, prefix = '3 4')")
    # Else what is erased would stay in the index until it is merged.
    op.execute("INSERT INTO words (words, rank) VALUES ('secure-delete', 1)")
