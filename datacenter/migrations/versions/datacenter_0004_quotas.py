"""Quotas say everything that is short, how much would be enough, and warn before they are full.

Revision ID: datacenter_0004
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0004"
down_revision = "datacenter_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the counting, add the warning."""
    run_sql("datacenter", "datacenter_0004_quotas.sql")


def downgrade() -> None:
    """What counted before counted the same, and said less."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
