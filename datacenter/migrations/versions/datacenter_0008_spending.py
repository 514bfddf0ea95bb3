"""A limit that an administration sets itself for what a month may come to.

Revision ID: datacenter_0008
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0008"
down_revision = "datacenter_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of limits."""
    run_sql("datacenter", "datacenter_0008_spending.sql")


def downgrade() -> None:
    """A limit that was set is not forgotten: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
