"""What belongs together is found by its mailbox, so that is the index; what a report answers was never asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Instead of the index of answers."""
    op.drop_index("submission_thread")
    op.create_index("submission_mailbox", "submission", ["mailbox"], sqlite_where=sa.text("mailbox IS NOT NULL"))
