"""What a resize holds of the quota, and what a kept server was.

Revision ID: datacenter_0009
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0009"
down_revision = "datacenter_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of resizes."""
    run_sql("datacenter", "datacenter_0009_servers.sql")


def downgrade() -> None:
    """Servers that were resized are not made small again: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
