"""Projects, quotas, the catalogue, servers and their networks.

Revision ID: datacenter_0001
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0001"
down_revision = None
branch_labels = ("datacenter",)
depends_on = ("inventory_0002",)


def upgrade() -> None:
    """Create the tables of hosting."""
    run_sql("datacenter", "datacenter_0001.sql")


def downgrade() -> None:
    """There is no way back below the first revision: restore a backup instead."""
    raise RuntimeError("The first revision cannot be taken back; restore a backup instead.")
