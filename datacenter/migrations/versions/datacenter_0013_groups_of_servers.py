"""A server says which security groups its ports have.

Revision ID: datacenter_0013
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0013"
down_revision = "datacenter_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column for what Nova tells of its ports."""
    run_sql("datacenter", "datacenter_0013_groups_of_servers.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
