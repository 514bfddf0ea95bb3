"""What each figure of the region was, day by day.

Revision ID: orchestrator_0004
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "orchestrator_0004"
down_revision = "orchestrator_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep a value of each figure a day."""
    run_sql("orchestrator", "orchestrator_0004.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
