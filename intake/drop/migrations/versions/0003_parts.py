"""Reports that are too large for a row lie in parts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Every report so far has none: its bytes are in its row."""
    op.add_column("report", sa.Column("parts", sa.Integer, nullable=False, server_default="0"))
