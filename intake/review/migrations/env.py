"""Alembic's entry: run the steps on the connection that the vault hands over."""

from __future__ import annotations

from alembic import context

from intake.review.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
