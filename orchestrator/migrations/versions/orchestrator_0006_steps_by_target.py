"""Steps are found by what they ran on.

Revision ID: orchestrator_0006
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "orchestrator_0006"
down_revision = "orchestrator_0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index steps by their target."""
    run_sql("orchestrator", "orchestrator_0006.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
