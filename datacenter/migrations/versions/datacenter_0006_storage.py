"""Volumes, snapshots, schedules, security groups, floating addresses, SSH keys.

Revision ID: datacenter_0006
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0006"
down_revision = "datacenter_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of storage and access."""
    run_sql("datacenter", "datacenter_0006_storage.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
