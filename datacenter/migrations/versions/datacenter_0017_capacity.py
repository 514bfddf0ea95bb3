"""What the machines of the cloud can hold.

Revision ID: datacenter_0017
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0017"
down_revision = "datacenter_0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table, which only the region reads."""
    run_sql("datacenter", "datacenter_0017_capacity.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
