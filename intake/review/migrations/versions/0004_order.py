"""The order of the inbox as an index of those that no date moves, and one of the few that a date does."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Instead of two indexes of all."""
    op.drop_index("submission_waiting")
    op.drop_index("submission_soon")
    op.create_index("submission_timeless", "submission", ["tier", "imported"], sqlite_where=sa.text("soon IS NULL"))
    op.create_index("submission_timed", "submission", ["soon"], sqlite_where=sa.text("soon IS NOT NULL"))
