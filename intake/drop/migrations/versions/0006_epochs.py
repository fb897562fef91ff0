"""Where the current epoch of the chain of bundles begins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """The first one began with the first bundle."""
    op.add_column("chain", sa.Column("begins", sa.Integer, nullable=False, server_default="1"))
