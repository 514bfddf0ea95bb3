"""Sites, racks, devices, interfaces, links, addresses, VLANs, AS numbers, configuration contexts.

Revision ID: inventory_0001
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "inventory_0001"
down_revision = None
branch_labels = ("inventory",)
depends_on = ("orchestrator_0001",)


def upgrade() -> None:
    """Create the tables of ``inventory``."""
    run_sql("inventory", "inventory_0001.sql")
    run_sql("inventory", "inventory_0001_allocation.sql")


def downgrade() -> None:
    """There is no way back below the first revision: restore a backup instead."""
    raise RuntimeError("The first revision cannot be taken back; restore a backup instead.")
