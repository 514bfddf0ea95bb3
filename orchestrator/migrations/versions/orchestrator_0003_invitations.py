"""Mails of invitations.

Revision ID: orchestrator_0003
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "orchestrator_0003"
down_revision = "orchestrator_0002"
branch_labels = None
depends_on = ("core_0003",)


def upgrade() -> None:
    """Let a mail go to who has no account yet."""
    run_sql("orchestrator", "orchestrator_0003.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
