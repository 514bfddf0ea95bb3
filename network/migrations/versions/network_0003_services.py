"""Services of tenants, their ends and their numbers.

Revision ID: network_0003
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "network_0003"
down_revision = "network_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    run_sql("network", "network_0003.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
