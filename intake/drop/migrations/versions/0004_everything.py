"""Which bundles carried all that they listed: whoever has such a one has every report held then."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Of the bundles so far nobody knows any more."""
    op.add_column("bundle", sa.Column("everything", sa.Boolean, nullable=False, server_default="0"))
