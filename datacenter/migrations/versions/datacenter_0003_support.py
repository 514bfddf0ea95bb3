"""Support requests, and maintenance that is announced to whom it touches.

Revision ID: datacenter_0003
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0003"
down_revision = "datacenter_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of support."""
    run_sql("datacenter", "datacenter_0003_support.sql")


def downgrade() -> None:
    """A conversation that was had is not forgotten: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
