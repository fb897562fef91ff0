"""The index of words without indexes of beginnings: they cost an import more than they gave a search."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the index anew."""
    op.execute("CREATE VIRTUAL TABLE fresh USING fts5 (text)")
    op.execute("INSERT INTO fresh (fresh, rank) VALUES ('secure-delete', 1)")
    op.execute("INSERT INTO fresh (rowid, text) SELECT rowid, text FROM words ORDER BY rowid")
    op.execute("DROP TABLE words")
    op.execute("ALTER TABLE fresh RENAME TO words")
