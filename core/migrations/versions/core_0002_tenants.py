"""The list of tenants under row-level security.

Revision ID: core_0002
"""

from __future__ import annotations

from core.migrations import run_sql

revision = "core_0002"
down_revision = "core_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let every tenant read the list, and only the region write it."""
    run_sql("core", "core_0002.sql")


def downgrade() -> None:
    """There is no way back: restore a backup instead."""
    raise RuntimeError("This revision cannot be taken back; restore a backup instead.")
