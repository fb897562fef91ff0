"""Steps from one shape of vault.db to the next, run by Alembic when a vault opens."""
