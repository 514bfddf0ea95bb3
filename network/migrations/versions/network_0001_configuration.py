"""Configuration versions, overlays and observations of devices.

Revision ID: network_0001
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "network_0001"
down_revision = None
branch_labels = ("network",)
depends_on = ("inventory_0001",)


def upgrade() -> None:
    """Create the tables of ``network``."""
    run_sql("network", "network_0001.sql")


def downgrade() -> None:
    """There is no way back below the first revision: restore a backup instead."""
    raise RuntimeError("The first revision cannot be taken back; restore a backup instead.")
