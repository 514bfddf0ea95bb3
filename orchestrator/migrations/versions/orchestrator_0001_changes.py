"""Changes, steps, approvals, locks, leases, windows, webhooks, notices.

Revision ID: orchestrator_0001
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "orchestrator_0001"
down_revision = None
branch_labels = ("orchestrator",)
depends_on = ("core_0001",)


def upgrade() -> None:
    """Create the tables of ``orchestrator``."""
    run_sql("orchestrator", "orchestrator_0001.sql")


def downgrade() -> None:
    """There is no way back below the first revision: restore a backup instead."""
    raise RuntimeError("The first revision cannot be taken back; restore a backup instead.")
