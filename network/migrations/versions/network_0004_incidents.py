"""Incidents.

Revision ID: network_0004
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "network_0004"
down_revision = "network_0003"
branch_labels = None
depends_on = ("inventory_0003",)


def upgrade() -> None:
    """Create the tables."""
    run_sql("network", "network_0004.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
