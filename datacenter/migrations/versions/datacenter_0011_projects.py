"""A project that was not granted leaves its code.

Revision ID: datacenter_0011
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0011"
down_revision = "datacenter_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the code go."""
    run_sql("datacenter", "datacenter_0011_projects.sql")


def downgrade() -> None:
    """There is nothing to go back to: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
