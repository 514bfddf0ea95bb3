"""When the links were looked at last.

Revision ID: network_0005
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "network_0005"
down_revision = "network_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    run_sql("network", "network_0005.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
