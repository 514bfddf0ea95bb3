"""What was done about the end of a lease.

Revision ID: datacenter_0010
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0010"
down_revision = "datacenter_0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    run_sql("datacenter", "datacenter_0010_leases.sql")


def downgrade() -> None:
    """People would be warned again of what they were warned of."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
