"""A zone says whether the cloud has it.

Revision ID: datacenter_0005
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0005"
down_revision = "datacenter_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    run_sql("datacenter", "datacenter_0005_zones.sql")


def downgrade() -> None:
    """A zone that the cloud has not would take servers again."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
