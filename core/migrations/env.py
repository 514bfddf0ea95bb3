"""Alembic's entry: one connection, one transaction, one migrator at a time."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

_MIGRATION_LOCK = 0x1715_0001  # any constant: two migrators at once would meet half-made tables

engine = create_engine(context.config.attributes["dsn"], poolclass=NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=False)
    with context.begin_transaction():
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        connection.execute(text("select set_config('irisplane.tenant', '*', true)"))
        connection.execute(text("select set_config('irisplane.reason', 'migration', true)"))
        context.run_migrations()
engine.dispose()
