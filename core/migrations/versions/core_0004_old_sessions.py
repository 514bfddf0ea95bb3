"""Old sessions are forgotten.

Revision ID: core_0004
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "core_0004"
down_revision = "core_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the API forget sessions."""
    run_sql("core", "core_0004.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
