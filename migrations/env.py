"""How Alembic runs here: on the connection it is handed, one transaction per revision."""

from alembic import context

from mcrm.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    transaction_per_migration=True,
    user_module_prefix="db.",
)
with context.begin_transaction():
    context.run_migrations()
