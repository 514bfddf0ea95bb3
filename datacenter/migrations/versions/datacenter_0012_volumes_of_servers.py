"""A server's version moves when its volumes do.

Revision ID: datacenter_0012
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0012"
down_revision = "datacenter_0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let a volume that moves touch its servers."""
    run_sql("datacenter", "datacenter_0012_volumes_of_servers.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
