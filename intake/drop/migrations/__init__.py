"""Steps from one shape of drop.db to the next, run by Alembic when the store opens."""
