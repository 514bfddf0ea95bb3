"""Internet access as a service.

Revision ID: network_0006
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "network_0006"
down_revision = "network_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Alter the tables."""
    run_sql("network", "network_0006.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
