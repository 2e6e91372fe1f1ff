"""Run by Alembic: migrate over the connection that `storage.lifecycle` hands in. There is no offline mode."""

from alembic import context

from halfpenny.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite alters tables by copying them; its DDL is transactional with our explicit BEGIN.
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
