"""Metering, rating, showback: usage per quarter-hour, charges per day, months that are closed.

Revision ID: datacenter_0007
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0007"
down_revision = "datacenter_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of metering."""
    run_sql("datacenter", "datacenter_0007_metering.sql")


def downgrade() -> None:
    """What was metered is not thrown away: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
