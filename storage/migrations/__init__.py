"""Alembic migrations; `env.py` is run by Alembic, the rest by `storage.lifecycle`."""
