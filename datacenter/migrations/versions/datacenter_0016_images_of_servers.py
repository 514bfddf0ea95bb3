"""Images made of servers count as snapshots.

Revision ID: datacenter_0016
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0016"
down_revision = "datacenter_0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table of them, and a rule of the quota."""
    run_sql("datacenter", "datacenter_0016_images_of_servers.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
