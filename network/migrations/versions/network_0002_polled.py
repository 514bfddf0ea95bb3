"""What devices told over SNMP.

Revision ID: network_0002
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "network_0002"
down_revision = "network_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    run_sql("network", "network_0002.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
