"""What a day of a figure is of, and its unit.

Revision ID: orchestrator_0005
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "orchestrator_0005"
down_revision = "orchestrator_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let a day of a figure say what it is of."""
    run_sql("orchestrator", "orchestrator_0005.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
