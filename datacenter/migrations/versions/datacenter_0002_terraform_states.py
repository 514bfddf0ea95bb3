"""Terraform states: names, locks and sealed versions.

Revision ID: datacenter_0002
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0002"
down_revision = "datacenter_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of the state backend."""
    run_sql("datacenter", "datacenter_0002.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
