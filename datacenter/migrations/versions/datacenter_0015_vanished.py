"""What vanished blocks neither a name nor a quota.

Revision ID: datacenter_0015
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0015"
down_revision = "datacenter_0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Names, addresses and quotas of what stands alone."""
    run_sql("datacenter", "datacenter_0015_vanished.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
