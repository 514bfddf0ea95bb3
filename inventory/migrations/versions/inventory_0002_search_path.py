"""Functions that run as their owner look into temporary schemas last.

Revision ID: inventory_0002
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "inventory_0002"
down_revision = "inventory_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Name ``pg_temp`` at the end of their search path."""
    run_sql("inventory", "inventory_0002.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
