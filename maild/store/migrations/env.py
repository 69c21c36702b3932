"""Run by Alembic: the migrations, on the connection that maild.store.migrations put into the configuration.

To write a new revision: `python -m maild.store.migrations.revise NUMBER "what changes"`.
"""

from alembic import context

from maild.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=True,  # true on SQLite too, for our BEGIN is IMMEDIATE and our own
)
with context.begin_transaction():
    context.run_migrations()
