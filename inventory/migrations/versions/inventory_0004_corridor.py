"""The corridor: corners, and the stretches between them that ducts can be laid in.

Revision ID: inventory_0004
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "inventory_0004"
down_revision = "inventory_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of the corridor."""
    run_sql("inventory", "inventory_0004_corridor.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
