"""Who wants a strand or an end that somebody has is told who has it.

Revision ID: inventory_0005
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "inventory_0005"
down_revision = "inventory_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the triggers that name holders."""
    run_sql("inventory", "inventory_0005_holders.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
