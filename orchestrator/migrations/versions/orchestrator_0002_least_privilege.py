"""Serving roles touch only what their work needs.

Revision ID: orchestrator_0002
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "orchestrator_0002"
down_revision = "orchestrator_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Narrow the privileges of the serving roles."""
    run_sql("orchestrator", "orchestrator_0002.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
