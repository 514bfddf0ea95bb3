"""A server shows its floating addresses as our rows have them.

Revision ID: datacenter_0014
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "datacenter_0014"
down_revision = "datacenter_0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let an address that moves touch its servers."""
    run_sql("datacenter", "datacenter_0014_addresses_of_servers.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
